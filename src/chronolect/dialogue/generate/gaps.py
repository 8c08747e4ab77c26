"""Two turns and the time between them: how long it was, what to say on a return, what has become of things meanwhile."""

from datetime import UTC, datetime, timedelta, timezone

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.affairs import ERRANDS, PROCESSES
from chronolect.dialogue.generate.moments import MINUTE, duration_words, stamp
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.smalltalk import small_talk
from chronolect.dialogue.generate.spans import SCALES, Length, Scale, later_by, length_between
from chronolect.dialogue.messages import Conversation, user_turn
from chronolect.dialogue.notices import Notice

OPENED = Wordings("gap.opened", ("Let me see.", "Let me work it out.", "One moment.", "I will look at the clock."))
_HOW_LONG = Wordings(
    "elapsed.asked",
    (
        "How long ago did I write to you?",
        "How long ago was my last message?",
        "How much time has passed since I last wrote?",
        "How long have I been away?",
        "For how long was I gone?",
        "How long is it since we spoke?",
        "How long did I leave you waiting?",
        "Can you tell how long I was silent?",
        "How much time went by since then?",
        "When did we last speak? How long ago is it?",
    ),
    (
        "What is the time between my two messages?",
        "So tell me, how long has it been?",
        "I lost track. How long since I was last here?",
    ),
)
_SO_LONG = Wordings(
    "elapsed.answered",
    (
        "That was {words} ago.",
        "It has been {words}.",
        "You last wrote {words} ago.",
        "The time since then is {words}.",
        "Your last message was {words} ago.",
    ),
)
_LEFT = Wordings(
    "gap.left",
    (
        "I am off to {errand}.",
        "I have to go now, to {errand}.",
        "See you, I am going to {errand}.",
        "Time to leave for {errand}.",
        "Bye for now. I am going to {errand}.",
        "I must leave you now and go to {errand}.",
    ),
    ("Right, {errand} is next. Talk later.", "I will be gone for a while, at {errand}."),
)
_BID = Wordings(
    "gap.bid", ("See you later.", "Until later.", "Enjoy it.", "I will be here.", "Take care.", "All the best for it.")
)
RETURNED = Wordings(
    "gap.returned",
    (
        "I am back.",
        "Here I am again.",
        "Hello again.",
        "Hi, it is me again.",
        "Back again!",
        "I have returned.",
        "Are you still there?",
        "Good to see you again.",
    ),
    ("Knock knock, me once more.", "And we go on."),
)
_QUICK = Wordings(
    "gap.quick",
    ("That was quick! Did you forget something?", "That was quick.", "Back already? That was quick."),
)
_AFTER = Wordings(
    "gap.after",
    (
        "Welcome back after {words}. {asked}",
        "Hello again. It has been {words}. {asked}",
        "It has been {words}. {asked}",
    ),
)
_LONG_AFTER = Wordings(
    "gap.long",
    (
        "Welcome back! It has been a long time, {words}. {asked}",
        "It has been a long time, {words}. {asked}",
        "Hello after such a long time! It has been {words}. {asked}",
    ),
)
_BEGUN = Wordings(
    "meanwhile.begun",
    (
        "{begun}.",
        "{begun}. Now I have to go.",
        "{begun}, and now the phone rings.",
        "{begun}. Remind me to look after it, will you?",
        "{begun}. I am a little tired.",
        "{begun}. What a day!",
        "{begun}, just so that you know.",
        "{begun}. Somebody is at the door.",
    ),
    ("{begun}. I will look after it later.", "{begun}. Wait, my neighbour calls me."),
)
_NOTED = Wordings("meanwhile.noted", ("Noted.", "Good.", "All right.", "I will keep it in mind.", "Fine.", "I see."))
_WHAT_NOW = Wordings(
    "meanwhile.asked",
    (
        "How will {name} be now?",
        "What about {name} now?",
        "What do you think has become of {name}?",
        "I forgot {name}! How is it by now?",
        "In what state is {name} by now?",
        "What will I find when I look at {name}?",
        "Guess how {name} is now.",
        "Is there any change in {name}, would you think?",
    ),
    ("And {name}? How are things with it?", "I am only now thinking of {name}. How is that going to be?"),
)
_EARLY = Wordings(
    "meanwhile.early",
    (
        "It has only been {words}: {name} must still be {state}.",
        "After only {words} I think that {name} is still {state}.",
    ),
)
_LATE = Wordings(
    "meanwhile.late",
    ("It has been {words}: {name} must be {state} by now.", "After {words} I think that {name} is {state}."),
)
_LANDED = Wordings(
    "travel.asked",
    (
        "I have arrived, and my clock is on local time. How long ago did I write to you?",
        "Landed, and the clock is set anew. How long is it since my last message?",
        "Hello from another time zone! How much time has passed since I wrote?",
        "I am there, on another clock. How long was I on the way?",
        "We have crossed the border and changed our clocks. How long since my last message?",
        "My watch shows the time of this place now. How long ago did we speak?",
        "The train is here; other country, other time. How long did I not write?",
        "I changed my clock on arrival. How long have I been away in truth?",
    ),
    (
        "Different clock, same me. How long have we not spoken?",
        "They set the clocks otherwise here. So how long was I gone?",
    ),
)
_SETS_OUT = Wordings(
    "travel.left",
    (
        "I am setting out now.",
        "My flight leaves now.",
        "We are on the way.",
        "The train leaves. Talk to you there.",
        "I am boarding.",
        "Off I go, across the border.",
    ),
)


