"""Fine-tuning from end to end, with all weights and with adapters."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.export.gguf import export_gguf
from chronolect.export.merge import export_merge
from chronolect.models.chat_template import ALPACA, stored_digest, template_digest
from chronolect.models.gguf_file import GgufModel
from chronolect.models.hf import HfModel
from chronolect.models.loading import load_tokenizer
from chronolect.training.config import TrainingConfig
from chronolect.training.pretrain import train_pretrain
from chronolect.training.sft import train_sft


@pytest.fixture
def talks(tmp_path: Path) -> Path:
    """A few conversations."""
    path = tmp_path / "talks.jsonl"
    lines = [
        {"messages": [{"role": "user", "content": f"Race {n}?"}, {"role": "assistant", "content": "Cleo."}]}
        for n in range(20)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def config(**changes: Any) -> TrainingConfig:
    """Settings of a small run."""
    return TrainingConfig(**{"seq_len": 48, "batch_size": 4, "epochs": 4, "lr": 5e-3, "device": "cpu", **changes})


@pytest.mark.parametrize("lora_r", [0, 4])
def test_fine_tuning_learns_the_answers(tmp_path: Path, corpus: Path, small: Any, talks: Path, lora_r: int) -> None:
    train_pretrain(corpus, out=tmp_path / "base", **small(sample_every=0, eval_every=0))
    base = str(tmp_path / "base/final")
    result = train_sft(talks, model=base, out=tmp_path / "run", val=talks, config=config(lora_r=lora_r, log_every=1))
    records = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    losses = [record["loss"] for record in records if record["kind"] == "train"]
    assert losses[-1] < 0.97 * losses[0]
    assert (result["conversations"], result["truncated"], result["dropped"]) == (20, 0, 0)
    assert result["eval"]["val"]["bits_per_byte"] is None
    AutoModelForCausalLM.from_pretrained(tmp_path / "run/final")
    assert (tmp_path / "run/final/adapter_model.safetensors").is_file() == bool(lora_r)


def test_the_template_goes_with_the_model(tmp_path: Path, corpus: Path, small: Any, talks: Path) -> None:
    train_pretrain(corpus, out=tmp_path / "base", **small(seq_len=64, max_steps=1, sample_every=0, eval_every=0))
    settings = config(max_steps=2, lora_r=2)
    train_sft(talks, model=str(tmp_path / "base/final"), out=tmp_path / "run", chat_template="alpaca", config=settings)
    digest = template_digest(ALPACA)
    assert read_json(tmp_path / "run/config.json")["config"]["chat_template_digest"] == digest
    assert read_json(tmp_path / "run/manifest.json")["config"]["chat_template_digest"] == digest
    assert (tmp_path / "run/final/chat_template.jinja").read_text() == ALPACA
    export_merge(tmp_path / "run/final", out=tmp_path / "merged")
    models = [HfModel(folder, device="cpu") for folder in (tmp_path / "run/final", tmp_path / "merged")]
    for model, folder in zip(models, ("run/final", "merged"), strict=True):
        assert stored_digest(load_tokenizer(tmp_path / folder)) == model.template_digest == digest
    question = [[{"role": "user", "content": "1?"}]]
    assert models[0].reply(question, max_tokens=4) == models[1].reply(question, max_tokens=4)
    export_gguf(tmp_path / "merged", out=tmp_path / "gguf", quant=["q8_0"], verify=False)
    file = GgufModel(tmp_path / "gguf/model-q8_0.gguf", threads=1)
    assert file._stored_digest == file.template_digest == digest


def test_bad_input_is_named(tmp_path: Path, corpus: Path, small: Any, talks: Path) -> None:
    with pytest.raises(UserError, match="not a tokenizer folder"):
        train_sft(talks, model=str(tmp_path), out=tmp_path / "run", config=config())
    train_pretrain(corpus, out=tmp_path / "base", **small(max_steps=1, sample_every=0, eval_every=0))
    model = str(tmp_path / "base/final")
    with pytest.raises(UserError, match="no such file or folder"):
        train_sft(tmp_path / "none.jsonl", model=model, out=tmp_path / "run", config=config())
    with pytest.raises(UserError, match=r"chatmel: no such file, and not one of.*did you mean \"chatml\""):
        train_sft(talks, model=model, out=tmp_path / "run", chat_template="chatmel", config=config())
    with pytest.raises(UserError, match="no conversation with anything to learn"):
        train_sft(talks, model=model, out=tmp_path / "short", config=config(seq_len=4))
    larger = load_tokenizer(model)
    larger.add_tokens(["<|more|>"])
    larger.save_pretrained(tmp_path / "larger")
    with pytest.raises(UserError, match="its vocabulary is smaller than the tokenizer's 321 tokens"):
        train_sft(talks, model=model, out=tmp_path / "wide", tokenizer=tmp_path / "larger", config=config())
    with pytest.raises(UserError, match="--lora-targets nowhere"):
        train_sft(talks, model=model, out=tmp_path / "run", config=config(lora_r=2, lora_targets=["nowhere"]))
