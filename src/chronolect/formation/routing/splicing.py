"""What a language model loses when each token's stream is replaced at the layer its router chose."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor

from chronolect.formation.reading.splice import Batch, Substitute, measure_splices, sinks
from chronolect.formation.routing.model import RouteSae


def routed_splice_measures(model: torch.nn.Module, route: RouteSae, batches: Sequence[Batch]) -> dict[str, Any]:
    """As `splice.splice_measures`; every token is replaced at one layer, the one chosen for it in the model's ordinary pass.

    What is encoded there is the state as it then is, scaled as in training, and the reconstruction goes back in the model's units. Zero
    and mean ablation take the same places.

    Args:
        model: A causal language model.
        route: A trained one.
        batches: As for `splice_measures`.
    """

    def plan(streams: Mapping[int, Tensor], counted: Tensor) -> dict[int, tuple[Tensor, Sequence[Substitute]]]:
        kept = counted.clone()
        for layer in route.layers:
            kept &= ~sinks(streams[layer], counted)
        states = torch.stack([streams[layer][kept] for layer in route.layers], dim=1).float()
        chosen, share = route.choice(states)
        splices: dict[int, tuple[Tensor, Sequence[Substitute]]] = {}
        for place, layer in enumerate(route.layers):
            here = chosen == place
            at = torch.zeros_like(kept)
            at[kept] = here
            splices[layer] = at, [partial(route.reconstruct, place=place, share=share[here])]
        return splices

    return measure_splices(model, route.layers, plan, batches)[0]
