"""Phase 4: few long conversations in which everything comes together, chosen from many so as to be as different as they can be."""

import random
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import islice

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate import anomalies, calendar, gaps, invalid, plans, ticks
from chronolect.dialogue.generate.diversity import Choice, choose_diverse
from chronolect.dialogue.generate.feasts import FEASTS, YEARS
from chronolect.dialogue.generate.gaps import RETURNED, from_to
from chronolect.dialogue.generate.moments import random_moment, stamp
from chronolect.dialogue.generate.record import Dialogue, Draw, Maker, Wordings, draws, reply, thought
from chronolect.dialogue.generate.spans import length_between
from chronolect.dialogue.messages import Conversation, Message, read_timed, user_turn

POOL = 32  # conversations to choose from, for each that is chosen
_USER_TURNS = (4, 8)
_LAST_START = 2026  # the first part begins by then, so that the others stay where feasts are known
_WELCOME_AFTER = timedelta(days=2)
_LONG = timedelta(days=60)

_WELCOME = Wordings(
    "joined.welcome",
    ("Welcome back after {words}.", "Hello again, it has been {words}.", "Good to see you again after {words}."),
)
_WELCOME_LONG = Wordings(
    "joined.welcome long",
    ("Welcome back, it has been a long time: {words}.", "It has been a long time, {words}. Good to see you again."),
)
_FEAST = Wordings(
    "joined.feast",
    ("Hello again. Today is {feast}. {wish}", "Good to see you, and on {feast}. {wish}", "It is {feast} today. {wish}"),
)


@dataclass
class Sequel(Draw):
    """A draw for the next part of a conversation.

    Attributes:
        after: When the part before it ended; None for the first.
        begun: When this part begins.
    """

    after: datetime | None = None
    begun: datetime | None = None

    def moment(self, *, hours: tuple[int, int] = (7, 22), step_minutes: int = 5) -> datetime:
        """Within the hours: later the same day, or days, weeks or months after the part before."""
        self.begun = (
            self._first(hours, step_minutes) if self.after is None else self._next(self.after, hours, step_minutes)
        )
        return self.begun

    def ended(self, part: Dialogue) -> None:
        """Remember the last moment of a part that can be believed, by the clock on the wall."""
        moments = [moment for message in part.messages[::2] if (moment := _moment(message)) is not None]
        believed = moments[:1] if part.facts.get("side") in ("backwards", "leap") else moments[-1:]
        self.after = believed[0] if believed else self.begun

    def _first(self, hours: tuple[int, int], step_minutes: int) -> datetime:
        return random_moment(self.rng, hours=hours, step_minutes=step_minutes, years=(YEARS[0], _LAST_START))

    def _next(self, after: datetime, hours: tuple[int, int], step_minutes: int) -> datetime:
        rng = self.rng
        days = rng.choice((0, 0, 1, rng.randint(2, 6), 7 * rng.randint(1, 3), rng.randint(30, 150)))
        midnight = datetime(after.year, after.month, after.day)
        clock = timedelta(hours=rng.randint(*hours), minutes=rng.randrange(0, 60, step_minutes))
        found = midnight + timedelta(days=days) + clock
        if found < after + timedelta(minutes=10):
            found += timedelta(days=1)
        return found if found.day <= 28 else found + timedelta(days=4)  # some makers need a day that all months have


def occasion(draw: Draw) -> Dialogue:
    """The user comes back on a feast, and is wished well."""
    moment = draw.moment(hours=(8, 20))
    feast = draw.rng.choice(FEASTS)
    day = feast.day(moment.year)
    if day <= moment.date():
        day = feast.day(moment.year + 1)
    now = moment.replace(year=day.year, month=day.month, day=day.day)
    answer = draw.say(_FEAST, feast=feast.name, wish=feast.wish)
    messages = [user_turn(stamp(now), draw.say(RETURNED)), reply(thought(f"Today {day}: {feast.name}."), answer)]
    check = Check(silent=False, says=[[feast.name.removeprefix("the "), *feast.others]])
    return Dialogue(messages, "feast", 4, check, tuple(draw.used), {"feast": feast.name, "day": str(day)})


