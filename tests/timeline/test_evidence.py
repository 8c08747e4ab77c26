import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.timeline.strategies import spans

from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span, merge
from chronolect.timeline.evidence import precision


def evidence(kind, edtf, field="written"):
    return Evidence(field, Span.parse(edtf), kind)


def test_agreeing_records_narrow_each_other():
    found = merge([evidence("author-life", "1819/1891"), evidence("catalogue", "185X")], "written")
    assert found.span == Span.parse("185X")
    assert found.contradictions == 0
    assert len(found.evidence) == 2


def test_contradictions_are_counted_and_never_averaged():
    found = merge([evidence("catalogue", "1851"), evidence("header", "1971"), evidence("user", "1851-10")], "written")
    assert found.span == Span.year(1851, 1971)
    assert found.contradictions == 2
    assert [piece.kind for piece in found.evidence] == ["catalogue", "header", "user"]


def test_what_was_derived_from_the_text_never_narrows_a_record():
    assert merge([evidence("catalogue", "19XX"), evidence("llm", "1950")], "written").span == Span.parse("19XX")
    assert merge([evidence("llm", "1950"), evidence("expression", "195X")], "written").span == Span.parse("1950")
    assert merge([evidence("catalogue", "1950"), evidence("llm", "1971")], "written").contradictions == 1


def test_a_text_may_speak_of_many_times():
    found = merge([evidence("wikidata", "1879", "about"), evidence("wikidata", "1955", "about")], "about")
    assert found.span == Span.year(1879, 1955)
    assert found.contradictions == 0


def test_no_evidence():
    assert not merge([evidence("user", "1969", "about")], "written").span.is_known


def test_unknown_kind_suggests():
    with pytest.raises(UserError, match='did you mean "catalogue"'):
        evidence("catalog", "1969")


@pytest.mark.parametrize(
    ("edtf", "unit"),
    [
        ("1969-07-20", "day"),
        ("1969-02", "month"),
        ("1969", "year"),
        ("196X", "decade"),
        ("19XX", "century"),
        ("1XXX", "millennium"),
        ("1930/..", "open"),
        ("1969-33", "year"),
    ],
)
def test_precision(edtf, unit):
    assert precision(Span.parse(edtf)) == unit
    assert evidence("user", edtf).precision == unit


@given(st.lists(st.builds(Evidence, st.just("written"), spans(), st.sampled_from(["user", "catalogue"])), max_size=5))
def test_merged_span_holds_the_truth_if_any_evidence_does(pieces):
    found = merge(pieces, "written")
    known = [piece.span for piece in pieces if piece.span.is_known]
    assert len(found.evidence) == len(known)
    for span in known:
        assert found.span.contains(span) if found.contradictions else span.contains(found.span)
