"""What is read as a date, how, and what is none."""

import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chronolect.corpus.dating.expressions import Found, find_expressions
from chronolect.timeline import Cutoff, Span, Verdict


def spans(text: str, anchor: str | None = None) -> list[str]:
    return [found.span.edtf() for found in find_expressions(text, Span.parse(anchor) if anchor else None)]


def only(text: str, anchor: str | None = None) -> Found:
    (found,) = find_expressions(text, Span.parse(anchor) if anchor else None)
    return found


@pytest.mark.parametrize(
    ("text", "edtf", "kind"),
    [
        ("20 July 1969", "1969-07-20", "day"),
        ("July 20th, 1969", "1969-07-20", "day"),
        ("the 20th of July, 1969", "1969-07-20", "day"),
        ("the twentieth of July, 1969", "1969-07-20", "day"),
        ("July the twentieth, 1969", "1969-07-20", "day"),
        ("Sunday, July 20, 1969", "1969-07-20", "day"),
        ("20\nJuly\n1969", "1969-07-20", "day"),
        ("20-JUL-69", "1969-07-20", "day"),
        ("20/7/1969", "1969-07-20", "day"),
        ("7/20/69", "1969-07-20", "day"),
        ("3/4/1969", "1969-03-04/1969-04-03", "day"),
        ("20.7.1969", "1969-07-20", "day"),
        ("19.x.1987", "1987-10-19", "day"),
        ("1969-07-20", "1969-07-20", "day"),
        ("1969-07-20T20:17:40Z", "1969-07-20", "day"),
        ("02/Jul/2009:14:33:21", "2009-07-02", "day"),
        ("Tue Sep 11 08:46:00 2001", "2001-09-11", "day"),
        ("15 March 44 BC", "-0043-03-15", "day"),
        ("12th May, l8O4", "1804-05-12", "day"),
        ("Christmas 1914", "1914-12-25", "day"),
        ("Easter 1916", "1916-04-23", "day"),
        ("July 20-24, 1969", "1969-07-20/1969-07-24", "range"),
        ("30 February 1969", "1969-02", "day"),
        ("Jul. 1969", "1969-07", "month"),
        ("July, 1969", "1969-07", "month"),
        ("JULY 1969", "1969-07", "month"),
        ("1969-07", "1969-07", "month"),
        ("end of May 1902", "1902-05", "month"),
        ("July and August 1969", "1969-07/1969-08", "range"),
        ("the year 1815", "1815", "year"),
        ("in 1815", "1815", "year"),
        ("anno 1666", "1666", "year"),
        ("A.D. 476", "0476", "year"),
        ("44 BC", "-0043", "year"),
        ("500 BCE", "-0499", "year"),
        ("in 476, Rome fell", "0476", "year"),
        ("the year 79", "0079", "year"),
        ("AD 14-37", "0014/0037", "range"),
        ("between 1000 and 600 BC", "-0999/-0599", "range"),
        ("c. 1850", "1840/1860", "year"),
        ("circa 1850", "1840/1860", "year"),
        ("about 1852", "1842/1862", "year"),
        ("[1850?]", "1840/1860", "year"),
        ("circa 1850-60", "1840/1870", "range"),
        ("c. AD 80", "0070/0090", "year"),
        ("348/47 BC", "-0347/-0346", "range"),
        ("14/15 April 1912", "1912-04-14/1912-04-15", "range"),
        ("Nov.–Dec. 1918", "1918-11/1918-12", "range"),
        ("1920s and '30s", "1920/1939", "range"),
        ("the twenties and thirties", "1920/1939", "range"),
        ("(1900–1920s)", "1900/1929", "range"),
        ("a 60s band", "196X", "decade"),
        ("1972's best film", "1972", "year"),
        ("p. 21, 2002.", "2002", "year"),
        ("MDCCCLXXVI", "1876", "year"),
        ("© MMXV", "2015", "year"),
        ("M.DCC.XLIX.", "1749", "year"),
        ("nineteen hundred and twelve", "1912", "year"),
        ("eighteen sixty-one", "1861", "year"),
        ("in nineteen hundred", "1900", "year"),
        ("two thousand and one", "2001", "year"),
        ("one thousand seven hundred and fifty-one", "1751", "year"),
        ("FY2013", "2013", "year"),
        ("late 1969", "1969", "year"),
        ("== 1969 ==", "1969", "year"),
        ("in the year 18--", "18XX", "century"),
        ("June, 183—", "183X", "decade"),
        ("1830s", "183X", "decade"),
        ("the 1830's", "183X", "decade"),
        ("mid-1850s", "185X", "decade"),
        ("the eighteen-sixties", "186X", "decade"),
        ("the 1900s", "19XX", "century"),
        ("the 2000s", "200X", "decade"),
        ("1860s and 1880s", "1860/1889", "range"),
        ("19th century", "1801/1900", "century"),
        ("late nineteenth century", "1801/1900", "century"),
        ("XIXth century", "1801/1900", "century"),
        ("18th c. chairs", "1701/1800", "century"),
        ("the first half of the 20th century", "1901/1950", "century"),
        ("third century BC", "-0299/-0200", "century"),
        ("the eighteenth and nineteenth centuries", "1701/1900", "range"),
        ("turn of the twentieth century", "1890/1910", "century"),
        ("the second millennium BC", "-1999/-1000", "millennium"),
        ("summer of 1914", "1914-01/1915-02", "season"),
        ("winter of 1944-45", "1944/1945", "season"),
        ("the third quarter of 1985", "1985-07/1985-09", "season"),
        ("1984–85 season", "1984/1985", "range"),
        ("1914-18", "1914/1918", "range"),
        ("1852-3", "1852/1853", "range"),
        ("1899-1901", "1899/1901", "range"),
        ("1998-02", "1998-02", "month"),
        ("from 1914 to 1918", "1914/1918", "range"),
        ("between 1914 and 1918", "1914/1918", "range"),
        ("from July 1914 to November 1918", "1914-07/1918-11", "range"),
        ("20 July – 3 August 1969", "1969-07-20/1969-08-03", "range"),
        ("from 1723 until his death in 1750", "1723/1750", "range"),
        ("from the 1970s to the 1990s", "1970/1999", "range"),
        ("before 1850", "../1849", "open"),
        ("pre-1914", "../1913", "open"),
        ("after 1945", "1946/..", "open"),
        ("since 1990", "1990/..", "open"),
        ("from 1878 he taught", "1878/..", "open"),
        ("until 1914", "../1914", "open"),
        ("by 1985", "../1985", "open"),
        ("on or after 1 July 1991", "1991-07/..", "open"),
        ("1998–present", "1998/..", "open"),
        ("(1948–)", "1948/..", "open"),
        ("Victorian", "1837/1901", "era"),
        ("THE GREAT DEPRESSION", "1929/1939", "era"),
        ("Ming dynasty", "1368/1644", "era"),
        ("reign of Queen Anne", "1702/1714", "reign"),
        ("Queen Anne’s reign", "1702/1714", "reign"),
        ("under Elizabeth II", "1952/2022", "reign"),
        ("the Nixon administration", "1969/1974", "reign"),
        ("the Roosevelt administration", "1901/1945", "reign"),
        ("the Second World War", "1939/1945", "war"),
        ("WWII", "1939/1945", "war"),
        ("the Iran–Iraq War", "1980/1988", "war"),
        ("since the Second World War", "1939/..", "open"),
        ("after the Second World War", "1945/..", "open"),
        ("before the Second World War", "../1939", "open"),
    ],
)
def test_one_expression(text, edtf, kind):
    found = only(text)
    assert (found.span.edtf(), found.type) == (edtf, kind)
    assert not re.match(r"\s|(?:in|on) (?!or\b)", text[found.start : found.end])


