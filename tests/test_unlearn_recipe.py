"""The recipe that compares the methods, whole and in miniature: the same steps with smaller numbers."""

from pathlib import Path
from typing import Any

import pytest
from tests.test_size_recipes import run_whole

from chronolect.artifacts import read_json
from chronolect.recipes import load_recipe
from chronolect.training.objectives.unlearning import METHODS

MINIATURE: dict[str, Any] = {
    "share": 0.04,
    "steps": 4,
    "epochs": 0.1,
    "questions.wordings": 2,
    "questions.replay": 8,
    "others.share": 0.06,
    "others.wordings": 2,
    "others.replay": 8,
    "gradient-ascent.epochs": 0.1,
    "rmu.epochs": 0.1,
    "table.limit": 4,
    "table.references": 1,
    "table.documents": 4,
    "table.bootstrap": 20,
    "table.max_tokens": 4,
}


def test_every_method_has_its_step_and_its_file(tmp_path: Path) -> None:
    recipe = load_recipe(Path(__file__).parents[1] / "recipes/unlearn.yaml", out=tmp_path, overrides={})
    steps = {step.name: step for step in recipe.steps}
    trained = {step.arguments["method"] for step in recipe.steps if step.command == "train unlearn"}
    assert trained == set(METHODS)
    table = steps["table"].arguments
    assert (
        len(table["models"]) == len(table["names"]) == 2 * len(METHODS) + 1
    )  # each again in four bits, but the reference
    assert len(table["runs"]) == len(METHODS)


@pytest.mark.slow
def test_it_runs_whole_in_miniature(tmp_path: Path) -> None:
    results = run_whole("unlearn", tmp_path, MINIATURE)
    found = read_json(tmp_path / "table/unlearning.json")
    assert len(found["models"]) == 2 * len(METHODS) + 1
    assert "npo q4_k_m" in results["table"]["screen"]
    assert (tmp_path / "table/unlearning.html").is_file()
