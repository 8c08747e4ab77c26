"""Snapshots of autoencoders that are still learning: made on the probe, kept below `series/`, and compared as they come."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from chronolect.artifacts import move_into_place, read_json
from chronolect.formation.alerts import AlertSettings, alerts
from chronolect.formation.analysis.matching import alive
from chronolect.formation.analysis.purity import pair, purity
from chronolect.formation.analysis.series import AnalysisSettings
from chronolect.formation.analysis.snapshots import StoredSnapshots
from chronolect.formation.online.learners import Learner
from chronolect.formation.online.routed import read_routed_probe, read_routing
from chronolect.formation.reading.probe import Probe
from chronolect.formation.routing.files import save_route
from chronolect.formation.routing.model import RouteSae
from chronolect.formation.sae.files import CONFIG, WEIGHTS, save_sae
from chronolect.formation.track.measuring import read_probe

_ROWS = 16  # of the probe in a forward pass
_OF_SAE = (CONFIG, WEIGHTS, "router.json", "router.safetensors")
_MEANT = ("explained_variance", "dead_share", "delta_ce")  # over the seeds, in a record


@dataclass(frozen=True)
class Snapshots:
    """Makes the snapshots of a run.

    Attributes:
        folder: Of the run; they go below its `series/`.
        learners: The autoencoders.
        judge: The one of random layers by which routers are judged; None where there are none.
        layers: Blocks that are read.
        probe: The tokens.
        settings: Thresholds of what is said of them at once.
        keep_saes: Whether the autoencoder stays beside every snapshot, not beside the last one only.
        spliced_tokens: How many of them reconstructions are spliced into.
        bfloat16: Whether the model multiplies matrices in bfloat16.
    """

    folder: Path
    learners: Sequence[Learner]
    judge: Learner | None
    layers: Sequence[int]
    probe: Probe
    settings: AnalysisSettings
    keep_saes: bool
    spliced_tokens: int
    bfloat16: bool

    @property
    def trained(self) -> list[Learner]:
        """All that learn: the autoencoders, and the judge."""
        return [*self.learners, *([self.judge] if self.judge else [])]

    def begin(self, step: int) -> None:
        """Stand where the run stood after `step` steps: what came later is deleted, to be made again."""
        for place in self.folder.glob("series/*/*step-*"):
            if place.name.startswith(".") or int(place.name.removeprefix("step-")) > step:
                shutil.rmtree(place)
        if not step:
            self.probe.save(self.folder / "probe")

    def has(self, step: int) -> bool:
        """Whether there is one of this step."""
        return self._place(self.learners[0], step).is_dir()

    def take(self, step: int, model: Any, *, tokens: int) -> list[dict[str, Any]]:
        """Make one of each autoencoder, which has learned from so many tokens, with the model as it is.

        Returns:
            Records for metrics.jsonl: one of the base condition's means, and one for each alert.
        """
        was_training = model.training
        model.eval()
        scratch = self.folder / ".probe.f32"
        settings: dict[str, Any] = {
            "rows": _ROWS,
            "spliced_tokens": self.spliced_tokens,
            "bfloat16": self.bfloat16,
            "name": f"the model at step {step}",
        }
        seen: Any
        if len(self.layers) > 1:
            judge: Any = self.judge.sae if self.judge else None
            seen = read_routed_probe(model, self.layers, self.probe, scratch, judge=judge, **settings)
        else:
            seen = read_probe(model, self.layers[0], self.probe, scratch, **settings)
        costs = seen.splices([learner.sae for learner in self.learners])
        for learner, cost in zip(self.learners, costs, strict=True):
            place = self._place(learner, step)
            partial = place.with_name(f".{place.name}.partial")
            partial.mkdir(parents=True, exist_ok=True)
            measures = {**cost, "scale": float(learner.trainer.sae.scale), "tokens_trained": tokens}
            seen.snapshot(learner.sae, partial, step=step, measures=measures, metadata=self._metadata(learner, step))
            if not self.keep_saes:
                for name in _OF_SAE:
                    (partial / name).unlink(missing_ok=True)
            move_into_place(partial, place)
        del seen
        scratch.unlink()
        model.train(was_training)
        return self._look(step)

    def keep_last(self, step: int) -> None:
        """Write the autoencoders beside the snapshots of the last step."""
        for learner in self.learners:
            sae, place, metadata = learner.sae, self._place(learner, step), self._metadata(learner, step)
            if isinstance(sae, RouteSae):
                save_route(place, sae, metadata=metadata)
            else:
                save_sae(place, sae, hook=f"blocks.{self.layers[0]}.hook_resid_post", metadata=metadata)

    def routing(self) -> dict[str, Any] | None:
        """The base condition's routers, over the seeds; None where there are none."""
        if len(self.layers) == 1:
            return None
        base = [learner for learner in self.learners if learner.condition.name == "base"]
        return read_routing([StoredSnapshots(self._series(learner)).folders for learner in base])

    def records(self) -> list[dict[str, Any]]:
        """What was measured at every snapshot, by series and step."""
        found = []
        for learner in self.learners:
            about = {"series": learner.name, "condition": learner.condition.name, "kind": "warm", "seed": learner.seed}
            places = StoredSnapshots(self._series(learner)).folders
            found += [{**about, **read_json(place / "measures.json")} for place in places]
        return found

    def _look(self, step: int) -> list[dict[str, Any]]:
        """What the last snapshots of the base condition say at once: means over the seeds, and alerts."""
        numbers: dict[str, list[float]] = {}
        alarms = []
        for learner in self.learners:
            if learner.condition.name != "base":
                continue
            stored = StoredSnapshots(self._series(learner))
            *before, now = stored[-self.settings.window - 1 :]
            found: dict[str, Any] = {name: now.measures.get(name) for name in _MEANT}
            living = int(alive(now.codes, self.settings.least, self.settings.dense).sum())
            found["features_alive"] = living
            said = alerts(
                before[-1] if before else None,
                now,
                AlertSettings(present=self.settings.on, absent=self.settings.off, least=self.settings.least),
            )
            if before:
                counts = {alert["alert"]: alert["count"] for alert in said if "count" in alert}
                found["features_born"], found["features_died"] = counts.get("births", 0), counts.get("deaths", 0)
                found["feature_birth_rate"] = found["features_born"] / living if living else None
            if len(before) == self.settings.window:
                found["temporal_purity"] = purity(pair(now, before, self.settings), self.settings).raw
            for name, value in found.items():
                if value is not None:
                    numbers.setdefault(name, []).append(value)
            alarms += [{"kind": "alert", "series": learner.name, **alert} for alert in said]
        means = {name: fmean(values) for name, values in numbers.items()}
        return [{"kind": "formation", "step": step, **means}, *alarms]

    def _metadata(self, learner: Learner, step: int) -> dict[str, Any]:
        return {
            "condition": learner.condition.name,
            "kind": "warm",
            "seed": learner.seed,
            "checkpoint_step": step,
        }

    def _series(self, learner: Learner) -> Path:
        return self.folder / "series" / learner.name

    def _place(self, learner: Learner, step: int) -> Path:
        return self._series(learner) / f"step-{step}"
