"""Phase 1, the calendar: which weekday it is or will be, how many days a month has, which date it is so many days on, good morning or evening."""

import calendar
from datetime import date, timedelta

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.moments import (
    clock_words,
    count_words,
    date_words,
    random_moment,
    stamp,
    weekday_words,
)
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.spans import add_months
from chronolect.dialogue.generate.wording import DEEDS, PEOPLE
from chronolect.dialogue.messages import user_turn

_WHICH_DAY = Wordings(
    "weekday.asked",
    (
        "Which day of the week is today?",
        "What weekday do we have today? {name} needs to know.",
        "I have lost track. Is it Monday, Tuesday, or what?",
        "Tell me the day of the week, please.",
        "What day of the week is it, for the diary?",
        "Today is which weekday?",
        "{name} asks what day of the week it is.",
        "Which weekday should I write beside today's date?",
    ),
    ("The bins go out by weekday. Which one is it now?", "Name today's weekday for {name}, would you?"),
)
_WHICH_DAY_LATER = Wordings(
    "weekday.asked later",
    (
        "Today is a {today}. Which weekday will it be in {days} days?",
        "It is {today}. What day of the week comes {days} days from now?",
        "If today is {today}, which weekday is it {days} days later?",
        "{name} will call in {days} days, and today is {today}. On which weekday is that?",
        "This is a {today}; the parts arrive in {days} days. Which weekday would that be?",
        "We meet again in {days} days. Today is {today}, so on which weekday?",
        "Count {days} days on from this {today}. Which weekday is it?",
        "From {today}, {days} days ahead: which day of the week?",
    ),
    (
        "A {today} today; and after {days} days more, what weekday have we?",
        "{days} days on from a {today}, what would the calendar call the day?",
    ),
)
_LOOKING = Wordings(
    "weekday.looking",
    (
        "Let me look.",
        "Let me count.",
        "One moment.",
        "I will check the calendar.",
        "Let me see.",
        "Gladly.",
        "Here is how it goes.",
        "Let me work it out.",
    ),
)
_IS_DAY = Wordings(
    "weekday.answered",
    (
        "Today is {day}.",
        "It is {day}.",
        "It is a {day} today.",
        "That is {day}.",
        "The day is {day}.",
        "We have {day}.",
    ),
)
_WILL_BE_DAY = Wordings(
    "weekday.answered later",
    (
        "It will be {day}.",
        "That is a {day}.",
        "The day is {day}.",
        "That falls on a {day}.",
        "It will be a {day} then.",
        "So it is {day}.",
    ),
)


def weekday(draw: Draw) -> Dialogue:
    """The weekday of the tag, from that of the month's first day; or the weekday so many days on from a stated one."""
    rng = draw.rng
    name = rng.choice(PEOPLE)
    if rng.random() < 0.5:
        now = random_moment(rng, years=(2023, 2027))
        first = weekday_words(now.replace(day=1))
        past = now.day - 1
        day = weekday_words(now)
        question = draw.say(_WHICH_DAY, name=name)
        counted = f"{now.day} - 1 = {past}. {_weeks_off(past)} {first} + {past % 7} = {day}."
        steps = f"Today is {now:%Y-%m-%d}. {now:%B} {now.year} began on a {first}. {counted}"
        answer = draw.say(_IS_DAY, day=day)
        facts = {"date": f"{now:%Y-%m-%d}", "days": 0}
    else:
        now = random_moment(rng)
        days = rng.randint(2, 30)
        today, day = weekday_words(now), weekday_words(now + timedelta(days=days))
        question = draw.say(_WHICH_DAY_LATER, name=name, today=today, days=days)
        steps = f"{_weeks_off(days)} {today} + {days % 7} = {day}."
        answer = draw.say(_WILL_BE_DAY, day=day)
        facts = {"date": f"{now:%Y-%m-%d}", "days": days}
    return Dialogue(
        [user_turn(stamp(now), question), reply(draw.say(_LOOKING), thought(steps), answer)],
        "weekday",
        1,
        Check(weekday=day),
        tuple(draw.used),
        facts,
    )


def _weeks_off(days: int) -> str:
    """
    >>> _weeks_off(16), _weeks_off(4)
    ('16 = 14 + 2.', '4 = 0 + 4.')
    """
    return f"{days} = {days - days % 7} + {days % 7}."


