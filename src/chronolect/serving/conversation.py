"""A conversation that time passes in: each turn is stamped, ticks come on the clock, thoughts stay in the history and out of sight.

What happens is told in events, so that a terminal and a web page can show the same conversation.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chronolect.dialogue.messages import Conversation, user_turn
from chronolect.dialogue.think import CLOSE, OPEN, is_silent, think_blocks, visible
from chronolect.errors import UserError
from chronolect.models.language_model import ContextError, LanguageModel
from chronolect.models.sampling import Sampling
from chronolect.serving.clock import Clock

_LEAST_ROOM = 128  # tokens that an answer gets before older turns are kept
_TAG = re.compile(f"({OPEN}|{CLOSE})")


@dataclass(frozen=True)
class UserSaid:
    """The user said something."""

    stamp: str
    text: str


@dataclass(frozen=True)
class TickSent:
    """Time passed, and the model was told so."""

    stamp: str


@dataclass(frozen=True)
class Said:
    """The model's reply.

    Attributes:
        reply: The whole of it, think blocks included.
    """

    reply: str

    @property
    def text(self) -> str:
        """What people see of it."""
        return visible(self.reply)

    @property
    def thoughts(self) -> list[str]:
        """Its think blocks."""
        return [block.text for block in think_blocks(self.reply)]


@dataclass(frozen=True)
class StayedSilent(Said):
    """The model chose to say nothing; it may have thought something."""


@dataclass(frozen=True)
class TurnsDropped:
    """The context is full: so many of the oldest messages are no longer sent. They stay in the conversation."""

    messages: int


@dataclass(frozen=True)
class Failed:
    """There is no reply.

    Attributes:
        problem: Why.
        kept: Whether the turn stands and can be retried; a tick that fails is taken back.
    """

    problem: str
    kept: bool


Event = UserSaid | TickSent | Said | StayedSilent | TurnsDropped | Failed


class ConversationEngine:
    """One conversation with one model.

    Its methods that make something happen are generators of events: what they do is done while they are read to the end.

    Attributes:
        messages: The whole conversation, stamps and think blocks included.
        clock: Its clock.
    """

    def __init__(
        self,
        model: LanguageModel,
        clock: Clock,
        *,
        messages: Sequence[dict[str, str]] = (),
        system: str | None = None,
        tick_every_s: float | None = None,
        most_ticks: int = 3,
        max_tokens: int = 512,
        sampling: Sampling | None = None,
        seed: int = 0,
    ) -> None:
        """Begin a conversation, or go on with one.

        Args:
            model: Who answers.
            clock: What time it is.
            messages: A conversation to go on with.
            system: System prompt of a new one.
            tick_every_s: Seconds on the clock after the last turn at which a tick is due; None for no ticks.
            most_ticks: Ticks in a row without a word of the user.
            max_tokens: Longest reply.
            sampling: How tokens are chosen; by default the likeliest.
            seed: Of sampling; the same conversation gets the same reply.
        """
        self.messages: Conversation = [dict(message) for message in messages]
        if system is not None:
            self.messages.insert(0, {"role": "system", "content": system})
        self.clock = clock
        self._model, self._sampling, self._seed = model, sampling or Sampling(), seed
        self._tick_every_s, self._most_ticks, self._max_tokens = tick_every_s, most_ticks, max_tokens
        self._dropped = 0  # messages behind the system prompt that are no longer sent
        self._ticks = 0  # in a row
        self._since = clock.seconds()  # of the last turn

    @property
    def unanswered(self) -> bool:
        """Whether the last turn has no reply."""
        return bool(self.messages) and self.messages[-1]["role"] == "user"

    def say(self, text: str, *, stamp: str | None = None) -> Iterator[Event]:
        """The user's words, and what comes of them.

        Args:
            text: The words.
            stamp: A stamp in place of the clock's, even an impossible one.

        Raises:
            UserError: Where the turn before has no reply yet.
        """
        self._refuse_if_unanswered()
        self._ticks, self._since = 0, self.clock.seconds()
        stamp = self.clock.stamp() if stamp is None else stamp
        self.messages.append(user_turn(stamp, text))
        yield UserSaid(stamp, text)
        yield from self._answer()

    def tick(self, place: float | None = None) -> Iterator[Event]:
        """Tell the model that time has passed.

        Args:
            place: When, on the clock's scale; by default now.

        Raises:
            UserError: Where the turn before has no reply yet.
        """
        self._refuse_if_unanswered()
        self._ticks, self._since = self._ticks + 1, self.clock.seconds() if place is None else place
        stamp = self.clock.stamp(self._since)
        self.messages.append(user_turn(stamp, ""))
        yield TickSent(stamp)
        for event in self._answer():
            if isinstance(event, Failed):
                self.messages.pop()
                self._ticks = self._most_ticks  # no more of them until the user speaks
                event = Failed(event.problem, kept=False)
            yield event

    def next_tick(self) -> float | None:
        """Where on the clock's scale the next tick is due; None while none is: before the first words, or after many ticks in a row."""
        said = any(message["role"] == "assistant" for message in self.messages)
        if self._tick_every_s is None or not said or self.unanswered or self._ticks >= self._most_ticks:
            return None
        return self._since + self._tick_every_s

    def tick_if_due(self) -> Iterator[Event]:
        """Send a tick if the clock has come to where one is due."""
        due = self.next_tick()
        if due is not None and due <= self.clock.seconds():
            yield from self.tick()

    def move(self, place: float) -> Iterator[Event]:
        """Set the clock, with the ticks that are due on the way.

        Args:
            place: Where to, on the clock's scale; it may lie in the past.

        Raises:
            UserError: For a clock that cannot be set.
        """
        forward = self.clock.seconds() < place
        while forward and (due := self.next_tick()) is not None and due <= place:
            self.clock.move(due)
            yield from self.tick(due)
        self.clock.move(place)
        self._since = min(self._since, place)

    def retry(self) -> Iterator[Event]:
        """Ask again for the reply that the last turn lacks.

        Raises:
            UserError: Where it has one.
        """
        if not self.unanswered:
            raise UserError("nothing to retry: the last turn has its reply")
        yield from self._answer()

    def drop(self) -> None:
        """Take back the last turn, which has no reply.

        Raises:
            UserError: Where it has one.
        """
        if not self.unanswered:
            raise UserError("nothing to drop: the last turn has its reply")
        self.messages.pop()

    def _refuse_if_unanswered(self) -> None:
        if self.unanswered:
            raise UserError("the last turn has no reply yet; retry it, or drop it")

    def _answer(self) -> Iterator[Event]:
        before = self._dropped
        while True:
            try:
                room = self._model.room(self._sent)
                if room is not None and room < min(self._max_tokens, _LEAST_ROOM) and self._drop_oldest():
                    continue
                (found,) = self._model.sample(
                    [self._sent], [self._seed + len(self.messages)], self._sampling, max_tokens=self._max_tokens
                )
            except UserError as error:
                if isinstance(error, ContextError) and self._drop_oldest():
                    continue
                yield Failed(str(error), kept=True)
                return
            break
        if self._dropped > before:
            yield TurnsDropped(self._dropped)
        reply = balanced(found.text.strip())
        self.messages.append({"role": "assistant", "content": reply})
        yield StayedSilent(reply) if is_silent(reply) else Said(reply)

    @property
    def _head(self) -> int:
        """Number of system messages."""
        return int(bool(self.messages) and self.messages[0]["role"] == "system")

    @property
    def _sent(self) -> Conversation:
        return self.messages[: self._head] + self.messages[self._head + self._dropped :]

    def _drop_oldest(self) -> bool:
        """Leave out the oldest turn and its reply; False where only the last turn is left."""
        if len(self.messages) - self._head - self._dropped <= 1:
            return False
        self._dropped += 2
        return True


def balanced(reply: str) -> str:
    """A reply whose think tags match, as the history needs it.

    A block that was cut off is closed; a first tag that closes was opened by the chat template, so it is opened here; what else is odd goes.

    >>> balanced("Hm. <think>cut off"), balanced("opened before</think>Yes.")
    ('Hm. <think>cut off\\n</think>', '<think>\\nopened before</think>Yes.')
    """
    parts: list[str] = []
    inside = seen = False
    for part in _TAG.split(reply):
        if part == CLOSE and not inside:
            if not seen:
                parts = [f"{OPEN}\n", *parts, part]
        elif part == OPEN and inside:
            pass
        else:
            inside = part == OPEN or (inside and part != CLOSE)
            parts.append(part)
        seen = seen or part in (OPEN, CLOSE)
    return "".join(parts) + (f"\n{CLOSE}" if inside else "")
