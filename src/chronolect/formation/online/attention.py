"""The attention weights of chosen blocks, with their graph, whatever kernel the model runs on: fused ones never hold them."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

from chronolect.errors import UserError
from chronolect.formation.reading.residuals import decoder_blocks

_NAMES = ("self_attn", "attention", "attn")  # Llama and kin, Pythia, GPT-2


class Attention:
    """What `watch_attention` saw go into the attention of some blocks in the last forward pass."""

    def __init__(self, modules: Sequence[torch.nn.Module]) -> None:
        self.modules = tuple(modules)
        self.inputs: dict[int, tuple[tuple[Any, ...], dict[str, Any]]] = {}

    def weights(self) -> list[Tensor]:
        """Attention weights after the softmax, [rows, heads, queries, keys] of each block, computed once more by plain matrix products."""
        return [self._weights(place) for place in range(len(self.modules))]

    def _weights(self, place: int) -> Tensor:
        module: Any = self.modules[place]
        args, named = self.inputs[place]
        hidden: Tensor = named["hidden_states"] if "hidden_states" in named else args[0]
        tokens = hidden.shape[1]
        # the rows are packed or padded on the right, so that causality is all there is to a mask
        ahead = torch.ones(tokens, tokens, dtype=torch.bool, device=hidden.device).triu(1)
        mask = torch.zeros(1, 1, tokens, tokens, device=hidden.device).masked_fill(
            ahead, torch.finfo(torch.float32).min
        )
        fused, module.config = module.config, copy.copy(module.config)
        module.config._attn_implementation = "eager"
        try:
            found: Tensor = module(*args, **{**named, "attention_mask": mask})[1]
        finally:
            module.config = fused
        return found


@contextmanager
def watch_attention(model: torch.nn.Module, layers: Sequence[int]) -> Iterator[Attention]:
    """Keep what goes into the attention of these blocks in every forward pass inside.

    Raises:
        UserError: Where the architecture keeps its attention in a place unknown here.
    """
    blocks = decoder_blocks(model)
    modules = []
    for layer in layers:
        found = next((getattr(blocks[layer], name) for name in _NAMES if hasattr(blocks[layer], name)), None)
        if found is None or not hasattr(found, "config"):
            raise UserError(
                f"{type(blocks[layer]).__name__}: its attention is not known here; leave out --alignment attention_diversity"
            )
        modules.append(found)
    attention = Attention(modules)

    def keep(place: int) -> Any:
        def hook(_module: Any, args: Any, named: Any) -> None:
            attention.inputs[place] = (args, named)

        return hook

    handles = [
        module.register_forward_pre_hook(keep(place), with_kwargs=True)
        for place, module in enumerate(attention.modules)
    ]
    try:
        yield attention
    finally:
        for handle in handles:
            handle.remove()
