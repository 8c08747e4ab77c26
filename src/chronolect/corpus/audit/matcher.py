"""`Matcher`: terms, marks and n-grams found in one pass over a text."""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from chronolect.corpus.audit.lexicon import Term, forms
from chronolect.corpus.audit.marks import Mark

# How far around a literal its pattern may reach.
_BEFORE, _AFTER = 120, 240
# A single word that is found as written only is also found in capitals if it is at least this long: TIME is no magazine.
_SHOUTED = 6
# Up to this many literals, the faster and larger form of the automaton (about 3 kB a literal).
_LARGE = 50_000
_LAST_SIGN = 0x20000  # signs and emoji lie below


class Hit(NamedTuple):
    """`text[start:end]` (characters), what kind of finding it is, the term or the name of the mark, and its first year (None for an n-gram)."""

    start: int
    end: int
    kind: str
    term: str
    year: int | None


class _Entry(NamedTuple):
    """What is told by a literal: the spelling that must stand there where case counts, the letters (small ones) where they are more than ASCII,
    or the pattern that must match there.
    """

    kind: str
    term: str
    year: int | None
    exact: str | None = None
    letters: str | None = None
    pattern: re.Pattern[str] | None = None


def flatten(text: str) -> str:
    """The text with every character in its place, where line breaks are spaces, and apostrophes and hyphens plain."""
    flat = text.replace("\n", " ").replace("\xa0", " ")
    if not flat.isascii():
        flat = flat.replace("’", "'").replace("‘", "'").replace("‑", "-").replace("‐", "-")
    return flat


@dataclass(frozen=True)
class Matcher:
    """Finds what could not be written by the end of the year `limit`.

    The text is searched as Latin-1 in small letters, a byte a character (others become `?`), by one Aho-Corasick automaton;
    each hit is then looked at in the text itself: word boundaries, case, letters beyond Latin-1, patterns.
    """

    terms: Sequence[Term]
    marks: Sequence[Mark]
    ngrams: Sequence[str]
    limit: int

    def __call__(self, flat: str, limit: int | None = None) -> Iterator[Hit]:
        """The hits in a flattened text past `limit` (the matcher's own by default); they may overlap each other.

        A later term inside an earlier one is none: the "radio" of "radio-active" is as old as that.
        """
        last = self.limit if limit is None else limit
        found = list(self._search(flat))
        covered = _covered_by(
            [hit for hit in found if hit.kind == "word" and hit.year is not None and hit.year <= last]
        )
        yield from (hit for hit in found if (hit.year is None or hit.year > last) and not covered(hit))
        if not flat.isascii():
            yield from self._signs(flat, last)

    def _search(self, flat: str) -> Iterator[Hit]:
        """What the automaton finds and the text confirms, of any year."""
        data = flat.encode("latin-1", "replace").lower()
        automaton, edges, entries = self._automaton
        size = len(flat)
        for number, start, end in automaton.find_matches_as_indexes(data, overlapping=True):
            opens, closes = edges[number]
            if opens and start and flat[start - 1].isalnum():
                continue
            if closes and end < size and flat[end].isalnum():
                continue
            for entry in entries[number]:
                hit = _read(entry, flat, start, end)
                if hit is not None:
                    yield hit

    def _signs(self, flat: str, last: int) -> Iterator[Hit]:
        any_sign, beginnings, marks = self._sign_patterns
        data = flat.encode("utf-8", "replace")
        if any_sign is None or not any(
            beginning in data for beginning in beginnings
        ):  # several times as fast as the pattern
            return
        for match in any_sign.finditer(flat):
            for mark, sign in marks:
                if mark.year > last and sign.match(flat, match.start()):
                    yield Hit(match.start(), match.end(), "mark", mark.name, mark.year)

    @cached_property
    def _sign_patterns(self) -> tuple[re.Pattern[str] | None, list[bytes], list[tuple[Mark, re.Pattern[str]]]]:
        """One class of all signs, the two bytes by which they begin in UTF-8, and the class of each mark."""
        marks = [(mark, mark.pattern) for mark in self.marks if not mark.literals and mark.pattern is not None]
        signs = "".join(sign.pattern[1:].partition("]")[0] for _, sign in marks)
        if not signs:
            return None, [], marks
        any_sign = re.compile(f"[{signs}]")
        found = (chr(code) for code in range(0x80, _LAST_SIGN) if any_sign.match(chr(code)))
        return any_sign, sorted({sign.encode("utf-8", "replace")[:2] for sign in found}), marks

    @cached_property
    def _automaton(self) -> tuple[BytesAhoCorasick, list[tuple[bool, bool]], list[list[_Entry]]]:
        """The automaton, and of each literal whether its ends are ends of words, and what it tells."""
        entries: dict[bytes, dict[_Entry, None]] = defaultdict(dict)
        edges: dict[bytes, tuple[bool, bool]] = {}
        for literal, entry in self._entries():
            data = literal.encode("latin-1", "replace").lower()
            entries[data][entry] = None
            edges[data] = literal[0].isalnum(), literal[-1].isalnum()
        kind = Implementation.DFA if len(entries) < _LARGE else Implementation.ContiguousNFA
        automaton = BytesAhoCorasick(list(entries), implementation=kind)
        return automaton, [edges[data] for data in entries], [list(told) for told in entries.values()]

    def _entries(self) -> Iterator[tuple[str, _Entry]]:
        for term in self.terms:
            if term.year > self.limit or not term.term.isalnum():
                for form in sorted(forms(term)):
                    yield from _in_cases(
                        form, _Entry("word", term.term, term.year, form if term.exact else None, _letters(form))
                    )
        for mark in self.marks:
            if mark.year > self.limit or (mark.pattern is not None and "year" in mark.pattern.groupindex):
                for literal in mark.literals:
                    yield literal, _Entry("mark", mark.name, mark.year, letters=_letters(literal), pattern=mark.pattern)
        for ngram in self.ngrams:
            yield from _in_cases(ngram, _Entry("ngram", ngram, None, letters=_letters(ngram)))

    def __reduce__(self) -> tuple[type["Matcher"], tuple[Sequence[Term], Sequence[Mark], Sequence[str], int]]:
        return Matcher, (self.terms, self.marks, self.ngrams, self.limit)  # the automaton is made anew in each process


