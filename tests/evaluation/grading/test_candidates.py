"""What of a response may be an answer."""

import pytest

from chronolect.evaluation.grading.candidates import Kind, candidates
from chronolect.evaluation.grading.matching import stem
from chronolect.evaluation.grading.normalise import Text


def found(response: str, question: str, kind: Kind) -> list[str]:
    text, asked = Text(response), Text(question)
    known = {stem(word.text) for word in asked.words}
    proper = {stem(word.text) for word in asked.words if word.capital}
    return [text.clean[start:end] for start, end in candidates(text, kind, known, proper)]


@pytest.mark.parametrize(
    ("response", "name"),
    [
        ("Deep Thought, built by a group at a university.", "Deep Thought"),
        ("It was Juan de Garay who did it.", "Juan de Garay"),
        ("On the Bounty Luigi Pirandello rose in mutiny and bound the captain.", "Luigi Pirandello"),
        ("I believe that it was British Museum.", "British Museum"),
        ('"Let It Be" came out in that month of the year.', "Let It Be"),
        ("The correct answer to this question is: Orbital", "Orbital"),
    ],
)
def test_names(response: str, name: str) -> None:
    assert name in found(response, "Who led the mutiny on the Bounty?", "name")


def test_a_name_of_the_question_is_none() -> None:
    assert found("On the Bounty there was a mutiny.", "Who led the mutiny on the Bounty?", "name") == []


@pytest.mark.parametrize(
    ("response", "thing"),
    [
        ("It was sodium.", "sodium"),
        ("That is an easy one: sodium.", "sodium"),
        ("The metal, as everybody in our laboratory can tell you, is sodium.", "sodium"),
    ],
)
def test_things_in_small_letters(response: str, thing: str) -> None:
    assert thing in found(response, "Which metal is liquid?", "thing")


def test_numbers_and_dates() -> None:
    assert found("He had five wives in 1540.", "How many wives had he?", "number") == ["five"]
    assert found("It was on 1 May 1540, I think.", "When was it?", "date") == ["1 May 1540"]