PARTS: dict[str, Maker] = {
    **gaps.MAKERS,
    **plans.MAKERS,
    **ticks.MAKERS,
    **anomalies.MAKERS,
    "invalid": invalid.invalid_stamp,
    "invalid later": anomalies.invalid_later,
    "greeting": calendar.greeting,
    "feast": occasion,
}


def joined(draw: Draw, parts_of: Mapping[str, Maker] = PARTS) -> Dialogue:
    """A conversation of 4 to 8 turns of the user: two parts or more of different kinds, one after the other."""
    rng = draw.rng
    wanted = rng.randint(*_USER_TURNS)
    sequel = Sequel(rng, draw.unseen, draw.used)
    messages: Conversation = []
    parts: list[Dialogue] = []
    for kind in rng.sample(sorted(parts_of), len(parts_of)):
        if kind == "feast" and sequel.after is not None and sequel.after.year > YEARS[1] - 2:
            continue  # its day may not be known
        part = parts_of[kind](sequel)
        turns = (len(messages) + len(part.messages)) // 2
        pending = part.facts.get("pending", False)  # a later tick would have to speak of it, so nothing may follow
        if turns > _USER_TURNS[1] or (pending and (not parts or turns < _USER_TURNS[0])):
            continue
        messages += _welcomed(sequel, part)
        parts.append(part)
        sequel.ended(part)
        if pending or (turns >= wanted and len(parts) > 1):
            break
    facts = {"parts": [{"kind": part.kind, **part.facts} for part in parts]}
    return Dialogue(messages, "joined", 4, parts[-1].check, tuple(draw.used), facts)


MAKERS: dict[str, Maker] = {"joined": joined}


def makers_of(kinds: Sequence[str]) -> dict[str, Maker]:
    """The maker of phase 4 that joins dialogues of some kinds alone; none where there are fewer than three kinds to join."""
    parts = {name: maker for name, maker in PARTS.items() if name.removesuffix(" later") in kinds}
    return {"joined": partial(joined, parts_of=parts)} if len(parts) > 2 else {}


def phase4_dialogues(count: int, seed: int, tested: Set[str], maker: Maker = joined) -> tuple[list[Dialogue], Choice]:
    """The most different of many joined conversations, with how different they are.

    Args:
        count: How many, 2 at least; they are chosen from `POOL` times as many.
        seed: The same seed gives the same conversations.
        tested: What the tests ask (`Dialogue.asked`).
        maker: What joins them.
    """
    made = [maker(draw) for draw in islice(draws(seed, "train/4/joined"), POOL * count)]
    fresh = [dialogue for dialogue in made if dialogue.asked not in tested]
    choice = choose_diverse(fresh, count, seed)
    chosen = [fresh[place] for place in choice.places]
    random.Random(f"{seed}/order/4").shuffle(chosen)
    return chosen, choice


def _welcomed(sequel: Sequel, part: Dialogue) -> list[Message]:
    """The messages of a part; its first reply, if others follow, begins with how long it has been since the part before."""
    before, now = sequel.after, _moment(part.messages[0])
    if before is None or now is None or now - before < _WELCOME_AFTER or len(part.messages) < 4:
        return part.messages
    length = length_between(before, now)
    words = sequel.say(_WELCOME_LONG if now - before >= _LONG else _WELCOME, words=length.words)
    first = reply(thought(from_to(before, now, length)), words, part.messages[1]["content"])
    return [part.messages[0], first, *part.messages[2:]]


def _moment(message: Message) -> datetime | None:
    stamp = read_timed(message).stamp
    moment = stamp.moment if stamp else None
    return moment.replace(tzinfo=None) if moment else None
