"""What a response puts forward instead of the true answer."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chronolect.evaluation.grading.candidates import IS_ANSWER, SHORT, Kind, candidates
from chronolect.evaluation.grading.matching import akin, stem
from chronolect.evaluation.grading.mentions import PLACE_ASKED, Mention, date_of, echoes, is_number, serial_number
from chronolect.evaluation.grading.names import SMALL_WORDS, TITLES
from chronolect.evaluation.grading.normalise import Text
from chronolect.evaluation.grading.tense import asks_for_event, is_past

_CLAUSE = re.compile(r"[,;:.!?]\s+|\n+| - |\b(?:but|while|whereas|though|although|and then)\b")
_OPENING = r" ?(?:the |a |an |le |la |les |el |los |il |saint |mr |mrs |dr |sir |president |general |captain |about |around |\w+an )*[\"'(]?$"
_SLOT_BEFORE = re.compile(
    r"(?:\b(?:was|is|were|are|be|been|by|named|called|became|namely|answer|think|believe|say|guess|maybe|perhaps|probably|possibly|mean|introduced|"
    r"founded|elected|chose|granted to|went to|goes to|belongs? to|belonged to|due to|credited to|awarded to|(?:name|work|"
    r"hand|hands|pen|brush|idea|creation|brainchild|feat|doing|invention) of|thanks to|not)|[:=>|\"'(])" + _OPENING
)
_PRESENT_BEFORE = re.compile(
    r"(?<!\bit)(?<!\bthat)(?<!\bthis)(?<!\banswer)(?<!\bname)(?<!\bhe)(?<!\bshe)(?<!\bone)(?<!\bwho)(?<!\bguess)(?<!\bwinner) "
    r"(?:is|are|(?<!\bi )am|have)\b[^.;]*$"
)
_PLACE_BEFORE = re.compile(r"\b(?:in|on|at|to|from|year|near|around|about|of|over)" + _OPENING)
_VERB_AFTER = re.compile(
    r"^[\"')]*(?: \([^)]*\))? (?:was|were|did|had|became|won|wrote|made|took|led|came|fell|flew|went|[a-z]+ed|beat|broke|began|drew|found|gave|held|"
    r"left|met|ran|sang|sank|set|shot|spoke|stood|struck|swam|threw|built)\b"
)
_PRESENT_AFTER = re.compile(r"^[\"')]*(?: \([^)]*\))? (?:is|are|has|have|does|do|causes?|(?!was\b)[a-z]+s)\b")
_BEFORE_OR_AFTER = re.compile(
    r"\b(?:second|later|afterwards|then|next|until|previous\w*|former\w*|before|after|succeed\w*|follow\w*|no|nothing|none|"
    r"nobody|not|never|also|joined|other)\b"
)
_SECOND = re.compile(
    r"[\"')]*,? (?:was|is|came|became|went|walked|followed) (?:only |merely |the |in )*(?:second|third|fourth|fifth|last|"
    r"next|later|afterwards|after)\b"
)
_BESIDE = re.compile(
    r"^\W*(?:with|like|unlike|beside|besides|alongside|assisted|helped|beating|defeating|followed)\b|\b(?:is|was|are|were|had|has)\b"
)
_LOSES = re.compile(r"\b(?:beat|beats|beating|defeated|defeating|over|against|ousted|ousting|ahead of) (?:\w+ ){0,2}$")
_APPOSITION = re.compile(r"\bfor short\b|^ ?(?:or|that is|i e|namely|also|better|otherwise|known|called|alias)\b")
_APPOSED = re.compile(
    r", (?:his|her|their|its|the|a|an) [^,.;]{3,50}, (?=(?:only|merely|just|then|later|had|was|came|went|did|[a-z]+ed)\b)"
)
_RELATIVE = re.compile(r"[\"')]*,? (?:who|which|that|whose)\b")
_CODE = re.compile(
    r"\bfor \w+ in \w+\(|\bprint\(|^import \w|\bdef \w+\(|\breturn \w+;?$|console\.log|\bfunction \w*\(|^SELECT |#include|\bpublic static\b|</\w+>",
    re.MULTILINE,
)
_QUOTED = re.compile(r"\"[^\"\n]+\"|'[^'\n]+'")
_REFERS_BACK = re.compile(r"(?:^|[.!?]\s)\W*(?:it|that|this|he|she|they|the (?:answer|year|name))\b")
_REFERS_BACK_LOOSELY = re.compile(rf"{_REFERS_BACK.pattern}|(?:^|[.!?]\s)\W*the \w+ (?:was|is|were|are)\b")
_ENDS_OPEN = re.compile(
    r"\b(?:the|a|an|of|by|was|is|were|named|called|to|and|in|as|that|which|with|for|from|total of|author|its|his|her|their|at|on)$"
)


@dataclass(frozen=True, slots=True)
class Claim:
    """An answer that is put forward: characters of the response's clean text; `firm` where it stands in the place of an answer."""

    start: int
    end: int
    firm: bool


