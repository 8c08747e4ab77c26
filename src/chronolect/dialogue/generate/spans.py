"""From one moment to another: how long it is in the words people use, with the steps of the computation as a thought carries them.

The steps are few and each is a small sum, because a small model must be able to learn them: which of the two stamps differ in the day, the
month or the year, then one subtraction in that unit.
"""

import calendar
import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from chronolect.dialogue.generate.moments import DAY, HOUR, MINUTE, clock_words, count_words

Scale = Literal["minutes", "hours", "days", "weeks", "months", "years"]
SCALES: tuple[Scale, ...] = ("minutes", "hours", "days", "weeks", "months", "years")
_DAYS_SAID = 60  # as long a time, or a longer one, is told in months
_MONTH_DAYS = 365.2425 / 12


@dataclass(frozen=True)
class Length:
    """How long it is from one moment to another.

    Attributes:
        words: As it is said: "2 hours and 30 minutes", "3 weeks", "5 months".
        seconds: The exact length.
        steps: How it is computed, for a thought.
    """

    words: str
    seconds: float
    steps: str


def later_by(rng: random.Random, earlier: datetime, scale: Scale) -> datetime:
    """A later moment, away by so many whole minutes, hours, days, weeks, months or years of the scale's usual count.

    Minutes and hours stay within the day where they can; months and years keep the day of the month, so `earlier.day` must be at most 28.
    """
    if scale == "minutes":
        return earlier + timedelta(minutes=rng.randrange(5, 60, 5))
    if scale == "hours":
        left = 23 - earlier.hour
        return earlier + timedelta(hours=rng.randint(1, left) if left else rng.randint(1, 8))
    if scale == "days":
        return earlier + timedelta(days=rng.choice([days for days in range(1, 27) if days % 7]))
    if scale == "weeks":
        return earlier + timedelta(weeks=rng.randint(1, 4))
    months = rng.randint(1, 11) if scale == "months" else 12 * rng.randint(1, 9)
    return add_months(earlier, months)


def add_months(moment: datetime, months: int) -> datetime:
    """The same day and time of another month.

    >>> add_months(datetime(2024, 11, 5), 3)
    datetime.datetime(2025, 2, 5, 0, 0)
    """
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1)


def length_between(earlier: datetime, later: datetime) -> Length:
    """How long it is from `earlier` to `later`, both without offset or both with the same.

    >>> length_between(datetime(2024, 3, 5, 9, 40), datetime(2024, 3, 5, 12, 10)).words
    '2 hours and 30 minutes'
    >>> length_between(datetime(2024, 3, 20, 8), datetime(2024, 4, 4, 8))
    Length(words='15 days', seconds=1296000.0, steps='March has 31 days. 31 - 20 = 11. 11 + 4 = 15 days.')
    >>> length_between(datetime(2023, 10, 5, 8), datetime(2024, 2, 9, 8)).words
    'about 4 months'
    """
    seconds = (later - earlier).total_seconds()
    if seconds < DAY:
        words, steps = _clock(earlier, later)
    else:
        months = (later.year - earlier.year) * 12 + later.month - earlier.month
        exact = later.day == earlier.day and later.time() == earlier.time()
        if exact or seconds >= _DAYS_SAID * DAY:
            words, steps = _months(earlier, later, months, exact)
        else:
            words, steps = _days(earlier, later)
    return Length(words, seconds, steps if steps.endswith(f" {words}.") else f"{steps} {words[0].upper()}{words[1:]}.")


def comparison(now: datetime, then: datetime) -> str:
    """Which of two moments is first, by the largest part in which they differ.

    >>> comparison(datetime(2024, 3, 5, 14), datetime(2024, 3, 5, 18))
    'Same day, 14:00 is before 18:00.'
    >>> comparison(datetime(2024, 3, 7), datetime(2024, 3, 5)), comparison(datetime(2025, 3, 7), datetime(2024, 12, 5))
    ('Same month, day 7 is after day 5.', 'Year 2025 is after year 2024.')
    """
    side = "is before" if now < then else "is after"
    if now.year != then.year:
        return f"Year {now.year} {side} year {then.year}."
    if now.month != then.month:
        return f"Same year, month {now.month} {side} month {then.month}."
    if now.day != then.day:
        return f"Same month, day {now.day} {side} day {then.day}."
    return f"Same day, {clock_words(now)} {side} {clock_words(then)}."


