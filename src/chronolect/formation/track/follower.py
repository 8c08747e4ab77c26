"""The work at one checkpoint: its activations are read once, all autoencoders learn from them, and each is measured on the probe."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from chronolect.artifacts import read_json, write_json
from chronolect.console import progress
from chronolect.formation.analysis.cross_reconstruction import cross_reconstruction
from chronolect.formation.reading.activations import ActivationStream
from chronolect.formation.reading.probe import Texts
from chronolect.formation.sae.files import load_sae
from chronolect.formation.sae.trainer import SaeTrainer
from chronolect.formation.track.checkpoints import Checkpoint
from chronolect.formation.track.config import TrackConfig
from chronolect.formation.track.lines import REFERENCE, Line, base_lines, lines_of, new_trainer
from chronolect.formation.track.measuring import read_probe
from chronolect.formation.track.reinitialised import reinitialise
from chronolect.models.loading import load_model
from chronolect.training.metrics import JsonLines

_LOG_EVERY = 50  # steps
_SAMPLE = 4096  # tokens on which autoencoders of other checkpoints are tried

Record = dict[str, Any]


class Clock:
    """Seconds spent by name."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.seconds = device, dict[str, float]()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        if self.device.type != "cpu":
            torch.accelerator.synchronize(self.device)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - started


