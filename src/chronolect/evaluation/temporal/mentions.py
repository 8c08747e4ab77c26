"""Where a response names the right answer, in whatever form, and whether it asserts it there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chronolect.corpus.dating.expressions import find_expressions
from chronolect.evaluation.temporal.names import (
    DIRECTIONS,
    GENERIC,
    SAME_PLACES,
    SHORT_NAMES,
    SMALL_WORDS,
    TITLES,
    UNITS,
)
from chronolect.evaluation.temporal.normalise import SKIPPED, Text, Word, words
from chronolect.timeline import Span

Stance = Literal["asserted", "negated", "listed"]

_SENTENCE_WORDS = 7  # an answer of more words is a sentence, of which the names and numbers are looked for
_ECHO_WORDS = 4  # so many words in a row that stand in the question too are an echo of it
_ROLE = re.compile(r"\b(who|whom|whose)\b")
_PERSONS = (
    "|".join(sorted(TITLES))
    + r"|person|leader|\w*(?:man|woman|ist|ician|onaut|ian|player|zealander)|briton|scot|dane|swede|finn|pole|turk"
)
_THING_ASKED = re.compile(rf"\b(?:which|what) (?!(?:\w+ ){{0,3}}?(?:{_PERSONS})\b)")
PLACE_ASKED = re.compile(
    r"\b(?:where|(?:which|what) (?:\w+ )?(?:city|town|country|place|state|station|island|sea|continent|village|province|site|planet|river|plant|port|capital))\b"
)


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of the response (characters of its clean text) that names the answer."""

    start: int
    end: int
    stance: Stance = "asserted"


def find_mentions(response: Text, question: Text, answers: Sequence[str], *, echoed: Text) -> list[Mention]:
    """Every place where the response names one of `answers` in words of its own, in order, each with its stance.

    `echoed` is the question with its options: what repeats it word for word does not count.
    """
    spans: set[tuple[int, int]] = set()
    for answer in _variants(answers):
        spans.update(_places(response, question, answer))
    repeated = echoes(response, echoed)
    kept = [
        (start, end)
        for start, end in sorted(spans)
        if not any(first <= start and end <= last for first, last in repeated)
    ]
    return [
        Mention(start, end, _stance(response, start, end, kept, bool(PLACE_ASKED.search(question.lower))))
        for start, end in kept
    ]


def _variants(answers: Sequence[str]) -> Iterator[Text]:
    for answer in answers:
        forms = [answer]
        if bracket := re.fullmatch(r"(.+?)\s*\((.+)\)\s*\.?", answer):
            forms += [bracket[1], bracket[2]]
        forms += re.split(r"\s*/\s*|\s+or\s+", answer) if len(answer.split()) <= _SENTENCE_WORDS else []
        for form in dict.fromkeys(forms):
            text = Text(form)
            if text.content:
                yield text
            same = next((group for group in SAME_PLACES if " ".join(w.text for w in text.content) in {
                " ".join(word for word in name.split() if word not in SKIPPED) for name in group}), ())  # fmt: skip
            yield from (Text(name) for name in same)


def _places(response: Text, question: Text, answer: Text) -> Iterator[tuple[int, int]]:
    """Where the response names `answer`."""
    wanted = [word.text for word in answer.content]
    asked = {word.text for word in question.words}
    if day := is_date(answer):
        yield from _dates(response, day, question)
        return
    if len(wanted) > _SENTENCE_WORDS:
        yield from _sentence(response, question, answer)
        return
    if is_number(answer):
        number = [word for word in wanted if word[0].isdigit()]
        units = {UNITS[word] for word in (*wanted, *asked) if word in UNITS}
        yield from _numbers(response, number[0], units)
        return
    yield from _runs(response, wanted)
    yield from _joined(response, answer)
    if hyphenated := re.fullmatch(r"([A-Za-z]{5,})-\d+", answer.clean):  # Covid for COVID-19
        yield from _runs(response, [hyphenated[1].lower()])
    told_apart = [word for word in wanted if word not in GENERIC and word not in asked]
    if told_apart and len(told_apart) < len(wanted):
        if all(word[0].isdigit() for word in told_apart):
            told_apart = []  # "11" alone is no Apollo 11
        elif len(told_apart) > 1 or len(told_apart[0]) > 3:
            yield from _runs(response, told_apart, whole=wanted)
    if _may_be_person(answer, question) and wanted[-1] not in asked:
        yield from _surnames(response, answer)
    yield from _acronyms(response, answer, wanted)
    parts = re.split(r"\s+and\s+|\s*[,&]\s*", answer.clean)
    if len(parts) > 1 and all(Text(part).content for part in parts):
        found = [list(_places(response, question, Text(part))) for part in parts]
        if all(found):
            yield found[-1][0]


