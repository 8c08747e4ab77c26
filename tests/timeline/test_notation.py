import pytest
from edtf import parse_edtf
from edtf.parser.edtf_exceptions import EDTFParseException
from hypothesis import given
from hypothesis import strategies as st
from tests.timeline.strategies import spans

from chronolect.errors import UserError
from chronolect.timeline import notation
from chronolect.timeline.calendar import day_number


def canonical(text: str) -> str:
    return notation.write(*notation.parse(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1969", "1969"),
        ("1969-07", "1969-07"),
        ("1969-07-20", "1969-07-20"),
        ("0000", "0000"),
        ("-0043-03-15", "-0043-03-15"),
        ("Y-10000", "Y-10000"),
        ("Y17E3", "Y17000"),
        ("1969-07-20T10:00:00Z", "1969-07-20"),
        ("1969-07-20 23:56:15-05:00", "1969-07-20"),
        ("196X", "196X"),
        ("19XX", "19XX"),
        ("-004X", "-0049/-0040"),
        ("1969-XX", "1969"),
        ("1969-XX-XX", "1969"),
        ("1969-07-XX", "1969-07"),
        ("1969-07-3X", "1969-07-30/1969-07-31"),
        ("1969-1X", "1969-10/1969-12"),
        ("156X-12-25", "1560-12-25/1569-12-25"),
        ("19XX-02-29", "1904-02-29/1996-02-29"),
        ("19X9", "1909/1999"),
        ("/1969-07-20", "../1969-07-20"),
        ("../1969", "../1969"),
        ("1930/", "1930/.."),
        ("1930/..", "1930/.."),
        ("../..", "../.."),
        ("1964/2008-04", "1964-01/2008-04"),
        ("1969-07-20/1969-07-21", "1969-07-20/1969-07-21"),
        ("[1667..1672]", "1667/1672"),
        ("[..1672]", "../1672"),
        ("[1667..]", "1667/.."),
        ("{1667,1668,1670..1672}", "1667/1672"),
        ("1950S2", "19XX"),
        ("1850~", "1840/1860"),
        ("1850?", "1840/1860"),
        ("1850%", "1840/1860"),
        ("185X~", "1840/1869"),
        ("18XX?", "1700/1999"),
        ("1850-06~", "1849-06/1851-06"),
        ("1850-06-11~", "1850-05-11/1850-07-12"),
        ("2004-06-~11", "2004-05-11/2004-07-12"),
        ("2004-06~-11", "2003-06-11/2005-06-11"),
        ("?2004-06-~11", "1994-05-11/2014-07-12"),
        ("1852-02-29~", "1852-01-29/1852-03-31"),
        ("1964~/2008~", "1954/2018"),
        ("1969-21", "1969-03/1969-11"),
        ("1969-24", "1969-01/1970-02"),
        ("1969-33", "1969-01/1969-03"),
        ("Y-65E6", "../Y-5000000-01-01"),
    ],
)
def test_reading(text, expected):
    assert canonical(text) == expected
    assert notation.parse(expected) == notation.parse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "..",
        "/",
        "unknown",
        "69",
        "196",
        "19690720",
        "1969-7-20",
        "20.07.1969",
        "1969-07-20T25:00",
        "1969-21-01",
        "196x",
        "[]",
        "[1969",
        "1/2/3",
        "-0000",
        "1969-07T10:00",
        "1950S2-01",
        "1969~~",
        "nan",
        "Y1969",
    ],
)
def test_what_is_not_a_date(text):
    with pytest.raises(UserError) as error:
        notation.parse(text)
    assert "\n" not in str(error.value)
    assert f'"{text}"' in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["1969-02-30", "1900-02-29", "1969-13", "1969-00", "1969-04-31", "XXXX-02-30", "1969-02-3X", "1901-02-29/1902"],
)
def test_impossible_dates(text):
    with pytest.raises(UserError, match="there is no such day"):
        notation.parse(text)


def test_an_interval_runs_forward():
    with pytest.raises(UserError, match="ends before it begins"):
        notation.parse("1969/1968")


@given(spans())
def test_written_form_reads_back(span):
    assert notation.parse(notation.write(span.earliest, span.latest)) == (span.earliest, span.latest)


@given(st.from_regex(r"\A\d{3}(X|\d(-(0[13-9]|1[0-2])(-([0-2]\d|3[01]|XX))?)?)\Z"))
def test_agrees_with_the_edtf_package_where_that_is_right(text):
    """Left out is what the package gets wrong: February (29 days in every year), BCE, wildcard years with months."""
    try:
        theirs = parse_edtf(text)
    except EDTFParseException:
        with pytest.raises(UserError):
            notation.parse(text)
        return
    days = [day_number(t.tm_year, t.tm_mon, t.tm_mday) for t in (theirs.lower_strict(), theirs.upper_strict())]
    assert notation.parse(text) == tuple(days)
