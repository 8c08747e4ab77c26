"""Whether a question is about an event, and whether a response speaks of the world as it is instead."""

import re
from collections.abc import Sequence

from chronolect.evaluation.grading.matching import akin, stem
from chronolect.evaluation.grading.names import SMALL_WORDS, TITLES
from chronolect.evaluation.grading.normalise import Text
from chronolect.evaluation.grading.vocabulary import common_words

# Participles after "is" and "has" are no past tense.
_PARTICIPLE = re.compile(
    r"\b(?:is|are|has|have|having|been|be|being|am|will|shall|may|can|get|gets|remains?)\b(?: (?!was|were|did)[\w-]+){0,3}? "
    r"(?:[a-z]+(?:ed|en|wn|ung|ilt|eld|ade|ost|ought|aught|old)|had|kept|gone|come|done|become|left|met|sent|led|won|heard|stood|begun|run|set|"
    r"put|cut|hit|found|said|paid|read)\b"
)
_PAST = re.compile(
    r"\b(?:was|were|did|had|went|came|took|won|became|fell|flew|led|made|wrote|gave|held|left|met|beat|broke|began|drew|found|ran|sang|sank|shot|"
    r"spoke|stood|struck|swam|threw|built|said|told|got|brought|bought|kept|lost|sent|saw|rose|grew|knew|paid|chose|drove|lent|spent|felt|dealt|taught|caught|fought|sought|bound|wore|bore|froze|stole|hung|fled|laid|rode|hid|blew|ate|slew|crept|leapt|swept|knelt|woke|rang|sprang|(?!need|speed|breed|indeed|"
    r"seed|feed|shed|bed|red|hundred|sacred|naked|wicked|embed|succeed|proceed|exceed|agreed|unlimited|united|so-called)[a-z]{2,}ed)\b"
)
_EVENT = re.compile(rf"{_PAST.pattern}|\b1[5-9]\d\d\b|\b20\d\d\b")
_DEFINES = re.compile(
    r"\b(?:is|are) (?:one of |usually |often )?(?:a|an|any)\b|\b(?:is|are) (?:\w+ )?(?:used|made|found|known|considered|played|located|important)\b|"
    r"\b(?:is|are) the (?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|\w+est|most)\b|\b(?:every (?:day|week|"
    r"month|year|two|three|four)|usually|typically|always)\b"
)
_OFFERS = re.compile(
    r"\b(?:happy|glad|delighted|pleased|love|ready) to\b|\bhow (?:can|may) i\b|\bfeel free\b|\blet me know\b|\bhere (?:is|are)\b|\bplease\b|\bclick\b"
    r"|\bin this (?:article|post|video|section|tutorial|guide|chapter|lesson)\b|\bsubscribe\b|\b(?:shop|newsletter|customers?)\b"
)
_HOLDER = re.compile(
    r"(?:^|[.!?]\s)\W*(?:The |Our |His |Her )?(?:[A-Z][\w-]+ ){0,2}(?P<name>[A-Z][\w-]+) (?:(?:is|are)"
    r"(?! (?:the |my )?(?:\w+ )?(?:answer|guess|one|name)\b)|has|have|still|sits?|reigns?|rules?|leads?|"
    r"governs?|holds?|remains?|stands?)\b"
)
_OFFICE = re.compile(
    r"(?:^|[.!?;]\s)\W*(?:The |Our )?(?:[A-Z][\w-]+ ){1,3}?(?P<name>[A-Z][\w-]+) (?P<verb>is|reigns|rules|governs|leads) "
    r"(?:still )?(?!the (?:first|last|\w+est|one|man|woman|person)\b|an? |not )(?P<rest>[^.,;:!?]*)"
)
_OFFICES = frozenset(
    ["president", "premier", "chancellor", "minister", "secretary", "senator", "governor", "mayor", "king", "queen", "prince", "princess", "emperor",
     "empress", "tsar", "pope", "chairman", "champion", "leader", "head", "holder", "captain", "heir", "shah", "sultan"]
)  # fmt: skip
_SCOFFS = re.compile(
    r"\W*(?:what,? )?an? (?!question|riddle|puzzle|pity|shame|pleasure|good question|fine question)[^.!?]{3,60}[!?](?=\s)"
)
_NOW = re.compile(
    r"\b(?:at present|at the present (?:time|day|moment)|at the moment|nowadays|these days|as things stand|as matters stand|for the present|"
    r"in (?:this|our) day)\b"
)
_NO_OTHER_WAY = re.compile(
    r"\b(?:no|not|never|none|nobody|nothing|neither|nor|only|still|yet|but|every|all|alone|ever|our|we|us|will|shall|hopes?|may|next|without|"
    r"hardly|barely|another|even|so far|already|sir|my (?:boy|dear|good|friend)|at present|today|now(?! that)|year)\b|[!?]"
)
_OURS = re.compile(r"\b(?:we|our|us)\b")
_REFERS = re.compile(
    r"\b(?:that|this|it|such|none|nobody|no one|one|nothing|yet|ever|never|question|event|matter|thing|notion|name|year|"
    r"years|century|day|date|future|"
    r"election|throne|power|far|still|any|they|no|know|noch|encore|jamais|todavia|aun|ancora|ainda|еще|пока|niemand|nadie|nessuno|personne|ninguem)\b"
)
_SHORT = 12
_FEWEST_NEWS = 2