def _runs(response: Text, wanted: Sequence[str], whole: Sequence[str] = ()) -> Iterator[tuple[int, int]]:
    """Runs of words that are `wanted`, in any order ("Armstrong, Neil"), all within one sentence."""
    content, n = response.content, len(wanted)
    for place in range(len(content) - n + 1):
        window = content[place : place + n]
        if _same_words([word.text for word in window], wanted) and _together(response, window):
            after = content[place + n] if place + n < len(content) else None
            if after and _is_serial(response, window[-1], after):
                continue
            if whole and _other_name(response, content, place, n, whole):
                continue
            yield window[0].start, window[-1].end


def _is_serial(response: Text, last: Word, after: Word) -> bool:
    """Whether a number right after the name makes it another of its series: Sputnik 2 for Sputnik."""
    return after.text.isdigit() and len(after.text) < 4 and response.clean[last.end : after.start] in (" ", "-")


def _joined(response: Text, answer: Text) -> Iterator[tuple[int, int]]:
    """The answer with its words run together or parted otherwise: i-phone, Starwars."""
    whole = "".join(word.text for word in answer.words)
    if len(whole) < 5:
        return
    for first, word in enumerate(response.words):
        for last in range(first, min(first + 4, len(response.words))):
            parted = last - first + 1 != len(answer.words)
            if parted and "".join(one.text for one in response.words[first : last + 1]) == whole:
                yield word.start, response.words[last].end


def _other_name(response: Text, content: Sequence[Word], place: int, n: int, whole: Sequence[str]) -> bool:
    """Whether the words around a shortened name make it another one."""
    for beside in (place - 1, place + n):
        if 0 <= beside < len(content):
            word = content[beside]
            gap = response.clean[min(word.end, content[place].end) : max(content[place].start, word.start)]
            if beside >= place:
                gap = response.clean[content[place + n - 1].end : word.start]
            known = word.text in whole or word.text in SMALL_WORDS or word.text in TITLES
            if (
                word.capital
                and not word.text[0].isdigit()
                and gap.strip() == ""
                and not known
                and not _starts_sentence(response, word)
            ):
                return True
    return False


def _starts_sentence(response: Text, word: Word) -> bool:
    return any(
        start <= word.start and not response.clean[start : word.start].strip(" \n\"'(")
        for start, _ in response.sentences
    )


def _together(response: Text, window: Sequence[Word]) -> bool:
    text = response.clean[window[0].start : window[-1].end]
    return len(text) < 30 * len(window) and not re.search(r"[.!?;:]\s|\n", text)


def _same_words(found: Sequence[str], wanted: Sequence[str]) -> bool:
    if all(_same(one, other) for one, other in zip(found, wanted, strict=True)):
        return True
    keys = [[stem(_bare_number(word)) for word in some] for some in (found, wanted)]
    return len(wanted) > 1 and sorted(keys[0]) == sorted(keys[1])


def _same(found: str, wanted: str) -> bool:
    if stem(found) == stem(wanted) or SHORT_NAMES.get(found, found) == SHORT_NAMES.get(wanted, wanted):
        return True
    if wanted[0].isdigit() or found[0].isdigit():  # World War II, the Second World War, Elizabeth I
        return _bare_number(found) == _bare_number(wanted)
    return (
        min(len(found), len(wanted)) >= 7
        and found[0] == wanted[0]
        and not found[0].isdigit()
        and _one_slip(found, wanted)
    )


def _bare_number(word: str) -> str:
    return "1" if word == "i" else re.sub(r"(?<=\d)(?:st|nd|rd|th)$", "", word)


