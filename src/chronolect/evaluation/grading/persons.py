"""Names of persons: the surname alone, given names, initials, and other persons of the same name."""

import re
from collections.abc import Iterator, Sequence

from chronolect.evaluation.grading.matching import beside, one_slip, same
from chronolect.evaluation.grading.names import DIRECTIONS, GENERIC, PARTICLES, SHORT_NAMES, SMALL_WORDS, TITLES
from chronolect.evaluation.grading.normalise import SKIPPED, Text, Word, words
from chronolect.evaluation.grading.vocabulary import common_words, given_names

_MOST_WORDS = 5
_BEFORE_SURNAMES = frozenset(["van", "von", "der", "den", "da", "di", "ter", "bin", "ibn"])
_WHO = re.compile(r"\b(?:who|whom|whose)\b")
_PERSONS = (
    "|".join(sorted(TITLES))
    + r"|person|leader|\w*(?:man|woman|ist|ician|onaut|ian|player|zealander)|briton|scot|dane|swede|finn|pole|turk"
)
_THING_ASKED = re.compile(rf"\b(?:which|what) (?!(?:\w+ ){{0,3}}?(?:{_PERSONS})\b)")


def may_be_person(answer: Text, question: Text) -> bool:
    """Whether the answer has the shape of a person's name and the question asks for none but a person."""
    names = [word for word in answer.words if word.capital]
    inside = [word.text for word in answer.words if not word.capital]
    if not 2 <= len(answer.words) <= _MOST_WORDS or not names or not set(inside) <= PARTICLES:
        return False
    first, last = answer.words[0].text, answer.words[-1].text
    if len(last) < 3 or last in GENERIC or last[0].isdigit() or first in (*DIRECTIONS, *GENERIC, *SKIPPED):
        return False
    return bool(_WHO.search(question.lower)) or not _THING_ASKED.search(question.lower) or first in given_names()


def find_persons(response: Text, answer: Text) -> Iterator[tuple[int, int]]:
    """The last name alone, or with given names and initials that do not contradict the answer's; the first of "Leonardo da Vinci" alone."""
    name = re.sub(r"(?<=\w\w), .*", "", answer.clean)  # Diana, Princess of Wales
    surname = next(found for piece in reversed(name.split()) if (found := [word.text for word in words(piece)]))
    given = [
        word.text for word in words(name)[: -len(surname)] if word.text not in TITLES and word.text not in PARTICLES
    ]
    yield from _find(response, surname, given)
    if len(answer.words) > 2 and answer.words[1].text in PARTICLES and len(given) == 1:
        yield from _find(response, given, [])


def _find(response: Text, surname: Sequence[str], given: Sequence[str]) -> Iterator[tuple[int, int]]:
    found, n = response.words, len(surname)
    for place in range(len(found) - n + 1):
        window = found[place : place + n]
        if not all(_same_surname(word.text, name) for word, name in zip(window, surname, strict=True)):
            continue
        if not (window[0].capital or response.caseless) or _begins_another(response, place + n):
            continue
        start = _beginning(response, place, given)
        if start is not None:
            yield found[start].start, window[-1].end


def _beginning(response: Text, place: int, given: Sequence[str]) -> int | None:
    """Where the name begins whose surname stands at `place`; None if it is another person's."""
    found, start = response.words, place
    while start > 0 and beside(response, found[start - 1], found[start]):
        before = found[start - 1]
        if before.text in _BEFORE_SURNAMES:
            start -= 1
            continue
        if (
            before.text in TITLES
            or before.text == "m"
            or before.text in SMALL_WORDS
            or before.text in PARTICLES
            or before.text[0].isdigit()
        ):
            break
        if not (before.capital or response.caseless) or _opens_common(response, before, given):
            break
        start -= 1
    between = [word.text for word in found[start:place] if word.text not in _BEFORE_SURNAMES]
    named = not between or _given(between[0], given) or any(len(word) > 2 and _given(word, given) for word in between)
    return start if named else None


def _opens_common(response: Text, word: Word, given: Sequence[str]) -> bool:
    """Whether a word has its capital only because it opens the sentence: Young Armstrong."""
    if response.caseless and word.text in common_words() - given_names() and word.text not in given:
        return True
    return response.opens_sentence(word) and word.text in common_words() and word.text not in (*given_names(), *given)


def _begins_another(response: Text, place: int) -> bool:
    """Whether the word at `place` makes the name before it that of something else, as in Lincoln Memorial."""
    if response.caseless or place >= len(response.words):
        return False
    before, after = response.words[place - 1], response.words[place]
    plain = after.text in SMALL_WORDS or after.text in ("jr", "sr") or after.text[0].isdigit()
    return after.capital and not plain and beside(response, before, after)


def _same_surname(found: str, wanted: str) -> bool:
    return found in (wanted, f"{wanted}s") or (min(len(found), len(wanted)) >= 8 and one_slip(found, wanted))


def _given(word: str, given: Sequence[str]) -> bool:
    """Whether a word before the surname is one of the given names, a short form of one, or initials of them."""
    if any(
        same(word, name) or (len(word) > 1 and name.startswith(word)) or word.startswith(name) or _slip(word, name)
        for name in given
    ):
        return True
    if SHORT_NAMES.get(word) in given or any(_is_pet_name(word, name) for name in given):
        return True
    initials = "".join(name[0] for name in given)
    return len(word) <= 2 and (word in initials or word[:1] in initials)


def _is_pet_name(word: str, name: str) -> bool:
    """Ronnie for Ronald, Valya for Valentina."""
    return len(word) > 3 and word[:3] == name[:3] and word.endswith(("ie", "y", "ya", "ka"))


def _slip(word: str, name: str) -> bool:
    return min(len(word), len(name)) >= 4 and one_slip(word, name)
