import pickle

import pytest

from chronolect.corpus.audit.lexicon import Term
from chronolect.corpus.audit.matcher import Matcher, flatten

TERMS = [
    Term("radar", 1940),
    Term("CIA", 1947, "name", True),
    Term("Nato", 1949, "name", True),
    Term("Time Magazine", 1923, "name", True),
    Term("jet", 1944),
    Term("jet age", 1952, "phrase"),
    Term("motor-car", 1895),
    Term("Dvořák", 1905, "name", True),
    Term("übercool", 1980),
    Term("teddy boy", 1954, "phrase"),
]
MATCHER = Matcher(TERMS, (), (), 1900)


def found(text, matcher=MATCHER, **options):
    flat = flatten(text)
    assert len(flat) == len(text)
    return [(hit.term, text[hit.start : hit.end]) for hit in matcher(flat, **options)]


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("A radar's eye, RADAR, the Radars.", [("radar", "radar"), ("radar", "RADAR"), ("radar", "Radars")]),
        ("radarless, subradar, radar2", []),
        ("Of special social import", []),
        ("the CIA, cia and Cia", [("CIA", "CIA")]),
        ("NATO is four letters, Nato as well", [("Nato", "Nato")]),
        ("TIME MAGAZINE", [("Time Magazine", "TIME MAGAZINE")]),
        ("a jet aged ten years", [("jet", "jet")]),
        ("a motor-car of 1895", []),
        ("by Dvořák, by Dvorák, by dvořák", [("Dvořák", "Dvořák")]),
        ("Übercool, ÜBERCOOL, übercool", [("übercool", text) for text in ("Übercool", "ÜBERCOOL", "übercool")]),
        ("a teddy\nboy and teddy-boys", [("teddy boy", "teddy\nboy"), ("teddy boy", "teddy-boys")]),
        ("_radar_ — “radar”", [("radar", "radar")] * 2),
        ("İİİ radar", [("radar", "radar")]),
    ],
)
def test_words(text, hits):
    assert found(text) == hits


def test_a_longer_term_that_does_not_fit_hides_no_shorter_one():
    assert found("the jet ages") == [("jet", "jet"), ("jet age", "jet ages")]
    assert found("the jet agesque") == [("jet", "jet")]


def test_a_later_term_inside_an_earlier_one_is_none():
    matcher = Matcher(
        [Term("radio", 1903), Term("radio-active", 1898), Term("set", 1850), Term("radio set", 1920)], (), (), 1900
    )
    assert found("A radio-active radio: radioactive radio set", matcher) == [
        ("radio", "radio"),
        ("radio", "radio"),
        ("radio set", "radio set"),
    ]
    assert found("radio-active radio", matcher, limit=1890) == [
        ("radio", "radio"),
        ("radio-active", "radio-active"),
        ("radio", "radio"),
    ]


def test_a_later_limit_for_one_text():
    assert found("radar and jet", limit=1940) == [("jet", "jet")]


def test_ngrams():
    matcher = Matcher((), (), ("atomic energy", "don't-know"), 1900)
    assert [term for term, _ in found("Atomic\nenergy. Atomic, energy; don’t-know", matcher)] == [
        "atomic energy",
        "don't-know",
    ]


def test_it_can_be_sent_to_other_processes():
    list(MATCHER("radar"))
    assert found("radar", pickle.loads(pickle.dumps(MATCHER))) == [("radar", "radar")]
