from hypothesis import given
from tests.timeline.strategies import spans

from chronolect.timeline import Span, hull


def test_keeps_what_it_was_parsed_from():
    span = Span.parse(" 1850~ ")
    assert span.edtf() == str(span) == "1850~"
    assert span.is_approximate
    assert span == Span.parse("1840/1860")
    assert span.hull(Span.year(1900)).edtf() == "1840/1900"


def test_constructors():
    assert Span.day(1969, 7, 20) == Span.parse("1969-07-20")
    assert Span.year(1969) == Span.parse("1969")
    assert Span.year(1667, 1672) == Span.parse("1667/1672")
    assert not Span().is_known


def test_set_operations():
    sixties, seventies = Span.parse("196X"), Span.parse("197X")
    assert sixties.intersect(seventies) is None
    assert not sixties.overlaps(seventies)
    assert sixties.hull(seventies) == Span.year(1960, 1979)
    assert sixties.contains(Span.parse("1969-07-20"))
    assert sixties.contains(-165)
    assert not sixties.contains(Span.parse("1969/.."))
    assert Span.parse("1930/..").intersect(Span.parse("../1969")) == Span.year(1930, 1969)
    assert hull([]) == Span()


def test_years():
    assert Span.parse("1969").years() == range(1969, 1970)
    assert Span.parse("1930/..").years() is None
    assert Span.parse("1930/..").middle_year is None
    assert Span.parse("1960/1969").middle_year == 1964
    assert Span.parse("1969-07-20").year_bin(10) == 1960
    assert Span.parse("-0043").year_bin(100) == -100


@given(spans())
def test_round_trip(span):
    assert Span.parse(span.edtf()) == span
    assert Span.parse(span.edtf()).edtf() == span.edtf()


@given(spans(), spans())
def test_hull_contains_both(a, b):
    assert a.hull(b) == b.hull(a)
    assert a.hull(b).contains(a)
    assert a.hull(b).contains(b)


@given(spans(), spans())
def test_intersection_lies_in_both(a, b):
    common = a.intersect(b)
    assert a.overlaps(b) == b.overlaps(a) == (common is not None)
    if common is not None:
        assert a.contains(common)
        assert b.contains(common)


@given(spans(), spans())
def test_containment_orders(a, b):
    assert a.contains(a)
    assert (a.contains(b) and b.contains(a)) == (a == b)
    assert a.contains(b) == (a.hull(b) == a)