def elapsed(draw: Draw) -> Dialogue:
    """How long ago the user's last message was, from seconds to years."""
    scale = draw.rng.choice(SCALES)
    first = _beginning(draw, scale)
    second = later_by(draw.rng, first, scale)
    said, answered, _ = small_talk(draw)
    length = length_between(first, second)
    messages = [
        user_turn(stamp(first), said),
        answered,
        user_turn(stamp(second), draw.say(_HOW_LONG)),
        reply(draw.say(OPENED), thought(from_to(first, second, length)), draw.say(_SO_LONG, words=length.words)),
    ]
    return _dialogue(draw, messages, "elapsed", Check(silent=False, duration_s=length.seconds), first, second)


def gap(draw: Draw) -> Dialogue:
    """A return after seconds, after minutes up to days, or after months and years: the three as often as each other."""
    rng = draw.rng
    first = _beginning(draw, "months")
    errand = rng.choice(ERRANDS)
    left = draw.say(_LEFT, errand=errand.going)
    bid = draw.say(_BID)
    returned = draw.say(RETURNED)
    notices: Notice = rng.choice(("quick", "gap", "long_gap"))
    if notices == "quick":
        second = first + timedelta(seconds=rng.randint(8, 59))
        check = Check(silent=False, notices="quick")
        answer = [thought(f"Same day, same minute. Only {second.second} seconds."), draw.say(_QUICK)]
    else:
        scale: Scale = rng.choice(("minutes", "hours", "days") if notices == "gap" else ("months", "years"))
        second = later_by(rng, first, scale)
        length = length_between(first, second)
        check = Check(silent=False, notices=notices, duration_s=length.seconds)
        wordings = _AFTER if notices == "gap" else _LONG_AFTER
        answer = [thought(from_to(first, second, length)), draw.say(wordings, words=length.words, asked=errand.asked)]
    messages = [user_turn(stamp(first), left), reply(bid), user_turn(stamp(second), returned), reply(*answer)]
    return _dialogue(draw, messages, "gap", check, first, second, notices=notices)


