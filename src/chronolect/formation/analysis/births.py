"""Births and deaths of features: from how present each is at every checkpoint to when it came and went, with what is not known about that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.intp]

_ROUNDS = 200  # of expectation and maximisation


@dataclass(frozen=True)
class Lifetimes:
    """When features came and went, as indices of checkpoints, [n] each; -1 for none.

    Attributes:
        born: First checkpoint at which the feature is there; -1 for never.
        absent: Last known checkpoint before it; -1 where there is none, so that an `initial` feature was there from the start.
        died: First checkpoint after that at which it is gone; -1 for not seen to die.
        present: Last known checkpoint before the death; -1 where there is no death.
    """

    born: Ints
    absent: Ints
    died: Ints
    present: Ints

    @property
    def initial(self) -> Bools:
        """Whether a feature was there at the first checkpoint known."""
        found: Bools = (self.born >= 0) & (self.absent < 0)
        return found


def states(
    presence: Floats, *, on: float, off: float, hold: int, known: Bools | None = None, given: int | None = None
) -> Bools:
    """Whether each feature is there at each checkpoint, [n, C], with hysteresis.

    It comes at a checkpoint with presence >= `on` at it and the following, `hold` in all, and goes at one with presence < `off` for as
    many. Near the end a coming holds as long as there are checkpoints (the features followed are known from elsewhere to be real),
    while a going that cannot be confirmed is none: the feature is censored.

    Args:
        presence: [n, C], in [0, 1].
        on: From which on a feature is there.
        off: Below which it is gone.
        hold: Consecutive checkpoints.
        known: Which checkpoints to judge by, [C]; at others it is as it was before. All if None.
        given: A checkpoint at which all are there, whatever follows: that from which features are followed forward.
    """
    places = np.arange(presence.shape[1]) if known is None else np.flatnonzero(known)
    seen = presence[:, places]
    comes, goes = _held(seen >= on, hold, at_end=True), _held(seen < off, hold, at_end=False)
    there = np.zeros(presence.shape, dtype=np.bool_)
    now = np.zeros(len(presence), dtype=np.bool_)
    for place, come, go in zip(places, comes.T, goes.T, strict=True):
        now = np.ones_like(now) if place == given else np.where(now, ~go, come)
        there[:, place:] = now[:, None]
    return there


def lifetimes(there: Bools, known: Bools | None = None) -> Lifetimes:
    """First birth, and first death after it, of `states` [n, C]."""
    places = np.arange(there.shape[1]) if known is None else np.flatnonzero(known)
    seen = there[:, places]
    born = np.where(seen.any(axis=1), seen.argmax(axis=1), -1)
    later = ~seen & (np.arange(len(places)) > born[:, None]) & (born >= 0)[:, None]
    died = np.where(later.any(axis=1), later.argmax(axis=1), -1)

    def at(index: Ints) -> Ints:
        return np.where(index >= 0, places[np.maximum(index, 0)], -1)

    return Lifetimes(at(born), at(np.where(born > 0, born - 1, -1)), at(died), at(np.where(died > 0, died - 1, -1)))


def cumulative(after: Ints, by: Ints, cells: int, weights: Floats | None = None) -> Floats:
    """Share of events that have happened by each checkpoint, [C] or [B, C], with interval and right censoring.

    The nonparametric maximum likelihood estimate (Turnbull 1976): its self-consistent weights on the gaps between checkpoints. Where
    every event lies in one gap it is their plain share; with right censoring alone it is one minus Kaplan and Meier's.

    Args:
        after: [n], the event came after this checkpoint; -1 for possibly before the first.
        by: [n], at this one at the latest; -1 for not by the last (right-censored at `after`).
        cells: Number of checkpoints C.
        weights: [B, n] of B bootstrap samples; equal ones of one sample if None.
    """
    w = np.ones((1, len(after))) if weights is None else weights
    gaps = np.arange(cells + 1)  # gap c lies before checkpoint c; the last is the future
    upper = np.where(by >= 0, by, cells)
    possible = ((gaps > after[:, None]) & (gaps <= upper[:, None])).astype(np.float64)  # [n, C + 1]
    kinds, which = np.unique(possible, axis=0, return_inverse=True)
    counts = np.zeros((len(w), len(kinds)))
    np.add.at(counts.T, which.ravel(), w.T)
    total = np.maximum(counts.sum(axis=1, keepdims=True), 1e-12)
    mass = np.full((len(w), cells + 1), 1 / (cells + 1))
    for _ in range(_ROUNDS):
        inside = np.maximum(mass @ kinds.T, 1e-300)
        before, mass = mass, mass * ((counts / inside) @ kinds) / total
        if np.abs(mass - before).max() < 1e-9:
            break
    share = np.minimum(mass.cumsum(axis=1)[:, :cells].round(9), 1)
    return share[0] if weights is None else share


def bootstrap_weights(members: Bools, *, resamples: int, seed: int) -> Floats:
    """Weights [B, n] of features in bootstrap samples over autoencoder seeds and over features.

    A feature counts by the share of the seeds it was found in that were drawn, times how often it was drawn itself.

    Args:
        members: [n, S], in which seeds each feature was found; at least one.
        resamples: B.
        seed: Of the draws.
    """
    n, seeds = members.shape
    random = np.random.default_rng(seed)
    drawn = random.multinomial(seeds, np.full(seeds, 1 / seeds), size=resamples)
    by_seed = drawn @ (members / members.sum(axis=1, keepdims=True)).T
    found: Floats = by_seed * random.multinomial(n, np.full(n, 1 / n), size=resamples)
    return found


def half_step(steps: Sequence[int], share: Floats, goal: float) -> float | None:
    """Step at which a cumulative share reaches `goal`, between checkpoints in a line on log(1 + step); None where it never does.

    Args:
        steps: [C], rising.
        share: [C], cumulative.
        goal: Half of what there is to happen.
    """
    if share[-1] < goal:
        return None
    reached = int(np.argmax(share >= goal))
    if reached == 0:
        return float(steps[0])
    low, high = share[reached - 1], share[reached]
    place = np.log1p(np.asarray(steps[reached - 1 : reached + 1], dtype=np.float64))
    return float(np.expm1(place[0] + (goal - low) / (high - low) * (place[1] - place[0])))


def _held(true: Bools, hold: int, *, at_end: bool) -> Bools:
    """Where `hold` consecutive values from here on are true; past the end counts as `at_end`."""
    found, rows = true.copy(), len(true)
    for ahead in range(1, hold):
        found &= np.hstack([true[:, ahead:], np.full((rows, min(ahead, true.shape[1])), at_end)])[:, : true.shape[1]]
    return found