@pytest.mark.parametrize(
    "text",
    [
        "an army of 1500 men",
        "a book of 1984 pages",
        "room 1969",
        "Rooms 1914 to 1918 are upstairs",
        "it cost $1900",
        "1,850 people",
        "1850 feet",
        "1066 kg",
        "at 10:30",
        "No. 1812",
        "page 1914",
        "lines 1600-1700",
        "John 3:16",
        "1st Avenue",
        "1969 Main Street",
        "version 2.1969",
        "Boeing 747",
        "a Ferrari of 1967 cc",
        "call 555-1969",
        "tel. 020 7946 1972",
        "ISBN 0-1969-1234-5",
        "rule 1939(b)",
        "x = 1969",
        "a population of 1850",
        "some 1900 soldiers",
        "1800 workers",
        "a rent of 150l. a year",
        "nos. 1913, 1914 and 1915",
        "one in 2000",
        "1984 of them",
        "1850 a month",
        "a 2000-word essay",
        "The PIN is 1967",
        "1800 K",
        "boils at 1984 degrees",
        "1999 USD or 2000 €",
        "stanza 2000",
        "42 U.S.C. 1983",
        "by 1984 votes",
        "from 100 to 1,000 souls",
        "2001: A Space Odyssey",
        "Orwell's Nineteen Eighty-Four",
        "Windows 2000",
        "they may march for 20 days",
        "wait a second",
        "in his late forties",
        "the temperature was in the nineties",
        "nineteen men and eighteen women",
        "It cost a dollar twenty-five. Nineteen ninety-five for the large one",
        "on 20 July",
        "our third century",
        "today, yesterday and last year",
        "the mid-afternoon",
        "I, Claudius; MIX; MD",
    ],
)
def test_no_date(text):
    assert find_expressions(text) == []


