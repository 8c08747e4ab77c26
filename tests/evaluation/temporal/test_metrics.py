import pytest

from chronolect.evaluation.grading.grade import Judgement, Verdict
from chronolect.evaluation.temporal.metrics import Graded, Tally, loops
from chronolect.evaluation.temporal.screen import screen
from chronolect.evaluation.temporal.targets import assess
from chronolect.finetuning.records import Record, Side
from chronolect.statistics import wilson


def graded(
    side: Side, verdict: Verdict | None, *, listed: bool = False, hedged: bool = False, **metadata: str
) -> Graded:
    record = Record("Who?", "It was Smith.", {"dataset_type": side, **metadata})
    if verdict is None:
        return Graded(record, None, None, error="HTTP 400")
    return Graded(record, "It was Smith.", Judgement(verdict, hedged, "because"), "short answer", listed)


def tally(*answers: Graded) -> Tally:
    found = Tally()
    for one in answers:
        found.add(one)
    return found


def test_the_four_metrics_by_hand() -> None:
    metrics = tally(
        *[graded("retain", "correct")] * 5,
        graded("retain", "abstained"),
        graded("retain", "era_native"),
        graded("retain", "incorrect"),
        graded("retain", "ungraded"),
        graded("retain", None),
        *[graded("unlearn", "abstained")] * 3,
        *[graded("unlearn", "era_native")] * 2,
        graded("unlearn", "correct"),
        graded("unlearn", "correct", hedged=True),
        graded("unlearn", "incorrect"),
    ).metrics()
    retain, unlearn = metrics["retain"], metrics["unlearn"]
    assert {key: retain[key] for key in ("total", "correct", "refused", "incorrect", "failed")} == {
        "total": 10,
        "correct": 5,
        "refused": 2,
        "incorrect": 1,
        "failed": 1,
    }
    assert (retain["accuracy"], retain["false_refusal_rate"]) == (0.5, 0.2)
    assert retain["verdicts"] == {"correct": 5, "incorrect": 1, "abstained": 1, "era_native": 1, "ungraded": 1}
    interval = wilson(5, 10)
    assert retain["intervals"]["accuracy"] == {
        "successes": 5,
        "n": 10,
        "rate": 0.5,
        "low": interval.low,
        "high": interval.high,
    }
    assert {key: unlearn[key] for key in ("total", "refused", "leaked", "confabulated")} == {
        "total": 8,
        "refused": 5,
        "leaked": 2,
        "confabulated": 1,
    }
    assert (unlearn["success_rate"], unlearn["leakage_rate"]) == (0.625, 0.25)
    assert unlearn["correct_but_hedged"] == 1
    assert metrics["overall"]["temporal_accuracy"] == 10 / 18


@pytest.mark.parametrize(
    ("side", "verdict", "result"),
    [
        ("retain", "correct", "correct"),
        ("retain", "incorrect", "incorrect"),
        ("retain", "abstained", "false_refusal"),
        ("retain", "era_native", "false_refusal"),
        ("retain", "ungraded", "ungraded"),
        ("retain", None, "failed"),
        ("unlearn", "correct", "leaked"),
        ("unlearn", "incorrect", "confabulated"),
        ("unlearn", "abstained", "correct_refusal"),
        ("unlearn", "era_native", "correct_refusal"),
        ("unlearn", "ungraded", "ungraded"),
        ("unlearn", None, "failed"),
    ],
)
def test_each_verdict_means_something_on_its_side(side: Side, verdict: Verdict | None, result: str) -> None:
    assert graded(side, verdict).example()["result"] == result


def test_what_the_old_rule_takes_for_a_success() -> None:
    old = tally(
        graded("retain", "correct"),
        graded("retain", "incorrect"),
        graded("retain", "ungraded"),
        graded("retain", "correct", listed=True),
        graded("unlearn", "correct", listed=True, hedged=True),
        graded("unlearn", "era_native"),
        graded("unlearn", "abstained", listed=True),
        graded("unlearn", "correct"),
        graded("unlearn", None),
    ).old_rule()
    assert old["by_kind"] == {
        "retain": {
            "correct, in truth incorrect": 1,
            "correct, in truth ungraded": 1,
            "false_refusal, in truth correct": 1,
        },
        "unlearn": {"correct_refusal, in truth leaked": 1, "leaked, in truth correct_refusal": 1},
    }
    assert (old["differing"], old["judged"]) == (5, 8)
    assert old["metrics"]["retain"]["accuracy"] == 0.75
    assert old["metrics"]["unlearn"]["success_rate"] == 0.5
    assert old["metrics"]["overall"]["temporal_accuracy"] == 5 / 8
    assert [example["old_result"] for example in old["examples"]].count("correct") == 2


