"""Responses that say nothing: empty ones, loops, signs, words in no order, letters that are no words."""

import itertools
import re
from collections import Counter

from chronolect.evaluation.grading.names import SMALL_WORDS
from chronolect.evaluation.grading.normalise import Text
from chronolect.evaluation.grading.tense import is_past
from chronolect.evaluation.grading.vocabulary import common_words, given_names

_BROKEN = re.compile(r"[\ufffdĠĊÃÂ]|â€|ðŸ|\[(?:PAD|MASK|SEP|CLS|UNK|BOS|EOS)\]|<(?:pad|unk|mask)>|(?<!\S)##\w")
_ODD_SIGNS = re.compile(r";;|\]\]|\}\}|\{\{|\[\[|[%^~@\\$+]")
_NO_WORD = re.compile(
    r"(.)\1{3}|(.{2,3})\2{3}|^.{25}|[bcdfghjklmnpqrstvwxz]{6}|^(?![mdclxvi]+$)[bcdfghjklmnpqrstvwxz]{4,}$"
)
_FEWEST = 8  # words of which a loop or a jumble can be told
_ARTICLES = frozenset(["the", "a", "an"])
_NOT_AFTER_ARTICLE = frozenset(
    ["the", "a", "an", "of", "and", "in", "to", "by", "was", "is", "were", "are", "with", "from", "it", "for", "on", "at", "which", "he", "she",
     "but", "or"]
)  # fmt: skip
_PREPOSITIONS = frozenset(["of", "by", "with", "from", "for", "at", "to"])
_NOT_AFTER_PREPOSITION = frozenset(["and", "was", "is", "were", "are", "of", "or", "but", "to", "by", "for", "from"])
_VERBS = frozenset(
    ["was", "is", "were", "are", "has", "had", "have", "did", "do", "does", "will", "would", "became", "be"]
)


def find_noise(raw: str, response: Text) -> str | None:
    """Why a response is noise, whatever names it holds; None where it is not."""
    if not raw.strip():
        return "empty"
    said = [word.text for word in response.words]
    if not said:
        return "no words"
    if len(_BROKEN.findall(raw)) >= 3:
        return "broken characters"
    letters = sum(character.isalnum() or character.isspace() for character in response.clean)
    if letters < 0.6 * len(response.clean) and len(raw) > 8 and not re.search(r"[a-z]{3,}.*[a-z]{3,}", response.lower):
        return "mostly signs"
    if len(set(_ODD_SIGNS.findall(raw))) >= 3:
        return "odd signs"
    if len(said) >= _FEWEST and all(word.isdigit() for word in said):
        return "only numbers"
    return _loop(said) or _jumble(raw, said)


def is_no_language(response: Text, question: Text) -> str | None:
    """Why a response that names no answer and declines in no language known here is no text at all; None where it is one.

    To be asked last, for a sentence of another language looks the same.
    """
    if (
        not re.search(r"[a-z]", response.lower)
        and re.search(r"[a-z]", question.lower)
        and re.search(r"[^\W\d_]", response.lower)
    ):
        return "another script"
    small = [word.text for word in response.words if not word.capital and word.text.isalpha()]
    unknown = [word for word in small if word not in common_words() and word not in given_names()]
    if (
        (len(small) >= 4 and len(unknown) > 0.6 * len(small))
        or (len(unknown) == len(small) >= 3 and not response.caseless)
        or (len(unknown) == len(small) >= 3 and not response.caseless)
        or any(_NO_WORD.search(word) for word in small)
    ):
        return f'no words ("{unknown[0]}")' if unknown else "no words"
    return None


def _has_inflected_verb(raw: str) -> bool:
    """Whether a word may be a verb in the past or in the third person."""
    return is_past(raw.lower()) or bool(re.search(r"\b[a-z]{3,}(?<!s)s\b", raw))


def _loop(said: list[str]) -> str | None:
    """A run of up to ten words that is repeated and makes up most of the response."""
    if len(said) < _FEWEST:
        return None
    for n in range(1, min(10, len(said)) + 1):
        grams = Counter(tuple(said[place : place + n]) for place in range(len(said) - n + 1))
        gram, count = grams.most_common(1)[0]
        if (count >= 4 and count * n > 0.6 * len(said)) or (count >= 3 and n >= 3 and count * n > 0.8 * len(said)):
            return f'a loop of "{" ".join(gram)}"'
    return None


def _jumble(raw: str, said: list[str]) -> str | None:
    """Words in an order that no sentence has: "the of", "by was", or "seven the" in a run without verb or punctuation."""
    if len(said) < _FEWEST:
        return None
    odd = [
        f"{one} {other}"
        for one, other in itertools.pairwise(said)
        if (one in _ARTICLES and other in _NOT_AFTER_ARTICLE)
        or (one in _PREPOSITIONS and other in _NOT_AFTER_PREPOSITION)
    ]
    if len(odd) >= 2 and len(odd) * 8 >= len(said):
        return f'words in no order ("{odd[0]}")'
    bare = not re.search(r"[.,;:!?\n]", raw.strip(" .\n")) and not _VERBS & set(said)
    mixed = [
        place for place in range(len(said) - 1) if re.fullmatch(r"\d\d?", said[place]) and said[place + 1] in _ARTICLES
    ]
    lower = raw.split()
    salad = [
        one
        for one, other in itertools.pairwise(lower)
        if other in _ARTICLES and one.islower() and one.isalpha() and one not in SMALL_WORDS
    ]
    if bare and (odd or (not _has_inflected_verb(raw) and (mixed or (salad and len(said) > 12)))):
        return "words in no order"
    return None
