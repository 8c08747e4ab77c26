"""Numbers, dates and sizes as people read them."""

import re
from typing import Any

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip
NOTHING = "–"


def number(value: Any, digits: int = 2) -> str:
    """`value` with so many digits after the point; whole numbers with thousands marked.

    >>> number(0.256), number(12345), number(None)
    ('0.26', '12,345', '–')
    """
    if value is None:
        return NOTHING
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    return f"{value:,.{digits}f}".replace("-", "−")


def estimate(value: float | None, low: float | None, high: float | None, *, digits: int = 2) -> str:
    """A value with its interval: `0.26 [0.22, 0.31]`."""
    if value is None:
        return NOTHING
    if low is None or high is None:
        return number(value, digits)
    return f"{number(value, digits)} [{number(low, digits)}, {number(high, digits)}]"


def year(value: float) -> str:
    """An astronomical year: 1969, and -43 as 44 BCE."""
    whole = round(value)
    return str(whole) if whole > 0 else f"{1 - whole} BCE"


def years(start: int, end: int) -> str:
    """`1960–1969`, or one year where both are the same."""
    return year(start) if start == end else f"{year(start)}–{year(end)}"


def day(text: str) -> str:
    """A date for people: 1969-07-20 as 20 July 1969; anything else as it is."""
    parts = re.fullmatch(r"(-?\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:T.*)?", text)
    if not parts:
        return text
    words = [year(int(parts[1]))]
    if parts[2]:
        words.insert(0, _MONTHS[int(parts[2]) - 1])
    if parts[3]:
        words.insert(0, str(int(parts[3])))
    return " ".join(words)


def size(count: float) -> str:
    """Bytes: 3.2 MB."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return (
                f"{count:,.0f} bytes"
                if unit == "bytes"
                else f"{count:.3g} {unit}"
                if count < 1000
                else f"{count:,.0f} {unit}"
            )
        count /= 1000
    raise AssertionError


def duration(seconds: float) -> str:
    """`42 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def compact(value: float) -> str:
    """Axis labels: 1,500 as 1.5k, 2,000,000 as 2M."""
    for limit, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"
