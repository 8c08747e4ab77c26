"""Phase 1, time zones: what time it is elsewhere, by the rules of the zones on that day.

The rules come from the system's zone database through `zoneinfo` (from the package tzdata where a system has none). The places are such
whose rules for the years spoken of have long been settled, so that databases of different age agree.
"""

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.moments import clock_words, random_moment, stamp, weekday_words
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.wording import EVENTS, PEOPLE
from chronolect.dialogue.messages import user_turn

YEARS = (2017, 2025)
PLACES = {
    "London": "Europe/London",
    "Lisbon": "Europe/Lisbon",
    "Paris": "Europe/Paris",
    "Berlin": "Europe/Berlin",
    "Rome": "Europe/Rome",
    "Oslo": "Europe/Oslo",
    "Athens": "Europe/Athens",
    "Helsinki": "Europe/Helsinki",
    "Reykjavik": "Atlantic/Reykjavik",
    "Lagos": "Africa/Lagos",
    "Nairobi": "Africa/Nairobi",
    "Johannesburg": "Africa/Johannesburg",
    "Dubai": "Asia/Dubai",
    "Karachi": "Asia/Karachi",
    "Delhi": "Asia/Kolkata",
    "Kathmandu": "Asia/Kathmandu",
    "Dhaka": "Asia/Dhaka",
    "Bangkok": "Asia/Bangkok",
    "Singapore": "Asia/Singapore",
    "Beijing": "Asia/Shanghai",
    "Tokyo": "Asia/Tokyo",
    "Seoul": "Asia/Seoul",
    "Perth": "Australia/Perth",
    "Adelaide": "Australia/Adelaide",
    "Sydney": "Australia/Sydney",
    "Auckland": "Pacific/Auckland",
    "Honolulu": "Pacific/Honolulu",
    "Vancouver": "America/Vancouver",
    "Denver": "America/Denver",
    "Chicago": "America/Chicago",
    "New York": "America/New_York",
    "Halifax": "America/Halifax",
    "St. John's": "America/St_Johns",
    "Bogota": "America/Bogota",
    "Buenos Aires": "America/Argentina/Buenos_Aires",
}

_WHAT_TIME = Wordings(
    "zone.asked",
    (
        "I am in {here}. What time is it in {there} now?",
        "Greetings from {here}. What is the time in {there}?",
        "{name} lives in {there}, I live in {here}. What does the clock say over there?",
        "May I call {name} in {there}? What time is it there? I am in {here}.",
        "What is the local time in {there}? I am writing from {here}.",
        "My watch is set to {here}. What should it show in {there}?",
        "I sit in {here} and {name} in {there}. Which time does {name} have?",
        "If it is this time in {here}, what time is it in {there}?",
    ),
    (
        "Here in {here} the day goes on. And the clocks of {there}, what do they show?",
        "Turn the time of {here} into that of {there} for me.",
    ),
)
_WHEN_THERE = Wordings(
    "zone.asked event",
    (
        "I am in {here}. {event} begins at {clock} in {there} today. What time is that for me?",
        "Today {event} is at {clock}, {there} time. When is it here in {here}?",
        "{name} in {there} moved {event} to {clock} their time, today. What is that in {here}, where I am?",
        "At {clock} of today in {there}: {event}. I am in {here}; what does my clock say then?",
        "We watch {event} today, at {clock} in {there}. We are in {here}. At what time of ours?",
        "For {event} they say {clock} today, meaning {there}. I need it for {here}, please.",
        "{event} today, {clock} by the clocks of {there}. And by those of {here}, where I live?",
        "My ticket for {event} reads {clock}, {there} time, today. In {here} time, what is it?",
    ),
    (
        "Turn {clock} of today in {there} into {here} time for me: it is about {event}.",
        "When my friends in {there} go to {event} today at {clock}, how late is it in {here}?",
    ),
)
_CONVERTING = Wordings(
    "zone.converting",
    (
        "Let me convert it.",
        "Let me compare the zones.",
        "One moment.",
        "Let me see.",
        "I will look at both zones.",
        "Let me work it out.",
        "Gladly.",
        "Here is how it goes.",
    ),
)
_IS_TIME = Wordings(
    "zone.answered",
    (
        "In {place} it is {clock}{day}.",
        "It is {clock}{day} in {place}.",
        "The clocks in {place} say {clock}{day}.",
        "{place} has {clock}{day}.",
        "That is {clock}{day} in {place}.",
        "It is {clock}{day} there.",
    ),
)
_IS_TIME_HERE = Wordings(
    "zone.answered event",
    (
        "In {place} that is {clock}{day}.",
        "That is {clock}{day} in {place}.",
        "Your clock in {place} will say {clock}{day}.",
        "For you in {place} it is {clock}{day}.",
        "It is {clock}{day} for you.",
        "So it is {clock}{day} in {place}.",
    ),
)


