"""Temporal purity: the share of a dictionary's latents that are kept from checkpoint to checkpoint, and what that share would be
if nothing were the same (null) or nothing had changed (ceiling)."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from chronolect.formation.analysis.matching import Codes, alive, match, nearest
from chronolect.formation.analysis.series import AnalysisSettings, PurityMeasure
from chronolect.formation.analysis.snapshots import Snapshot

Counts: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # over which the area is taken
_LEAST = 0.2  # correlation below which two latents are no candidates for being the same
_APART = 0.05  # ceiling and null nearer than this leave nothing to calibrate between


@dataclass(frozen=True)
class Pairs:
    """The latents of one snapshot beside their partners in others.

    Attributes:
        correlation: float32 [others, n]: with the partner in each other snapshot, -1 for none.
        cosine: float32 [others, n]: of the decoder rows.
        mass: float64 [n]: sum of the activations of each latent.
    """

    correlation: NDArray[np.float32]
    cosine: NDArray[np.float32]
    mass: NDArray[np.float64]

    def kept(self, measure: PurityMeasure, correlation: float, cosine: float) -> NDArray[np.bool_]:
        """Which latents are kept to each other snapshot, bool [others, n]."""
        functional, decoder = self.correlation >= correlation, self.cosine >= cosine
        return {"both": functional & decoder, "functional": functional, "decoder": decoder}[measure]


@dataclass(frozen=True)
class Purity:
    """Of one snapshot against those before it; None where there is no latent to follow.

    Attributes:
        raw: Share of latents kept to each of the others.
        mass_weighted: The same, latents weighing as much as they fire.
        area: Mean of `raw` over thresholds of 0.5 to 0.95 for both similarities.
        n: Latents.
    """

    raw: float | None
    mass_weighted: float | None
    area: float | None
    n: int


def pair(snapshot: Snapshot, others: Sequence[Snapshot], settings: AnalysisSettings) -> Pairs:
    """Match the latents of a snapshot one to one with those of each other, by the correlation of their activations."""
    own, codes = followed(snapshot, settings)
    correlation = np.full((len(others), len(own)), -1, dtype=np.float32)
    cosine = correlation.copy()
    for row, other in enumerate(others):
        theirs, there = followed(other, settings)
        mine, yours, similarity = _matched(codes, there, settings.candidates)
        correlation[row, mine] = similarity
        cosine[row, mine] = (snapshot.decoder[own[mine]] * other.decoder[theirs[yours]]).sum(axis=1)
    return Pairs(correlation, cosine, _mass(codes))


def partners(
    snapshot: Snapshot, other: Snapshot, settings: AnalysisSettings
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The latents of a snapshot that are kept in another, and which they are there."""
    own, codes = followed(snapshot, settings)
    theirs, there = followed(other, settings)
    mine, yours, similarity = _matched(codes, there, settings.candidates)
    rows, columns = own[mine], theirs[yours]
    cosine = (snapshot.decoder[rows] * other.decoder[columns]).sum(axis=1)
    found = Pairs(similarity[None], cosine[None], np.ones(len(rows)))
    kept = found.kept(settings.headline, settings.correlation, settings.cosine)[0]
    return rows[kept], columns[kept]


def pair_seeds(snapshots: Sequence[Snapshot], settings: AnalysisSettings) -> list[Pairs]:
    """Match the latents of each of several snapshots with those of all the others: `pair` both ways at the cost of one."""
    latents, codes = zip(*[followed(one, settings) for one in snapshots], strict=True)
    shapes = [(len(snapshots) - 1, len(own)) for own in latents]
    found = [
        Pairs(np.full(shape, -1, np.float32), np.full(shape, -1, np.float32), _mass(matrix))
        for shape, matrix in zip(shapes, codes, strict=True)
    ]
    for first, second in combinations(range(len(snapshots)), 2):
        mine, yours, similarity = _matched(codes[first], codes[second], settings.candidates)
        rows = snapshots[first].decoder[latents[first][mine]], snapshots[second].decoder[latents[second][yours]]
        for here, row, columns in ((first, second - 1, mine), (second, first, yours)):
            found[here].correlation[row, columns] = similarity
            found[here].cosine[row, columns] = (rows[0] * rows[1]).sum(axis=1)
    return found


def purity(pairs: Pairs, settings: AnalysisSettings) -> Purity:
    """Share of latents that are kept to each of the snapshots they were paired with."""
    n = len(pairs.mass)
    if n == 0:
        return Purity(None, None, None, 0)
    measure = settings.headline
    kept = pairs.kept(measure, settings.correlation, settings.cosine).all(axis=0)
    area = np.mean([pairs.kept(measure, at, at).all(axis=0).mean() for at in THRESHOLDS])
    return Purity(float(kept.mean()), float((kept * pairs.mass).sum() / pairs.mass.sum()), float(area), n)


def times_found(pairs: Pairs, settings: AnalysisSettings) -> Counts:
    """Latents by how often they were kept among m others, [m + 2]: first those unlike anything in any of them, then 0, 1, … m times."""
    kept = pairs.kept(settings.headline, settings.correlation, settings.cosine)
    times = np.where((pairs.correlation < _LEAST).all(axis=0), 0, 1 + kept.sum(axis=0))
    return np.bincount(times, minlength=len(kept) + 2)


