import inspect
import json
from pathlib import Path

import pytest
from tests.report.report_runs import CUTOFF, surprise, write_stage, write_training

from chronolect.artifacts import MANIFEST
from chronolect.errors import UserError
from chronolect.report.build import assign_colors, build_report

SECTIONS = ["horizon", "surprise", "corpus", "training", "samples", "exports", "provenance"]


def test_a_whole_run(run: Path, tmp_path: Path) -> None:
    result = build_report([run], out=tmp_path / "report")
    assert result["sections"] == SECTIONS
    assert result["missing"] == []
    html = Path(result["report"]).read_text(encoding="utf-8")
    assert "Knows the world up to 20 July 1969</h1>" in html
    assert all(f'<section id="{name}"' in html for name in SECTIONS)
    manifest = json.loads((tmp_path / "report" / MANIFEST).read_text())
    assert manifest["command"] == "report"
    assert str(run / "horizon") in manifest["inputs"]


def test_the_title_can_be_given(run: Path, tmp_path: Path) -> None:
    result = build_report([run], out=tmp_path / "report", title="A & B")
    assert "<h1>A &amp; B</h1>" in Path(result["report"]).read_text(encoding="utf-8")


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    write_training(tmp_path / "locked", later=1.0, finished=False)
    result = build_report([tmp_path], out=tmp_path / "report")
    assert result["sections"] == ["training", "samples", "provenance"]
    assert result["missing"] == ["horizon", "surprise", "corpus", "exports"]
    html = Path(result["report"]).read_text(encoding="utf-8")
    assert "“chronolect eval horizon” was not run" in html
    assert "Not finished: locked." in html


def test_without_a_horizon_surprise_heads_the_page(tmp_path: Path) -> None:
    for name, cutoff in (("locked", CUTOFF), ("earlier", "1901-01-01")):
        write_stage(tmp_path / f"surprise of {name}", "eval surprise", {}, {}, surprise=surprise(name, cutoff=cutoff))
    result = build_report([tmp_path], out=tmp_path / "report")
    html = Path(result["report"]).read_text(encoding="utf-8")
    assert "1 January 1901 and 20 July 1969</h1>" in html
    assert len(result["findings"]) == 2


def test_a_page_is_no_input_of_the_next(run: Path) -> None:
    first = build_report([run], out=run / "report")
    second = build_report([run], out=run / "report")
    assert first == second


def test_a_folder_without_results_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no results in it"):
        build_report([tmp_path], out=tmp_path / "report")
    assert not (tmp_path / "report").exists()


def test_models_keep_their_colours() -> None:
    assert assign_colors(["twin", "locked", "other", "twin-2"]) == {
        "locked": "locked",
        "twin": "twin",
        "other": "third",
        "twin-2": "fourth",
    }
    assert assign_colors(["a"]) == {"a": "locked"}
    assert set(assign_colors([f"m{number}" for number in range(9)])) == {f"m{number}" for number in range(9)}


def test_every_argument_is_described() -> None:
    words = inspect.getdoc(build_report) or ""
    assert all(f"{name}:" in words for name in inspect.signature(build_report).parameters)
