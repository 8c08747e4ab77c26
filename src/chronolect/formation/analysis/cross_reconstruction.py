"""How well the autoencoder of each checkpoint reconstructs the activations of every other: change that no matching of latents can feign."""

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.measures import ExplainedVariance


@torch.no_grad()
def cross_reconstruction(
    saes: Sequence[SparseAutoencoder], activations: Sequence[Iterable[Tensor]]
) -> list[list[float | None]]:
    """Explained variance [C, C] of each checkpoint's autoencoder (row) on each checkpoint's activations (column).

    A model whose residual stream only grows or turns lowers it as one with new features does: it bounds what was kept from below.

    Args:
        saes: One for each checkpoint.
        activations: Batches [B, d] of each checkpoint, of the same tokens; each is read once.
    """
    columns = []
    for batches in activations:
        explained = [ExplainedVariance() for _ in saes]
        for batch in batches:
            x = batch.to(saes[0].W_enc.device).float()
            for sae, found in zip(saes, explained, strict=True):
                found.update(x, sae(x))
        columns.append([found.value for found in explained])
    return [list(row) for row in zip(*columns, strict=True)]