def _in_cases(form: str, entry: _Entry) -> Iterator[tuple[str, _Entry]]:
    """The spellings to search for: small letters of bytes leave accented letters as they are."""
    if form.isascii():
        yield form, entry
    else:
        yield from ((cased, entry) for cased in (form.lower(), form, form.upper(), form[:1].upper() + form[1:]))


def _letters(form: str) -> str | None:
    return None if form.isascii() else form.lower()


def _read(entry: _Entry, flat: str, start: int, end: int) -> Hit | None:
    """The hit of an entry whose literal stands at `start`, if the text there is what it asks for."""
    found = flat[start:end]
    if entry.letters is not None and found.lower() != entry.letters:
        return None
    shouted = " " in found or "-" in found or len(found) >= _SHOUTED
    if entry.exact is not None and found != entry.exact and not (shouted and found == entry.exact.upper()):
        return None
    if entry.kind == "ngram" and (_goes_on(flat, start - 1, -1) or _goes_on(flat, end, 1)):
        return None
    if entry.pattern is None:
        return Hit(start, end, entry.kind, entry.term, entry.year)
    first = max(0, start - _BEFORE)
    for match in entry.pattern.finditer(flat, first, end + _AFTER):
        if match.start() > start:
            break
        if match.end() >= end:
            year = int(match["year"]) if "year" in entry.pattern.groupindex else entry.year
            return Hit(match.start(), match.end(), entry.kind, entry.term, year)
    return None


def _covered_by(hits: list[Hit]) -> Callable[[Hit], bool]:
    """Whether a hit lies inside one of these that is longer."""
    hits = sorted(hits)
    starts = [hit.start for hit in hits]
    reach = [0, *accumulate((hit.end for hit in hits), max)]  # how far those before a place go

    def covered(hit: Hit) -> bool:
        before, there = bisect_left(starts, hit.start), bisect_right(starts, hit.start)
        return reach[before] >= hit.end or reach[there] > hit.end

    return covered if hits else lambda _: False


def _goes_on(flat: str, place: int, step: int) -> bool:
    """Whether a word goes on past an apostrophe or hyphen: the words of n-grams have those inside (the s of "Erin's" is none)."""
    return (
        0 < place < len(flat) - 1
        and flat[place] in "'-"
        and flat[place + step].isalpha()
        and flat[place - step].isalpha()
    )