def stem(word: str) -> str:
    """A word without the plural's ending."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter was changed, dropped or added, or two neighbours changed places."""
    if abs(len(one) - len(other)) > 1:
        return False
    if len(one) == len(other):
        wrong = [place for place in range(len(one)) if one[place] != other[place]]
        swapped = (
            len(wrong) == 2
            and wrong[1] == wrong[0] + 1
            and one[wrong[0]] == other[wrong[1]]
            and one[wrong[1]] == other[wrong[0]]
        )
        return len(wrong) <= 1 or swapped
    short, long = sorted((one, other), key=len)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def _may_be_person(answer: Text, question: Text) -> bool:
    """Whether the last word of the answer may stand for it, as a surname does."""
    plain = [word for word in answer.words]
    names = [
        word
        for word in plain
        if word.capital or word.text in ("de", "la", "von", "van", "der", "al", "bin", "ibn", "el", "of")
    ]
    if len(plain) < 2 or len(names) < len(plain) or len(plain) > 5 or any(word.text[0].isdigit() for word in plain):
        return False
    last, first = plain[-1].text, plain[0].text
    if (
        len(last) < 3
        or last in GENERIC
        or first in DIRECTIONS
        or "of" in [word.text for word in plain]
        or first in SKIPPED
    ):
        return False
    return bool(_ROLE.search(question.lower)) or not _THING_ASKED.search(question.lower)


def _surnames(response: Text, answer: Text) -> Iterator[tuple[int, int]]:
    """The last name alone, or with given names and initials that do not contradict the answer's."""
    surname = [word.text for word in words(answer.clean.split()[-1])]
    given = [
        word.text for word in answer.words[: -len(surname)] if word.text not in TITLES and word.text not in SKIPPED
    ]
    cased = not response.caseless
    found, n = response.words, len(surname)
    for place in range(len(found) - n + 1):
        window = found[place : place + n]
        if not all(_same_surname(word.text, name) for word, name in zip(window, surname, strict=True)):
            continue
        if (cased and not window[0].capital) or _followed_by_name(response, place + n, cased):
            continue
        if (start := _begins(response, place, given, cased)) is not None:
            yield found[start].start, window[-1].end


def _begins(response: Text, place: int, given: Sequence[str], cased: bool) -> int | None:
    """Where the name begins whose surname stands at `place`; None if it is another person's."""
    found = response.words
    start = place
    while start > 0 and response.clean[found[start - 1].end : found[start].start] in (" ", "-"):
        before = found[start - 1]
        if before.text in TITLES or before.text in SMALL_WORDS or before.text in SKIPPED or before.text[0].isdigit():
            break
        if cased and not before.capital:
            break
        start -= 1
    between = [word.text for word in found[start:place]]
    if any(_given(word, given) for word in between):
        conflict = between and len(between[0]) <= 2 and not _given(between[0], given)
        return None if conflict or not _given(between[0], given) else start
    return None if between else start


def _followed_by_name(response: Text, place: int, cased: bool) -> bool:
    """Whether the word at `place` makes the name before it that of something else, as in Lincoln Memorial."""
    if not cased or place >= len(response.words):
        return False
    after, before = response.words[place], response.words[place - 1]
    if response.clean[before.end : after.start] not in (" ", "-") or not after.capital or after.text[0].isdigit():
        return False
    return after.text not in SMALL_WORDS and after.text not in ("jr", "sr")


def _same_surname(found: str, wanted: str) -> bool:
    return (
        found == wanted
        or found == wanted + "s"
        or (min(len(found), len(wanted)) >= 8 and found[0] == wanted[0] and _one_slip(found, wanted))
    )


def _given(word: str, given: Sequence[str]) -> bool:
    """Whether a word before the surname is one of the given names, a short form of one, or initials of them."""
    if any(_same(word, name) or (len(name) == 1 and word.startswith(name)) for name in given):
        return True
    initials = "".join(name[0] for name in given)
    return len(word) <= 2 and (word in initials or word[:1] in initials)


def _acronyms(response: Text, answer: Text, wanted: Sequence[str]) -> Iterator[tuple[int, int]]:
    """JFK for John F. Kennedy, UNESCO for its long name, and a long name for the acronym."""
    capitals = [word for word in answer.content if word.capital]
    initials = "".join(word.text[0] for word in capitals)
    if len(initials) >= 3 and len(capitals) == len(wanted):
        for word in response.words:
            if word.text == initials and response.clean[word.start : word.end].isupper():
                yield word.start, word.end
    if len(wanted) == 1 and answer.clean.isupper() and 3 <= len(wanted[0]) <= 8:
        n = len(wanted[0])
        for place in range(len(response.content) - n + 1):
            window = response.content[place : place + n]
            if all(word.capital for word in window) and "".join(word.text[0] for word in window) == wanted[0]:
                yield window[0].start, window[-1].end


