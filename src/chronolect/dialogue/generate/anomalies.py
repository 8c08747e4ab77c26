"""Two turns whose stamps are at odds: time ran backwards, stood still or leapt; or the second is no moment. As often all is in order."""

import random
from datetime import datetime

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.invalid import because, impossible, part_by_part
from chronolect.dialogue.generate.moments import stamp
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.smalltalk import small_talk
from chronolect.dialogue.generate.spans import SCALES, Scale, comparison, later_by, length_between
from chronolect.dialogue.messages import user_turn
from chronolect.dialogue.stamps import Stamp

_BACKWARDS = Wordings(
    "anomaly.backwards",
    (
        "Time seems to run backwards: this message is dated {words} before your last one. Please check your clock.",
        "Your clock went backwards, to {words} before your last message. Is it set right?",
        "This message is stamped {words} earlier than your last message. Is your clock right?",
        "By the stamps we have gone back in time, {words} before your last message. Can that be?",
    ),
)
_SAME = Wordings(
    "anomaly.same",
    (
        "Both messages have the same time. Has your clock stopped?",
        "Your two messages bear the same time. Does your clock stand still?",
        "By the stamps both were sent at the same time. Is your clock running?",
    ),
)
_LEAP = Wordings(
    "anomaly.leap",
    (
        "That is a huge jump: {words} have passed since your last message. Is the date right?",
        "A huge jump in time! By the stamps {words} have passed. Is your clock right?",
        "It is a huge jump from your last message to this one, {words}. Can that be?",
    ),
)
_NO_MOMENT = Wordings(
    "anomaly.invalid",
    (
        "The time of your message is not possible: {why}. When is it really?",
        "There is something wrong with the stamp: {why}. Please check your clock.",
        "Your clock cannot be right: {why}.",
        "The stamp is invalid: {why}. Is your clock broken?",
    ),
)


def anomaly(draw: Draw) -> Dialogue:
    """Half of the time in order; else backwards, at the same time again, or a leap of more years than a talk can last."""
    rng = draw.rng
    side = rng.choice(("in order",) * 4 + ("backwards",) * 2 + ("same time", "leap"))
    first = draw.moment()
    first = first.replace(day=min(first.day, 28))
    said, answered, _ = small_talk(draw)
    more, answered_more, topic = small_talk(draw)
    second = _second(rng, first, side)
    length = length_between(*sorted((first, second)))
    seen = f"Last {_written(first)}, now {_written(second)}."
    match side:
        case "backwards":
            check = Check(silent=False, notices="backwards")
            answer = reply(
                thought(f"{seen} {comparison(second, first)} Backwards. {length.steps}"),
                draw.say(_BACKWARDS, words=length.words),
            )
        case "same time":
            check = Check(silent=False, notices="same_time")
            answer = reply(thought(f"{seen} The same time."), draw.say(_SAME))
        case "leap":
            check = Check(silent=False, notices="long_gap", duration_s=length.seconds)
            answer = reply(thought(f"{seen} {length.steps} A leap."), draw.say(_LEAP, words=length.words))
        case _:
            check = Check(silent=False, says=[[topic]], overlooks="backwards", avoids=["same time", "huge jump"])
            answer = reply(thought(f"{seen} {comparison(second, first)} In order."), answered_more["content"])
    messages = [user_turn(stamp(first), said), answered, user_turn(stamp(second), more), answer]
    facts = {"first": stamp(first), "second": stamp(second), "side": side}
    return Dialogue(messages, "anomaly", 2, check, tuple(draw.used), facts)


def invalid_later(draw: Draw) -> Dialogue:
    """A second turn with an impossible stamp, or with a possible one."""
    rng = draw.rng
    first = draw.moment()
    said, answered, _ = small_talk(draw)
    more, answered_more, topic = small_talk(draw)
    scale: Scale = rng.choice(("minutes", "hours", "days"))
    second = later_by(rng, first, scale)
    valid = rng.random() < 0.5
    text = stamp(second) if valid else impossible(rng, second)
    steps = thought(f"The tag says {text[:10]} {text[11:16]}. {part_by_part(text)}")
    if valid:
        check, answer = Check(silent=False, says=[[topic]], overlooks="invalid"), reply(steps, answered_more["content"])
    else:
        why = because(Stamp(text).problem or "")
        check, answer = Check(silent=False, notices="invalid"), reply(steps, draw.say(_NO_MOMENT, why=why))
    messages = [user_turn(stamp(first), said), answered, user_turn(text, more), answer]
    facts = {"first": stamp(first), "stamp": text, "valid": valid}
    return Dialogue(messages, "invalid", 2, check, tuple(draw.used), facts)


MAKERS: dict[str, Maker] = {"anomaly": anomaly, "invalid": invalid_later}


def _second(rng: random.Random, first: datetime, side: str) -> datetime:
    match side:
        case "backwards":
            later = later_by(rng, first, rng.choice(SCALES))
            return (
                first - (later - first)
                if later.year - first.year < 1
                else first.replace(year=first.year - rng.randint(1, 9))
            )
        case "same time":
            return first
        case "leap":
            return first.replace(year=first.year + rng.randint(30, 400))
        case _:
            scale: Scale = rng.choice(("minutes", "hours", "days"))
            return later_by(rng, first, scale)


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M")
