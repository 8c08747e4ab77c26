"""The main job in one command: the recipe `demo`, and its result on one screen."""

import platform
from pathlib import Path
from typing import Any

from chronolect.console import say
from chronolect.recipes import run_recipe

_PACKAGED = Path(__file__).parent / "data" / "recipes"  # where the wheel puts the folder `recipes/` of the repository
_SOURCE = Path(__file__).parents[2] / "recipes"


def recipe_path(name: str) -> Path:
    """A recipe that comes with the package."""
    folder = _PACKAGED if _PACKAGED.is_dir() else _SOURCE
    return folder / f"{name}.yaml"


def demo(*, out: Path = Path("runs/demo"), set: list[str] | None = None) -> dict[str, Any]:
    """Train a model that knows the world up to 20 July 1969 and a twin that knows it all, and report what each knows.

    Everything is made here, from the embedded chronicle: corpus, tokenizer, both models, GGUF files, probes, report. Minutes on two cores.

    Args:
        out: Folder of all results.
        set: `name=value` or `step.key=value`, in place of what the recipe says; may be given several times.
    """
    say(f"chronolect demo on {platform.machine()}; results in {out} (the same command continues an interrupted run)")
    result = run_recipe(recipe_path("demo"), out=out, set=set)
    return {"screen": summarise(result), **result}


def _rate(block: dict[str, Any]) -> str:
    return f"{block['accuracy']:.2f} [{block['low']:.2f}, {block['high']:.2f}] of {block['n']}"


def summarise(result: dict[str, Any]) -> str:
    """The horizon of every model as a small table, and where the report lies."""
    rows = [("", "right before the cutoff", "right after it", "knows up to")]
    for name, head in result["horizon"]["models"].items():
        point = head["change_point"]
        until = f"{point['year']:.1f} [{point['low']:.1f}, {point['high']:.1f}]" if point["found"] else "no break found"
        rows.append((name, _rate(head["before"]), _rate(head["after"]), until))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    table = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
    return (
        "Four-choice questions in wordings that were never trained on; chance is 0.25; 95 % intervals.\n\n"
        f"{table}\n\nReport: {Path(result['out']) / 'report' / 'report.html'}"
    )
