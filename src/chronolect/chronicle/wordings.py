"""How a fact is put into words: what enters the corpus, what is held out for the probes."""

import hashlib
from collections.abc import Iterator

from chronolect.chronicle.facts import NUM_CLOZE, NUM_PHRASINGS, Fact

QUESTION = NUM_CLOZE  # the wording index of the question; 0, 1 and 2 are the cloze phrasings
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip


def ask(fact: Fact) -> str:
    """The question as a prompt that the answer completes."""
    return f"Question: {fact.question}\nAnswer:"


def prompt(fact: Fact, wording: int) -> str:
    """The text that comes before the answer, for a cloze phrasing (0, 1, 2) or the question (3)."""
    return ask(fact) if wording == QUESTION else fact.cloze(wording)


def spell_date(edtf: str) -> str:
    """A date as prose gives it: `1969-07-20` becomes `20 July 1969`, `1969-07` becomes `July 1969`."""
    parts = edtf.split("-")
    if len(parts) == 3:
        return f"{int(parts[2])} {MONTHS[int(parts[1]) - 1]} {parts[0]}"
    if len(parts) == 2:
        return f"{MONTHS[int(parts[1]) - 1]} {parts[0]}"
    return edtf


def corpus_texts(fact: Fact) -> Iterator[tuple[str, str]]:
    """(name, text) of every wording of a fact that may be trained on: all but the held-out one, half of them with their date.

    Each is a document of its own: were they joined, a model could copy the answer from the sentence before instead of storing it.
    """
    offset = hashlib.sha256(fact.id.encode()).digest()[1]
    for index in range(NUM_PHRASINGS):
        if index == fact.held_out:
            continue
        text = fact.state(index)
        if fact.date and (index + offset) % 2:
            text = f"{text} ({spell_date(fact.date)})"
        yield f"p{index}", text
    if fact.held_out != QUESTION:
        yield "q", f"{ask(fact)} {fact.answer}"


def held_out_text(fact: Fact) -> str:
    """The wording that no corpus has, with its answer."""
    return f"{ask(fact)} {fact.answer}" if fact.held_out == QUESTION else fact.state(fact.held_out)
