"""Phase 1, deadlines: a day or an hour by which something is due, and a tag that lies before or after it."""

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.moments import clock_words, random_moment, stamp
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.spans import SCALES, comparison, later_by, length_between
from chronolect.dialogue.generate.wording import DUTIES, PEOPLE, full_date
from chronolect.dialogue.messages import user_turn

_AM_I_IN_TIME = Wordings(
    "deadline.asked",
    (
        "I still have {duty} here, due by {due}. Am I in time?",
        "The last moment for {duty} is {due}. Is it too late?",
        "{name} says that {duty} must be in by {due}. Have I missed it?",
        "They take {duty} until {due}. Can I still hand it in?",
        "About {duty}: the deadline is {due}. Did it pass?",
        "By {due} they want {duty}. Do I still make it?",
        "{name} forgot {duty}. The limit was set to {due}. Is there still time?",
        "My calendar has {duty} with the limit {due}. Is that over?",
        "I am holding {duty} in my hand. It counts up to {due}. Too late, or not?",
        "Is {duty} still accepted? The deadline given is {due}.",
    ),
    (
        "They close the list on {due}, and {duty} is not on it. Does it make sense to hurry?",
        "With {due} as the closing time for {duty}, where do I stand?",
        "For {duty} the door shuts at {due}. Open or shut?",
    ),
)
_HOW_LONG = Wordings(
    "deadline.asked length",
    (
        "The deadline for {duty} is {due}. How long do I have, or how long am I over?",
        "{due} is the limit for {duty}. How much time is left, or is it past?",
        "How long until {due}, when {duty} is due? Or how long since?",
        "{name} set {due} as the deadline for {duty}. How far away is it, before or after?",
        "How far am I from {due}, the deadline for {duty}?",
        "Due by {due}: {duty}. By how much am I early or late?",
        "For {duty} I was given until {due}. How much time is that from now, or ago?",
        "I owe them {duty} by {due}. How long is that off, ahead or behind?",
    ),
    ("Measure for me how far it is to {due}, or back to it: {duty} hangs on it.",),
)
_LOOKING = Wordings(
    "deadline.looking",
    (
        "Let me compare.",
        "Let me look at the clock.",
        "One moment.",
        "I will compare the two.",
        "Let me see.",
        "Let me check that.",
        "Here is how it stands.",
        "Let me work it out.",
    ),
)
_OPEN = Wordings(
    "deadline.open",
    (
        "You are still in time: {length} left.",
        "There is still time, {length}.",
        "You are in time, with {length} left.",
        "Still open. You have {length} left.",
        "You are still in time. It is due in {length}.",
        "There is still time left: {length}.",
    ),
)
_PASSED = Wordings(
    "deadline.passed",
    (
        "The deadline has passed, {length} ago.",
        "It is too late: it was due {length} ago.",
        "You have missed it by {length}.",
        "The deadline has passed. That was {length} ago.",
        "Too late, by {length}.",
        "It has passed. You are {length} late.",
    ),
)
IN_TIME = [
    "in time",
    "time left",
    "still time",
    "left",
    "still open",
    "remain",
    "remaining",
    "remains",
    "still accepted",
]
TOO_LATE = ["passed", "missed", "too late", "overdue", "expired", "is over", "late", "past", "closed"]


def verdict(passed: bool) -> Check:
    """What a reply must say of a deadline, and what it must not."""
    if passed:
        return Check(says=[TOO_LATE], avoids=["still in time", "in time", "still time", "time left", "still open"])
    return Check(says=[IN_TIME], avoids=["passed", "missed", "too late", "overdue", "expired", "is over"])


def deadline(draw: Draw) -> Dialogue:
    """Whether a deadline has passed by the tag, and for how long; as often passed as open."""
    rng = draw.rng
    scale = rng.choice(SCALES)
    first = random_moment(rng, hours=(6, 21))
    first = first.replace(day=min(first.day, 28))
    second = later_by(rng, first, scale)
    passed = rng.random() < 0.5
    due, now = (first, second) if passed else (second, first)
    asks_length = rng.random() < 0.3
    name, duty = rng.choice(PEOPLE), rng.choice(DUTIES)
    wordings = _HOW_LONG if asks_length else _AM_I_IN_TIME
    if first.date() == second.date():
        said, form = f"{clock_words(due)} today", "%Y-%m-%d %H:%M"
    elif scale in ("minutes", "hours"):
        said, form = f"{clock_words(due)} on {full_date(due, rng)}", "%Y-%m-%d %H:%M"
    else:
        said, form = full_date(due, rng), "%Y-%m-%d"
    length = length_between(first, second)
    steps = (
        f"Due {due:{form}}. Now {now:{form}}. {comparison(now, due)} {'Passed' if passed else 'Open'}. {length.steps}"
    )
    check = verdict(passed)
    if asks_length:
        check = Check(says=check.says, avoids=check.avoids, duration_s=length.seconds)
    return Dialogue(
        [
            user_turn(stamp(now), draw.say(wordings, name=name, duty=duty, due=said)),
            reply(draw.say(_LOOKING), thought(steps), draw.say(_PASSED if passed else _OPEN, length=length.words)),
        ],
        "deadline",
        1,
        check,
        tuple(draw.used),
        {"due": stamp(due), "now": stamp(now), "passed": passed, "scale": scale},
    )


MAKERS: dict[str, Maker] = {"deadline": deadline}
