"""The folder of a training run: locked, tied to one config, resumable."""

import re
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from safetensors import SafetensorError

from chronolect.artifacts import (
    DISK_FULL,
    MANIFEST,
    digest,
    exclusive,
    make_manifest,
    plain,
    read_json,
    write_json,
)
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.training.checkpoints import checkpoints, clear_partial, fault
from chronolect.training.config import FREE_KEYS
from chronolect.training.hardware import rocm_errors_explained
from chronolect.training.interrupts import peers_needed
from chronolect.training.memory import memory_guard

# How the rows of a step are shared out: with as many in all, a change of these changes sums in their rounding only.
_SHARING = frozenset({"batch_size", "accumulate", "shard"})


@dataclass
class RunFolder:
    """An open run folder.

    Attributes:
        folder: Where the run lives.
        command: The stage's command, for the manifest.
        config: All settings of the run.
        inputs: What the run reads.
        processes: How many processes train together.
        resume: The checkpoint to continue from, or None.
        results: Results of a run that is already finished, else None.
    """

    folder: Path
    command: str
    config: dict[str, Any]
    inputs: Sequence[Path]
    processes: int = 1
    resume: Path | None = None
    results: dict[str, Any] | None = None
    started: float = field(default_factory=time.time)

    def begin(self) -> None:
        """Record the config; from here on the folder belongs to this run."""
        self.folder.mkdir(parents=True, exist_ok=True)
        digests = {str(path): digest(path) for path in self.inputs}
        described = {"command": self.command, "config": plain(self.config), "inputs": digests}
        write_json(self.folder / "config.json", {**described, "processes": self.processes})

    def finish(self, train_results: Mapping[str, Any], eval_results: Mapping[str, Any]) -> dict[str, Any]:
        """Record the results and the manifest: the run is complete."""
        write_json(self.folder / "eval_results.json", eval_results)
        write_json(self.folder / "train_results.json", train_results)
        manifest = make_manifest(
            self.folder,
            command=self.command,
            config=self.config,
            inputs=self.inputs,
            counts=train_results,
            started=self.started,
        )
        write_json(self.folder / MANIFEST, manifest)
        return _results(self.folder)


@contextmanager
def open_run(
    out: Path, *, command: str, config: Mapping[str, Any], inputs: Sequence[Path], accelerator: Accelerator
) -> Iterator[RunFolder]:
    """Lock a run folder and find where its run stands. Of several processes the first one looks and tells the others.

    Raises:
        UserError: Where another process trains there; where the folder holds a run and none of `resume_latest`,
            `resume_from_checkpoint` and `overwrite` is set; where the earlier run had other settings or inputs (named);
            where the checkpoint asked for is not one of this run or not whole; where the disk is full; where the model
            does not fit in memory.
    """
    for path in inputs:
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
    run = RunFolder(out, command, dict(config), inputs, accelerator.num_processes)
    alone = exclusive(out) if accelerator.is_main_process else nullcontext()
    guard = memory_guard(run.config, processes=run.processes, training=False)
    with alone, _plain_when_full(out), peers_needed(out), rocm_errors_explained(), guard:
        problem = None
        if accelerator.is_main_process:
            if config["overwrite"] and not _goes_on(config) and (out / "config.json").is_file():
                shutil.rmtree(out)
            try:
                _find(run)
            except UserError as error:
                problem = str(error)
        # the folder, too: where its name holds the time, the processes may have read different clocks
        found = broadcast_object_list([problem, run.folder, run.resume, run.results])
        problem, run.folder, run.resume, run.results = found
        if problem is not None:  # for all, so that none waits for the first
            raise UserError(problem)
        yield run


@contextmanager
def _plain_when_full(out: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, SafetensorError) as error:
        if not _is_full(error):
            raise
        raise UserError(
            f"{out}: no space left on the disk; its earlier checkpoints are whole. Free some and go on with --resume-latest"
        ) from error


def _goes_on(config: Mapping[str, Any]) -> bool:
    return bool(config["resume_latest"] or config["resume_from_checkpoint"])


