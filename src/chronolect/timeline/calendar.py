"""Days as integers: counted from 1970-01-01 in the proleptic Gregorian calendar, with astronomical years (0 is 1 BCE,
-43 is 44 BCE).

`datetime.date` ends at year 1. Every 400 Gregorian years have the same 146,097 days, so other years are shifted by
whole cycles into its range.
"""

from datetime import date

_CYCLE_YEARS, _CYCLE_DAYS = 400, 146_097
_CYCLE_START = date(_CYCLE_YEARS, 1, 1).toordinal()
_EPOCH = date(1970, 1, 1).toordinal()


def day_number(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to this day; `ValueError` if there is no such day (1969-02-30, 1900-02-29)."""
    cycle, year_in_cycle = divmod(year, _CYCLE_YEARS)
    return date(year_in_cycle + _CYCLE_YEARS, month, day).toordinal() + (cycle - 1) * _CYCLE_DAYS - _EPOCH


def civil(day: int) -> tuple[int, int, int]:
    """Year, month and day of month of a day number: the inverse of `day_number`."""
    cycle, rest = divmod(day + _EPOCH - _CYCLE_START, _CYCLE_DAYS)
    found = date.fromordinal(_CYCLE_START + rest)
    return found.year + cycle * _CYCLE_YEARS, found.month, found.day


def year_of(day: int) -> int:
    """The year a day number lies in."""
    return civil(day)[0]


def year_start(year: int) -> int:
    """Day number of 1 January."""
    return day_number(year, 1, 1)


def year_end(year: int) -> int:
    """Day number of 31 December."""
    return day_number(year, 12, 31)


def month_end(year: int, month: int) -> int:
    """Day number of the last day of a month."""
    return (day_number(year, month + 1, 1) if month < 12 else year_start(year + 1)) - 1


def bin_start(year: int, size: int) -> int:
    """First year of the bin of `size` years that holds `year`: decades for 10 (1969 -> 1960, -43 -> -50)."""
    return year - year % size


# The years that fit the stored form, a signed 32-bit day number, rounded inwards. A span that ends before them is kept
# as open at its start, one that begins after them as open at its end: both remain true statements.
FIRST_YEAR, LAST_YEAR = -5_000_000, 5_000_000
FIRST_DAY, LAST_DAY = year_start(FIRST_YEAR), year_end(LAST_YEAR)
