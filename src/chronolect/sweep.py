"""A small grid of unlearning runs, what each forgets against what it keeps, and the front that no other point beats."""

import itertools
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from chronolect.artifacts import MANIFEST, exclusive, make_manifest, move_into_place, write_bytes, write_json
from chronolect.console import say
from chronolect.errors import UserError, did_you_mean
from chronolect.evaluation.unlearning.front import pareto_front
from chronolect.evaluation.unlearning.recall import KEPT
from chronolect.report.sweep import sweep_page
from chronolect.training.config import CONFIG_KEYS
from chronolect.training.unlearn_config import UnlearnConfig

_RUN_KEYS = ("resume_latest", "resume_from_checkpoint", "overwrite", "device", "track", "wandb")


def grid(sweep: Sequence[str], config: UnlearnConfig) -> list[dict[str, Any]]:
    """The points of `key=value,value,…` axes: every combination.

    Raises:
        UserError: For an axis without values, an unknown key, or a value that the config refuses.
    """
    own = tuple(name for name in UnlearnConfig.__dataclass_fields__ if name not in CONFIG_KEYS)
    known = [name for name in (*own, *CONFIG_KEYS) if name not in _RUN_KEYS]
    types = get_type_hints(UnlearnConfig)
    axes: dict[str, list[Any]] = {}
    for axis in sweep:
        key, equals, values = axis.partition("=")
        key = {"learning_rate": "lr", "max_seq_length": "seq_len"}.get(key.replace("-", "_"), key.replace("-", "_"))
        if key not in known:
            raise UserError(f"--sweep {axis}: no setting of that name{did_you_mean(key, known)}")
        if not equals or not values:
            raise UserError(f"--sweep {axis}: say which values, such as --sweep lr=1e-5,1e-4")
        axes[key] = [_read(value, types[key], axis) for value in values.split(",")]
    points = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    for point in points:
        replace(config, **point)  # refuses what cannot be before anything is trained
    return points


def _read(text: str, kind: Any, axis: str) -> Any:
    """A value as its setting's type has it; of words the config itself says which it knows."""
    if get_origin(kind) is Literal:
        return text
    try:
        return TypeAdapter(kind).validate_python(text)
    except ValidationError as error:
        raise UserError(f"--sweep {axis}: {text} is no value for it ({error.errors()[0]['msg']})") from None


