"""Expressions written in words: one automaton over all names of the tables and all words that begin a grammar."""

import re
from collections.abc import Callable, Iterator
from functools import cache

import ahocorasick_rs

from chronolect.corpus.dating.expressions.found import Found
from chronolect.corpus.dating.expressions.parts import PART, part_of
from chronolect.corpus.dating.expressions.relative import RELATIVE
from chronolect.corpus.dating.expressions.spelled import (
    centuries,
    decade_words,
    fiscal_year,
    roman_year,
    spelled_year,
    turn,
)
from chronolect.corpus.dating.expressions.table import Period, phrases
from chronolect.corpus.dating.expressions.vocabulary import DECADES
from chronolect.timeline import Span
from chronolect.timeline.evidence import precision

Reader = Callable[[str, int, int, Span | None], Found | None]

# Not "teens", which are ages, nor the common misspelling.
_DECADES = [word for word in DECADES if word not in ("teens", "fourties")]
_TRIGGERS: dict[str, Reader] = {
    **dict.fromkeys(
        ("century", "centuries", "Century", "Centuries", "CENTURY", "CENTURIES", "millennium", "millennia"), centuries
    ),
    **dict.fromkeys([*_DECADES, *(word.capitalize() for word in _DECADES if DECADES[word] >= 20)], decade_words),
    **dict.fromkeys(
        [
            form
            for word in ["fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"]
            for joint in " -"
            for form in (word + joint, word.capitalize() + joint)
        ]
        + [
            "one thousand",
            "One thousand",
            "two thousand",
            "Two thousand",
            "ten sixty-six",
            "ONE THOUSAND",
            "EIGHTEEN ",
            "NINETEEN ",
        ],
        spelled_year,
    ),
    "FY": fiscal_year,
    **dict.fromkeys(("MC", "MD", "MM", "M.C", "M.D"), roman_year),
    **dict.fromkeys(
        (
            "turn of the century",
            "Turn of the Century",
            "turn of the millennium",
            "turn-of-the-century",
            "turn of the Century",
        ),
        turn,
    ),
}


@cache
def _automaton() -> tuple[ahocorasick_rs.BytesAhoCorasick, list[Period | Reader | None]]:
    table: dict[str, Period | Reader | None] = {**phrases(), **_TRIGGERS, **RELATIVE}
    patterns = [phrase.encode("ascii", "replace") for phrase in table]
    automaton = ahocorasick_rs.BytesAhoCorasick(
        patterns,
        matchkind=ahocorasick_rs.MatchKind.LeftmostLongest,
        implementation=ahocorasick_rs.Implementation.DFA,
    )
    return automaton, list(table.values())


def in_words(flat: str, anchor: Span | None) -> Iterator[Found]:
    """The expressions in words, in order; one of type "" is a phrase that only looks like a date."""
    automaton, table = _automaton()
    # One byte a character, so that the places are places in the text.
    for index, start, end in automaton.find_matches_as_indexes(flat.encode("ascii", "replace")):
        entry = table[index]
        if entry is None or isinstance(entry, Period):
            if (start and flat[start - 1].isalnum()) or flat[end : end + 1].isalnum():
                continue
            yield Found(start, end, Span(), "", "") if entry is None else _period(flat, start, end, entry)
        else:
            found = entry(flat, start, end, anchor)
            if found is not None:
                yield found


_PART_LEFT = re.compile(rf"(?:the )?\b(?P<part>{PART})(?: the)?[ -]$")


def _period(flat: str, start: int, end: int, period: Period) -> Found:
    span = period.span
    part = _PART_LEFT.search(flat, max(0, start - 40), start)
    if part is not None and span.earliest is not None and span.latest is not None:
        return Found(part.start(), end, part_of(span, part["part"]), period.type, precision(span))
    return Found(start, end, span, period.type, precision(span))
