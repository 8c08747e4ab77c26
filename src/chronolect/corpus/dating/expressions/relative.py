"""Expressions that are relative to the time of writing, read only where that is known."""

import re
from collections.abc import Callable

from chronolect.corpus.dating.expressions.found import Found, years
from chronolect.corpus.dating.expressions.vocabulary import MONTHS, NUMBERS, SEASONS
from chronolect.timeline import Span
from chronolect.timeline.calendar import civil, day_number, month_end, year_of
from chronolect.timeline.notation import parse

# What a phrase moves, and how far: (unit, units for the first day, units for the last day).
_SHIFTS: dict[str, tuple[str, int, int]] = {
    "today": ("day", 0, 0),
    "to-day": ("day", 0, 0),
    "tonight": ("day", 0, 0),
    "to-night": ("day", 0, 0),
    "this morning": ("day", 0, 0),
    "this afternoon": ("day", 0, 0),
    "this evening": ("day", 0, 0),
    "yesterday": ("day", -1, -1),
    "last night": ("day", -1, -1),
    "last evening": ("day", -1, -1),
    "the day before yesterday": ("day", -2, -2),
    "tomorrow": ("day", 1, 1),
    "to-morrow": ("day", 1, 1),
    "the day after tomorrow": ("day", 2, 2),
    "this week": ("day", -6, 6),
    "last week": ("day", -13, -1),
    "next week": ("day", 1, 13),
    "this month": ("month", 0, 0),
    "last month": ("month", -1, -1),
    "next month": ("month", 1, 1),
    "this year": ("year", 0, 0),
    "the current year": ("year", 0, 0),
    "the present year": ("year", 0, 0),
    "last year": ("year", -1, -1),
    "the year before last": ("year", -2, -2),
    "next year": ("year", 1, 1),
    "the coming year": ("year", 0, 1),
    "last decade": ("year", -10, 0),
    "past decade": ("year", -10, 0),
    "in recent years": ("year", -10, 0),
    "in recent decades": ("year", -40, 0),
    "currently": ("year", 0, 0),
    "nowadays": ("year", 0, 0),
    "present day": ("year", 0, 0),
    "present-day": ("year", 0, 0),
    "at present": ("year", 0, 0),
    "this century": ("century", 0, 0),
    "present century": ("century", 0, 0),
    "our century": ("century", 0, 0),
    "last century": ("century", -1, -1),
    "next century": ("century", 1, 1),
}
Reader = Callable[[str, int, int, Span | None], Found | None]

_AGO = re.compile(
    rf"\b(?P<number>[0-9]{{1,3}}|an?|{'|'.join(NUMBERS)})[ -](?P<unit>day|week|fortnight|month|year|decade|century|centurie)s? $",
    re.IGNORECASE,
)
_DAY_OF = re.compile(r"\b([0-9]{1,2})(?:st|nd|rd|th|d)?,? (?:of )?$")
# How many months from the month of the letter: "4th inst.", "28th ult.", "3rd prox."
_LETTER_MONTHS = {"inst": 0, "instant": 0, "ult": -1, "ultimo": -1, "prox": 1, "proximo": 1}


# "The next year he left", "in this year", "the last year of the war" are told from another time than that of writing.
_NARRATED = re.compile(r"[Tt]he (?:next|last) (?!century|decade)|.?[Ii]n (?:this|next) (?:year|month|week)\b")