@dataclass
class Follower:
    """Follows features through checkpoints, one checkpoint after the other.

    Each piece of work is noted when it is done, so that a killed run goes on behind it. It returns a record: `loss` of the language model
    on the spliced rows, `saes` (measures of each autoencoder), `seconds` by what they went to, and `tokens` that were read and left out.

    Attributes:
        folder: Private folder of the stage; `series/` is written in it.
        scratch: Where notes are kept.
        config: The settings.
        layer: Block whose output is read.
        texts: What is read.
        device: Where to compute.
        bfloat16: Whether the language model multiplies matrices in bfloat16.
        done: Names of the work done, in its order.
    """

    folder: Path
    scratch: Path
    config: TrackConfig
    layer: int
    texts: Texts
    device: torch.device
    bfloat16: bool
    done: list[str] = field(default_factory=list)

    def follow(self, checkpoint: Checkpoint, before: Checkpoint | None) -> Record:
        """Train and measure the lines that read the checkpoints, at one of them; `before` is where the warm ones start."""

        def start(line: Line) -> Path | None:
            return self.snapshot(line, before.step) if before is not None and line.kind == "warm" else None

        return self.once(
            f"checkpoint-{checkpoint.step}",
            lambda name, log: self._work(name, log, self.load(checkpoint), checkpoint, lines_of(self.config), start),
        )

    def random_init(self, checkpoint: Checkpoint) -> Record:
        """The same on a model of the shape and norms of a checkpoint that has learned nothing."""

        def work(name: str, log: JsonLines) -> Record:
            model = self.load(checkpoint)
            reinitialise(model, seed=self.config.seed)
            return self._work(name, log, model, checkpoint, lines_of(self.config, "random-init"), lambda _: None)

        return self.once("random-init", work)

    def no_change(self, checkpoint: Checkpoint, turn: int) -> Record:
        """The same checkpoint once more, its autoencoders going on from where they were: `turn` 1 from those of the base, warm ones if there are."""
        lines = lines_of(self.config, "no-change")
        base = {line.seed: line for line in sorted(base_lines(self.config), key=lambda line: line.kind)}  # warm last

        def start(line: Line) -> Path:
            return self.snapshot(base[line.seed] if turn == 1 else line, checkpoint.step + turn - 1)

        return self.once(
            f"no-change-{turn}",
            lambda name, log: self._work(name, log, self.load(checkpoint), checkpoint, lines, start, turn=turn),
        )

    def cross_reconstruction(self, checkpoints: Sequence[Checkpoint]) -> list[list[float | None]]:
        """Explained variance [C, C] of the first base line's autoencoders on the samples of the probe's activations."""
        line = base_lines(self.config)[0]
        saes = [load_sae(self.snapshot(line, checkpoint.step)) for checkpoint in checkpoints]
        samples = (load_file(self._sample(f"checkpoint-{checkpoint.step}"))["x"] for checkpoint in checkpoints)
        return cross_reconstruction(saes, [[x] for x in samples])

    def snapshot(self, line: Line, step: int) -> Path:
        """Folder of a line's snapshot."""
        return self.folder / "series" / line.name / f"step-{step}"

    def metrics(self) -> str:
        """All that was logged, in the order of the work."""
        return "".join((self.scratch / f"{name}.jsonl").read_text(encoding="utf-8") for name in self.done)

    def once(self, name: str, work: Callable[[str, JsonLines], Record]) -> Record:
        """Do a piece of work and note its record under a name; what is noted is not done again."""
        note = self.scratch / f"{name}.json"
        if not note.is_file():
            write_json(note, work(name, JsonLines(self.scratch / f"{name}.jsonl")))
        self.done.append(name)
        found: Record = read_json(note)
        return found

    def load(self, checkpoint: Checkpoint) -> Any:
        """The model of a checkpoint, on the device."""
        model: Any = load_model(checkpoint.folder)
        return model.to(self.device).eval()

    def _sample(self, name: str) -> Path:
        return self.scratch / f"{name}.safetensors"

    def _work(
        self,
        name: str,
        log: JsonLines,
        model: Any,
        checkpoint: Checkpoint,
        lines: Sequence[Line],
        start: Callable[[Line], Path | None],
        *,
        turn: int = 0,
    ) -> Record:
        step, clock = checkpoint.step + turn, Clock(self.device)
        stream = self.stream(model, checkpoint.name, turn)
        trainers: dict[Line, SaeTrainer] = {}
        batches = iter(stream)
        tokens = max(
            self.config.sae_tokens, self.config.reference_tokens * any(line.condition is REFERENCE for line in lines)
        )
        steps = range(1, tokens // self.config.batch_tokens + 1)
        for number in progress(steps, label=f"{checkpoint.name}: steps of {len(lines)} autoencoders"):
            with clock("activations"):
                x = next(batches)
            with clock("autoencoders"):
                if not trainers:
                    trainers = {
                        line: new_trainer(line, self.config, x, step=step, before=start(line)) for line in lines
                    }
                for line, trainer in trainers.items():
                    if number > trainer.training.steps:
                        continue
                    metrics = trainer.step(x)
                    if number % _LOG_EVERY == 0 or number == trainer.training.steps:
                        values = {key: round(float(value), 6) for key, value in metrics.items()}
                        log.write(kind="formation", series=line.name, checkpoint=step, step=number, **values)
        with clock("probe"):
            probe = read_probe(
                model,
                self.layer,
                self.texts.probe,
                self.scratch / "probe.f32",
                rows=self.config.rows,
                spliced_tokens=self.config.splice_tokens,
                bfloat16=self.bfloat16,
                name=checkpoint.name,
            )
        save_file({"x": probe.sample(_SAMPLE)}, self._sample(name))
        saes = []
        with clock("measuring"):
            costs = probe.splices([trainer.sae for trainer in trainers.values()])
            for (line, trainer), cost in zip(trainers.items(), costs, strict=True):
                measures = probe.snapshot(
                    trainer.sae,
                    self.snapshot(line, step),
                    step=step,
                    measures={**cost, "scale": float(trainer.sae.scale), "tokens_trained": trainer.steps * len(x)},
                    metadata={**line.described(), "step": step, "model_name": checkpoint.name},
                )
                log.write(kind="snapshot", series=line.name, checkpoint=step, **measures)
                saes.append({"series": line.name, **line.described(), "step": step, **measures})
        return {
            "loss": saes[0].get("ce"),
            "saes": saes,
            "seconds": clock.seconds,
            "tokens": {**stream.counts, "probe_sinks": int((~probe.kept).sum())},
        }

    def stream(self, model: Any, name: str, turn: int = 0, *, layers: Sequence[int] | None = None) -> ActivationStream:
        """What autoencoders learn from; each turn has an order of its own."""
        config = self.config
        return ActivationStream(
            model,
            layers or [self.layer],
            self.texts.rows(config.rows, seed=config.seed + turn),
            batch_tokens=config.batch_tokens,
            shuffle_tokens=config.shuffle_tokens,
            seed=config.seed + turn,
            bfloat16=self.bfloat16,
            name=name,
        )
