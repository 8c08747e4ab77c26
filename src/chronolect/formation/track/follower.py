"""The work at one checkpoint: its activations are read once, all autoencoders learn from them, and each is measured on the probe."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray
from torch import Tensor

from chronolect.artifacts import read_json, write_json
from chronolect.console import progress
from chronolect.formation.activations import ActivationStream
from chronolect.formation.conditions import Activations
from chronolect.formation.probe import Texts
from chronolect.formation.sae.files import save_sae
from chronolect.formation.sae.measures import codes_of, measure_sae
from chronolect.formation.sae.trainer import SaeTrainer
from chronolect.formation.snapshots import Snapshot, save_snapshot
from chronolect.formation.splice import splice_measures
from chronolect.formation.track.checkpoints import Checkpoint
from chronolect.formation.track.config import TrackConfig
from chronolect.formation.track.lines import Line, lines_of, new_trainer
from chronolect.models.loading import load_model
from chronolect.training.metrics import JsonLines

_LOG_EVERY = 50
_ENCODED = 4096  # tokens encoded at a time


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

    Attributes:
        folder: Private folder of the stage; `series/` is written in it.
        scratch: What is done is noted here, so that a killed run goes on behind it.
        config: The settings.
        layer: Block whose output is read.
        texts: What is read.
        device: Where to compute.
        bfloat16: Whether the language model multiplies matrices in bfloat16.
    """

    folder: Path
    scratch: Path
    config: TrackConfig
    layer: int
    texts: Texts
    device: torch.device
    bfloat16: bool

    def follow(self, checkpoint: Checkpoint, before: Checkpoint | None) -> dict[str, Any]:
        """Train and measure all lines that read the checkpoints, at one of them; what is done already is not done again.

        Returns:
            `loss` of the language model on the probe, `saes` (a record per line), `seconds` by what they went to, and counts of `tokens`.
        """

        def place(line: Line) -> Path | None:
            return self.snapshot(line, before.step) if before is not None and line.kind == "warm" else None

        def work() -> dict[str, Any]:
            model = self._load(checkpoint)
            return self._measure(model, checkpoint, "checkpoints", step=checkpoint.step, places=place)

        return self._once(f"checkpoint-{checkpoint.step}", work)

    def snapshot(self, line: Line, step: int) -> Path:
        """Folder of a line's snapshot."""
        return self.folder / "series" / line.name / f"step-{step}"

    def metrics(self) -> Iterator[str]:
        """Lines of what was logged, in the order of the work."""
        for file in sorted(self.scratch.glob("*.jsonl"), key=lambda path: path.stat().st_mtime_ns):
            yield from file.read_text(encoding="utf-8").splitlines(keepends=True)

    def _once(self, name: str, work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        done = self.scratch / f"{name}.json"
        if not done.is_file():
            write_json(done, work())
        found: dict[str, Any] = read_json(done)
        return found

    def _load(self, checkpoint: Checkpoint) -> Any:
        model: Any = load_model(checkpoint.folder)
        return model.to(self.device).eval()

    def _measure(
        self,
        model: Any,
        checkpoint: Checkpoint,
        activations: Activations,
        *,
        step: int,
        places: Callable[[Line], Path | None],
        turn: int = 0,
    ) -> dict[str, Any]:
        clock = Clock(self.device)
        name = f"{activations}-{step}"
        log = JsonLines(self.scratch / f"{name}.jsonl")
        lines = lines_of(self.config, activations)
        stream = self._stream(model, checkpoint.name, turn)
        trainers: dict[Line, SaeTrainer] = {}
        batches = iter(stream)
        for number in progress(
            range(self.config.steps), label=f"{checkpoint.name}: steps of {len(lines)} autoencoders"
        ):
            with clock("activations"):
                x = next(batches)
            with clock("autoencoders"):
                if not trainers:
                    trainers = {
                        line: new_trainer(line, self.config, x, step=step, before=places(line), turn=turn)
                        for line in lines
                    }
                for line, trainer in trainers.items():
                    metrics = trainer.step(x)
                    if (number + 1) % _LOG_EVERY == 0 or number + 1 == self.config.steps:
                        values = {key: round(float(value), 6) for key, value in metrics.items()}
                        log.write(kind="formation", series=line.name, checkpoint=step, step=number + 1, **values)
        with clock("probe"):
            seen, kept = self._probe_activations(model, checkpoint.name)
            records = [
                self._snapshot(line, trainer, seen, kept, model, step, log) for line, trainer in trainers.items()
            ]
        return {
            "loss": next((record["ce"] for record in records if "ce" in record), None),
            "saes": records,
            "seconds": clock.seconds,
            "tokens": {**stream.counts, "probe_sinks": int((~kept).sum())},
        }

    def _stream(self, model: Any, name: str, turn: int) -> ActivationStream:
        config = self.config
        return ActivationStream(
            model,
            [self.layer],
            self.texts.rows(config.rows, seed=config.seed + turn),
            batch_tokens=config.batch_tokens,
            shuffle_tokens=config.shuffle_tokens,
            seed=config.seed + turn,
            bfloat16=self.bfloat16,
            name=name,
        )

    def _probe_activations(self, model: Any, name: str) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Activations of the probe's tokens, float32 [N, d] in a file, and which are no sinks, bool [N]."""
        probe = self.texts.probe
        stream = ActivationStream(model, [self.layer], probe.rows(self.config.rows), bfloat16=self.bfloat16, name=name)
        shape = (probe.num_tokens, model.config.hidden_size)
        found = np.memmap(self.scratch / "probe.f32", np.float32, "w+", shape=shape)
        kept = np.empty(probe.num_tokens, bool)
        first = 0
        for x, real in stream.forward():
            found[first : first + len(x)], kept[first : first + len(x)] = x.cpu().numpy(), real.cpu().numpy()
            first += len(x)
        return found, kept

    def _snapshot(
        self,
        line: Line,
        trainer: SaeTrainer,
        x: NDArray[np.float32],
        kept: NDArray[np.bool_],
        model: Any,
        step: int,
        log: JsonLines,
    ) -> dict[str, Any]:
        """Write what a line's autoencoder is and does at a step; the record of it."""
        sae = trainer.sae
        pieces = [slice(first, first + _ENCODED) for first in range(0, len(x), _ENCODED)]
        codes = codes_of(sae, (torch.from_numpy(x[piece]) for piece in pieces))
        codes = without_rows(codes, ~kept)
        measures = measure_sae(sae, (torch.from_numpy(x[piece][kept[piece]]) for piece in pieces))
        if self.config.splice_tokens:
            spliced = splice_measures(model, self.layer, sae, self._spliced_rows())
            measures |= {key: value for key, value in spliced.items() if key not in ("tokens", "replaced")}
        measures |= {"scale": float(sae.scale), "tokens_trained": trainer.steps * self.config.batch_tokens}
        folder = self.snapshot(line, step)
        folder.mkdir(parents=True, exist_ok=True)
        described = {"condition": line.condition.name, "kind": line.kind, "seed": line.seed, "checkpoint_step": step}
        save_sae(folder, sae, hook=f"blocks.{self.layer}.hook_resid_post", metadata=described)
        decoder = sae.W_dec.detach().cpu().numpy()
        save_snapshot(folder, Snapshot(step, codes, decoder, measures))
        log.write(kind="snapshot", series=line.name, checkpoint=step, **measures)
        return {
            "series": line.name,
            "condition": line.condition.name,
            "kind": line.kind,
            "seed": line.seed,
            "step": step,
            **measures,
        }

    def _spliced_rows(self) -> list[tuple[Tensor, Tensor]]:
        count = max(1, self.config.splice_tokens // self.config.seq_len)
        rows = itertools.islice(self.texts.probe.rows(1), count)
        ids, counted = (torch.cat(parts).to(self.device) for parts in zip(*rows, strict=True))
        return list(zip(ids.split(self.config.rows), counted.split(self.config.rows), strict=True))


def without_rows(codes: scipy.sparse.csr_matrix, left_out: NDArray[np.bool_]) -> scipy.sparse.csr_matrix:
    """Codes [N, F] with nothing active on some tokens (bool [N])."""
    counts = np.diff(codes.indptr)
    stays = ~np.repeat(left_out, counts)
    indptr = np.concatenate([[0], np.cumsum(np.where(left_out, 0, counts))])
    return scipy.sparse.csr_matrix((codes.data[stays], codes.indices[stays], indptr), shape=codes.shape)
