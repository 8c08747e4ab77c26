"""Which year a page is about, and the dates its items and headings begin with."""

import re
from dataclasses import dataclass
from typing import Literal

from chronolect.corpus.dating.wikidata.times import julian_day_number
from chronolect.corpus.sources.wikipedia.templates import MONTHS
from chronolect.timeline import Span
from chronolect.timeline.calendar import civil, day_number, month_end

Precision = Literal["day", "month", "year"]

_YEAR = re.compile(r"(?:AD )?([1-9]\d{0,3})")
_BEFORE_CHRIST = re.compile(r"([1-9]\d{0,3}) BCE?")
_LIST = re.compile(r"([1-9]\d{0,3}) in \S.*")

_MONTH = "|".join(MONTHS)
_DAY = r"[0-3]?\d(?!\d)(?:st|nd|rd|th)?"
_DASH = r"\s*[–—-]+\s*"
_LEAD = re.compile(
    rf"(?:(?P<month>{_MONTH})\s+(?P<day>{_DAY})|(?P<day2>{_DAY})\s+(?P<month2>{_MONTH}))"
    rf"(?:(?:\s*[–—/-]\s*|\s+(?:to|and|or|&)\s+)(?:(?P<month3>{_MONTH})\s+)?(?P<day3>{_DAY})(?:\s+(?P<month4>{_MONTH}))?(?=\s*(?:[–—:(-]|$)))?"
)
_MONTH_LEAD = re.compile(
    rf"(?:(?:early|mid|late)[\s-]+)?(?P<month>{_MONTH})(?:{_DASH}(?P<last>{_MONTH}))?(?=\s*[–—:-]|\s*$)", re.IGNORECASE
)
_ASIDE = re.compile(r"\s*\([^()]*\)(?=\s*[–—:-])")
_SEPARATOR = re.compile(r"\s*[–—:,-]+\s*")
# The first day of the Gregorian calendar; pages on earlier years give Julian dates.
_REFORM = (1582, 10, 15)


@dataclass(frozen=True, slots=True)
class When:
    """A date as a page gives it: first and last (month, day); months or days that are not told are None."""

    year: int
    month: int | None = None
    day: int | None = None
    last_month: int | None = None
    last_day: int | None = None
    text: str = ""

    @property
    def precision(self) -> Precision:
        """The unit it is told in."""
        return "day" if self.day else "month" if self.month else "year"

    @property
    def is_julian(self) -> bool:
        """Whether its day or month is one of the Julian calendar."""
        return self.month is not None and (self.year, self.month, self.day or 1) < _REFORM

    def span(self) -> Span:
        """The days it may mean, in the Gregorian calendar; `ValueError` for a day that never was."""
        if self.month is None:
            return Span.year(self.year)
        last_month = self.last_month or self.month
        ends = self.year + (last_month < self.month)  # "December 30 – January 3" runs into the next year
        first = _number(self.year, self.month, self.day or 1)
        last_day = (self.last_day or self.day) if self.day else _length(ends, last_month)
        assert last_day is not None
        last = _number(ends, last_month, last_day)
        if last < first:
            raise ValueError("it ends before it begins")
        return Span(first, last)


def _number(year: int, month: int, day: int) -> int:
    if (year, month, day) >= _REFORM:
        return day_number(year, month, day)
    if not 1 <= day <= _length(year, month):
        raise ValueError("no such day")
    return julian_day_number(year, month, day)


def _length(year: int, month: int) -> int:
    """Days of a month in the calendar that was in use when it ended."""
    if (year, month) >= _REFORM[:2]:
        return civil(month_end(year, month))[2]
    return 29 if month == 2 and year % 4 == 0 else civil(month_end(1970, month))[2]


def year_of_title(title: str, *, lists: bool = False) -> int | None:
    """The year a page of this title is about, if it is a year page: "1969", "AD 79", "44 BC" (-43); with `lists` also "1969 in science".

    A number ("42") may as well be one; that the page shows.
    """
    if found := _YEAR.fullmatch(title):
        return int(found[1])
    if found := _BEFORE_CHRIST.fullmatch(title):
        return 1 - int(found[1])
    found = _LIST.fullmatch(title) if lists else None
    return int(found[1]) if found else None


def heading_date(heading: str, year: int) -> When | None:
    """The month or months a heading names: "July", "January–March"."""
    found = _MONTH_LEAD.fullmatch(heading)
    if found is None:
        return None
    first, last = (_month(found[name]) for name in ("month", "last"))
    return When(year, first, last_month=last, text=heading)


def leading_date(text: str, year: int, *, linked: bool) -> tuple[When, str] | None:
    """The date an item begins with, and the rest of it: "July 20 – Apollo 11 lands", "16 to 24 July: ...", "July – ...".

    A date needs a mark behind it (or nothing at all), unless it is `linked`.
    """
    if found := _LEAD.match(text):
        month = _month(found["month"] or found["month2"])
        when = When(
            year,
            month,
            _day(found["day"] or found["day2"]),
            _month(found["month3"] or found["month4"]),
            _day(found["day3"]),
            found[0],
        )
    elif found := _MONTH_LEAD.match(text):
        when = When(year, _month(found["month"]), last_month=_month(found["last"]), text=found[0])
    else:
        return None
    rest = text[found.end() :]
    if aside := _ASIDE.match(rest):
        rest = rest[aside.end() :]
    separator = _SEPARATOR.match(rest)
    if not (separator or linked or not rest.strip()):
        return None
    return when, rest[separator.end() :] if separator else rest.strip()


def _month(name: str | None) -> int | None:
    return MONTHS.index(name.capitalize()) + 1 if name else None


def _day(text: str | None) -> int | None:
    return int(re.sub(r"\D", "", text)) if text else None