_MONTH_LENGTH = Wordings(
    "month.asked",
    (
        "How many days does {month} {year} have?",
        "How many days are there in {month} {year}?",
        "{name} rents the boat for all of {month} {year}. How many days is that?",
        "For the rota: how many days has {month} {year}?",
        "What is the number of days in {month} {year}?",
        "I need to know the length of {month} {year} in days.",
        "Tell me how many days we count in {month} {year}.",
        "The whole of {month} {year}, in days?",
    ),
    ("On which number does {month} {year} end, in days?", "{month} {year}: count its days for {name}."),
)
_THIS_MONTH = Wordings(
    "month.asked this",
    (
        "How many days does this month have?",
        "How many days are there in the month that we have now?",
        "What is the number of days in this month?",
        "For the rota: how many days has this month?",
        "{name} asks how long this month is, in days.",
        "Tell me how many days this month counts.",
        "This month, how many days is it?",
        "I need the length of this month in days.",
    ),
    ("On which number does the month end that we are in?", "Count the days of the current month for {name}."),
)
_HAS_DAYS = Wordings(
    "month.answered",
    (
        "{month} {year} has {days} days.",
        "It has {days} days.",
        "There are {days} days in {month} {year}.",
        "That is {days} days.",
        "{month} {year} counts {days} days.",
        "The answer is {days} days.",
    ),
)


def month_length(draw: Draw) -> Dialogue:
    """How many days a month has: one that is named, or the one of the tag; leap years included."""
    rng = draw.rng
    now = random_moment(rng)
    name = rng.choice(PEOPLE)
    if rng.random() < 0.5:
        year, month = now.year, 2 if rng.random() < 0.3 else now.month
        now = now.replace(month=month, day=min(now.day, 28))
        question = draw.say(_THIS_MONTH, name=name)
    else:
        year = rng.choice((now.year, now.year + 1, 1900, 2000, rng.randint(1950, 2060)))
        month = 2 if rng.random() < 0.4 else rng.randint(1, 12)
        question = draw.say(_MONTH_LENGTH, month=calendar.month_name[month], year=year, name=name)
    days = calendar.monthrange(year, month)[1]
    named = calendar.month_name[month]
    if month == 2:
        steps = (
            f"February. {year} is {'a leap year' if days == 29 else 'no leap year'}: {_leap_reason(year)}. {days} days."
        )
    else:
        steps = f"Month {month} is {named}. {named} has {days} days in every year."
    return Dialogue(
        [
            user_turn(stamp(now), question),
            reply(draw.say(_LOOKING), thought(steps), draw.say(_HAS_DAYS, month=named, year=year, days=days)),
        ],
        "month length",
        1,
        Check(duration_s=days * 86_400.0, tolerance=0.0),
        tuple(draw.used),
        {"year": year, "month": month, "days": days},
    )


def _leap_reason(year: int) -> str:
    if year % 400 == 0:
        return f"{year} is a multiple of 400"
    if year % 100 == 0:
        return f"{year} is a full century and no multiple of 400"
    rest = year % 4
    return f"{year % 100} / 4 leaves {rest}"


_WHICH_DATE = Wordings(
    "later.asked",
    (
        "What will the date be in {length}?",
        "{name} comes back in {length}. On which date is that?",
        "The seeds need {length} from today. Which date is that?",
        "I must take these for {length}, beginning now. What is the date at the end?",
        "Add {length} to today. What date is it?",
        "The repair takes {length}. On what date is it done, counted from today?",
        "In {length} the lease ends. Give me the date.",
        "If I wait {length} from today, which date do we have?",
    ),
    ("{length} on from today, what would the calendar show?", "Which day of which month is it once {length} are over?"),
)
_WHICH_DATE_BEFORE = Wordings(
    "earlier.asked",
    (
        "What was the date {length} ago?",
        "{name} left {length} ago. On which date was that?",
        "The paint dried {length} ago. Which date was it?",
        "Take {length} from today. What date is it?",
        "It was {length} ago that we {deed}. Give me the date.",
        "We {deed} {length} ago. On what date was that?",
        "I {deed} {length} ago today. Which date was it?",
        "Going back {length} from today, which date do we have?",
    ),
    ("{length} back from today, what did the calendar show?", "Which day of which month was it {length} before now?"),
)
_DATE_IS = Wordings(
    "later.answered",
    (
        "That is {date}.",
        "The date is {date}.",
        "It is {date}.",
        "You get to {date}.",
        "That falls on {date}.",
        "So it is {date}.",
    ),
)


