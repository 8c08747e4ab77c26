import json
from pathlib import Path

import pytest

from chronolect.chronicle.facts import load_facts
from chronolect.demo import recipe_path, summarise
from chronolect.evaluation.horizon import eval_horizon
from chronolect.recipes import load_recipe, run_recipe


def test_the_recipes_of_the_package_are_sound(tmp_path: Path) -> None:
    for name in ("demo", "speeches"):
        recipe = load_recipe(recipe_path(name), out=tmp_path, overrides={})
        assert recipe.name == name
        assert recipe.steps[-1].command == "report"


def test_the_summary_fits_one_screen_and_names_every_model(tmp_path: Path) -> None:
    result = eval_horizon(
        ["dummy", "dummy"], names=["locked", "twin"], out=tmp_path / "h", cutoff="1969-07-20", limit=300
    )
    text = summarise({"out": "runs/demo", "horizon": result})
    assert "locked" in text
    assert "twin" in text
    assert "runs/demo/report/report.html" in text
    assert text.count("\n") < 24
    assert max(map(len, text.splitlines())) <= 110


@pytest.mark.slow
def test_the_demo_in_miniature(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = ["share=0.1", "steps=30", "locked.eval_every=0", "twin.eval_every=0", "horizon.bootstrap=50"]
    result = run_recipe(recipe_path("demo"), out=tmp_path / "demo", set=settings)
    assert set(result["horizon"]["models"]) == {"locked", "twin", "locked q8_0", "locked q4_k_m"}
    page = (tmp_path / "demo" / "report" / "report.html").read_text()
    assert "20 July 1969" in page
    assert summarise(result)

    # What is said about the locked model holds only if it never saw a later fact.
    late = {fact.id for fact in load_facts() if fact.date > "1969-07-20"}
    import pyarrow.parquet as pq

    read = pq.read_table(tmp_path / "demo" / "locked-data" / "documents.parquet")
    trained = {row["id"].split("/")[0] for row in read.to_pylist() if not row["split"].startswith("val-after")}
    assert trained
    assert not trained & late
    steps = json.loads((tmp_path / "demo" / "steps.json").read_text())
    assert steps["before"]["result"]["dropped"] > 0

    capfd.readouterr()
    run_recipe(recipe_path("demo"), out=tmp_path / "demo", set=settings)
    assert capfd.readouterr().err.count("unchanged, skipped") == len(steps)
