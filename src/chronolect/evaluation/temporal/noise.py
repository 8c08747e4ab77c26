"""Responses that say nothing: empty ones, loops, letters that are no words."""

import re
from collections import Counter

from chronolect.evaluation.temporal.normalise import Text

_VOWELS = re.compile(r"[aeiouyáéíóúàèìòùäöüâêîôû]")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{5,}")
_FEWEST = 8  # words of which a loop can be told


def find_noise(raw: str, response: Text) -> str | None:
    """Why a response is noise; None where it is not."""
    said = [word.text for word in response.words]
    if not raw.strip():
        return "empty"
    if not said:
        return "no words"
    if loop := _loop(said):
        return loop
    letters = sum(character.isalnum() or character.isspace() for character in raw)
    if letters < 0.6 * len(raw) and len(raw) > 8:
        return "mostly signs"
    if "\ufffd" in raw and raw.count("\ufffd") * 10 > len(raw):
        return "broken characters"
    latin = [word for word in said if word.isascii() and word.isalpha()]
    odd = [word for word in latin if _is_no_word(word)]
    if len(latin) >= 1 and len(odd) * 2 > len(said):
        return f'no words ("{odd[0]}")'
    return None


def _loop(said: list[str]) -> str | None:
    """A run of up to eight words that is repeated and makes up most of the response."""
    if len(said) < _FEWEST:
        return None
    for n in range(1, 9):
        grams = Counter(tuple(said[place : place + n]) for place in range(len(said) - n + 1))
        gram, count = grams.most_common(1)[0]
        if count >= 4 and count * n > 0.6 * len(said):
            return f'a loop of "{" ".join(gram)}"'
    return None


def _is_no_word(word: str) -> bool:
    if len(word) > 25:
        return True
    return len(word) > 3 and (not _VOWELS.search(word) or bool(_CONSONANTS.search(word)))
