"""Phase 1, festivals: which one it is today, whether it is one, on which date it falls, and how long it is until then."""

from datetime import datetime, timedelta

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.feasts import FEASTS, Feast
from chronolect.dialogue.generate.moments import date_words, random_moment, stamp
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.spans import length_between
from chronolect.dialogue.generate.wording import PEOPLE
from chronolect.dialogue.messages import user_turn

YEARS = (2020, 2029)  # of the dialogues: few enough that a small model can have read all the days

_WHICH = Wordings(
    "festival.which",
    (
        "The streets are decorated. Which feast is it today?",
        "{name} wishes me a good feast. Which one is it today?",
        "Which festival falls on today's date?",
        "Everybody is in a festive mood. What is being celebrated today?",
        "What feast do people keep today?",
        "There is a feast today, {name} says. Which?",
        "Today is a holiday for some. Which holiday?",
        "The neighbours are celebrating. What is it that they celebrate today?",
    ),
    (
        "Going by the date, what are the bells and lights of today for?",
        "{name} asks what the occasion is today. A feast, but which?",
    ),
)
_IS_IT = Wordings(
    "festival.is it",
    (
        "Is today {feast}?",
        "Is it {feast} today?",
        "{name} says that it is {feast} today. Is that right?",
        "Do we have {feast} today?",
        "Would it be right to say that today is {feast}?",
        "I think that today is {feast}. Am I right?",
        "Tell {name}, please: is today {feast}, yes or no?",
        "Does {feast} fall on today?",
    ),
    ("Should I congratulate {name} today, is it {feast}?", "Today, {feast}: yes or no?"),
)
_WHEN = Wordings(
    "festival.when",
    (
        "On which date is {feast} this year?",
        "When is {feast} this year?",
        "{name} wants the date of {feast} this year.",
        "On what day does {feast} fall this year?",
        "Which date does {feast} have this year?",
        "I am filling the calendar. When is {feast} this year?",
        "Tell me the date of {feast} of this year.",
        "Please look up when {feast} is this year.",
    ),
    ("{feast}: which date do I circle this year?", "{name} books leave for {feast}. What date is it this year?"),
)
_UNTIL = Wordings(
    "festival.until",
    (
        "How long is it until {feast}?",
        "How much time is left before {feast}?",
        "{name} asks how long it is to {feast}.",
        "How far away is {feast}, counted from today?",
        "How long do we have to wait for {feast}?",
        "From today until {feast}, how long is that?",
        "We are preparing {feast}. How much time do we have?",
        "Count the time to {feast} for me.",
    ),
    ("{name} cannot wait for {feast}. How long must it be?", "What separates us from {feast}, in time?"),
)
_LOOKING = Wordings(
    "festival.looking",
    (
        "Let me look at the calendar.",
        "Let me see.",
        "One moment.",
        "I will look it up.",
        "A look at the calendar.",
        "Gladly.",
        "Let me check the date.",
        "Here is what the calendar says.",
    ),
)
_IT_IS = Wordings(
    "festival.it is",
    ("Today is {feast}. {wish}", "It is {feast}. {wish}", "It is {feast} today. {wish}", "That is {feast}. {wish}"),
)
_YES = Wordings(
    "festival.yes",
    ("Yes, today is {feast}. {wish}", "Yes, it is {feast}. {wish}", "Yes, {feast} is today. {wish}"),
)
_NO = Wordings(
    "festival.no",
    ("No, {feast} is on {date}.", "No, this year it is on {date}.", "No. This year {feast} falls on {date}."),
)
_FALLS = Wordings(
    "festival.falls",
    ("It is on {date}.", "This year it falls on {date}.", "The date is {date}.", "That is {date}."),
)
_WAIT = Wordings(
    "festival.wait",
    ("It is {length} until then.", "There are {length} left.", "That is {length} from now.", "It comes in {length}."),
)


def festival(draw: Draw) -> Dialogue:
    """One of the four questions about one of the feasts."""
    rng = draw.rng
    feast, name = rng.choice(FEASTS), rng.choice(PEOPLE)
    now = random_moment(rng, hours=(7, 20), years=YEARS)
    day = _day(feast, now.year)
    known = f"{_upper(feast.name)} {now.year} is on {day:%Y-%m-%d}."
    question = rng.choice(("which", "is it", "is it", "when", "until"))
    if question == "which":
        now = now.replace(month=day.month, day=day.day)
        asked = draw.say(_WHICH, name=name)
        steps = f"Today is {now:%Y-%m-%d}. {known} Today."
        answer = draw.say(_IT_IS, feast=feast.name, wish=feast.wish)
        check = Check(says=[[name for one in FEASTS if _day(one, now.year) == day for name in _names(one)]])
    elif question == "is it":
        today = rng.random() < 0.5
        if today:
            now = now.replace(month=day.month, day=day.day)
        elif now.date() == day.date():
            now += timedelta(days=2)
        asked = draw.say(_IS_IT, feast=feast.name, name=name)
        steps = f"Today is {now:%Y-%m-%d}. {known} {'The same day' if today else 'Another day'}."
        answer = draw.say(_YES if today else _NO, feast=feast.name, wish=feast.wish, date=date_words(day))
        check = Check(answer="yes" if today else "no")
    elif question == "when":
        asked = draw.say(_WHEN, feast=feast.name, name=name)
        steps, answer = known, draw.say(_FALLS, date=date_words(day))
        check = Check(date=f"{day:%Y-%m-%d}")
    else:
        before = day - timedelta(days=rng.choice((rng.randint(2, 27), 7 * rng.randint(1, 4))))
        now = now.replace(year=before.year, month=before.month, day=before.day)
        asked = draw.say(_UNTIL, feast=feast.name, name=name)
        length = length_between(before, day)
        steps = f"{_upper(feast.name)} {day.year} is on {day:%Y-%m-%d}. From {now:%Y-%m-%d}. {length.steps}"
        answer, check = draw.say(_WAIT, length=length.words), Check(duration_s=length.seconds)
    return Dialogue(
        [
            user_turn(stamp(now), _upper(asked)),
            reply(draw.say(_LOOKING), thought(steps), answer),
        ],
        "festival",
        1,
        check,
        tuple(draw.used),
        {"feast": feast.name, "day": f"{day:%Y-%m-%d}", "now": stamp(now), "question": question},
    )


def _day(feast: Feast, year: int) -> datetime:
    return datetime.combine(feast.day(year), datetime.min.time())


def _names(feast: Feast) -> list[str]:
    return [name.removeprefix("the ") for name in (feast.name, *feast.others)]


def _upper(text: str) -> str:
    return text[0].upper() + text[1:]


MAKERS: dict[str, Maker] = {"festival": festival}