def meanwhile(draw: Draw) -> Dialogue:
    """Something that has changed by now, or has not: soup goes cold, paint dries."""
    rng = draw.rng
    process = rng.choice(PROCESSES)
    late = rng.random() < 0.5
    first = draw.moment()
    low, high = (2 * process.minutes, 6 * process.minutes) if late else (1, process.minutes // 2)
    second = first + timedelta(minutes=_rounded(rng.randint(low, max(low, high))))
    length = length_between(first, second)
    state, other = (process.late, process.early) if late else (process.early, process.late)
    known = f"{process.early} up to {duration_words(process.minutes * MINUTE)}, then {process.late}. Now {state}."
    wordings = _LATE if late else _EARLY
    messages = [
        user_turn(stamp(first), draw.say(_BEGUN, begun=process.begun)),
        reply(draw.say(_NOTED)),
        user_turn(stamp(second), draw.say(_WHAT_NOW, name=process.name)),
        reply(
            draw.say(OPENED),
            thought(f"{from_to(first, second, length)} {known[0].upper()}{known[1:]}"),
            draw.say(wordings, words=length.words, name=process.name, state=state),
        ),
    ]
    check = Check(silent=False, says=[[state]], avoids=[other])
    return _dialogue(draw, messages, "meanwhile", check, first, second, state=state)


def travel(draw: Draw) -> Dialogue:
    """How long ago it was, when the clock has been set to another zone: the offsets of the two stamps differ."""
    rng = draw.rng
    here, there = rng.sample(range(-10, 13), 2)
    start = draw.moment(hours=(6, 16)).replace(tzinfo=timezone(timedelta(hours=here)))
    second = (start + timedelta(hours=rng.randint(1, 14))).astimezone(timezone(timedelta(hours=there)))
    in_utc = [moment.astimezone(UTC).replace(tzinfo=None) for moment in (start, second)]
    length = length_between(*in_utc)
    steps = (
        f"{_written(start)} at {_offset(here)} is {_written(in_utc[0])} UTC. "
        f"{_written(second)} at {_offset(there)} is {_written(in_utc[1])} UTC. {length.steps}"
    )
    messages = [
        user_turn(stamp(start), draw.say(_SETS_OUT)),
        reply(draw.say(_BID)),
        user_turn(stamp(second), draw.say(_LANDED)),
        reply(draw.say(OPENED), thought(steps), draw.say(_SO_LONG, words=length.words)),
    ]
    return _dialogue(draw, messages, "travel", Check(silent=False, duration_s=length.seconds), start, second)


MAKERS: dict[str, Maker] = {"elapsed": elapsed, "gap": gap, "meanwhile": meanwhile, "travel": travel}


def from_to(first: datetime, second: datetime, length: Length) -> str:
    """The computation of a length as a thought carries it: the two moments, as days alone where the time of day is the same, then the steps.

    >>> a, b = datetime(2024, 3, 5, 8), datetime(2024, 3, 8, 8)
    >>> from_to(a, b, length_between(a, b))
    'From 2024-03-05 to 2024-03-08. Same month. 8 - 5 = 3 days.'
    """
    write = _day if first.time() == second.time() else _written
    return f"From {write(first)} to {write(second)}. {length.steps}"


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")


def _rounded(minutes: int) -> int:
    """Minutes as people are apart: to five of them from an hour on, to the hour from a day on."""
    step = 1 if minutes < 60 else 5 if minutes < 1440 else 60
    return minutes - minutes % step


def _offset(hours: int) -> str:
    return f"{'-' if hours < 0 else '+'}{abs(hours):02}:00"


def _beginning(draw: Draw, scale: Scale) -> datetime:
    """A first moment; for months and years on a day that every month has."""
    moment = draw.moment()
    return moment.replace(day=min(moment.day, 28)) if scale in ("months", "years") else moment


def _dialogue(
    draw: Draw, messages: Conversation, kind: str, check: Check, first: datetime, second: datetime, **facts: object
) -> Dialogue:
    facts = {"first": stamp(first), "second": stamp(second), **facts}
    return Dialogue(messages, kind, 2, check, tuple(draw.used), facts)
