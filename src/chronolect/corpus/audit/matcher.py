"""`Matcher`: terms, marks and n-grams found in one pass over a text."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
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


class Hit(NamedTuple):
    """`text[start:end]` (characters), what kind of finding it is, the term or the name of the mark, and its first year (None for an n-gram)."""

    start: int
    end: int
    kind: str
    term: str
    year: int | None


class _Entry(NamedTuple):
    """What is told by a literal: the spelling that must stand there where case counts, or the pattern that must match there."""

    kind: str
    term: str
    year: int | None
    exact: str | None = None
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
        """The hits in a flattened text past `limit` (the matcher's own by default), in order of their ends; they may overlap."""
        data = flat.encode("latin-1", "replace").lower()
        last = self.limit if limit is None else limit
        automaton, literals, entries = self._automaton
        size = len(flat)
        for number, start, end in automaton.find_matches_as_indexes(data, overlapping=True):
            opens, closes, checked = literals[number]
            if opens and start and flat[start - 1].isalnum():
                continue
            if closes and end < size and flat[end].isalnum():
                continue
            if checked is not None and flat[start:end].lower() != checked:
                continue
            for entry in entries[number]:
                hit = _read(entry, flat, start, end)
                if hit is not None and (hit.year is None or hit.year > last):
                    yield hit
        if not flat.isascii():
            yield from self._signs(flat, last)

    def _signs(self, flat: str, last: int) -> Iterator[Hit]:
        any_sign, marks = self._sign_patterns
        for match in any_sign.finditer(flat) if any_sign is not None else ():
            for mark, sign in marks:
                if mark.year > last and sign.match(flat, match.start()):
                    yield Hit(match.start(), match.end(), "mark", mark.name, mark.year)

    @cached_property
    def _sign_patterns(self) -> tuple[re.Pattern[str] | None, list[tuple[Mark, re.Pattern[str]]]]:
        """One class of all signs, for speed, and that of each mark."""
        marks = [(mark, mark.pattern) for mark in self.marks if not mark.literals and mark.pattern is not None]
        signs = "".join(sign.pattern.partition("[")[2].removesuffix("]") for _, sign in marks)
        return re.compile(f"[{signs}]") if signs else None, marks

    @cached_property
    def _automaton(self) -> tuple[BytesAhoCorasick, list[tuple[bool, bool, str | None]], list[list[_Entry]]]:
        entries: dict[str, list[_Entry]] = defaultdict(list)
        for literal, entry in self._entries():
            entries[literal].append(entry)
        # Literals that differ only in what Latin-1 does not have, or in the case of its accented letters, are kept apart.
        literals = [(literal[0].isalnum(), literal[-1].isalnum(), _beyond_ascii(literal)) for literal in entries]
        patterns = [literal.encode("latin-1", "replace").lower() for literal in entries]
        automaton = BytesAhoCorasick(
            patterns, implementation=Implementation.DFA if len(patterns) < _LARGE else Implementation.ContiguousNFA
        )
        return automaton, literals, list(entries.values())

    def _entries(self) -> Iterator[tuple[str, _Entry]]:
        for term in self.terms:
            if term.year > self.limit:
                for form in sorted(forms(term)):
                    entry = _Entry("word", term.term, term.year, form if term.exact else None)
                    yield from ((literal, entry) for literal in _in_cases(form))
        for mark in self.marks:
            if mark.year > self.limit or (mark.pattern is not None and "year" in mark.pattern.groupindex):
                for literal in mark.literals:
                    yield literal, _Entry("mark", mark.name, mark.year, pattern=mark.pattern)
        for ngram in self.ngrams:
            yield from ((literal, _Entry("ngram", ngram, None)) for literal in _in_cases(ngram))

    def __reduce__(self) -> tuple[type["Matcher"], tuple[Sequence[Term], Sequence[Mark], Sequence[str], int]]:
        return Matcher, (self.terms, self.marks, self.ngrams, self.limit)  # the automaton is made anew in each process


def _in_cases(form: str) -> Iterable[str]:
    """The spellings to search for: bytes in small letters leave accented letters as they are."""
    low = form.lower()
    return {low} if form.isascii() else {low, form, form.upper(), form[:1].upper() + form[1:]}


def _beyond_ascii(literal: str) -> str | None:
    """What to compare a hit with, where bytes say too little."""
    return None if literal.isascii() else literal.lower()


def _read(entry: _Entry, flat: str, start: int, end: int) -> Hit | None:
    """The hit of an entry whose literal stands at `start`, if the text there is what it asks for."""
    if entry.exact is not None:
        found = flat[start:end]
        if found != entry.exact and not (
            found == entry.exact.upper() and (" " in found or "-" in found or len(found) >= _SHOUTED)
        ):
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