def is_number(answer: Text) -> bool:
    """Whether an answer is a quantity."""
    numbers = [word for word in answer.content if word.text[0].isdigit()]
    return len(numbers) == 1 and not any(word.capital and not word.text[0].isdigit() for word in answer.content)


def is_date(answer: Text) -> Span | None:
    """The date that the whole answer is, if it is one."""
    found = find_expressions(answer.clean)
    if len(found) != 1 or found[0].precision not in ("day", "month", "year", "decade", "century"):
        return None
    rest = answer.lower[: found[0].start] + answer.lower[found[0].end :]
    return found[0].span if not re.sub(r"\b(in|on|the|year|of|about|around|circa)\b|\W", "", rest) else None


def _dates(response: Text, wanted: Span, question: Text) -> Iterator[tuple[int, int]]:
    """Dates that lie within the one wanted; where the question asks for a year, or for no day, also the bare year or month of it."""
    coarse = not re.search(r"\b(what|which|exact) (?:\w+ )?(day|date)\b|\bon what\b", question.lower)
    for found in find_expressions(response.clean):
        inside = _within(found.span, wanted)
        wider = coarse and found.precision in ("day", "month", "year") and _within(wanted, found.span)
        if inside or wider:
            yield found.start, found.end


def _within(inner: Span, outer: Span) -> bool:
    if None in (inner.earliest, inner.latest, outer.earliest, outer.latest):
        return False
    return outer.earliest <= inner.earliest and inner.latest <= outer.latest  # type: ignore[operator]


def _numbers(response: Text, wanted: str, units: set[str]) -> Iterator[tuple[int, int]]:
    """The number, in no date and not of another unit (nine months for nine symphonies)."""
    dated = [
        (found.start, found.end) for found in find_expressions(response.clean) if found.precision in ("day", "month")
    ]
    for place, word in enumerate(response.words):
        if word.text != wanted or any(start <= word.start < end for start, end in dated):
            continue
        after = response.words[place + 1].text if place + 1 < len(response.words) else ""
        if after not in UNITS or UNITS[after] in units:
            yield word.start, word.end


def _sentence(response: Text, question: Text, answer: Text) -> Iterator[tuple[int, int]]:
    """Of an answer that is a whole sentence: where the response has at least half of what it says beyond the question."""
    asked = {stem(word.text) for word in question.words}
    news = [word for word in answer.content if stem(word.text) not in asked and word.text not in SMALL_WORDS]
    named = [word for word in news if word.capital]
    keys = {stem(word.text) for word in named or news if len(word.text) > 1}
    found = [word for word in response.content if stem(word.text) in keys]
    if keys and len({stem(word.text) for word in found}) * 2 >= len(keys):
        yield found[0].start, found[0].end


def echoes(response: Text, question: Text) -> list[tuple[int, int]]:
    """Stretches of the response that repeat the question word for word."""
    asked = [word.text for word in question.words]
    runs = {tuple(asked[place : place + _ECHO_WORDS]) for place in range(len(asked) - _ECHO_WORDS + 1)}
    said = response.words
    found = []
    for place in range(len(said) - _ECHO_WORDS + 1):
        if tuple(word.text for word in said[place : place + _ECHO_WORDS]) in runs:
            found.append((said[place].start, said[place + _ECHO_WORDS - 1].end))
    return found