def run_sweep(
    train: Callable[[Path, UnlearnConfig], dict[str, Any]],
    *,
    out: Path,
    sweep: Sequence[str],
    config: UnlearnConfig,
    inputs: Sequence[Path],
    settings: Mapping[str, Any],
) -> dict[str, Any]:
    """Train every point of a grid in `out/points/`, compare them on the validation files and draw the front; finished points are kept.

    A point is judged by the four-choice questions of the validation files: how often the truth is still preferred after the cutoff (forgetting),
    and before it (keeping). Both are on the files that choose, so the chosen one's own figures are a little flattered: measure it on other
    questions.

    Args:
        train: Trains one point in a folder by a config.
        out: Folder of the sweep: a new one, or that of an earlier sweep. `final` in it becomes a copy of the chosen point's.
        sweep: The axes.
        config: The settings of all points.
        inputs: What the runs read, for the manifest.
        settings: The command's own settings, for the manifest.

    Returns:
        points (settings, forget and keep with n and interval, cost), front, chosen, size.

    Raises:
        UserError: Under torchrun; for a wrong axis, a folder that holds something else, or validation files that cannot tell points apart.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        raise UserError(
            "--sweep: trains its points one by one in one process; leave torchrun out, or train the points by hand"
        )
    started = time.time()
    points = grid(sweep, config)
    with exclusive(out):
        if out.exists() and any(out.iterdir()) and not (out / "points").is_dir():
            raise UserError(f"{out}: not empty and not a sweep; choose another --out")
        (out / "points").mkdir(parents=True, exist_ok=True)
        rows = []
        for number, point in enumerate(points, start=1):
            name = " ".join(f"{key}={value}" for key, value in point.items())
            say(f"point {number} of {len(points)}: {name}")
            folder = out / "points" / f"{number:02d}-{name.replace(' ', '-').replace('/', '_')}"
            found = train(folder, replace(config, **point, resume_latest=True))
            rows.append({"name": name, "folder": folder.name, "settings": point, **_measured(found)})
        front = pareto_front([(row["forget"]["accuracy"], row["keep"]["accuracy"]) for row in rows])
        best = choose(rows)
        chosen = rows[best]["name"]
        result = {
            "size": len(points),
            "chosen": chosen,
            "front": [rows[index]["name"] for index in front],
            "points": rows,
        }
        write_json(out / "sweep.json", result)
        write_bytes(out / "sweep.html", sweep_page(result).encode())
        partial = out / ".final.partial"
        shutil.rmtree(partial, ignore_errors=True)  # what a killed run left
        shutil.copytree(out / "points" / rows[best]["folder"] / "final", partial)
        move_into_place(partial, out / "final")
        config_as_dict = {**settings, "sweep": list(sweep)}
        manifest = make_manifest(
            out,
            command="train unlearn",
            config=config_as_dict,
            inputs=inputs,
            counts={"points": len(points)},
            started=started,
        )
        write_json(out / MANIFEST, manifest)
    return {**result, "screen": screen(result)}


def _measured(found: Mapping[str, Any]) -> dict[str, Any]:
    if not all(block["n"] for block in found["choices"]["after"].values()):
        raise incomparable()
    before, after = (found["choices"][when] for when in ("before", "after"))
    return {
        "forget": after["unlearn"],
        "keep": after["retain"],
        "forget_before": before["unlearn"],
        "keep_before": before["retain"],
        "steps": found["steps"],
        "seconds": found["seconds"],
    }


def incomparable() -> UserError:
    """What to say where the validation files cannot tell points apart."""
    return UserError(
        "--sweep: the validation files have no questions with metadata.alternatives on both sides, so points cannot be compared; "
        "`chronolect data qa` writes them"
    )


def choose(rows: Sequence[Mapping[str, Any]]) -> int:
    """The point with the least left above chance among those that lose at most five points of what is to be kept; where all lose more, the one
    with the largest difference of keeping and remembering.
    """

    def left(row: Mapping[str, Any]) -> float:
        return float(max(0.0, row["forget"]["accuracy"] - row["forget"]["chance"]))

    holding = [
        index for index, row in enumerate(rows) if row["keep"]["accuracy"] >= row["keep_before"]["accuracy"] - KEPT
    ]
    if holding:
        return min(holding, key=lambda index: (left(rows[index]), -rows[index]["keep"]["accuracy"]))
    return max(range(len(rows)), key=lambda index: rows[index]["keep"]["accuracy"] - left(rows[index]))


def screen(result: Mapping[str, Any]) -> str:
    """The points as a table for the terminal."""
    lines = ["Truth preferred in four-choice questions of the validation files (95 % intervals):", ""]
    width = max(len(row["name"]) for row in result["points"])
    lines.append(f"{'':{width}}    {'after the cutoff':26}{'before it':26}seconds")
    first = result["points"][0]
    lines.append(f"{'start':{width}}    {_rate(first['forget_before']):26}{_rate(first['keep_before']):26}")
    for row in result["points"]:
        mark = "*" if row["name"] in result["front"] else " "
        lines.append(
            f"{row['name']:{width}}  {mark} {_rate(row['forget']):26}{_rate(row['keep']):26}{row['seconds']:.0f}"
        )
    return "\n".join([*lines, "", f"* on the front of {result['size']} points; chosen: {result['chosen']}"])


def _rate(block: Mapping[str, Any]) -> str:
    return f"{block['accuracy']:.2f} [{block['low']:.2f}, {block['high']:.2f}] of {block['n']}"
