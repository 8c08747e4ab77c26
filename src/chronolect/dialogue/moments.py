"""Days, times of day and weekdays that a text states: "the 5th of March", "half past two", "14:30", "on Monday"."""

import calendar
import re
from dataclasses import dataclass
from datetime import date, time

from chronolect.dialogue.spoken import MONTH, MONTHS

WEEKDAYS = tuple(name.lower() for name in calendar.day_name)

_NAME = rf"(?P<name>{MONTH})\b\.?"
_YEAR = r"(?:(?:,? of|,)? ?(?P<year>\d{4})\b(?!:))?"
_DATES = (
    re.compile(r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)"),
    re.compile(rf"(?<![\w.:])(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: day)?(?: of|,|-)? ?{_NAME}(?:-(?=\d{{4}}))?{_YEAR}"),
    re.compile(rf"\b{_NAME},? (?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?!:){_YEAR}"),
)
_SLASHED = re.compile(r"(?<![\d/.])(?P<first>\d{1,2})([/.])(?P<second>\d{1,2})\2(?P<year>\d{4})(?!\d)")

_PARTS = {
    "am": "am", "in the morning": "am", "at dawn": "am", "after midnight": "am",
    "pm": "pm", "in the afternoon": "pm", "in the evening": "pm", "this afternoon": "pm", "this evening": "pm", "tonight": "pm",
    "at night": "night",
}  # fmt: skip
_PART = rf"(?:,? ?(?P<part>{'|'.join(_PARTS)})\b)"
_STAMP = re.compile(
    r"\d{4}-\d{2}-\d{2}[t ](?P<hour>\d{2}):(?P<minute>\d{2})(?::\d{2}(?:\.\d+)?)? ?(?:z|[+-]\d{2}:?\d{2})?"
)
_CLOCKS = (
    re.compile(
        rf"(?<![\w:.+])(?<!(?:utc|gmt)-)(?P<hour>\d{{1,2}})(?::(?P<minute>\d{{2}})(?::\d{{2}})?(?![:\d])|h(?P<French>\d{{2}})\b){_PART}?"
    ),
    re.compile(rf"(?<![\w:.+])(?P<hour>\d{{1,2}})\.(?P<minute>[0-5]\d)(?: ?(?:h|hrs|hours)\b|{_PART})"),
    re.compile(rf"(?<![\w:.+])(?P<hour>\d{{1,2}})(?P<vague> ?o'clock)?{_PART}"),
    re.compile(r"(?<![\w:.+])(?P<hour>\d{1,2})(?P<vague> ?o'clock)"),
    re.compile(rf"\b(?P<hour>\d{{1,2}}) (?P<minute>[0-5]\d){_PART}"),
    re.compile(r"(?<![\w:.,/+-])(?P<hour>[01]\d|2[0-4])(?P<minute>[0-5]\d)(?= ?(?:h|hrs|hours)\b)"),
)
_BESIDE = re.compile(
    r"\b(?P<amount>half|(?:a )?quarter|\d{1,2})(?: minutes?)? (?P<side>past|after|to|before|till) (?P<hour>\d{1,2}|noon|midday|midnight)\b"
    rf"(?![:-]| (?:seconds?|minutes?|hours?|days?|weeks?|months?|years?)){_PART}?"
)
_NAMED = re.compile(r"\b(?:noon|midday|midnight)\b")
_NAMED_HOURS = {"noon": 12, "midday": 12, "midnight": 0}
_WEEKDAY = re.compile(rf"\b({'|'.join(WEEKDAYS)})s?\b")


@dataclass(frozen=True)
class StatedDay:
    """A day of the year that a text states, from `start` to `end` in characters; `year` is None where it says none."""

    start: int
    end: int
    year: int | None
    month: int
    day: int

    def is_on(self, day: date) -> bool:
        """Whether it can be this day."""
        return (self.month, self.day) == (day.month, day.day) and self.year in (None, day.year)


@dataclass(frozen=True)
class StatedClock:
    """A time of day that a text states, from `start` to `end` in characters: one time, or two where "half past two" leaves it open."""

    start: int
    end: int
    times: frozenset[time]


@dataclass(frozen=True)
class StatedWeekday:
    """A day of the week that a text states, from `start` to `end` in characters; `name` in lower case."""

    start: int
    end: int
    name: str