def test_readings_follow_the_anchor():
    assert spans("in '85", "1991") == ["1985"]
    assert spans("in '85", "1969") == ["1885"]
    assert spans("the eighties", "2004") == ["198X"]
    assert spans("the eighties", "1885-06-01") == ["188X"]
    assert spans("the 'thirties", "1850") == ["183X"]
    assert spans("the turn of the century", "1950") == ["1890/1910"]
    assert spans("the turn of the century", "2015") == ["1990/2010"]


def test_without_an_anchor_the_latest_plausible_reading_counts():
    """A lock errs towards shutting out: what may be of 1985 is not taken for 1885."""
    cutoff = Cutoff.parse("1969-07-20")
    for text in ("in '85", "the eighties", "the '80s", "the 70s", "in '04"):
        assert cutoff.judge(only(text).span) is Verdict.AFTER
    assert cutoff.judge(only("the turn of the century").span) is Verdict.STRADDLES
    assert spans("the twenties") == ["192X"]


@pytest.mark.parametrize(
    ("text", "edtf"),
    [
        ("yesterday", "1969-08-09"),
        ("last night", "1969-08-09"),
        ("three days ago", "1969-08-07"),
        ("a fortnight ago", "1969-07-24/1969-07-30"),
        ("last month", "1969-07"),
        ("Next month", "1969-09"),
        ("last year", "1968"),
        ("twenty years ago", "1949"),
        ("last January", "1969-01"),
        ("the present century", "1901/2000"),
        ("your letter of the 4th inst.", "1969-08-04"),
        ("of the 28th ult.", "1969-07-28"),
        ("on 20 July", "1969-07-20"),
        ("on 20 December", "1969-12-20"),
    ],
)
def test_relative_to_a_day(text, edtf):
    assert spans(text, "1969-08-10") == [edtf]


def test_relative_to_a_wide_or_open_anchor():
    assert spans("last year", "1850/1860") == ["1849/1859"]
    assert spans("last year", "1850/..") == []


def test_a_day_takes_its_year_from_the_sentence_before():
    text = "Apollo 11 left on 16 July 1969 and was back on 24 July."
    assert spans(text) == ["1969-07-16", "1969-07-24"]
    assert spans(text.replace(" and", "\n\nIt")) == ["1969-07-16"]
    assert spans("In the 1960s there was snow on 24 July.") == ["196X"]


def test_not_until_says_when():
    assert spans("It did not open until 1975.") == ["1975"]
    assert spans("It was open until 1975.") == ["../1975"]


def test_lists_are_not_ranges():
    assert spans("in 1980, 1984, and 1988") == ["1980", "1984", "1988"]
    assert spans("the acts of 28 September 1850, and 22 March 1852") == ["1850-09-28", "1852-03-22"]


def test_what_is_told_from_another_time_is_not_relative_to_the_writer():
    for text in (
        "The next year he left.",
        "He took office the next March.",
        "the last year of the war",
        "In this year the king died.",
    ):
        assert spans(text, "2001/2024") == []


def test_labels_and_units_decide():
    assert spans("In 1969 men walked on the moon; 1969 men applied.") == ["1969"]
    assert spans("in 1900 soldiers came") == ["1900"]
    assert spans("the comet of 1066") == ["1066"]
    assert spans("the population of 1969") == []
    assert spans("the 1968 riots") == ["1968"]
    assert spans("it injured 25 in 1919 and 250,000 in 1920") == ["1919", "1920"]


def test_places_are_those_of_the_text():
    text = "Café — in ‘the ’thirties’, 😀 20 July 1969."
    assert [text[found.start : found.end] for found in find_expressions(text)] == ["the ’thirties", "20 July 1969"]


_PIECES = (
    "in the of 1969 July 20 20th 19th century eighties ' '85 - – to from between and c. BC AD 1914-18 12/4/17 MDCC early before until "
    "since eighteen sixty last year ago , . ( ) reign Queen Anne World War II 0 00 9999 2999 ½ ١٩٦٩"
)
_WORDS = st.sampled_from([*_PIECES.split(), "\n", "\n\n"])


@given(
    st.lists(_WORDS | st.text(max_size=6), max_size=12),
    st.sampled_from([None, "1969-07-20", "1850/1900", "../1900", "0005"]),
)
def test_any_text(words, anchor):
    """In order, apart, inside the text, with known spans; the same again on a second run."""
    text = " ".join(words)
    when = Span.parse(anchor) if anchor else None
    found = find_expressions(text, when)
    reached = 0
    for one in found:
        assert reached <= one.start < one.end <= len(text)
        assert one.span.is_known
        assert one.type
        assert one.precision
        reached = one.end
    assert find_expressions(text, when) == found


@given(st.dates(date(1000, 1, 1), date(2199, 12, 31)))
def test_every_day(day):
    for form in ("%Y-%m-%d", "%d %B %Y", "%B %d, %Y"):
        assert spans(f"It was on {day.strftime(form)}.") == [day.isoformat()]
