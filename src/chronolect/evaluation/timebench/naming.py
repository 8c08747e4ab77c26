"""Names of the benchmark's files: `MODEL_output.json`, and beside it what is made of it."""

import json
import re
from pathlib import Path
from typing import Any

from chronolect.artifacts import write_bytes

SCORES, STRUCTURE = "_output_scenario_scores", "_output_scenario_stats"
RESULTS, COMPARISON = "_results", "_stat_results"

_ENDINGS = re.compile(r"(_output)?(_judged|_counted|_scenario_scores|_scenario_stats|_results)?$")
_RULED = re.compile(r"(_output)?_ruled$")


def model_name(path: Path) -> str:
    """The model that a file of the benchmark is about, by the file's name; what rules judged is told apart from what a model judged.

    >>> [model_name(Path(f"TIME-4B{ending}.json")) for ending in ("_output_judged", "_output_scenario_scores", "_output_ruled")]
    ['TIME-4B', 'TIME-4B', 'TIME-4B-ruled']
    """
    stem = _RULED.sub("-ruled", path.stem)
    return _ENDINGS.sub("", stem, count=1) or stem


def beside(path: Path, ending: str) -> Path:
    """The file about the same model with another ending, in the same folder."""
    return path.with_name(f"{model_name(path)}{ending}.json")


def write_published(path: Path, value: Any) -> None:
    """Write JSON in the published form: four spaces, ASCII, no newline at the end."""
    write_bytes(path, json.dumps(value, indent=4).encode())
