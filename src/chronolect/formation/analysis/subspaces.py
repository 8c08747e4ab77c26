"""The latents that have no partner: whether they at least lie in the same few directions, as pieces of the same thing cut otherwise would."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chronolect.formation.analysis.purity import partners
from chronolect.formation.analysis.series import AnalysisSettings
from chronolect.formation.analysis.snapshots import Snapshot

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Overlap:
    """Of two subspaces of a space of d dimensions.

    Attributes:
        value: Mean squared cosine of their principal angles (Björck and Golub 1973): 1 where the smaller lies in the larger.
        chance: What it is on average of random subspaces of their ranks: the larger rank by d.
        ranks: Of both.
    """

    value: float
    chance: float
    ranks: tuple[int, int]


def span(rows: NDArray[np.float32], weights: Floats, share: float = 0.9) -> Floats:
    """Orthonormal basis [d, r] of the fewest directions that hold `share` of the weighted squared length of rows [n, d]."""
    _, values, directions = np.linalg.svd(rows * np.sqrt(weights)[:, None], full_matrices=False)
    power = (values**2).cumsum() / (values**2).sum()
    found: Floats = directions[: int(np.searchsorted(power, share - 1e-9)) + 1].T
    return found


def overlap(a: Floats, b: Floats) -> Overlap:
    """Of the subspaces with orthonormal bases [d, r] and [d, s]."""
    ranks = a.shape[1], b.shape[1]
    return Overlap(float(np.square(a.T @ b).sum() / min(ranks)), max(ranks) / len(a), ranks)


def unmatched_overlap(snapshot: Snapshot, other: Snapshot, settings: AnalysisSettings) -> Overlap | None:
    """Overlap of what the unmatched latents of two autoencoders span, each weighing as its activations; None where one has none."""
    mine, yours = partners(snapshot, other, settings)
    spans = []
    for one, matched in ((snapshot, mine), (other, yours)):
        mass = np.asarray(one.codes.sum(axis=0), dtype=np.float64).ravel()
        left = np.setdiff1d(np.flatnonzero(mass > 0), matched)
        if len(left) == 0:
            return None
        spans.append(span(one.decoder[left], mass[left]))
    return overlap(*spans)
