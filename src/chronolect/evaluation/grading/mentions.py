"""Where a response names the right answer, in whatever form, and whether it asserts it there."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chronolect.evaluation.grading.matching import bare_number, find_joined, find_runs, stem
from chronolect.evaluation.grading.names import GENERIC, PEOPLES, SAME_NAMES, SMALL_WORDS, UNITS
from chronolect.evaluation.grading.normalise import SKIPPED, Text
from chronolect.evaluation.grading.persons import find_persons, may_be_person
from chronolect.evaluation.grading.stance import Stance, stance
from chronolect.evaluation.grading.vocabulary import common_words
from chronolect.timeline import Span

PLACE_ASKED = re.compile(
    r"\b(?:where|(?:which|what) (?:\w+ )?(?:city|town|country|place|state|station|island|sea|continent|village|province|site|planet|river|plant|port"
    r"|capital))\b"
)
_SENTENCE_WORDS = 7  # an answer of more words is a sentence, of which the names and numbers are looked for
_SHORT = 6  # in a response of so few words a number is that of the series
_ECHO_WORDS = 4  # so many words in a row that stand in the question too are an echo of it
_DAY_ASKED = re.compile(r"\b(?:what|which|exact) (?:\w+ )?(?:day|date)\b|\bon what\b")
_AROUND_DATES = re.compile(r"\b(?:in|on|the|year|of|about|around|circa)\b|\W")


@dataclass(frozen=True, slots=True)
class Mention:
    """A stretch of the response (characters of its clean text) that names the answer."""

    start: int
    end: int
    stance: Stance


def find_mentions(response: Text, question: Text, answers: Sequence[str], *, echoed: Text) -> list[Mention]:
    """Every place where the response names one of `answers` in words of its own, in order, each with its stance.

    `echoed` is the question with its options: what repeats it word for word does not count.
    """
    repeated = echoes(response, echoed)
    spans = sorted(
        {
            (start, end)
            for answer in _variants(answers)
            for start, end in _places(response, question, answer)
            if not any(first <= start and end <= last for first, last in repeated)
        }
    )
    spans = [one for one in spans if not any(two != one and two[0] <= one[0] and one[1] <= two[1] for two in spans)]
    of_place = bool(PLACE_ASKED.search(question.lower))
    return [Mention(start, end, stance(response, start, end, spans, of_place=of_place)) for start, end in spans]


def echoes(response: Text, question: Text) -> list[tuple[int, int]]:
    """Stretches of the response that repeat the question word for word."""
    asked, said = [word.text for word in question.words], response.words
    runs = {tuple(asked[place : place + _ECHO_WORDS]) for place in range(len(asked) - _ECHO_WORDS + 1)}
    return [
        (said[place].start, said[place + _ECHO_WORDS - 1].end)
        for place in range(len(said) - _ECHO_WORDS + 1)
        if tuple(word.text for word in said[place : place + _ECHO_WORDS]) in runs
    ]


def is_number(answer: Text) -> bool:
    """Whether an answer is a quantity."""
    numbers = [word for word in answer.content if word.text[0].isdigit()]
    return len(numbers) == 1 and not any(word.capital and not word.text[0].isdigit() for word in answer.content)


def serial_number(answer: Text, question: Text) -> str | None:
    """The number by which the answer is told from others of its series, where the question names the series: 13 of Apollo 13."""
    asked = {word.text for word in question.words}
    news = [word.text for word in answer.content if word.text not in asked]
    return bare_number(news[0]) if len(news) == 1 < len(answer.content) and news[0][0].isdigit() else None


def date_of(answer: Text) -> Span | None:
    """The date that the whole answer is, if it is one."""
    if not any(word.text[0].isdigit() for word in answer.words):
        return None
    found = answer.dates
    if len(found) != 1 or found[0].precision not in ("day", "month", "year", "decade", "century"):
        return None
    rest = answer.lower[: found[0].start] + answer.lower[found[0].end :]
    return None if _AROUND_DATES.sub("", rest) else found[0].span


def _variants(answers: Sequence[str]) -> Iterator[Text]:
    """The answers, the parts of "A (B)" and "A/B", and other names of well-known countries."""
    for answer in answers:
        forms = [answer]
        if bracket := re.fullmatch(r"(.+?)\s*\((.+)\)\s*\.?", answer):
            forms += [bracket[1], bracket[2]]
        if len(answer.split()) <= _SENTENCE_WORDS:
            forms += re.split(r"\s+/\s+|(?<=\w{3})/(?=\w{3})|\s+or\s+", answer)
        plain = " ".join(word.text for word in Text(answer).content)
        forms += next((group for group in SAME_NAMES if plain in map(_plain, group)), ())
        yield from (text for text in map(Text, dict.fromkeys(forms)) if text.content)


def _plain(name: str) -> str:
    return " ".join(word for word in name.lower().split() if word not in SKIPPED)


def _places(response: Text, question: Text, answer: Text) -> Iterator[tuple[int, int]]:
    """Where the response names `answer`."""
    wanted = [word.text for word in answer.content]
    asked = {word.text for word in question.words}
    if span := date_of(answer):
        yield from _dates(response, span, coarse=not _DAY_ASKED.search(question.lower))
    elif len(wanted) > _SENTENCE_WORDS:
        yield from _sentence(response, asked, answer)
    elif is_number(answer):
        number = next(word for word in wanted if word[0].isdigit())
        yield from _numbers(response, number, {UNITS[word] for word in (*wanted, *asked) if word in UNITS})
    else:
        yield from _names(response, question, answer)


def _names(response: Text, question: Text, answer: Text) -> Iterator[tuple[int, int]]:
    wanted = [word.text for word in answer.content]
    asked = {word.text for word in question.words}
    # US, WHO and IT are words of their own in small letters
    capitals = len(wanted) == 1 and answer.clean.isupper() and (len(wanted[0]) < 3 or wanted[0] in common_words())
    for start, end in find_runs(response, wanted, asked=asked):
        if not capitals or response.clean[start:end].isupper():
            yield start, end
    yield from find_joined(response, answer)
    for people in PEOPLES.get(" ".join(wanted), ()):
        yield from find_runs(response, [people], asked=asked)
    if hyphenated := re.fullmatch(r"([A-Za-z]{5,})-\d+", answer.clean):  # Covid for COVID-19
        yield from find_runs(response, [hyphenated[1].lower()], asked=asked)
    if number := serial_number(answer, question):
        said = [word for word in response.words if bare_number(word.text) == number]
        if len(response.words) <= _SHORT or re.search(
            r"\b(?:number|no) $", response.lower[: said[0].start] if said else ""
        ):
            yield from ((word.start, word.end) for word in said)
    told_apart = [word for word in wanted if word not in GENERIC and word not in asked]
    shortened = 0 < len(told_apart) < len(wanted) and not all(
        word[0].isdigit() for word in told_apart
    )  # "11" is no Apollo 11
    if shortened and (len(told_apart) > 1 or len(told_apart[0]) > 3):
        yield from find_runs(response, told_apart, asked=asked, whole=wanted)
    if may_be_person(answer, question) and wanted[-1] not in asked:
        yield from find_persons(response, answer)
    yield from _acronyms(response, answer, wanted)
    parts = re.split(r"\s+and\s+|\s*[,&]\s*", answer.clean)
    if len(parts) > 1 and all(Text(part).content for part in parts):
        found = [list(_places(response, question, Text(part))) for part in parts]
        if all(found):
            yield from (places[0] for places in found)


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


def _dates(response: Text, wanted: Span, *, coarse: bool) -> Iterator[tuple[int, int]]:
    """Dates that lie within the one wanted; if `coarse`, also the month or the year that it lies in."""
    for found in response.dates:
        if found.type == "range" and found.precision != "day":
            continue  # "between 2014 and 2018" names none of the years
        wider = coarse and found.precision in ("day", "month", "year") and _within(wanted, found.span)
        night = (
            found.precision == "day" and _within(wanted, found.span) and _days(found.span) <= 2
        )  # of the 14th to the 15th
        if wider or night or _within(found.span, wanted):
            yield found.start, found.end
    for word in response.words:  # "fourteen hundred and ninety-two"
        if re.fullmatch(r"[1-9]\d{2,3}", word.text) and Span.year(int(word.text)) == wanted:
            yield word.start, word.end


def _days(span: Span) -> int:
    assert span.earliest is not None and span.latest is not None  # noqa: PT018
    return span.latest - span.earliest + 1


def _within(inner: Span, outer: Span) -> bool:
    if inner.earliest is None or inner.latest is None or outer.earliest is None or outer.latest is None:
        return False
    return outer.earliest <= inner.earliest and inner.latest <= outer.latest


def _numbers(response: Text, wanted: str, units: set[str]) -> Iterator[tuple[int, int]]:
    """The number, in no date and not of another unit (nine months for nine symphonies)."""
    dates = [found for found in response.dates if found.precision in ("day", "month")]
    for word, after in zip(response.words, [*response.words[1:], None], strict=True):
        if word.text != wanted or any(found.start <= word.start < found.end for found in dates):
            continue
        if after is None or after.text not in UNITS or UNITS[after.text] in units:
            yield word.start, word.end


def _sentence(response: Text, asked: set[str], answer: Text) -> Iterator[tuple[int, int]]:
    """Of an answer that is a whole sentence: where the response has at least half of what it says beyond the question."""
    known = set(map(stem, asked))
    news = [word for word in answer.content if stem(word.text) not in known and word.text not in SMALL_WORDS]
    named = [word for word in news if word.capital]
    keys = {stem(word.text) for word in named or news if len(word.text) > 1}
    found = [word for word in response.content if stem(word.text) in keys]
    if keys and 2 * len({stem(word.text) for word in found}) >= len(keys):
        yield found[0].start, found[0].end
