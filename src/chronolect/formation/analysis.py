"""What series of autoencoders say about a run: temporal purity, births and deaths. Every number beside its null, its ceiling and its interval."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import fmean, median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chronolect.errors import UserError
from chronolect.formation.births import (
    Lifetimes,
    bootstrap_weights,
    cumulative,
    half_step,
    lifetimes,
    states,
)
from chronolect.formation.following import Features, follow, forward, presence_null
from chronolect.formation.purity import (
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
from chronolect.formation.series import AnalysisSettings, Kind, Series
from chronolect.formation.snapshots import Snapshot

__all__ = ["AnalysisSettings", "Kind", "Series", "analyse"]

_NEIGHBOURS = 2  # checkpoints on each side, whose median explained variance stands in for a converged autoencoder's


def analyse(
    series: Sequence[Series],
    settings: AnalysisSettings | None = None,
    *,
    null: float | None = None,
    ceiling: float | Sequence[Series] | None = None,
) -> dict[str, Any]:
    """Purity, births and turnover of the first condition and kind among the series; the others' under `other_series`.

    Args:
        series: All on the same probe and checkpoints. Those of one condition and kind are seeds of each other.
        settings: Thresholds.
        null: Purity where nothing is the same; measured on permuted tokens and random directions if None.
        ceiling: Purity where nothing changed, or series made on one unchanging checkpoint to measure it on. If None: of `cold`
            series from two or more seeds at the same checkpoint; otherwise unknown, and purity stays raw.

    Raises:
        UserError: Where there is no series, or they are not of the same checkpoints.
    """
    if not series:
        raise UserError("there is no series of autoencoders to analyse")
    settings = settings or AnalysisSettings()
    groups: dict[str, list[Series]] = {}
    for one in series:
        groups.setdefault(one.group, []).append(one)
    steps = [snapshot.step for snapshot in series[0].snapshots]
    for one in series:
        if len(one.snapshots) != len(steps):
            raise UserError(
                f"series {one.group} of seed {one.seed} has {len(one.snapshots)} checkpoints and {series[0].group} {len(steps)}; "
                "compare series over the same checkpoints"
            )
    found = [
        _group(members, steps, settings, null=null, ceiling=ceiling if place == 0 else None)
        for place, members in enumerate(groups.values())
    ]
    others = dict(zip(list(groups)[1:], found[1:], strict=True))
    return found[0] | {"settings": asdict(settings)} | ({"other_series": others} if others else {})


def _group(
    series: Sequence[Series],
    steps: list[int],
    settings: AnalysisSettings,
    *,
    null: float | None,
    ceiling: float | Sequence[Series] | None,
) -> dict[str, Any]:
    pure = _purity(series, settings, null=null, ceiling=ceiling)
    known = np.array([verdict != "not converged" for verdict in pure["gate"]])
    events, births, turnover = _births(series, steps, settings, known)
    scores = [
        None if verdict != "converged" else value if value is not None else raw
        for verdict, value, raw in zip(pure["gate"], pure["calibrated"], pure["raw"], strict=True)
    ]
    return {
        "series": series[0].group,
        "seeds": [one.seed for one in series],
        "steps": steps,
        "temporal_purity_scores": scores,
        "final_temporal_purity": scores[-1],
        "feature_birth_events": events,
        "purity": pure,
        "births": births,
        "turnover": turnover,
        "cross_reconstruction": None,
        "warnings": _warnings(series, pure, births, settings),
    }


def _warnings(
    series: Sequence[Series], pure: dict[str, Any], births: dict[str, Any], settings: AnalysisSettings
) -> list[str]:
    """What a reader must know before believing the numbers, a sentence each."""
    group, found = series[0].group, []
    if len(series[0].snapshots) <= settings.window:
        found.append(f"{group}: too few checkpoints for purity over a window of {settings.window}")
    elif pure["ceiling"] is None:
        found.append(
            f"{group}: no ceiling is known, so purity is raw; it mixes change of the model with chance of training"
        )
    if len(series) == 1:
        found.append(
            f"{group}: a single seed; latents that are noise cannot be told from features, and intervals lack its spread"
        )
    elif pure["ceiling_from"] == "seeds at the same checkpoint" and len(series) == 2 and settings.window > 1:
        found.append(
            f"{group}: with two seeds the ceiling of a window is an upper bound, so calibrated purity is a lower one"
        )
    if not all("reference_explained_variance" in one.snapshots[-1].measures for one in series):
        found.append(
            f"{group}: convergence is judged against neighbouring checkpoints only; that all of them lack it would not show"
        )
    if (by_chance := births["presence_null"]["share_on"]) is not None and by_chance > 0.01:
        found.append(
            f"{group}: {by_chance:.1%} of features seem present on permuted tokens; take a larger probe or a higher `on`"
        )
    if settings.decoder_optimised:
        found.append(f"{group}: training held decoder rows in place, so purity is functional and cosines prove nothing")
    return found


def _purity(
    series: Sequence[Series],
    settings: AnalysisSettings,
    *,
    null: float | None,
    ceiling: float | Sequence[Series] | None,
) -> dict[str, Any]:
    sampling = {"resamples": settings.resamples, "seed": settings.seed}
    rows: list[dict[str, Any]] = []
    recent: list[list[Snapshot]] = []
    by_seeds = series[0].kind == "cold" and len(series) > 1 and ceiling is None
    fixed, fixed_draws = _fixed_ceiling(ceiling, settings)
    for checkpoint in range(len(series[0].snapshots)):
        recent = [*recent, [one.snapshots[checkpoint] for one in series]][-settings.window - 1 :]
        now, before = recent[-1], recent[:-1]
        row: dict[str, Any] = {"gate": _gate(series, checkpoint, settings), "ceiling": fixed}
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
        by_seed = [purity(pair(one, past, settings), settings) for one, past in zip(now, histories, strict=True)]
        naive = [same_index(one, past, settings.cosine) for one, past in zip(now, histories, strict=True)]
        row |= {
            "mass_weighted": _mean([one.mass_weighted for one in by_seed]),
            "area": _mean([one.area for one in by_seed]),
            "n": sum(one.n for one in by_seed),
            "by_seed": [one.raw for one in by_seed],
            "same_index_cosine": fmean(cosine for cosine, _ in naive),
            "same_index_purity": fmean(share for _, share in naive),
        }
        if judged := [one for one in by_seed if one.n]:
            draws = purity_draws(judged, **sampling)
            row |= {"raw": _mean([one.raw for one in judged]), "draws": draws, "ceiling_draws": tops}
            row["low"], row["high"] = _bounds(draws)
        rows.append(row)
    if null is None and len(recent) > 1:
        null = _mean([permuted_null(*two, settings) for two in zip(recent[-1], recent[-2], strict=True)])
    for row in rows:
        row["unclipped"] = calibrated(row.get("raw"), null, row["ceiling"])
        if row["unclipped"] is not None and row["ceiling_draws"] is not None and null is not None:
            apart = np.maximum(row["ceiling_draws"] - null, 1e-3)
            row["calibrated_low"], row["calibrated_high"] = _bounds(np.clip((row["draws"] - null) / apart, 0, 1))
    listed = ("raw", "low", "high", "mass_weighted", "area", "n", "gate", "calibrated_low", "calibrated_high")
    return {
        "measure": settings.headline,
        "decoder_optimised": settings.decoder_optimised,
        "window": settings.window,
        "thresholds": {"correlation": settings.correlation, "cosine": settings.cosine},
        **{key: [row.get(key) for row in rows] for key in listed},
        "calibrated": [None if (value := row["unclipped"]) is None else min(1.0, max(0.0, value)) for row in rows],
        "calibrated_unclipped": [row["unclipped"] for row in rows],
        "null": null,
        "ceiling": _mean([row["ceiling"] for row in rows]),
        "ceiling_by_step": [row["ceiling"] for row in rows],
        "ceiling_from": "seeds at the same checkpoint" if by_seeds else None if ceiling is None else "given",
        "by_seed": {
            str(one.seed): [row["by_seed"][place] if "by_seed" in row else None for row in rows]
            for place, one in enumerate(series)
        },
        "same_index_cosine": [row.get("same_index_cosine") for row in rows],
        "same_index_purity": [row.get("same_index_purity") for row in rows],
    }


def _fixed_ceiling(
    ceiling: float | Sequence[Series] | None, settings: AnalysisSettings
) -> tuple[float | None, NDArray[np.float64] | None]:
    """A ceiling for all checkpoints, and bootstrap samples of it: a number as it is, or the mean purity of series in which nothing changed."""
    if ceiling is None:
        return None, None
    if not isinstance(ceiling, Sequence):
        return ceiling, np.full(settings.resamples, ceiling)
    draws, values = [], []
    for checkpoint in range(settings.window, len(ceiling[0].snapshots)):
        by_seed = []
        for one in ceiling:
            past = [one.snapshots[checkpoint - back] for back in range(settings.window, 0, -1)]
            by_seed.append(purity(pair(one.snapshots[checkpoint], past, settings), settings))
        if judged := [found for found in by_seed if found.n]:
            draws.append(purity_draws(judged, resamples=settings.resamples, seed=settings.seed))
            values.append(_mean([found.raw for found in judged]))
    if not values:
        raise UserError(
            f"the series without change has {len(ceiling[0].snapshots)} checkpoints with features to follow; "
            f"a window of {settings.window} needs at least {settings.window + 1}"
        )
    return _mean(values), np.mean(draws, axis=0)


def _gate(series: Sequence[Series], checkpoint: int, settings: AnalysisSettings) -> str:
    """Whether the autoencoders at a checkpoint are trained well enough for their latents to mean something.

    Explained variance, and loss of cross-entropy, are held against those of a converged autoencoder at the same checkpoint where the
    snapshots' measures give them (`reference_explained_variance`, `reference_delta_ce`); otherwise explained variance is held against
    the median of the checkpoints around, since it may drift over a run.
    """
    measures = [one.snapshots[checkpoint].measures for one in series]
    reached = _mean([m.get("explained_variance") for m in measures])
    reference = _mean([m.get("reference_explained_variance") for m in measures])
    if reached is None:
        return "converged"
    if reference is None:
        around = range(max(0, checkpoint - _NEIGHBOURS), min(len(series[0].snapshots), checkpoint + _NEIGHBOURS + 1))
        reference = median(
            fmean(one.snapshots[place].measures["explained_variance"] for one in series) for place in around
        )
    lost, allowed = _mean([m.get("delta_ce") for m in measures]), _mean([m.get("reference_delta_ce") for m in measures])
    too_much = lost is not None and allowed is not None and lost > settings.ce_ratio * allowed
    return "not converged" if reached < reference - settings.ev_tolerance or too_much else "converged"


def _births(
    series: Sequence[Series], steps: list[int], settings: AnalysisSettings, known: NDArray[np.bool_]
) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    followed = follow(series, settings)
    final = followed[0]
    events = []
    there = []
    for features in followed:
        state = states(features.presence, on=settings.on, off=settings.off, hold=settings.hold, known=known)
        there.append(state)
        events += _events(series, features, lifetimes(state, known), steps)
    every = np.concatenate(there)
    before = np.hstack([np.zeros((len(every), 1), dtype=np.bool_), every[:, :-1]])
    turnover = {
        "steps": steps,
        "alive": every.sum(axis=0).tolist(),
        "born": [0, *(every & ~before).sum(axis=0).tolist()[1:]],
        "died": (before & ~every).sum(axis=0).tolist(),
    }
    chance = presence_null(final, series, len(steps) // 2, settings.seed)
    early = _early(steps, settings)
    births = {
        "reference": "final",
        "reference_step": steps[-1],
        "on": settings.on,
        "off": settings.off,
        "hold": settings.hold,
        "consensus": settings.consensus if len(series) > 1 else None,
        **_curve(final, lifetimes(there[0], known), steps, settings, deaths=False),
        "vanished": sum(map(len, followed[1:])),
        "presence_null": {
            "median": float(np.median(chance)) if len(chance) else None,
            "q99": float(np.quantile(chance, 0.99)) if len(chance) else None,
            "share_on": float((chance >= settings.on).mean()) if len(chance) else None,
        },
    }
    ahead = forward(series, early, settings)
    state = states(ahead.presence, on=settings.on, off=settings.off, hold=settings.hold, known=known)
    births["forward"] = {
        "reference": "early",
        "reference_step": steps[early],
        **_curve(ahead, lifetimes(state, known), steps, settings, deaths=True),
    }
    return events, births, turnover


def _early(steps: list[int], settings: AnalysisSettings) -> int:
    if settings.early is None:
        return (len(steps) - 1) // 3
    if settings.early not in steps:
        raise UserError(f"early {settings.early}: there is no checkpoint of that step; choose one of {steps}")
    return steps.index(settings.early)


def _events(series: Sequence[Series], features: Features, lives: Lifetimes, steps: list[int]) -> list[dict[str, Any]]:
    def step(index: int) -> int | None:
        return steps[index] if index >= 0 else None

    tokens = features.codes.shape[0]
    return [
        {
            "feature": int(features.latent[i]),
            "series": series[0].group,
            "seed": series[features.seed[i]].seed,
            "reference_step": steps[features.reference],
            "found_in": int(features.members[i].sum()),
            "initial": bool(lives.initial[i]),
            "birth_step_lo": step(lives.absent[i]),
            "birth_step_hi": step(lives.born[i]),
            "death_step_lo": step(lives.present[i]),
            "death_step_hi": step(lives.died[i]),
            "presence": [round(float(value), 4) for value in features.presence[i]],
            "match_ids": features.match[i].tolist(),
            "match_seeds": [series[place].seed for place in features.match_seed[i]],
            "firing_rate": float(features.firings[i] / tokens),
            "firings": int(features.firings[i]),
        }
        for i in range(len(features))
    ]


def _curve(
    features: Features, lives: Lifetimes, steps: list[int], settings: AnalysisSettings, *, deaths: bool
) -> dict[str, Any]:
    """Counts, and the share born by each checkpoint or, of deaths, still there."""
    n, count = len(features), len(steps)
    initial, born, died = lives.initial, lives.born >= 0, lives.died >= 0
    counts = {
        "n": n,
        "initial": int(initial.sum()),
        "born": int((born & ~initial).sum()),
        "died": int(died.sum()),
        "censored": int((born & ~died).sum()),
    }
    if n == 0:
        nothing = [None] * count
        return counts | {
            "curve": {"steps": steps, "share": nothing, "low": nothing, "high": nothing},
            "half_step": None,
        }
    after, by = (lives.present, lives.died) if deaths else (lives.absent, lives.born)
    after = np.where(by < 0, count - 1, after)
    weights = bootstrap_weights(features.members, resamples=settings.resamples, seed=settings.seed)
    share, draws = cumulative(after, by, count), cumulative(after, by, count, weights)
    low, high = _bounds(draws)
    halves = [half_step(steps, one, 0.5 if deaths else (1 + float(one[0])) / 2 - 1e-9) for one in (share, *draws)]
    reached = [found for found in halves[1:] if found is not None]
    half_low, half_high = _bounds(np.array(reached)) if reached else (None, None)
    if deaths:
        share, low, high = 1 - share, [1 - value for value in high], [1 - value for value in low]
    decades = np.diff(np.log10(np.asarray(steps) + 1.0))
    name = "half_death_step" if deaths else "half_birth_step"
    return counts | {
        "curve": {"steps": steps, "share": share.tolist(), "low": low, "high": high},
        "rate_per_decade": [None, *(np.diff(share) / decades).tolist()],
        name: halves[0],
        f"{name}_low": half_low,
        f"{name}_high": half_high,
    }


def _bounds(draws: NDArray[np.float64]) -> Any:
    """The 95 % percentile interval over the first axis."""
    return np.quantile(draws, [0.025, 0.975], axis=0).tolist()


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
