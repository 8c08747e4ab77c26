"""Titles of year pages and dates of their items."""

import pytest

from chronolect.corpus.topics.dates import When, heading_date, leading_date, year_of_title
from chronolect.timeline import Span


@pytest.mark.parametrize(
    ("title", "year"),
    [
        ("1969", 1969),
        ("476", 476),
        ("AD 79", 79),
        ("1 BC", 0),
        ("44 BC", -43),
        ("753 BCE", -752),
        ("1969 in science", None),
        ("1960s", None),
        ("19690", None),
        ("0", None),
        ("1969 (film)", None),
        ("Apollo 11", None),
    ],
)
def test_titles(title, year):
    assert year_of_title(title) == year


def test_titles_of_lists():
    assert year_of_title("1969 in science", lists=True) == 1969
    assert year_of_title("1969", lists=True) == 1969


@pytest.mark.parametrize(
    ("text", "edtf", "rest"),
    [
        ("July 20 – Apollo 11 lands.", "1969-07-20", "Apollo 11 lands."),
        ("20 July - Apollo 11 lands.", "1969-07-20", "Apollo 11 lands."),
        ("July 20: Apollo 11 lands.", "1969-07-20", "Apollo 11 lands."),
        ("July 20th — Apollo 11 lands.", "1969-07-20", "Apollo 11 lands."),
        ("July 20", "1969-07-20", ""),
        ("July 16–24 – The flight.", "1969-07-16/1969-07-24", "The flight."),
        ("July 16 – July 24 – The flight.", "1969-07-16/1969-07-24", "The flight."),
        ("July 30 to August 2 – A storm.", "1969-07-30/1969-08-02", "A storm."),
        ("16–24 July: The flight.", None, ""),
        ("July 20 (July 21 in Europe) – A landing.", "1969-07-20", "A landing."),
        ("July 20 – 12 people are hurt.", "1969-07-20", "12 people are hurt."),
        ("July – Rain.", "1969-07", "Rain."),
        ("Early July – Rain.", "1969-07", "Rain."),
        ("July–September – Rain.", "1969-07/1969-09", "Rain."),
        ("July 20 people are hurt.", None, ""),
        ("Rain in July.", None, ""),
        ("May the best win.", None, ""),
        ("March of the union", None, ""),
    ],
)
def test_leading_dates(text, edtf, rest):
    found = leading_date(text, 1969, linked=False)
    if edtf is None:
        assert found is None
        return
    assert found is not None
    assert found[0].span() == Span.parse(edtf)
    assert found[1] == rest


def test_a_linked_date_needs_no_mark():
    assert leading_date("July 20 Apollo 11 lands.", 1969, linked=False) is None
    found = leading_date("July 20 Apollo 11 lands.", 1969, linked=True)
    assert found is not None
    assert found[1] == "Apollo 11 lands."


@pytest.mark.parametrize(
    ("heading", "edtf"),
    [("July", "1969-07"), ("January–March", "1969-01/1969-03"), ("Undated", None), ("March of Dimes", None)],
)
def test_headings(heading, edtf):
    found = heading_date(heading, 1969)
    assert (found.span() if found else None) == (Span.parse(edtf) if edtf else None)


@pytest.mark.parametrize(
    ("when", "edtf"),
    [
        (When(-43, 3, 15), "-0043-03-13"),  # the Ides of March 44 BC, Julian
        (When(476, 9, 4), "0476-09-05"),
        (When(1582, 10, 4), "1582-10-14"),
        (When(1582, 10, 15), "1582-10-15"),
        (When(1500, 2, 29), "1500-03-10"),  # a leap day of the Julian calendar alone
        (When(1500, 2), "1500-02-10/1500-03-10"),
        (When(1969, 2), "1969-02"),
        (When(1968, 12, 30, 1, 3), "1968-12-30/1969-01-03"),
        (When(1582, 10), "1582-10-11/1582-10-31"),
        (When(0, 2, 29), "0000-02-27"),
        (When(-43), "-0043"),
    ],
)
def test_julian_dates(when, edtf):
    assert when.span() == Span.parse(edtf)


@pytest.mark.parametrize(
    "when",
    [When(1969, 2, 30), When(1900, 2, 29), When(1300, 4, 31), When(1969, 7, 20, 7, 16), When(1969, 12, 32)],
)
def test_days_that_never_were(when):
    with pytest.raises(ValueError):  # noqa: PT011 (the page's reader says where)
        when.span()
