"""The lists of names that come with the package: their form, their order, and that no term is in two lists."""

from collections import Counter

import pytest

from chronolect.corpus.audit.lexicon import LEXICON, Term, read_terms
from chronolect.corpus.audit.matcher import Matcher

LISTS = sorted(LEXICON.glob("names-*.tsv"))
KINDS = ("events", "organisations", "people", "places", "works")


def names() -> list[Term]:
    return [term for path in LISTS for term in read_terms(path)]


def test_there_is_a_list_of_each_kind_and_enough_names():
    assert [path.stem for path in LISTS] == [f"names-{kind}" for kind in KINDS]
    assert len(names()) >= 1_300


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_names_are_exact_dated_and_in_order(path):
    terms = list(read_terms(path))
    assert {term.kind for term in terms} == {"name"}
    # the names of events and places are written with small letters, too; people and firms are not
    assert all(term.exact for term in terms) or path.stem in ("names-events", "names-places")
    assert all(term.exact or " " in term.term or "-" in term.term for term in terms)
    assert [term.term for term in terms if not 1850 <= term.year <= 2024] == []
    assert [term.term for term in terms if not 1 <= len(term.sense.split()) <= 6] == []
    assert terms == sorted(terms, key=lambda term: (term.year, term.term.casefold(), term.term))


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_lines_are_as_they_are_read(path):
    lines = path.read_text(encoding="utf-8").split("\n")
    assert lines[0] == "term\tyear\tkind\tcase\tsense"
    assert lines[-1] == ""
    assert [line for line in lines[1:-1] if line.count("\t") != 4 or line != line.strip() or "  " in line] == []


def test_no_name_is_in_any_list_twice():
    counts = Counter(term.term.casefold() for path in LEXICON.glob("*.tsv") for term in read_terms(path))
    assert [term.term for term in names() if counts[term.term.casefold()] > 1] == []


@pytest.mark.parametrize(
    ("text", "limit", "found"),
    [
        ("He had read Einstein on the train to Leningrad.", 1900, ["Einstein"]),
        ("Mussolini spoke, and the Treaty of Trianon was torn up.", 1913, ["Treaty of Trianon"]),
        (
            "the attack on Pearl Harbor, and Hiroshima and Nagasaki",
            1930,
            ["attack on Pearl Harbor", "Hiroshima and Nagasaki"],
        ),
        ("Saudi Arabia and the Suez Crisis", 1945, ["Suez Crisis"]),
        ("APOLLO 11 came down beside Voyager 2", 1969, ["Voyager 2"]),
        ("Angela Merkel read Harry Potter on her iPad", 1990, ["Angela Merkel", "Harry Potter", "iPad"]),
        ("Kaiser Wilhelm at Stonehenge, a rolling stone on a mount", 1850, []),
        ("the polaroid, the boeings, an iron curtain", 1850, []),
    ],
)
def test_names_are_found_past_the_limit(text, limit, found):
    matcher = Matcher(names(), (), (), limit)
    assert [hit.term for hit in matcher(text)] == found
