"""The days of feasts, by rule or from a table: those of which calendars of all countries agree on the day.

Left out are feasts that begin when the new moon is seen, such as Ramadan, and feasts whose day is disputed in some years, such as Diwali.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from chronolect.corpus.dating.expressions.feasts import feast
from chronolect.timeline.calendar import civil

YEARS = (2015, 2034)  # of the tables
_HEBREW_EPOCH = -1_373_427  # as `date.toordinal` counts: the first of Tishri of the year 1, before its delays


@dataclass(frozen=True)
class Feast:
    """A feast that comes once a year.

    Attributes:
        name: As dialogues call it.
        others: What else it may be called.
        day: Its day in a year.
        wish: What one says on it.
    """

    name: str
    others: tuple[str, ...]
    day: Callable[[int], date]
    wish: str


def _on(month: int, day: int) -> Callable[[int], date]:
    return lambda year: date(year, month, day)


def _western_easter(year: int) -> date:
    sunday = feast("Easter", year).earliest
    assert sunday is not None
    return date(*civil(sunday))


def _orthodox_easter(year: int) -> date:
    """By the Julian calendar, which is 13 days behind until 2099 (Meeus, Astronomical Algorithms, ch. 8)."""
    moon = (19 * (year % 19) + 15) % 30
    sunday = (2 * (year % 4) + 4 * (year % 7) - moon + 34) % 7
    month, day = divmod(moon + sunday + 114, 31)
    return date(year, month, day + 1) + timedelta(days=13)


def _thanksgiving(year: int) -> date:
    """The fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 21)


@cache
def _months_and_parts(year: int) -> int:
    """Days from the epoch to the mean new moon of Tishri, kept off Sunday, Wednesday and Friday."""
    months = (235 * year - 234) // 19
    parts = 12_084 + 13_753 * months
    day = 29 * months + parts // 25_920
    return day + 1 if 3 * (day + 1) % 7 < 3 else day


@cache
def _tishri(hebrew_year: int) -> int:
    """The ordinal of the first of Tishri; a year that would be too long or too short moves it (Dershowitz and Reingold, ch. 8)."""
    before, this, after = (_months_and_parts(year) for year in (hebrew_year - 1, hebrew_year, hebrew_year + 1))
    delay = 2 if after - this == 356 else 1 if this - before == 382 else 0
    return _HEBREW_EPOCH + this + delay


def _rosh_hashanah(year: int) -> date:
    return date.fromordinal(_tishri(year + 3761))


def _passover(year: int) -> date:
    """15 Nisan: 163 days before the next first of Tishri."""
    return _rosh_hashanah(year) - timedelta(days=163)


def _hanukkah(year: int) -> date:
    """25 Kislev: after the 30 days of Tishri and the 29, in long years 30, of Marheshvan."""
    start, after = _tishri(year + 3761), _tishri(year + 3762)
    return date.fromordinal(start + (84 if after - start in (355, 385) else 83))


# Month and day in each of the years: the new moon, and the fifteenth day of the eighth month, in China.
_LUNAR_NEW_YEAR = "02-19 02-08 01-28 02-16 02-05 01-25 02-12 02-01 01-22 02-10 01-29 02-17 02-06 01-26 02-13 02-03 01-23 02-11 01-31 02-19"
_MID_AUTUMN = "09-27 09-15 10-04 09-24 09-13 10-01 09-21 09-10 09-29 09-17 10-06 09-25 09-15 10-03 09-22 09-12 10-01 09-19 09-08 09-27"
_NOWRUZ_ON_20_MARCH = (2016, 2020, 2024, 2028, 2029, 2032, 2033)  # else it is the 21st


def _listed(table: str) -> Callable[[int], date]:
    days = table.split()
    return lambda year: date.fromisoformat(f"{year}-{days[year - YEARS[0]]}")


def _nowruz(year: int) -> date:
    return date(year, 3, 20 if year in _NOWRUZ_ON_20_MARCH else 21)


FEASTS = (
    Feast("New Year's Day", ("the New Year",), _on(1, 1), "A happy new year!"),
    Feast(
        "Lunar New Year",
        ("Chinese New Year", "the Spring Festival"),
        _listed(_LUNAR_NEW_YEAR),
        "May the year be kind to you!",
    ),
    Feast("Valentine's Day", ("Saint Valentine's Day",), _on(2, 14), "Somebody may like some flowers."),
    Feast("Nowruz", ("Persian New Year",), _nowruz, "A happy Nowruz!"),
    Feast(
        "the first day of Passover",
        (
            "Passover",
            "Pesach",
        ),
        _passover,
        "A good feast to you!",
    ),
    Feast("Easter Sunday", ("Easter", "Easter Day"), _western_easter, "A happy Easter!"),
    Feast("Orthodox Easter", ("Pascha",), _orthodox_easter, "A joyful feast to you!"),
    Feast("Saint Patrick's Day", ("St. Patrick's Day",), _on(3, 17), "Wear something green!"),
    Feast("Bastille Day", (), _on(7, 14), "Enjoy the fireworks!"),
    Feast(
        "the first day of Rosh Hashanah",
        (
            "Rosh Hashanah",
            "the Jewish New Year",
        ),
        _rosh_hashanah,
        "A good and sweet year!",
    ),
    Feast("Mid-Autumn Festival", ("the Moon Festival",), _listed(_MID_AUTUMN), "Enjoy the moon and the cakes!"),
    Feast("Halloween", (), _on(10, 31), "Mind the pumpkins!"),
    Feast("the Day of the Dead", ("Day of the Dead",), _on(11, 2), "Light a candle!"),
    Feast("American Thanksgiving", ("Thanksgiving",), _thanksgiving, "Enjoy the meal!"),
    Feast("Saint Lucia's Day", ("St. Lucia's Day",), _on(12, 13), "Light the candles!"),
    Feast(
        "the first day of Hanukkah",
        (
            "Hanukkah",
            "Chanukah",
        ),
        _hanukkah,
        "A bright feast to you!",
    ),
    Feast("Christmas Day", ("Christmas",), _on(12, 25), "A merry Christmas!"),
    Feast("New Year's Eve", (), _on(12, 31), "A good last day of the year!"),
)
