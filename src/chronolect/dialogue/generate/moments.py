"""Moments and lengths of time as dialogues write them: stamps, dates, clocks, and durations in the largest units that fit."""

import calendar
import random
from datetime import date, datetime, timedelta

FIRST_YEAR, LAST_YEAR = 2015, 2034  # of what is said, not of what is spoken about
MINUTE, HOUR, DAY, WEEK = 60, 3_600, 86_400, 604_800
UNITS = (("week", WEEK), ("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", 1))


def random_moment(
    rng: random.Random, *, hours: tuple[int, int] = (7, 22), step_minutes: int = 5, years: tuple[int, int] | None = None
) -> datetime:
    """A moment at a full `step_minutes`, in the hours from `hours[0]` up to and with `hours[1]`, in one of the `years`."""
    first, last = years or (FIRST_YEAR, LAST_YEAR)
    year, month = rng.randint(first, last), rng.randint(1, 12)
    day = rng.randint(1, calendar.monthrange(year, month)[1])
    return datetime(year, month, day, rng.randint(*hours), rng.randrange(0, 60, step_minutes))


def stamp(moment: datetime) -> str:
    """What stands in the time tag: to the second, with the offset of an aware moment.

    >>> stamp(datetime(2024, 3, 5, 8))
    '2024-03-05T08:00:00'
    """
    return moment.isoformat(timespec="seconds")


def date_words(day: date) -> str:
    """
    >>> date_words(date(2024, 3, 5))
    '5 March 2024'
    """
    return f"{day.day} {calendar.month_name[day.month]} {day.year}"


def clock_words(moment: datetime) -> str:
    """
    >>> clock_words(datetime(2024, 3, 5, 8, 30))
    '08:30'
    """
    return moment.strftime("%H:%M")


def weekday_words(day: date) -> str:
    """
    >>> weekday_words(date(2024, 3, 5))
    'Tuesday'
    """
    return calendar.day_name[day.weekday()]


def count_words(count: int, unit: str) -> str:
    """
    >>> count_words(1, "day"), count_words(3, "day")
    ('1 day', '3 days')
    """
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def duration_words(length: timedelta | float, units: int = 2) -> str:
    """A length of time in its largest whole units, two at most unless more are asked for; weeks only where nothing is left over.

    >>> duration_words(timedelta(days=2, hours=3, minutes=20))
    '2 days and 3 hours'
    >>> duration_words(timedelta(days=14)), duration_words(timedelta(days=15)), duration_words(90)
    ('2 weeks', '15 days', '1 minute and 30 seconds')
    """
    left = round(length.total_seconds() if isinstance(length, timedelta) else length)
    if left and left % WEEK == 0:
        return count_words(left // WEEK, "week")
    parts = []
    for unit, seconds in UNITS[1:]:
        count, left = divmod(left, seconds)
        if count:
            parts.append(count_words(count, unit))
    return " and ".join(parts[:units]) or "0 seconds"
