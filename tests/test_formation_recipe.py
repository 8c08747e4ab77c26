"""The recipe of training time in miniature: the same steps with smaller numbers, on text made here."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.test_size_recipes import RECIPES, run_whole

from chronolect.artifacts import read_json
from chronolect.recipes import load_recipe

STEPS = [0, 2, 4, 8, 16]
MINIATURE: dict[str, Any] = {
    "steps": STEPS[-1],
    "at": STEPS,
    "sae_tokens": 2048,
    "seeds": 2,
    "tokenizer.vocab_size": 300,
    "model.layers": 3,
    "model.hidden": 32,
    "features.latents": 64,
    "features.k": 4,
    "features.probe_tokens": 1500,
    "features.least": 5,
    "features.resamples": 50,
    "controls.shuffles": 20,
    "features.reference_tokens": 2048,
    "features.crosscoder_tokens": 2048,
    "truth.features": 40,
    "truth.width": 24,
    "truth.checkpoints": 4,
    "truth.sae_tokens": 10240,
    "truth.probe_tokens": 4000,
}


def speeches(path: Path) -> Path:
    """Two hundred short speeches, a line each."""
    places = ("Ohio", "Maine", "Texas", "Iowa", "Utah")
    lines = [
        {
            "name": f"Speech {number}",
            "year": 1800 + number,
            "text": f"In {1800 + number} the people of {places[number % 5]} sent {number} letters to the Union. " * 4,
        }
        for number in range(200)
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def test_every_checkpoint_looked_at_is_one_that_training_keeps(tmp_path: Path) -> None:
    recipe = load_recipe(RECIPES / "formation.yaml", out=tmp_path, overrides={})
    steps = {step.name: step.arguments for step in recipe.steps}
    every = steps["model"]["save_every"]
    assert steps["model"]["keep"] == 0
    assert steps["model"]["log_spaced"]
    assert all(step % every == 0 or step & (step - 1) == 0 for step in steps["features"]["steps"])
    assert max(steps["features"]["steps"]) == steps["model"]["max_steps"]


@pytest.mark.slow
def test_it_runs_whole_in_miniature(tmp_path: Path) -> None:
    text = speeches(tmp_path / "speeches.jsonl")
    run_whole("formation", tmp_path / "out", {"text": text, **MINIATURE})
    report = read_json(tmp_path / "out/features/evaluation_report.json")
    assert report["chrono_metrics"]["steps"] == STEPS
    assert {sae["condition"] for sae in report["saes"]} == {"base", "random-init", "reference"}
    assert {sae["seed"] for sae in report["saes"]} == {0, 1}
    assert all(sae["explained_variance"] is not None for sae in report["saes"])
    controls = read_json(tmp_path / "out/controls/controls.json")["controls"]
    assert set(controls) == {"shuffled-order", "permuted-tokens", "reversed-time", "seeds"}
    page = (tmp_path / "out/report/report.html").read_text(encoding="utf-8")
    assert "Born" in page or "born" in page
