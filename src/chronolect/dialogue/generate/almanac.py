"""What a base model is to have read before it learns to talk about time: sums, calendar facts, lengths of time, and talk without time.

A model of usual size knows all of this from its own training text; a tiny one, made for a test on two cores, does not. The almanac is plain
text, in the forms that dialogues use, so that phases teach what to do with it and not the sums.
"""

import calendar
import random
from collections.abc import Callable, Iterator
from zoneinfo import ZoneInfo

from chronolect.corpus.document import Document
from chronolect.dialogue.files import chatml
from chronolect.dialogue.generate import festivals, zones
from chronolect.dialogue.generate.feasts import FEASTS
from chronolect.dialogue.generate.invalid import impossible, part_by_part
from chronolect.dialogue.generate.makers import MAKERS
from chronolect.dialogue.generate.moments import (
    FIRST_YEAR,
    LAST_YEAR,
    date_words,
    random_moment,
    weekday_words,
)
from chronolect.dialogue.generate.record import Draw, Wordings, draws, reply
from chronolect.dialogue.generate.smalltalk import small_talk
from chronolect.dialogue.generate.spans import SCALES, comparison, later_by, length_between
from chronolect.dialogue.messages import Conversation, read_timed

_LINES = 8  # of a page
_REPEATED = 0.7  # of what is said in the talks
_LARGEST = 60  # of the numbers in sums, beside years

_REPEATING = Wordings(
    "almanac.repeating",
    ("You said: {words}", "I heard: {words}", "In your words: {words}", "So: {words}", "You told me: {words}"),
)


def documents(count: int, seed: int) -> Iterator[Document]:
    """The pages of the almanac, then as many talks in which time is not the matter: `count` in all.

    Args:
        count: How many documents.
        seed: Another seed draws other sums, dates and talks.
    """
    talks = count // 2
    for number, draw in zip(range(count), draws(seed, "almanac"), strict=False):
        text = _talk(draw) if number >= count - talks else _page(draw.rng)
        yield Document(id=f"almanac-{number:06d}", source="almanac", text=text, language="en", licence="Apache-2.0")


def _page(rng: random.Random) -> str:
    return "\n".join(rng.choice(_LINE_MAKERS)(rng) for _ in range(_LINES))


def _talk(draw: Draw) -> str:
    """Small talk, and what people say in the dialogues, repeated: a base model is to know their words, and how to take them up."""
    messages: Conversation = []
    for _ in range(draw.rng.randint(1, 3)):
        words, answer, _ = small_talk(draw)
        if draw.rng.random() < _REPEATED:
            words = draw.rng.choice(_said(draw))
            answer = reply(draw.say(_REPEATING, words=words))
        messages += [{"role": "user", "content": words}, answer]
    return chatml(messages).rstrip("\n")


def _said(draw: Draw) -> list[str]:
    """What the user says in some dialogue of the first three phases, without the time."""
    makers = MAKERS[draw.rng.choice((1, 2, 3))]
    dialogue = makers[draw.rng.choice(sorted(makers))](draw)
    turns = [read_timed(message).text for message in dialogue.messages if message["role"] == "user"]
    return [text for text in turns if text]


def _stamp(rng: random.Random) -> str:
    moment = random_moment(rng)
    return f"{moment:%Y-%m-%dT%H:%M:%S} is {moment:%Y-%m-%d} {moment:%H:%M}."


def _parts(rng: random.Random) -> str:
    """A stamp part by part, every other one of them impossible."""
    moment = random_moment(rng, hours=(0, 23))
    text = impossible(rng, moment) if rng.random() < 0.5 else f"{moment:%Y-%m-%dT%H:%M:%S}"
    return f"{text[:10]} {text[11:16]}. {part_by_part(text)}"


def _sum(rng: random.Random) -> str:
    larger = rng.randint(1, _LARGEST)
    smaller = rng.randint(0, larger)
    if rng.random() < 0.3:
        larger, smaller = larger + 2000, smaller + 2000
        return f"{larger} - {smaller} = {larger - smaller}."
    return rng.choice((f"{larger} - {smaller} = {larger - smaller}.", f"{larger - smaller} + {smaller} = {larger}."))


def _length(rng: random.Random) -> str:
    scale = rng.choice(SCALES)
    earlier = random_moment(rng, hours=(0, 22))
    earlier = earlier.replace(day=min(earlier.day, 28))
    later = later_by(rng, earlier, scale)
    form = "%Y-%m-%d %H:%M" if scale in ("minutes", "hours") else "%Y-%m-%d"
    length = length_between(earlier, later)
    said = rng.choice((length.steps, f"That is {length.words}."))
    return f"From {earlier:{form}} to {later:{form}}. {said}"


def _order(rng: random.Random) -> str:
    now = random_moment(rng)
    now = now.replace(day=min(now.day, 28))
    then = later_by(rng, now, rng.choice(SCALES))
    if rng.random() < 0.5:
        now, then = then, now
    return f"{now:%Y-%m-%d %H:%M} and {then:%Y-%m-%d %H:%M}. {comparison(now, then)}"


def _month(rng: random.Random) -> str:
    year, month = rng.randint(FIRST_YEAR, LAST_YEAR), rng.randint(1, 12)
    length = calendar.monthrange(year, month)[1]
    named = f"{calendar.month_name[month]} {year}" if month == 2 else calendar.month_name[month]
    return rng.choice((f"Month {month} is {calendar.month_name[month]}.", f"{named} has {length} days."))


def _day(rng: random.Random) -> str:
    day = random_moment(rng)
    return rng.choice(
        (
            f"{day:%Y-%m-%d} is {date_words(day)}.",
            f"{day:%Y-%m-%d} is {day:%B} {day.day}, {day.year}.",
            f"{day:%B} {day.year} began on a {weekday_words(day.replace(day=1))}.",
            f"{date_words(day)} was a {weekday_words(day)}.",
        )
    )


def _week(rng: random.Random) -> str:
    first, days = rng.randrange(7), rng.randint(0, 6)
    return f"{calendar.day_name[first]} + {days} = {calendar.day_name[(first + days) % 7]}."


def _feast(rng: random.Random) -> str:
    feast, year = rng.choice(FEASTS), rng.randint(*festivals.YEARS)
    return f"{feast.name[0].upper()}{feast.name[1:]} {year} is on {feast.day(year):%Y-%m-%d}."


def _zone(rng: random.Random) -> str:
    place = rng.choice(sorted(zones.PLACES))
    moment = random_moment(rng, years=zones.YEARS).replace(tzinfo=ZoneInfo(zones.PLACES[place]))
    return f"{moment:%B}. {place} is UTC{zones.offset_words(moment)}."


_LINE_MAKERS: tuple[Callable[[random.Random], str], ...] = (
    _sum,
    _sum,
    _length,
    _length,
    _order,
    _month,
    _day,
    _week,
    _feast,
    _zone,
    _stamp,
    _parts,
)
