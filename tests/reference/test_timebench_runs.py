"""The published scenarios of TIMEBench, run: the published seeds, scenario ids and form of records."""

import json
import os
from pathlib import Path

import pytest

from chronolect.artifacts import read_json
from chronolect.evaluation.timebench.records import scenario_id
from chronolect.evaluation.timebench.run import eval_timebench_run

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
SCENARIOS = DATA / "time" / "scenarios.json"
SCORES = DATA / "timebench-published" / "Qwen3-4B_output_scenario_scores.json"
pytestmark = pytest.mark.skipif(
    not (SCENARIOS.is_file() and SCORES.is_file()), reason=f"the published benchmark is not there ({DATA})"
)


def test_the_published_scenarios_become_the_published_records(tmp_path: Path) -> None:
    out = tmp_path / "dummy_output.json"
    assert eval_timebench_run("dummy", scenarios=SCENARIOS, out=out)["answers"] == 770
    records = json.loads(out.read_bytes())
    given = read_json(SCENARIOS)
    for place, record in enumerate(records):
        assert {key: record.pop(key) for key in given[0]} == given[place // 10]
        assert list(record) == ["response", "output_length", "seed"]
    # the first runs and the last one of the published files carry these
    assert [record["seed"] for record in records[:4]] == [2506767605, 522053129, 3507356096, 1478321915]
    assert records[-1]["seed"] == 2778823917
    ids = [scenario_id(scenario) for scenario in given]
    assert ids == list(read_json(SCORES)["accuracy_scenario_scores"])
