"""Temporal purity: the share of a dictionary's latents that are kept from checkpoint to checkpoint, and what that share would be
if nothing were the same (null) or nothing had changed (ceiling)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from chronolect.formation.matching import alive, correlations, match
from chronolect.formation.series import AnalysisSettings, PurityMeasure
from chronolect.formation.snapshots import Snapshot
from chronolect.statistics import Interval

THRESHOLDS = np.linspace(0.5, 0.95, 10)  # over which the area is taken


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
    own = np.flatnonzero(alive(snapshot.codes, settings.least, settings.dense))
    codes, decoder = snapshot.codes[:, own], snapshot.decoder[own]
    correlation = np.full((len(others), len(own)), -1, dtype=np.float32)
    cosine = correlation.copy()
    for row, other in enumerate(others):
        theirs = np.flatnonzero(alive(other.codes, settings.least, settings.dense))
        similarity = correlations(codes, other.codes[:, theirs])
        partner = match(similarity, settings.candidates)
        found = np.flatnonzero(partner >= 0)
        correlation[row, found] = similarity[found, partner[found]]
        cosine[row, found] = (decoder[found] * other.decoder[theirs[partner[found]]]).sum(axis=1)
    return Pairs(correlation, cosine, np.asarray(codes.sum(axis=0), dtype=np.float64).ravel())


def purity(pairs: Pairs, settings: AnalysisSettings) -> Purity:
    """Share of latents that are kept to each of the snapshots they were paired with."""
    n = len(pairs.mass)
    if n == 0:
        return Purity(None, None, None, 0)
    measure = settings.headline
    kept = pairs.kept(measure, settings.correlation, settings.cosine).all(axis=0)
    area = np.mean([pairs.kept(measure, at, at).all(axis=0).mean() for at in THRESHOLDS])
    return Purity(float(kept.mean()), float((kept * pairs.mass).sum() / pairs.mass.sum()), float(area), n)


def seed_ceiling(pairs: Pairs, settings: AnalysisSettings) -> float | None:
    """Share of latents that would be kept over the whole window by autoencoders of other seeds, had the model not changed.

    Args:
        pairs: A snapshot with those of other seeds at the same checkpoint. Where they are fewer than the window is long, the
            chance of being found in all of the window is extrapolated from that of being found in one and in two, the latents'
            chances being taken as beta distributed; with a single other seed it is the chance for one, which is an upper bound.
        settings: Thresholds and window.
    """
    others, n = pairs.correlation.shape
    if n == 0 or others == 0:
        return None
    times = pairs.kept(settings.headline, settings.correlation, settings.cosine).sum(axis=0).astype(np.float64)
    moments = [1.0]  # E[p^j] of a latent's chance p, without bias from how often it was found in `others` trials
    share = np.ones(n)
    for power in range(1, min(others, settings.window) + 1):
        share = share * np.clip(times - power + 1, 0, None) / (others - power + 1)
        moments.append(float(share.mean()))
    if len(moments) <= settings.window and len(moments) > 2:
        first, second = moments[1], moments[2]
        spread = second - first**2
        if spread <= 0:
            return first**settings.window
        total = (first - second) / spread
        for power in range(len(moments) - 1, settings.window):
            moments.append(moments[-1] * (first * total + power) / (total + power))
    return moments[-1]


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
    if raw is None or null is None or ceiling is None or ceiling - null < 0.05:
        return None
    return (raw - null) / (ceiling - null)


def purity_interval(by_seed: Sequence[Purity], *, resamples: int, seed: int, level: float = 0.95) -> Interval:
    """Mean purity over seeds with its interval, of seeds and of latents within them.

    The bootstrap of few seeds is too narrow by a factor sqrt((S - 1) / S) in their spread, so the seeds' deviations are widened by
    the inverse (Davison and Hinkley 1997, section 2.5, on small samples); one seed gives the spread of latents alone.
    """
    found = [(p.raw, p.n) for p in by_seed if p.raw is not None]
    if not found:
        return Interval(None, None, None, 0)
    shares, sizes = np.array([share for share, _ in found]), np.array([n for _, n in found])
    mean, seeds = shares.mean(), len(shares)
    random = np.random.default_rng(seed)
    wide = np.clip(mean + (shares - mean) * (sqrt(seeds / (seeds - 1)) if seeds > 1 else 1.0), 0, 1)
    drawn = random.integers(0, seeds, (resamples, seeds))
    draws = (random.binomial(sizes[drawn], wide[drawn]) / sizes[drawn]).mean(axis=1)
    low, high = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(mean), float(low), float(high), int(sizes.sum()))


def same_index(snapshot: Snapshot, others: Sequence[Snapshot], threshold: float) -> tuple[float, float]:
    """The naive measure: mean cosine of decoder rows of the same number, and the share of rows above the threshold to each other snapshot.

    It tells how far the optimiser went, not whether the features are the same: to be shown beside purity, never instead.
    """
    cosines = np.stack([(snapshot.decoder * other.decoder).sum(axis=1) for other in others])
    return float(cosines.mean()), float((cosines >= threshold).all(axis=0).mean())