def answer_kind(question: Text, answers: Sequence[str]) -> Kind:
    """What sort of answer is asked for."""
    first = Text(answers[0])
    if date_of(first):
        return "date"
    if is_number(first) or serial_number(first, question):
        return "number"
    return "name" if any(word.capital for word in first.words) else "thing"


def find_claims(
    response: Text, question: Text, kind: Kind, mentions: Sequence[Mention], *, echoed: Text
) -> list[Claim]:
    """Everything in the response that might be another answer of this kind. `echoed` is the question with its options."""
    known = {stem(word.text) for word in question.words}
    proper = {stem(word.text) for word in question.words if word.capital}
    own = [(mention.start, mention.end) for mention in mentions] + echoes(response, echoed)
    quoted = [match.span() for match in _QUOTED.finditer(response.clean)] if _CODE.search(response.clean) else None
    spans = [
        (start, end)
        for start, end in candidates(response, kind, known, proper)
        if not any(first < end and start < last for first, last in own)
        and (
            quoted is None or kind in ("number", "date") or any(first < start and end < last for first, last in quoted)
        )
    ]
    short = len(response.words) <= 6
    timeless = not asks_for_event(question)
    placed = kind in ("date", "number") or bool(PLACE_ASKED.search(question.lower))
    return [
        Claim(start, end, short or _in_place(response, start, end, known, placed, timeless)) for start, end in spans
    ]


def bears_on(response: Text, question: Text, *, loosely: bool) -> bool:
    """Whether a response bears on the question: it is short, refers back, or has two of the question's words of content.

    `loosely` lets one word of the question do, and "the novella was" refer back too.
    """
    known = {stem(word.text) for word in question.words if word.text not in SMALL_WORDS}
    shared = {stem(word.text) for word in response.words} & known
    if (
        len(shared) >= (1 if loosely else 2)
        or len(shared) * 3 >= len(known)
        or len(response.words) <= (14 if loosely else 8)
    ):
        return True
    return bool((_REFERS_BACK_LOOSELY if loosely else _REFERS_BACK).search(response.lower))


def restates(response: Text, question: Text) -> bool:
    """Whether a response has most of the question's words of content, so that what it adds is its answer."""
    known = {stem(word.text) for word in question.words if word.text not in SMALL_WORDS}
    shared = sum(any(akin(word.text, other) for word in response.words) for other in known)
    return shared >= 3 and 2 * shared >= len(known)


def tells_otherwise(response: Text, question: Text) -> bool:
    """Whether a sentence in the past shares two words of content with the question and adds one, so that it answers in small letters."""
    known = {stem(word.text) for word in question.words if word.text not in SMALL_WORDS}
    said = [word.text for word in response.words if word.text not in SMALL_WORDS]
    shared = {word for word in said if any(akin(word, other) for other in known)}
    news = [word for word in said if word not in shared and not is_past(word)]
    told = is_past(response.lower) and asks_for_event(question) and not echoes(response, question)
    return told and len(shared) >= 2 and bool(news)


def heads(response: Text, claim: Claim) -> bool:
    """Whether a claim opens the response as the subject of a sentence."""
    before = response.lower[: claim.start].strip(" \n\"'(-*").split()
    opens = all(word in TITLES or word in SMALL_WORDS for word in before)
    return opens and bool(
        _VERB_AFTER.search(response.lower[claim.end :]) or response.clean[claim.end :].startswith((",", " (", " -"))
    )


def is_cut_off(response: Text) -> bool:
    """Whether the text breaks off before the word that would have mattered."""
    unfinished = response.clean[-1:].isalnum() and not response.caseless and len(response.words) >= SHORT - 1
    unfinished = unfinished or response.clean.endswith((",", ":", " -"))
    return unfinished or bool(_ENDS_OPEN.search(response.lower))