def relative(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """The time a fixed phrase names, seen from the anchor; none from an anchor with an open end."""
    ends = _ends(flat, start, end, anchor)
    if ends is None:
        return None
    unit, first, last = _SHIFTS[flat[start].lower() + flat[start + 1 : end]]
    return Found(start, end, _moved(ends, unit, first, last), "relative", unit)


def ago(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """Twenty years ago, a fortnight ago: the day, month or year so far back; of weeks, three days on each side."""
    ends = _ends(flat, start, end, anchor)
    left = _AGO.search(flat, max(0, start - 28), start)
    if ends is None or left is None:
        return None
    number = left["number"].lower()
    count = int(number) if number.isdigit() else NUMBERS.get(number, 1)
    unit = left["unit"].lower()
    if unit in ("week", "fortnight"):
        days = count * (7 if unit == "week" else 14)
        return Found(left.start(), end, _moved(ends, "day", -days - 3, 3 - days), "relative", "day")
    if unit == "decade":
        return Found(left.start(), end, _moved(ends, "year", -10 * count - 2, 2 - 10 * count), "relative", "decade")
    unit = "century" if unit.startswith("cent") else unit
    return Found(left.start(), end, _moved(ends, unit, -count, -count), "relative", unit)


def letter_day(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """The 4th inst.: a day of the month of the letter, the one before, or the next."""
    ends = _ends(flat, start, end, anchor)
    left = _DAY_OF.search(flat, max(0, start - 10), start)
    if ends is None or left is None or not 1 <= int(left[1]) <= 31:
        return None
    steps = _LETTER_MONTHS[flat[start:end].lower()]
    first, last = (_month(day, steps) for day in ends)
    day = int(left[1]) - 1
    span = Span(min(day_number(*first, 1) + day, month_end(*first)), min(day_number(*last, 1) + day, month_end(*last)))
    return Found(left.start(), end, span, "relative", "day")


def named(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """Last January, next spring: the one nearest before or after the anchor, widened by the anchor itself."""
    ends = _ends(flat, start, end, anchor)
    if ends is None:
        return None
    which, name = flat[start:end].lower().split()
    first_year, last_year = year_of(ends[0]), year_of(ends[1])
    shift = {"last": -1, "this": 0, "next": 1}[which]
    low, high = _named(name, first_year + min(shift, 0)), _named(name, last_year + max(shift, 0))
    first, last = low[0], high[1]
    if which == "last":  # of this year if that is past, else of the one before
        this_year = _named(name, first_year)
        first = this_year[0] if this_year[1] < ends[0] else low[0]
        last = max(first, min(last, ends[1]))
    elif which == "next":
        this_year = _named(name, last_year)
        last = this_year[1] if this_year[0] > ends[1] else high[1]
        first = min(last, max(first, ends[0]))
    return Found(start, end, Span(first, last), "relative", "month" if name in MONTHS else "season")


RELATIVE: dict[str, Reader] = {
    **dict.fromkeys((form for phrase in _SHIFTS for form in (phrase, phrase[0].upper() + phrase[1:])), relative),
    **dict.fromkeys(("ago",), ago),
    **dict.fromkeys(_LETTER_MONTHS, letter_day),
    **dict.fromkeys(
        (
            f"{which} {name}"
            for which in ("last", "Last", "this", "This", "next", "Next")
            for name in [*SEASONS, *(month.capitalize() for month in MONTHS if len(month) > 4 or month == "may")]
        ),
        named,
    ),
}


def _ends(flat: str, start: int, end: int, anchor: Span | None) -> tuple[int, int] | None:
    if anchor is None or anchor.earliest is None or anchor.latest is None:
        return None
    if (
        (start and flat[start - 1].isalnum())
        or flat[end : end + 1].isalnum()
        or _NARRATED.match(flat, max(0, start - 4))
    ):
        return None
    return None if flat.startswith(" of ", end) else (anchor.earliest, anchor.latest)


def _moved(ends: tuple[int, int], unit: str, first: int, last: int) -> Span:
    """From the first day of the unit so many units from the first end to the last day of that from the other."""
    return Span(_unit(ends[0], unit, first)[0], _unit(ends[1], unit, last)[1])


def _unit(day: int, unit: str, steps: int) -> tuple[int, int]:
    if unit == "day":
        return day + steps, day + steps
    if unit == "month":
        year, month = _month(day, steps)
        return day_number(year, month, 1), month_end(year, month)
    first = year_of(day) + steps
    if unit == "century":
        first = (year_of(day) - 1) // 100 * 100 + 1 + 100 * steps
    span = years(first, first + 99 if unit == "century" else first)
    assert span.earliest is not None
    assert span.latest is not None
    return span.earliest, span.latest


def _month(day: int, steps: int) -> tuple[int, int]:
    year, month, _ = civil(day)
    shift, rest = divmod(month - 1 + steps, 12)
    return year + shift, rest + 1


def _named(name: str, year: int) -> tuple[int, int]:
    if name in MONTHS:
        return day_number(year, MONTHS[name], 1), month_end(year, MONTHS[name])
    earliest, latest = parse(f"{year:04d}-{SEASONS[name]}")
    assert earliest is not None
    assert latest is not None
    return earliest, latest
