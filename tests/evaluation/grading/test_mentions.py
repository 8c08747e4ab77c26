"""Where the right answer is named, and how it is meant there."""

import pytest

from chronolect.evaluation.grading.mentions import find_mentions
from chronolect.evaluation.grading.normalise import Text


def stances(response: str, question: str, *answers: str) -> list[str]:
    asked = Text(question)
    return [mention.stance for mention in find_mentions(Text(response), asked, answers, echoed=asked)]


WHO = "Who was president in 1962?"


@pytest.mark.parametrize(
    "response",
    [
        "Kennedy",
        "Kennedy, John F.",
        "JFK",
        "Jack Kennedy",
        "president kennedy",
        "John Fitzgerald Kennedy",
        "Mr. Kennedy’s cabinet",
        "J. F. Kennedy",
    ],
)
def test_a_person_is_known_by_many_forms(response: str) -> None:
    assert set(stances(response, WHO, "John F. Kennedy")) == {"asserted"}


@pytest.mark.parametrize(
    "response",
    ["Robert Kennedy", "robert kennedy", "Kennedy Airport", "Kenneth", "R. F. Kennedy", "Jacqueline Kennedy Onassis"],
)
def test_another_of_the_name_is_another(response: str) -> None:
    assert stances(response, WHO, "John F. Kennedy") == []


@pytest.mark.parametrize(
    ("question", "answer", "response", "named"),
    [
        ("When did the ship sink?", "15 April 1912", "on April 15th, 1912", True),
        ("When did the ship sink?", "15 April 1912", "in April 1912", True),
        ("On what date did the ship sink?", "15 April 1912", "in April 1912", False),
        ("On what date did the ship sink?", "15 April 1912", "in the night of 14 to 15 April 1912", True),
        ("In which year did it fall?", "1989", "on 9 November 1989", True),
        ("In which year did it fall?", "1989", "nineteen eighty-nine", True),
        ("How many symphonies are there?", "9", "nine", True),
        ("How many symphonies are there?", "9", "in nine months", False),
        ("How many symphonies are there?", "9", "the ninth", False),
        ("Which war ended in 1945?", "World War II", "the Second World War", True),
        ("Which mission turned back?", "Apollo 13", "Apollo XIII", True),
        ("Which mission turned back?", "Apollo 13", "Apollo 12", False),
        ("Which satellite was first?", "Sputnik", "Sputnik 2", False),
        ("Which river is it?", "River Nile", "the Nile", True),
        ("Which waterway is it?", "Panama Canal", "Panama City", False),
        ("Which sheep was cloned?", "Dolly", "Dolly Parton", False),
        ("Which body was founded?", "United Nations", "the U.N.", True),
        ("Which state is it?", "US", "it came to us", False),
        ("Which body was founded?", "NATO", "the North Atlantic Treaty Organization", True),
        ("Which two found it?", "Watson and Crick", "Crick, and Watson too", True),
        ("Which country won?", "England", "the English", True),
    ],
)
def test_other_answers_are_known_by_their_forms(question: str, answer: str, response: str, named: bool) -> None:
    assert bool(stances(response, question, answer)) is named


@pytest.mark.parametrize(
    ("response", "stance"),
    [
        ("It was not Kennedy.", "negated"),
        ("Kennedy was not president.", "negated"),
        ("Anyone but Kennedy.", "negated"),
        ("Many say Kennedy, but that is wrong.", "negated"),
        ("Kennedy? No.", "negated"),
        ("It was Kennedy, not Nixon.", "asserted"),
        ("Not Nixon but Kennedy.", "asserted"),
        ("I am not sure that it was Kennedy.", "asserted"),
        ("Wasn't it Kennedy?", "asserted"),
        ("Kennedy or Nixon.", "listed"),
        ("Kennedy, or I am mistaken.", "asserted"),
        ("Nixon, Kennedy, Johnson", "listed"),
        ("1. Nixon\n2. Kennedy\n3. Johnson", "listed"),
        ("Nixon? Kennedy? Johnson?", "listed"),
    ],
)
def test_a_mention_is_meant_in_one_of_three_ways(response: str, stance: str) -> None:
    assert stances(response, WHO, "John F. Kennedy") == [stance]
