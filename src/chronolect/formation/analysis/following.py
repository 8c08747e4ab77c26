"""Features followed through the checkpoints: which latents are features at all, and how present each is at every checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Any

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from chronolect.formation.analysis.matching import Codes, alive, best_correlations, correlations
from chronolect.formation.analysis.series import AnalysisSettings, Series
from chronolect.statistics import wilson

Ints = NDArray[np.intp]


@dataclass(frozen=True)
class Features:
    """Latents of one checkpoint, the reference, that are followed to the others.

    Attributes:
        reference: Index of the checkpoint.
        seed: Place of the autoencoder each is of among the seeds, [n].
        latent: Its number there, [n].
        members: Among which seeds it was found at the reference, bool [n, S].
        codes: Activations at the reference, [N tokens, n].
        presence: Highest correlation with a latent at each checkpoint, of whichever seed, float64 [n, C].
        match_seed: Of which seed that is, [n, C].
        match: Which latent, [n, C].
    """

    reference: int
    seed: Ints
    latent: Ints
    members: NDArray[np.bool_]
    codes: Codes
    presence: NDArray[np.float64] = field(repr=False)
    match_seed: Ints = field(repr=False)
    match: Ints = field(repr=False)

    def __len__(self) -> int:
        return len(self.latent)

    @property
    def firings(self) -> Ints:
        """Tokens of the probe on which each fires at the reference, [n]."""
        return np.asarray(self.codes.getnnz(axis=0), dtype=np.intp)


def features_at(series: Sequence[Series], reference: int, settings: AnalysisSettings) -> Features:
    """The features of a checkpoint: latents that an autoencoder of another seed found too, each counted once.

    A latent that no other seed finds is taken for noise. Of a single seed all latents count that fire often enough.
    """
    codes = [one.snapshots[reference].codes for one in series]
    own = [np.flatnonzero(alive(matrix, settings.least, settings.dense)) for matrix in codes]
    found = [np.zeros((len(latents), len(series)), dtype=np.bool_) for latents in own]
    for first in range(len(series)):
        found[first][:, first] = True
        for second in range(first + 1, len(series)):
            similarity = correlations(codes[first][:, own[first]], codes[second][:, own[second]])
            if similarity.size:
                found[first][:, second] = similarity.max(axis=1) >= settings.consensus
                found[second][:, first] = similarity.max(axis=0) >= settings.consensus
    seeds, latents, members = [], [], []
    for place, (mine, seen) in enumerate(zip(own, found, strict=True)):
        new = ~seen[:, :place].any(axis=1) & (seen.sum(axis=1) >= min(2, len(series)))
        seeds.append(np.full(int(new.sum()), place, dtype=np.intp))
        latents.append(mine[new])
        members.append(seen[new])
    columns = [matrix[:, chosen] for matrix, chosen in zip(codes, latents, strict=True)]
    n, checkpoints = sum(map(len, latents)), len(series[0].snapshots)
    return Features(
        reference,
        np.concatenate(seeds),
        np.concatenate(latents),
        np.concatenate(members),
        scipy.sparse.csr_matrix(scipy.sparse.hstack(columns, format="csr")),
        np.zeros((n, checkpoints)),
        np.full((n, checkpoints), -1, dtype=np.intp),
        np.full((n, checkpoints), -1, dtype=np.intp),
    )


def chosen(features: Features, keep: NDArray[np.bool_]) -> Features:
    """Some of the features."""
    return Features(
        features.reference,
        features.seed[keep],
        features.latent[keep],
        features.members[keep],
        features.codes[:, np.flatnonzero(keep)],
        features.presence[keep],
        features.match_seed[keep],
        features.match[keep],
    )


def look(features: Features, series: Sequence[Series], checkpoint: int) -> list[NDArray[np.float32]]:
    """Fill in the presence at a checkpoint; gives how well each latent there is accounted for by these features, [F] of each seed."""
    covered = []
    best = np.full(len(features), -np.inf)
    for place, one in enumerate(series):
        value, which, back = best_correlations(features.codes, one.snapshots[checkpoint].codes)
        better = value > best
        best = np.where(better, value, best)
        features.match_seed[better, checkpoint] = place
        features.match[better, checkpoint] = which[better]
        covered.append(back)
    features.presence[:, checkpoint] = np.clip(best, 0, 1)
    if checkpoint == features.reference:  # whatever another seed has that is more like it than itself
        features.presence[:, checkpoint] = 1
        features.match_seed[:, checkpoint], features.match[:, checkpoint] = features.seed, features.latent
    return covered


def follow(series: Sequence[Series], settings: AnalysisSettings) -> list[Features]:
    """The features of the last checkpoint at all others; then, by the checkpoint at which they are last seen, those it no longer has.

    Going back, a feature of a checkpoint is new where no feature followed so far is like it (correlation below `off`).
    """
    last = len(series[0].snapshots) - 1
    followed = [features_at(series, last, settings)]
    for checkpoint in range(last, -1, -1):
        covered = [look(features, series, checkpoint) for features in followed]
        if checkpoint == last or not settings.vanished:
            continue
        here = features_at(series, checkpoint, settings)
        known = [np.max([of_one[place] for of_one in covered], axis=0) for place in range(len(series))]
        new = np.array(
            [known[seed][latent] < settings.off for seed, latent in zip(here.seed, here.latent, strict=True)]
        )
        if new.any():
            followed.append(chosen(here, new))
            look(followed[-1], series, checkpoint)
    for checkpoint in range(last + 1):
        for features in followed:
            if features.reference < checkpoint:
                look(features, series, checkpoint)
    return followed


def forward(series: Sequence[Series], reference: int, settings: AnalysisSettings) -> Features:
    """The features of an early checkpoint at all others."""
    features = features_at(series, reference, settings)
    for checkpoint in range(len(series[0].snapshots)):
        look(features, series, checkpoint)
    return features


def presence_null(features: Features, series: Sequence[Series], checkpoint: int, seed: int) -> NDArray[np.float64]:
    """Presence that features have where they cannot be, [n]: the best of all correlations after their tokens were permuted."""
    order = np.random.default_rng(seed).permutation(features.codes.shape[0])
    permuted = features.codes[order]
    best = [best_correlations(permuted, one.snapshots[checkpoint].codes)[0] for one in series]
    return np.max(best, axis=0).astype(np.float64)


def missed_by_chance(series: Sequence[Series], settings: AnalysisSettings) -> dict[str, Any] | None:
    """How often one seed lacks a feature of the last checkpoint that others of the same checkpoint found together; None below three seeds.

    Presence is the best over all seeds, so that this bounds from above how often features as sure as those are missed where they are there.

    Returns:
        `share`, the mean over the seed left out; `low` and `high`, Wilson's interval at `n`, the mean number of features, since they are largely
        the same ones whichever seed is left out. Null share and interval where there are no features.
    """
    if len(series) < 3:
        return None
    last, shares, counts = len(series[0].snapshots) - 1, [], []
    for place, alone in enumerate(series):
        features = features_at([*series[:place], *series[place + 1 :]], last, settings)
        counts.append(len(features))
        if len(features):
            best = best_correlations(features.codes, alone.snapshots[last].codes)[0]
            shares.append(float((best < settings.on).mean()))
    share, n = (fmean(shares) if shares else None), round(fmean(counts))
    bound = wilson(round((share or 0) * n), n)
    return {"share": share, "low": bound.low, "high": bound.high, "n": n}
