"""Whether words are the same name in another form, and where they stand together in a response."""

import re
from collections.abc import Iterator, Sequence, Set

from chronolect.evaluation.grading.names import DIRECTIONS, GENERIC, SHORT_NAMES, SMALL_WORDS, TITLES
from chronolect.evaluation.grading.normalise import Text, Word
from chronolect.evaluation.grading.vocabulary import given_names

_ROOT = 5
_LONG = 8  # letters from which one slip of the pen does not make another name


def find_runs(
    response: Text, wanted: Sequence[str], *, asked: Set[str], whole: Sequence[str] = ()
) -> Iterator[tuple[int, int]]:
    """Runs of words that are `wanted`, in any order ("Armstrong, Neil"), within one sentence.

    `whole` is the full name of which `wanted` is a part, and `asked` are the words of the question. A part of a name, or a name of one word, with
    other names beside it is another name: Panama City, Dolly Parton, New England.
    """
    content, n = response.content, len(wanted)
    for place in range(len(content) - n + 1):
        window = content[place : place + n]
        if not same_words([word.text for word in window], wanted) or not _together(response, window):
            continue
        before, after = content[place - 1 : place] if place else [], content[place + n : place + n + 1]
        if after and _is_serial(response, window[-1], after[0]):
            continue
        if whole and any(_is_name_beside(response, word, window, {*whole, *asked}) for word in (*before, *after)):
            continue
        if n == 1 and not whole and _is_part_of_another(response, window, before, after, asked):
            continue
        yield window[0].start, window[-1].end


def _is_part_of_another(
    response: Text, window: Sequence[Word], before: Sequence[Word], after: Sequence[Word], asked: Set[str]
) -> bool:
    """Whether a name of one word is only a part of another name."""
    if response.caseless:
        return False
    named = any(
        (word.text in given_names() or word.text in DIRECTIONS) and _is_name_beside(response, word, window, asked)
        for word in before
    )
    return named or any(
        word.text not in GENERIC and word.text not in given_names() and _is_name_beside(response, word, window, asked)
        for word in after
    )


def find_joined(response: Text, answer: Text) -> Iterator[tuple[int, int]]:
    """The answer with its words run together or parted otherwise: i-phone, Starwars."""
    whole = "".join(word.text for word in answer.words)
    if len(whole) < 5:
        return
    said = response.words
    for first, word in enumerate(said):
        for last in range(first, min(first + 4, len(said))):
            parted = last - first + 1 != len(answer.words)
            if parted and "".join(one.text for one in said[first : last + 1]) == whole:
                yield word.start, said[last].end


def same_words(found: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether two runs of equally many words are the same, in any order but for slips of the pen."""
    alike = [same(one, other) for one, other in zip(found, wanted, strict=True)]
    if all(alike):
        return True
    if len(wanted) > 1 and alike.count(False) == 1:  # one slip, where the other words are right
        one, other = found[alike.index(False)], wanted[alike.index(False)]
        return min(len(one), len(other)) >= _LONG - 2 and one_slip(one, other)
    keys = [sorted(stem(bare_number(word)) for word in some) for some in (found, wanted)]
    return len(wanted) > 1 and keys[0] == keys[1]


def same(found: str, wanted: str) -> bool:
    """Whether two words are the same but for the plural, a short form of a given name, an ordinal's ending or a slip in a long word."""
    if stem(found) == stem(wanted) or SHORT_NAMES.get(found, found) == SHORT_NAMES.get(wanted, wanted):
        return True
    if wanted[0].isdigit() or found[0].isdigit():  # World War II, the Second World War, Elizabeth I
        return bare_number(found) == bare_number(wanted)
    return max(len(found), len(wanted)) >= _LONG and one_slip(found, wanted)


def stem(word: str) -> str:
    """A word without the plural's ending."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def akin(one: str, other: str) -> bool:
    """Whether two words are the same or begin with the same five letters, as "conceived" and "conception"."""
    return stem(one) == stem(other) or (len(one) > _ROOT and one[:_ROOT] == other[:_ROOT])


def bare_number(word: str) -> str:
    """A number without the ordinal's ending; "i" is the numeral of Elizabeth I."""
    return "1" if word == "i" else re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", word)


def one_slip(one: str, other: str) -> bool:
    """Whether one letter past the first was changed, dropped or added, or two neighbours changed places."""
    if one[0] != other[0] or abs(len(one) - len(other)) > 1:
        return False
    if len(one) != len(other):
        short, long = sorted((one, other), key=len)
        return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))
    wrong = [place for place in range(len(one)) if one[place] != other[place]]
    return len(wrong) <= 1 or (
        len(wrong) == 2
        and wrong[1] == wrong[0] + 1
        and one[wrong[0] : wrong[1] + 1] == other[wrong[0] : wrong[1] + 1][::-1]
    )


def beside(response: Text, left: Word, right: Word) -> bool:
    """Whether nothing but a blank or a hyphen parts two words."""
    return response.clean[left.end : right.start] in (" ", "-")


def _is_serial(response: Text, last: Word, after: Word) -> bool:
    """Whether a number right after the name makes it another of its series: Sputnik 2 for Sputnik."""
    return after.text.isdigit() and len(after.text) < 4 and beside(response, last, after)


def _is_name_beside(response: Text, word: Word, window: Sequence[Word], known: Set[str]) -> bool:
    """Whether a word that stands right beside the window is a name, and none that is known to belong there."""
    left, right = (word, window[0]) if word.start < window[0].start else (window[-1], word)
    plain = word.text in known or word.text in SMALL_WORDS or word.text in TITLES or word.text[0].isdigit()
    plain = plain or any(
        stem(word.text)[:3] == stem(other)[:3] for other in known if other in GENERIC
    )  # isles, islands
    plain = plain or (response.clean[word.start : word.end].isupper() and len(word.text) > 1)  # LLC, USA
    return (
        word.capital
        and not plain
        and beside(response, left, right)
        and (not response.opens_sentence(word) or word.text in given_names() or word.text in DIRECTIONS)
    )


def _together(response: Text, window: Sequence[Word]) -> bool:
    text = response.clean[window[0].start : window[-1].end]
    return len(text) < 30 * len(window) and not re.search(r"[.!?;:]\s|\n", text)