def _find(run: RunFolder) -> None:
    """Fill in `resume` or `results`."""
    stored = run.folder / "config.json"
    wanted = run.config["resume_from_checkpoint"]
    if not stored.is_file():
        if wanted:
            raise UserError(f"--resume-from-checkpoint {wanted}: there is no training run in --out {run.folder}")
        if run.folder.exists() and any(run.folder.iterdir()):
            raise UserError(f"{run.folder}: not empty and not a training run; choose another --out")
        return
    if not _goes_on(run.config):
        raise UserError(
            f"{run.folder}: holds a training run; continue it with --resume-latest or delete it with --overwrite"
        )
    _refuse_changes(run, read_json(stored))
    clear_partial(run.folder)
    if wanted:
        run.resume = _go_back(run.folder, Path(wanted))
        say(f"{run.folder}: continuing from {run.resume.name}")
        return
    if (run.folder / MANIFEST).is_file():
        run.results = _results(run.folder)
        say(f"{run.folder}: this run is finished")
        return
    for checkpoint in reversed(checkpoints(run.folder)):
        problem = fault(checkpoint)
        if problem is None:
            run.resume = checkpoint
            say(f"{run.folder}: continuing from {checkpoint.name}")
            return
        say(f"{checkpoint}: {problem}; going back to the checkpoint before it")
    say(f"{run.folder}: no whole checkpoint; starting again")


def _go_back(folder: Path, wanted: Path) -> Path:
    """The checkpoint of this run that `wanted` (its path or its name) means, what came after it deleted."""
    own = {path.name: path for path in checkpoints(folder)}
    chosen = own.get(wanted.name)
    if chosen is None or wanted.resolve() not in (chosen.resolve(), Path(wanted.name).resolve()):
        known = f"it has {', '.join(own)}" if own else "it has none"
        raise UserError(f"--resume-from-checkpoint {wanted}: not a checkpoint of the run in {folder}; {known}")
    problem = fault(chosen)
    if problem is not None:
        raise UserError(f"--resume-from-checkpoint {wanted}: {problem}; choose an earlier one")
    (folder / MANIFEST).unlink(missing_ok=True)  # first, since without it the run is not finished
    for later in list(own.values())[list(own).index(chosen.name) + 1 :]:
        shutil.rmtree(later)
    return chosen


def _refuse_changes(run: RunFolder, stored: dict[str, Any]) -> None:
    before, now = stored["config"], plain(run.config)
    changed = {key for key in before.keys() | now.keys() if before.get(key) != now.get(key)} - FREE_KEYS
    rows_before, rows_now = _rows_per_step(before, stored.get("processes", 1)), _rows_per_step(now, run.processes)
    if rows_before == rows_now:
        changed -= _SHARING
    elif changed <= _SHARING:
        raise UserError(
            f"{run.folder}: cannot resume, a step had {rows_before} rows and would have {rows_now} on {run.processes} "
            f"process(es); choose --batch-size and --accumulate so that their product is {rows_before / run.processes:g}"
        )
    found = sorted(changed)
    if stored["command"] != run.command:
        found.insert(0, "command")
    if sorted(stored["inputs"].values()) != sorted(digest(path) for path in run.inputs):
        found.append("the content of " + " or ".join(str(path) for path in run.inputs))
    if found:
        details = ", ".join(
            f"{key} (was {before[key]!r}, now {now.get(key)!r})" if key in before else key for key in found
        )
        raise UserError(
            f"{run.folder}: cannot resume, the run began with other settings: {details}; undo that or choose another --out"
        )


def _rows_per_step(config: Mapping[str, Any], processes: int) -> int:
    return int(config["batch_size"] * config["accumulate"] * processes)


def _results(folder: Path) -> dict[str, Any]:
    return {**read_json(folder / "train_results.json"), "eval": read_json(folder / "eval_results.json")}


def _is_full(error: Exception) -> bool:
    if isinstance(error, OSError) and error.errno in DISK_FULL:
        return True
    found = re.search(r"os error (\d+)", str(error))  # how safetensors tells of the same
    return found is not None and int(found[1]) in DISK_FULL
