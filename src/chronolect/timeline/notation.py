"""EDTF (ISO 8601-2:2019, the Extended Date/Time Format of the Library of Congress) to closed intervals of days, and
back.

The whole of levels 0 to 2 is read by one grammar of our own. The `edtf` package serves the tests as a second opinion
only: it takes 5 ms a date, accepts 29 February of 1850, accepts intervals that end before they begin, and turns an
unknown start into a guess of ten years.

Where the notation leaves room, the interval is the widest reading, so that a cutoff never lets through what may lie
past it:

- `~` (approximate), `?` (uncertain) and `%` (both) widen each side by `MARGINS`: a year by ten years, a month by a
  year, a day by 31 days;
- a season without a hemisphere (21 to 24) covers both hemispheres, and a winter runs into the following year;
- a set `[...]` or `{...}` covers everything from its first to its last day; an unknown end (`1930/`) is an open end.
"""

import re
from collections.abc import Iterator
from itertools import product

from chronolect.errors import UserError
from chronolect.timeline.calendar import (
    FIRST_DAY,
    FIRST_YEAR,
    LAST_DAY,
    LAST_YEAR,
    civil,
    day_number,
    month_end,
    year_end,
    year_start,
)

Bounds = tuple[int | None, int | None]

# Unit of a qualified date -> how far "about" reaches on each side, as (years, days).
MARGINS = {
    "day": (0, 31),
    "month": (1, 0),
    "year": (10, 0),
    "decade": (10, 0),
    "century": (100, 0),
    "millennium": (1000, 0),
}

_DATE = re.compile(
    r"""(?P<year_before>[?~%]?) (?P<year>-?[0-9X]{4} | Y-?\d{5,12} | Y-?\d{1,12}E\d{1,2})
        (?:S(?P<significant>\d{1,2}))? (?P<year_after>[?~%]?)
    (?: - (?P<month_before>[?~%]?) (?P<month>[0-9X]{2}) (?P<month_after>[?~%]?)
        (?: - (?P<day_before>[?~%]?) (?P<day>[0-9X]{2}) (?P<day_after>[?~%]?) )? )?""",
    re.VERBOSE,
)
_TIME = re.compile(
    r"[T ](?:[01]\d|2[0-3]|24(?=:00)):[0-5]\d(?::(?:[0-5]\d|60)(?:[.,]\d+)?)?(?:Z|[+-]\d{2}(?::?\d{2})?)?"
)

# ISO 8601-2 season codes -> (first month, last month); past 12 is the following year.
# 21-24 name no hemisphere, 25-28 are northern, 29-32 southern.
_BOTH = {21: (3, 11), 22: (1, 14), 23: (3, 11), 24: (1, 14)}
_NORTH = {25: (3, 5), 26: (6, 8), 27: (9, 11), 28: (1, 14)}
_SOUTH = {29: (9, 11), 30: (1, 14), 31: (3, 5), 32: (6, 8)}
_PARTS = {
    33: (1, 3),
    34: (4, 6),
    35: (7, 9),
    36: (10, 12),
    37: (1, 4),
    38: (5, 8),
    39: (9, 12),
    40: (1, 6),
    41: (7, 12),
}
_SEASONS = _BOTH | _NORTH | _SOUTH | _PARTS


def parse(text: str) -> Bounds:
    """First and last day of an EDTF expression as day numbers, `None` for an open end.

    Raises `UserError` (one line, naming the expression) for what is not EDTF and for dates that do not exist.
    """
    try:
        bounds = _parse_set(text) or _parse_interval(text) or _parse_date(text)
    except _Wrong as problem:
        shown = " ".join(text.split())[:60]
        raise UserError(f'"{shown}" is not a date: {problem}') from None
    return _within_range(bounds)


