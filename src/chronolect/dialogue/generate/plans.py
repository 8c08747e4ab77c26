"""Two turns, and something due or planned in the first: by the second it is over, or it is still to come."""

from dataclasses import replace
from datetime import datetime, timedelta

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.deadlines import verdict
from chronolect.dialogue.generate.gaps import OPENED, RETURNED
from chronolect.dialogue.generate.moments import clock_words, date_words, stamp
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.spans import comparison, length_between
from chronolect.dialogue.generate.wording import DUTIES, EVENTS
from chronolect.dialogue.messages import user_turn

_DUE = Wordings(
    "deadline.stated",
    (
        "I must hand in {duty} {by}.",
        "{Duty} must be done {by}.",
        "Please keep in mind: {duty}, {by}.",
        "They want {duty} {by}.",
        "The cut-off for {duty} is set: {by}.",
        "For {duty} I have time, but it must be there {by}.",
        "The office takes {duty} {by}, not later.",
        "I promised {duty} {by}.",
    ),
    ("Whatever happens, {duty} has to leave my desk {by}.", "Write this down for me: {duty} {by}."),
)
_DUE_NOTED = Wordings(
    "deadline.noted", ("Noted: due {when}.", "I will keep it in mind: due {when}.", "All right. It is due {when}.")
)
_IN_TIME = Wordings(
    "deadline.asked",
    (
        "Am I still in time with {duty}?",
        "Is it too late for {duty}?",
        "Can I still hand in {duty}?",
        "I have not done {duty} yet. Is that bad?",
        "Did I miss the deadline for {duty}?",
        "What do you think, can I still make it with {duty}?",
        "Now I begin with {duty}. Am I late?",
        "{Duty} is ready to go out. Will they still take it?",
    ),
    ("Has the time for {duty} run out?", "About {duty}: is there any point in sending it now?"),
)
_HOW_LONG_LEFT = Wordings(
    "time left.asked",
    (
        "How long do I have left for {duty}?",
        "How much time is left for {duty}?",
        "How long is it until {duty} is due?",
        "How much time remains for {duty}?",
        "Tell me how long I still have for {duty}.",
        "What is the time that I have left for {duty}?",
        "How soon is {duty} due?",
        "How long can I still work on {duty}?",
    ),
    ("I need a number: until {duty} is due, how long?", "Put a number on it: how long is left for {duty}?"),
)
_OPEN = Wordings(
    "deadline.open",
    (
        "You are still in time: {words} left.",
        "There is still time: {words} left.",
        "It is not too late. You still have {words} left.",
    ),
)
_PASSED = Wordings(
    "deadline.passed",
    (
        "It is too late: it was due {words} ago.",
        "The deadline has passed: it was due {words} ago.",
        "You have missed it, it was due {words} ago.",
    ),
)
_ANNOUNCED = Wordings(
    "plan.stated",
    (
        "On {when} it is time for {event}.",
        "{Event} will be on {when}.",
        "I am nervous: {event} is on {when}.",
        "I look forward to {event} on {when}.",
        "We have fixed the day for {event}: {when}.",
        "On {when} we all go to {event}.",
        "My diary says {when} for {event}.",
        "They have put {event} on {when}.",
    ),
    ("There is a red circle around {when}, for {event}.", "{when} is the great day: {event}."),
)
_PLAN_NOTED = Wordings("plan.noted", ("I will think of you.", "I will keep the day in mind.", "How nice.", "Noted."))
_WAS = Wordings("plan.was", ("How was {event}? It was {words} ago.", "It was {words} ago. How did it go with {event}?"))
_WILL_BE = Wordings(
    "plan.will be", ("{Event} will be in {words}. Are you ready?", "It will be in {words}. Are you ready for {event}?")
)
_IS_TODAY = Wordings("plan.today", ("{Event} is today. All the best!", "It is today. All the best for {event}!"))


def deadline(draw: Draw) -> Dialogue:
    """Whether something is still in time: one half is, the other is not."""
    return _due(draw, "deadline", draw.rng.random() < 0.5)


def time_left(draw: Draw) -> Dialogue:
    """How long there is left; in a quarter of them nothing is."""
    return _due(draw, "time left", draw.rng.random() < 0.25)


