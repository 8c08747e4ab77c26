"""Phase 1, impossible times: a stamp, or a date in the words, that no calendar or clock has; as often one that is all right."""

import calendar
import random
from datetime import datetime

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.moments import date_words, stamp
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.wording import DEEDS, DUTIES, EVENTS, PEOPLE
from chronolect.dialogue.messages import user_turn
from chronolect.dialogue.stamps import Stamp

_LOG_IT = Wordings(
    "invalid.log",
    (
        "Please note it in the log: we {deed}.",
        "Write down today's date for me: I {deed}.",
        "For the diary, with the date: {name} {deed}.",
        "I {deed} just now. Put the date to it.",
        "Enter this under today's date: we {deed}.",
        "Keep a record with the date, please: {name} {deed}.",
        "Which date shall I write? We {deed} today.",
        "Put today's date on the page where it says that we {deed}.",
        "What is the date today? {name} {deed} and wants to sign for it.",
        "Confirm the date, please. I {deed}.",
    ),
    (
        "Date and sign this for {name}: {deed}.",
        "On what date do I say that I {deed}? It was a moment ago.",
        "Stamp the page for me, we {deed}.",
    ),
)
_BOOK_IT = Wordings(
    "invalid.book",
    (
        "Please put {event} in my calendar on {date}.",
        "{name} wants to move {event} to {date}. Note that, please.",
        "The letter says that {event} is on {date}. Remind me.",
        "Set a reminder for {event} on {date}.",
        "We agreed on {date} for {event}. Write it down.",
        "Block {date} for {event}, please.",
        "They want {duty} by {date}. Make a note of it.",
        "Mark {date} in the plan: {event}.",
        "Save the date: {event}, {date}.",
        "My ticket for {event} reads {date}. Keep it in mind, please.",
    ),
    (
        "{date} it is, for {event}. Enter it, will you?",
        "The poster gives {date} as the day of {event}; plan for it.",
        "{name} offers {date} for {event}. Accept it and write it in.",
    ),
)
_CHECKING = Wordings(
    "invalid.checking",
    (
        "Let me check the date.",
        "I will look at the date first.",
        "One moment, the date first.",
        "First the date.",
        "Let me look.",
        "I will check that.",
        "A look at the date.",
        "Let me see.",
    ),
)
_IS_VALID = Wordings(
    "invalid.valid",
    (
        "Noted for {date}.",
        "Done: {date}.",
        "I have written down {date}.",
        "It is {date}; noted.",
        "Entered: {date}.",
        "Noted: {date}.",
    ),
)
_IS_INVALID = Wordings(
    "invalid.noticed",
    (
        "That date is not possible: {why}. Which one do you mean?",
        "There is something wrong with the date: {why}. Please check it.",
        "That cannot be right: {why}. What should it be?",
        "This date does not exist, for {why}. Can you correct it?",
        "I cannot note that, the date is impossible: {why}. Which is right?",
        "The date is invalid: {why}. What did you mean?",
    ),
)
_IS_INVALID_CLOCK = Wordings(
    "invalid.noticed clock",
    (
        "That time is not possible: {why}. What time is it really?",
        "There is something wrong with the clock: {why}. Please check it.",
        "That cannot be right: {why}. What should it be?",
        "This time does not exist, for {why}. Can you correct it?",
        "I cannot note that, the time is impossible: {why}. Which is right?",
        "The time is invalid: {why}. What did you mean?",
    ),
)
_SHORT_MONTHS = (4, 6, 9, 11)


def impossible(rng: random.Random, moment: datetime) -> str:
    """A stamp that is no moment: the given one with a day, a month, an hour or a minute that there is not."""
    form = rng.randrange(8)
    text = stamp(moment)
    if form < 2:
        return f"{moment.year}-02-{_past_february(rng, moment.year)}{text[10:]}"
    if form < 4:
        return f"{moment.year}-{rng.choice(_SHORT_MONTHS):02d}-31{text[10:]}"
    if form == 4:
        return f"{text[:8]}{rng.randint(32, 39)}{text[10:]}"
    if form == 5:
        return f"{moment.year}-{rng.choice((0, *range(13, 20))):02d}{text[7:]}"
    if form == 6:
        return f"{text[:11]}{rng.randint(25, 39)}{text[13:]}"
    return f"{text[:14]}{rng.randint(60, 79)}{text[16:]}"


def _past_february(rng: random.Random, year: int) -> int:
    return rng.randint(30 if calendar.isleap(year) else 29, 31)


