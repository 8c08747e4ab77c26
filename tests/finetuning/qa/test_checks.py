"""The checks on a question and its answer, and on what a teacher quotes."""

import json

import pytest

from chronolect.finetuning.qa.checks import Checks, stands_in
from chronolect.finetuning.qa.items import Article, Item
from chronolect.finetuning.qa.teacher import _problem, _read
from chronolect.finetuning.qa.templates import Wording
from chronolect.finetuning.records import Side
from chronolect.timeline import Cutoff, Span

CHECKS = Checks(Cutoff.parse("1969-07-20"))


def item(question: str, reply: str, answer: str, side: Side = "retain", quote: str = "") -> Item:
    article = Article("a", "A", "a", side, Span.year(1900))
    return Item(article, answer, Span.year(1900), (Wording("t", question, reply),), quote)


@pytest.mark.parametrize(
    ("question", "reply", "answer", "side", "problem"),
    [
        ("Who built the tower of iron in Paris?", "{a} built it.", "Gustave Eiffel", "retain", None),
        ("In which year was the tower of Paris finished?", "{a}.", "1889", "retain", None),
        ("When was the second tower built there?", "It was built on {a}.", "4 March 1985", "retain", "past the cutoff"),
        ("Which tower of May 2004 is meant here?", "{a}.", "the tall one", "retain", "past the cutoff"),
        ("Who sold the first smartphone in Paris?", "{a}.", "Nobody at all", "retain", "past the cutoff"),
        (
            "Who is the author of the passage?",
            "{a}.",
            "Hugo",
            "retain",
            "speaks of the text, or is dressed for a screen",
        ),
        (
            "Who was called **Hugo** there?",
            "{a}.",
            "Victor",
            "retain",
            "speaks of the text, or is dressed for a screen",
        ),
        (
            "Was it Victor Hugo who wrote it, or another?",
            "{a}.",
            "Victor Hugo",
            "retain",
            "the answer stands in the question",
        ),
        ("Why?", "{a}.", "Because", "retain", "question too short or too long"),
        ("Who won the cup in the year 1998?", "{a}.", "France", "unlearn", None),
        ("Who won the cup in the year 1938?", "{a}.", "Italy", "unlearn", "of a time before the cutoff"),
    ],
)
def test_what_is_said_on_either_side(question: str, reply: str, answer: str, side: Side, problem: str | None) -> None:
    assert CHECKS.problem(item(question, reply, answer, side)) == problem


def test_a_question_is_asked_once_however_it_is_spelled() -> None:
    assert CHECKS.problem(item("Who wrote Faust in Weimar?", "{a}.", "Goethe")) is None
    assert CHECKS.problem(item("who wrote  FAUST, in Weimar?", "{a}.", "Schiller")) == "asked before"


def test_a_quotation_may_be_spaced_and_quoted_otherwise() -> None:
    assert stands_in("the king’s  own", "It was the king's\nown horse.")
    assert not stands_in("the queen's own", "It was the king's own horse.")
    assert not stands_in(" ", "anything")


ROW = {"question": "Who?", "answer": "It was Bell.", "short_answer": "Bell", "quote": "by Bell in 1876"}
TEXT = "The telephone was patented by Bell in 1876 at Boston."


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({}, ""),
        ({"question": "Who"}, "unfinished"),
        ({"quote": "by Gray in 1876"}, "quote not in the text"),
        ({"short_answer": "Boston"}, "the answer is not in the quotation"),
        ({"answer": "It was Bell, in 1877."}, "a number that the text does not have"),
    ],
)
def test_a_teacher_must_quote_its_answer(change: dict[str, str], problem: str) -> None:
    assert _problem(ROW | change, TEXT) == problem


def test_answers_are_read_from_a_fence_or_a_bare_list() -> None:
    assert _read(f"```json\n{json.dumps({'questions': [ROW]})}\n```") == [ROW]
    assert _read(json.dumps([ROW])) == [ROW]
    assert _read("Here are your questions: ...") is None
    assert _read(json.dumps({"questions": [{"question": "Who?"}]})) is None
