"""What "'85", "the eighties" and "the turn of the century" mean to a reader of a given time.

With an anchor (when the text was written) it is the latest such time that had begun by then. Without one it is the
latest that is plausible: a lock then errs towards shutting out, never towards letting through.
"""

from chronolect.corpus.dating.expressions.found import years
from chronolect.timeline import Span
from chronolect.timeline.calendar import year_of

# The latest year that two digits, and the latest decade that a word such as "twenties", stand for without an anchor:
# '29 is 2029 and '30 is 1930; the tens are those of the 2010s, the twenties those of the 1920s.
_LAST_YEAR, _LAST_DECADE = 2029, 2019


def year_of_two_digits(digits: int, anchor: Span | None) -> int:
    """The year that "'85" is short for."""
    latest = _LAST_YEAR if anchor is None or anchor.latest is None else year_of(anchor.latest)
    return latest - (latest - digits) % 100


def decade_of(digits: int, anchor: Span | None) -> int:
    """The first year of the decade that "the eighties" (80) names."""
    latest = _LAST_DECADE if anchor is None or anchor.latest is None else year_of(anchor.latest)
    return latest - (latest - digits) % 100


def turn_of_the_century(anchor: Span | None) -> Span:
    """Ten years on each side of the last turn that the text can look back or ahead to; without an anchor from that of
    1900 to that of 2000.
    """
    if anchor is None or anchor.latest is None:
        return years(1890, 2010)
    turn = (year_of(anchor.latest) + 10) // 100 * 100
    return years(turn - 10, turn + 10)