def part_by_part(text: str) -> str:
    """The check of a stamp in steps, up to the first part that cannot be."""
    year, month, day, hour, minute = (
        int(text[start:end]) for start, end in ((0, 4), (5, 7), (8, 10), (11, 13), (14, 16))
    )
    if not 1 <= month <= 12:
        return f"Month {month}: there are only 12. Not possible."
    length = calendar.monthrange(year, month)[1]
    named = f"{calendar.month_name[month]} {year}" if month == 2 else calendar.month_name[month]
    if day > length:
        return f"Month {month}, day {day}: {named} has {length} days. Not possible."
    if hour > 23:
        return f"Month {month}, day {day} of {length}. Hour {hour}: the last is 23. Not possible."
    if minute > 59:
        return f"Month {month}, day {day} of {length}. Hour {hour}. Minute {minute}: the last is 59. Not possible."
    return f"Month {month}, day {day}: {named} has {length} days. Hour {hour}, minute {minute}. All right."


def invalid_stamp(draw: Draw) -> Dialogue:
    """A tag with an impossible stamp, or with a possible one, some of them on the last day of a month."""
    rng = draw.rng
    moment = _near_the_edge(rng, draw.moment(hours=(0, 23)))
    valid = rng.random() < 0.5
    text = stamp(moment) if valid else impossible(rng, moment)
    question = draw.say(_LOG_IT, deed=rng.choice(DEEDS), name=rng.choice(PEOPLE))
    steps = f"The tag says {text[:10]} {text[11:16]}. {part_by_part(text)}"
    if valid:
        answer, check = draw.say(_IS_VALID, date=date_words(moment)), _valid(moment)
    else:
        problem = Stamp(text).problem
        assert problem is not None
        clock = "hour" in problem or "minute" in problem
        answer = draw.say(_IS_INVALID_CLOCK if clock else _IS_INVALID, why=because(problem))
        check = Check(notices="invalid")
    return Dialogue(
        [user_turn(text, question), reply(draw.say(_CHECKING), thought(steps), answer)],
        "invalid",
        1,
        check,
        tuple(draw.used),
        {"stamp": text, "valid": valid, "where": "tag"},
    )


def invalid_date(draw: Draw) -> Dialogue:
    """An impossible day in the words, below a tag that is all right; or a possible one."""
    rng = draw.rng
    now = draw.moment()
    year, month = now.year + rng.randint(1, 2), rng.choice((2, 2, *_SHORT_MONTHS, rng.randint(1, 12)))
    length = calendar.monthrange(year, month)[1]
    valid = rng.random() < 0.5
    if valid:
        day = rng.choice((length, length, rng.randint(1, length), rng.randint(20, length)))
    elif length == 31:
        day = 32
    else:
        day = rng.randint(length + 1, 31)
    named = calendar.month_name[month]
    said = rng.choice((f"{day} {named} {year}", f"{named} {day}, {year}", f"{year}-{month:02d}-{day:02d}"))
    question = draw.say(_BOOK_IT, event=rng.choice(EVENTS), duty=rng.choice(DUTIES), name=rng.choice(PEOPLE), date=said)
    of_year = f"{named} {year}" if month == 2 else named
    steps = f"Asked for {year}-{month:02d}-{day:02d}. Month {month}, day {day}: {of_year} has {length} days. "
    if valid:
        meant = datetime(year, month, day)
        steps += "All right."
        answer, check = draw.say(_IS_VALID, date=date_words(meant)), _valid(meant)
    else:
        steps += "Not possible."
        answer = draw.say(_IS_INVALID, why=because(f"{named} {year} has {length} days, not {day}"))
        check = Check(notices="invalid")
    return Dialogue(
        [user_turn(stamp(now), question), reply(draw.say(_CHECKING), thought(steps), answer)],
        "invalid",
        1,
        check,
        tuple(draw.used),
        {"date": f"{year}-{month:02d}-{day:02d}", "valid": valid, "where": "words"},
    )


def _valid(moment: datetime) -> Check:
    return Check(date=f"{moment:%Y-%m-%d}", overlooks="invalid")


def _near_the_edge(rng: random.Random, moment: datetime) -> datetime:
    """Half of the time the last day of its month, so that a high number alone tells nothing."""
    if rng.random() < 0.5:
        return moment
    return moment.replace(day=calendar.monthrange(moment.year, moment.month)[1])


def because(problem: str) -> str:
    return problem.replace(" has ", " has only ")


def invalid(draw: Draw) -> Dialogue:
    """An impossible time in the tag or in the words, or a possible one."""
    return invalid_stamp(draw) if draw.rng.random() < 0.6 else invalid_date(draw)


MAKERS: dict[str, Maker] = {"invalid": invalid}