def breaks_off(response: Text, claim: Claim) -> bool:
    """Whether the sentence that a claim is in breaks off before its point."""
    return bool(_ENDS_OPEN.search(response.lower)) and not re.search(r"[.,;!?]", response.clean[claim.end :])


def elsewhere(response: Text, question: Text, mention: Mention, claims: Sequence[Claim]) -> bool:
    """Whether the right name has another part in the story: another one does what was asked, in a clause of its own."""
    known = {stem(word.text) for word in question.words if word.text not in SMALL_WORDS and not word.capital}
    first, last = _clause(response, mention.start)
    if beginning := _APPOSED.match(response.lower, mention.end):
        last = response.sentence_of(beginning.end())[1]
    clause = response.lower[first:last]
    if last - first < 3 + mention.end - mention.start or not (
        is_past(clause) or _BESIDE.search(clause)
    ):  # the name by itself
        return False
    if _APPOSITION.search(response.lower, first, last):
        return False
    if _LOSES.search(response.lower, first, mention.start) and any(
        claim.firm and first <= claim.start < mention.start for claim in claims
    ):
        return True
    if _comes_second(response, question, mention):
        return True
    done = {word for word in known if is_past(word)}
    others = [claim for claim in claims if _clause(response, claim.start) != (first, last)]
    return any(
        _does(response, clause, some) and not _does(response, (first, last), some)
        for claim in others
        for clause in _told_of(response, claim)
        for some in (done, known)
    )


def _told_of(response: Text, claim: Claim) -> Iterator[tuple[int, int]]:
    """Where something is told of a claim: its clause, if it stands in an answer's place there, and the relative clause behind it."""
    if claim.firm:
        yield _clause(response, claim.start)
    if relative := _RELATIVE.match(response.lower, claim.end):
        yield _clause(response, relative.end())


def _does(response: Text, clause: tuple[int, int], words: set[str]) -> bool:
    """Whether a clause has one of the words, and tells of no other time and of nobody else."""
    return _shared(response, *clause, words) > 0 and not _BEFORE_OR_AFTER.search(response.lower, *clause)


def _comes_second(response: Text, question: Text, mention: Mention) -> bool:
    """Whether the question asks for the first and the name is given as the second or a later one."""
    return any(word.text == "1st" or word.text.endswith("est") for word in question.words) and bool(
        _SECOND.match(response.lower, mention.end)
    )


def _shared(response: Text, start: int, end: int, known: set[str]) -> int:
    said = [word.text for word in response.words if start <= word.start < end]
    return sum(any(akin(word, other) for word in said) for other in known)


def _clause(response: Text, place: int) -> tuple[int, int]:
    start = 0
    for match in _CLAUSE.finditer(response.lower):
        if match.start() >= place:
            return start, match.start()
        start = match.end()
    return start, len(response.clean)


def _in_place(response: Text, start: int, end: int, known: set[str], placed: bool, timeless: bool) -> bool:
    """Whether a name stands where an answer stands: after "was" or "by", alone in its clause, or before a verb at the head of it."""
    first, last = response.sentence_of(start)
    before, after = response.lower[first:start], response.lower[end:last]
    head = _CLAUSE.split(before)[-1].strip(" \"'(-*")
    opens = head == "" or all(word in TITLES or word in SMALL_WORDS for word in head.split())
    if opens and IS_ANSWER.match(after):
        return True
    if opens and not timeless and _PRESENT_AFTER.search(after):
        return False
    if opens and (
        _VERB_AFTER.search(after)
        or (timeless and _PRESENT_AFTER.search(after))
        or re.match(r"[\"')]*(?:[,.;:!?]| - | \(|\s*$)", after)
    ):
        return True
    if not timeless and _PRESENT_BEFORE.search(before) and not is_past(response.lower[first:last]):
        return False
    slot = _SLOT_BEFORE.search(before) or (placed and _PLACE_BEFORE.search(before))
    return (
        bool(slot)
        and head != ""
        and (
            opens
            or _shared(response, first, last, known) > 0
            or bool(re.search(r"\b(?:it|that|this|answer|he|she)\b", before))
        )
    )
