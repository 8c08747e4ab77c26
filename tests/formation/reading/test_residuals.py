"""The residual stream read and replaced."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM

from chronolect.errors import UserError
from chronolect.formation.reading.residuals import capture, check_layers, decoder_blocks, read_residuals, replace
from chronolect.models.loading import load_model

IDS = torch.arange(24).reshape(2, 12)


@pytest.fixture(scope="module")
def models(model_folder: Path) -> dict[str, Any]:
    """A Llama, a GPT-2 and a GPT-NeoX (Pythia), of two blocks each."""
    torch.manual_seed(0)
    gpt2 = GPT2Config(vocab_size=64, n_positions=32, n_embd=32, n_layer=2, n_head=2)
    neox = GPTNeoXConfig(
        vocab_size=64, hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64
    )
    found = {"llama": load_model(model_folder), "gpt2": GPT2LMHeadModel(gpt2), "neox": GPTNeoXForCausalLM(neox)}
    return {name: model.eval() for name, model in found.items()}


@pytest.mark.parametrize("name", ["llama", "gpt2", "neox"])
def test_what_is_read_is_the_stream_after_the_blocks(models: dict[str, Any], name: str) -> None:
    model = models[name]
    with torch.no_grad():
        # the last of hidden_states has gone through the final norm, so that of the last block is read by a hook of its own
        expected = model(IDS, output_hidden_states=True).hidden_states[1]
    with capture(model, [0, 1]) as captured:
        logits = model(IDS).logits
    assert torch.equal(captured[0], expected)
    assert captured.stacked().shape == (2, 12, 2, 32)
    found = read_residuals(model, [1, 0], IDS)
    assert torch.equal(found, captured.stacked().flip(2))
    with torch.no_grad():
        assert torch.equal(model(IDS).logits, logits)  # no hook was left behind


def test_reading_stops_behind_the_last_block_needed(models: dict[str, Any]) -> None:
    model, run = models["llama"], []
    handles = [
        block.register_forward_hook(lambda *_, place=place: run.append(place))
        for place, block in enumerate(decoder_blocks(model))
    ]
    read_residuals(model, [0], IDS)
    for handle in handles:
        handle.remove()
    assert run == [0]


def test_a_replaced_stream_is_what_the_next_block_reads(models: dict[str, Any]) -> None:
    for model in models.values():
        with torch.no_grad():
            plain = model(IDS).logits
            with replace(model, 0, lambda hidden: hidden):
                assert torch.equal(model(IDS).logits, plain)
            with replace(model, 0, lambda hidden: hidden.flip(-1)):
                assert not torch.allclose(model(IDS).logits, plain, atol=1e-3)


def test_a_layer_that_is_not_there_and_an_unknown_architecture_are_refused(models: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="layer 2: this model has blocks 0 to 1"):
        check_layers(models["llama"], [0, 2])
    with pytest.raises(UserError, match="Linear: its decoder blocks are none of"):
        decoder_blocks(torch.nn.Linear(2, 2))
