"""Purity over the checkpoints of a run, each number with what it must be read beside."""

from collections.abc import Sequence
from dataclasses import replace
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chronolect.errors import UserError
from chronolect.formation.analysis.intervals import bounds, mean
from chronolect.formation.analysis.purity import (
    calibrated,
    chance,
    chance_draws,
    pair,
    pair_seeds,
    permuted_null,
    purity,
    purity_draws,
    same_index,
    times_found,
)
from chronolect.formation.analysis.series import AnalysisSettings, PurityMeasure, Series
from chronolect.formation.analysis.snapshots import Snapshot
from chronolect.formation.analysis.subspaces import unmatched_overlap

_MEASURES: tuple[PurityMeasure, ...] = ("functional", "decoder", "both")


def purity_report(
    series: Sequence[Series],
    settings: AnalysisSettings,
    *,
    gate: Sequence[str],
    null: float | None = None,
    ceiling: float | Sequence[Series] | None = None,
) -> dict[str, Any]:
    """The group `purity` of the report.

    Args:
        series: Seeds of one condition and kind.
        settings: Thresholds.
        gate: Verdict on the convergence of each checkpoint.
        null: Purity where nothing is the same; measured if None.
        ceiling: Purity where nothing changed, or series to measure it on; None as for `analysis.analyse`.
    """
    sampling = {"resamples": settings.resamples, "seed": settings.seed}
    rows: list[dict[str, Any]] = []
    recent: list[list[Snapshot]] = []
    by_seeds = series[0].kind == "cold" and len(series) > 1 and ceiling is None
    fixed, fixed_draws = _fixed_ceiling(ceiling, settings)
    for checkpoint in range(len(series[0].snapshots)):
        recent = [*recent, [one.snapshots[checkpoint] for one in series]][-settings.window - 1 :]
        now, before = recent[-1], recent[:-1]
        row: dict[str, Any] = {"gate": gate[checkpoint], "ceiling": fixed}
        tops = fixed_draws
        if by_seeds:
            times = [times_found(pairs, settings) for pairs in pair_seeds(now, settings)]
            if all(one.sum() for one in times):
                row["ceiling"] = fmean(float(chance(one, settings.window)) for one in times)
                tops = chance_draws(times, settings.window, **sampling)
        if len(before) < settings.window:
            rows.append(row | {"gate": "before window"})
            continue
        histories = [[earlier[place] for earlier in before] for place in range(len(series))]
        pairs = [pair(one, past, settings) for one, past in zip(now, histories, strict=True)]
        by_seed = [purity(one, settings) for one in pairs]
        naive = [same_index(one, past, settings.cosine) for one, past in zip(now, histories, strict=True)]
        row |= {
            "mass_weighted": mean([one.mass_weighted for one in by_seed]),
            "area": mean([one.area for one in by_seed]),
            "n": sum(one.n for one in by_seed),
            "by_seed": [one.raw for one in by_seed],
            "same_index_cosine": fmean(cosine for cosine, _ in naive),
            "same_index_purity": fmean(share for _, share in naive),
        }
        for measure in _MEASURES:
            row[measure] = mean([purity(one, replace(settings, measure=measure)).raw for one in pairs])
        if judged := [one for one in by_seed if one.n]:
            draws = purity_draws(judged, **sampling)
            row |= {"raw": mean([one.raw for one in judged]), "draws": draws, "ceiling_draws": tops}
            row["low"], row["high"] = bounds(draws)
        rows.append(row)
    if null is None and len(recent) > 1:
        null = mean([permuted_null(*two, settings) for two in zip(recent[-1], recent[-2], strict=True)])
    for row in rows:
        row["unclipped"] = calibrated(row.get("raw"), null, row["ceiling"])
        if row["unclipped"] is not None and row["ceiling_draws"] is not None and null is not None:
            apart = np.maximum(row["ceiling_draws"] - null, 1e-3)
            row["calibrated_low"], row["calibrated_high"] = bounds(np.clip((row["draws"] - null) / apart, 0, 1))
    listed = ("raw", "low", "high", "mass_weighted", "area", "n", "gate", "calibrated_low", "calibrated_high")
    return {
        "measure": settings.headline,
        "decoder_optimised": settings.decoder_optimised,
        "window": settings.window,
        "thresholds": {"correlation": settings.correlation, "cosine": settings.cosine},
        **{key: [row.get(key) for row in rows] for key in listed},
        "calibrated": [None if (value := row["unclipped"]) is None else min(1.0, max(0.0, value)) for row in rows],
        "calibrated_unclipped": [row["unclipped"] for row in rows],
        "by_measure": {name: [row.get(name) for row in rows] for name in _MEASURES},
        "null": null,
        "ceiling": mean([row["ceiling"] for row in rows]),
        "ceiling_by_step": [row["ceiling"] for row in rows],
        "ceiling_from": "seeds at the same checkpoint" if by_seeds else _origin(ceiling),
        "by_seed": {
            str(one.seed): [row["by_seed"][place] if "by_seed" in row else None for row in rows]
            for place, one in enumerate(series)
        },
        "unmatched": _unmatched(recent, settings),
        "same_index_cosine": [row.get("same_index_cosine") for row in rows],
        "same_index_purity": [row.get("same_index_purity") for row in rows],
    }


def _unmatched(recent: Sequence[Sequence[Snapshot]], settings: AnalysisSettings) -> dict[str, Any] | None:
    """Whether what has no partner between the last two checkpoints spans the same directions, mean over seeds."""
    if len(recent) < 2:
        return None
    found = [unmatched_overlap(now, before, settings) for now, before in zip(recent[-1], recent[-2], strict=True)]
    known = [one for one in found if one is not None]
    if not known:
        return None
    return {
        "overlap": fmean(one.value for one in known),
        "chance": fmean(one.chance for one in known),
        "rank": fmean(fmean(one.ranks) for one in known),
    }


def _origin(ceiling: float | Sequence[Series] | None) -> str | None:
    """What a ceiling is from, in words: series by their condition and kind."""
    if ceiling is None or isinstance(ceiling, float | int):
        return None if ceiling is None else "a number given"
    return ceiling[0].group


def _fixed_ceiling(
    ceiling: float | Sequence[Series] | None, settings: AnalysisSettings
) -> tuple[float | None, NDArray[np.float64] | None]:
    """A ceiling for all checkpoints, and bootstrap samples of it: a number as it is, or the mean purity of series in which nothing changed."""
    if ceiling is None:
        return None, None
    if not isinstance(ceiling, Sequence):
        return ceiling, np.full(settings.resamples, ceiling)
    if len(ceiling[0].snapshots) <= settings.window:
        raise UserError(
            f"the series without change has {len(ceiling[0].snapshots)} checkpoints; "
            f"a window of {settings.window} needs at least {settings.window + 1}"
        )
    draws, values = [], []
    for checkpoint in range(settings.window, len(ceiling[0].snapshots)):
        by_seed = []
        for one in ceiling:
            past = [one.snapshots[checkpoint - back] for back in range(settings.window, 0, -1)]
            by_seed.append(purity(pair(one.snapshots[checkpoint], past, settings), settings))
        if judged := [found for found in by_seed if found.n]:
            draws.append(purity_draws(judged, resamples=settings.resamples, seed=settings.seed))
            values.append(mean([found.raw for found in judged]))
    if not values:  # no feature to follow: the ceiling is as unknown as purity itself
        return None, None
    return mean(values), np.mean(draws, axis=0)
