"""Whether the autoencoders of a series are trained well enough for their latents to mean something."""

from collections.abc import Mapping, Sequence
from math import hypot
from statistics import fmean
from typing import Any, Literal

from chronolect.formation.analysis.series import AnalysisSettings, Series

_ONE_SIDED = 1.645  # standard errors

Verdict = Literal["converged", "not converged"]


def convergence(
    series: Sequence[Series], settings: AnalysisSettings, converged: Sequence[Series] = ()
) -> list[Verdict]:
    """Verdict for each checkpoint on the mean over seeds; an autoencoder that has learned little keeps what it began with, and seems pure.

    Explained variance may lie `ev_tolerance` below its reference and the loss in cross-entropy at `ce_ratio` times it; that is more only where
    it is so beyond chance (one-sided 95 %, by the standard errors over rows of text), since early in a run both are next to nothing and their
    ratio is noise. The reference is what converged autoencoders reach at the same checkpoint: those of `converged`, or what the snapshots' own
    measures give as `reference_explained_variance`, `reference_delta_ce` and `reference_delta_ce_se`. Without any, explained variance is held
    against the checkpoints beside it, since it drifts over a run: that finds a checkpoint where training failed, not a series that was
    trained too little as a whole. One that explains no more than the mean does has not converged, whatever is beside it.
    """
    own = _measures(series)
    theirs, prefix = (_measures(converged), "") if converged else (own, "reference_")
    reached, lost = _means(own, "explained_variance"), _means(own, "delta_ce")
    wanted, allowed = _means(theirs, f"{prefix}explained_variance"), _means(theirs, f"{prefix}delta_ce")
    chance, theirs_chance = _errors(own, "delta_ce_se"), _errors(theirs, f"{prefix}delta_ce_se")
    verdicts: list[Verdict] = []
    for checkpoint, value in enumerate(reached):
        reference = _beside(reached, checkpoint) if wanted[checkpoint] is None else wanted[checkpoint]
        low = value is not None and (
            value <= 0 or (reference is not None and value < reference - settings.ev_tolerance)
        )
        cost, most = lost[checkpoint], allowed[checkpoint]
        slack = _ONE_SIDED * hypot(chance[checkpoint], settings.ce_ratio * theirs_chance[checkpoint])
        dear = cost is not None and most is not None and cost > settings.ce_ratio * most + slack
        verdicts.append("not converged" if low or dear else "converged")
    return verdicts


def has_reference(series: Sequence[Series]) -> bool:
    """Whether the snapshots say themselves what a converged autoencoder reaches."""
    return all("reference_explained_variance" in one.snapshots[-1].measures for one in series)


def _measures(series: Sequence[Series]) -> list[list[Mapping[str, Any]]]:
    """Of each seed at each checkpoint; snapshots are read once, since that may mean from the disk."""
    return [[snapshot.measures for snapshot in one.snapshots] for one in series]


def _means(measures: Sequence[Sequence[Mapping[str, Any]]], key: str) -> list[float | None]:
    """Mean over seeds at each checkpoint; None where a seed does not say."""
    found: list[float | None] = []
    for seeds in zip(*measures, strict=True):
        said = [value for seed in seeds if (value := seed.get(key)) is not None]
        found.append(fmean(said) if len(said) == len(seeds) else None)
    return found


def _errors(measures: Sequence[Sequence[Mapping[str, Any]]], key: str) -> list[float]:
    """Standard error of the mean over seeds at each checkpoint; 0 where a seed does not say."""
    found = []
    for seeds in zip(*measures, strict=True):
        said = [value for seed in seeds if (value := seed.get(key)) is not None]
        found.append(hypot(*said) / len(said) if len(said) == len(seeds) else 0.0)
    return found


def _beside(values: Sequence[float | None], place: int) -> float | None:
    """The lower of the two values beside a place; at an end the lower of the next and of the line through the next two."""
    if 0 < place < len(values) - 1:
        known = [value for value in (values[place - 1], values[place + 1]) if value is not None]
    else:
        inward = 1 if place == 0 else -1
        known = [v for v in values[place + inward : place + 3 * inward : inward] if v is not None]
        if len(known) == 2:
            known = [known[0], 2 * known[0] - known[1]]
    return min(known) if known else None
