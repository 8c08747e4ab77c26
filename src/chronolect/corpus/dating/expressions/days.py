"""Days and months: "20 July 1969", "the 20th of July, 1969", "July 20-24, 1969", "20/7/1969", "1969-07-20"."""

import re

from chronolect.corpus.dating.expressions.found import Found, Yearless, years
from chronolect.corpus.dating.expressions.readings import year_of_two_digits
from chronolect.corpus.dating.expressions.vocabulary import MONTH, MONTHS
from chronolect.timeline import Span
from chronolect.timeline.calendar import day_number, month_end

_DAYS = re.compile(r"([0-9]+)[a-z]*(?: ?[-–&/] ?| and | to | or )([0-9]+)|([0-9]+)")
_MISREAD = str.maketrans("OIl", "011")
_MONTH_END = re.compile(rf"(?:{MONTH})$")
_MONTH_BEFORE = re.compile(rf"(?<![A-Za-z])({MONTH})\.?(?: the)? $")
_WEEKDAY_BEFORE = re.compile(r"\b(?:Sun|Mon|Tues|Wednes|Thurs|Fri|Satur)day,?(?: the)? $")
_YEAR_AFTER = re.compile(
    r"(?:(?:\.?,?(?: of| in)? ?|[-./]|: ?)(?:the year )?(?:of our Lord )?"
    r"(?:(?P<year>(?:1[0-9]|2[01])[0-9]{2}|[1Il][5-9OIl][0-9OIl]{2})|'(?P<short>[0-9]{2}))|[-/](?P<joined>[0-9]{2}))"
    r"(?![0-9A-Za-z]|[.,][0-9]|:[0-9]{2}(?!:))"
)
_BC_AFTER = re.compile(r",? ([0-9]{1,4}) ?(?:BCE|BC|B\.C\.(?:E\.)?)")


def days(year: int, month: int, first: int, last: int) -> Span:
    """The days of a month from `first` to `last`; the whole month if there are no such days (30 February)."""
    start, end = day_number(year, month, 1), month_end(year, month)
    if 1 <= first <= last <= end - start + 1:
        return Span(start + first - 1, start + last - 1)
    return Span(start, end)


def dated(partial: Yearless, year: int, end: int | None = None) -> Found:
    """A day or month of a year."""
    span = days(year, partial.month, partial.first, partial.last)
    kind = "day" if partial.first else "month"
    whole = "range" if partial.first != partial.last else kind
    return Found(partial.start, partial.end if end is None else end, span, whole, kind)


def unmisread(digits: str) -> str:
    """Digits that a scanner took for letters: l9O4 is 1904."""
    return digits.translate(_MISREAD)


def iso_day(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """1969-07-20."""
    year, month, day = (int(part) for part in re.split("[-/.:]", match.group()))
    return dated(Yearless(match.start(), match.end(), month, day, day), year)


def slashed_day(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """20/7/1969 and 7/20/1969; where day and month may be either, the span holds both readings (dots: day first)."""
    one, two, year = (int(part) for part in re.split("[-/.]", match.group()))
    if match.group()[-3] in "/.-":
        year = year_of_two_digits(year, anchor)
        # "12.4.17" may be a section or a version: only where the text is of that time.
        if match.group()[-3] == "." and not (anchor is not None and anchor.overlaps(years(year))):
            return None
    orders = [(one, two), (two, one)]
    if "." in match.group() and two <= 12:
        orders = orders[:1]  # dotted dates put the day first
    readings = [days(year, month, day, day) for day, month in orders if 1 <= month <= 12 and 1 <= day <= 31]
    if not readings:
        return None
    return Found(*match.span(), readings[0].hull(*readings), "day", "day")


_ROMAN_MONTHS = {
    numeral: number
    for number, numeral in enumerate(
        ["i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii"], start=1
    )
}


def roman_month_day(flat: str, match: re.Match[str], anchor: Span | None) -> Found | None:
    """19.x.87 and 12/IV/1917."""
    day, numeral, digits = re.split("[./ -]+", match.group())
    month = _ROMAN_MONTHS.get(numeral.lower())
    if month is None or not 1 <= int(day) <= 31:
        return None
    year = int(digits) if len(digits) == 4 else year_of_two_digits(int(digits), anchor)
    return dated(Yearless(*match.span(), month, int(day), int(day)), year)


def day_of_month(flat: str, match: re.Match[str], anchor: Span | None) -> Found | Yearless | None:
    """20 July (1969)."""
    text = match.group()
    month = MONTHS[_MONTH_END.search(text).group().lower()]  # type: ignore[union-attr]
    return _with_year(flat, match.start(), match.end(), text, month, anchor)


def month_and_day(flat: str, match: re.Match[str], anchor: Span | None) -> Found | Yearless | None:
    """July 20(, 1969)."""
    month = _MONTH_BEFORE.search(flat, max(0, match.start() - 16), match.start())
    if month is None:
        return None
    return _with_year(flat, month.start(), match.end(), match.group(), MONTHS[month[1].lower()], anchor)


def _with_year(flat: str, start: int, end: int, text: str, month: int, anchor: Span | None) -> Found | Yearless | None:
    first, last, single = _DAYS.match(text).groups()  # type: ignore[union-attr]
    first, last = int(first or single), int(last or single)
    if not 1 <= first <= last <= 31:
        return None
    weekday = _WEEKDAY_BEFORE.search(flat, max(0, start - 16), start)
    partial = Yearless(weekday.start() if weekday else start, end, month, first, last)
    year = _YEAR_AFTER.match(flat, end)
    if year is not None:
        short = year["short"] or year["joined"]
        number = year_of_two_digits(int(short), anchor) if short else int(unmisread(year["year"]))
        return dated(partial, number, year.end())
    ancient = _BC_AFTER.match(flat, end)
    if ancient is not None:
        return dated(partial, 1 - int(ancient[1]), ancient.end())
    return partial
