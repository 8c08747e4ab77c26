"""Folding adapters into their base."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from chronolect.artifacts import digest, read_json, write_json
from chronolect.errors import UserError
from chronolect.export.gguf import export_gguf
from chronolect.export.merge import export_merge
from chronolect.training.config import TrainingConfig
from chronolect.training.sft import train_sft


def add_adapter(base: Path, folder: Path, **options: object) -> Path:
    """A LoRA adapter with random weights, saved as a run does it."""
    torch.manual_seed(1)
    config = LoraConfig(r=4, lora_alpha=8, target_modules="all-linear", task_type="CAUSAL_LM", **options)  # type: ignore[arg-type]
    model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.normal_(std=0.05)
    model.save_pretrained(folder)
    return folder


@pytest.fixture
def base(make_model: Callable[..., Path]) -> Path:
    return make_model()


@pytest.fixture
def adapter(base: Path, tmp_path: Path) -> Path:
    return add_adapter(base, tmp_path / "run" / "final")


def test_the_merged_model_computes_what_base_and_adapter_do(base: Path, adapter: Path, tmp_path: Path) -> None:
    counts = export_merge(adapter, out=tmp_path / "merged")
    assert counts["modules"] == 14
    assert counts["dtype"] == "float32"
    assert counts["relative_logit_error"] < 1e-5
    assert counts["top_tokens"]["equal"] == counts["top_tokens"]["n"] > 300
    ids = torch.tensor([[0, 20, 30, 40, 50]])
    adapted = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), str(adapter)).eval()
    merged = AutoModelForCausalLM.from_pretrained(tmp_path / "merged").eval()
    plain = AutoModelForCausalLM.from_pretrained(base).eval()
    with torch.inference_mode():
        wanted = adapted(input_ids=ids).logits
        assert torch.allclose(merged(ids).logits, wanted, atol=1e-4)
        assert not torch.allclose(plain(ids).logits, wanted, atol=1e-2)
    assert read_json(tmp_path / "merged" / "manifest.json")["counts"]["modules"] == 14


def test_a_merged_model_can_be_exported(adapter: Path, tmp_path: Path) -> None:
    export_merge(adapter, out=tmp_path / "merged")
    files = export_gguf(tmp_path / "merged", out=tmp_path / "gguf", quant=["f16"])["files"]
    assert files["f16"]["comparison"]["token_ids"]["equal"] == 1000
    assert files["f16"]["comparison"]["relative_logit_error"] < 2e-3


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_types_and_their_tolerance(dtype: str, adapter: Path, tmp_path: Path) -> None:
    counts = export_merge(adapter, out=tmp_path / "merged", dtype=dtype)  # type: ignore[arg-type]
    assert counts["dtype"] == dtype
    assert 1e-5 < counts["relative_logit_error"] < counts["tolerance"]
    stored = AutoModelForCausalLM.from_pretrained(tmp_path / "merged", dtype="auto")
    assert stored.dtype == getattr(torch, dtype)


def test_logits_that_differ_too_much_leave_nothing_behind(adapter: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="more than the tolerance 1e-09"):
        export_merge(adapter, out=tmp_path / "merged", dtype="bfloat16", tolerance=1e-9)
    assert not (tmp_path / "merged").exists()


def test_the_adapters_own_tokenizer_and_template_are_kept(base: Path, adapter: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = "{{ 'mine' }}"
    tokenizer.save_pretrained(adapter)
    export_merge(adapter, out=tmp_path / "merged")
    assert AutoTokenizer.from_pretrained(tmp_path / "merged").chat_template == "{{ 'mine' }}"
    for file in (*adapter.glob("tokenizer*"), *adapter.glob("chat_template*")):
        file.unlink()
    export_merge(adapter, out=tmp_path / "merged")
    assert "<|im_start|>" in str(AutoTokenizer.from_pretrained(tmp_path / "merged").chat_template)


def test_new_tokens_of_the_adapter_get_rows(base: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.add_special_tokens({"additional_special_tokens": ["<time>", "</time>"]})
    larger = AutoModelForCausalLM.from_pretrained(base)
    larger.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    config = LoraConfig(r=4, target_modules=["q_proj"], modules_to_save=["embed_tokens"], task_type="CAUSAL_LM")
    model = get_peft_model(larger, config)
    model.peft_config["default"].base_model_name_or_path = str(base)
    model.save_pretrained(tmp_path / "adapter")
    tokenizer.save_pretrained(tmp_path / "adapter")
    export_merge(tmp_path / "adapter", out=tmp_path / "merged")
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "merged").config.vocab_size == len(tokenizer)


def test_a_base_that_moved_can_be_given(base: Path, adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    moved = base.rename(tmp_path / "elsewhere" / base.name)
    with pytest.raises(UserError, match="is not there; say where it is with --base"):
        export_merge(adapter, out=tmp_path / "merged")
    export_merge(adapter, base=moved, out=tmp_path / "merged")
    other = moved.rename(tmp_path / "elsewhere" / "other")
    with pytest.raises(UserError, match=r"made for the base model .*, not .*other; if that is the same model"):
        export_merge(adapter, base=other, out=tmp_path / "merged")


def test_another_base_is_refused(
    base: Path, adapter: Path, wide_llama: Path, make_model: Callable[..., Path], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="is another model than the one"):
        export_merge(adapter, base=wide_llama, out=tmp_path / "merged")
    config = read_json(adapter / "adapter_config.json")
    for wrong, message in (
        (wide_llama, r"is (256|512) wide .*the adapter (64|128)"),
        (make_model("qwen2", num_hidden_layers=1), r"which has no layer model\.layers\.1"),
        (make_model("qwen3", num_hidden_layers=3), "it adapts 2 blocks, the model has 3"),
    ):
        write_json(adapter / "adapter_config.json", config | {"base_model_name_or_path": str(wrong)})
        with pytest.raises(UserError, match=f"made for another base model than .*{message}"):
            export_merge(adapter, out=tmp_path / "merged")
    assert not (tmp_path / "merged").exists()


def test_a_base_trained_further_since_is_refused(base: Path, adapter: Path, tmp_path: Path) -> None:
    """The manifest of the run that made the adapter knows the content of its base."""
    write_json(adapter.parent / "manifest.json", {"inputs": {str(base): digest(base)}})
    export_merge(adapter, out=tmp_path / "merged")
    model = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        model.model.norm.weight.mul_(1.5)
    model.save_pretrained(base)
    with pytest.raises(UserError, match=r"has changed since the adapter .* was trained on"):
        export_merge(adapter, out=tmp_path / "merged")


def test_bad_adapters_are_named(base: Path, adapter: Path, tmp_path: Path) -> None:
    for folder, message in ((tmp_path / "absent", "no such folder"), (base, "not an adapter folder")):
        with pytest.raises(UserError, match=message):
            export_merge(folder, out=tmp_path / "merged")
    weights = adapter / "adapter_model.safetensors"
    shutil.copy(weights, tmp_path / "kept")
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"adapter_model\.safetensors: truncated"):
        export_merge(adapter, out=tmp_path / "merged")
    weights.unlink()
    with pytest.raises(UserError, match=r"adapter_model\.safetensors: no such file"):
        export_merge(adapter, out=tmp_path / "merged")
    shutil.copy(tmp_path / "kept", weights)
    config = read_json(adapter / "adapter_config.json")
    write_json(adapter / "adapter_config.json", config | {"peft_type": "IA3"})
    with pytest.raises(UserError, match="peft_type IA3"):
        export_merge(adapter, out=tmp_path / "merged")
    write_json(adapter / "adapter_config.json", config | {"base_model_name_or_path": None})
    with pytest.raises(UserError, match="names no base model; give one with --base"):
        export_merge(adapter, out=tmp_path / "merged")


@pytest.mark.parametrize("kind", ["llama", "qwen2"])
@pytest.mark.parametrize("bits", [4, 8])
def test_an_adapter_trained_on_quantised_weights_goes_into_the_full_ones(
    make_model: Callable[..., Path],
    tmp_path: Path,
    kind: str,
    bits: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    base = make_model(kind)
    AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16).save_pretrained(base)
    turns = [{"role": "user", "content": "What is 2 + 2?"}, {"role": "assistant", "content": "The answer is four."}]
    (tmp_path / "talks.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    limits: dict[str, Any] = {"seq_len": 64, "batch_size": 1, "max_steps": 30, "lr": 1e-2}
    config = TrainingConfig(**limits, lora_r=8, use_4bit=bits == 4, use_8bit=bits == 8, device="cpu")
    train_sft(tmp_path / "talks.jsonl", model=str(base), out=tmp_path / "run", config=config)
    counts = export_merge(tmp_path / "run" / "final", out=tmp_path / "merged", verify=True)
    assert counts["dtype"] == "bfloat16"
    assert counts["relative_logit_error"] < counts["tolerance"] == 0.05
    assert counts["trained_on"]["bits"] == bits
    assert counts["relative_logit_error"] / 3 < counts["trained_on"]["relative_logit_error"]
    assert counts["trained_on"]["relative_logit_error"] < counts["trained_on"]["tolerance"]
    assert counts["sample"] == {"prompt": "What is 2 + 2?", "answer": "The answer is four."}
    said = capsys.readouterr().err
    assert "merged against base and adapter (tolerance 0.05): relative logit error" in said
    assert f"merged against the {bits}-bit base and adapter" in said
    assert "sample: 'What is 2 + 2?' -> 'The answer is four.'" in said
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    assert "trained_on" not in export_merge(tmp_path / "run" / "final", out=tmp_path / "elsewhere")
    assert f"not compared with the {bits}-bit base" in capsys.readouterr().err


def test_a_quantised_base_is_refused(base: Path, adapter: Path, tmp_path: Path) -> None:
    config = read_json(base / "config.json")
    write_json(base / "config.json", config | {"quantization_config": {"quant_method": "bitsandbytes"}})
    with pytest.raises(UserError, match=r"quantised \(bitsandbytes\); give the model it was made from"):
        export_merge(adapter, out=tmp_path / "merged")


def test_a_base_can_be_given_by_its_hub_name(adapter: Path, tmp_path: Path) -> None:
    config = read_json(adapter / "adapter_config.json")
    write_json(adapter / "adapter_config.json", config | {"base_model_name_or_path": "owner/small"})
    with pytest.raises(UserError, match="made for the base model owner/small, not owner/large"):
        export_merge(adapter, base="owner/large", out=tmp_path / "merged")


def test_a_model_without_template_is_sampled_by_continuing(base: Path, adapter: Path, tmp_path: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(base)
    tokenizer.chat_template = None
    tokenizer.save_pretrained(adapter)
    sample = export_merge(adapter, out=tmp_path / "merged", verify=True)["sample"]
    assert sample["prompt"] == "Two and two make"
