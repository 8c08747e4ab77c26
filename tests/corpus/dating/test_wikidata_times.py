from typing import Any

import pytest
from tests.corpus.dating.entities import GREGORIAN, JULIAN, time

from chronolect.corpus.dating.wikidata.times import BadTime, julian_day_number, read_time
from chronolect.timeline import Span
from chronolect.timeline.calendar import FIRST_DAY, LAST_DAY, day_number


@pytest.mark.parametrize(
    ("text", "precision", "edtf", "name"),
    [
        ("+1952-03-11T00:00:00Z", 11, "1952-03-11", "day"),
        ("+1952-03-11T00:00:00Z", 14, "1952-03-11", "day"),
        ("+00000001917-12-06T00:00:00Z", 11, "1917-12-06", "day"),  # as dumps of 2014 have it
        ("+1952-03-00T00:00:00Z", 10, "1952-03", "month"),
        ("+1952-03-11T00:00:00Z", 10, "1952-03", "month"),
        ("+1952-00-00T00:00:00Z", 9, "1952", "year"),
        ("+1952-01-01T00:00:00Z", 9, "1952", "year"),
        ("+1960-00-00T00:00:00Z", 8, "196X", "decade"),
        ("+1967-01-01T00:00:00Z", 8, "196X", "decade"),
        ("+2000-00-00T00:00:00Z", 7, "1901/2000", "century"),
        ("+1901-01-01T00:00:00Z", 7, "1901/2000", "century"),
        ("+1900-00-00T00:00:00Z", 7, "1801/1900", "century"),
        ("+2000-00-00T00:00:00Z", 6, "1001/2000", "millennium"),
        ("+0005-00-00T00:00:00Z", 8, "0001/0009", "decade"),
        ("-0044-03-15T00:00:00Z", 11, "-0043-03-15", "day"),
        ("-0001-00-00T00:00:00Z", 9, "0000", "year"),
        ("-0044-00-00T00:00:00Z", 8, "-0048/-0039", "decade"),  # 49 to 40 BCE
        ("-0500-00-00T00:00:00Z", 7, "-0499/-0400", "century"),  # 500 to 401 BCE
        ("-0401-00-00T00:00:00Z", 7, "-0499/-0400", "century"),
        ("-3000-00-00T00:00:00Z", 6, "-2999/-2000", "millennium"),
        ("-12000-00-00T00:00:00Z", 5, "Y-21999/-1999", "10,000 years"),
        ("-2000000-00-00T00:00:00Z", 3, "Y-2999999/Y-999999", "million years"),
    ],
)
def test_precision(text: str, precision: int, edtf: str, name: str) -> None:
    found = read_time(time(text, precision))
    assert (found.span.edtf(), found.precision, found.doubt) == (edtf, name, None)
    assert found.span == Span.parse(edtf)


@pytest.mark.parametrize(
    ("text", "precision", "edtf"),
    [
        ("+1642-12-25T00:00:00Z", 11, "1643-01-04"),  # Newton's birth
        ("+1582-10-05T00:00:00Z", 11, "1582-10-15"),
        ("+1917-10-25T00:00:00Z", 11, "1917-11-07"),
        ("+1900-02-29T00:00:00Z", 11, "1900-03-13"),
        ("-0044-03-15T00:00:00Z", 11, "-0043-03-13"),  # the Ides of March
        ("-0753-04-21T00:00:00Z", 11, "-0752-04-13"),
        ("+1500-02-00T00:00:00Z", 10, "1500-02-10/1500-03-10"),
        ("+1500-00-00T00:00:00Z", 9, "1500-01-10/1501-01-10"),
        ("+1500-00-00T00:00:00Z", 7, "1401/1500"),
    ],
)
def test_julian_dates_are_converted(text: str, precision: int, edtf: str) -> None:
    found = read_time(time(text, precision, JULIAN))
    assert (found.span.edtf(), found.calendar) == (edtf, "julian")


def test_julian_days_follow_each_other() -> None:
    previous = julian_day_number(-9, 12, 31)
    for year in range(-8, 9):
        for month in range(1, 13):
            february = 29 if year % 4 == 0 else 28
            for day in range(1, (31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1] + 1):
                assert julian_day_number(year, month, day) == previous + 1
                previous += 1
    assert julian_day_number(-4712, 1, 1) == day_number(-4713, 11, 24)  # day 0 of the Julian day count


def test_a_missing_part_makes_a_date_coarser() -> None:
    assert read_time(time("+1952-00-00T00:00:00Z", 11)).precision == "year"
    assert read_time(time("+1952-05-00T00:00:00Z", 11)).span.edtf() == "1952-05"


def test_days_that_never_were_are_read_as_their_month() -> None:
    found = read_time(time("+1969-02-30T00:00:00Z"))
    assert (found.span.edtf(), found.precision) == ("1969-02", "month")
    assert found.doubt is not None
    assert found.doubt.kind == "no such day"
    assert read_time(time("+1900-02-29T00:00:00Z")).doubt is not None
    assert read_time(time("+1904-02-29T00:00:00Z")).doubt is None


def test_what_cannot_be_stored_is_open() -> None:
    assert read_time(time("+9999999999-00-00T00:00:00Z", 9)).span == Span(LAST_DAY, None)
    assert read_time(time("-13798000000-00-00T00:00:00Z", 3)).span == Span(None, FIRST_DAY)
    assert read_time(time("-4999000-00-00T00:00:00Z", 3)).span.earliest is None


def test_ranges_of_doubt_widen_both_sides() -> None:
    assert read_time(time("+1952-03-11T00:00:00Z", after=2)).span.edtf() == "1952-03-09/1952-03-13"
    wide = read_time(time("+1952-00-00T00:00:00Z", 9, before=3)).span
    assert wide.contains(Span.parse("1949/1955"))


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (time("+0000-01-01T00:00:00Z"), "year 0"),
        (time("-0000-00-00T00:00:00Z", 9), "year 0"),
        (time("+1969-13-01T00:00:00Z"), "no such day"),
        (time("+1969-02-01T00:00:00Z", 15), "unknown precision"),
        (time("+1969-02-01T00:00:00Z", -1), "unknown precision"),
        (time("+1969-02-01T00:00:00Z", calendar="http://www.wikidata.org/entity/Q12138"), "unknown calendar"),
        (time("1969-02-01"), "not a date"),
        (time("+1969-02-01T00:00:00Z", "11"), "missing part"),  # type: ignore[arg-type]
        (time(None), "missing part"),  # type: ignore[arg-type]
        ({"time": "+1969-02-01T00:00:00Z", "calendarmodel": GREGORIAN}, "missing part"),
        ("1969", "missing part"),
        (None, "missing part"),
    ],
)
def test_bad_values(value: Any, kind: str) -> None:
    with pytest.raises(BadTime) as caught:
        read_time(value)
    assert caught.value.kind == kind
