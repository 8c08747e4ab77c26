"""Whether a response stands by a name that it mentions."""

import re
from collections.abc import Sequence
from typing import Literal

from chronolect.evaluation.grading.names import PARTICLES, SMALL_WORDS, TITLES
from chronolect.evaluation.grading.normalise import Text, Word

Stance = Literal["asserted", "negated", "listed"]

_NOT = re.compile(
    r"(?:\bnot|\bnever|\bneither|\bnor|\brather than|\binstead of|(?<!none )(?<!no )\bother than|\bunlike|\bno longer|\bfar from|\bhardly)"
    r"(?: (?!(?:only|until|before|alone|just|merely|sure|certain)\b|know|say|tell|mistaken|wrong|remember|recall|confirm|verify|"
    r"prove|thought|expected|dreamed|dreamt|imagined|believed|swear|allowed|supposed|meant|permitted|told|officially|mention"
    r"|reveal|discuss|name|quite|entirely|absolutely|completely|positive|convinced|bet|guarantee|surprised|doubt|"
    r"yet been told)[\w-]+){0,4} ?[\"'(]*$"
)
_AS_YET = re.compile(r"\b(?:yet|officially|publicly|formally)\b")
_FALSE = re.compile(
    r"\b(?:false|wrong|incorrect|untrue|mistaken|a myth|no truth|a lie|a mistake|contrary|misconception|fallacy|legend|hoax)\b"
    r"(?:(?!\bbut\b)[^.;]){0,40}"
    r"\b(?:that|to say|to think|claims?|to believe)\b(?:(?!\bbut\b)[^.;]){0,40}$"
)
_EXCEPT = re.compile(
    r"\b(?:anything|anyone|anybody|everyone|everybody|all) (?:but|except)(?: \w+)? ?[\"'(]*$"
    r"|\bno reason to [^.;]*$|(?<!\bno )(?<!\bnot )(?<!\ba )(?<!\bnor )(?<!\blittle )\b(?:doubt|unlikely|impossible|improbable)\b"
    r"[^.;,]{0,20}\bthat\b[^.;,]*$"
    r"|(?<!\bnot )\bdoubt it (?:was|is)(?: \w+)?$"
)
_TAG_QUESTION = re.compile(r"\b(?:was|is|did|were|has|had|would|could) not (?:it|that|he|she|they|there|this)\b")
_WRONG = r"(?:wrong|incorrect|false|untrue|mistaken|a mistake|an error|a myth|in error|not (?:so|true|right|correct|the case))"
_DENIED_AFTER = re.compile(
    r"^[\"')]*,? (?:was|is|were|are|did|does|had|has|have|could|would|can)(?: \w+)? not\b(?! (?:only|alone|just|merely|until|it|he|she|that|they)\b)"
    rf"|^[\"')]* (?:is|was) {_WRONG}|^[\"')]*,? never\b"
    rf"|^[^.;:]{{0,20}}\b(?:you|they|one|he|we) (?:would be|are|is|were) {_WRONG}"
    rf"|^[^.;:]{{0,30}}\b(?:that|this|it|they|which|these|those) (?:is|was|are|would be) (?:\w+ )?{_WRONG}\b"
    r"|^[\"')]*,? (?:it|he|she) (?:was|is) not\b|^[\"')]* (?:is|was) (?:ruled out|excluded|out of the question|impossible)"
    r"|^[\"')]* (?:had|has|have) (?:\w+ )?(?:nothing|no part|no hand|no share|little)\b"
    r"|^[\"')]* (?:is|was) (?:often|commonly|sometimes|usually|wrongly|widely) (?:\w+ )?(?:named|credited|mentioned|said|"
    r"thought|believed|given|cited)\b"
)
_NO_AFTER = re.compile(
    r"^[\"')]*(?:, \w+)?(?:\?|\.\.\.)+ ?[\"']?(?:no|not|nope|nah|wrong|nay|never|hardly|surely not|certainly not|i doubt it|"
    r"i do not think so|i think not)\b|^[\"')]*[.!;] (?:but )?(?:it|that|he|she|"
    r"they|this) (?:was|is|did|were|had) not\b"
)
_MAYBE = r"(?:possibly |perhaps |maybe |else |even |alternatively |was it |was that |is it |it was |rather )*(?:the |a |by |in )?"
_OR_AFTER = re.compile(
    rf"^[\"')]*(?:,? [^.;:!?]{{1,60}}?)?,? (?:or|unless it was) {_MAYBE}(?P<other>(?!I\b)[A-Z0-9][\w.-]*)"
)
_OR_BEFORE = re.compile(rf"(?P<other>[A-Z0-9][\w.-]*),? or {_MAYBE}[\"'(]*$")
_NAME = r"[A-Z][\w.'-]*(?: [A-Z][\w.'-]*){0,3}"
_RUN = re.compile(
    rf"{_NAME}(?:, (?:de |van |von |da )?{_NAME}){{2,}}(?:,? (?:and|or) {_NAME})?|"
    rf"{_NAME}(?:, {_NAME})+,? (?:and|or) {_NAME}|{_NAME} and {_NAME} and {_NAME}|\d+(?:, \d+){{2,}}"
)
_BETWEEN = re.compile(r"\b(?:between|either|both)(?: (?:the|mr|mrs|dr|[\w'. -]{1,40} (?:and|or)))? ?[\"']?$")
_PAIR = re.compile(
    rf"\b(?:[Pp]erhaps|[Mm]aybe|[Pp]ossibly|[Pp]robably|(?:[Ii]t )?(?:[Cc]ould|[Mm]ight|[Mm]ay) (?:be|"
    rf"have been)),? {_NAME}, (?:perhaps|maybe|possibly|or|else|otherwise|if not|could|might|may|it)[ ,]"
)
_OTHERS = re.compile(r"\b[Ss]ome (?:say|think|believe|claim|hold)\b[^.]*\b(?:others|some)\b[^.]*[A-Z0-9]")
_LEAD_IN = re.compile(
    r"^\W*(?:\d{1,2}[.)] |[-*•] )?(?:(?:perhaps|maybe|possibly|either|and|or|the|either of|first|then|by|it was|it is|"
    r"it (?:could|may|might|must) (?:be|have been)|could be|might be|may be|both|in|one of|any of|these|them) )*",
    re.IGNORECASE,
)
_ENUMERATION = re.compile(
    r"\?\s+(?!yes\b)|\s\|\s|[.;]\s+(?=(?:or|perhaps|maybe|possibly|it (?:might|could|may)|could|might)\b)",
    re.IGNORECASE,
)
_BETWEEN_NUMBERS = re.compile(r",? ?(?:or |perhaps |maybe |and )*")
_FEWEST_ITEMS = 3


