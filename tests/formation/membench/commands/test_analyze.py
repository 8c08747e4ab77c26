"""Reports are found below a folder and told, old ones too; what is none is named and counted."""

import json
from pathlib import Path
from typing import Any

import pytest

from chronolect.errors import UserError
from chronolect.formation.membench.commands.analyze import analyze

# The form of the original's reports.
OLD: dict[str, Any] = {
    "experiment_info": {
        "model_type": "gemma-2b",
        "total_steps": 5000,
        "training_time": 1.7e9,
        "datasets_used": ["fineweb_edu", "wikitext"],
        "dataset_mixing_ratios": {"fineweb_edu": 0.6, "wikitext": 0.4},
    },
    "chrono_metrics": {
        "temporal_purity_scores": [0.1, 0.3, 0.5, 0.7],
        "feature_birth_events": [],
        "final_temporal_purity": 0.7,
    },
    "training_config": {},
}


def write(folder: Path, report: Any) -> None:
    folder.mkdir(parents=True)
    text = report if isinstance(report, str) else json.dumps(report)
    (folder / "evaluation_report.json").write_text(text)


def test_an_old_report_is_read_and_said_to_be_old(tmp_path: Path) -> None:
    write(tmp_path / "deep" / "down", OLD)
    found = analyze(results_dir=tmp_path)
    (run,) = found["runs"].values()
    assert (run["model"], run["steps"], run["datasets"]) == ("gemma-2b", 5000, {"fineweb_edu": 0.6, "wikitext": 0.4})
    assert (run["purity"]["first"], run["purity"]["last"], run["purity"]["scores"]) == (0.1, 0.7, 4)
    assert run["births"]["events"] == 0
    assert "temporal purity 0.100 first, 0.700 last, of 4 scores" in found["screen"]
    assert "an old report" in found["screen"]


def test_what_is_undefined_is_not_nought(tmp_path: Path) -> None:
    metrics = {"temporal_purity_scores": [None, None], "feature_birth_events": [], "final_temporal_purity": None}
    write(tmp_path / "a", {**OLD, "chrono_metrics": metrics})
    found = analyze(results_dir=tmp_path)
    assert "temporal purity undefined first, undefined last, of 0 scores" in found["screen"]
    (run,) = found["runs"].values()
    assert run["purity"]["last"] is None


def test_events_that_are_no_births_are_not_counted_as_births(tmp_path: Path) -> None:
    events = [{"initial": first, "birth_step_hi": step} for first, step in ((True, 0), (False, 8), (False, None))]
    births = {"born": 1, "initial": 1, "died": 0, "vanished": 0, "half_birth_step": 8.0}
    metrics = {**OLD["chrono_metrics"], "feature_birth_events": events, "births": births}
    write(tmp_path / "a", {**OLD, "schema_version": 1, "chrono_metrics": metrics})
    (run,) = analyze(results_dir=tmp_path)["runs"].values()
    assert run["births"]["events"] == 1


def test_the_interval_is_that_of_the_score_it_stands_beside(tmp_path: Path) -> None:
    purity = {
        "gate": ["converged", "converged", "not converged"],
        "low": [0.1, 0.2, 0.3],
        "high": [0.2, 0.3, 0.4],
        "calibrated": [None, 0.7, None],
        "calibrated_low": [None, 0.6, None],
        "calibrated_high": [None, 0.8, None],
    }
    metrics = {"temporal_purity_scores": [0.15, 0.7, None], "feature_birth_events": [], "final_temporal_purity": None}
    write(tmp_path / "a", {**OLD, "schema_version": 1, "chrono_metrics": {**metrics, "purity": purity}})
    screen = analyze(results_dir=tmp_path)["screen"]
    assert "0.700 last (95 % interval 0.600 to 0.800), none at the last checkpoint, of 2 scores" in screen
    metrics["temporal_purity_scores"] = [0.15, None, None]
    write(tmp_path / "b", {**OLD, "schema_version": 1, "chrono_metrics": {**metrics, "purity": purity}})
    assert "0.150 last (95 % interval 0.100 to 0.200)" in analyze(results_dir=tmp_path / "b")["screen"]


def test_bad_files_are_named_and_counted(tmp_path: Path) -> None:
    write(tmp_path / "good", OLD)
    write(tmp_path / "cut", '{"experiment_info": {')
    write(tmp_path / "other", {"accuracy": 1})
    write(tmp_path / "list", "[]")
    found = analyze(results_dir=tmp_path)
    assert len(found["runs"]) == 1
    assert {Path(path).parent.name for path in found["faulty"]} == {"cut", "other", "list"}
    assert found["screen"].endswith("reports: 1; files left out: 3")
    assert "not valid JSON" in found["screen"]


@pytest.mark.parametrize(("name", "message"), [("", "no evaluation_report.json in it"), ("gone", "no such folder")])
def test_a_folder_without_reports(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        analyze(results_dir=tmp_path / name)
