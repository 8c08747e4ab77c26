"""Four-choice accuracy on both sides, against chance and against the start."""

import pytest

from chronolect.chronicle.probes import Probe
from chronolect.evaluation.unlearning.recall import accuracy, choose_questions, summarise
from chronolect.statistics import wilson
from chronolect.timeline import Cutoff

CUTOFF = Cutoff.parse("1969-07-20")


def test_questions_are_held_out_wordings_on_one_side_controls_and_traps(deeds: list[Probe]) -> None:
    seen = Probe(**{**deeds[0].__dict__, "split": "seen"})
    guessed = Probe(**{**deeds[0].__dict__, "guess": "high"})
    straddling = Probe(**{**deeds[0].__dict__, "date": "1969"})
    undated = Probe(**{**deeds[0].__dict__, "date": ""})
    control = Probe(**{**deeds[0].__dict__, "split": "control", "date": ""})
    found = choose_questions([*deeds, seen, guessed, straddling, undated, control], CUTOFF, {"deed-0", "deed-1"})
    assert [question.group for question in found] == ["before", "after"] * 24 + ["trap", "control"]
    assert [question.probe.fact for question in found if question.shown] == ["deed-0", "deed-1", "deed-0"]
    assert found[0].year == 1900


def test_accuracy_lies_at_above_or_below_chance() -> None:
    four = [4] * 40
    at, above, below = (accuracy([place < hits for place in range(40)], four) for hits in (10, 30, 1))
    assert (at["against_chance"], above["against_chance"], below["against_chance"]) == ("at", "above", "below")
    assert (at["correct"], at["n"], at["chance"], at["low"]) == (10, 40, 0.25, wilson(10, 40).low)
    assert accuracy([True] * 29, [4] * 29)["against_chance"] is None
    assert accuracy([], [])["accuracy"] is None


def test_sides_are_split_by_what_training_showed(deeds: list[Probe]) -> None:
    families = {f"deed-{number}" for number in range(10)}  # five on each side
    questions = choose_questions(deeds, CUTOFF, families)
    right = [question.group == "before" or question.probe.fact in families for question in questions]
    found = summarise(questions, right)
    assert (found["before"]["correct"], found["before"]["n"]) == (24, 24)
    assert (found["after"]["shown"]["correct"], found["after"]["shown"]["n"]) == (5, 5)
    assert (found["after"]["unshown"]["correct"], found["after"]["unshown"]["n"]) == (0, 19)
    assert found["trap"]["n"] == 1
    assert "kept" not in found
    assert [(part["side"], part["first"], part["last"], part["n"]) for part in found["by_decade"][:2]] == [
        ("before", 1900, 1908, 5),
        ("before", 1910, 1918, 5),
    ]
    assert sum(part["n"] for part in found["by_decade"]) == 48


def test_change_is_paired_and_five_points_may_go(deeds: list[Probe]) -> None:
    questions = choose_questions(deeds, CUTOFF, set()) * 5  # 120 before
    before = [place for place, question in enumerate(questions) if question.group == "before"]
    start = [True] * len(questions)

    def losing(count: int) -> list[bool]:
        lost = set(before[:count])
        return [place not in lost for place in range(len(questions))]

    same, little, much = (summarise(questions, losing(count), start) for count in (0, 4, 40))
    assert same["change"]["before"] == {"value": 0.0, "low": 0.0, "high": 0.0, "n": 120}
    assert same["kept"] == {"kept": True, "sure": True}
    assert little["change"]["before"]["value"] == pytest.approx(-4 / 120)
    assert little["kept"] == {"kept": True, "sure": False}  # the interval reaches below five points
    assert much["kept"] == {"kept": False, "sure": True}
    assert much["change"]["before"]["low"] < -1 / 3 < much["change"]["before"]["high"]