def write(earliest: int | None, latest: int | None) -> str:
    """The shortest level 0 or 1 expression whose first and last day are these (`196X`, `1969-07`, `1667/1672`,
    `../1969-07-20`).
    """
    if earliest is not None and latest is not None:
        first, last = civil(earliest), civil(latest)
        whole_years = first[1:] == (1, 1) and last[1:] == (12, 31)
        whole_months = first[2] == 1 and latest == month_end(*last[:2])
        unit = "year" if whole_years else "month" if whole_months else "day"
        wildcards = _wildcards(first[0], last[0]) if whole_years else None
        start, end = _write_date(first, unit), _write_date(last, unit)
        return wildcards or (start if start == end else f"{start}/{end}")
    start = ".." if earliest is None else _write_edge(earliest, is_start=True)
    end = ".." if latest is None else _write_edge(latest, is_start=False)
    return f"{start}/{end}"


def write_day(day: int) -> str:
    """One day as `YYYY-MM-DD`."""
    return _write_date(civil(day), "day")


class _Wrong(ValueError):
    """What is wrong with an expression, to be joined with the expression itself."""


def _parse_set(text: str) -> Bounds | None:
    if not (text[:1] + text[-1:] in ("[]", "{}") and len(text) > 2):
        return None
    bounds = [_parse_range(element.strip()) for element in text[1:-1].split(",")]
    starts, ends = zip(*bounds, strict=True)
    return (
        None if None in starts else min(day for day in starts if day is not None),
        None if None in ends else max(day for day in ends if day is not None),
    )


def _parse_range(element: str) -> Bounds:
    """An element of a set: a date, or `a..b` with either side left out."""
    if ".." not in element:
        return _parse_date(element)
    start, _, end = element.partition("..")
    return _ordered(_parse_date(start)[0] if start else None, _parse_date(end)[1] if end else None)


def _parse_interval(text: str) -> Bounds | None:
    if "/" not in text:
        return None
    start, _, end = text.partition("/")
    if "/" in end:
        raise _Wrong('an interval has one "/"')
    if not start and not end:
        raise _Wrong("an interval needs a date on one side")
    return _ordered(
        None if start in ("", "..") else _parse_date(start)[0],
        None if end in ("", "..") else _parse_date(end)[1],
    )


def _ordered(earliest: int | None, latest: int | None) -> Bounds:
    if earliest is not None and latest is not None and earliest > latest:
        raise _Wrong("it ends before it begins")
    return earliest, latest


def _parse_date(text: str) -> tuple[int, int]:
    match = _DATE.match(text)
    if not match or (match.end() < len(text) and not (match["day"] and _TIME.fullmatch(text, match.end()))):
        raise _Wrong("expected EDTF such as 1969, 1969-07, 1969-07-20, 196X, 1850~, 1930/.. or -0043-03-15")
    if match["year"] == "-0000":
        raise _Wrong("the year before 0001 is 0000, without a sign")
    earliest, latest = _unqualified(match)
    years, days = _margin(match)
    return _shift(earliest, -years) - days, _shift(latest, years) + days


