"""The statistics of the evaluations: every number with its n and its interval."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import sqrt
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import xlogy

FloatArray = np.ndarray[Any, np.dtype[np.float64]]

FEWEST = 30  # no verdict on fewer units
_CELLS = 1 << 22  # numbers held at once while resampling: 32 MB


@dataclass(frozen=True)
class Proportion:
    """`successes` of `n`, with the Wilson score interval `low` to `high`; all three rates are None where n is 0."""

    successes: int
    n: int
    rate: float | None
    low: float | None
    high: float | None

    def as_accuracy(self) -> dict[str, Any]:
        """For the result files."""
        return {"accuracy": self.rate, "correct": self.successes, "n": self.n, "low": self.low, "high": self.high}


@dataclass(frozen=True)
class Interval:
    """An estimate over `n` units with its interval; None where there are too few units."""

    value: float | None
    low: float | None
    high: float | None
    n: int

    def as_dict(self) -> dict[str, Any]:
        """For the result files."""
        return asdict(self)


@dataclass(frozen=True)
class ChangePoint:
    """Where successes fall off, if they do.

    Attributes:
        found: Whether the step is there: `p` is below the level asked for.
        position: Middle between the last position before the step and the first one past it.
        last_before: Last position before the step.
        first_after: First position past it.
        low: Lower end of the bootstrap interval of `position`; None where no step was found.
        high: Upper end.
        rate_before: Share of successes before the step.
        rate_after: Share past it.
        p: Permutation p-value of the likelihood ratio.
        n: Number of outcomes.
    """

    found: bool
    position: float | None
    last_before: float | None
    first_after: float | None
    low: float | None
    high: float | None
    rate_before: float | None
    rate_after: float | None
    p: float
    n: int


def wilson(successes: int, n: int, level: float = 0.95) -> Proportion:
    """A proportion with its score interval (Wilson 1927)."""
    if n == 0:
        return Proportion(0, 0, None, None, None)
    interval = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
    return Proportion(successes, n, successes / n, float(interval.low), float(interval.high))


def against_chance(successes: int, n: int, chance: float = 0.25) -> float | None:
    """Two-sided p-value of the exact binomial test; None for no trials."""
    return float(stats.binomtest(successes, n, chance).pvalue) if n else None


def difference(first: Proportion, second: Proportion) -> Interval:
    """First rate minus second, of independent samples, from their Wilson intervals (Newcombe 1998, method 10).

    `n` is that of both together; the level is that of the two intervals.
    """
    n = first.n + second.n
    if first.rate is None or second.rate is None:
        return Interval(None, None, None, n)
    assert first.low is not None
    assert first.high is not None
    assert second.low is not None
    assert second.high is not None
    value = first.rate - second.rate
    down = sqrt((first.rate - first.low) ** 2 + (second.high - second.rate) ** 2)
    up = sqrt((first.high - first.rate) ** 2 + (second.rate - second.low) ** 2)
    return Interval(value, value - down, value + up, n)


def paired_difference(first: Sequence[bool], second: Sequence[bool]) -> Interval:
    """Rate of the first minus that of the second on the same units (Newcombe 1998, paired data, method 10).

    >>> found = paired_difference([True] * 9 + [False], [True] * 4 + [False] * 6)
    >>> round(found.value, 2), round(found.low, 2), round(found.high, 2)
    (0.5, 0.08, 0.75)
    """
    n = len(first)
    if n == 0:
        return Interval(None, None, None, 0)
    both = sum(a and b for a, b in zip(first, second, strict=True))
    only_first, only_second = sum(first) - both, sum(second) - both
    neither = n - both - only_first - only_second
    one, other = wilson(sum(first), n), wilson(sum(second), n)
    assert one.rate is not None
    assert one.low is not None
    assert one.high is not None
    assert other.rate is not None
    assert other.low is not None
    assert other.high is not None
    excess = float(both * neither - only_first * only_second)
    if excess > 0:
        excess = max(excess - n / 2, 0.0)  # correction for continuity
    spread = sqrt(float(sum(first)) * (n - sum(first)) * sum(second) * (n - sum(second)))
    phi = excess / spread if spread else 0.0
    down, up = one.rate - one.low, one.high - one.rate
    other_down, other_up = other.rate - other.low, other.high - other.rate
    value = one.rate - other.rate
    low = value - sqrt(down**2 - 2 * phi * down * other_up + other_up**2)
    high = value + sqrt(up**2 - 2 * phi * up * other_down + other_down**2)
    return Interval(value, low, high, n)


def mcnemar(first: Sequence[bool], second: Sequence[bool]) -> float:
    """Exact two-sided p-value that two are right equally often on the same units (McNemar 1947): a binomial test on where they differ.

    >>> mcnemar([True] * 6 + [False], [False] * 6 + [False])
    0.03125
    """
    only_first = sum(a and not b for a, b in zip(first, second, strict=True))
    differing = sum(a != b for a, b in zip(first, second, strict=True))
    return float(stats.binomtest(only_first, differing).pvalue) if differing else 1.0


def bootstrap_mean(values: Sequence[float], *, level: float = 0.95, resamples: int = 1000, seed: int = 0) -> Interval:
    """Mean with its percentile bootstrap interval; no interval for fewer than two values."""
    n = len(values)
    if n == 0:
        return Interval(None, None, None, 0)
    data = np.asarray(values, dtype=np.float64)
    if n == 1 or resamples == 0:
        return Interval(float(data.mean()), None, None, n)
    random = np.random.default_rng(seed)
    means = np.concatenate([data[random.integers(0, n, (rows, n))].mean(axis=1) for rows in _in_rows(resamples, n)])
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(data.mean()), float(low), float(high), n)


def change_point(
    positions: Sequence[float],
    outcomes: Sequence[bool],
    *,
    level: float = 0.95,
    resamples: int = 1000,
    seed: int = 0,
) -> ChangePoint:
    """The likeliest single fall in a sequence of successes and failures: one Bernoulli rate before it, a lower one after it.

    The step lies between two different positions. Its p-value compares the likelihood ratio with those of shuffled outcomes, so that the
    search over all places is paid for; its interval is the percentile bootstrap over the outcomes.

    Args:
        positions: Dates or years, in any order.
        outcomes: Success at each position.
        level: Level of the interval; a step is found where p < 1 - level.
        resamples: Shuffles, and bootstrap samples.
        seed: Seed of both.
    """
    n = len(positions)
    assert n == len(outcomes), (n, len(outcomes))
    order = np.argsort(np.asarray(positions, dtype=np.float64), kind="stable")
    places = np.asarray(positions, dtype=np.float64)[order]
    hits = np.asarray(outcomes, dtype=np.float64)[order]
    splits = np.flatnonzero(np.diff(places) > 0) + 1  # a step before each of these
    if len(splits) == 0:
        return ChangePoint(False, None, None, None, None, None, None, None, 1.0, n)
    ones = np.ones((1, n))
    gain, where = _best_falls(hits[None], ones, splits)
    random = np.random.default_rng(seed)
    as_large = sum(
        int((_best_falls(random.permuted(np.tile(hits, (rows, 1)), axis=1), ones, splits)[0] >= gain[0] - 1e-9).sum())
        for rows in _in_rows(resamples, n)
    )
    p = (1 + as_large) / (1 + resamples)
    if where[0] < 0:  # no fall at all
        return ChangePoint(False, None, None, None, None, None, None, None, p, n)
    split = int(splits[where[0]])
    before, after = float(places[split - 1]), float(places[split])
    low = high = None
    found = p < 1 - level
    if found:
        middles = (places[splits - 1] + places[splits]) / 2
        draws = []
        for rows in _in_rows(resamples, n):
            weights = random.multinomial(n, np.full(n, 1 / n), size=rows).astype(np.float64)
            chosen = _best_falls(weights * hits, weights, splits)[1]
            draws.append(middles[chosen[chosen >= 0]])
        low, high = map(float, np.quantile(np.concatenate(draws), [(1 - level) / 2, (1 + level) / 2]))
    return ChangePoint(
        found,
        (before + after) / 2,
        before,
        after,
        low,
        high,
        float(hits[:split].mean()),
        float(hits[split:].mean()),
        p,
        n,
    )


def _best_falls(
    hits: FloatArray, weights: FloatArray, splits: np.ndarray[Any, np.dtype[np.intp]]
) -> tuple[FloatArray, np.ndarray[Any, np.dtype[np.intp]]]:
    """Best log-likelihood ratio of a fall in each row, and which split has it (-1 for none).

    Args:
        hits: (rows, n) weighted successes in order of position.
        weights: (rows, n), or (1, n) for the same in all rows.
        splits: (s,) numbers of outcomes before the step.
    """
    total, hits_total = weights.sum(axis=1, keepdims=True), hits.sum(axis=1, keepdims=True)
    before, hits_before = weights.cumsum(axis=1)[:, splits - 1], hits.cumsum(axis=1)[:, splits - 1]
    after, hits_after = total - before, hits_total - hits_before
    gains = _log_likelihood(hits_before, before) + _log_likelihood(hits_after, after)
    gains = gains - _log_likelihood(hits_total, total)
    falls = hits_before * after > hits_after * before
    gains = np.where(falls, gains, 0.0)
    best = gains.argmax(axis=1)
    top = gains[np.arange(len(gains)), best]
    return top, np.where(top > 0, best, -1)


def _log_likelihood(hits: FloatArray, n: FloatArray) -> FloatArray:
    """Of the best Bernoulli rate: k log(k/n) + (n-k) log((n-k)/n)."""
    result: FloatArray = xlogy(hits, hits) + xlogy(n - hits, n - hits) - xlogy(n, n)
    return result


def _in_rows(resamples: int, n: int) -> list[int]:
    """Cut `resamples` rows of `n` numbers into pieces of bounded size."""
    most = max(1, _CELLS // max(1, n))
    return [min(most, resamples - start) for start in range(0, resamples, most)]