def stated_days(text: str) -> list[StatedDay]:
    """The days of the year that a text states, in order; of "5/3/2024" both readings.

    Args:
        text: A text as `spoken` gives it.

    >>> [(one.year, one.month, one.day) for one in stated_days("from march 5 to the 6th of april 2024")]
    [(None, 3, 5), (2024, 4, 6)]
    """
    found = [one for pattern in _DATES for match in pattern.finditer(text) if (one := _day(match))]
    for match in _SLASHED.finditer(text):
        for month, day in {(match["first"], match["second"]), (match["second"], match["first"])}:
            if 1 <= int(month) <= 12:
                found.append(StatedDay(match.start(), match.end(), int(match["year"]), int(month), int(day)))
    return sorted(found, key=lambda one: one.start)


def _day(match: re.Match[str]) -> StatedDay | None:
    groups = match.groupdict()
    month = int(groups["month"]) if groups.get("month") else _month(groups["name"])
    return StatedDay(
        match.start(), match.end(), int(groups["year"]) if groups["year"] else None, month, int(match["day"])
    )


def _month(name: str) -> int:
    return next(number for full, number in MONTHS.items() if full.startswith(name[:3]))


def stated_clocks(text: str) -> list[StatedClock]:
    """The times of day that a text states, in order. "2:30" is in the night, unless the afternoon or the evening is spoken of beside it.

    Args:
        text: A text as `spoken` gives it.

    >>> [sorted(map(str, one.times)) for one in stated_clocks("at 2:30 pm or half past 3 or 17:05 or noon")]
    [['14:30:00'], ['03:30:00', '15:30:00'], ['17:05:00'], ['12:00:00']]
    """
    found: dict[int, StatedClock] = {}
    for match in _STAMP.finditer(text):
        if int(match["hour"]) < 24 and int(match["minute"]) < 60:
            found[match.start()] = StatedClock(
                *match.span(), frozenset([time(int(match["hour"]), int(match["minute"]))])
            )
    rest = _STAMP.sub(lambda match: " " * len(match[0]), text)
    for match in _BESIDE.finditer(rest):
        amount = {"half": 30, "quarter": 15}.get(match["amount"].split()[-1]) or int(match["amount"])
        hour = _NAMED_HOURS.get(match["hour"])
        minutes = -amount if match["side"] in ("to", "before", "till") else amount
        halves = [hour] if hour is not None else _halves(int(match["hour"]), match["part"], "")
        found[match.start()] = StatedClock(*match.span(), frozenset(_time(half * 60 + minutes) for half in halves))
    taken = [range(one.start, one.end) for one in found.values()]
    for match in _NAMED.finditer(rest):
        if not any(match.start() in span for span in taken):
            found[match.start()] = StatedClock(*match.span(), frozenset([time(_NAMED_HOURS[match[0]])]))
    for pattern in _CLOCKS:
        for match in pattern.finditer(rest):
            if match.start() in found or any(match.start() in span for span in taken):
                continue
            if one := _clock(rest, match):
                found[match.start()] = one
    return [found[start] for start in sorted(found)]


def _clock(text: str, match: re.Match[str]) -> StatedClock | None:
    groups = match.groupdict()
    hour, minute = int(match["hour"]), int(groups.get("minute") or groups.get("French") or 0)
    if hour > 24 or minute > 59:
        return None
    beside = text[max(0, match.start() - 30) : match.end() + 30]
    part = groups.get("part")
    halves = _halves(hour, part, beside) if part or groups.get("vague") else _as_written(hour, beside)
    return StatedClock(*match.span(), frozenset(_time(half * 60 + minute) for half in halves))


def _as_written(hour: int, beside: str) -> list[int]:
    later = 1 <= hour < 12 and re.search(r"\b(?:afternoon|evening|tonight)\b", beside)
    return [hour, hour + 12] if later else [hour]


def _halves(hour: int, part: str | None, beside: str) -> list[int]:
    """The hours of the day that an hour of the clock can be."""
    half = _PARTS[part] if part else None
    if hour > 12:
        return [hour]
    if half == "night":
        half = "am" if hour < 6 or hour == 12 else "pm"
    if half is None and re.search(r"\bmorning\b", beside) and not re.search(r"\b(?:afternoon|evening)\b", beside):
        half = "am"
    first, second = hour % 12, hour % 12 + 12
    return [first] if half == "am" else [second] if half == "pm" else [first, second]


def _time(minutes: int) -> time:
    return time(minutes // 60 % 24, minutes % 60)


def stated_weekdays(text: str) -> list[StatedWeekday]:
    """The days of the week that a text states in full, in order.

    Args:
        text: A text as `spoken` gives it.
    """
    return [StatedWeekday(*match.span(), match[1]) for match in _WEEKDAY.finditer(text)]