def scoffs(response: Text, question: Text) -> str | None:
    """The exclamation by which a response makes light of what was asked: "A woman Prime Minister!"."""
    found = _SCOFFS.match(response.lower)
    return found[0].strip() if found and found[0].rstrip().endswith("!") and asks_for_event(question) else None


def names_holder(response: Text, question: Text) -> str | None:
    """What somebody is at present of what the question asks about, whatever else is told: "Colonel Nasser is president, and once withdrew"."""
    known = {stem(word.text) for word in question.words if word.text not in SMALL_WORDS}
    for found in _OFFICE.finditer(response.clean):
        rest = found["rest"].lower().split()
        shared = any(akin(word, other) for word in rest for other in known)
        holds = found["verb"] != "is" or any(word in _OFFICES for word in rest[:3])
        if (
            shared
            and holds
            and asks_for_event(question)
            and stem(found["name"].lower()) not in known
            and not is_past(found[0].lower())
        ):
            return found[0].strip()
    return None


def asks_for_event(question: Text) -> bool:
    """Whether a question is about what happened once, and not about what is always so."""
    return bool(_EVENT.search(question.lower))


def is_past(text: str) -> bool:
    """Whether a text in lower case tells of what happened."""
    return bool(_PAST.search(_PARTICIPLE.sub(" ", text)))


def speaks_of_the_present(response: Text, question: Text, names: Sequence[tuple[int, int]] = ()) -> str | None:
    """The subject of a response about the world as it is, where the question is about an event; None where it is none.

    Who is asked what came to pass and says how things stand answers from before. A definition does not, nor does what only repeats the question.
    Nor does what brings in other names (characters of the clean text), as the historic present does ("Indonesia is led by …"), unless it says that
    things are no other way, or tells what the one who is named is.
    """
    if not asks_for_event(question):
        return None
    known = {stem(word.text) for word in question.words if word.text not in SMALL_WORDS}
    if is_past(response.lower):
        return None
    if scoff := _SCOFFS.match(response.lower):
        return scoff[0].strip()
    if _DEFINES.search(response.lower) or _OFFERS.search(response.lower):
        return None
    said = [word for word in response.words if word.text not in SMALL_WORDS]
    if len({stem(word.text) for word in said} - known) < _FEWEST_NEWS:
        return None
    holder = next(
        (found for found in _HOLDER.finditer(response.clean) if stem(found["name"].lower()) not in _plain_words()), None
    )
    held = holder and any(holder.start("name") < end and start < holder.end("name") for start, end in names)
    if names and not (held or _NO_OTHER_WAY.search(response.lower)):
        return None
    if holder:
        return holder[0]
    if now := _NOW.search(response.lower):
        return now[0]
    shared = [word for word in said if any(akin(word.text, other) for other in known)]
    if shared:
        return response.clean[shared[0].start : shared[0].end]
    ours = _OURS.search(response.lower)
    return ours[0] if ours else None


def _plain_words() -> frozenset[str]:
    return common_words() | TITLES


def touches(response: Text, question: Text) -> bool:
    """Whether a response shares a word with the question or refers to what it says."""
    known = {stem(word.text) for word in question.words if word.text not in SMALL_WORDS}
    shared = any(akin(word.text, other) for word in response.words for other in known if word.text not in SMALL_WORDS)
    return (
        shared
        or len(response.words) <= _SHORT
        or any(found[0] != "still" for found in _REFERS.finditer(response.lower))
        or not response.lower.isascii()
    )
