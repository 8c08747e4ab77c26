"""Words of a response that may be an answer of the kind asked for, whatever is said of them."""

import re
from collections.abc import Iterator
from typing import Literal

from chronolect.evaluation.grading.matching import bare_number, stem
from chronolect.evaluation.grading.names import DIRECTIONS, GENERIC, SMALL_WORDS, TITLES
from chronolect.evaluation.grading.normalise import Text, Word
from chronolect.evaluation.grading.vocabulary import common_words, given_names

Kind = Literal["name", "number", "date", "thing"]

_CALLED = re.compile(r"\b(?:called|named|name (?:was|is)|known as) (?:the |a |an )?[\"']?(?P<name>[a-z][\w-]+)")
_INSIDE_NAME = re.compile(
    r"[ -](?:(?:de|da|di|do|dos|del|van|von|der|bin|ibn|al|du|dan|y|of)[ -](?:(?:la|los|las|der|den|the)[ -])?)?"
)
_COPULA = re.compile(
    r"^\W*(?:it|that|this|the (?:answer|\w+)|they) (?:was|is|were|would be|must have been|may have been|"
    r"might have been) (?:probably |perhaps |surely |called )?"
    r"(?:the |a |an )?(?P<name>[a-z][a-z-]{2,}(?<!ed)(?<!ing)(?<!ly))\W*(?:$|[a-z-]+\W*$)"
)
_WAS_THE = re.compile(r"\b(?:was|were|by) (?:called )?(?:the|an?) (?P<name>[a-z][a-z-]{2,})(?=[,.;]|$)")
_IS_THING = re.compile(
    r"\b(?:is|are|was|were|called|named) (?:a |an |the )?(?P<name>[a-z][a-z-]{2,}(?<!ed)(?<!ing)(?<!ly))(?:,? (?:which|who|that)\b|[.!]?$)"
)
_THING_SLOT = re.compile(
    r"(?:\b(?:it|that|this|answer) (?:was|is|were|would be|must be|must have been|has to be) (?:probably |surely |perhaps )?|"
    r"\b(?:would|i|can only) (?:say|guess)|\bthinking of|\blooking for (?:is|was)|\bguess(?: is| would be)?|:|^)\W*(?:the |a |an )?"
    r"(?P<name>[a-z][a-z-]{2,}(?: [a-z-]{3,})?)[\"')*]*(?=[.!?,]| - |$)"
)
_DOES_THING = re.compile(
    r"\b(?:uses?|used|causes?|caused|has|had|needs?|eats?|drinks?|speaks?|plays?|wears?|pays? (?:in|with)|by|with) (?:the |a |an )?"
    r"(?P<name>[a-z][a-z-]{2,})[.!]?$"
)
_LONG = 18
_THING_IS = re.compile(r"^\W*(?:the |a |an )(?P<name>[a-z][a-z-]{2,}) (?:is|was|are|were) (?:the|a|an)\b")
_SUBJECT = re.compile(r"^\W*(?:the |a |an )?(?P<name>[a-z][a-z-]{2,}) (?:is|was|are|were|has|had)\b")
_BARE = re.compile(r"^\W*(?:the |a |an )?(?P<name>[a-z][a-z-]{2,}(?: [a-z-]+)?)\W*$")
_TITLE = re.compile(r"\"(?P<title>[A-Z][^\"\n.!?]{2,60})\"")
IS_ANSWER = re.compile(r"[\"')]* (?:is|was|would be) (?:the |my )(?:\w+ )?(?:answer|guess|name|one)\b")
SHORT = 10


def candidates(response: Text, kind: Kind, known: set[str], proper: set[str]) -> Iterator[tuple[int, int]]:
    """Where they stand (characters of the clean text). `known` are the stems of the question's words, `proper` of those with a capital."""
    if kind == "date":
        for found in response.dates:
            words = [word.text for word in response.words if found.start <= word.start < found.end]
            if not {stem(word) for word in words} <= known:
                yield found.start, found.end
    elif kind == "number":
        dated = [(found.start, found.end) for found in response.dates]
        for word in response.words:
            inside = any(start <= word.start < end for start, end in dated) and len(response.words) > 1
            if (
                bare_number(word.text).replace(".", "").isdigit()
                and not inside
                and (word.text not in known or len(response.words) <= 2)
                and response.lower[word.start : word.end] not in (("i",) if len(response.words) <= 3 else ("one", "i"))
            ):
                yield word.start, word.end
    else:
        yield from _names(response, known, proper, kind)
        yield from _titles(response, known)
        if kind == "thing":
            yield from _things(response, known)
        plain = [*_CALLED.finditer(response.lower), *_WAS_THE.finditer(response.lower)]
        if len(response.words) <= SHORT:
            plain += [*_SUBJECT.finditer(response.lower)] if kind == "thing" else []
            plain += [*_COPULA.finditer(response.lower), *_BARE.finditer(response.lower)]
        for match in plain:
            name = set(match["name"].split())
            if not name & (SMALL_WORDS | TITLES) and not {stem(word) for word in name} & known:
                yield match.span("name")


