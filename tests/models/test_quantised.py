"""Weights in 4 and 8 bits: how far they are from the plain ones, and how many they are."""

import sys
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from chronolect.models.loading import load_model
from chronolect.models.quantised import load_quantised, num_weights


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model whose weights are large enough for its layers to matter."""
    torch.manual_seed(0)
    sizes = {"vocab_size": 64, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    config = LlamaConfig(**sizes, num_attention_heads=4, num_key_value_heads=2, initializer_range=0.1)
    folder = tmp_path_factory.mktemp("models") / "model"
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@torch.inference_mode()
def logits(model: torch.nn.Module) -> torch.Tensor:
    """What follows each of a few tokens."""
    return model.eval()(torch.arange(48).reshape(4, 12)).logits


@pytest.mark.parametrize(("bits", "error"), [(4, 0.3), (8, 0.05)])
def test_quantised_weights_compute_nearly_the_same(folder: Path, bits: int, error: float) -> None:
    expected = logits(load_model(folder))
    found = logits(load_quantised(folder, bits=bits, device="cpu"))  # type: ignore[arg-type]
    assert 1e-4 < (found - expected).norm() / expected.norm() < error


def test_evaluating_does_not_change_quantised_weights(folder: Path) -> None:
    model = load_quantised(folder, bits=4, device="cpu")
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    logits(model)
    assert all(torch.equal(weight, before[name]) for name, weight in model.named_parameters())


def test_a_missing_bitsandbytes_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "bitsandbytes", None)
    with pytest.raises(ModuleNotFoundError) as caught:
        load_quantised(folder, bits=4, device="cpu")
    assert caught.value.name == "bitsandbytes"


@pytest.mark.parametrize("bits", [4, 8])
def test_weights_are_counted_whatever_holds_them(folder: Path, bits: int) -> None:
    plain, quantised = load_model(folder), load_quantised(folder, bits=bits, device="cpu")  # type: ignore[arg-type]
    assert {name: num_weights(weight) for name, weight in quantised.named_parameters()} == {
        name: weight.numel() for name, weight in plain.named_parameters()
    }
