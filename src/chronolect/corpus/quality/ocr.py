"""How well a text was read from the page: an estimate of the share of its words that came out right.

A word counts as misread if it is a known confusion of an English word ("tbe" for "the"), if its shape is none that English
has (digits or capitals inside, no vowel, an impossible beginning, runs of one letter), or if it is written small and no
other documents of the corpus have it. Stray symbols count as half a word. It is made for English; texts of fewer than 20
words are not judged.
"""

import re
from functools import cache, lru_cache
from pathlib import Path

from chronolect.corpus.quality.sample import sample

_CONFUSIONS = Path(__file__).parents[2] / "data" / "ocr-confusions.txt"
_CHARACTERS = 12_000
_DICTIONARY_CHARACTERS = 100_000
_FEWEST_WORDS = 20
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_STRAY = re.compile(r"[~^|\\{}<>=_#¬¦•■□►◄¤¥®™«»¶]|(?<=\s)[^\w\s](?=\s[^\w\s]\s)")
_BROKEN = re.compile(r"[a-z]-\s*\n\s*[a-z]|[a-z]- [a-z]")

_ODD = re.compile(
    r"""
      [a-z]+[A-Z]                        # a capital inside (not McX, see below)
    | [^\W\d_][0-9]+[^\W\d_]             # digits between letters
    | \b[0-9]*[158]?[a-z]{3,}[0-9]\b     # a digit at the end of a word
    | \b[0158][a-z]{3,}\b                # or at its beginning
    | ([A-Za-z])\1\1                     # a letter three times
    """,
    re.VERBOSE,
)
_ROMAN = re.compile(r"[ivxlcdmIVXLCDM]+\Z")
_ODD_SMALL = re.compile(
    r"""
      \A[bcdfghjklmnpqrstvwxz]{4,}\Z       # no vowel
    | [bcdfghjklmnpqrstvwxz]{6}            # six consonants in a row
    | [aeiou]{5}
    | q(?![u])
    | \A(?!bl|br|ch|cl|cr|cz|dh|dr|dw|fj|fl|fr|gh|gl|gn|gr|gw|kh|kl|kn|kr|kw|ll|mn|ph|pl|pn|pr|ps|pt|rh|sc|sf|sh|sk|sl|sm|sn|sp|sq|sr|st|sv|sw
           |th|tr|ts|tw|tz|vr|wh|wr|zl|zw|mr|dr|st|mm|hm|sh|tch|km|cm|kg|lb|ft|vs|cf|nd|rd|th|pp|ff|bc|tv|pm|pt|ch|wd|tm|mp|hr|gm)
        [bcdfghjklmnpqrstvwxz]{2}          # no English word begins so
    """,
    re.VERBOSE,
)
_GOOD_MIXED = re.compile(r"(?:Mc|Mac|De|La|Le|Van|O['’]|D['’]|Fitz)[A-Z]|[0-9]+(?:st|nd|rd|th|s|d|mm|cm|km|kg|ft|lb)\Z")
_LONE = frozenset("aio")


def ocr_score(text: str, known: frozenset[str] | None = None) -> float | None:
    """The estimated share of words read rightly, 0 to 1; `None` for too short a text.

    `known` are words (small letters) that several documents have; without it, only shapes and confusions count. Long
    texts are judged by a sample.
    """
    stretch = sample(text, _CHARACTERS)
    words = _TOKEN.findall(stretch)
    if len(words) < _FEWEST_WORDS:
        return None
    wrong: float = sum(_misread(word, known) for word in words)
    wrong += 0.5 * len(_STRAY.findall(stretch)) + len(_BROKEN.findall(stretch))
    return round(max(0.0, 1 - wrong / len(words)), 4)


def words_of(text: str) -> set[str]:
    """The words by which a document speaks for others: those of its sample, in small letters, without the misshapen."""
    words = {word for word in _TOKEN.findall(sample(text, _DICTIONARY_CHARACTERS)) if word.islower() and word.isalpha()}
    return {word for word in words if len(word) > 1 and not _misshapen(word)}


def _misread(word: str, known: frozenset[str] | None) -> bool:
    if _misshapen(word):
        return True
    return known is not None and len(word) > 1 and word.islower() and word.isalpha() and word not in known


@lru_cache(1 << 16)
def _misshapen(word: str) -> bool:
    if len(word) == 1:
        return word.islower() and word.isascii() and word not in _LONE
    if word.isdigit() or _ROMAN.match(word):
        return False
    if word.lower() in _confusions():
        return True
    if _ODD.search(word):
        return not _GOOD_MIXED.match(word)
    return word.islower() and word.isascii() and bool(_ODD_SMALL.search(word))


@cache
def _confusions() -> frozenset[str]:
    text = _CONFUSIONS.read_text(encoding="utf-8")
    return frozenset(
        word for line in text.splitlines() if not line.startswith("#") for word in line.partition(":")[2].split()
    )


@cache
def load_words(path: Path) -> frozenset[str]:
    """A file of words, one a line."""
    return frozenset(path.read_text(encoding="utf-8").split())
