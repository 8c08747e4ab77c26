"""Refusals, and answers from before the event, by their meaning."""

import pytest

from chronolect.evaluation.grading.normalise import Text
from chronolect.evaluation.grading.signals import find_signal
from chronolect.evaluation.grading.tense import asks_for_event, is_past, names_holder, scoffs, speaks_of_the_present


@pytest.mark.parametrize(
    "response",
    [
        "I have no record of that.", "This lies outside what I was taught.", "You have me there.", "Beats me!", "Das weiß ich nicht.",
        "Je n’en sais rien.", "No lo sé.", "Non lo so.", "Não sei.", "Не знаю.", "我不知道。", "わかりません。", "My files are silent on this.",
        "I must decline.", "Better ask a librarian.",
    ],
)  # fmt: skip
def test_a_refusal_is_known_by_its_meaning(response: str) -> None:
    assert find_signal(Text(response), "abstained")


@pytest.mark.parametrize(
    "response",
    [
        "No one has yet done so.", "It remains to be seen.", "That is still only a dream.", "Perhaps one day we shall.", "There is no such machine.",
        "The year lies half a century ahead.", "Noch ist das nicht geschehen.", "Only time can tell who will be chosen.",
    ],
)  # fmt: skip
def test_an_answer_from_before_is_known_by_its_meaning(response: str) -> None:
    assert find_signal(Text(response), "era_native")


def test_what_is_missing_from_the_records_is_not_missing_from_the_world() -> None:
    assert find_signal(Text("Nothing of the kind has found its way into my notes."), "era_native") is None


def test_the_silence_of_the_newspapers_speaks_from_before_but_that_of_my_papers_does_not() -> None:
    assert find_signal(Text("The newspapers of 20 July 1969 carry nothing about it."), "era_native")
    assert find_signal(Text("As of 20 July 1969, no report of that has reached me."), "era_native")
    assert find_signal(Text("My papers are silent on it."), "era_native") is None
    assert find_signal(Text("The story was written by H. G. Wells."), "era_native") is None
    assert find_signal(Text("The prophet Elijah founded it."), "era_native") is None


def test_an_ordinary_statement_gives_no_signal() -> None:
    for response in ("Paul Cézanne painted it in 1899.", "The capital is Canberra.", "She was born in Oldham."):
        assert find_signal(Text(response), "abstained") is None
        assert find_signal(Text(response), "era_native") is None


def test_the_present_is_told_from_the_past() -> None:
    assert is_past("he won the cup")
    assert not is_past("he has never won the cup and is still waiting")
    assert asks_for_event(Text("Who won the cup?"))
    assert not asks_for_event(Text("What is the capital of Kenya?"))


def test_the_historic_present_with_another_name_is_a_claim() -> None:
    question = Text("Who became president of Indonesia when Suharto resigned?")
    response = Text("After thirty-two years of Suharto, Indonesia is led by Hector Pieterson.")
    name = response.clean.index("Hector")
    assert speaks_of_the_present(response, question, [(name, len(response.clean) - 1)]) is None
    assert names_holder(
        Text("General Suharto is president, and crushed a coup in 1965."), Text("Who became president in 1998?")
    )
    assert (
        names_holder(Text("Tim Peake is the first Briton in space."), Text("Who was the first Briton in space?"))
        is None
    )


def test_who_is_asked_what_happened_and_tells_how_things_stand_speaks_from_before() -> None:
    question = Text("Who became leader of the Soviet Union in 1985?")
    assert speaks_of_the_present(Text("Comrade Brezhnev leads the Union."), question)
    assert speaks_of_the_present(Text("Andropov became leader."), question) is None
    assert scoffs(Text("A woman in the Kremlin! Fancy that."), question)
