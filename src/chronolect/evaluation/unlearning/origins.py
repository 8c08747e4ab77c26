"""Where a model comes from: what a merged or quantised one was made from, and the training run that wrote it, with its cost."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chronolect.artifacts import MANIFEST, read_json
from chronolect.errors import UserError

_MADE_FROM = {"export gguf": "model", "export fp8": "model", "export merge": "adapter"}
_RESULTS = "train_results.json"


def made_from(spec: str) -> str | None:
    """The model that an exported file or a merged folder was made from, by the manifest beside it; None where it does not say."""
    path = Path(spec)
    places = [path / MANIFEST]
    if path.is_file():  # exported alone, or into a folder
        places = [path.with_name(f"{path.stem}.{MANIFEST}"), path.parent / MANIFEST]
    manifest = next((place for place in places if place.is_file()), None)
    if manifest is None:
        return None
    found = read_json(manifest)
    key = _MADE_FROM.get(found.get("command"))
    return str(found["config"][key]) if key else None


def ancestry(spec: str) -> list[str]:
    """The model itself, what it was made from, what that was made from, and so on."""
    found = [spec]
    while (before := made_from(found[-1])) is not None and before not in found:
        found.append(before)
    return found


def parents(specs: Sequence[str]) -> list[int | None]:
    """For each model the place of the nearest one among them that it was made from."""
    places = {_whole(spec): place for place, spec in enumerate(specs)}
    return [next((places[_whole(one)] for one in ancestry(spec)[1:] if _whole(one) in places), None) for spec in specs]


def training_costs(specs: Sequence[str], runs: Sequence[Path]) -> list[dict[str, Any] | None]:
    """What it took to train each model, where one of the run folders holds it or what it was made from.

    Raises:
        UserError: Where a folder is no finished run.
    """
    for run in runs:
        if not (run / _RESULTS).is_file():
            raise UserError(f"{run}: no finished training run (no {_RESULTS}); leave it out of --runs")
    found: list[dict[str, Any] | None] = []
    for spec in specs:
        folders = [_whole(one) for one in ancestry(spec)]
        holder = next((run for run in runs for folder in folders if folder.is_relative_to(_whole(run))), None)
        found.append(None if holder is None else _cost(holder))
    return found


def _cost(run: Path) -> dict[str, Any]:
    config = read_json(run / "config.json") if (run / "config.json").is_file() else {}
    results, settings = read_json(run / _RESULTS), config.get("config", {})
    manifest = read_json(run / MANIFEST) if (run / MANIFEST).is_file() else {}
    return {
        "run": str(run),
        "command": config.get("command"),
        "method": settings.get("method"),
        "lr": settings.get("lr"),
        "seed": settings.get("seed"),
        "steps": results.get("steps"),
        "epochs": results.get("epochs"),
        "tokens": results.get("tokens"),  # those that carried loss
        "seconds": results.get("seconds"),
        "precision": results.get("precision"),
        "device": results.get("device") or settings.get("device"),
        "cores": manifest.get("host", {}).get("cores"),
    }


def _whole(spec: str | Path) -> Path:
    return Path(spec).resolve()
