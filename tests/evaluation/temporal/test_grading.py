"""Grading: one case for each rule of precedence."""

import pytest

from chronolect.evaluation.temporal.grading import grade

QUESTION = "Who was the first person to walk on the Moon?"
ANSWERS = ["Neil Armstrong"]


@pytest.mark.parametrize(
    ("response", "verdict", "hedged"),
    [
        ("Neil Armstrong.", "correct", False),
        ("I think it was Neil Armstrong, but I’m not sure.", "correct", True),
        ("Louis Armstrong", "incorrect", False),
        ("It was not Neil Armstrong but Buzz Aldrin.", "incorrect", False),
        ("I don’t know, but perhaps Gagarin?", "incorrect", True),
        ("Sorry, that lies beyond my archives.", "abstained", False),
        ("No man has yet walked on the Moon.", "era_native", False),
        ("", "ungraded", False),
        ("and and and and and and and and and", "ungraded", False),
        ("The first person to walk on the Moon was", "ungraded", False),
    ],
)
def test_the_first_rule_that_holds_decides(response: str, verdict: str, hedged: bool) -> None:
    judgement = grade(response, question=QUESTION, answers=ANSWERS)
    assert (judgement.verdict, judgement.hedged) == (verdict, hedged), judgement.reason
