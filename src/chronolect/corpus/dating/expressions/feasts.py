"""Feasts and holidays with a fixed day, and Easter."""

from chronolect.timeline import Span

_FIXED = {
    "Christmas Eve": (12, 24),
    "Christmas Day": (12, 25),
    "Christmas": (12, 25),
    "Boxing Day": (12, 26),
    "New Year's Eve": (12, 31),
    "New Year's Day": (1, 1),
    "New Year's": (1, 1),
    "Twelfth Night": (1, 5),
    "Candlemas": (2, 2),
    "St. Valentine's Day": (2, 14),
    "Valentine's Day": (2, 14),
    "St. Patrick's Day": (3, 17),
    "St Patrick's Day": (3, 17),
    "Lady Day": (3, 25),
    "May Day": (5, 1),
    "Midsummer Day": (6, 24),
    "Bastille Day": (7, 14),
    "Independence Day": (7, 4),
    "Lammas": (8, 1),
    "Michaelmas": (9, 29),
    "Hallowe'en": (10, 31),
    "Halloween": (10, 31),
    "All Saints' Day": (11, 1),
    "Guy Fawkes Night": (11, 5),
    "Martinmas": (11, 11),
    "Armistice Day": (11, 11),
}
# Days around Easter Sunday.
_MOVING = {
    "Good Friday": -2,
    "Easter Sunday": 0,
    "Easter Day": 0,
    "Easter Monday": 1,
    "Easter": 0,
    "Whitsun": 49,
    "Pentecost": 49,
}
FEASTS = sorted([*_FIXED, *_MOVING], key=len, reverse=True)
FEAST = "|".join(FEASTS).replace(".", r"\.")


def feast(name: str, year: int) -> Span:
    """The day of a feast in a year."""
    if name in _FIXED:
        return Span.day(year, *_FIXED[name])
    sunday = _easter(year)
    assert sunday.earliest is not None
    day = sunday.earliest + _MOVING[name]
    return Span(day, day)


def _easter(year: int) -> Span:
    """Easter Sunday in the Gregorian calendar, by the anonymous algorithm of 1876 (Nature; also Meeus)."""
    golden = year % 19
    hundreds, rest = divmod(year, 100)
    moon = (19 * golden + hundreds - hundreds // 4 - (hundreds - (hundreds + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (hundreds % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    shift = (golden + 11 * moon + 22 * weekday) // 451
    month, day = divmod(moon + weekday - 7 * shift + 114, 31)
    return Span.day(year, month, day + 1)
