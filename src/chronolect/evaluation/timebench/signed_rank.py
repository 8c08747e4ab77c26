"""Wilcoxon's signed-rank test as TIMEBench was published with it, and what the test leaves out: how large a difference is, and how sure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from chronolect.statistics import FloatArray

_RESAMPLES = 10_000
_FEWEST_FOR_INTERVAL = 6  # with fewer pairs no interval of ranks reaches 95 %
_DIGITS = 9  # in which differences are equal: 0.8 - 0.5 and 0.7 - 0.4 differ in the last bit


@dataclass(frozen=True)
class PublishedTest:
    """Wilcoxon's test in the published way.

    Attributes:
        statistic: The smaller of the two sums of ranks.
        p_value: Two-sided.
        mode: "exact" where no difference is 0, else "approx", the normal approximation with zeros dropped.
    """

    statistic: float
    p_value: float
    mode: str


@dataclass(frozen=True)
class Effect:
    """How two differ on the same scenarios; positive where the second is larger.

    Attributes:
        pairs: Number of scenarios.
        zeros: How many of them show no difference.
        p_value_exact: Two-sided, from the exact distribution of the ranks with their ties, zeros dropped.
        rank_biserial: Matched-pairs rank-biserial correlation (Kerby 2014), from -1 to 1: sum of the ranks of rises less that of falls, by all.
        rank_biserial_interval: Its 95 % percentile bootstrap interval over the scenarios.
        shift: Hodges-Lehmann estimate of the shift: median of the means of all pairs of differences.
        shift_interval: Its 95 % interval, by inversion of the test (Hollander, Wolfe and Chicken 2014, section 3.3); None for fewer than 6 pairs.
    """

    pairs: int
    zeros: int
    p_value_exact: float
    rank_biserial: float
    rank_biserial_interval: tuple[float, float]
    shift: float
    shift_interval: tuple[float, float] | None

    def as_dict(self) -> dict[str, Any]:
        """For the result file, beside the published keys."""
        return {
            "pairs": self.pairs,
            "zero_differences": self.zeros,
            "p_value_exact": self.p_value_exact,
            "rank_biserial": self.rank_biserial,
            "rank_biserial_interval_95": list(self.rank_biserial_interval),
            "hodges_lehmann_shift": self.shift,
            "hodges_lehmann_shift_interval_95": list(self.shift_interval) if self.shift_interval else None,
        }


def published_test(first: Sequence[float], second: Sequence[float]) -> PublishedTest:
    """Compare pairs of values, to the last digit as published.

    Differences are taken as they are, so that two of them that are equal on paper may differ in the last bit and be no tie. An exact p-value that
    is smaller than one minus the next number below one may come out as 0; `Effect.p_value_exact` has it.

    Args:
        first: Values of the first model.
        second: Values of the second, of the same scenarios.
    """
    differences = np.subtract(first, second)
    if not differences.any():
        return PublishedTest(0.0, 1.0, "approx")
    is_exact = bool(differences.all())
    found = stats.wilcoxon(first, second, method="exact" if is_exact else "asymptotic")
    return PublishedTest(float(found.statistic), float(found.pvalue), "exact" if is_exact else "approx")


def effect(first: Sequence[float], second: Sequence[float], *, seed: int) -> Effect:
    """How much larger the second is on the same scenarios; differences are compared as numbers on paper, to nine digits.

    Args:
        first: Values of the first model.
        second: Values of the second, of the same scenarios.
        seed: Seed of the bootstrap.
    """
    differences = np.round(np.asarray(second, dtype=np.float64) - np.asarray(first, dtype=np.float64), _DIGITS)
    pairs = len(differences)
    random = np.random.default_rng(seed)
    resampled = [_rank_biserial(random.choice(differences, (100, pairs))) for _ in range(_RESAMPLES // 100)]
    low, high = map(float, np.percentile(np.concatenate(resampled), [2.5, 97.5]))
    later, earlier = np.triu_indices(pairs)
    means = np.sort(np.round((differences[later] + differences[earlier]) / 2, _DIGITS))
    interval = None
    if pairs >= _FEWEST_FOR_INTERVAL:
        place = _least_rank_sum(pairs)
        interval = (float(means[place - 1]), float(means[len(means) - place]))
    return Effect(
        pairs=pairs,
        zeros=int((differences == 0).sum()),
        p_value_exact=_exact_p(differences[differences != 0]),
        rank_biserial=float(_rank_biserial(differences[None])[0]),
        rank_biserial_interval=(low, high),
        shift=float(np.median(means)),
        shift_interval=interval,
    )


def holm(p_values: Mapping[str, float]) -> dict[str, float]:
    """The p-values of several tests, corrected for their number (Holm 1979): the least times all, the next times one less, never falling.

    >>> holm({"a": 0.01, "b": 0.04, "c": 0.03})
    {'a': 0.03, 'b': 0.06, 'c': 0.06}
    """
    corrected, largest = {}, 0.0
    for place, name in enumerate(sorted(p_values, key=p_values.__getitem__)):
        largest = max(largest, min(1.0, (len(p_values) - place) * p_values[name]))
        corrected[name] = largest
    return {name: corrected[name] for name in p_values}


def _rank_biserial(differences: FloatArray) -> FloatArray:
    """Of each row of (rows, n) differences: (rows,); 0 where none of them is another number than 0."""
    zeros = (differences == 0).sum(axis=1, keepdims=True)
    ranks = stats.rankdata(np.abs(differences), axis=1) - zeros  # zeros have the least ranks, and are dropped
    balance = (np.sign(differences) * ranks).sum(axis=1)
    total = np.where(differences != 0, ranks, 0).sum(axis=1)
    result: FloatArray = np.divide(balance, total, out=np.zeros(len(total)), where=total > 0)
    return result


def _exact_p(differences: FloatArray) -> float:
    """Two-sided p-value of differences without zeros: each rank is a rise or a fall with even chances."""
    doubled = np.round(2 * stats.rankdata(np.abs(differences))).astype(int)  # whole numbers in spite of ties
    chances = _rank_sums(doubled)
    rises = int(doubled[differences > 0].sum())
    smaller = min(rises, int(doubled.sum()) - rises)
    return float(min(1.0, 2 * chances[: smaller + 1].sum()))


def _rank_sums(ranks: np.ndarray[Any, np.dtype[np.int_]]) -> FloatArray:
    """Chance of each sum, from 0 to that of all, when each of the ranks is taken with even chances."""
    chances = np.zeros(int(ranks.sum()) + 1)
    chances[0] = 1.0
    for rank in ranks:
        taken = np.concatenate([np.zeros(rank), chances[:-rank]])
        chances = (chances + taken) / 2
    return chances


def _least_rank_sum(pairs: int) -> int:
    """The smallest sum of ranks that is not yet too small to be chance at 95 %, two-sided; at least 1."""
    below = np.cumsum(_rank_sums(np.arange(1, pairs + 1)))
    return max(1, int(np.searchsorted(below, 0.025)))
