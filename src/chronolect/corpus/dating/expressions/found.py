"""What the recogniser hands back, and the spans of years, decades, centuries and their parts."""

from functools import cache
from typing import NamedTuple

from chronolect.timeline import Span
from chronolect.timeline.calendar import FIRST_YEAR, LAST_YEAR, year_end, year_of, year_start


class Found(NamedTuple):
    """A dated expression: `text[start:end]` (characters), the time it names, what kind of expression it is, and the unit
    it is stated in (`day`, `month`, `year`, `decade`, `century`, `era`, ...).
    """

    start: int
    end: int
    span: Span
    type: str
    precision: str


class Yearless(NamedTuple):
    """A day or a month of no stated year ("20 July"); days run from `first` to `last`, 0 is the whole month."""

    start: int
    end: int
    month: int
    first: int
    last: int


@cache
def years(first: int, last: int | None = None) -> Span:
    """The whole years from `first` to `last`, kept, because a corpus names the same few hundred again and again."""
    return Span.year(max(first, FIRST_YEAR), last)


def century(number: int, before_christ: bool = False) -> Span:
    """The 19th century is 1801 to 1900, the third century BC 300 to 201 BC."""
    if before_christ:
        return years(1 - 100 * number, 100 - 100 * number)
    return years(100 * number - 99, 100 * number)


def millennium(number: int, before_christ: bool = False) -> Span:
    """The second millennium is 1001 to 2000, the third millennium BC 3000 to 2001 BC."""
    if before_christ:
        return years(1 - 1000 * number, 1000 - 1000 * number)
    return years(1000 * number - 999, 1000 * number)


def open_end(span: Span) -> Span:
    """From the first day of a span on."""
    return Span(span.earliest, None)


def open_start(span: Span) -> Span:
    """Up to the last day of a span."""
    return Span(None, span.latest)


def before(span: Span, *, named: bool = False) -> Span | None:
    """The time before a span; `None` if it has no first day. What is before a named period may be of its first year, because
    the tables know them by years.
    """
    if span.earliest is None:
        return None
    return Span(None, year_end(year_of(span.earliest)) if named else span.earliest - 1)


def after(span: Span, *, named: bool = False) -> Span | None:
    """The time after a span; `None` if it has no last day. What is after a named period may be of its last year."""
    if span.latest is None:
        return None
    return Span(year_start(year_of(span.latest)) if named else span.latest + 1, None)


def around(span: Span, margin: int = 10) -> Span:
    """`margin` years wider on each side, as "about" reaches in `timeline.notation`."""
    assert span.earliest is not None
    assert span.latest is not None
    first, last = year_of(span.earliest), year_of(span.latest)
    return years(max(first - margin, FIRST_YEAR), min(last + margin, LAST_YEAR))
