"""Births and deaths over the checkpoints of a run: each event, their curves with intervals, and how many came and went when."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chronolect.errors import UserError
from chronolect.formation.analysis.births import Lifetimes, bootstrap_weights, cumulative, half_step, lifetimes, states
from chronolect.formation.analysis.following import Features, follow, forward, missed_by_chance, presence_null
from chronolect.formation.analysis.intervals import bounds
from chronolect.formation.analysis.series import AnalysisSettings, Series
from chronolect.statistics import wilson


def births_report(
    series: Sequence[Series], steps: list[int], settings: AnalysisSettings, known: NDArray[np.bool_]
) -> tuple[list[dict[str, Any]], dict[str, Any], dict[str, Any]]:
    """The groups `feature_birth_events`, `births` and `turnover` of the report.

    Args:
        series: Seeds of one condition and kind.
        steps: [C].
        settings: Thresholds.
        known: Which checkpoints can be judged, [C]; each reference is taken to be one.
    """
    followed = follow(series, settings)
    final, there, events = followed[0], [], []
    for features in followed:
        state, lives = life_of(features, settings, known)
        there.append(state)
        events += event_report(series, features, lives, steps, settings)
    every = np.concatenate(there)
    before = np.hstack([np.zeros((len(every), 1), dtype=np.bool_), every[:, :-1]])
    turnover = {
        "steps": steps,
        "alive": every.sum(axis=0).tolist(),
        "born": [0, *(every & ~before).sum(axis=0).tolist()[1:]],
        "died": (before & ~every).sum(axis=0).tolist(),
        "kept": _kept(every, settings.window),
    }
    chance = presence_null(final, series, len(steps) // 2, settings.seed)
    early = _early(steps, settings)
    lost = every[len(final) :]
    births = {
        "reference": "final",
        "reference_step": steps[-1],
        "judged": known.tolist(),
        "on": settings.on,
        "off": settings.off,
        "hold": settings.hold,
        "consensus": settings.consensus if len(series) > 1 else None,
        **curve_report(final, life_of(final, settings, known)[1], steps, settings, open_at=slice(0, -1)),
        "seen_before": sum(bool(event["seen_before"]) for event in events[: len(final)]),
        "vanished": int((lost.any(axis=1) & ~lost[:, -1]).sum()),
        "unconfirmed": int((~lost.any(axis=1)).sum()),
        "presence_null": {
            "median": float(np.median(chance)) if len(chance) else None,
            "q99": float(np.quantile(chance, 0.99)) if len(chance) else None,
            "share_on": float((chance >= settings.on).mean()) if len(chance) else None,
        },
        "missed_by_chance": missed_by_chance(series, settings),
    }
    ahead = forward(series, early, settings)
    births["forward"] = {
        "reference": "early",
        "reference_step": steps[early],
        **curve_report(
            ahead, _life_from(ahead, settings, known), steps, settings, open_at=slice(early + 1, None), deaths=True
        ),
    }
    return events, births, turnover


def _kept(there: NDArray[np.bool_], window: int) -> list[float | None]:
    """Share of the features there at a checkpoint that were there at each of the window before, [C]: purity of features, not of latents.

    Latents that a dictionary spends on no feature do not lower it. None before the window.
    """
    return [
        None if c < window or not there[:, c].any() else float(there[there[:, c], c - window : c].all(axis=1).mean())
        for c in range(there.shape[1])
    ]


def life_of(
    features: Features, settings: AnalysisSettings, known: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Lifetimes]:
    """Whether each feature is there at each checkpoint, [n, C], and when it came and went.

    Args:
        features: With their presence.
        settings: Thresholds.
        known: Which checkpoints can be judged, [C]; the features' own is taken to be one.
    """
    judged = known | (np.arange(len(known)) == features.reference)
    state = states(features.presence, on=settings.on, off=settings.off, hold=settings.hold, known=judged)
    return state, lifetimes(state, judged)


def _life_from(features: Features, settings: AnalysisSettings, known: NDArray[np.bool_]) -> Lifetimes:
    """When features came, and when they went after the checkpoint they are followed from, where all of them are there.

    One that no other checkpoint has was never confirmed as born, but it is gone at the next.
    """
    judged = known | (np.arange(len(known)) == features.reference)
    state = states(
        features.presence,
        on=settings.on,
        off=settings.off,
        hold=settings.hold,
        known=judged,
        given=features.reference,
    )
    came = lifetimes(state, judged)
    state[:, : features.reference] = False
    went = lifetimes(state, judged)
    return Lifetimes(came.born, came.absent, went.died, went.present)


def _early(steps: list[int], settings: AnalysisSettings) -> int:
    if settings.early is None:
        return (len(steps) - 1) // 3
    if settings.early not in steps:
        raise UserError(f"early {settings.early}: there is no checkpoint of that step; choose one of {steps}")
    return steps.index(settings.early)


def event_report(
    series: Sequence[Series], features: Features, lives: Lifetimes, steps: list[int], settings: AnalysisSettings
) -> list[dict[str, Any]]:
    """An entry of `feature_birth_events` for each feature; None for what did not happen, and for what came before the first checkpoint.

    `seen_before` are the steps before its birth at which it was there, for too short to count.
    """

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
            "seen_before": [
                steps[place] for place in range(max(0, lives.born[i])) if features.presence[i, place] >= settings.on
            ],
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


def curve_report(
    features: Features,
    lives: Lifetimes,
    steps: list[int],
    settings: AnalysisSettings,
    *,
    open_at: slice = slice(None),
    deaths: bool = False,
) -> dict[str, Any]:
    """Counts, and the share born by each checkpoint or, of deaths, still there.

    `open_at` are the checkpoints whose share is not settled by how the features were chosen.
    """
    n, count = len(features), len(steps)
    initial, born, died = lives.initial, lives.born >= 0, lives.died >= 0
    counts = {
        "n": n,
        "initial": int(initial.sum()),
        "born": int((born & ~initial).sum()),
        "died": int(died.sum()),
        "censored": int((born & ~died).sum()),
    }
    name = "half_death_step" if deaths else "half_birth_step"
    if n == 0:
        nothing = [None] * count
        halves = dict.fromkeys((name, f"{name}_low", f"{name}_high"))
        curve = {"steps": steps, "share": nothing, "low": nothing, "high": nothing}
        return counts | {"curve": curve, "rate_per_decade": nothing} | halves
    after, by = (lives.present, lives.died) if deaths else (lives.absent, lives.born)
    after = np.where(by < 0, count - 1, after)
    weights = bootstrap_weights(features.members, resamples=settings.resamples, seed=settings.seed)
    share, draws = cumulative(after, by, count), cumulative(after, by, count, weights)
    low, high = bounds(draws)
    half, *others = [half_step(steps, one, 0.5 if deaths else (1 + float(one[0])) / 2) for one in (share, *draws)]
    if not deaths and not counts["born"]:
        half = None  # nothing is to happen, so there is no half of it
    half_low, half_high = (None, None) if half is None else _half_bounds(others)
    if deaths:
        share, low, high = 1 - share, [1 - value for value in high], [1 - value for value in low]
    for place in range(count)[open_at]:
        if share[place] in (0.0, 1.0):  # of all or none every bootstrap sample is the same, which is not certainty
            bound = wilson(round(float(share[place])) * n, n)
            low[place], high[place] = bound.low, bound.high
    decades = np.diff(np.log10(np.asarray(steps) + 1.0))
    return counts | {
        "curve": {"steps": steps, "share": share.tolist(), "low": low, "high": high},
        "rate_per_decade": [None, *(np.diff(share) / decades).tolist()],
        name: half,
        f"{name}_low": half_low,
        f"{name}_high": half_high,
    }


def _half_bounds(halves: Sequence[float | None]) -> tuple[float | None, float | None]:
    """The 95 % interval of a half-way step; a sample that does not come half way is later than all others, so the upper end may be open."""
    later = np.array([np.inf if half is None else half for half in halves])
    low = float(np.quantile(later, 0.025, method="lower"))
    high = float(np.quantile(later, 0.975, method="higher"))
    return (low if np.isfinite(low) else None), (high if np.isfinite(high) else None)
