"""Conversations without a model: every sentence of an answer is one of the passage or one of the persona."""

import pytest

from chronolect.finetuning.persona.conversations import Assignment, Conversation, converse
from chronolect.finetuning.persona.passages import Passage, sentences
from chronolect.finetuning.persona.personas import load_personas
from chronolect.timeline import Span

TEXT = """The Nautilus was a long vessel of riveted steel plates. She had been built in
secret upon a desert island, and the sailors of Captain Nemo knew no other home.
The engine drew its power from the sea itself, and that power was electricity.
Nobody on board could say how Captain Nemo had learned so much.

In the library of the vessel stood twelve thousand books. The library was lit
from the ceiling by four frosted globes. For whole days Professor Aronnax stayed
among the shelves while Ned Land paced the deck above. “Is it for ever?” he asked."""
(CLERK,) = load_personas(["victorian-clerk"])


def assignment(turns: int = 3, place: int = 0, *, text: str = TEXT, title: str = "", plain: bool = True) -> Assignment:
    passage = Passage("n#1", "n", title, text, Span.parse("1870"))
    return Assignment(1, place, passage, CLERK, turns, plain, 0)


def made(one: Assignment) -> Conversation:
    conversation = converse(one)
    assert conversation is not None
    return conversation


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_answer_holds_nothing_but_the_passage_and_the_persona(place: int) -> None:
    talk = made(assignment(4, place))
    assert len(talk.questions) == len(talk.answers) == len(talk.plain) >= 3
    of_the_text = set(sentences(TEXT))
    used: list[str] = []
    for turn, (answer, plain) in enumerate(zip(talk.answers, talk.plain, strict=True)):
        said = sentences(plain)
        assert set(said) <= of_the_text
        used += said
        opening, _, closing = answer.partition(plain)
        assert opening.strip() in (CLERK.bridges if turn else CLERK.openings)
        assert closing.strip() in (CLERK.closings if turn == len(talk.answers) - 1 else [""])
    assert len(used) == len(set(used)), "a sentence is told once"


def test_a_question_names_what_its_answer_speaks_of() -> None:
    talk = made(assignment(4))
    subjects = (
        "the Nautilus",
        "Captain Nemo",
        "Professor Aronnax",
        "Ned Land",
        "the engine",
        "the library",
        "the vessel",
        "the ceiling",
    )
    for question, answer in zip(talk.questions, talk.plain, strict=True):
        named = [one for one in subjects if one.lower() in question.lower()]
        assert named, question
        assert any(one.lower() in answer.lower() for one in named)


def test_no_answer_begins_with_what_leans_on_the_sentence_before() -> None:
    for place in range(4):
        for plain in made(assignment(4, place)).plain:
            assert not plain.startswith(("She", "“"))


def test_it_is_the_same_each_time_and_another_for_another_place() -> None:
    assert made(assignment()) == made(assignment())
    assert made(assignment(1, 0)).plain != made(assignment(1, 1)).plain
    assert made(assignment(plain=False)).plain == ()


def test_some_first_questions_name_the_book() -> None:
    asked = [made(assignment(1, place, title="The Sea Book")).questions[0] for place in range(12)]
    assert 0 < sum("The Sea Book" in question for question in asked) < len(asked)


def test_a_passage_that_says_nothing_gives_a_reason() -> None:
    assert made(assignment(text="He went. They came, and she was there.")).problem
