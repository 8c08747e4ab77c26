"""Fine-tuning from end to end, with all weights and with adapters."""

import json
from pathlib import Path
from typing import Any

import pytest
from transformers import AutoModelForCausalLM

from chronolect.errors import UserError
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


def test_bad_input_is_named(tmp_path: Path, corpus: Path, small: Any, talks: Path) -> None:
    with pytest.raises(UserError, match="no such file or folder"):
        train_sft(tmp_path / "none.jsonl", model=str(tmp_path), out=tmp_path / "run", config=config())
    with pytest.raises(UserError, match="not a tokenizer folder"):
        train_sft(talks, model=str(tmp_path), out=tmp_path / "run", config=config())
    train_pretrain(corpus, out=tmp_path / "base", **small(max_steps=1, sample_every=0, eval_every=0))
    model = str(tmp_path / "base/final")
    with pytest.raises(UserError, match="--lora-targets nowhere"):
        train_sft(talks, model=model, out=tmp_path / "run", config=config(lora_r=2, lora_targets=["nowhere"]))
