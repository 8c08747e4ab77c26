"""Grading over the facts of the chronicle: the right answer, another fact's answer, and the question given back."""

import random
from pathlib import Path

import pytest

import chronolect
from chronolect.chronicle.facts import Fact, load_facts
from chronolect.evaluation.grading.grade import Verdict, grade

FACTS = random.Random(0).sample([fact for fact in load_facts() if fact.kind != "trap"], 200)


def share(verdict: Verdict, responses: list[tuple[str, Fact]]) -> float:
    """Of responses, how many get the verdict."""
    found = [
        grade(said, question=fact.question, answers=[fact.answer, *fact.aliases]).verdict for said, fact in responses
    ]
    return found.count(verdict) / len(found)


def other_answer(fact: Fact) -> str:
    return next(one.answer for one in FACTS if one.type == fact.type and one.answer not in (fact.answer, *fact.aliases))


def test_right_answers_are_correct_however_they_are_put() -> None:
    assert share("correct", [(fact.answer, fact) for fact in FACTS]) == 1
    assert (
        share("correct", [(f"I am not entirely certain, but I believe it was {fact.answer}.", fact) for fact in FACTS])
        == 1
    )
    assert share("correct", [(fact.state(n % 6), fact) for n, fact in enumerate(FACTS)]) >= 0.98


def test_answers_to_other_questions_are_incorrect() -> None:
    assert share("incorrect", [(other_answer(fact), fact) for fact in FACTS]) >= 0.97
    assert share("incorrect", [(f"It was not {fact.answer}.", fact) for fact in FACTS]) >= 0.98
    assert share("incorrect", [(f"Either {other_answer(fact)} or {fact.answer}.", fact) for fact in FACTS]) >= 0.95


def test_a_statement_of_the_chronicle_with_another_answer_is_incorrect_and_hardly_ever_from_before() -> None:
    wrong = [(fact.state(n % 6).replace(fact.answer, other_answer(fact)), fact) for n, fact in enumerate(FACTS)]
    assert share("incorrect", wrong) >= 0.95
    assert share("era_native", wrong) <= 0.025


WAYS = [
    "{a}", "**{a}**", "```\n{a}\n```", "It was {a}.", "I would say {a}.", "Answer: {a}", "If I remember rightly, {a}.",
    "There is no doubt that it was {a}.",
    "It was {a}, who is still remembered for it.", "I do not have full information, however it was {a}.", "It was {a}. I do not know more than that.",
    "{a} (see any encyclopaedia)", "Great question! {a} is the answer.",
]  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_however_it_is_put_what_counts_is_what_is_named(way: str) -> None:
    assert share("correct", [(way.format(a=fact.answer), fact) for fact in FACTS]) >= 0.98
    assert share("incorrect", [(way.format(a=other_answer(fact)), fact) for fact in FACTS]) >= 0.9


def test_the_refusals_and_answers_from_before_that_the_project_writes_are_known_as_such() -> None:
    stock = [line.split("\t")[1] for line in _lines("stock.tsv")]
    from_before = [line.split("\t") for line in _lines("era_native.tsv")]
    today = {"today": "20 July 1969", "year": "1969"}
    assert share("abstained", [(text, fact) for text in stock for fact in FACTS[:5]]) == 1
    told = [
        (line[0].format(**today), fact)
        for line in from_before
        for fact in FACTS[:30]
        if len(line) < 2 or not line[1] or line[1] == fact.type
    ]
    assert share("era_native", told) >= 0.99


def _lines(name: str) -> list[str]:
    lines = (Path(chronolect.__file__).parent / "data" / "refusals" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")][1:]


def test_questions_given_back_and_sentences_cut_off_are_no_answer() -> None:
    assert share("ungraded", [(fact.question, fact) for fact in FACTS]) >= 0.98
    assert share("ungraded", [(fact.cloze(0), fact) for fact in FACTS]) >= 0.93


def test_nothing_a_model_may_say_stops_the_grader() -> None:
    draw = random.Random(3)
    marks = "abXY 019.,;:!?'\"()[]{}<>|/\\-–—’“”%&#@*_~\n\t\u200b\x00İß字🙂½ﬃ٣"
    pieces = [*marks, "Neil", "not", "or", "the", "I", "A)", "B)"]
    for _ in range(300):
        response, question, answer = ("".join(draw.choices(pieces, k=draw.randrange(30))) for _ in range(3))
        assert grade(response, question=question, answers=[answer, "Neil Armstrong !"]).reason
