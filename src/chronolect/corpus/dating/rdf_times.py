"""Dates in RDF (XML Schema literals), as truthy Wikidata triples and YAGO 4.5 have them.

Both come from Wikidata's truthy statements, which have no precision: a year is exported as its 1 January, a month as its
first day, "20th century" as 1 January of 2000 or 1901 (YAGO then writes `xsd:date` for all of them; its own tests show
it). So a literal is read as widely as what may have been meant: the first day of a month as the month, 1 January as the
year, and that of a round year as its decade, century or millennium as well. `xsd:gYear` and `xsd:gYearMonth` say what
they mean. Years count astronomically (XML Schema 1.1: 0000 is 1 BCE, -0043 is 44 BCE); the calendar is Gregorian.
"""

import re
from functools import lru_cache

from chronolect.corpus.dating.wikidata.times import (
    CENTURY,
    DAY,
    DECADE,
    MILLENNIUM,
    MONTH,
    PRECISIONS,
    YEAR,
    BadTime,
    Time,
    clamped,
    year_bounds,
)
from chronolect.timeline.calendar import day_number, month_end

XSD = "http://www.w3.org/2001/XMLSchema#"
DATE_TYPES = ("date", "dateTime", "gYear", "gYearMonth")

_ZONE = r"(?:Z|[+-]\d\d:\d\d)?"
_DAY = re.compile(rf"([+-]?\d{{4,16}})-(\d\d)-(\d\d)(?:T\d\d:\d\d:\d\d(?:\.\d+)?)?{_ZONE}")
_FORMS = {
    "gYear": re.compile(rf"([+-]?\d{{4,16}}){_ZONE}"),
    "gYearMonth": re.compile(rf"([+-]?\d{{4,16}})-(\d\d){_ZONE}"),
    "date": _DAY,
    "dateTime": _DAY,
}


@lru_cache(maxsize=1 << 16)
def read_literal(text: str, datatype: str) -> Time:
    """Read a literal of one of `DATE_TYPES` (without the namespace); `BadTime` if it is no date."""
    found = _FORMS[datatype].fullmatch(text.strip())
    if not found:
        raise BadTime("not a date", f'"{text[:60]}" is no {datatype}')
    year, *rest = (int(part) for part in found.groups())
    month = rest[0] if rest else 1
    day = rest[1] if len(rest) > 1 else 1
    if not 1 <= month <= 12 or not 1 <= day <= 31:
        raise BadTime("no such day", f'there is no day "{text}"')
    if datatype == "gYear":
        return _years(year, (YEAR,))
    if datatype == "gYearMonth":
        return _month(year, month)
    if (month, day) == (1, 1):
        return _years(year, _readings(year))
    if day == 1:
        return _month(year, month)
    if day > month_end(year, month) - day_number(year, month, 1) + 1:
        doubt = BadTime("no such day", f'there is no day "{text}"; read as its month')
        return _month(year, month, doubt)
    number = day_number(year, month, day)
    return Time(clamped(number, number), PRECISIONS[DAY], "gregorian")


def _month(year: int, month: int, doubt: BadTime | None = None) -> Time:
    span = clamped(day_number(year, month, 1), month_end(year, month))
    return Time(span, PRECISIONS[MONTH], "gregorian", doubt)


def _readings(year: int) -> tuple[int, ...]:
    """The precisions whose values are written as 1 January of this year."""
    count = year if year > 0 else 1 - year
    readings = [YEAR]
    readings += [DECADE] * (count % 10 == 0)
    readings += [CENTURY] * (count % 100 in (0, 1))
    readings += [MILLENNIUM] * (count % 1000 in (0, 1))
    return tuple(readings)


def _years(year: int, readings: tuple[int, ...]) -> Time:
    bounds = [(year, year) if reading == YEAR else year_bounds(year, reading) for reading in readings]
    first, last = min(first for first, _ in bounds), max(last for _, last in bounds)
    return Time(clamped(day_number(first, 1, 1), day_number(last, 12, 31)), PRECISIONS[min(readings)], "gregorian")
