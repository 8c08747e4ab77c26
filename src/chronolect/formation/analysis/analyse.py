"""What series of autoencoders say about a run: temporal purity, births and deaths. Every number beside its null, its ceiling and its interval."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from chronolect.errors import UserError
from chronolect.formation.analysis.births_report import births_report
from chronolect.formation.analysis.convergence import convergence, has_reference
from chronolect.formation.analysis.purity_report import purity_report
from chronolect.formation.analysis.series import AnalysisSettings, Kind, Series

__all__ = ["AnalysisSettings", "Kind", "Series", "analyse"]


def analyse(
    series: Sequence[Series],
    settings: AnalysisSettings | None = None,
    *,
    null: float | None = None,
    ceiling: float | Sequence[Series] | None = None,
    converged: Sequence[Series] = (),
) -> dict[str, Any]:
    """Purity, births and turnover of a run: the group `chrono_metrics` of the evaluation report.

    Args:
        series: Seeds of one condition and kind, all on the same probe and checkpoints.
        settings: Thresholds.
        null: Purity where nothing is the same; measured on permuted tokens and random directions if None.
        ceiling: Purity where nothing changed, or series made on one unchanging checkpoint to measure it on. If None: of `cold`
            series from two or more seeds at the same checkpoint; otherwise unknown, and purity stays raw.
        converged: Series over the same checkpoints trained long enough, against which the others' convergence is judged.

    Raises:
        UserError: Where there is no series, or they do not belong together.
    """
    if not series:
        raise UserError("there is no series of autoencoders to analyse")
    settings = settings or AnalysisSettings()
    first = series[0]
    steps = [snapshot.step for snapshot in first.snapshots]
    for one in [*series, *converged]:
        if len(one.snapshots) != len(steps):
            raise UserError(
                f"series {one.group} of seed {one.seed} has {len(one.snapshots)} checkpoints and {first.group} {len(steps)}; "
                "compare series over the same checkpoints"
            )
    if groups := {one.group for one in series} - {first.group}:
        raise UserError(f"{first.group} and {groups.pop()} are not seeds of each other; analyse each by itself")
    gate = convergence(series, settings, converged)
    pure = purity_report(series, settings, gate=gate, null=null, ceiling=ceiling)
    known = np.array([verdict == "converged" for verdict in gate])
    events, births, turnover = births_report(series, steps, settings, known)
    scores = [
        None if verdict != "converged" else raw if ceiling is None else value
        for verdict, value, raw, ceiling in zip(
            pure["gate"], pure["calibrated"], pure["raw"], pure["ceiling_by_step"], strict=True
        )
    ]
    return {
        "series": first.group,
        "seeds": [one.seed for one in series],
        "steps": steps,
        "temporal_purity_scores": scores,
        "final_temporal_purity": scores[-1],
        "feature_birth_events": events,
        "purity": pure,
        "births": births,
        "turnover": turnover,
        "cross_reconstruction": None,
        "settings": asdict(settings),
        "warnings": _warnings(series, pure, births, settings, judged=bool(converged) or has_reference(series)),
    }


def _warnings(
    series: Sequence[Series], pure: dict[str, Any], births: dict[str, Any], settings: AnalysisSettings, *, judged: bool
) -> list[str]:
    """What a reader must know before believing the numbers, a sentence each."""
    group, found = series[0].group, []
    if len(series[0].snapshots) <= settings.window:
        found.append(f"{group}: too few checkpoints for purity over a window of {settings.window}")
    elif pure["ceiling"] is None:
        found.append(
            f"{group}: no ceiling is known, so purity is raw; it mixes change of the model with chance of training"
        )
    triples = zip(pure["raw"], pure["calibrated"], pure["ceiling_by_step"], strict=True)
    blank = [raw is not None and top is not None and value is None for raw, value, top in triples]
    unread = [str(one.step) for one, cannot in zip(series[0].snapshots, blank, strict=True) if cannot]
    if unread:
        found.append(
            f"{group}: autoencoders agree so little even where nothing changed that purity cannot be read at step "
            f"{', '.join(unread)}; train them on more tokens, or with fewer latents"
        )
    if len(series) == 1:
        found.append(
            f"{group}: a single seed; latents that are noise cannot be told from features, and intervals lack its spread"
        )
    elif pure["ceiling_from"] == "seeds at the same checkpoint" and len(series) == 2 and settings.window > 1:
        found.append(
            f"{group}: with two seeds the ceiling of a window rests on an assumption about how latents differ; take three or more"
        )
    if not judged:
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
