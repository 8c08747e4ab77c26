"""Several turns and many ticks: time passes, nothing is said, and the assistant speaks when something is due, and only then."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.affairs import HABITS, TASKS, TIMERS, Task
from chronolect.dialogue.generate.gaps import OPENED, RETURNED, from_to
from chronolect.dialogue.generate.moments import clock_words, count_words, stamp
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, reply, thought
from chronolect.dialogue.generate.smalltalk import small_talk
from chronolect.dialogue.generate.spans import Scale, later_by, length_between
from chronolect.dialogue.messages import Conversation, user_turn

_TIMER = Wordings(
    "timer.asked",
    (
        "{begun}. Tell me when {minutes} are over.",
        "{begun}. Let me know in {minutes}.",
        "{begun}. It takes {minutes}, please tell me when it is time.",
        "{begun}. Call me in {minutes}.",
        "{begun}. Give me a sign after {minutes}.",
        "{begun}. Set a timer for {minutes}, please.",
        "{begun}. In {minutes} I want to hear from you.",
        "{begun}. Count {minutes} for me.",
    ),
    ("{begun}. Shout once {minutes} have gone by.", "{begun}. Not a word before {minutes} are up, please."),
)
_REMIND = Wordings(
    "reminder.asked",
    (
        "At {clock} remind me to {deed}.",
        "Remind me to {deed} at {clock}.",
        "I have to {deed} at {clock}. Tell me then.",
        "Please tell me at {clock} to {deed}.",
        "At {clock} I must {deed}. Do not let me forget.",
        "When it is {clock}, tell me to {deed}.",
        "I want to {deed} at {clock}, but I forget things. Tell me.",
        "My plan for {clock} is to {deed}. Please remind me.",
    ),
    ("Give me a nudge at {clock}: I have to {deed}.", "{clock} is when I should {deed}. Speak up then."),
)
_EVERY_DAY = Wordings(
    "daily.asked",
    (
        "Every day at {clock} remind me to {deed}.",
        "Remind me each day at {clock} to {deed}.",
        "I have to {deed} at {clock} every day. Tell me each time.",
        "Please tell me daily at {clock} to {deed}.",
        "At {clock}, day by day, I must {deed}. Remind me.",
        "From tomorrow on I {deed} at {clock} each day. Please remind me.",
        "Day after day at {clock}: tell me to {deed}.",
        "My habit is to {deed} at {clock} every day. Do not let me forget.",
    ),
    (
        "Each time the clock says {clock}, nudge me to {deed}.",
        "I ought to {deed} daily. {clock} is the time; speak up then.",
    ),
)
_PROMISED = Wordings(
    "tick.promised",
    (
        "I will tell you at {clock}.",
        "All right, at {clock}.",
        "You will hear from me at {clock}.",
        "I will speak up at {clock}.",
    ),
)
_PROMISED_DAILY = Wordings(
    "daily.promised",
    (
        "I will tell you every day at {clock}.",
        "All right, each day at {clock}.",
        "You will hear from me daily at {clock}.",
    ),
)
_DROPPED = Wordings(
    "changed.dropped",
    (
        "Forget it, I have done it already.",
        "No need to remind me any more.",
        "Please drop that, it is done.",
        "Never mind, you need not tell me.",
        "I do not need it any longer. Stay quiet.",
        "It is off. Do not remind me.",
        "Strike that, somebody else does it.",
        "Cancel that, please.",
    ),
    ("That is settled now; no call needed.", "Scrap what I asked of you."),
)
_MOVED = Wordings(
    "changed.moved",
    (
        "Make it {clock} instead.",
        "I was wrong, it is {clock}.",
        "Please tell me at {clock}, not earlier.",
        "It has been moved to {clock}.",
        "Change of plan: {clock}.",
        "Let us say {clock}.",
        "Wait until {clock} with it.",
        "Could you make that {clock}?",
    ),
    ("It slipped to {clock}, so speak up then.", "New time: {clock}."),
)
_AGREED = Wordings("changed.agreed", ("All right.", "Fine.", "As you wish.", "Good.", "Done."))
_AGREED_AT = Wordings(
    "changed.agreed at", ("All right, at {clock}.", "Fine, {clock} then.", "Good. I will tell you at {clock}.")
)
_STILL = Wordings(
    "remaining.asked",
    (
        "How long is it still?",
        "How much time is left?",
        "How long do I have to wait?",
        "How long until you call me?",
        "How much longer?",
        "When is it time? How long is that from now?",
        "How long must I be patient?",
        "What is the time that remains?",
    ),
    ("Is it far off yet? How long?", "So, what does the timer say?"),
)
_LEFT = Wordings("remaining.answered", ("{words} left.", "It is {words} still.", "In {words} it is time."))
_WELCOMED = Wordings(
    "idle.welcomed", ("Welcome back after {words}.", "Hello again. It has been {words}.", "It has been {words}.")
)
_DUE_SAID = Wordings("tick.due", ("It is time to {deed}.", "Please {deed} now.", "Now is the time to {deed}."))


@dataclass
class _Watch:
    """A conversation in which one thing is due.

    Attributes:
        messages: What has been said.
        now: When the last turn was.
        due: When it is due; None where nothing is any more.
        line: What is said then.
        key: The word of it that counts.
        daily: Whether it is due again a day later.
        told: When it was said last.
        called_off: Whether the user wants it no more.
    """

    messages: Conversation
    now: datetime
    due: datetime | None = None
    line: str = ""
    key: str = ""
    daily: bool = False
    told: datetime | None = None
    called_off: bool = False

    def tick(self, now: datetime) -> bool:
        """Time passes; whether the assistant speaks."""
        return self._turn(now, "", [])

    def talk(self, draw: Draw, now: datetime) -> tuple[bool, str]:
        """The user speaks of something else; whether the assistant also says what is due, and of what the user spoke."""
        said, answered, topic = small_talk(draw)
        return self._turn(now, said, [answered["content"]]), topic

    def _turn(self, now: datetime, said: str, answered: list[str]) -> bool:
        self.now = now
        speaks = self.due is not None and now >= self.due
        answer = [thought(f"Now {self.write(now)}. {self._ruling()}"), *[self.line] * speaks, *answered]
        self.messages += [user_turn(stamp(now), said), reply(*answer)]
        if speaks:
            self.told, self.due = now, self._next_due()
        return speaks

    def between(self, draw: Draw) -> datetime:
        """A moment at which nothing is due: before it, or after all is said."""
        if self.due is None:
            return self.now + timedelta(minutes=draw.rng.randint(3, 90))
        left = (self.due - self.now) // timedelta(minutes=1)
        step = 30 if left > 480 else 5 if left > 60 else 1
        return self.now + timedelta(minutes=step * draw.rng.randint(1, max(1, (left - 1) // step)))

    def when_due(self, draw: Draw) -> datetime:
        """A moment at which it is due, or a little later."""
        assert self.due is not None
        return self.due + timedelta(minutes=draw.rng.choice((0, 0, 0, 1, 2, 5)))

    def write(self, moment: datetime) -> str:
        """A moment in a thought: the time of day, and the day where days matter."""
        return moment.strftime("%Y-%m-%d %H:%M") if self.daily else clock_words(moment)

    def _ruling(self) -> str:
        if self.due is not None:
            return f"Due {self.write(self.due)}. {'It is time.' if self.now >= self.due else 'Not yet.'}"
        if self.called_off:
            return "Called off. Nothing is due."
        return f"Told at {self.write(self.told)}. Nothing more is due." if self.told else "Nothing is due."

    def _next_due(self) -> datetime | None:
        return self.due + timedelta(days=1) if self.daily and self.due is not None else None


def tick(draw: Draw) -> Dialogue:
    """A timer or a reminder, and ticks: before it, when it is due, or when it has been said."""
    watch = _asked(draw)
    speaks = draw.rng.random() < 0.5
    told = not speaks and draw.rng.random() < 0.4
    _wait(draw, watch, draw.rng.randint(1 - told, 2 - told))
    if told:
        watch.tick(watch.when_due(draw))
    watch.tick(watch.when_due(draw) if speaks else watch.between(draw))
    return _ended(draw, watch, "tick", speaks, told=told)


def daily(draw: Draw) -> Dialogue:
    """Something to be reminded of each day at the same time, and ticks at that time and at others."""
    rng = draw.rng
    habit = rng.choice(HABITS)
    start = draw.moment()
    due = start.replace(hour=rng.randint(6, 21), minute=rng.choice((0, 30)))
    due += timedelta(days=due <= start)
    clock = clock_words(due)
    watch = _Watch(
        [user_turn(stamp(start), draw.say(_EVERY_DAY, clock=clock, deed=habit.deed))], start, due, daily=True
    )
    watch.line, watch.key = draw.say(_DUE_SAID, deed=_yours(habit)), habit.key
    steps = f"Now {watch.write(start)}. Due {watch.write(due)}."
    watch.messages.append(reply(thought(steps), draw.say(_PROMISED_DAILY, clock=clock)))
    for _ in range(rng.randint(1, 2)):
        watch.tick(watch.when_due(draw) if rng.random() < 0.5 else watch.between(draw))
    speaks = watch.tick(watch.when_due(draw) if rng.random() < 0.5 else watch.between(draw))
    return _ended(draw, watch, "daily", speaks)


def changed(draw: Draw) -> Dialogue:
    """A reminder that is called off or moved, and a tick at its old or its new time."""
    rng = draw.rng
    watch = _asked(draw, reminder=True)
    _wait(draw, watch, rng.randint(0, 1))
    old = watch.due
    assert old is not None
    now = watch.between(draw)
    dropped = rng.random() < 0.3
    if dropped:
        watch.due, watch.called_off = None, True
        said = draw.say(_DROPPED)
        answer = [thought(f"Now {clock_words(now)}. Due {clock_words(old)} called off."), draw.say(_AGREED)]
    else:
        watch.due = old + timedelta(minutes=15 * rng.randint(1, 8))
        clock = clock_words(watch.due)
        said = draw.say(_MOVED, clock=clock)
        answer = [
            thought(f"Now {clock_words(now)}. Due {clock}, not {clock_words(old)}."),
            draw.say(_AGREED_AT, clock=clock),
        ]
    watch.messages += [user_turn(stamp(now), said), reply(*answer)]
    watch.now = now
    if dropped:
        speaks = watch.tick(old + timedelta(minutes=rng.choice((0, 0, 1, 5))))
    elif rng.random() < 0.7:
        speaks = watch.tick(watch.when_due(draw))
    else:
        speaks = watch.tick(old + timedelta(minutes=rng.choice((0, 0, 1, 5))))
    return _ended(draw, watch, "changed", speaks, dropped=dropped)


def idle(draw: Draw) -> Dialogue:
    """Nothing is due and nobody speaks: silence, until the user is back, counted from the last words and not from the last tick."""
    rng = draw.rng
    scale: Scale = rng.choice(("minutes", "hours", "days"))
    start = draw.moment(hours=(7, 16))
    end = later_by(rng, start, scale)
    said, answered, _ = small_talk(draw)
    watch = _Watch([user_turn(stamp(start), said), answered], start)
    whole = (end - start) // timedelta(minutes=5)
    cuts = sorted(rng.sample(range(1, whole), min(whole - 1, rng.randint(1, 2)))) if whole > 1 else []
    for cut in cuts:
        watch.tick(start + timedelta(minutes=5 * cut))
    if rng.random() < 0.5:
        watch.tick(end)
        return _ended(draw, watch, "idle", False)
    length = length_between(start, end)
    watch.messages += [
        user_turn(stamp(end), draw.say(RETURNED)),
        reply(thought(f"Last words: {from_to(start, end, length)}"), draw.say(_WELCOMED, words=length.words)),
    ]
    check = Check(silent=False, duration_s=length.seconds)
    facts = {"start": stamp(start), "end": stamp(end), "ticks": len(cuts), "speaks": True}
    return Dialogue(watch.messages, "idle", 3, check, tuple(draw.used), facts)


def remaining(draw: Draw) -> Dialogue:
    """Ticks, then the question how long it is still."""
    watch = _asked(draw)
    _wait(draw, watch, draw.rng.randint(1, 2))
    now, due = watch.between(draw), watch.due
    assert due is not None
    length = length_between(now, due)
    steps = f"Now {clock_words(now)}. Due {clock_words(due)}. {length.steps}"
    watch.messages += [
        user_turn(stamp(now), draw.say(_STILL)),
        reply(draw.say(OPENED), thought(steps), draw.say(_LEFT, words=length.words)),
    ]
    check = Check(silent=False, duration_s=length.seconds)
    facts = {"due": stamp(due), "now": stamp(now), "pending": True}
    return Dialogue(watch.messages, "remaining", 3, check, tuple(draw.used), facts)


def overdue(draw: Draw) -> Dialogue:
    """The user speaks of something else, after it was due and before any tick, so that it must be said now; or before it is due."""
    watch = _asked(draw)
    _wait(draw, watch, draw.rng.randint(1, 2))
    late = draw.rng.random() < 0.5
    due = watch.due
    assert due is not None
    now = due + timedelta(minutes=draw.rng.randint(1, 30)) if late else watch.between(draw)
    speaks, topic = watch.talk(draw, now)
    says, avoids = (watch.key, []) if speaks else (topic, [watch.key] * (watch.key not in topic))
    check = Check(silent=False, says=[[says]], avoids=avoids)
    facts = {"due": stamp(due), "now": stamp(now), "speaks": speaks, "pending": watch.due is not None}
    return Dialogue(watch.messages, "overdue", 3, check, tuple(draw.used), facts)


MAKERS: dict[str, Maker] = {
    "tick": tick,
    "daily": daily,
    "changed": changed,
    "idle": idle,
    "remaining": remaining,
    "overdue": overdue,
}


def _asked(draw: Draw, *, reminder: bool = False) -> _Watch:
    """The user asks for a timer or for a reminder at a time of day, and is promised it."""
    rng = draw.rng
    start = draw.moment(hours=(7, 13), step_minutes=1)
    if reminder or rng.random() < 0.5:
        task = rng.choice(TASKS)
        due = start.replace(minute=rng.randrange(0, 60, 15)) + timedelta(hours=rng.randint(1, 8))
        due += timedelta(hours=due - start < timedelta(minutes=10))
        clock = clock_words(due)
        asked = draw.say(_REMIND, clock=clock, deed=task.deed)
        line, key = draw.say(_DUE_SAID, deed=_yours(task)), task.key
        steps = f"Now {clock_words(start)}. Due {clock}."
    else:
        timer = rng.choice(TIMERS)
        minutes = rng.randint(*timer.minutes)
        due = start + timedelta(minutes=minutes)
        asked = draw.say(_TIMER, begun=timer.begun, minutes=count_words(minutes, "minute"))
        line, key = timer.done, timer.key
        steps = f"Now {clock_words(start)}. {_sum(start, minutes)} Due {clock_words(due)}."
    promise = reply(thought(steps), draw.say(_PROMISED, clock=clock_words(due)))
    return _Watch([user_turn(stamp(start), asked), promise], start, due, line, key)


def _wait(draw: Draw, watch: _Watch, turns: int) -> None:
    """So many turns before it is due, most of them ticks; fewer where no minute is left for them and for one more."""
    for _ in range(turns):
        assert watch.due is not None
        moment = watch.between(draw)
        if watch.due - moment < timedelta(minutes=2):
            return
        if draw.rng.random() < 0.2:
            watch.talk(draw, moment)
        else:
            watch.tick(moment)


def _ended(draw: Draw, watch: _Watch, kind: str, speaks: bool, **facts: object) -> Dialogue:
    check = Check(silent=False, says=[[watch.key]]) if speaks else Check(silent=True)
    facts = {"now": stamp(watch.now), "speaks": speaks, "pending": watch.due is not None, **facts}
    return Dialogue(watch.messages, kind, 3, check, tuple(draw.used), facts)


def _sum(start: datetime, minutes: int) -> str:
    total = start.minute + minutes
    return f"{start.minute} + {minutes} = {total}." + (
        f" {total} - 60 = {total - 60}, next hour." if total > 59 else ""
    )


def _yours(task: Task) -> str:
    return task.deed.replace("my ", "your ")