def _things(response: Text, known: set[str]) -> Iterator[tuple[int, int]]:
    """What a sentence says something to be at its end, or tells of at its head: "it is the olive", "the camel is"."""
    slots = _THING_SLOT.finditer(response.lower) if len(response.words) <= _LONG else ()
    told = {stem(word.text) for word in response.words} & known and len(response.words) <= SHORT
    does = _DOES_THING.finditer(response.lower) if told else ()
    for match in (*slots, *does, *_IS_THING.finditer(response.lower), *_THING_IS.finditer(response.lower)):
        name = [word for word in match["name"].split() if word not in TITLES]
        if name and not set(name) & SMALL_WORDS and not {stem(word) for word in name} & known:
            yield match.span("name")


def _titles(response: Text, known: set[str]) -> Iterator[tuple[int, int]]:
    """What is quoted as a title: "Let It Be"."""
    for match in _TITLE.finditer(response.clean):
        quoted = {stem(word.text) for word in response.words if match.start() < word.start < match.end()}
        if quoted - known:
            yield match.span("title")


def _names(response: Text, known: set[str], proper: set[str], kind: Kind) -> Iterator[tuple[int, int]]:
    """Runs of words that are a name by their capitals; in a short text without capitals, of words that are not small."""
    few = len(response.words) <= 8
    groups: list[list[Word]] = []
    for word in response.words:
        if response.caseless or (kind == "thing" and len(response.words) <= 3):
            opens = few and word.text not in SMALL_WORDS and word.text not in TITLES
        elif len(response.words) <= 2:
            opens = word.capital and word.text not in SMALL_WORDS
        else:
            opens = word.capital and not _is_common(response, word)
        opens = opens and len(word.text) > 1 and not word.text[0].isdigit()
        joins = bool(groups) and bool(_INSIDE_NAME.fullmatch(response.clean, groups[-1][-1].end, word.start))
        if joins and (opens or (word.capital and not response.caseless)):
            groups[-1].append(word)
        elif opens:
            groups.append([word])
    common, sentence = known - proper, len(response.words) > SHORT - 2
    for group in groups:
        titled = group[0].start  # where "President Nixon" begins
        while (
            group
            and (group[0].text in TITLES or stem(group[0].text) in common)
            and not (len(group) == 2 and group[1].text in GENERIC)  # the Indian Ocean
            and not len(group) == len(response.words) == 1  # Prince
        ):
            group = group[1:]
        while group and stem(group[-1].text) in common:
            group = group[:-1]
        if sentence:  # "on the Bounty Luigi Pirandello rose"
            while len(group) > 2 and stem(group[0].text) in known:
                group = group[1:]
        untitled = group and {word.text for word in response.words if titled <= word.start < group[0].start} <= TITLES
        label = group and response.clean[group[-1].end :].startswith(":")
        new = [word for word in group if stem(word.text) not in known]
        if (
            new
            and not label
            and (
                len(response.words) <= SHORT - 2 or all(word in new or word.text in GENERIC | TITLES for word in group)
            )
        ):
            yield titled if untitled else group[0].start, group[-1].end


def _is_common(response: Text, word: Word) -> bool:
    """Whether a capital says nothing: that of a small word, a month, or a common word at the beginning of a sentence."""
    if word.text in SMALL_WORDS or word.text in _CALENDAR:
        return True
    opens = any(
        start <= word.start and not response.clean[start : word.start].strip(" \n\"'(-*")
        for start, _ in response.sentences
    )
    following = re.match(r" (?:\d{1,3}\b|(?:of (?:the )?)?(?P<name>[A-Z][a-z]+))", response.clean[word.end :])
    if response.clean[: word.start].rstrip().endswith(":") and not response.clean[word.end :].strip(" .\"'"):
        return False  # Answer: Orbital
    if IS_ANSWER.match(response.lower, word.end):
        return False
    if following and word.text in DIRECTIONS:
        return False
    if (
        following
        and not response.caseless
        and (following["name"] or "").lower() not in SMALL_WORDS | TITLES | given_names()
    ):
        return False  # Deep Thought, Voyager 2
    return (opens or response.clean[: word.start].rstrip()[-1:] in (":", '"')) and (
        word.text in common_words() or (len(word.text) > 6 and word.text.endswith("ly"))
    )


_CALENDAR = frozenset(
    ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december",
     "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
)  # fmt: skip
