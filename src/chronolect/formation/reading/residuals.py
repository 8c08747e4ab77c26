"""The residual stream of a language model: read after chosen blocks, or replaced there.

Layer l is the residual stream after decoder block l, counted from 0 (SAELens writes `blocks.l.hook_resid_post`).
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from chronolect.errors import UserError

_BLOCKS = (
    "model.layers",
    "gpt_neox.layers",
    "transformer.h",
    "model.decoder.layers",
)  # Llama and kin, Pythia, GPT-2, OPT


def decoder_blocks(model: torch.nn.Module) -> torch.nn.ModuleList:
    """The decoder blocks of a causal language model, adapters or none.

    Raises:
        UserError: Where the architecture keeps them in a place unknown here.
    """
    plain: Any = model
    if hasattr(plain, "get_base_model"):
        plain = plain.get_base_model()
    for path in _BLOCKS:
        found = plain
        for name in path.split("."):
            found = getattr(found, name, None)
        if isinstance(found, torch.nn.ModuleList):
            return found
    raise UserError(
        f"{type(plain).__name__}: its decoder blocks are none of {', '.join(_BLOCKS)}; features cannot be read there"
    )


def check_layers(model: torch.nn.Module, layers: Sequence[int]) -> None:
    """Refuse layers that the model has not.

    Raises:
        UserError: Naming the first of them.
    """
    count = len(decoder_blocks(model))
    for layer in layers:
        if not 0 <= layer < count:
            raise UserError(f"layer {layer}: this model has blocks 0 to {count - 1}; choose one of them")


class Captured:
    """What `capture` read in the last forward pass."""

    def __init__(self, layers: Sequence[int]) -> None:
        self.layers = tuple(layers)
        self.found: dict[int, Tensor] = {}

    def __getitem__(self, layer: int) -> Tensor:
        """The stream after block `layer`: [rows, tokens, d]."""
        return self.found[layer]

    def stacked(self) -> Tensor:
        """All layers in the order asked for: [rows, tokens, layers, d]."""
        return torch.stack([self.found[layer] for layer in self.layers], dim=2)


@contextmanager
def capture(model: torch.nn.Module, layers: Sequence[int], *, detach: bool = True) -> Iterator[Captured]:
    """Read the residual stream after these blocks in every forward pass inside.

    Args:
        model: A causal language model.
        layers: Blocks, counted from 0.
        detach: Cut the graph, so that nothing done with the activations reaches the model.
    """
    check_layers(model, layers)
    captured = Captured(layers)

    def keep(layer: int) -> Callable[[Any, Any, Any], None]:
        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            hidden = output[0] if isinstance(output, tuple) else output
            captured.found[layer] = hidden.detach() if detach else hidden

        return hook

    blocks = decoder_blocks(model)
    handles = [blocks[layer].register_forward_hook(keep(layer)) for layer in dict.fromkeys(layers)]
    try:
        yield captured
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def replace(model: torch.nn.Module, layer: int, change: Callable[[Tensor], Tensor]) -> Iterator[None]:
    """Hand on `change(hidden)` in place of the stream [rows, tokens, d] after block `layer` in every forward pass inside."""
    check_layers(model, [layer])

    def hook(_module: Any, _inputs: Any, output: Any) -> Any:
        if isinstance(output, tuple):  # what is returned is what the next block reads: a changed copy must go back
            return (change(output[0]), *output[1:])
        return change(output)

    handle = decoder_blocks(model)[layer].register_forward_hook(hook)
    try:
        yield
    finally:
        handle.remove()


class _Enough(Exception):
    """Ends a forward pass after the last block that is read."""


@torch.no_grad()
def read_residuals(model: torch.nn.Module, layers: Sequence[int], input_ids: Tensor) -> Tensor:
    """The residual stream after these blocks, [rows, tokens, layers, d], without computing anything behind the last of them.

    Args:
        model: A causal language model.
        layers: Blocks, counted from 0.
        input_ids: int64 [rows, tokens].
    """

    def stop(_module: Any, _inputs: Any, _output: Any) -> None:
        raise _Enough

    with capture(model, layers) as captured:
        handle = decoder_blocks(model)[max(layers)].register_forward_hook(stop)  # hooks run in their order
        try:
            model(input_ids=input_ids, use_cache=False)
        except _Enough:
            pass
        finally:
            handle.remove()
    return captured.stacked()