def zone(draw: Draw) -> Dialogue:
    """What time it is in another place now; or what time of the speaker's an hour of another place is. The tag is in the speaker's time."""
    rng = draw.rng
    here, there = rng.sample(sorted(PLACES), 2)
    name = rng.choice(PEOPLE)
    now = _settled_moment(rng, here, there)
    local = now.astimezone(ZoneInfo(PLACES[there]))
    if rng.random() < 0.6 or local.date() != now.date():  # elsewhere "today" must be the same day
        asked, given, wanted = now, here, there
        question = draw.say(_WHAT_TIME, here=here, there=there, name=name)
        answered = _IS_TIME
    else:
        asked, given, wanted = local.replace(hour=rng.randint(7, 22), minute=rng.choice((0, 15, 30, 45))), there, here
        question = draw.say(
            _WHEN_THERE, here=here, there=there, name=name, clock=clock_words(asked), event=rng.choice(EVENTS)
        )
        answered = _IS_TIME_HERE
    then = asked.astimezone(ZoneInfo(PLACES[wanted]))
    return Dialogue(
        [
            user_turn(_tag(rng, now), question[0].upper() + question[1:]),
            reply(
                draw.say(_CONVERTING),
                thought(_steps(asked, then, given, wanted)),
                draw.say(answered, place=wanted, clock=clock_words(then), day=_day_said(asked, then)),
            ),
        ],
        "zone",
        1,
        Check(clock=clock_words(then)),
        tuple(draw.used),
        {"given": given, "wanted": wanted, "asked": stamp(asked), "then": stamp(then)},
    )


def _settled_moment(rng: random.Random, here: str, there: str) -> datetime:
    """A moment here, more than two days away from any change of the clocks in both places."""
    while True:
        moment = random_moment(rng, years=YEARS).replace(tzinfo=ZoneInfo(PLACES[here]))
        around = [moment.astimezone(UTC) + timedelta(days=days) for days in (-2, 0, 2)]
        if all(
            len({day.astimezone(ZoneInfo(PLACES[place])).utcoffset() for day in around}) == 1 for place in (here, there)
        ):
            return moment


def _tag(rng: random.Random, now: datetime) -> str:
    """With the offset half of the time."""
    return stamp(now if rng.random() < 0.5 else now.replace(tzinfo=None))


def _day_said(asked: datetime, then: datetime) -> str:
    if asked.date() == then.date():
        return ""
    return f" on {weekday_words(then)}, the {'next' if then.date() > asked.date() else 'previous'} day"


def _steps(asked: datetime, then: datetime, given: str, wanted: str) -> str:
    """The sum of minutes over the two offsets, on the day that it is in the given place."""
    difference = (then.utcoffset() or timedelta()) - (asked.utcoffset() or timedelta())
    ahead = difference >= timedelta()
    size = f"{abs(difference) // timedelta(hours=1)}:{abs(difference).seconds // 60 % 60:02d}"
    turn = "" if asked.date() == then.date() else " Next day." if then.date() > asked.date() else " Day before."
    return (
        f"{asked:%B}. {given} is UTC{offset_words(asked)}, {wanted} is UTC{offset_words(then)}: {size} {'more' if ahead else 'less'}. "
        f"{clock_words(asked)} {'+' if ahead else '-'} {size} = {clock_words(then)}.{turn}"
    )


def offset_words(moment: datetime) -> str:
    """The offset of a moment in hours and minutes.

    >>> offset_words(datetime(2024, 1, 1, tzinfo=ZoneInfo("Asia/Kolkata")))
    '+5:30'
    """
    seconds = round((moment.utcoffset() or timedelta()).total_seconds())
    return f"{'-' if seconds < 0 else '+'}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02d}"


MAKERS: dict[str, Maker] = {"zone": zone}
