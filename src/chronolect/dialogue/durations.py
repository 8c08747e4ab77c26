"""Lengths of time that a text states: "2 days and 3 hours", "a week and a half", "3h 20m", "just under two months"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

MINUTE, HOUR, DAY = 60.0, 3_600.0, 86_400.0
_YEAR = 365.2425 * DAY
_MONTH = _YEAR / 12
_UNITS = {  # seconds, and every way of writing it
    1.0: "seconds?|secs?",
    MINUTE: "minutes?|mins?",
    HOUR: "hours?|hrs?",
    DAY: "days?|nights?",
    7 * DAY: "weeks?|wks?",
    14 * DAY: "fortnights?",
    _MONTH: "months?|mos?",
    _YEAR: "years?|yrs?",
    10 * _YEAR: "decades?",
    100 * _YEAR: "century|centuries",
    1_000 * _YEAR: "millennium|millennia",
}
_LETTERS = {"s": 1.0, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY, "y": _YEAR}
# n calendar months are never further than this from n mean months, n calendar years never further from n mean years.
_MONTH_SHORT, _MONTH_LONG, _YEAR_SLACK = 2.6 * DAY, 1.6 * DAY, 1.3 * DAY

_NAMED = "|".join(f"(?:{names})" for names in _UNITS.values())
_COMPONENT = re.compile(
    rf"""(?<![\w/+$€£-])(?<!\d[.:])(?:
        (?:(?P<least>\d+(?:\.\d+)?)[ ]?(?:-|to|or|and)[ ]?)?(?P<number>\d+(?:\.\d+)?)(?::(?P<sixtieths>[0-5]\d)(?=[ ]?h))?(?:[ ](?P<part>\d/\d+))?
            (?:[ -]and[ -](?:an?|1)[ -](?P<fraction>half|quarter))?
      | (?P<half>(?:an?[ ])?half(?:[ ](?:an?|of[ ]an?))?)
      | (?P<quarters>an?|1|3)[ ]quarters?(?:[ ]of[ ]an?)?
      | (?P<couple>(?:a[ ])?couple(?:[ ]of)?)
      | (?P<article>an?|another)
    )(?:(?:[ ](?:full|whole|entire|complete|calendar|more|extra|good|long|short|solid|straight|consecutive))?
        (?:[ ]|-)*(?P<unit>{_NAMED})\b|(?<=\d)[ ]?(?P<letter>h|(?<![ ])[smdwy])(?:(?P<minutes>(?<=h)[0-5]\d)\b)?(?![a-z]))
    (?:[ -]and[ -](?:an?|1)[ -](?P<after>half|quarter)\b(?![ ](?:{_NAMED})))?""",
    re.VERBOSE,
)
_BEFORE = 40  # characters before a length in which its bound is looked for
_WIDEST = 2.0  # of a range, its end divided by its beginning, that still states a length
_FRACTIONS = {"half": 0.5, "quarter": 0.25}
_JOINED = re.compile(r" ?,? ?(?:and |plus |& )?")
_OVER = re.compile(r"\b(?:over|more than|at least|past|upwards of)(?: about)? $")
_UNDER = re.compile(
    r"\b(?:under|less than|fewer than|almost|nearly|not quite|not even|shy of|short of|close to|up to|within|going on|no more than"
    r"|not more than)(?: about)? $"
)
_RATE = re.compile(r"(?:\b(?:once|twice|times?|per|every|each|km|miles|\d+) |/)$")


@dataclass(frozen=True)
class Duration:
    """A length of time that a text states.

    Attributes:
        start: Where it begins in the text, in characters.
        end: Where it ends.
        low: Shortest time it can mean, in seconds; months and years differ in length.
        high: Longest, in seconds.
        step: The finest unit said, in seconds, to which it may have been rounded.
        bound: "over" where more than it is meant ("just over two days"), "under" where less is; else None.
    """

    start: int
    end: int
    low: float
    high: float
    step: float
    bound: Literal["over", "under"] | None = None

    def means(self, seconds: float, tolerance: float) -> bool:
        """Whether it states this many seconds.

        Args:
            seconds: The true length.
            tolerance: Largest relative error; where it is 0 nothing may be rounded, otherwise rounding to the unit said is no error as long
                as it stays below a quarter.

        >>> two_days = Duration(0, 6, 2 * DAY, 2 * DAY, DAY)
        >>> two_days.means(53 * HOUR, 0.05), two_days.means(75 * HOUR, 0.05), two_days.means(53 * HOUR, 0)
        (True, False, False)
        """
        if tolerance == 0:
            return self.bound is None and self.low <= seconds <= self.high
        below = above = max(tolerance * seconds, min(self.step / 2, seconds / 4))
        if self.bound == "over":
            below, above = tolerance * seconds, max(above, min(self.step, seconds / 3))
        elif self.bound == "under":
            above = tolerance * seconds
        return self.low - below <= seconds <= self.high + above


def stated_durations(text: str) -> list[Duration]:
    """The lengths of time a text states, in order, without rates ("twice a day").

    Args:
        text: A text as `spoken` gives it.

    >>> [one.low for one in stated_durations("2 days and 3 hours, or 3h 20m, or a week and a half")]
    [183600.0, 12000.0, 907200.0]
    """
    found: list[Duration] = []
    for one in _components(text):
        last = found[-1] if found else None
        if last and one.step < last.step and _JOINED.fullmatch(text[last.end : one.start]):
            found[-1] = replace(last, end=one.end, low=last.low + one.low, high=last.high + one.high, step=one.step)
        else:
            found.append(one)
    return [replace(one, bound=_bound(text, one.start)) for one in found]


def _components(text: str) -> Iterator[Duration]:
    """Each amount with its unit."""
    for match in _COMPONENT.finditer(text):
        unit = _LETTERS[match["letter"]] if match["letter"] else _seconds(match["unit"])
        if match["article"] and (unit == 1 or _RATE.search(text[max(0, match.start() - _BEFORE) : match.start()])):
            continue  # "a second opinion", "twice a day"
        if match["letter"] == "s" and len(match["number"]) == 4:
            continue  # the 1990s
        amount, step = _amount(match)
        low = high = amount * unit
        if match["least"] and float(match["least"]) < amount:
            low = float(match["least"]) * unit
        if high > _WIDEST * low:
            continue  # "one to ten days"
        if unit == _MONTH:
            low, high = low - _MONTH_SHORT, high + _MONTH_LONG
        elif unit >= _YEAR:
            low, high = low - _YEAR_SLACK, high + _YEAR_SLACK
        yield Duration(match.start(), match.end(), low, high, step * unit)


def _amount(match: re.Match[str]) -> tuple[float, float]:
    """How many units, and to what part of one it is said."""
    if match["number"]:
        amount = float(match["number"])
        places = len(match["number"].partition(".")[2])
        step = 10.0**-places
    elif match["quarters"]:
        amount, step = (0.75 if match["quarters"] == "3" else 0.25), 0.25
    elif match["half"]:
        amount, step = 0.5, 0.5
    else:
        amount, step = (2.0 if match["couple"] else 1.0), 1.0
    if match["part"]:
        over, under = match["part"].split("/")
        amount, step = amount + int(over) / int(under), 1 / int(under)
    for sixtieths in (match["sixtieths"], match["minutes"]):
        if sixtieths:
            amount, step = amount + int(sixtieths) / 60, 1 / 60
    for fraction in (match["fraction"], match["after"]):
        if fraction:
            amount, step = amount + _FRACTIONS[fraction], _FRACTIONS[fraction]
    return amount, step


def _seconds(unit: str) -> float:
    return next(seconds for seconds, names in _UNITS.items() if re.fullmatch(names, unit))


def _bound(text: str, start: int) -> Literal["over", "under"] | None:
    before = text[max(0, start - _BEFORE) : start]
    return "over" if _OVER.search(before) else "under" if _UNDER.search(before) else None