def plan(draw: Draw) -> Dialogue:
    """A hello before, on, or after the day of something that was announced: it is still to come, it is today, it is over."""
    rng = draw.rng
    event = rng.choice(EVENTS)
    first = draw.moment()
    day = first + timedelta(days=rng.randint(2, 20))
    side = rng.choice(("before", "after", "after", "before", "today"))
    away = {"before": -rng.randint(1, (day - first).days - 1), "after": rng.randint(1, 20), "today": 0}[side]
    second = day + timedelta(days=away)
    slots = {"event": event, "Event": _upper(event), "when": date_words(day)}
    announced, noted = draw.say(_ANNOUNCED, **slots), draw.say(_PLAN_NOTED)
    returned = draw.say(RETURNED)
    compared = f"{_upper(event)}: {day:%Y-%m-%d}. Today {second:%Y-%m-%d}."
    if side == "today":
        steps = f"{compared} The same day."
        answer, check = (
            draw.say(_IS_TODAY, **slots),
            Check(silent=False, says=[["today"]], avoids=["how was", "how did"]),
        )
    else:
        length = length_between(*sorted((day, second)))
        steps = f"{compared} {comparison(second, day)} {'Over' if side == 'after' else 'To come'}. {length.steps}"
        answer = draw.say(_WAS if side == "after" else _WILL_BE, words=length.words, **slots)
        check = Check(
            silent=False,
            says=[["how was", "how did"] if side == "after" else ["will be", "is in", "to come", "to go", "ready"]],
            avoids=["will be", "ready"] if side == "after" else ["how was", "how did", "ago"],
            duration_s=length.seconds,
        )
    messages = [
        user_turn(stamp(first), announced),
        reply(noted),
        user_turn(stamp(second), returned),
        reply(draw.say(OPENED), thought(steps), answer),
    ]
    facts = {"first": stamp(first), "day": f"{day:%Y-%m-%d}", "second": stamp(second), "side": side}
    return Dialogue(messages, "plan", 2, check, tuple(draw.used), facts)


MAKERS: dict[str, Maker] = {"deadline": deadline, "time left": time_left, "plan": plan}


def _due(draw: Draw, kind: str, passed: bool) -> Dialogue:
    rng = draw.rng
    duty = rng.choice(DUTIES)
    slots = {"duty": duty, "Duty": _upper(duty)}
    first = draw.moment(hours=(6, 13))
    form = rng.choice(("date", "date", "clock", "within"))
    noted: list[str] = []
    match form:
        case "date":
            due = first + timedelta(days=rng.randint(3, 20))
            by, when = f"by {date_words(due)}", f"on {date_words(due)}"
        case "clock":
            due = first.replace(hour=rng.randint(15, 20), minute=rng.choice((0, 15, 30, 45)))
            by, when = f"by {clock_words(due)} today", f"at {clock_words(due)}"
        case _:
            hours = rng.randint(2, 8)
            due = first + timedelta(hours=hours)
            by, when = f"within {hours} hours", f"at {clock_words(due)}"
            noted = [thought(f"Now {clock_words(first)}. {first.hour} + {hours} = {due.hour}. Due {clock_words(due)}.")]
    second = _asked_at(draw, first, due, passed, in_days=form == "date")
    length = length_between(*sorted((due, second)))
    written = "%Y-%m-%d" if form == "date" else "%Y-%m-%d %H:%M"
    steps = (
        f"Due {due:{written}}. Now {second:{written}}. {comparison(second, due)} {'Passed' if passed else 'Open'}. "
        f"{length.steps}"
    )
    messages = [
        user_turn(stamp(first), draw.say(_DUE, by=by, By=_upper(by), **slots)),
        reply(*noted, draw.say(_DUE_NOTED, when=when)),
        user_turn(stamp(second), draw.say(_IN_TIME if kind == "deadline" else _HOW_LONG_LEFT, **slots)),
        reply(draw.say(OPENED), thought(steps), draw.say(_PASSED if passed else _OPEN, words=length.words)),
    ]
    check = replace(verdict(passed), silent=False, duration_s=None if kind == "deadline" else length.seconds)
    facts = {"first": stamp(first), "due": stamp(due), "second": stamp(second), "form": form, "passed": passed}
    return Dialogue(messages, kind, 2, check, tuple(draw.used), facts)


def _asked_at(draw: Draw, first: datetime, due: datetime, passed: bool, *, in_days: bool) -> datetime:
    """A moment between `first` and `due`, or after it: a number of days away, or of five minutes."""
    if in_days:
        return due + timedelta(days=draw.rng.randint(1, 12) if passed else -draw.rng.randint(1, (due - first).days - 1))
    if passed:
        late = timedelta(minutes=5 * draw.rng.randint(1, 36))
        return due + (late if draw.rng.random() < 0.75 else timedelta(days=draw.rng.randint(1, 3)))
    return due - timedelta(minutes=5 * draw.rng.randint(1, (due - first) // timedelta(minutes=5) - 1))


def _upper(words: str) -> str:
    return words[0].upper() + words[1:]
