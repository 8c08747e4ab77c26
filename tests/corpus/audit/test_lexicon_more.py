"""The lists of further terms, by subject: their form and order, and that none stands in another list."""

from collections import Counter

import pytest

from chronolect.corpus.audit.lexicon import LEXICON, read_terms

LISTS = sorted(LEXICON.glob("more-*.tsv"))


def test_they_are_there() -> None:
    assert sum(len(list(read_terms(path))) for path in LISTS) > 20_000


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_order_years_and_form(path) -> None:
    terms = list(read_terms(path))
    assert terms == sorted(terms, key=lambda term: (term.year, term.term.casefold(), term.term))
    assert [term.term for term in terms if not 1500 <= term.year <= 2025] == []
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[0] == "term\tyear\tkind\tcase\tsense"
    assert lines[-1] == ""
    assert [line for line in lines[1:-1] if line.count("\t") != 4 or "  " in line] == []


def test_none_stands_in_another_list() -> None:
    counts = Counter(term.term.casefold() for path in LEXICON.glob("*.tsv") for term in read_terms(path))
    assert [term.term for path in LISTS for term in read_terms(path) if counts[term.term.casefold()] > 1] == []
