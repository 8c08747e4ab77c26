"""What a model was made from, and what it cost."""

from pathlib import Path

import pytest

from chronolect.artifacts import MANIFEST, write_json
from chronolect.errors import UserError
from chronolect.evaluation.unlearning.origins import ancestry, made_from, parents, training_costs


@pytest.fixture
def chain(tmp_path: Path) -> dict[str, Path]:
    """A run, its adapter merged, and that exported."""
    places = {
        "run": tmp_path / "npo",
        "adapter": tmp_path / "npo" / "final",
        "merged": tmp_path / "merged",
        "file": tmp_path / "gguf" / "model-q4_k_m.gguf",
    }
    for place in (places["adapter"], places["merged"], places["file"].parent):
        place.mkdir(parents=True)
    places["file"].write_bytes(b"GGUF")
    write_json(places["merged"] / MANIFEST, {"command": "export merge", "config": {"adapter": str(places["adapter"])}})
    write_json(places["file"].parent / MANIFEST, {"command": "export gguf", "config": {"model": str(places["merged"])}})
    write_json(
        places["run"] / "config.json",
        {"command": "train unlearn", "config": {"method": "npo", "lr": 3e-4, "seed": 7, "device": "cpu"}},
    )
    write_json(places["run"] / "train_results.json", {"steps": 450, "tokens": 7200, "seconds": 149.0})
    return places


def test_files_know_what_they_were_made_from(chain: dict[str, Path]) -> None:
    assert made_from(str(chain["file"])) == str(chain["merged"])
    assert made_from(str(chain["adapter"])) is None
    assert ancestry(str(chain["file"])) == [str(chain[key]) for key in ("file", "merged", "adapter")]
    assert made_from("http://localhost:1/v1") is None


def test_a_file_exported_alone_has_its_manifest_beside_it(chain: dict[str, Path]) -> None:
    alone = chain["file"].with_name("alone.gguf")
    alone.write_bytes(b"GGUF")
    write_json(alone.with_name(f"alone.{MANIFEST}"), {"command": "export gguf", "config": {"model": "another"}})
    assert made_from(str(alone)) == "another"
    assert made_from(str(chain["file"])) == str(chain["merged"])


def test_the_nearest_model_that_is_compared_is_the_parent(chain: dict[str, Path]) -> None:
    file, merged, adapter = (str(chain[key]) for key in ("file", "merged", "adapter"))
    assert parents([adapter, merged, file]) == [None, 0, 1]
    assert parents([adapter, file, "dummy"]) == [None, 0, None]


def test_costs_follow_the_run_through_merging_and_export(chain: dict[str, Path]) -> None:
    found = training_costs([str(chain["file"]), str(chain["adapter"]), "dummy"], [chain["run"]])
    assert found[0] == found[1]
    assert found[2] is None
    assert found[0] is not None
    assert (found[0]["method"], found[0]["steps"], found[0]["tokens"], found[0]["seconds"]) == (
        "npo",
        450,
        7200,
        149.0,
    )


def test_a_folder_without_results_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no finished training run .*--runs"):
        training_costs(["dummy"], [tmp_path])
