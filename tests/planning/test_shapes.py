import json
from pathlib import Path

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

from chronolect.errors import UserError
from chronolect.models.presets import PRESETS
from chronolect.planning.devices import find_device
from chronolect.planning.memory import Step
from chronolect.planning.shapes import ModelShape, find_shape, known_models
from chronolect.training.config import TrainingConfig

KNOWN = known_models()


def hf_config(shape: ModelShape):
    sizes = {
        "vocab_size": shape.vocab,
        "hidden_size": shape.hidden,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "intermediate_size": shape.intermediate,
        "max_position_embeddings": shape.context,
        "tie_word_embeddings": shape.tied,
        "bos_token_id": 0,
        "eos_token_id": 0,
        "pad_token_id": 0,
    }
    return AutoConfig.for_model(shape.family, **sizes)


def on_meta(shape: ModelShape):
    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(hf_config(shape))


@pytest.mark.parametrize("name", KNOWN)
def test_weights_are_those_the_publisher_states(name: str) -> None:
    assert KNOWN[name].num_parameters == KNOWN[name].published


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2", "qwen3", "phi3", "gemma2"])
def test_parts_are_those_of_the_model_class(family: str) -> None:
    shape = ModelShape(
        name="x", family=family, layers=3, hidden=96, heads=6, kv_heads=2, head_dim=16, intermediate=160, vocab=128,
        context=64, tied=family != "phi3",
    )  # fmt: skip
    sizes = {name: weights.numel() for name, weights in on_meta(shape).named_parameters()}

    def of(*words: str) -> int:
        return sum(size for name, size in sizes.items() if any(word in name for word in words))

    assert shape.parameters() == {
        "embedding": of("embed_tokens"),
        "attention": sum(size for name, size in sizes.items() if "self_attn" in name and "norm" not in name),
        "mlp": of(".mlp."),
        "norms": of("norm"),
        "output": of("lm_head"),
    }
    assert shape.num_parameters == sum(sizes.values())


@pytest.mark.parametrize("preset", PRESETS)
def test_presets(preset: str) -> None:
    shape = find_shape(preset, vocab_size=1000)
    without = PRESETS[preset].parameters_without_embeddings
    assert shape.num_parameters == without + 1000 * shape.hidden * (1 if shape.tied else 2)


@pytest.mark.parametrize(("family", "targets"), [("llama", ["all-linear"]), ("llama", ["q_proj", "v_proj"]), ("phi3", ["all-linear"])])  # fmt: skip
def test_adapters_are_counted_as_peft_makes_them(family: str, targets: list[str]) -> None:
    shape = ModelShape(
        name="x", family=family, layers=2, hidden=96, heads=6, kv_heads=2, head_dim=16, intermediate=160, vocab=128,
        context=64, tied=False,
    )  # fmt: skip
    config = TrainingConfig(lora_r=4, lora_targets=targets)
    named = "all-linear" if targets == ["all-linear"] else targets
    adapted = get_peft_model(on_meta(shape), LoraConfig(r=4, target_modules=named, task_type="CAUSAL_LM"))
    trained = sum(weights.numel() for weights in adapted.parameters() if weights.requires_grad)
    assert Step(shape=shape, config=config, device=find_device("h200")).num_trained == trained


@pytest.mark.parametrize(("size", "weights"), [("4B", 66_060_288), ("8B", 87_293_952), ("14B", 128_450_560), ("32B", 268_435_456)])  # fmt: skip
def test_adapters_of_rank_32_are_those_that_time_trained(size: str, weights: int) -> None:
    step = Step(shape=find_shape(f"Qwen3-{size}"), config=TrainingConfig(lora_r=32), device=find_device("h200"))
    assert step.num_trained == weights
    if size == "4B":
        assert step.num_trained + step.shape.num_parameters == 4_088_528_384  # as its notebook prints


def test_a_model_folder(model_folder: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(model_folder)
    shape = find_shape(str(model_folder))
    assert shape.num_parameters == sum(weights.numel() for weights in model.parameters())
    assert shape.context == 32


def test_a_name_without_its_owner() -> None:
    assert find_shape("Qwen2.5-1.5B-Instruct") == find_shape("Qwen/Qwen2.5-1.5B-Instruct")


def test_bad_names_and_folders(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'did you mean "30m"'):
        find_shape("30mm")
    with pytest.raises(UserError, match=r"no config\.json"):
        find_shape(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt_neox"}))
    with pytest.raises(UserError, match="gpt_neox"):
        find_shape(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama", "num_attention_heads": 2}))
    with pytest.raises(UserError, match="num_hidden_layers"):
        find_shape(str(tmp_path))
    with pytest.raises(UserError, match="vocab-size"):
        find_shape("SmolLM2-360M", vocab_size=10)