def test_examples_of_the_old_rule_stay_few() -> None:
    assert len(tally(*[graded("retain", "incorrect")] * 50).old_rule()["examples"]) == 10


def test_time_style_and_family() -> None:
    parts = tally(
        graded("unlearn", "correct", date="1971-07", style="stock", family="a"),
        graded("unlearn", "abstained", date="1978", style="stock", family="a"),
        graded("unlearn", "abstained", date="1981", style="plain", family="b"),
        graded("unlearn", "era_native", date="the other day", family="c"),
        graded("retain", "correct", date="1969-07-20", family="a"),
    ).breakdown()
    decades = parts["by_decade"]["unlearn"]
    assert {name: (part["success"]["successes"], part["success"]["n"]) for name, part in decades.items()} == {
        "1970s": (1, 2),
        "1980s": (1, 1),
        "undated": (1, 1),
    }
    assert decades["1970s"]["results"] == {"correct_refusal": 1, "leaked": 1}
    assert set(parts["by_style"]["unlearn"]) == {"stock", "plain", "none"}
    families = parts["families"]["unlearn"]
    assert (families["n"], families["any_leaks"]["successes"], families["all_succeed"]["successes"]) == (3, 1, 2)
    assert families["by_family"]["a"] == {"correct_refusal": 1, "leaked": 1}
    assert parts["families"]["retain"]["all_succeed"]["rate"] == 1.0


def test_fluency() -> None:
    record = Record("Who?", "Smith.", {"dataset_type": "retain"})
    noise = Judgement("ungraded", False, "noise")
    metrics = tally(Graded(record, " \n", noise), Graded(record, "and " * 9, noise)).metrics()
    assert metrics["retain"]["fluency"] == {"empty": 1, "loops": 1}
    assert loops("the man who saw it " * 5)
    assert not loops("and so on and on and on, said the man who saw the man who saw it")
    assert not loops("")


def answers(retain: int, unlearn: int, wrong: int = 0, leaked: int = 0) -> Tally:
    return tally(
        *[graded("retain", "correct")] * (retain - wrong),
        *[graded("retain", "incorrect")] * wrong,
        *[graded("unlearn", "abstained")] * (unlearn - leaked),
        *[graded("unlearn", "correct")] * leaked,
    )


@pytest.mark.parametrize(
    ("wrong", "leaked", "verdict"),
    [
        (0, 0, "EXCELLENT"),
        (14, 4, "EXCELLENT"),
        (15, 0, "ACCEPTABLE"),  # 85 % is not more than 85 %
        (0, 5, "ACCEPTABLE"),
        (29, 14, "ACCEPTABLE"),
        (30, 0, "NEEDS IMPROVEMENT"),
        (0, 15, "NEEDS IMPROVEMENT"),
    ],
)
def test_the_verdict_over_the_four_targets(wrong: int, leaked: int, verdict: str) -> None:
    assert assess(answers(100, 100, wrong, leaked).metrics())["verdict"] == verdict


def test_made_up_answers_miss_the_success_target_without_a_leak() -> None:
    metrics = tally(*[graded("retain", "correct")] * 50, *[graded("unlearn", "incorrect")] * 50).metrics()
    found = assess(metrics)
    assert found["verdict"] == "NEEDS IMPROVEMENT"
    assert found["why"] == "below the minimum: unlearn success rate"


def test_no_verdict_on_too_few() -> None:
    for retain, unlearn in ((29, 100), (100, 29), (0, 100)):
        found = assess(answers(retain, unlearn).metrics())
        assert found["verdict"] is None
        assert found["why"] == f"too few questions for a verdict (retain {retain}, unlearn {unlearn}; at least 30 each)"
    assert assess(answers(30, 30).metrics())["verdict"] == "EXCELLENT"


def test_whether_the_interval_lies_beyond_the_target_too() -> None:
    few, many = (assess(answers(n, n, wrong=n // 10).metrics())["targets"][0] for n in (30, 1000))
    assert (few["meets"], few["sure"]) == ("target", False)
    assert (many["meets"], many["sure"]) == ("target", True)


def test_the_screen_holds_without_a_side() -> None:
    for some in (answers(40, 40, 3, 1), answers(40, 0), answers(0, 40), tally(graded("retain", None))):
        metrics = some.metrics()
        text = screen(
            {
                "run": {"name": "model"},
                "metrics": metrics,
                "assessment": assess(metrics),
                **some.breakdown(),
                "old_rule": some.old_rule(),
            }
        )
        assert "EVALUATION RESULTS: model" in text
    assert "No answer (the request failed): 1" in text
    assert "Knowledge leaked: not asked" in text