def _unqualified(match: re.Match[str]) -> tuple[int, int]:
    year, month, day = match["year"], match["month"], match["day"]
    first, last = _year_bounds(year, match["significant"])
    if month is None:
        return year_start(first), year_end(last)
    if match["significant"]:
        raise _Wrong("significant digits go with a year only")
    if month.isdigit() and int(month) in _SEASONS:
        if day is not None:
            raise _Wrong("a season has no day")
        start, end = _SEASONS[int(month)]
        return day_number(first, start, 1), month_end(last + (end - 1) // 12, (end - 1) % 12 + 1)
    ascending = _edge_day(year, month, day, latest=False)
    descending = _edge_day(year, month, day, latest=True)
    if ascending is None or descending is None:
        raise _Wrong("there is no such day")
    return ascending, descending


def _edge_day(year: str, month: str, day: str | None, *, latest: bool) -> int | None:
    """First (or last) existing day that the patterns allow; an unknown digit is X, and a missing day any day."""
    step = -1 if latest else 1
    months = [m for m in _matching(month) if 1 <= m <= 12][::step]
    days = [d for d in _matching(day or "XX") if 1 <= d <= 31][::step]
    years = _matching_years(year, latest=latest) if "X" in year else iter(_year_bounds(year, None)[:1])
    for y in years:
        for m, d in product(months, days):
            if d <= 28 or d <= month_end(y, m) - day_number(y, m, 1) + 1:
                return day_number(y, m, d)
    return None


def _matching(pattern: str) -> list[int]:
    """The numbers a two-digit pattern stands for, in ascending order."""
    return [int("".join(choice)) for choice in product(*("0123456789" if c == "X" else c for c in pattern))]


def _matching_years(pattern: str, *, latest: bool = False) -> Iterator[int]:
    """The years a pattern such as `19X9` or `-004X` stands for, from the earliest on or from the latest back."""
    sign = -1 if pattern.startswith("-") else 1
    digits = "0123456789" if (sign == 1) != latest else "9876543210"
    for choice in product(*(digits if c == "X" else c for c in pattern.lstrip("-"))):
        yield sign * int("".join(choice))


def _year_bounds(year: str, significant: str | None) -> tuple[int, int]:
    if "X" in year:
        return next(_matching_years(year)), next(_matching_years(year, latest=True))
    mantissa, _, exponent = year.lstrip("Y").partition("E")
    value = int(mantissa) * 10 ** int(exponent or 0)
    if not significant:
        return value, value
    size = 10 ** max(0, len(str(abs(value))) - int(significant))
    start = abs(value) - abs(value) % size
    return (start, start + size - 1) if value >= 0 else (-(start + size - 1), -start)


def _margin(match: re.Match[str]) -> tuple[int, int]:
    """How far the marks of a date widen it: a mark before a part, or behind several parts, counts at the unit of that
    part.
    """
    unknown = match["year"].count("X")
    year_unit = ("year", "decade", "century", "millennium", "millennium")[unknown]
    marked = []
    if match["year_before"] or match["year_after"]:
        marked.append(MARGINS[year_unit])
    if match["month"] and (match["month_before"] or match["month_after"]):
        marked.append(MARGINS[year_unit if match["month"] == "XX" else "month"])
    if match["day"] and (match["day_before"] or match["day_after"]):
        marked.append(MARGINS["month" if match["day"] == "XX" else "day"])
    return max((years for years, _ in marked), default=0), max((days for _, days in marked), default=0)


def _shift(day: int, years: int) -> int:
    """The same day of another year; 29 February falls back to 28 February."""
    if not years:
        return day
    year, month, day_of_month = civil(day)
    return min(day_number(year + years, month, 1) + day_of_month - 1, month_end(year + years, month))


def _within_range(bounds: Bounds) -> Bounds:
    earliest, latest = bounds
    if latest is not None and latest < FIRST_DAY:
        return None, FIRST_DAY
    if earliest is not None and earliest > LAST_DAY:
        return LAST_DAY, None
    return (
        None if earliest is not None and earliest < FIRST_DAY else earliest,
        None if latest is not None and latest > LAST_DAY else latest,
    )


def _wildcards(first: int, last: int) -> str | None:
    """`196X`, `19XX` or `1XXX` for a whole decade, century or millennium."""
    for unknown in (1, 2, 3):
        if first >= 0 and last <= 9999 and first % 10**unknown == 0 and last - first == 10**unknown - 1:
            return f"{first:04d}"[:-unknown] + "X" * unknown
    return None


def _write_edge(day: int, *, is_start: bool) -> str:
    found = civil(day)
    if found[1:] == ((1, 1) if is_start else (12, 31)):
        return _write_date(found, "year")
    whole_month = found[2] == 1 if is_start else day == month_end(*found[:2])
    return _write_date(found, "month" if whole_month else "day")


def _write_date(found: tuple[int, int, int], unit: str) -> str:
    year, month, day = found
    return _write_year(year) + {"year": "", "month": f"-{month:02d}", "day": f"-{month:02d}-{day:02d}"}[unit]


def _write_year(year: int) -> str:
    assert FIRST_YEAR <= year <= LAST_YEAR, year
    if abs(year) > 9999:
        return f"Y{year}"
    return f"-{-year:04d}" if year < 0 else f"{year:04d}"
