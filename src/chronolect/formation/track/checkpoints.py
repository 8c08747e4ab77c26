"""The checkpoints of a series: where they are, that they are whole, of one shape, and each another model."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from chronolect.artifacts import read_json
from chronolect.errors import UserError, did_you_mean
from chronolect.models.hub import local_folder
from chronolect.models.loading import check_model_folder
from chronolect.training.checkpoints import DIGESTS, checkpoints, fault

_STEP = re.compile(r"(?:^|[-_.])(?:checkpoint|step|global_step|ckpt)?[-_]?(\d+)$", re.IGNORECASE)


@dataclass(frozen=True)
class Checkpoint:
    """A model at a step of its training.

    Attributes:
        step: Optimizer step.
        folder: Model folder.
        name: What to call it: the folder, or name and revision on the hub.
        digest: SHA-256 of the weights, whatever files they are in.
    """

    step: int
    folder: Path
    name: str
    digest: str


def find_checkpoints(
    models: Sequence[Path],
    *,
    run: Path | None = None,
    hub: str | None = None,
    revisions: Sequence[str] = (),
    steps: Sequence[int] | None = None,
) -> list[Checkpoint]:
    """The checkpoints of one of the three sources, by step.

    Raises:
        UserError: None or several sources; fewer than two checkpoints; a step twice or not there; a folder that is missing, damaged or has no
            step in its name; weights of another shape, or the same as another checkpoint's.
    """
    if sum(map(bool, (models, run, hub))) != 1:
        raise UserError("give the checkpoints in one way: model folders, --run, or --hub with --revisions")
    found: list[tuple[int, Path | None, str]]
    if run is not None:
        found = [(step, folder, str(folder)) for step, folder in _of_run(run)]
    elif hub is not None:
        if not revisions:
            raise UserError(f"--hub {hub}: which of its revisions? Give --revisions, such as step0 step1000 step143000")
        found = [(_step_of(revision, revision), None, f"{hub}@{revision}") for revision in revisions]
    else:
        found = [(_step_of(folder.name, str(folder)), folder, str(folder)) for folder in models]
    found.sort(key=lambda item: item[0])
    known = [step for step, _, _ in found]
    for step in known:
        if known.count(step) > 1:
            where = " and ".join(name for other, _, name in found if other == step)
            raise UserError(f"{where}: both are of step {step}; a series has each step once")
    for step in steps or ():
        if step not in known:
            near = did_you_mean(str(step), map(str, known))
            raise UserError(f"--steps {step}: no such checkpoint; there are {', '.join(map(str, known))}{near}")
    chosen = [item for item in found if not steps or item[0] in steps]
    if len(chosen) < 2:
        raise UserError(f"{chosen[0][2]}: one checkpoint is no series; give at least two")
    result: list[Checkpoint] = []
    shapes: dict[str, list[int]] = {}
    for step, folder, name in chosen:
        if folder is None:
            repository, _, revision = name.rpartition("@")
            folder = local_folder(repository, revision=revision)
        if not folder.is_dir():
            raise UserError(f"{folder}: no such folder")
        check_model_folder(folder)
        if (folder / DIGESTS).is_file() and (problem := fault(folder, model_only=True)):
            raise UserError(f"{folder}: {problem}; leave this checkpoint out with --steps, or train it again")
        digest, own = _digest_weights(folder)
        shapes = shapes or own
        if different := next((key for key in {**shapes, **own} if shapes.get(key) != own.get(key)), None):
            raise UserError(
                f"{name}: another shape than {chosen[0][2]} ({different} {own.get(different, 'is missing')}, there "
                f"{shapes.get(different, 'none')}); a series is of one model"
            )
        same = next((other.name for other in result if other.digest == digest), None)
        if same:
            raise UserError(
                f"{name}: the same weights, to the bit, as {same}; a checkpoint that is there twice makes features look kept. "
                "Get the right one, or leave it out with --steps"
            )
        result.append(Checkpoint(step, folder, name, digest))
    return result


def _of_run(run: Path) -> list[tuple[int, Path]]:
    """Checkpoints of a run of ours, and its final model where no checkpoint is of that step."""
    if not run.is_dir():
        raise UserError(f"--run {run}: no such folder")
    found = [(int(folder.name.rpartition("-")[2]), folder) for folder in checkpoints(run)]
    if (run / "final").is_dir():
        last = int(read_json(run / "train_results.json")["steps"])
        if last not in dict(found):
            found.append((last, run / "final"))
    if not found:
        raise UserError(
            f"--run {run}: no checkpoint-N in it; train with --save-every N --keep 0, or --log-spaced, to have a series"
        )
    return found


def _step_of(text: str, name: str) -> int:
    match = _STEP.search(text)
    if match is None:
        raise UserError(f"{name}: its name tells no step; call it checkpoint-N or stepN")
    return int(match[1])


def _digest_weights(folder: Path) -> tuple[str, dict[str, list[int]]]:
    """SHA-256 over names, types and bytes of all tensors in the order of their names; and their shapes.

    Raises:
        UserError: Where a weight is no number: better now than after hours of work on the checkpoints before it.
    """
    index = folder / "model.safetensors.index.json"
    files = sorted(set(read_json(index)["weight_map"].values())) if index.is_file() else ["model.safetensors"]
    places: dict[str, Any] = {}
    for file in files:
        with safe_open(folder / file, framework="pt") as opened:
            places |= dict.fromkeys(opened.keys(), folder / file)
    total = hashlib.sha256()
    shapes = {}
    for name in sorted(places):
        with safe_open(places[name], framework="pt") as opened:
            tensor = opened.get_tensor(name)
        if not bool(torch.isfinite(tensor).all()):
            raise UserError(
                f"{places[name]}: {name} holds values that are no numbers; leave this checkpoint out with --steps, or look at how it was trained"
            )
        shapes[name] = list(tensor.shape)
        total.update(f"{name}\0{tensor.dtype}\0{shapes[name]}\0".encode())
        total.update(tensor.contiguous().flatten().view(torch.uint8).numpy())
    return total.hexdigest(), shapes
