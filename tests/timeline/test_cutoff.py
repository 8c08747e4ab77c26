import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.timeline.strategies import spans

from chronolect.errors import UserError
from chronolect.timeline import Cutoff, Span, Verdict

MOON_LANDING = "1969-07-20"


@pytest.mark.parametrize(
    ("what", "span", "letter"),
    [
        ("year-only 1969", "1969", "S"),
        ("year-only 1968", "1968", "O"),
        ("year-only 1970", "1970", "N"),
        ("July 1969", "1969-07", "S"),
        ("June 1969", "1969-06", "O"),
        ("August 1969", "1969-08", "N"),
        ("the day before", "1969-07-19", "O"),
        ("the last day that may be known", "1969-07-20", "O"),
        ("the first day after", "1969-07-21", "N"),
        ("an hour of that day, whatever the zone says", "1969-07-20T20:17:40Z", "O"),
        ("the Ides of March, 44 BCE", "-0043-03-15", "O"),
        ("the ice age", "Y-20000", "O"),
        ("before the first storable day", "Y-65E6", "O"),
        ("after the last storable day", "Y7E9", "N"),
        ("12th-century town", "11XX", "O"),
        ("a town since the 12th century", "11XX/..", "S"),
        ("living person born 1930", "1930/..", "S"),
        ("person born 1930, death not recorded", "1930/", "S"),
        ("person 1879 to 1955", "1879-03-14/1955-04-18", "O"),
        ("person 1930 to 2012", "1930-08-05/2012-08-25", "S"),
        ("person born 1975", "1975/..", "N"),
        ("organisation 1911-", "1911-06-16/..", "S"),
        ("organisation 1908 to 1935", "1908/1935", "O"),
        ("work published 1968", "1968-04-02", "O"),
        ("before some day", "../1969-07-20", "O"),
        ("before a later day", "../1969-07-21", "S"),
        ("start unknown", "/1850", "O"),
        ("nothing known", "../..", "U"),
        ("the sixties", "196X", "S"),
        ("the fifties", "195X", "O"),
        ("the 20th century", "19XX", "S"),
        ("some Christmas of the sixties", "196X-12-25", "S"),
        ("about 1850", "1850~", "O"),
        ("about 1965 may be 1970", "1965~", "S"),
        ("perhaps 1975 may be 1969", "1975?", "S"),
        ("about 1980 reaches 1970 at the earliest", "1980%", "N"),
        ("about 20 July", "1969-07-20~", "S"),
        ("about June 1968", "1968-06~", "O"),
        ("about June 1969", "1969-06~", "S"),
        ("one of two years", "[1667, 1970]", "S"),
        ("all of these years", "{1960..1968}", "O"),
        ("spring 1969, in either hemisphere", "1969-21", "S"),
        ("northern spring 1969", "1969-25", "O"),
        ("southern spring 1969", "1969-29", "N"),
        ("winter 1968 runs into 1969", "1968-24", "O"),
        ("second quarter", "1969-34", "O"),
        ("third quarter", "1969-35", "S"),
        ("two significant digits", "1950S2", "S"),
    ],
)
def test_cases(what, span, letter):
    assert Cutoff.parse(MOON_LANDING).judge(Span.parse(span)).letter == letter, what


def test_no_span_is_undated():
    assert Cutoff.parse(MOON_LANDING).judge(None) is Verdict.UNDATED
    assert Cutoff.parse(MOON_LANDING).judge(Span()) is Verdict.UNDATED


@pytest.mark.parametrize(
    ("text", "day"),
    [("1969-07-20", "1969-07-20"), ("1969-02", "1969-02-28"), ("1969", "1969-12-31"), ("-0043", "-0043-12-31")],
)
def test_cutoff_is_the_last_day_that_may_be_known(text, day):
    cutoff = Cutoff.parse(text)
    assert cutoff.edtf() == str(cutoff) == day
    assert Cutoff.parse(day) == cutoff


@pytest.mark.parametrize(
    "text", ["", "now", "1969~", "196X", "1969/1970", "1930/..", "1969-21", "1969-02-30", "20 July 1969", "69"]
)
def test_a_cutoff_is_exact(text):
    with pytest.raises(UserError) as error:
        Cutoff.parse(text)
    assert "\n" not in str(error.value)
    assert text in str(error.value)


@given(spans(), st.lists(st.integers(-1_000_000, 1_000_000), min_size=2, max_size=5))
def test_a_later_cutoff_never_forbids_more(span, days):
    rank = {Verdict.AFTER: 0, Verdict.STRADDLES: 1, Verdict.BEFORE: 2, Verdict.UNDATED: 3}
    ranks = [rank[Cutoff(day).judge(span)] for day in sorted(days)]
    assert ranks == sorted(ranks)


@given(spans(), spans(), st.integers(-1_000_000, 1_000_000))
def test_what_is_before_stays_before_when_narrowed(outer, inner, day):
    common = outer.intersect(inner)
    verdict = Cutoff(day).judge(outer)
    if common is not None and verdict in (Verdict.BEFORE, Verdict.AFTER):
        assert Cutoff(day).judge(common) is verdict


@given(spans(), spans(), st.integers(-1_000_000, 1_000_000))
def test_hull_is_before_only_if_both_are(a, b, day):
    both = Cutoff(day).judge(a) is Cutoff(day).judge(b) is Verdict.BEFORE
    assert (Cutoff(day).judge(a.hull(b)) is Verdict.BEFORE) == both
