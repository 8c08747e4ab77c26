"""Grading: what decides, and the answers it was written against."""

import json
from collections import Counter
from pathlib import Path

import pytest

from chronolect.evaluation.grading.grade import grade
from chronolect.evaluation.grading.phrases import says_a_listed_phrase
from chronolect.timeline import Cutoff

QUESTION = "Who was the first person to walk on the Moon?"
ANSWERS = ["Neil Armstrong"]
CUTOFF = Cutoff.parse("1969-07-20")
WRITTEN_AGAINST = Path(__file__).with_name("graded_answers.jsonl")


def verdict(response: str, question: str = QUESTION, answers: list[str] = ANSWERS) -> str:
    return grade(response, question=question, answers=answers, cutoff=CUTOFF).verdict


@pytest.mark.parametrize(
    ("response", "expected", "hedged"),
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
def test_the_first_rule_that_holds_decides(response: str, expected: str, hedged: bool) -> None:
    judgement = grade(response, question=QUESTION, answers=ANSWERS)
    assert (judgement.verdict, judgement.hedged) == (expected, hedged), judgement.reason


def test_a_reason_quotes_the_response() -> None:
    assert grade("It was Neil Armstrong.", question=QUESTION, answers=ANSWERS).reason == 'names "Neil Armstrong"'


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("<think>Perhaps Aldrin? No.</think>Neil Armstrong", "correct"),
        ("Answer: Buzz Aldrin\n\nQuestion: Who was the second?\nAnswer: Neil Armstrong", "incorrect"),
        ("Buzz Aldrin.\nWho commanded Apollo 11?\nNeil Armstrong.", "incorrect"),
        ("Question: Who walked first?\nAnswer: Neil Armstrong", "correct"),
        ("<|im_start|>Neil Armstrong<|im_end|>Buzz Aldrin", "correct"),
    ],
)
def test_only_the_answer_counts_and_no_thought_or_later_turn(response: str, expected: str) -> None:
    assert verdict(response) == expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ("B", "correct"),
        ("The answer is (b).", "correct"),
        ("B) Neil Armstrong", "correct"),
        ("the second", "correct"),
        ("C", "incorrect"),
        ("Buzz Aldrin", "incorrect"),
        ("Who walked first?\nA) Yuri Gagarin\nB) Neil Armstrong\nC) Buzz Aldrin", "ungraded"),
    ],
)
def test_a_letter_stands_for_its_option(response: str, expected: str) -> None:
    question = "Who walked first?\nA) Yuri Gagarin\nB) Neil Armstrong\nC) Buzz Aldrin"
    assert verdict(response, question) == expected


def test_a_letter_without_options_is_no_answer() -> None:
    assert verdict("B") == "ungraded"


def test_words_of_the_question_are_no_answer() -> None:
    question = "Was the capital of Kenya, Nairobi, founded by a railway?"
    assert verdict("Was the capital of Kenya, Nairobi, founded by a railway?", question, ["Nairobi"]) == "ungraded"


def test_an_answer_that_is_a_sentence_is_looked_for_by_its_names() -> None:
    answers = ["Neil Armstrong was the first person to walk on the Moon, on 20 July 1969, as commander of Apollo 11."]
    assert verdict("That was Neil Armstrong, the commander of Apollo 11.", answers=answers) == "correct"
    assert verdict("That was Yuri Gagarin.", answers=answers) == "incorrect"


def test_the_answers_it_was_written_against_keep_their_verdicts() -> None:
    rows = [json.loads(line) for line in WRITTEN_AGAINST.read_text(encoding="utf-8").splitlines()]
    wrong = [
        (row["verdict"], found, row["response"])
        for row in rows
        if (found := verdict(row["response"], row["question"], row["answers"])) != row["verdict"]
    ]
    assert min(Counter(row["verdict"] for row in rows).values()) >= 60
    assert len(wrong) <= 0.02 * len(rows), wrong


def test_the_old_rule_sees_phrases_only() -> None:
    assert says_a_listed_phrase("I don't know, but it was Neil Armstrong.")
    assert not says_a_listed_phrase("I don’t know.")  # a curly apostrophe
    assert not says_a_listed_phrase("That is beyond me.")
