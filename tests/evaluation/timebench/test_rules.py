"""Judging by rule, alone and before a judge model."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.chat_server import ChatServer
from tests.evaluation.timebench.made import PASS, examines, read, write_output, write_scenarios

from chronolect.errors import UserError
from chronolect.evaluation.timebench.judge import eval_timebench_judge


def with_checks(path: Path, numbers: range) -> Path:
    """Give the runs of some scenarios the check that the age is stated."""
    runs = read(path)
    for number in numbers:
        for run in runs[2 * number : 2 * number + 2]:
            run["check"] = {"duration_s": 86_400.0 * number, "tolerance": 0.0}
    path.write_text(json.dumps(runs))
    return path


def test_rules_judge_where_there_is_a_check(tmp_path: Path) -> None:
    output = with_checks(write_output(tmp_path / "tiny_output.json"), range(2, 8))
    counts = eval_timebench_judge(output, judge="rules")
    assert counts["out"] == str(tmp_path / "tiny_output_ruled.json")
    assert (counts["judged"], counts["passed"], counts["unjudged"]) == (12, 6, 12)
    assert counts["why_unjudged"] == {"no rule for this scenario": 12}
    ruled = read(tmp_path / "tiny_output_ruled.json")
    assert [one["score"] for one in ruled] == [-1] * 4 + [1, 0] * 6 + [-1] * 8
    assert ruled[5]["scoring_reason"].startswith("does not state the length of")
    assert list(ruled[5])[-2:] == ["score", "scoring_reason"]
    assert eval_timebench_judge(output, judge="rules") == counts


def test_what_no_rule_judges_goes_to_a_judge(tmp_path: Path) -> None:
    output = with_checks(write_output(tmp_path / "tiny_output.json"), range(2, 8))
    with ChatServer(examines) as server:
        counts = eval_timebench_judge(output, judge="rules", then=server.url)
        assert len(server.bodies) == 12
        assert (counts["judged"], counts["passed"]) == (24, 12)
        assert eval_timebench_judge(output, judge="rules", then=server.url)["from_before"] == 12
        assert len(server.bodies) == 12
    reasons = [one["scoring_reason"] for one in read(tmp_path / "tiny_output_ruled.json")]
    assert reasons[0] in PASS
    assert reasons[4] == "does all that is asked"


def test_the_scenarios_own_check_goes_before_that_of_an_older_file(tmp_path: Path) -> None:
    output = with_checks(write_output(tmp_path / "tiny_output.json", count=3), range(3))
    changed = write_scenarios(tmp_path / "s.json", count=1, check={"says": [["99"]]})
    counts = eval_timebench_judge(output, judge="rules", scenarios=changed)
    assert [one["score"] for one in read(tmp_path / "tiny_output_ruled.json")] == [0, 1, 1, 0, 1, 0]
    assert counts["unjudged"] == 0


@pytest.mark.parametrize(
    ("check", "said"),
    [({"wekday": "Monday"}, r'run 1.*no key "wekday"'), ("Monday", "run 1.*must be an object")],
)
def test_a_check_that_is_none(check: Any, said: str, tmp_path: Path) -> None:
    output = write_output(tmp_path / "tiny_output.json", count=1, check=check)
    with pytest.raises(UserError, match=said):
        eval_timebench_judge(output, judge="rules")


def test_a_run_without_an_answer_has_no_score(tmp_path: Path) -> None:
    output = with_checks(write_output(tmp_path / "tiny_output.json", count=1), range(1))
    runs = read(output)
    runs[0]["response"] = "API_CALL_FAILED: timed out"
    runs[1]["response"] = ""  # said nothing, which is an answer
    output.write_text(json.dumps(runs))
    eval_timebench_judge(output, judge="rules")
    assert [one["score"] for one in read(tmp_path / "tiny_output_ruled.json")] == [-1, 0]
