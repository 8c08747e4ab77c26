"""Features followed beside a training run: the autoencoders learn after its steps, are looked at now and then, and are saved with it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from chronolect.artifacts import read_json, write_json
from chronolect.formation.online.config import FormationConfig
from chronolect.formation.online.learners import memory_share
from chronolect.formation.online.objective import Followed
from chronolect.formation.online.sampling import without_sinks
from chronolect.formation.online.snapshots import Snapshots
from chronolect.training.checkpoints import is_log_spaced, load_state
from chronolect.training.companions import Companion

_FOLDER, _STATE = "formation", "state.json"  # within a checkpoint
_LEAST_TOKENS = 2  # of an update: fewer have no variance
_NAMES = {  # of an autoencoder's losses, in the records
    "reconstruction": "sae_reconstruction_loss",
    "l1": "sae_sparsity_loss",
    "aux": "sae_aux_loss",
    "l0": "sae_l0",
    "dead": "sae_dead",
}


@dataclass
class Progress:
    """How far the autoencoders are.

    Attributes:
        updates: Steps they have taken.
        tokens: Tokens they have learned from.
        sinks: Tokens left out for their norm.
        seconds: Time their steps took.
        sums: Sums of what is logged since the last record, by name, and
        counts: of how many values each.
    """

    updates: int = 0
    tokens: int = 0
    sinks: int = 0
    seconds: float = 0.0
    sums: dict[str, float] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Take a value into the next record."""
        self.sums[name] = self.sums.get(name, 0.0) + value
        self.counts[name] = self.counts.get(name, 0) + 1

    def take_means(self) -> dict[str, float]:
        """The means since the last call."""
        means = {name: total / self.counts[name] for name, total in self.sums.items()}
        self.sums, self.counts = {}, {}
        return means


class Following(Companion):
    """What goes along with a run whose features are followed.

    Args:
        objective: Lays activations by for the autoencoders.
        config: What is followed.
        snapshots: Makes and keeps the snapshots; None where there are no autoencoders, as in all processes but the first.
        log_every: Steps between records.
        report: Writes what the run leaves behind, of the model, the results so far and the progress; what it returns goes into the results.
            None in all processes but the first.
    """

    def __init__(
        self,
        objective: Followed,
        config: FormationConfig,
        *,
        snapshots: Snapshots | None,
        log_every: int,
        report: Callable[[torch.nn.Module, dict[str, Any], Progress], dict[str, Any]] | None,
    ) -> None:
        self.objective, self.config, self.snapshots = objective, config, snapshots
        self.trained = snapshots.trained if snapshots else []
        self.log_every, self.report = log_every, report
        self.progress = Progress()

    def begin(self, checkpoint: Path | None) -> None:
        """Take up the autoencoders where the checkpoint left them."""
        step = load_state(checkpoint).step if checkpoint else 0
        self.objective.step = step
        if checkpoint:
            for learner in self.trained:
                learner.load(checkpoint / _FOLDER)
            self.progress = Progress(**read_json(checkpoint / _FOLDER / _STATE))
        if self.snapshots:
            self.snapshots.begin(step)

    def after_step(self, step: int) -> None:
        """Let the autoencoders take a step on what was laid by."""
        x, terms = self.objective.next_step(step)
        for name, value in terms.items():
            self.progress.add(name, value)
        if x is None:
            return
        started = time.perf_counter()
        kept = without_sinks(x)
        self.progress.sinks += len(x) - len(kept)
        if len(kept) >= _LEAST_TOKENS:
            for learner in self.trained:
                learned = learner.learn(kept)
                if learner.condition.name == "base":
                    for name, value in learned.items():
                        self.progress.add(_NAMES.get(name, name), value)
            self.progress.updates += 1
            self.progress.tokens += len(kept)
        self.progress.seconds += time.perf_counter() - started

    def observe(self, step: int, model: torch.nn.Module, *, last: bool) -> Iterable[dict[str, Any]]:
        """The means since the last record, and what a snapshot shows where one is due."""
        if (step % self.log_every == 0 or last) and self.progress.sums:
            record = {"kind": "formation", "step": step, **self.progress.take_means()}
            if self.trained:
                record["memory_absorption"] = memory_share(self.trained, model)
            yield self._chosen(record)
        every = self.config.snapshot_every
        due = last or (self.config.save_features and (step % every == 0 if every else is_log_spaced(step)))
        if self.snapshots and self.progress.updates and due and not self.snapshots.has(step):
            bare = getattr(model, "module", model)  # within DistributedDataParallel
            for record in self.snapshots.take(step, bare, tokens=self.progress.tokens):
                yield self._chosen(record) if record["kind"] == "formation" else record

    def save(self, folder: Path) -> None:
        """The autoencoders with their optimizers, and the progress."""
        for learner in self.trained:
            learner.save(folder / _FOLDER)
        write_json(folder / _FOLDER / _STATE, asdict(self.progress))

    def finish(self, model: torch.nn.Module, results: dict[str, Any]) -> dict[str, Any]:
        """Write the report."""
        return self.report(getattr(model, "module", model), results, self.progress) if self.report else {}

    def _chosen(self, record: dict[str, Any]) -> dict[str, Any]:
        """A record with the numbers that the settings ask for."""
        wanted = self.config.track_metrics
        always = ("kind", "step")
        return {name: value for name, value in record.items() if wanted is None or name in wanted or name in always}
