"""The words around a number: what tells a year from an amount or a label."""

import re

from chronolect.corpus.dating.expressions.vocabulary import COUNTED, NOT_PLURAL, UNITS

_NEXT = re.compile(r"[ -]((?:[a-z]+[ -])?)([A-Za-z]+)")
# "1984 of them", "1850 a month", "a 2000-word essay".
_COUNTS = re.compile(
    r" of (?:them|us|these|those|which|whom|the men)\b| (?:a|an|per|each) (?:month|year|week|day|head|hour|acre|ton|man|dozen)\b"
    r"|-(?:word|seat|page|bed|room|mile|foot|ton|tonne|acre|yard|man|strong|year|day|hour|met(?:re|er)|volt|watt|piece|member|person|pound|line"
    r"|hectare|degree|bit|pixel|calorie)\b"
)
_UNIT_CAPITALS = frozenset(["K", "USD", "EUR", "GBP", "CHF", "JPY", "UTC", "GMT"])
_SIGNS = frozenset("%°′″×€£¥₽")
_STRIP = "([{\"'.,;:“”‘’—–"


def word_before(flat: str, at: int) -> str:
    """The word that ends at most one space before `at`, in lower case and without punctuation."""
    left = flat[max(0, at - 24) : at].rsplit(None, 1)
    return left[-1].strip(_STRIP).lower() if left else ""


def is_quantity(flat: str, end: int, number: int, strong: bool) -> bool:
    """Whether what follows a number counts or measures something. `strong`: a word such as "in" stands before it."""
    found = _NEXT.match(flat, end)
    if found is None:
        return flat[end : end + 1] in _SIGNS or (flat[end : end + 1] == " " and flat[end + 1 : end + 2] in _SIGNS)
    if _COUNTS.match(flat, end):
        return True
    adjective, last = found.groups()
    word = adjective.rstrip(" -") or last
    if word in UNITS or word in _UNIT_CAPITALS:
        return True
    if strong and number >= 1700:
        return False
    if word in COUNTED or (adjective and last in COUNTED and number % 10 == 0):
        return True
    round_or_early = number % 50 == 0 or number < 1700
    return round_or_early and not strong and _is_plural(word)


def _is_plural(word: str) -> bool:
    return len(word) > 3 and word[0].islower() and word[-1] == "s" and word not in NOT_PLURAL