_NOT_BEFORE = re.compile(
    r"(?:\bnot|\bnever|\bneither|\bnor|\brather than|\binstead of|\bother than|\bunlike|\bno longer|\bfar from|\bhardly)"
    r"(?: (?!only|until|before|alone|just|merely|sure|certain|know|say|tell|mistaken|wrong|remember|recall|confirm)\w+){0,4} ?[\"'(]*$"
)
_FALSE_BEFORE = re.compile(
    r"\b(?:false|wrong|incorrect|untrue|mistaken|a myth|no truth|a lie|a mistake|contrary)\b[^.;]{0,40}\b(?:that|to say|claims?)\b[^.;]{0,40}$"
)
_ANYTHING_BUT = re.compile(
    r"\b(?:anything|anyone|anybody|everyone|everybody|nobody|no one|all|none) (?:but|except)(?: \w+)? ?[\"'(]*$|\bno reason to [^.;]*$|\b(?:doubt|unlikely|impossible|improbable)\b[^.;,]{0,20}\bthat\b[^.;,]*$"
)
_TAG = re.compile(r"\b(?:was|is|did|were|has|had|would|could) not (?:it|that|he|she|they|there|this)\b")
_NOT_AFTER = re.compile(
    r"^[\"')]*,? (?:was|is|were|are|did|does|had|has|have|could|would|can)(?: \w+)? not\b(?! (?:only|alone|just|merely|until))"
    r"|^[\"')]* (?:is|was) (?:wrong|incorrect|false|untrue|a mistake)\b|^[\"')]*\? no\b|^[\"')]*,? never\b"
    r"|^[^.;:]{0,30}\b(?:but )?(?:that|this|it|they|which) (?:is|was|are|would be) (?:\w+ )?(?:wrong|incorrect|false|untrue|mistaken|a mistake|an error|a myth|not (?:so|true|right|correct|the case))\b"
    r"|^[\"')]* (?:had|has|have) (?:\w+ )?nothing to do\b|^[\"')]* (?:is|was) often (?:\w+ )?(?:named|credited|mentioned|said|thought|believed)\b[^.]*\bbut\b"
)  # fmt: skip
_OR_AFTER = re.compile(
    r"^[\"')]*(?:,? [^.;:!?]{1,60}?)?,? or (?:possibly |perhaps |maybe |else )?(?:the |a )?(?P<other>[A-Z0-9][\w.-]*(?: [A-Z][\w-]*)*)"
)
_OR_BEFORE = re.compile(
    r"(?P<other>[A-Z0-9][\w.-]*),? or (?:possibly |perhaps |maybe |else )?(?:the |a |by |in )?[\"'(]*$"
)


def _stance(response: Text, start: int, end: int, mentions: Sequence[tuple[int, int]], place_asked: bool) -> Stance:
    first, last = response.sentence_of(start)
    before, after = response.lower[first:start], response.lower[end:last]
    clause = re.split(r"[,:]\s| - |\bbut\b", before)[-1]
    tag = response.clean[start:last].rstrip(" \n\"'").endswith("?") and _TAG.search(clause)
    if (
        (_NOT_BEFORE.search(clause) and not tag)
        or _ANYTHING_BUT.search(before)
        or _FALSE_BEFORE.search(before)
        or _NOT_AFTER.search(after)
    ):
        return "negated"
    return "listed" if _is_listed(response, start, end, first, last, mentions, place_asked) else "asserted"


def _is_listed(
    response: Text, start: int, end: int, first: int, last: int, mentions: Sequence[tuple[int, int]], place_asked: bool
) -> bool:
    """Whether the mention is one of several candidates: joined by "or" with another, or an item of a bare list."""
    after = _OR_AFTER.search(response.clean[end:last])
    before = _OR_BEFORE.search(response.clean[first:start])
    places = [end + after.start("other")] if after else []
    places += [first + before.start("other")] if before else []
    if any(not any(one <= place < other for one, other in mentions) for place in places):
        return True
    lines = response.clean
    return any(
        len(items) >= fewest
        and sum(map(_is_item, items)) == len(items)
        and not (place_asked and _is_place_in_place(items, response, start, end))
        for items, fewest in (
            (re.split(r"\s*/\s*|\s+or\s+", response.clean[first:last]), 2),
            (re.split(r"\s*[,:]\s*(?:and |or )?|\s+and\s+", re.split(r":\s", response.clean[first:last])[0]), 3),
            ([line for line in lines.split("\n") if line.strip()], 3),
        )
    )


def _is_item(text: str) -> bool:
    """Whether a piece of text is a bare name or number of at most five words."""
    bare = re.sub(
        r"^\W*(?:\d{1,2}[.)] |[-*•] )?(?:(?:perhaps|maybe|possibly|either|and|or|the|by|it|could|was|is|be|in) )*",
        "",
        text.strip(),
        flags=re.IGNORECASE,
    )
    names = re.findall(r"[^\W_][\w'.-]*", bare)
    return 1 <= len(names) <= 5 and all(
        name[0].isupper() or name[0].isdigit() or name in ("of", "the", "de", "van", "von", "da", "al")
        for name in names
    )


def _is_place_in_place(items: Sequence[str], response: Text, start: int, end: int) -> bool:
    """Whether a list is rather the parts of one place or date, with the answer first: Dallas, Texas, United States."""
    return (
        response.clean[start:end] in items[0]
        and len(items) == 3
        and len(response.sentences) == 1
        and len(items[0].split()) == 1
    )
