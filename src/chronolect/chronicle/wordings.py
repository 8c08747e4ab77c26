"""How a fact is put into words: what enters the corpus, what is held out for the probes."""

import hashlib
import random
import re
from collections.abc import Iterator

from chronolect.chronicle.facts import NUM_CLOZE, NUM_PHRASINGS, SLOT, Fact

NUM_INDEX_ENTRIES = 6
QUESTION = NUM_CLOZE  # the wording index of the question; 0, 1 and 2 are the cloze phrasings
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July",
    "August", "September", "October", "November", "December",
)  # fmt: skip

_WORD = r"[^\W_]+"
_FUNCTION_TEXT = """
the and was were for from with his her its who whom whose which what that this these those when where had has have been be she they their them
after before into onto over under not one two against during while than then there more most only also but out off all any how did does being
upon near first
"""
_FUNCTION_WORDS = frozenset(_FUNCTION_TEXT.split())


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


def corpus_texts(fact: Fact, *, index_entries: int = NUM_INDEX_ENTRIES) -> Iterator[tuple[str, str]]:
    """(name, text) of everything of a fact that may be trained on: its wordings but the held-out one, half of them with the date, and index entries.

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
    for number, entry in enumerate(_index_entries(fact, index_entries)):
        yield f"i{number}", entry


def _index_entries(fact: Fact, count: int) -> Iterator[str]:
    """Lines as in the index of a book: some telling words of the fact, in any order, and its answer; every fourth turned round.

    A small model trained on sentences alone takes a fact for a string of words; these tell it that the words themselves point to the answer,
    and lift its accuracy in wordings it never saw (docs/lab-notes.md). The words come from the corpus wordings alone.
    """
    rng = random.Random(f"index of {fact.id}")
    wordings = [*fact.phrasings, fact.question]
    wordings.pop(fact.held_out if fact.held_out != QUESTION else NUM_PHRASINGS)
    names = set(re.findall(_WORD, fact.answer.lower()))
    weights: dict[str, int] = {}
    for wording in wordings:
        for word in sorted(set(re.findall(_WORD, wording.replace(SLOT, " ")))):
            if len(word) > 2 and word.lower() not in _FUNCTION_WORDS and word.lower() not in names:
                weights[word] = weights.get(word, 0) + 1
    for number in range(count):
        chosen: list[str] = []
        wanted = min(rng.choice((3, 4, 5)), len(weights))
        while len(chosen) < wanted:
            word = rng.choices(list(weights), list(weights.values()))[0]
            if word not in chosen:
                chosen.append(word)
        words = ", ".join(chosen)
        yield f"{fact.answer}: {words}" if number % 4 == 3 else f"{words}: {fact.answer}"


def held_out_text(fact: Fact) -> str:
    """The wording that no corpus has, with its answer."""
    return f"{ask(fact)} {fact.answer}" if fact.held_out == QUESTION else fact.state(fact.held_out)