def stance(
    response: Text, start: int, end: int, mentions: Sequence[tuple[int, int]], *, of_place: bool = False
) -> Stance:
    """How the mention at `start` to `end` is meant: asserted, negated, or listed among several candidates.

    `mentions` are all mentions of the answer, and `of_place` says that a place was asked for, which may come with its country behind it.
    """
    first, last = response.sentence_of(start)
    before, after = response.lower[first:start], response.lower[end:last]
    clause = re.split(r"[,:]\s| - |\bbut\b", before)[-1]
    asks = response.clean[start:last].rstrip(" \n\"'").endswith("?") and _TAG_QUESTION.search(clause)
    denied = _NOT.search(clause)
    if (denied and not asks and not _AS_YET.search(denied[0])) or _EXCEPT.search(before) or _FALSE.search(before):
        return "negated"
    if _DENIED_AFTER.search(after) or _NO_AFTER.search(response.lower[end : end + 20]):
        return "negated"
    if _is_alternative(response, start, end, mentions, of_place) or _is_item(response, start, end, mentions, of_place):
        return "listed"
    return "asserted"


def _is_alternative(response: Text, start: int, end: int, mentions: Sequence[tuple[int, int]], of_place: bool) -> bool:
    """Whether an "or" joins the mention with another candidate, which is no mention of the answer itself."""
    first, last = response.sentence_of(start)
    before_it = response.lower[first:start]
    after, before = _OR_AFTER.search(response.clean[end:last]), _OR_BEFORE.search(response.clean[first:start])
    converted = (
        after
        and after["other"][0].isdigit()
        and re.match(r" ?[A-Za-z°]", response.clean[end:])
        and not after[0].startswith(" or")
    )
    places = [end + after.start("other")] if after and not converted else []
    places += [first + before.start("other")] if before else []
    if any(not any(one <= place < other for one, other in mentions) for place in places):
        return True
    runs = [match[0] for match in _RUN.finditer(response.clean) if match.start() <= start < match.end()]
    if not of_place and any(_is_run_of_names(run) for run in runs):
        return True
    if response.clean[start:end].isdigit() and end - start < 4 and _is_range(response.clean, start, end):
        return True
    if any(match.start() <= start < match.end() for match in _PAIR.finditer(response.clean)):
        return True
    if _is_one_of_several_numbers(response, start):
        return True
    return bool(_BETWEEN.search(before_it)) or bool(_OTHERS.search(response.clean, first, last))


