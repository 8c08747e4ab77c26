"""What a run's owner should hear of at once: features that came or went between two snapshots, and autoencoders that fell ill."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chronolect.formation.analysis.matching import alive, correlations
from chronolect.formation.analysis.snapshots import Snapshot

_NAMED = 8  # features named in one alert: those that fire most


@dataclass(frozen=True, kw_only=True)
class AlertSettings:
    """When something is worth a line.

    Args:
        present: Correlation from which a feature of one snapshot counts as found in the other.
        absent: Correlation below which it counts as new or gone. Between the two nothing is said.
        least: Tokens of the probe on which a feature must fire to be spoken of.
        dead_rise: Rise of the share of dead latents that is worth a line.
        variance_drop: Fall of the explained variance that is worth a line.
    """

    present: float = 0.5
    absent: float = 0.3
    least: int = 50
    dead_rise: float = 0.1
    variance_drop: float = 0.05


def alerts(previous: Snapshot | None, current: Snapshot, settings: AlertSettings | None = None) -> list[dict[str, Any]]:
    """Lines on what changed between two snapshots of one autoencoder on the same probe.

    A birth is a feature alive now whose best correlation with anything alive before lies below `absent`; a death is the
    same the other way round. One snapshot at a time cannot tell a birth from a flicker: `births.py` judges afterwards,
    with hysteresis; an alert is for those who watch.

    Args:
        previous: The snapshot before; None at the first.
        current: The snapshot now.
        settings: When to speak.

    Returns:
        Of each alert `alert` ("not finite", "explained variance", "dead latents", "births", "deaths"), `step`, `since`
        (step of `previous`), `text`, and its numbers.
    """
    settings = settings or AlertSettings()
    since = previous.step if previous else None
    found = _ill(previous, current, settings)
    if any(alert["alert"] == "not finite" for alert in found):
        return [{"step": current.step, "since": since, **alert} for alert in found]
    if previous is not None:
        found += _changes(previous, current, settings)
    return [{"step": current.step, "since": since, **alert} for alert in found]


def _ill(previous: Snapshot | None, current: Snapshot, settings: AlertSettings) -> list[dict[str, Any]]:
    if not (np.isfinite(current.decoder).all() and np.isfinite(current.codes.data).all()):
        return [
            {
                "alert": "not finite",
                "text": "the autoencoder holds numbers that are not finite; nothing later can be trusted",
            }
        ]
    if previous is None:
        return []
    found = []
    before, now = (snapshot.measures.get("explained_variance") for snapshot in (previous, current))
    if before is not None and now is not None and before - now > settings.variance_drop:
        text = f"explained variance fell from {before:.3f} to {now:.3f}"
        found.append({"alert": "explained variance", "text": text, "before": before, "now": now})
    before, now = (snapshot.measures.get("dead_share") for snapshot in (previous, current))
    if before is not None and now is not None and now - before > settings.dead_rise:
        text = f"the share of dead latents rose from {before:.0%} to {now:.0%}"
        found.append({"alert": "dead latents", "text": text, "before": before, "now": now})
    return found


def _changes(previous: Snapshot, current: Snapshot, settings: AlertSettings) -> list[dict[str, Any]]:
    sides = []
    for snapshot in (previous, current):
        living = np.flatnonzero(alive(snapshot.codes, least=settings.least))
        sides.append((living, snapshot.codes[:, living]))
    (old, old_codes), (new, new_codes) = sides
    if not len(old) or not len(new):
        return []
    similarity = correlations(old_codes, new_codes)
    kept = int((similarity.max(axis=1) >= settings.present).sum())
    found = []
    for name, latents, codes, best in (
        ("births", new, new_codes, similarity.max(axis=0)),
        ("deaths", old, old_codes, similarity.max(axis=1)),
    ):
        changed = np.flatnonzero(best < settings.absent)
        if not len(changed):
            continue
        firings = np.diff(codes.tocsc().indptr)[changed]
        order = np.argsort(-firings, kind="stable")[:_NAMED]
        said = f"features were not there at step {previous.step}"
        if name == "deaths":
            said = f"features of step {previous.step} are gone"
        found.append(
            {
                "alert": name,
                "text": f"{len(changed)} of {len(latents)} {said}",
                "count": len(changed),
                "alive": len(latents),
                "kept": kept,
                "features": [int(latents[changed[place]]) for place in order],
                "firings": [int(firings[place]) for place in order],
            }
        )
    return found
