"""Parts of a period: "early", "mid-", "the first half of", "the end of"."""

import math
import re

from chronolect.corpus.dating.expressions.found import years
from chronolect.timeline import Span
from chronolect.timeline.calendar import day_number, month_end, year_of

# What share of the period each name covers. They overlap, because writers do not agree where "mid" begins.
_SHARES = {
    "early": (0.0, 0.4),
    "mid": (0.3, 0.7),
    "late": (0.6, 1.0),
    "first half": (0.0, 0.5),
    "second half": (0.5, 1.0),
    "latter half": (0.5, 1.0),
    "last half": (0.5, 1.0),
    "first third": (0.0, 0.34),
    "last third": (0.66, 1.0),
    "first quarter": (0.0, 0.25),
    "second quarter": (0.25, 0.5),
    "third quarter": (0.5, 0.75),
    "last quarter": (0.75, 1.0),
    "fourth quarter": (0.75, 1.0),
    "final quarter": (0.75, 1.0),
    "beginning": (0.0, 0.2),
    "start": (0.0, 0.2),
    "opening": (0.0, 0.2),
    "dawn": (0.0, 0.2),
    "end": (0.8, 1.0),
    "close": (0.8, 1.0),
    "closing": (0.8, 1.0),
    "last": (0.8, 1.0),
    "first": (0.0, 0.2),
}
_WHOLE = r"(?:years|decades?|months|days|part|portion)"
PART = (
    r"(?:[Ee]arly|[Mm]id(?:dle)?|[Ll]ater?)"
    r"(?:-? ?(?:to|and|or)[- ](?:the )?(?:mid(?:dle)?|late)|[/-](?:mid|late))?"
    rf"(?:[- ]{_WHOLE} of)?"
    r"|[Ff]irst (?:half|third|quarter) of|(?:[Ss]econd|[Ll]atter|[Ll]ast) (?:half|third|quarter) of"
    r"|(?:[Tt]hird|[Ff]ourth|[Ff]inal) quarter of"
    r"|(?:(?:very )?[Bb]eginning|[Ss]tart|[Ee]nd|[Cc]lose|[Mm]iddle|[Dd]awn) of"
    rf"|(?:[Oo]pening|[Cc]losing|[Ff]irst|[Ll]ast) {_WHOLE} of"
)
_KEY = re.compile("|".join(sorted(_SHARES, key=len, reverse=True)))


def share(phrase: str) -> tuple[float, float]:
    """The share of a period that a phrase matched by `PART` covers: from, to, in 0 to 1."""
    keys = _KEY.findall(phrase.lower())
    lows, highs = zip(*(_SHARES[key] for key in keys), strict=True)
    return min(lows), max(highs)


def part_of(span: Span, phrase: str) -> Span:
    """The part of a closed span that a phrase names: whole years of a decade or longer, whole months of a year, days of
    anything shorter; rounded outwards.
    """
    assert span.earliest is not None
    assert span.latest is not None
    low, high = share(phrase)
    first, last = year_of(span.earliest), year_of(span.latest)
    length = last - first + 1
    if length >= 10:
        return years(first + math.floor(low * length + 1e-9), first + math.ceil(high * length - 1e-9) - 1)
    days = span.latest - span.earliest + 1
    if length == 1 and days > 360:
        start, end = 1 + math.floor(low * 12 + 1e-9), math.ceil(high * 12 - 1e-9)
        return Span(day_number(first, start, 1), month_end(first, end))
    return Span(span.earliest + math.floor(low * days + 1e-9), span.earliest + math.ceil(high * days - 1e-9) - 1)
