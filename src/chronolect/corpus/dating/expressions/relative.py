"""Expressions that are relative to the time of writing, read only where that is known."""

from collections.abc import Callable

from chronolect.corpus.dating.expressions.found import Found, years
from chronolect.timeline import Span
from chronolect.timeline.calendar import year_of

_Y = Callable[[int], tuple[int, int]]
# How a phrase shifts the years of the anchor: (years from the first, years from the last), None for the anchor itself.
_SHIFTS: dict[str, tuple[int, int, str]] = {
    "this year": (0, 0, "year"),
    "the current year": (0, 0, "year"),
    "the present year": (0, 0, "year"),
    "last year": (-1, -1, "year"),
    "the year before last": (-2, -2, "year"),
    "next year": (1, 1, "year"),
    "two years ago": (-3, -1, "year"),
    "three years ago": (-4, -2, "year"),
    "five years ago": (-6, -4, "year"),
    "ten years ago": (-12, -8, "year"),
    "twenty years ago": (-23, -17, "year"),
    "a decade ago": (-12, -8, "decade"),
    "the last decade": (-10, 0, "decade"),
    "the past decade": (-10, 0, "decade"),
    "in recent years": (-10, 0, "year"),
    "in recent decades": (-30, 0, "decade"),
}
_NOW = {
    "today": "day",
    "Today": "day",
    "to-day": "day",
    "tonight": "day",
    "currently": "year",
    "Currently": "year",
    "nowadays": "year",
    "present-day": "year",
    "the present day": "year",
    "at present": "year",
    "At present": "year",
    "this month": "month",
    "this week": "day",
    "yesterday": "day",
    "Yesterday": "day",
    "last week": "day",
    "last month": "month",
}
_CENTURIES = {"this century": 0, "the present century": 0, "last century": -1, "the last century": -1}
RELATIVE = [form for phrase in [*_SHIFTS, *_NOW, *_CENTURIES] for form in {phrase, phrase[0].upper() + phrase[1:]}]


def relative(flat: str, start: int, end: int, anchor: Span | None) -> Found | None:
    """The span of a phrase of `RELATIVE`, seen from the anchor."""
    if anchor is None or (start and flat[start - 1].isalnum()) or flat[end : end + 1].isalnum():
        return None
    phrase = flat[start:end]
    phrase = phrase if phrase in _NOW or phrase in _SHIFTS else phrase[0].lower() + phrase[1:]
    if phrase in _NOW:
        return Found(start, end, Span(anchor.earliest, anchor.latest), "relative", _NOW[phrase])
    if anchor.earliest is None or anchor.latest is None:
        return None
    first, last = year_of(anchor.earliest), year_of(anchor.latest)
    if phrase in _CENTURIES:
        shift = 100 * _CENTURIES[phrase]
        return Found(
            start,
            end,
            years((first - 1) // 100 * 100 + 1 + shift, -(-last // 100) * 100 + shift),
            "relative",
            "century",
        )
    before, after, unit = _SHIFTS[phrase]
    return Found(start, end, years(first + before, last + after), "relative", unit)
