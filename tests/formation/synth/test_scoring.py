from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.formation.synth.made_series import TOKENS, perfect

from chronolect.formation.analysis.analyse import analyse
from chronolect.formation.analysis.series import AnalysisSettings, Series
from chronolect.formation.synth.scoring import TARGETS, score, true_overlap
from chronolect.formation.synth.truth import SyntheticConfig, SyntheticRun

SETTINGS = AnalysisSettings(resamples=20, dense=0.2)


@pytest.fixture(scope="module")
def metrics(series: list[Series]) -> dict[str, Any]:
    return analyse(series, SETTINGS)


def test_a_perfect_dictionary_scores_perfectly(
    run: SyntheticRun, series: list[Series], metrics: dict[str, Any]
) -> None:
    found = score(run, series, metrics, SETTINGS)
    assert found["births"]["true"] == (run.births > 0).sum()
    assert (found["births"]["recall"], found["births"]["precision"], found["births"]["exact"]) == (1, 1, 1)
    assert (found["deaths"]["recall"], found["deaths"]["precision"]) == (1, 1)
    assert found["deaths"]["true"] == (run.deaths < 8).sum() > 5
    assert found["initial"]["recall"] == 1
    assert found["purity"]["mean_error"] < 1e-9
    assert found["purity"]["features_mean_error"] < 1e-9
    assert found["matching"]["accuracy"] == 1
    assert found["recovery"] == [1] * 8
    assert [v["reached"] for v in found["verdicts"] if v["name"] != "unchanged.false_births"] == [True] * 7


def test_the_naive_measure_fails_where_the_functional_one_does_not(
    run: SyntheticRun, series: list[Series], metrics: dict[str, Any]
) -> None:
    found = score(run, series, metrics, SETTINGS)["purity"]
    assert found["naive_mean_error"] > 0.3 > found["mean_error"]


@pytest.mark.parametrize(("late", "recall"), [(1, 1.0), (2, 0.0)])
def test_births_may_be_wrong_by_one_checkpoint_and_no_more(
    run: SyntheticRun, series: list[Series], metrics: dict[str, Any], late: int, recall: float
) -> None:
    def later(step: int | None) -> int | None:
        return None if step is None else run.steps[min(7, run.steps.index(step) + late)]

    events = [
        event if event["initial"] else event | {"birth_step_hi": later(event["birth_step_hi"])}
        for event in metrics["feature_birth_events"]
    ]
    found = score(run, series, metrics | {"feature_birth_events": events}, SETTINGS)["births"]
    if late == 2:  # the last births have nowhere to go to that is two checkpoints off
        recall = float((run.births == 6).sum() / (run.births > 0).sum())
    assert found["recall"] == pytest.approx(recall)
    assert found["precision"] == pytest.approx(recall)
    assert found["median_error"] == late


def test_births_that_are_none_cost_precision(run: SyntheticRun, series: list[Series], metrics: dict[str, Any]) -> None:
    events = [
        event | ({"initial": False, "birth_step_hi": run.steps[3]} if event["initial"] else {})
        for event in metrics["feature_birth_events"]
    ]
    found = score(run, series, metrics | {"feature_birth_events": events}, SETTINGS)
    initial, born = int((run.births == 0).sum()), int((run.births > 0).sum())
    assert found["births"]["precision"] == pytest.approx(born / (born + initial), abs=0.02)
    assert found["initial"]["recall"] == 0


def test_the_true_overlap_counts_who_was_there_and_who_turned_away(run: SyntheticRun) -> None:
    truths = [run.codes(checkpoint, TOKENS) for checkpoint in range(8)]
    assert true_overlap(run, truths, 2, SETTINGS) is None
    alive = run.alive(6)
    kept = alive & run.alive(5) & run.alive(4) & run.alive(3)
    assert true_overlap(run, truths, 6, SETTINGS) == pytest.approx(kept.sum() / alive.sum())
    turning = SyntheticRun(
        SyntheticConfig(features=32, width=24, active=2.0, rotating=1.0, rotation=20.0, initial=1.0, dying=0.0)
    )
    codes = [turning.codes(checkpoint, TOKENS) for checkpoint in range(8)]
    assert true_overlap(turning, codes, 5, replace(SETTINGS, measure="both")) == 0  # 60 degrees over the window
    assert true_overlap(turning, codes, 5, replace(SETTINGS, measure="functional")) == 1


def test_where_nothing_changes_no_birth_is_claimed(
    run: SyntheticRun, series: list[Series], metrics: dict[str, Any]
) -> None:
    still = analyse(perfect(run, checkpoints=[7] * 8), SETTINGS)
    found = score(run, series, metrics, SETTINGS, unchanged=still)
    assert found["unchanged"]["false_births"] == 0
    assert found["unchanged"]["purity"] == 1
    moving = score(run, series, metrics, SETTINGS, unchanged=metrics)["unchanged"]
    assert moving["false_births"] > 0.5
    names = [target.name for target in TARGETS]
    assert [v["reached"] for v in found["verdicts"]][names.index("unchanged.false_births")] is True
    assert np.isfinite(moving["false_births_high"])
