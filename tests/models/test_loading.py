"""Loading models: what is wrong is said in one line."""

from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from chronolect.errors import UserError
from chronolect.models.loading import load_model, load_tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A saved model of a few weights."""
    sizes = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    LlamaForCausalLM(LlamaConfig(**sizes, num_attention_heads=2, num_key_value_heads=2)).save_pretrained(
        tmp_path / "model"
    )
    return tmp_path / "model"


def test_dtype_is_as_asked(folder: Path) -> None:
    assert load_model(folder).dtype == torch.float32
    assert load_model(str(folder), dtype="bfloat16").dtype == torch.bfloat16


def test_missing_and_broken_models_are_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nothing: no such folder"):
        load_model(tmp_path / "nothing")
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"not a model folder \(no config.json"):
        load_model(tmp_path / "empty")
    (tmp_path / "empty" / "adapter_config.json").write_text("{}")
    with pytest.raises(UserError, match="empty: an adapter, not a model; fold it into its model"):
        load_model(tmp_path / "empty")
    weights = folder / "model.safetensors"
    data = weights.read_bytes()
    weights.write_bytes(data[:-10])
    with pytest.raises(UserError, match=r"model\.safetensors: truncated or not a safetensors file"):
        load_model(folder)
    weights.unlink()
    (folder / "pytorch_model.bin").write_bytes(b"never read")
    with pytest.raises(UserError, match=r"model\.safetensors: no such file"):
        load_model(folder)
    weights.write_bytes(data)
    (folder / "config.json").write_text("{}")
    with pytest.raises(UserError, match="no model_type"):
        load_model(folder)


def test_missing_tokenizer_is_named(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such folder"):
        load_tokenizer(tmp_path / "nothing")
    with pytest.raises(UserError, match="not a tokenizer folder"):
        load_tokenizer(folder)
