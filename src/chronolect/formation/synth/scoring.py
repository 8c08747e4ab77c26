"""The measures held to the truth of a made-up run: births, deaths, purity, matching, and the naive measure beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chronolect.formation.analysis.matching import Codes, alive, correlations, match
from chronolect.formation.analysis.series import AnalysisSettings, Series
from chronolect.formation.synth.truth import SyntheticRun
from chronolect.statistics import wilson

SAME = 0.7  # correlation on the probe from which on a latent is taken for a true feature
_FIRINGS = 500  # births and deaths of rarer features are counted apart
_NEAR = 1  # checkpoints

Ints = NDArray[np.intp]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Target:
    """What a measure must reach.

    Attributes:
        name: Where the number stands, as `births.recall`.
        at_most: Whether the limit is an upper one.
        limit: The limit.
    """

    name: str
    limit: float
    at_most: bool = False


TARGETS = (
    Target("births.median_error", 1.0, at_most=True),
    Target("births.recall", 0.8),
    Target("births.precision", 0.9),
    Target("deaths.recall", 0.8),
    Target("deaths.precision", 0.9),
    Target("unchanged.false_births", 0.05, at_most=True),
    Target("purity.mean_error", 0.05, at_most=True),
    Target("matching.accuracy", 0.95),
)


def score(
    run: SyntheticRun,
    series: Sequence[Series],
    metrics: Mapping[str, Any],
    settings: AnalysisSettings,
    *,
    unchanged: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """How near an analysis came to the truth.

    Args:
        run: The truth.
        series: Series of one condition and kind, one for each seed.
        metrics: What `analyse` gave for them.
        settings: The settings it was given.
        unchanged: What it gave for series over one checkpoint that did not change.

    Returns:
        `births` and `deaths` (recall and precision within one checkpoint of features that fire on at least 500 tokens, with 95 % intervals;
        errors in checkpoints), `initial`, `purity` (true, calibrated and naive, by checkpoint), `matching`, `recovery` by checkpoint,
        `unchanged`, and `verdicts`: each target, what was reached, and whether that is enough. None for what is undefined.
    """
    tokens = series[0].snapshots[0].codes.shape[0]
    truths = [run.codes(checkpoint, tokens) for checkpoint in range(len(run.steps))]
    identities = [
        [identify(snapshot.codes, truth) for snapshot, truth in zip(one.snapshots, truths, strict=True)]
        for one in series
    ]
    firings = np.stack([truth.getnnz(axis=0) for truth in truths]).max(axis=0)
    counted = (firings >= _FIRINGS) & (firings < settings.dense * tokens)
    events = _Events(run, series, metrics["feature_birth_events"], identities)
    found = {
        "births": _compared(run.births, events.births, events, counted & (run.births > 0), never=0),
        "deaths": _compared(
            run.deaths, events.deaths, events, counted & (run.deaths < len(run.steps)), never=len(run.steps)
        ),
        "initial": _initial(run, events, counted),
        "purity": _purity(run, metrics, truths, settings),
        "matching": _matching(series, identities, settings),
        "recovery": [
            fmean(float(np.isin(np.flatnonzero(there), seed[checkpoint]).mean()) for seed in identities)
            for checkpoint, there in enumerate((truth.getnnz(axis=0) >= _FIRINGS) for truth in truths)
            if there.any()
        ],
        "unchanged": None if unchanged is None else _unchanged(unchanged),
    }
    return found | {"verdicts": [_verdict(target, found) for target in TARGETS]}


def identify(codes: Codes, truth: Codes) -> Ints:
    """Which true feature each latent is, [F]: that of the highest correlation on the probe, or -1 where even that is below 0.7."""
    similarity = correlations(codes, truth)
    which = similarity.argmax(axis=1)
    found: Ints = np.where(similarity[np.arange(len(which)), which] >= SAME, which, -1)
    return found


class _Events:
    """Events as arrays: true feature of each (-1 for none), birth and death as checkpoints (-1 for none), and firings."""

    def __init__(
        self,
        run: SyntheticRun,
        series: Sequence[Series],
        events: Sequence[Mapping[str, Any]],
        identities: Sequence[Sequence[Ints]],
    ) -> None:
        place = {step: index for index, step in enumerate(run.steps)} | {None: -1}
        seed = {one.seed: index for index, one in enumerate(series)}
        self.truth = np.array(
            [identities[seed[e["seed"]]][place[e["reference_step"]]][e["feature"]] for e in events], dtype=np.intp
        )
        self.births = np.array([place[e["birth_step_hi"]] for e in events], dtype=np.intp)
        self.deaths = np.array([place[e["death_step_hi"]] for e in events], dtype=np.intp)
        self.firings = np.array([e["firings"] for e in events], dtype=np.intp)

    def of(self, feature: int) -> Ints:
        """Events of a true feature, the one that fires most first."""
        mine = np.flatnonzero(self.truth == feature)
        return mine[np.argsort(-self.firings[mine], kind="stable")]


def _compared(when: Ints, said: Ints, events: _Events, true: Bools, *, never: int) -> dict[str, Any]:
    """Births or deaths that were said beside those that were.

    Args:
        when: Checkpoint of each true one, [G]; `never` for none.
        said: Checkpoint of each event's, -1 for none.
        events: The events.
        true: Which true ones are asked for, [G].
        never: What stands for none.
    """
    errors, right = [], 0
    for feature in np.flatnonzero(true):
        mine = events.of(int(feature))
        mine = mine[said[mine] >= 0]
        if len(mine):
            error = int(said[mine[0]] - when[feature])
            errors.append(error)
            right += int(abs(error) <= _NEAR and said[mine[0]] != never)
    claims = np.flatnonzero((said >= 0) & (said != never) & (events.firings >= _FIRINGS))
    known = events.truth[claims]
    borne_out = (known >= 0) & (when[known] != never) & (np.abs(said[claims] - when[known]) <= _NEAR)
    recall, precision = wilson(right, int(true.sum())), wilson(int(borne_out.sum()), len(claims))
    return {
        "true": int(true.sum()),
        "said": len(claims),
        "said_of_no_feature": int((known < 0).sum()),
        "recall": recall.rate,
        "recall_low": recall.low,
        "recall_high": recall.high,
        "precision": precision.rate,
        "precision_low": precision.low,
        "precision_high": precision.high,
        "median_error": median(map(abs, errors)) if errors else None,
        "mean_signed_error": fmean(errors) if errors else None,
        "exact": fmean(error == 0 for error in errors) if errors else None,
    }


def _initial(run: SyntheticRun, events: _Events, counted: Bools) -> dict[str, Any]:
    true = np.flatnonzero(counted & (run.births == 0))
    seen = [bool((events.births[events.of(int(feature))] == 0).any()) for feature in true]
    return {"true": len(true), "recall": fmean(seen) if seen else None}


def _purity(
    run: SyntheticRun, metrics: Mapping[str, Any], truths: Sequence[Codes], settings: AnalysisSettings
) -> dict[str, Any]:
    said = metrics["purity"] | {"features_kept": metrics["turnover"]["kept"]}
    true = [true_overlap(run, truths, checkpoint, settings) for checkpoint in range(len(truths))]

    def errors(values: Sequence[float | None]) -> list[float]:
        return [abs(value - t) for value, t in zip(values, true, strict=True) if value is not None and t is not None]

    found: dict[str, Any] = {"true": true}
    for name, key in (
        ("", "calibrated"),
        ("raw_", "raw"),
        ("features_", "features_kept"),
        ("naive_", "same_index_purity"),
    ):
        found[key] = said[key]
        off = errors(said[key])
        found[f"{name}mean_error"] = fmean(off) if off else None
        found[f"{name}largest_error"] = max(off) if off else None
    return found


def true_overlap(
    run: SyntheticRun, truths: Sequence[Codes], checkpoint: int, settings: AnalysisSettings
) -> float | None:
    """Share of the true features of a checkpoint that were there, and pointed the same way, at each checkpoint of the window before.

    Only features that fire as often as a latent must to be followed count. None before the window.
    """
    if checkpoint < settings.window:
        return None
    there = alive(truths[checkpoint], settings.least, settings.dense)
    kept = there.copy()
    for before in range(checkpoint - settings.window, checkpoint):
        kept &= run.alive(before)
        if settings.headline != "functional":
            cosine = (run.directions(checkpoint) * run.directions(before)).sum(axis=1)
            kept &= cosine >= settings.cosine
    return float(kept.sum() / there.sum()) if there.any() else None


def _matching(
    series: Sequence[Series], identities: Sequence[Sequence[Ints]], settings: AnalysisSettings
) -> dict[str, Any]:
    """Pairs of latents of neighbouring checkpoints that were taken for the same, and how many of them are."""
    pairs = right = 0
    for one, known in zip(series, identities, strict=True):
        for checkpoint in range(1, len(known)):
            now, before = one.snapshots[checkpoint], one.snapshots[checkpoint - 1]
            own = np.flatnonzero(alive(now.codes, settings.least, settings.dense))
            theirs = np.flatnonzero(alive(before.codes, settings.least, settings.dense))
            similarity = correlations(now.codes[:, own], before.codes[:, theirs])
            partner = match(similarity, settings.candidates)
            kept = np.flatnonzero(partner >= 0)
            kept = kept[similarity[kept, partner[kept]] >= settings.correlation]
            first, second = known[checkpoint][own[kept]], known[checkpoint - 1][theirs[partner[kept]]]
            both = (first >= 0) & (second >= 0)
            pairs += int(both.sum())
            right += int((both & (first == second)).sum())
    return {"pairs": pairs, "accuracy": right / pairs if pairs else None}


def _unchanged(metrics: Mapping[str, Any]) -> dict[str, Any]:
    events = metrics["feature_birth_events"]
    born = sum(1 for event in events if event["birth_step_hi"] is not None and not event["initial"])
    died = sum(1 for event in events if event["death_step_hi"] is not None)
    share = wilson(born, len(events))
    naive = [value for value in metrics["purity"]["same_index_purity"] if value is not None]
    raw = [value for value in metrics["purity"]["raw"] if value is not None]
    return {
        "features": len(events),
        "false_births": share.rate,
        "false_births_low": share.low,
        "false_births_high": share.high,
        "false_deaths": died / len(events) if events else None,
        "purity": fmean(raw) if raw else None,
        "same_index_purity": fmean(naive) if naive else None,
    }


def _verdict(target: Target, found: Mapping[str, Any]) -> dict[str, Any]:
    group, _, name = target.name.partition(".")
    value = (found[group] or {}).get(name)
    reached = None if value is None else bool(value <= target.limit if target.at_most else value >= target.limit)
    return {"name": target.name, "value": value, "limit": target.limit, "at_most": target.at_most, "reached": reached}
