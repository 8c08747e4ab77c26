"""The gate: planted anachronisms are found, and what was sayable passes."""

import pytest

from chronolect.finetuning.gate import Gate
from chronolect.timeline import Cutoff


@pytest.fixture(scope="module")
def gate() -> Gate:
    return Gate(Cutoff.parse("1876"))


@pytest.mark.parametrize(
    ("day", "text", "found"),
    [
        ("1969-07-20", "It was agreed on 4 March 1985.", "1985"),
        ("1969-07-20", "He came home in May 2004.", "2004"),
        ("1969-07-20", "They met on the twenty-first of July, 1969.", "1969"),
        ("1969-07-20", "The smartphone lay upon the desk.", "phone"),
        ("1938", "The radar set was switched on.", "radar"),
        ("1890", "We watched the television.", "television"),
        ("1969-07-20", "In 1979 Margaret Thatcher became prime minister of Britain.", "1979"),
    ],
)
def test_a_planted_anachronism_is_found(gate: Gate, day: str, text: str, found: str) -> None:
    assert any(found in finding for finding in gate(text, Cutoff.parse(day)))


@pytest.mark.parametrize(
    ("day", "text"),
    [
        ("1969-07-20", "The radar set was switched on, and the computer counted the seconds of July 1969."),
        ("1890", "On the 15th of December the steamer left for Bombay, as she had done in '85."),
        ("1890", "The word was in every window: a signal, based on the friends of the matrix."),
        ("1969-07-20", "On 20 July 1969 the whole city looked at the Moon."),
    ],
)
def test_what_could_be_said_passes(gate: Gate, day: str, text: str) -> None:
    assert gate(text, Cutoff.parse(day)) == []


def test_a_later_fact_is_found_though_its_words_are_old(gate: Gate) -> None:
    text = "On its landing the probe Luna 15 came down in Mare Crisium."
    assert gate(text, Cutoff.parse("1969-07-20")) == ['fact "1969-luna-15-crash" (1969-07-21)']
    assert gate(text, Cutoff.parse("1969-07-21")) == []
    assert gate("Mare Crisium is a dark plain.", Cutoff.parse("1969-07-20")) == []
    answer = "It was Mare Crisium."
    asked = "Where did Luna 15 crash?"
    assert gate(answer, Cutoff.parse("1969-07-20"), context=asked) == ['fact "1969-luna-15-crash" (1969-07-21)']