def shifted(draw: Draw) -> Dialogue:
    """The date so many days, weeks, months or years after or before the tag."""
    rng = draw.rng
    now = random_moment(rng)
    unit = rng.choice(("day", "day", "week", "month", "year"))
    count = rng.randint(2, {"day": 27, "week": 4, "month": 11, "year": 9}[unit])
    back = rng.random() < 0.4
    sign = -1 if back else 1
    if unit in ("day", "week"):
        days = count * (7 if unit == "week" else 1)
        then = now + timedelta(days=sign * days)
        steps = (f"{count} weeks are {days} days. " if unit == "week" else "") + _date_steps(now, then, days, back)
    else:
        now = now.replace(day=min(now.day, 28))
        then = add_months(now, sign * count * (12 if unit == "year" else 1))
        steps = _month_steps(now, then, unit, count, back)
    length = count_words(count, unit)
    question = draw.say(
        _WHICH_DATE_BEFORE if back else _WHICH_DATE, length=length, name=rng.choice(PEOPLE), deed=rng.choice(DEEDS)
    )
    date_said = date_words(then)
    return Dialogue(
        [
            user_turn(stamp(now), question),
            reply(
                draw.say(_LOOKING),
                thought(f"Today is {now:%Y-%m-%d}. {steps}"),
                draw.say(_DATE_IS, date=date_said),
            ),
        ],
        "date",
        1,
        Check(date=f"{then:%Y-%m-%d}"),
        tuple(draw.used),
        {"now": stamp(now), "count": sign * count, "unit": unit},
    )


def _date_steps(now: date, then: date, days: int, back: bool) -> str:
    if back:
        if then.month == now.month:
            return f"{now.day} - {days} = {then.day}. Same month."
        length = calendar.monthrange(then.year, then.month)[1]
        return (
            f"{days} - {now.day} = {days - now.day} back into {calendar.month_name[then.month]}, which has {length} days. "
            f"{length} - {days - now.day} = {then.day}."
        )
    total = now.day + days
    if then.month == now.month:
        return f"{now.day} + {days} = {total}. Same month."
    length = calendar.monthrange(now.year, now.month)[1]
    said = f"{now.day} + {days} = {total}. {calendar.month_name[now.month]} has {length} days. {total} - {length} = {total - length}."
    if total - length == then.day:
        return f"{said} Next month."
    middle = calendar.monthrange(now.year, now.month + 1)[1]  # only from the end of January past a whole February
    return f"{said} February has {middle}. {total - length} - {middle} = {then.day}. March."


def _month_steps(now: date, then: date, unit: str, count: int, back: bool) -> str:
    sign = "-" if back else "+"
    if unit == "year":
        return f"{now.year} {sign} {count} = {then.year}."
    if back and count >= now.month:
        return f"Month {now.month}. {now.month} + 12 = {now.month + 12}. {now.month + 12} - {count} = {then.month}, year {then.year}."
    total = now.month - count if back else now.month + count
    if total == then.month:
        return f"Month {now.month} {sign} {count} = {total}."
    return f"Month {now.month} + {count} = {total}. {total} - 12 = {then.month}, year {then.year}."


_GREETED = Wordings(
    "greeting.said",
    (
        "Hello there, {name} here.",
        "Hi! It is {name}.",
        "Hello, this is {name} speaking.",
        "{name} here. Greet me properly, please.",
        "Greetings from {name}.",
        "Hey, {name} has just sat down at the desk.",
        "Hello! I am {name}, and I am new here.",
        "Hi there. {name} wants to say hello.",
    ),
    ("Knock knock, {name} is here.", "A hello from {name}, with a cup of tea."),
)
_GREETING_BACK = Wordings(
    "greeting.answered",
    (
        "{greeting}, {name}! How can I help?",
        "{greeting}, {name}. What can I do for you?",
        "{greeting}, {name}! Nice to hear from you.",
        "{greeting} to you, {name}.",
        "{greeting}, {name}, and welcome.",
        "{greeting}, {name}. What are we up to?",
    ),
)


def part_of_day(hour: int) -> str:
    """
    >>> part_of_day(9), part_of_day(13), part_of_day(20), part_of_day(2)
    ('morning', 'afternoon', 'evening', 'night')
    """
    if hour < 5:
        return "night"
    return "morning" if hour < 12 else "afternoon" if hour < 18 else "evening"


def greeting(draw: Draw) -> Dialogue:
    """A greeting that fits the hour of the tag."""
    rng = draw.rng
    now = draw.moment(hours=(5, 23))
    name = rng.choice(PEOPLE)
    part = part_of_day(now.hour)
    others = [f"good {other}" for other in ("morning", "afternoon", "evening") if other != part]
    return Dialogue(
        [
            user_turn(stamp(now), draw.say(_GREETED, name=name)),
            reply(
                "Hello.",
                thought(f"The clock says {clock_words(now)}, hour {now.hour}: {part}."),
                draw.say(_GREETING_BACK, greeting=f"Good {part}", name=name),
            ),
        ],
        "greeting",
        1,
        Check(says=[[f"good {part}"]], avoids=others),
        tuple(draw.used),
        {"hour": now.hour, "part": part},
    )


MAKERS: dict[str, Maker] = {
    "weekday": weekday,
    "month length": month_length,
    "date": shifted,
    "greeting": greeting,
}
