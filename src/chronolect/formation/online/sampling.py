"""Which tokens of a training step the autoencoders learn from."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from chronolect.formation.reading.activations import SINK_RATIO


def counted_tokens(input_ids: Tensor, excluded: Sequence[int]) -> Tensor:
    """All tokens but the first of each row, which sees nothing but itself, and those that are no text (`excluded`: end of text, padding).

    Args:
        input_ids: int64 [rows, tokens].
        excluded: Token ids.

    Returns:
        bool [rows, tokens].
    """
    counted = torch.isin(input_ids, torch.tensor(list(excluded), device=input_ids.device), invert=True)
    counted[:, 0] = False
    return counted


def sample_places(counted: Tensor, count: int, *, seed: Sequence[int]) -> Tensor:
    """At most `count` of the counted places, drawn evenly, ascending: int64 [n], numbers in the flattened rows.

    The draw is a function of `seed` alone, and nothing else that is random is moved by it.
    """
    places = counted.flatten().nonzero()[:, 0]
    drawn = np.random.default_rng(tuple(seed)).permutation(len(places))[:count]
    return places[torch.from_numpy(np.sort(drawn)).to(places.device)]


def without_sinks(x: Tensor) -> Tensor:
    """Activations [B, R, d] without the tokens whose norm in any layer is above ten times the median there: float32 [B', R, d]."""
    x = x.float()
    norms = x.norm(dim=-1)
    return x[(norms <= SINK_RATIO * norms.median(dim=0).values).all(dim=-1)]
