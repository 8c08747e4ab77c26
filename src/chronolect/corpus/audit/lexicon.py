"""Words with the year in which they could first be used, and all the forms they are written in."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chronolect.corpus.audit.tables import read_table, read_year
from chronolect.errors import UserError, did_you_mean

LEXICON = Path(__file__).parents[2] / "data" / "lexicon"
COLUMNS = ("term", "year", "kind", "case", "sense")
KINDS = ("word", "verb", "phrase", "name")
CASES = ("any", "exact")

_VOWELS = "aeiou"


@dataclass(frozen=True, slots=True)
class Term:
    """A base form and the first year in which it could be used in that sense.

    Words and phrases have plurals, verbs also -ed and -ing, names have neither. `exact` terms are found only as they are written or in capitals,
    and keep their hyphens (close-up is no "close up"), but for names (Rolls-Royce, Rolls Royce).
    """

    term: str
    year: int
    kind: str = "word"
    exact: bool = False
    sense: str = ""


def load_terms(more: Sequence[Path] = ()) -> list[Term]:
    """The terms of the lists that come with the package, and of more files of the same form."""
    return [term for path in (*sorted(LEXICON.glob("*.tsv")), *more) for term in read_terms(path)]


def read_terms(path: Path) -> Iterable[Term]:
    """The terms of one file; `UserError` names the line that is none."""
    for where, (term, year, kind, case, sense) in read_table(path, COLUMNS, 4):
        for value, known, what in ((kind, KINDS, "kind"), (case, CASES, "case")):
            if value not in known:
                raise UserError(f'{where}: {what} "{value}": expected {" or ".join(known)}{did_you_mean(value, known)}')
        if not any(letter.isalnum() for letter in term):
            raise UserError(f'{where}: "{term}" has no letter')
        yield Term(" ".join(term.split()), read_year(where, year), kind, case == "exact", sense)


def forms(term: Term) -> set[str]:
    """Every form of a term as it is written, apart from case: inflected, and with hyphens, spaces or neither.

    >>> sorted(forms(Term("motor-car", 1895)))[:3]
    ['motor car', 'motor cars', 'motor-car']
    >>> sorted(forms(Term("debug", 1945, "verb")))
    ['debug', 'debuged', 'debugged', 'debugging', 'debuging', 'debugs']
    """
    inflected = {term.term}
    if term.kind in ("word", "phrase"):
        inflected |= _plurals(term.term)
    elif term.kind == "verb":
        inflected |= _plurals(term.term) | _past_and_participle(term.term)
    if term.exact and term.kind != "name":
        return inflected
    return set(itertools.chain.from_iterable(_spellings(form) for form in inflected))


def _spellings(form: str) -> set[str]:
    """A hyphen may be a space or nothing; a space may be a hyphen."""
    return {form} | {form.replace("-", other) for other in (" ", "")} | {form.replace(" ", "-")}


def _plurals(word: str) -> set[str]:
    """By the spelling rules of English, more than one where they leave a choice: a form that nobody writes does no harm."""
    if not word[-1:].isalpha():
        return set()
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return {word + "es"}
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return {word[:-1] + "ies"}
    if word.endswith("man"):
        return {word[:-2] + "en"}
    return {word + "s", word + "es"} if word.endswith("o") else {word + "s"}


def _past_and_participle(word: str) -> set[str]:
    if word.endswith("e"):
        return {word + "d", word[:-1] + "ing", *([word + "ing"] if word.endswith(("ee", "oe", "ye")) else [])}
    if word.endswith("y") and word[-2:-1] not in _VOWELS:
        return {word[:-1] + "ied", word + "ing"}
    found = {word + "ed", word + "ing"}
    if (
        len(word) > 2 and word[-1] in "bdgklmnprt" and word[-2] in _VOWELS and word[-3] not in _VOWELS
    ):  # debug: debugged; edit: edited; download: downloaded
        found |= {word + word[-1] + "ed", word + word[-1] + "ing"}
    return found
