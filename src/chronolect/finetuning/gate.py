"""The gate: what a text says that nobody could say on a day.

The same recognisers as `corpus audit`: dates in every spelling, words and names with the year they came up, marks of modern editions. Beside
them the chronicle: a text that names the answer of a later fact together with all its key words states that fact, though each word of it
may be old.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from ahocorasick_rs import AhoCorasick

from chronolect.chronicle.facts import Fact, load_facts
from chronolect.corpus.audit.findings import find_hits
from chronolect.corpus.audit.lexicon import load_terms
from chronolect.corpus.audit.marks import load_marks
from chronolect.corpus.audit.matcher import Matcher
from chronolect.timeline import Cutoff, Span, Verdict
from chronolect.timeline.calendar import year_of


@dataclass(frozen=True)
class Gate:
    """Finds anachronisms for any day from `earliest` on.

    Attributes:
        earliest: The first day that texts will be held against.
        facts: Dated facts that a text must not state before their time; those of the package by default.
    """

    earliest: Cutoff
    facts: Sequence[Fact] | None = None

    def __call__(self, text: str, cutoff: Cutoff, *, context: str = "") -> list[str]:
        """What in the text is past the cutoff, in a few words each: `word "radar" (1940)`.

        `context` is what was said before, such as the question: it is not judged itself, but tells what the text is about.
        """
        # written at any time up to that day: "'85" is then the latest such year that had come, and "4 March" of no year at all
        hits = find_hits(text, self._matcher, cutoff, anchor=Span(None, cutoff.day), future_years=0)
        found = [f'{hit.kind} "{hit.term}" ({hit.year})' for hit in hits]
        return found + [f'fact "{fact.id}" ({fact.date})' for fact in self._later_facts(text, cutoff, context)]

    def _later_facts(self, text: str, cutoff: Cutoff, context: str) -> list[Fact]:
        automaton, owners, dated = self._answers
        low = _plain(text)
        whole = f"{_plain(context)} {low}"
        found: dict[str, Fact] = {}
        for number, start, end in automaton.find_matches_as_indexes(low, overlapping=True):
            if low[start - 1 : start].isalnum() or low[end : end + 1].isalnum():
                continue
            for index in owners[number]:
                fact = dated[index]
                if fact.id not in found and cutoff.judge(fact.span) is Verdict.AFTER and _has_all(whole, fact.keys):
                    found[fact.id] = fact
        return list(found.values())

    @property
    def _matcher(self) -> Matcher:
        return _matcher_from(year_of(self.earliest.day))

    @cached_property
    def _answers(self) -> tuple[AhoCorasick, list[list[int]], list[Fact]]:
        """The automaton of all names of answers, of each name the facts it answers, and the facts."""
        every = load_facts() if self.facts is None else self.facts
        dated = [
            fact for fact in every if fact.kind == "dated" and self.earliest.judge(fact.span) is not Verdict.BEFORE
        ]
        owners: dict[str, list[int]] = {}
        for index, fact in enumerate(dated):
            for name in {_plain(name) for name in (fact.answer, *fact.aliases)}:
                owners.setdefault(name, []).append(index)
        return AhoCorasick(list(owners)), list(owners.values()), dated


@cache
def _matcher_from(year: int) -> Matcher:
    """The words and marks that came up after a year; it takes seconds to make one."""
    return Matcher(load_terms(), load_marks(), (), year)


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("’", "'").split())


def _has_all(text: str, keys: Sequence[str]) -> bool:
    """Whether each key stands in the text at the beginning of a word (its plural counts as well)."""
    return all(re.search(rf"(?<!\w){re.escape(_plain(key))}", text) for key in keys)
