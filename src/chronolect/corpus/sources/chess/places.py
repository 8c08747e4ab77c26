"""Events, places and rounds of PGN tags as part of a sentence."""

import re
from functools import lru_cache

_UNKNOWN = frozenset("?-. ")
# What databases abbreviate at the end of an event's name.
_ENDINGS = {
    "m": "match",
    "match": "match",
    "sim": "simultaneous exhibition",
    "simul": "simultaneous exhibition",
    "blind": "blindfold exhibition",
    "blindfold": "blindfold exhibition",
    "corr": "correspondence games",
    "op": "open tournament",
    "ol": "Olympiad",
    "izt": "Interzonal",
    "ct": "Candidates",
    "wch": "World Championship",
    "exhib": "exhibition",
    "exh": "exhibition",
    "tourn": "tournament",
}
_COMMON_NOUNS = frozenset(
    [
        *("match", "tournament", "championship", "championships", "exhibition", "olympiad", "cup", "congress"),
        *("memorial", "games", "league", "final", "semifinal", "interzonal", "candidates", "open", "international"),
    ]
)
_COUNTRY = re.compile(r"(?<=\S),? \(?[A-Z]{3}\)?$")  # a country code of our time
_ROUND = re.compile(r"\d{1,3}(\.\d{1,3})*")


def _known(text: str) -> str:
    return "" if set(text) <= _UNKNOWN else text.strip()


@lru_cache(maxsize=1 << 14)
def event_name(event: str) -> str:
    """The event with its article and the usual abbreviations written out; empty if not known.

    >>> event_name("Havana m"), event_name("?")
    ('the Havana match', '')
    """
    text = _known(event)
    if not text or "://" in text:
        return ""
    head, _, last = text.rpartition(" ")
    if head and last.lower().rstrip(".") in _ENDINGS:
        text = f"{head} {_ENDINGS[last.lower().rstrip('.')]}"
    named = _COMMON_NOUNS.intersection(text.lower().split()) and not text.lower().startswith("the ")
    return f"the {text}" if named else text


@lru_cache(maxsize=1 << 14)
def place_name(site: str) -> str:
    """The place without the code of the country that follows it; empty if not known or an address of the web.

    >>> place_name("Havana CUB"), place_name("USA")
    ('Havana', 'the USA')
    """
    text = _known(site)
    if not text or "://" in text:
        return ""
    text = _COUNTRY.sub("", text)
    return f"the {text}" if text in ("USA", "USSR", "Netherlands") else text


@lru_cache(maxsize=1 << 10)
def round_name(number: str) -> str:
    """Such as "round 3"; empty if not known.

    >>> round_name("3"), round_name("-")
    ('round 3', '')
    """
    text = number.strip()
    return f"round {text}" if _ROUND.fullmatch(text) and text.strip("0.") else ""
