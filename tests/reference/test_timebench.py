"""The published results of TIMEBench, made again from the published scores: every digit of them."""

import json
import os
from pathlib import Path

import pytest

from chronolect.evaluation.timebench.compare import eval_timebench_compare
from chronolect.evaluation.timebench.descriptive import METRICS
from chronolect.evaluation.timebench.scenarios import read_scenarios
from chronolect.evaluation.timebench.stats import eval_timebench_stats
from chronolect.evaluation.timebench.table import eval_timebench_table

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
PUBLISHED, SCENARIOS = DATA / "timebench-published", DATA / "time" / "scenarios.json"
pytestmark = pytest.mark.skipif(
    not (PUBLISHED.is_dir() and SCENARIOS.is_file()),
    reason=f"the published results of TIMEBench are not there ({DATA})",
)


def same(found, expected):
    """The same numbers and keys in the same order, 0 and 0.0 told apart."""
    return json.dumps(found) == json.dumps(expected)


def published(name):
    return json.loads((PUBLISHED / name).read_text())


@pytest.mark.parametrize("model", ["Qwen3-4B", "TIME-4B"])
def test_scores_and_their_intervals(model, tmp_path):
    eval_timebench_stats(
        scenario_scores=PUBLISHED / f"{model}_output_scenario_scores.json",
        scenarios=SCENARIOS,
        out=tmp_path / f"{model}_results.json",
    )
    found = json.loads((tmp_path / f"{model}_results.json").read_text())["llm_judge_summary"]
    assert same(found, published(f"{model}_results.json")["llm_judge_summary"])
    assert found["seed"] == 398186433  # the stream is where the published one was


def test_the_thirteen_intervals_of_structure(tmp_path):
    found = eval_timebench_stats(
        scenario_scores=PUBLISHED / "TIME-4B_output_scenario_scores.json",
        scenario_stats=PUBLISHED / "TIME-4B_output_scenario_stats.json",
        scenarios=SCENARIOS,
        out=tmp_path / "TIME-4B_results.json",
    )
    block = found["advanced_structural_stats"]["bootstrapped_stats"]
    assert len(block["stats"]) == len(METRICS) == 13
    expected = published("TIME-4B_results.json")
    assert same(block, expected["advanced_structural_stats"]["bootstrapped_stats"])
    del expected["advanced_structural_stats"]["descriptive_stats"]  # of replies that are not at hand
    assert (tmp_path / "TIME-4B_results.json").read_text() == json.dumps(expected, indent=4)


def test_the_comparison_of_scores(tmp_path):
    found = eval_timebench_compare(
        a=PUBLISHED / "Qwen3-4B_output_scenario_scores.json",
        b=PUBLISHED / "TIME-4B_output_scenario_scores.json",
        out=tmp_path / "Qwen3-4B_vs_TIME-4B_stat_results.json",
    )
    block = found["metrics"]["benchmark_score"]
    expected = published("Qwen3-4B_vs_TIME-4B_stat_results.json")["benchmark_score"]
    assert same({key: block[key] for key in expected}, expected)
    assert (block["pairs"], block["zero_differences"]) == (77, 16)
    low, high = block["rank_biserial_interval_95"]
    assert 0 < low < block["rank_biserial"] < high


def test_a_published_comparison_is_added_to_without_touching_it(tmp_path):
    out = tmp_path / "Qwen3-4B_vs_TIME-4B_stat_results.json"
    before = published(out.name)
    out.write_text(json.dumps(before))
    eval_timebench_compare(
        a=PUBLISHED / "Qwen3-4B_output_scenario_scores.json",
        b=PUBLISHED / "TIME-4B_output_scenario_scores.json",
        out=out,
    )
    after = json.loads(out.read_text())
    assert list(after) == list(before)
    for metric, block in before.items():
        assert {key: after[metric][key] for key in block} == block
        assert after[metric]["p_value_holm"] >= block["p_value"] or metric == "benchmark_score"


def test_the_tables_come_out_identical(tmp_path):
    models = ["Qwen3-4B-No-Thinking", "Qwen3-4B", "TIME-4B"]
    comparison = PUBLISHED / "Qwen3-4B_vs_TIME-4B_stat_results.json"
    eval_timebench_table(
        [PUBLISHED / f"{model}_results.json" for model in models], comparison=comparison, out=tmp_path / "tables"
    )
    for ending in ("csv", "md"):
        name = f"Qwen3-4B_vs_TIME-4B_stat_results_full.{ending}"
        assert (tmp_path / "tables" / name).read_bytes() == (PUBLISHED / name).read_bytes(), ending
    page = (tmp_path / "tables" / "Qwen3-4B_vs_TIME-4B_stat_results_full.html").read_text()
    assert "52.60" in page


def test_scenarios_are_known_by_the_published_ids():
    ids = [scenario.id for scenario in read_scenarios(SCENARIOS)]
    assert ids == list(published("TIME-4B_output_scenario_scores.json")["accuracy_scenario_scores"])
    assert ids == list(published("TIME-4B_output_scenario_stats.json")["structural_scenario_stats"])
