"""From statements to the time of an entity."""

import pytest

from chronolect.corpus.dating.categories import facts_of_categories
from chronolect.corpus.dating.infobox import facts_of_infobox
from chronolect.corpus.dating.lifetime import lifetime
from chronolect.corpus.dating.table import WIKIDATA_ROLES, YAGO_ROLES, DateFact
from chronolect.timeline import Cutoff, Span, Verdict


def fact(name: str, edtf: str, rank: str = "normal", kind: str = "wikidata") -> DateFact:
    role = (WIKIDATA_ROLES | YAGO_ROLES)[name]
    return DateFact("Q1", name, role, Span.parse(edtf), "", kind, "", rank=rank)


@pytest.mark.parametrize(
    ("facts", "span"),
    [
        ([("P569", "1879-03-14"), ("P570", "1955-04-18")], "1879-03-14/1955-04-18"),
        ([("P569", "1930")], "1930/.."),  # may be living
        ([("P569", "1700")], None),  # cannot be: bounded by the longest life
        ([("P571", "1911")], "1911/.."),  # still there
        ([("P571", "1240")], "1240/.."),
        ([("P571", "1911"), ("P576", "1950")], "1911/1950"),
        ([("P576", "1950")], "../1950"),
        ([("P571", "1499"), ("P576", "1636"), ("P571", "1636")], "1499/.."),  # changed hands
        ([("P571", "1499"), ("P576", "1636"), ("P571", "1600")], "1499/1636"),
        ([("P577", "1968")], "1968"),
        ([("P577", "1968"), ("P577", "1971")], "1968/1971"),
        ([("P580", "1914-07-28"), ("P582", "1918-11-11")], "1914-07-28/1918-11-11"),
        ([("P580", "1939"), ("P585", "1941")], "1939/.."),
        ([("P569", "-0099"), ("P570", "-0043-03-15")], "-0099/-0043-03-15"),
        ([("P571", "12XX")], "1200/.."),
    ],
)
def test_roles(facts, span):
    found = lifetime([fact(*one) for one in facts])
    if span is not None:
        assert found.span == Span.parse(span)
    assert found.contradictions == 0


def test_a_life_of_long_ago_has_ended():
    cutoff = Cutoff.parse("1899")
    assert cutoff.judge(lifetime([fact("P569", "1700")]).span) is Verdict.BEFORE
    assert cutoff.judge(lifetime([fact("P570", "2010")]).span) is Verdict.STRADDLES
    assert cutoff.judge(lifetime([fact("P570", "2024")]).span) is Verdict.AFTER


def test_ranks():
    facts = [fact("P569", "1712", "normal"), fact("P569", "1714-05", "preferred"), fact("P569", "1612", "deprecated")]
    found = lifetime([*facts, fact("P570", "1790")])
    assert found.span == Span.parse("1714-05/1790")
    assert [one.span.edtf() for one in found.set_aside] == ["1712", "1612"]
    assert found.contradictions == 0
    # what one base prefers says nothing about another
    found = lifetime([facts[1], fact("schema:birthDate", "1714", kind="yago"), fact("P570", "1790")])
    assert found.span == Span.parse("1714-05/1790")
    assert len(found.used) == 3


def test_contradictions_are_counted_and_widen():
    found = lifetime([fact("P569", "1800"), fact("P569", "1810"), fact("P570", "1850")])
    assert (found.span, found.contradictions) == (Span.parse("1800/1850"), 1)
    found = lifetime([fact("P571", "1950"), fact("P576", "1920")])
    assert (found.span, found.contradictions) == (Span.parse("1920/1950"), 1)


def test_agreeing_statements_narrow():
    found = lifetime([fact("P569", "1850~"), fact("schema:birthDate", "1848", kind="yago"), fact("P570", "1900")])
    assert found.span == Span.parse("1848/1900")


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("1879 births", ("P569", "1879")),
        ("44 BC deaths", ("P570", "-0043")),
        ("380s BC births", ("P569", "-0388/-0379")),
        ("Companies established in 1911", ("P571", "1911")),
        ("1911 establishments in Norway", ("P571", "1911")),
        ("Railway companies disestablished in 1923", ("P576", "1923")),
        ("1890s British novels", ("P577", "189X")),
        ("Conflicts in 1914", ("P585", "1914")),
        ("1936 in sports", ("P585", "1936")),
        ("Living people", None),
        ("20th-century physicists", None),
        ("1066 and All That", None),
        ("Articles with dead links from May 2011", None),
    ],
)
def test_categories(category, expected):
    found = [(one.property, one.span.edtf()) for one in facts_of_categories("1", [category])]
    assert found == ([expected] if expected else [])


def test_infoboxes():
    box = {
        "infobox": "philosopher",
        "birth_date": "384 BC",
        "death_date": "322 BC (aged 62); Euboea, Greece",
        "era": "Ancient philosophy",
    }
    facts = list(facts_of_infobox("1", box))
    assert [(one.property, one.span.edtf(), one.kind, one.reference) for one in facts] == [
        ("P569", "-0383", "catalogue", "infobox birth_date"),
        ("P570", "-0321", "catalogue", "infobox death_date"),
    ]
    war = {
        "infobox": "military conflict",
        "date": "April 19, 1775 – September 3, 1783; Ratification effective: May 12, 1784",
    }
    assert lifetime(list(facts_of_infobox("2", war))).span == Span.parse("1775-04-19/1784-05-12")
    country = {"established_date1": "18 March 1986", "established_date2": "1499", "population": "1,990"}
    assert lifetime(list(facts_of_infobox("3", country))).span == Span.parse("1499/..")
