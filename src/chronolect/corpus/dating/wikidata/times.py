"""Wikidata's time values as spans of days.

What a value means is taken from Wikidata's Help:Dates and Wikibase's documentation of its JSON (DataModel/JSON#time):

- A time is stored in the calendar that `calendarmodel` names, so the figures of a Julian date are Julian and must be
  converted. (The RDF export has them converted already.)
- Years before Christ are historical ones in JSON: -0044 is 44 BCE, and there is no year 0. (RDF counts astronomically,
  -0043.)
- `precision` 11 is a day, 10 a month, 9 a year; 8 is a decade, shown rounded down (1960 to 1969: the 1960s); 7 and 6 are
  a century and a millennium, shown rounded up (1901 to 2000: the 20th century). Coarser values (5 to 0: ten thousand to
  a billion years) are rounded to the nearest unit: the truth lies within one unit on each side. Beyond 11 (hours to
  seconds) the day is what can be stored.
- A part finer than the precision says nothing, and is often 00 or 01. A part that should be there but is 00 makes the
  value as coarse as what is there.
- `before` and `after` are ranges of doubt in units of the precision. The two descriptions of which is which disagree, so
  the larger widens both sides. `timezone` is not in use.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from chronolect.timeline import Span
from chronolect.timeline.calendar import FIRST_DAY, LAST_DAY, day_number, month_end

Calendar = Literal["gregorian", "julian"]
CALENDARS: dict[str, Calendar] = {"Q1985727": "gregorian", "Q1985786": "julian"}

DAY, MONTH, YEAR, DECADE, CENTURY, MILLENNIUM = 11, 10, 9, 8, 7, 6
PRECISIONS = (
    "billion years",
    "100 million years",
    "10 million years",
    "million years",
    "100,000 years",
    "10,000 years",
    "millennium",
    "century",
    "decade",
    "year",
    "month",
    *["day"] * 4,
)

_TIME = re.compile(r"([+-])(\d{1,16})-(\d\d)-(\d\d)T\d\d:\d\d:\d\dZ")
_UNIX_EPOCH_JULIAN_DAY = 2_440_588


class BadTime(ValueError):
    """A time value that says nothing, or cannot be: the kind of problem, and what is wrong with it."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Time:
    """A time value: its days, the unit it was stated in, and the calendar it was written in.

    `doubt` is None, or the problem that made it coarser than it claims to be (30 February is read as February).
    """

    span: Span
    precision: str
    calendar: Calendar
    doubt: BadTime | None = None


def read_time(value: Any) -> Time:
    """Read the `value` of a datavalue of type "time"; `BadTime` if it cannot be."""
    try:
        return _read(
            value["time"],
            value["precision"],
            value["calendarmodel"],
            max(value.get("before") or 0, value.get("after") or 0),
        )
    except (KeyError, TypeError, AttributeError):
        raise BadTime("missing part", "a time without its time, precision or calendar model") from None


@lru_cache(maxsize=1 << 16)  # most dates are those of many entities; the span keeps its notation for them
def _read(time: str, precision: int, calendar_model: str, margin: int) -> Time:
    found = _TIME.fullmatch(time)
    calendar = CALENDARS.get(calendar_model.rpartition("/")[2])
    if not found:
        raise BadTime("not a date", f'"{time[:60]}" is no time of Wikidata')
    if not 0 <= precision < len(PRECISIONS):
        raise BadTime("unknown precision", f"{time} has precision {precision}")
    if calendar is None:
        raise BadTime("unknown calendar", f"{time} is in the calendar {calendar_model[:80]}")
    sign, year, month, day = found[1], int(found[2]), int(found[3]), int(found[4])
    if year == 0:
        raise BadTime("year 0", f"{time}: there is no year 0")
    astronomical = year if sign == "+" else 1 - year
    precision = min(precision, DAY)
    doubt = None
    if precision >= MONTH and month > 12:
        raise BadTime("no such day", f"{time}: there is no month {month}")
    if precision >= MONTH and month == 0:
        precision = YEAR
    if precision == DAY and day == 0:
        precision = MONTH
    if precision == DAY and day > _days_of_month(astronomical, month, calendar):
        doubt = BadTime("no such day", f"{time}: there is no such day; read as its month")
        precision = MONTH
    first, last = _bounds(astronomical, month, day, precision, calendar)
    extra = margin * (1 if precision == DAY else 31 if precision == MONTH else 366 * 10 ** (YEAR - precision))
    span = clamped(first - extra, last + extra)
    return Time(Span(span.earliest, span.latest, span.edtf()), PRECISIONS[precision], calendar, doubt)


def _bounds(year: int, month: int, day: int, precision: int, calendar: Calendar) -> tuple[int, int]:
    """First and last day. Of decades and longer the calendar is not asked: they are not meant to the day."""
    if precision < YEAR:
        first, last = year_bounds(year, precision)
        return day_number(first, 1, 1), day_number(last, 12, 31)
    if calendar == "gregorian":
        number = day_number
        end = month_end(year, month) if precision == MONTH else 0
    else:
        number = julian_day_number
        end = number(year, month, _days_of_month(year, month, calendar)) if precision == MONTH else 0
    if precision == DAY:
        return (number(year, month, day),) * 2
    if precision == MONTH:
        return number(year, month, 1), end
    return number(year, 1, 1), number(year, 12, 31)


def year_bounds(year: int, precision: int) -> tuple[int, int]:
    """First and last (astronomical) year of the decade, century, ... that a year stands for."""
    size = 10 ** (YEAR - precision)
    if precision < MILLENNIUM:
        return year - size, year + size
    count = year if year > 0 else 1 - year  # the historical year, of either era
    if precision == DECADE:
        first, last = max(1, count - count % size), count - count % size + size - 1
    else:
        last = -(-count // size) * size
        first = last - size + 1
    return (first, last) if year > 0 else (1 - last, 1 - first)


def julian_day_number(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 (Gregorian) to a day of the Julian calendar, with astronomical years.

    >>> julian_day_number(1582, 10, 5) == day_number(1582, 10, 15)
    True
    """
    # The usual count in years that begin with March, as in the Explanatory Supplement to the Astronomical Almanac.
    before_march = (14 - month) // 12
    years = year + 4800 - before_march
    days = (153 * (month + 12 * before_march - 3) + 2) // 5 + 365 * years + years // 4
    return day + days - 32_083 - _UNIX_EPOCH_JULIAN_DAY


def clamped(first: int, last: int) -> Span:
    """The span of these days; open where it reaches beyond the days that can be stored."""
    if last < FIRST_DAY:
        return Span(None, FIRST_DAY)
    if first > LAST_DAY:
        return Span(LAST_DAY, None)
    return Span(first if first >= FIRST_DAY else None, last if last <= LAST_DAY else None)


def _days_of_month(year: int, month: int, calendar: Calendar) -> int:
    if month == 0:
        return 31
    if calendar == "julian":
        return 29 if month == 2 and year % 4 == 0 else (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)[month - 1]
    return month_end(year, month) - day_number(year, month, 1) + 1
