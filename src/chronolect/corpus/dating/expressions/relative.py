"""Expressions that are relative to the time of writing, read only where that is known."""

from chronolect.corpus.dating.expressions.found import Found, years
from chronolect.timeline import Span
from chronolect.timeline.calendar import civil, day_number, month_end, year_of

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
    "two days ago": ("day", -2, -2),
    "three days ago": ("day", -3, -3),
    "this week": ("day", -6, 6),
    "last week": ("day", -13, -1),
    "next week": ("day", 1, 13),
    "a week ago": ("day", -8, -6),
    "two weeks ago": ("day", -15, -13),
    "this month": ("month", 0, 0),
    "last month": ("month", -1, -1),
    "next month": ("month", 1, 1),
    "a month ago": ("month", -1, -1),
    "two months ago": ("month", -2, -2),
    "this year": ("year", 0, 0),
    "the current year": ("year", 0, 0),
    "the present year": ("year", 0, 0),
    "last year": ("year", -1, -1),
    "the year before last": ("year", -2, -2),
    "next year": ("year", 1, 1),
    "a year ago": ("year", -1, -1),
    "two years ago": ("year", -2, -2),
    "three years ago": ("year", -3, -3),
    "four years ago": ("year", -4, -4),
    "five years ago": ("year", -5, -5),
    "ten years ago": ("year", -11, -9),
    "twenty years ago": ("year", -22, -18),
    "a decade ago": ("year", -11, -9),
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
RELATIVE = [form for phrase in _SHIFTS for form in (phrase, phrase[0].upper() + phrase[1:])]


def relative(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """The time a phrase of `RELATIVE` names, seen from the anchor; none from an anchor with an open end."""
    if anchor is None or anchor.earliest is None or anchor.latest is None:
        return None
    if (start and flat[start - 1].isalnum()) or flat[end : end + 1].isalnum():
        return None
    unit, first, last = _SHIFTS[flat[start].lower() + flat[start + 1 : end]]
    span = Span(_moved(anchor.earliest, unit, first, start=True), _moved(anchor.latest, unit, last, start=False))
    return Found(start, end, span, "relative", unit)


def _moved(day: int, unit: str, steps: int, *, start: bool) -> int:
    """The first (or last) day of the unit that lies so many units from the one that holds `day`."""
    if unit == "day":
        return day + steps
    year, month, _ = civil(day)
    if unit == "month":
        shift, month0 = divmod(month - 1 + steps, 12)
        return day_number(year + shift, month0 + 1, 1) if start else month_end(year + shift, month0 + 1)
    if unit == "year":
        span = years(year + steps)
    else:
        first = (year_of(day) - 1) // 100 * 100 + 1 + 100 * steps
        span = years(first, first + 99)
    found = span.earliest if start else span.latest
    assert found is not None
    return found
