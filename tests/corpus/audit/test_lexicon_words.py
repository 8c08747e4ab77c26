"""The lists of words and phrases with the year of their first use: their form, order and size."""

from itertools import chain

import pytest

from chronolect.corpus.audit.lexicon import LEXICON, Term, read_terms

PERIODS = {"words-1600-1899": 1_000, "words-1900-1945": 600, "words-1946-1969": 450, "words-1970-2024": 500}


def terms(name: str) -> list[Term]:
    return list(read_terms(LEXICON / f"{name}.tsv"))


def test_every_list_is_looked_at():
    assert {path.stem for path in LEXICON.glob("words-*.tsv")} == set(PERIODS)


@pytest.mark.parametrize("name", PERIODS)
def test_years_order_and_size(name):
    first, last = (int(year) for year in name.removeprefix("words-").split("-"))
    found = terms(name)
    assert len(found) >= PERIODS[name]
    assert [term for term in found if not first <= term.year <= last] == []
    assert found == sorted(found, key=lambda term: (term.year, term.term.casefold(), term.term))


@pytest.mark.parametrize("name", PERIODS)
def test_kinds_and_senses(name):
    for term in terms(name):
        # A few phrases are names, without a plural: "the bus stops here" is not about bus stops.
        assert term.kind in ("word", "verb", "phrase") or (term.kind == "name" and " " in term.term), term
        assert " " not in term.term or term.kind != "word", term
        assert len(term.sense.split()) <= 6, term
        assert term.exact or not (term.term.isupper() and term.term.isalpha() and len(term.term) > 1), term


def test_no_term_twice_whatever_its_case():
    found = [term.term.casefold() for term in chain.from_iterable(map(terms, PERIODS))]
    assert sorted({term for term in found if found.count(term) > 1}) == []


def test_enough_terms_of_the_centuries_before():
    years = [term.year for term in terms("words-1600-1899")]
    assert sum(year < 1850 for year in years) >= 150
    assert sum(year >= 1850 for year in years) >= 250