def _clock(earlier: datetime, later: datetime) -> tuple[str, str]:
    """Less than a day."""
    minutes = round((later - earlier).total_seconds()) // MINUTE
    hours, rest = divmod(minutes, 60)
    parts = [count_words(hours, "hour")] * bool(hours) + [count_words(rest, "minute")] * bool(rest)
    words = " and ".join(parts) or "less than a minute"
    if earlier.date() != later.date():
        before = 24 * 60 - earlier.hour * 60 - earlier.minute
        after = later.hour * 60 + later.minute
        first, second = (
            f"{part // 60} h {part % 60} min" if part % 60 else f"{part // 60} h" for part in (before, after)
        )
        return words, f"Next day. {clock_words(earlier)} to 24:00 is {first}. Then {second}."
    if earlier.hour == later.hour:
        return words, f"Same day, same hour. {later.minute} - {earlier.minute} = {words}."
    if later.minute == earlier.minute:
        return words, f"Same day. {later.hour} - {earlier.hour} = {words}."
    if later.minute > earlier.minute:
        return words, (
            f"Same day. {later.hour} - {earlier.hour} = {hours}. {later.minute} - {earlier.minute} = {rest}."
        )
    return words, (
        f"Same day. {later.minute} is less than {earlier.minute}. {later.hour - 1} - {earlier.hour} = {hours}. "
        f"{later.minute + 60} - {earlier.minute} = {rest}."
    )


def _days(earlier: datetime, later: datetime) -> tuple[str, str]:
    """A day up to `_DAYS_SAID` of them, so that one whole month at most lies between two parts; with hours below a week."""
    days = (later.date() - earlier.date()).days
    sum_of_days = _day_steps(earlier, later, days)
    clock = (later.hour - earlier.hour) * HOUR + (later.minute - earlier.minute) * MINUTE
    if abs(clock) < HOUR / 2:
        return _day_words(days), f"{sum_of_days} {count_words(days, 'day')}."
    if days < 7:
        whole, rest = divmod(days * DAY + clock, DAY)
        hours = round(rest / HOUR)
        whole, hours = (whole + 1, 0) if hours == 24 else (whole, hours)
        words = f"{count_words(whole, 'day')} and {count_words(hours, 'hour')}" if hours else count_words(whole, "day")
        side = "later" if clock > 0 else "earlier"
        return words, (
            f"{sum_of_days} {count_words(days, 'day')}. {clock_words(later)} is {side} than {clock_words(earlier)}."
        )
    nearest = round((days * DAY + clock) / DAY)
    return _day_words(nearest), f"{sum_of_days} {count_words(days, 'day')}. To the nearest day {nearest}."


def _day_words(days: int) -> str:
    return count_words(days, "day") if days % 7 else count_words(days // 7, "week")


def _day_steps(earlier: datetime, later: datetime, days: int) -> str:
    """The sum of days, up to the number: the caller writes the unit."""
    if (earlier.year, earlier.month) == (later.year, later.month):
        return f"Same month. {later.day} - {earlier.day} ="
    length = calendar.monthrange(earlier.year, earlier.month)[1]
    left = length - earlier.day
    start = f"{calendar.month_name[earlier.month]} has {length} days. {length} - {earlier.day} = {left}."
    between = days - left - later.day
    if between:
        middle = later.replace(day=1) - timedelta(days=1)
        return f"{start} {calendar.month_name[middle.month]} has {between}. {left} + {between} + {later.day} ="
    return f"{start} {left} + {later.day} ="


def _months(earlier: datetime, later: datetime, months: int, exact: bool) -> tuple[str, str]:
    """Months and years, whole or to the nearest month."""
    turned = ""
    if not exact:
        nearest = round((later - earlier).total_seconds() / DAY / _MONTH_DAYS)
        if nearest != months:
            side = "before" if nearest < months else "after"
            turned = f" Day {later.day} is far {side} day {earlier.day}: {count_words(nearest, 'month')}."
        months = nearest
    years, rest = divmod(months, 12)
    parts = [count_words(years, "year")] * bool(years) + [count_words(rest, "month")] * bool(rest)
    words = ("" if exact else "about ") + " and ".join(parts)
    if earlier.year == later.year:
        steps = f"Same year. {later.month} - {earlier.month} = {later.month - earlier.month}."
    elif earlier.month == later.month:
        steps = f"{later.year} - {earlier.year} = {later.year - earlier.year}."
    elif later.year - earlier.year == 1 and later.month < earlier.month:
        steps = f"Next year. 12 - {earlier.month} = {12 - earlier.month}. {12 - earlier.month} + {later.month} = {12 - earlier.month + later.month}."
    else:
        steps = f"{later.year} - {earlier.year} = {later.year - earlier.year}. Month {earlier.month} to month {later.month}."
    return words, steps + turned