def chance(found: NDArray[Any], window: int) -> Floats:
    """Share of latents that would be found in each of `window` more autoencoders: the ceiling of purity, [...].

    Latents differ in how findable they are, so it is the mean of a power, not the power of a mean. Up to the m autoencoders looked
    at it is estimated without bias. Beyond, latents unlike anything are taken to be noise, never found, and the chances of the others to be
    beta distributed, with the mean and the second moment seen. Of one other autoencoder there is no second moment: the chances are taken
    to be spread as those of a uniform distribution are (the two parameters add up to 2), which is an assumption.

    Args:
        found: `times_found`, [..., m + 2]; at least one latent.
        window: Checkpoints.
    """
    others = found.shape[-1] - 2
    shares = found / found.sum(axis=-1, keepdims=True)
    ways = np.ones(others + 1)
    moments = []
    for power in range(min(others, window)):
        ways = ways * np.clip(np.arange(others + 1) - power, 0, None) / (others - power)
        moments.append(shares[..., 1:] @ ways)
    if others >= window:
        return np.asarray(moments[-1])
    real = np.maximum(1 - shares[..., 0], 1e-9)
    first, last = moments[0] / real, moments[-1] / real
    if others == 1:
        spread, total, alike = np.ones_like(first), np.full_like(first, 2.0), first
    else:
        second = moments[1] / real
        spread, alike = second - first**2, second / np.maximum(first, 1e-9)
        total = np.maximum(first - second, 0) / np.maximum(spread, 1e-9)
    for power in range(others, window):  # without spread beyond chance, one chance for all that were found at all
        last = last * np.where(spread > 0, (first * total + power) / (total + power), alike)
    return np.asarray(last * real)


def permuted_null(snapshot: Snapshot, other: Snapshot, settings: AnalysisSettings) -> float | None:
    """Share of latents kept to another snapshot whose tokens were permuted and whose decoder was replaced by random directions."""
    random = np.random.default_rng(settings.seed)
    shuffled = other.codes[random.permutation(other.codes.shape[0])]
    directions = random.standard_normal(other.decoder.shape).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    stranger = Snapshot(other.step, scipy.sparse.csr_matrix(shuffled), directions, other.measures)
    return purity(pair(snapshot, [stranger], settings), settings).raw


def calibrated(raw: float | None, null: float | None, ceiling: float | None) -> float | None:
    """(raw - null) / (ceiling - null), not clipped; None where one of them is unknown or ceiling and null are less than 0.05 apart."""
    if raw is None or null is None or ceiling is None or ceiling - null < _APART:
        return None
    return (raw - null) / (ceiling - null)


def purity_draws(by_seed: Sequence[Purity], *, resamples: int, seed: int) -> Floats:
    """Bootstrap samples [B] of the mean purity over seeds: seeds are drawn, and latents within them.

    Few seeds drawn with replacement vary too little, by a factor of sqrt((S - 1) / S), so their deviations from the mean are widened by
    the inverse; one seed has the spread of its latents alone.
    """
    shares, sizes = np.array([one.raw for one in by_seed], dtype=np.float64), np.array([one.n for one in by_seed])
    mean, seeds = shares.mean(), len(shares)
    random = np.random.default_rng(seed)
    wide = np.clip(mean + (shares - mean) * (sqrt(seeds / (seeds - 1)) if seeds > 1 else 1.0), 0, 1)
    drawn = random.integers(0, seeds, (resamples, seeds))
    return np.asarray((random.binomial(sizes[drawn], wide[drawn]) / sizes[drawn]).mean(axis=1))


def chance_draws(by_seed: Sequence[Counts], window: int, *, resamples: int, seed: int) -> Floats:
    """Bootstrap samples [B] of the mean `chance` over seeds: seeds are drawn (the same as by `purity_draws`), and latents within them."""
    random = np.random.default_rng(seed)
    drawn = random.integers(0, len(by_seed), (resamples, len(by_seed)))
    each = [chance(random.multinomial(one.sum(), one / one.sum(), size=resamples), window) for one in by_seed]
    return np.asarray(np.take_along_axis(np.stack(each, axis=1), drawn, axis=1).mean(axis=1))


def same_index(snapshot: Snapshot, others: Sequence[Snapshot], threshold: float) -> tuple[float, float]:
    """The naive measure: mean cosine of decoder rows of the same number, and the share of rows above the threshold to each other snapshot.

    It tells how far the optimiser went, not whether the features are the same: to be shown beside purity, never instead.
    """
    cosines = np.stack([(snapshot.decoder * other.decoder).sum(axis=1) for other in others])
    return float(cosines.mean()), float((cosines >= threshold).all(axis=0).mean())


def followed(snapshot: Snapshot, settings: AnalysisSettings) -> tuple[NDArray[np.intp], Codes]:
    """The latents that fire often enough, and not too often, to be followed, and their activations."""
    own = np.flatnonzero(alive(snapshot.codes, settings.least, settings.dense))
    return own, snapshot.codes[:, own]


def _matched(a: Codes, b: Codes, candidates: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float32]]:
    """The latents of `a` that have a partner, the partners, and their correlations."""
    similarity = nearest(a, b, candidates, _LEAST)
    partner = match(similarity)
    mine = np.flatnonzero(partner >= 0)
    yours = partner[mine]
    found = np.asarray(similarity[mine, yours]).ravel() if len(mine) else np.zeros(0)
    return mine, yours, found.astype(np.float32)


def _mass(codes: Codes) -> Floats:
    return np.asarray(codes.sum(axis=0), dtype=np.float64).ravel()
