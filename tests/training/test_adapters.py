"""LoRA and QLoRA: what is held in 4 or 8 bits, what is trained, and that a run with it goes on where it stopped."""

import json
import shutil
from pathlib import Path
from typing import Any

import bitsandbytes
import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from chronolect.errors import UserError
from chronolect.training.adapters import load_for_training
from chronolect.training.config import TrainingConfig
from chronolect.training.metrics import flops_per_token
from chronolect.training.sft import train_sft


@pytest.fixture(scope="session", params=["llama", "qwen2"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, tokenizer_folder: Path) -> Path:
    """A tiny random model of the kind, with the small tokenizer; Qwen2's has biases, and shares its output layer."""
    folder = tmp_path_factory.mktemp("base") / request.param
    tokenizer = PreTrainedTokenizerFast.from_pretrained(tokenizer_folder)
    shape = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "max_position_embeddings": 64}
    tied = {"vocab_size": len(tokenizer), "tie_word_embeddings": request.param == "qwen2"}
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(request.param, **shape, **heads, **tied))
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def held_out(talks: Path) -> Path:
    """The same ones, to validate on."""
    return Path(shutil.copy(talks, talks.with_name("held-out.jsonl")))


@pytest.fixture(scope="session")
def talks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few conversations."""
    path = tmp_path_factory.mktemp("talks") / "talks.jsonl"
    lines = [
        {"messages": [{"role": "user", "content": f"Race {n}?"}, {"role": "assistant", "content": "Cleo."}]}
        for n in range(16)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def config(**changes: Any) -> TrainingConfig:
    """Settings of a small run on adapters."""
    small = {"seq_len": 32, "batch_size": 4, "max_steps": 16, "lr": 1e-2, "lora_r": 4, "log_every": 1, "device": "cpu"}
    return TrainingConfig(**{**small, **changes})


def losses(run: Path) -> list[float]:
    """The training losses of a run."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [record["loss"] for record in records if record["kind"] == "train"]


@pytest.mark.parametrize("bits", [4, 8])
def test_linear_layers_are_quantised_and_frozen_and_nothing_else(base: Path, bits: int) -> None:
    layer = bitsandbytes.nn.Linear4bit if bits == 4 else bitsandbytes.nn.Linear8bitLt
    model: Any = load_for_training(
        base, config(use_4bit=bits == 4, use_8bit=bits == 8, dtype="bfloat16"), checkpoint=None
    )
    plain = model.get_base_model()
    quantised = [module for module in plain.modules() if type(module) is layer]
    assert len(quantised) == 14
    if bits == 4:
        states = [module.weight.quant_state for module in quantised]
        assert all(state.quant_type == "nf4" and state.nested for state in states)
        assert {module.compute_dtype for module in quantised} == {torch.bfloat16}
    assert type(plain.get_output_embeddings()) is torch.nn.Linear
    assert plain.get_output_embeddings().weight.dtype == torch.float32
    assert plain.get_input_embeddings().weight.dtype == torch.float32
    unquantised: Any = load_for_training(base, config(), checkpoint=None)
    assert flops_per_token(plain, 32) == flops_per_token(unquantised.get_base_model(), 32)
    trained = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    assert len(trained) == 2 * 14
    assert all("lora_" in name and weight.dtype == torch.float32 for name, weight in trained.items())


@pytest.mark.parametrize("changes", [{"use_4bit": True}, {"use_8bit": True}], ids=["4bit", "8bit"])
def test_the_loss_falls_on_quantised_weights(
    base: Path, talks: Path, held_out: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """Validations in between must not end the learning, as bitsandbytes' repacking of weights for evaluation would."""
    settings = config(**changes, eval_every=1, gradient_checkpointing=True)
    train_sft(talks, model=str(base), out=tmp_path / "run", val=held_out, config=settings)
    plain = tmp_path / "plain"
    train_sft(talks, model=str(base), out=plain, config=config())
    found, expected = losses(tmp_path / "run"), losses(plain)
    assert found[-1] < 0.85 * found[0]
    assert sum(found) == pytest.approx(sum(expected), rel=0.05)
    assert sorted(path.name for path in (tmp_path / "run/final").iterdir() if "adapter" in path.name) == [
        "adapter_config.json",
        "adapter_model.safetensors",
    ]


@pytest.mark.parametrize("changes", [{"use_4bit": True}, {"use_8bit": True}], ids=["4bit", "8bit"])
def test_a_run_on_quantised_weights_goes_on_where_it_stopped(
    base: Path, talks: Path, held_out: Path, tmp_path: Path, changes: dict[str, Any]
) -> None:
    settings = {**changes, "max_steps": 5, "save_every": 3, "eval_every": 2, "lora_dropout": 0.1}
    whole = tmp_path / "whole"
    train_sft(talks, model=str(base), out=whole, val=held_out, config=config(**settings))
    stopped = shutil.copytree(whole, tmp_path / "stopped")
    shutil.rmtree(stopped / "final")
    for file in ("manifest.json", "train_results.json", "eval_results.json"):
        (stopped / file).unlink()
    train_sft(talks, model=str(base), out=stopped, val=held_out, config=config(**settings, resume_latest=True))
    assert losses(stopped) == losses(whole)
    adapter = "final/adapter_model.safetensors"
    assert (stopped / adapter).read_bytes() == (whole / adapter).read_bytes()


def test_quantised_weights_are_not_trained(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base, tmp_path / "model")
    stored = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(stored | {"quantization_config": {"quant_method": "fp8"}}))
    for settings in (config(use_4bit=True), config(), config(lora_r=0)):
        with pytest.raises(UserError, match=r"quantised already \(fp8\); give the model it was made from"):
            load_for_training(folder, settings, checkpoint=None)
