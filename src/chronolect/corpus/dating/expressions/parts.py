"""Parts of a period: "early", "mid-", "the first half of", "the end of".

Halves, thirds and quarters are exact. Where "early" and "late" begin and end no two writers agree on, so these keep the
whole period, the widest reading: "the early 1960s" is 196X.
"""

import math
import re

from chronolect.corpus.dating.expressions.found import years
from chronolect.timeline import Span
from chronolect.timeline.calendar import day_number, month_end, year_of

_SHARES = {
    "first half": (0, 1 / 2),
    "second half": (1 / 2, 1),
    "latter half": (1 / 2, 1),
    "last half": (1 / 2, 1),
    "first third": (0, 1 / 3),
    "second third": (1 / 3, 2 / 3),
    "last third": (2 / 3, 1),
    "first quarter": (0, 1 / 4),
    "second quarter": (1 / 4, 1 / 2),
    "third quarter": (1 / 2, 3 / 4),
    "fourth quarter": (3 / 4, 1),
    "last quarter": (3 / 4, 1),
    "final quarter": (3 / 4, 1),
}
_WHOLE = r"(?:years|decades?|months|days|part|portion)"
_VAGUE = (
    r"(?:[Ee]arly|[Ee]arlier|[Mm]id(?:dle)?|[Ll]ater?)"
    r"(?:-? ?(?:to|and|or)[- ](?:the )?(?:mid(?:dle)?|late)|[/-](?:mid|late))?"
    rf"(?:[- ]{_WHOLE} of)?"
    r"|(?:(?:very )?[Bb]eginning|[Ss]tart|[Ee]nd|[Cc]lose|[Mm]iddle|[Dd]awn|[Tt]urn) of"
    rf"|(?:[Oo]pening|[Cc]losing|[Ff]irst|[Ll]ast) {_WHOLE} of"
)
PART = (
    r"(?:[Ff]irst|[Ss]econd|[Tt]hird|[Ff]ourth|[Ff]inal|[Ll]ast|[Ll]atter) (?:half|third|quarter) of"
    rf"|{_VAGUE}"
)
_EXACT = re.compile("|".join(_SHARES))


def part_of(span: Span, phrase: str) -> Span:
    """The part of a closed span that a phrase matched by `PART` names: whole years of a decade or longer, whole months of
    a year, days of anything shorter, rounded outwards. "The turn of" a century is ten years on each side of its beginning.
    """
    assert span.earliest is not None
    assert span.latest is not None
    first, last = year_of(span.earliest), year_of(span.latest)
    length = last - first + 1
    if phrase.lower().startswith("turn") and length == 100:
        return years(first - 11, first + 9)
    exact = _EXACT.match(phrase.lower())
    if exact is None:
        return span
    low, high = _SHARES[exact.group()]
    if length >= 10:
        return years(first + math.floor(low * length + 1e-9), first + math.ceil(high * length - 1e-9) - 1)
    days = span.latest - span.earliest + 1
    if length == 1 and days >= 365:
        return Span(
            day_number(first, 1 + math.floor(low * 12 + 1e-9), 1), month_end(first, math.ceil(high * 12 - 1e-9))
        )
    return Span(span.earliest + math.floor(low * days + 1e-9), span.earliest + math.ceil(high * days - 1e-9) - 1)
