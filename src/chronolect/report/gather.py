"""Finding the results of a run: every stage folder by the command in its manifest, never by its name."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from chronolect.artifacts import MANIFEST, read_json
from chronolect.errors import UserError

TRAINING = ("train pretrain", "train sft", "train formation", "formation train")


@dataclass(frozen=True)
class StageFolder:
    """The folder of one finished stage. Its name, that of the recipe's step, is what people know it by."""

    folder: Path
    manifest: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @property
    def command(self) -> str:
        """The command that wrote it."""
        return str(self.manifest["command"])


@dataclass(frozen=True)
class TrainingRun:
    """A training run, finished or not."""

    folder: Path
    command: str
    config: dict[str, Any]
    records: list[dict[str, Any]]
    samples: list[dict[str, Any]]
    finished: bool

    @property
    def name(self) -> str:
        """Name of the folder."""
        return self.folder.name

    @cached_property
    def train(self) -> list[dict[str, Any]]:
        """The training records, by step."""
        return [record for record in self.records if record["kind"] == "train"]

    @cached_property
    def validation(self) -> dict[str, list[dict[str, Any]]]:
        """The validation records of each split, by step."""
        splits: dict[str, list[dict[str, Any]]] = {}
        for record in self.records:
            if record["kind"] == "eval":
                splits.setdefault(record["split"], []).append(record)
        return splits

    @property
    def final(self) -> dict[str, Any]:
        """The last record: the results of a finished run."""
        return next((record for record in reversed(self.records) if record["kind"] == "final"), {})


@dataclass(frozen=True)
class RunData:
    """All that a report can show, in order of time."""

    name: str
    stages: list[StageFolder]
    trainings: list[TrainingRun]
    steps: dict[str, Any]

    def of(self, *commands: str) -> list[StageFolder]:
        """The finished stages of these commands."""
        return [stage for stage in self.stages if stage.command in commands]

    def results(self, command: str, file: str) -> list[tuple[StageFolder, dict[str, Any]]]:
        """The result files of all stages of one command."""
        return [
            (stage, read_json(stage.folder / file)) for stage in self.of(command) if (stage.folder / file).is_file()
        ]


def gather(paths: Sequence[Path]) -> RunData:
    """Read the stage folders among `paths` and directly below them.

    Raises:
        UserError: For a path that does not exist, one without any result, and a damaged result file.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.is_dir():
            raise UserError(f"{path}: no such folder; give the output folder of a recipe or of a stage")
        inside = [folder for folder in (path, *sorted(path.iterdir())) if _is_result(folder)]
        if not inside:
            raise UserError(
                f"{path}: no results in it (no folder with {MANIFEST}); give the output folder of a recipe or of a stage"
            )
        found.update({folder.resolve(): folder for folder in inside})
    stages = [_stage(folder) for folder in found.values() if (folder / MANIFEST).is_file()]
    trainings = [_training(folder) for folder in found.values() if _training_config(folder)]
    root = paths[0] if not _is_result(paths[0]) else paths[0].absolute().parent
    steps = read_json(root / "steps.json") if (root / "steps.json").is_file() else {}
    recorded = list(steps)
    stages = sorted(
        (stage for stage in stages if stage.command != "report"),
        key=lambda stage: (
            stage.manifest["started"],
            recorded.index(stage.name) if stage.name in steps else len(steps),
        ),
    )
    order = {stage.folder: index for index, stage in enumerate(stages)}
    return RunData(
        name=root.resolve().name,
        stages=stages,
        trainings=sorted(trainings, key=lambda run: order.get(run.folder, len(order))),
        steps=steps,
    )


def sources(data: RunData) -> list[Path]:
    """The folders and files the report depends on, for its own manifest."""
    unfinished = [run.folder / "metrics.jsonl" for run in data.trainings if not run.finished]
    return [stage.folder for stage in data.stages] + [path for path in unfinished if path.exists()]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Records of a JSONL file. A last line that is cut off is left out: the run may still be writing it."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    records = []
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            if number == len(lines):
                break
            raise UserError(f"{path}:{number}: not valid JSON ({error.msg})") from None
        records.append(record)
    return records


def last_samples(runs: Iterable[TrainingRun]) -> dict[str, dict[str, str]]:
    """For each prompt the last sample of each run that has one: prompt -> run -> text."""
    prompts: dict[str, dict[str, str]] = {}
    for run in runs:
        for sample in run.samples:
            prompts.setdefault(sample["prompt"], {})[run.name] = sample["text"]
    return prompts


def _is_result(folder: Path) -> bool:
    if not folder.is_dir() or folder.name.startswith("."):
        return False
    return (folder / MANIFEST).is_file() or _training_config(folder) is not None


def _stage(folder: Path) -> StageFolder:
    manifest = read_json(folder / MANIFEST)
    missing = [key for key in ("command", "started", "config", "counts", "seconds") if key not in manifest]
    if missing:
        raise UserError(f"{folder / MANIFEST}: not a manifest (no {missing[0]}); make that folder again")
    return StageFolder(folder, manifest)


def _training_config(folder: Path) -> dict[str, Any] | None:
    """The config of a training run, or None where the folder holds none (a model folder has a config.json too)."""
    path = folder / "config.json"
    if not path.is_file():
        return None
    config = read_json(path)
    return config if isinstance(config, dict) and config.get("command") in TRAINING else None


def _training(folder: Path) -> TrainingRun:
    config = _training_config(folder)
    assert config is not None
    return TrainingRun(
        folder=folder,
        command=config["command"],
        config=config["config"],
        records=[record for record in read_lines(folder / "metrics.jsonl") if "kind" in record],
        samples=read_lines(folder / "samples.jsonl"),
        finished=(folder / MANIFEST).is_file(),
    )
