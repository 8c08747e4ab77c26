"""The recipe for dated speeches, end to end on the State of the Union addresses, with next to no training."""

import json
import os
from pathlib import Path

import pytest

from chronolect.demo import recipe_path
from chronolect.recipes import load_recipe, run_recipe

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "sotu"
SMALL = [
    "steps=4",
    "tokenizer.vocab_size=600",
    *(f"{model}.{key}" for model in ("locked", "twin", "locked-earlier") for key in ("hidden=32", "sample_every=0")),
    *(f"{model}.{key}" for model in ("locked", "twin", "locked-earlier") for key in ("batch_size=2", "eval_batches=1")),
    *(f"{step}.max_chars_per_document=1000" for step in ("surprise", "surprise-earlier")),
]


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the addresses are not there ({DATA})")
def test_the_recipe_end_to_end(tmp_path: Path) -> None:
    result = run_recipe(recipe_path("speeches"), out=tmp_path, set=[f"speeches={DATA}", *SMALL])

    scored = []
    for step, name, cutoff in (
        ("surprise", "locked", "1969-07-20"),
        ("surprise-earlier", "locked-earlier", "1901-01-01"),
    ):
        found = json.loads((tmp_path / step / "surprise.json").read_text())
        assert (found["model"]["name"], found["twin"]["name"], found["cutoff"]) == (name, "twin", cutoff)
        decades = found["periods"]
        assert len(decades) >= 20  # of the 24 since 1790
        assert all(decade["first"] % 10 == 0 and decade["last"] == decade["first"] + 9 for decade in decades)
        assert all(decade["difference"]["n"] == decade["documents"] > 0 for decade in decades)
        assert found["before"]["documents"] > 0 < found["after"]["documents"]
        assert result[step]["documents"] == found["documents"]["scored"] == sum(d["documents"] for d in decades)
        scored.append(
            {json.loads(line)["id"] for line in (tmp_path / step / "documents.jsonl").read_text().splitlines()}
        )
    assert scored[0] == scored[1]  # both models are asked about the same addresses

    report = (tmp_path / "report" / "report.html").read_text()
    assert "locked-earlier" in report
    assert 'id="surprise"' in report

    read = {}
    for model in ("locked", "twin", "locked-earlier"):
        packed = json.loads((tmp_path / f"{model}-data" / "manifest.json").read_text())["counts"]["splits"]
        read[model] = packed["train"]["documents"]
        assert set(packed) == {"train", "val"}
        assert (tmp_path / model / "final" / "model.safetensors").is_file()
        assert json.loads((tmp_path / model / "train_results.json").read_text())["steps"] == 4
    assert read["locked-earlier"] < read["locked"] < read["twin"]


@pytest.mark.parametrize("cutoff", ["1850", "1969-07-20"])
def test_the_tokenizer_reads_nothing_from_after_either_cutoff(cutoff: str, tmp_path: Path) -> None:
    """Also where the first cutoff is moved before the earlier one."""
    recipe = load_recipe(recipe_path("speeches"), out=tmp_path, overrides={"cutoff": cutoff})
    steps = {step.name: step for step in recipe.steps}
    passed, name = [], "tokenizer"
    while steps[name].needs:
        (name,) = steps[name].needs
        passed.append(steps[name].arguments.get("cutoff"))
    assert passed == ["1901-01-01", cutoff, None]
