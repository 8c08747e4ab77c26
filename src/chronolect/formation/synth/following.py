"""Autoencoders trained on every checkpoint of a made-up run, as `formation track` trains them on a real one's."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from chronolect.artifacts import read_json, write_json
from chronolect.console import progress
from chronolect.formation.analysis.snapshots import Snapshot, save_snapshot
from chronolect.formation.conditions import Activations, find_conditions
from chronolect.formation.sae.files import save_sae
from chronolect.formation.sae.measures import codes_of, measure_sae
from chronolect.formation.sae.trainer import SaeTrainer
from chronolect.formation.synth.truth import SyntheticRun
from chronolect.formation.track.config import TrackConfig
from chronolect.formation.track.lines import Line, new_trainer

_ENCODED = 1024  # tokens encoded at a time


@dataclass
class SyntheticFollower:
    """Trains and measures all lines, one checkpoint after the other.

    Attributes:
        folder: Private folder of the stage; `series/` is written in it.
        scratch: What is done is noted here, so that a killed run goes on behind it.
        run: The truth.
        config: Settings of the autoencoders.
    """

    folder: Path
    scratch: Path
    run: SyntheticRun
    config: TrackConfig

    def follow(self, checkpoint: int) -> list[dict[str, Any]]:
        """A record for every line at a checkpoint; what is done already is not done again."""
        sources: list[Activations] = ["checkpoints", "random-init", "no-change"]
        records: list[dict[str, Any]] = []
        for source in sources:
            lines = self._lines(source)
            done = self.scratch / f"{source}-{checkpoint}.json"
            if lines and not done.is_file():
                write_json(done, self._train(lines, source, checkpoint))
            records += read_json(done) if lines else []
        return records

    def _lines(self, source: Activations) -> list[Line]:
        return [
            Line(condition, kind, seed)
            for condition in find_conditions(self.config.conditions)
            if condition.activations == source
            for kind in dict.fromkeys(self.config.kinds)
            for seed in range(self.config.seeds)
        ]

    def _train(self, lines: list[Line], source: Activations, checkpoint: int) -> list[dict[str, Any]]:
        config, step = self.config, self.run.steps[checkpoint]
        steps = config.sae_tokens // config.batch_tokens
        # the same tokens at all checkpoints, but new ones for those that read one checkpoint over and over
        stream = f"train-{checkpoint}" if source == "no-change" else "train"
        batches = self._activations(source, checkpoint, steps * config.batch_tokens, stream, config.batch_tokens)
        trainers: dict[Line, SaeTrainer] = {}
        started = time.perf_counter()
        label = f"checkpoint {checkpoint} of {len(self.run.steps)}, {source}: steps of {len(lines)} autoencoders"
        for x in progress(batches, label=label, total=steps):
            trainers = trainers or {
                line: new_trainer(line, config, x, step=step, before=self._before(line, checkpoint)) for line in lines
            }
            for trainer in trainers.values():
                trainer.step(x)
        seconds = (time.perf_counter() - started) / len(lines)

        def probe() -> Iterable[torch.Tensor]:
            return self._activations(source, checkpoint, config.probe_tokens, "probe", _ENCODED)

        return [self._snapshot(line, trainer, step, probe, seconds) for line, trainer in trainers.items()]

    def _activations(
        self, source: Activations, checkpoint: int, tokens: int, stream: str, batch: int
    ) -> Iterator[torch.Tensor]:
        last = len(self.run.steps) - 1
        if source == "random-init":
            return self.run.noise(checkpoint, tokens, stream=stream, batch=batch)
        return self.run.activations(last if source == "no-change" else checkpoint, tokens, stream=stream, batch=batch)

    def _before(self, line: Line, checkpoint: int) -> Path | None:
        return self._place(line, self.run.steps[checkpoint - 1]) if line.kind == "warm" and checkpoint else None

    def _place(self, line: Line, step: int) -> Path:
        return self.folder / "series" / line.name / f"step-{step}"

    def _snapshot(
        self, line: Line, trainer: SaeTrainer, step: int, probe: Callable[[], Iterable[torch.Tensor]], seconds: float
    ) -> dict[str, Any]:
        measures = measure_sae(trainer.sae, probe())
        measures |= {"scale": float(trainer.sae.scale), "tokens_trained": trainer.steps * self.config.batch_tokens}
        described = {"condition": line.condition.name, "kind": line.kind, "seed": line.seed}
        folder = self._place(line, step)
        save_sae(folder, trainer.sae, hook=None, metadata=described)
        decoder = trainer.sae.W_dec.detach().numpy()
        save_snapshot(folder, Snapshot(step, codes_of(trainer.sae, probe()), decoder, measures))
        return {"series": line.name, **described, "step": step, **measures, "seconds": round(seconds, 3)}
