"""Weights as GGUF: llama.cpp computes what transformers computes, for each shape and type."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf import GGUFReader
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from chronolect.artifacts import read_json, write_json
from chronolect.errors import UserError
from chronolect.export.gguf_vocabulary import read_vocabulary
from chronolect.export.gguf_weights import permute_rotary, read_source, write_gguf
from chronolect.models.gguf_file import GgufModel


def write(folder: Path, file: Path, file_type: str = "f32") -> Path:
    source = read_source(folder)
    vocabulary = read_vocabulary(folder, config=source.config)
    write_gguf(source, vocabulary, file, file_type=file_type, name="Tiny", licence="cc0-1.0")
    return file


def logit_error(folder: Path, file: Path) -> float:
    """Relative error of llama.cpp's logits over 40 tokens."""
    ids = [0, *np.random.default_rng(0).integers(4, 400, size=39).tolist()]
    original = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        wanted = original(torch.tensor([ids])).logits[0].numpy()
    found = GgufModel(file).logits(ids)
    return float(np.linalg.norm(found - wanted) / np.linalg.norm(wanted))


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("llama", {}),
        ("llama", {"tie_word_embeddings": False, "head_dim": 32}),
        ("llama", {"attention_bias": True, "mlp_bias": True, "num_key_value_heads": 4}),
        ("llama", {"rope_parameters": {"rope_type": "default", "rope_theta": 500.0}, "rms_norm_eps": 0.01}),
        ("qwen2", {}),
        ("qwen2", {"tie_word_embeddings": False, "num_key_value_heads": 1}),
        ("qwen3", {}),
        ("qwen3", {"head_dim": 32, "tie_word_embeddings": False}),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value) or "plain",
)
def test_llama_cpp_computes_the_same_logits(
    kind: str, changes: dict[str, Any], make_model: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_model(kind, **changes)
    assert logit_error(folder, write(folder, tmp_path / "model.gguf")) < 2e-3


@pytest.mark.parametrize(("file_type", "limit"), [("f16", 2e-3), ("bf16", 2e-2), ("q8_0", 3e-2)])
def test_types_cost_what_they_should(file_type: str, limit: float, llama: Path, tmp_path: Path) -> None:
    assert logit_error(llama, write(llama, tmp_path / "model.gguf", file_type)) < limit


def test_a_bfloat16_model_is_exact_in_bf16(llama: Path, make_model: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_model()
    AutoModelForCausalLM.from_pretrained(folder, dtype=torch.bfloat16).save_pretrained(folder)
    source = read_source(folder)
    assert source.dtype == "bf16"
    reader = GGUFReader(write(folder, tmp_path / "model.gguf", "bf16"))
    stored = {tensor.name: tensor for tensor in reader.tensors}["blk.0.ffn_up.weight"].data
    original = load_file(folder / "model.safetensors")["model.layers.0.mlp.up_proj.weight"]
    assert np.array_equal(stored.view(np.int16).reshape(128, 64), original.view(torch.int16).numpy())


def test_a_model_in_several_files_is_read(make_model: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_model()
    whole = write(folder, tmp_path / "whole.gguf").read_bytes()
    AutoModelForCausalLM.from_pretrained(folder).save_pretrained(folder, max_shard_size="60KB")
    (folder / "model.safetensors").unlink(missing_ok=True)
    assert len(list(folder.glob("*.safetensors"))) > 1
    parts = GGUFReader(write(folder, tmp_path / "parts.gguf"))
    assert {t.name: t.data.tobytes() for t in parts.tensors} == {
        t.name: t.data.tobytes() for t in GGUFReader(tmp_path / "whole.gguf").tensors
    }
    assert len(whole) == (tmp_path / "parts.gguf").stat().st_size


def test_metadata_is_there(llama: Path, tmp_path: Path) -> None:
    reader = GGUFReader(write(llama, tmp_path / "model.gguf", "f16"))
    values = {name: field.contents() for name, field in reader.fields.items()}
    assert values["general.name"] == "Tiny"
    assert values["general.license"] == "cc0-1.0"
    assert values["llama.context_length"] == 128
    assert values["llama.rope.dimension_count"] == 16
    assert values["tokenizer.ggml.model"] == "gpt2"
    assert "generation %}" not in values["tokenizer.chat_template"]


def test_permuting_pairs_each_number_with_its_partner() -> None:
    rows = np.arange(8.0)[:, None] * np.ones((1, 3))
    assert permute_rotary(rows, 2)[:, 0].tolist() == [0, 2, 1, 3, 4, 6, 5, 7]
    assert permute_rotary(rows[:, 0], 2).tolist() == [0, 2, 1, 3, 4, 6, 5, 7]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "gpt2"}, "no writer for model_type gpt2"),
        (
            {"rope_parameters": {"rope_type": "linear", "factor": 2.0, "rope_theta": 1e4}},
            "no writer for rope_type linear",
        ),
        ({"hidden_act": "gelu"}, "hidden_act gelu"),
        ({"num_hidden_layers": 1}, r'tensor "model\.layers\.1\..*" has no place'),
    ],
)
def test_what_cannot_be_written_points_to_the_other_way(
    change: dict[str, Any], message: str, make_model: Callable[..., Path]
) -> None:
    folder = make_model()
    write_json(folder / "config.json", read_json(folder / "config.json") | change)
    with pytest.raises(UserError, match=f"{message}.*--llama-cpp-path"):
        read_source(folder)


def test_sliding_windows_are_refused(make_model: Callable[..., Path]) -> None:
    folder = make_model("qwen2", use_sliding_window=True, sliding_window=16, max_window_layers=0)
    with pytest.raises(UserError, match="sliding-window"):
        read_source(folder)


def test_weights_that_f16_cannot_hold_are_named(make_model: Callable[..., Path], tmp_path: Path) -> None:
    folder = make_model()
    weights = load_file(folder / "model.safetensors")
    weights["model.layers.1.mlp.up_proj.weight"][0, 0] = 1e5
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r'"model\.layers\.1\.mlp\.up_proj\.weight" goes up to 1e\+05.*bf16'):
        write(folder, tmp_path / "model.gguf", "f16")
    weights["model.layers.1.mlp.up_proj.weight"][0, 0] = float("nan")
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match="not finite"):
        write(folder, tmp_path / "model.gguf", "bf16")


def test_an_adapter_is_to_be_merged_first(tmp_path: Path) -> None:
    write_json(tmp_path / "adapter_config.json", {})
    with pytest.raises(UserError, match="chronolect export merge"):
        read_source(tmp_path)
