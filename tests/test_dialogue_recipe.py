"""The recipe of dialogue time, whole and in miniature: the same steps with smaller numbers."""

from pathlib import Path
from typing import Any

import pytest
from tests.test_size_recipes import RECIPES, run_whole

from chronolect.artifacts import read_json
from chronolect.recipes import load_recipe

MINIATURE: dict[str, Any] = {
    "each": 40,
    "tests": 1,
    "almanac": 300,
    "steps": 3,
    "epochs": 1,
    "finish": 2,
    "dialogues.phase4": 4,
    "base.layers": 1,
    "base.context": 4096,  # a small almanac makes small tokens
    "results.max_tokens": 4,
}


def test_the_control_reads_as_much_as_the_curriculum(tmp_path: Path) -> None:
    recipe = load_recipe(RECIPES / "dialogue.yaml", out=tmp_path, overrides={"epochs": "2", "finish": "5"})
    steps = {step.name: step.arguments for step in recipe.steps}
    assert list(steps["shuffled"]["passes"]) == [2, 2, 2, 5]
    assert {"phase1-3.epochs=2", "phase4.max_steps=5"} <= set(steps["curriculum"]["set"])
    assert len(steps["results"]["models"]) == len(steps["results"]["names"]) == 6


@pytest.mark.slow
def test_it_runs_whole_in_miniature(tmp_path: Path) -> None:
    results = run_whole("dialogue", tmp_path, MINIATURE)
    found = read_json(tmp_path / "results/dialogue.json")
    assert [model["name"] for model in found["models"]] == [
        "base",
        "unordered",
        "phase 1",
        "phase 2",
        "phase 3",
        "phase 4",
    ]
    assert "phase 4 - phase 3" in results["results"]["screen"]
    phases = read_json(tmp_path / "curriculum/curriculum.json")["phases"]
    assert [phase["phase"] for phase in phases] == [1, 2, 3, 4]
    assert phases[3]["steps"] == 2
    assert results["shuffled"]["conversations"] == sum(phase["conversations"] for phase in phases[:3]) + 2 * 4
    assert (tmp_path / "results/dialogue.html").is_file()