def _is_run_of_names(run: str) -> bool:
    """Whether at least three names follow each other, and not the openings of a speech: "Well, Sir, Armstrong"."""
    names = [name for name in re.split(r",? (?:and|or) |, ", run) if name.lower() not in SMALL_WORDS | TITLES]
    return len(names) >= _FEWEST_ITEMS


def _is_one_of_several_numbers(response: Text, start: int) -> bool:
    """Whether the mention is a number with other numbers beside it, as in "five, six, seven or eight"."""
    numbers = [word for word in response.words if word.text.isdigit()]
    runs: list[list[Word]] = []
    for word in numbers:
        if runs and _BETWEEN_NUMBERS.fullmatch(response.lower, runs[-1][-1].end, word.start):
            runs[-1].append(word)
        else:
            runs.append([word])
    run = next((run for run in runs if any(word.start == start for word in run)), [])
    return len({word.text for word in run}) >= (2 if _joined_by_or(response, run) else _FEWEST_ITEMS)


def _joined_by_or(response: Text, run: Sequence[Word]) -> bool:
    return bool(run) and bool(re.search(r"\bor\b", response.lower[run[0].start : run[-1].start]))


def _is_range(text: str, start: int, end: int) -> bool:
    return bool(re.match(r" ?(?:-|to) ?\d", text[end:]) or re.search(r"\d ?(?:-|to) ?$", text[:start]))


def _is_item(response: Text, start: int, end: int, mentions: Sequence[tuple[int, int]], of_place: bool) -> bool:
    """Whether the mention is an item of a bare list."""
    first, last = response.sentence_of(start)
    sentence, name = response.clean[first:last], response.clean[start:end]
    names = [response.clean[one:other] for one, other in mentions]
    lists = [
        (re.split(r"\s*/\s*|\s+or\s+", sentence), 2),
        *((re.split(r"\s*,\s*(?:and |or )?|\s+and\s+", part), _FEWEST_ITEMS) for part in re.split(r":\s", sentence)),
        *((re.split(rf"\s*{sign}\s*", response.clean.strip(" .;")), _FEWEST_ITEMS) for sign in (";", r"\.\.\.")),
        (re.split(r"\s+(?:and|&)\s+", response.clean.strip(" .")), 2),
        (re.split(r"\s*\(?\b[a-e1-9][).]\s+", f" {response.clean}")[1:], _FEWEST_ITEMS),
        (_ENUMERATION.split(response.clean.strip(" .?!")), 2),
        ([line for line in response.clean.split("\n") if line.strip()], _FEWEST_ITEMS),
    ]
    if name.islower() and _is_among_things(response, names):
        return True
    asked = [item for item in re.split(r"\?\s*", response.clean) if item.strip()]
    if (
        response.clean.count("?") > 1
        and sum(_is_bare(item) for item in asked) > 1
        and any(name == item.strip() for item in asked)
    ):
        return True
    return any(
        len(items) >= fewest
        and all(_is_bare(item) for item in items)
        and any(name in item for item in items)
        and sum(not any(known in item for known in names) for item in items) >= fewest - 1
        and not (of_place and name == items[0].strip() and len(response.sentences) == 1)
        for items, fewest in lists
    )


def _is_among_things(response: Text, names: Sequence[str]) -> bool:
    """Whether the response is a bare list of things in small letters: "diamond or flint?"."""
    listed = response.clean.strip(" .?!")
    items = re.split(r",? or |, (?:and )?", listed)
    others = [item for item in items if not any(name in item or item in name for name in names)]
    bare = all(1 <= len(item.split()) <= 3 for item in items)
    return bare and len(others) >= (1 if " or " in listed else _FEWEST_ITEMS - 1)


def _is_bare(item: str) -> bool:
    """Whether a piece of text is a name or number of at most five words and nothing else."""
    names = re.findall(r"[^\W_][\w'.-]*", _LEAD_IN.sub("", item.strip(), count=1))
    return (
        1 <= len(names) <= 5
        and names[0].lower() not in ("no", "not", "nope")
        and all(name[0].isupper() or name[0].isdigit() or name in PARTICLES or name == "the" for name in names)
    )
