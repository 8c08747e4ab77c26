"""One sitting at a chat: lines are read and said or obeyed, ticks come in time, everything is shown and kept."""

from collections.abc import Callable, Iterable

from chronolect.console import say
from chronolect.errors import UserError, did_you_mean
from chronolect.serving.clock import parse_moment
from chronolect.serving.conversation import ConversationEngine, Event, Failed, StayedSilent, TickSent, UserSaid
from chronolect.serving.lines import Lines
from chronolect.serving.view import View

COMMANDS = {
    "/wait": "/wait 3 days          let time pass",
    "/at": "/at 2024-12-24T18:00  set the clock, to the past as well",
    "/stamp": "/stamp 2023-02-30T10  put this stamp on the next turn, whatever it says",
    "/tick": "/tick                 send a tick now",
    "/now": "/now                  show the clock",
    "/thoughts": "/thoughts             show think blocks, or hide them again",
    "/retry": "/retry                ask again for the reply that the last turn lacks",
    "/drop": "/drop                 take back the last turn, which has no reply",
    "/help": "/help                 show this; a line to be said that begins with / is written with two",
    "/quit": "/quit                 end, as the end of the input does",
}


class Session:
    """Lines in, events out.

    Attributes:
        shown: What was shown of the conversation, line by line.
        counts: How many `turns` of the user, `ticks`, `silences` and `failures` there were.
    """

    def __init__(self, engine: ConversationEngine, view: View, lines: Lines, keep: Callable[[], None]) -> None:
        """Sit down.

        Args:
            engine: The conversation.
            view: How it is shown.
            lines: Where lines come from.
            keep: Called after every turn, to save the conversation.
        """
        self._engine, self._view, self._lines, self._keep = engine, view, lines, keep
        self._stamp: str | None = None  # of the next turn, in place of the clock's
        self.shown: list[str] = []
        self.counts = {"turns": 0, "ticks": 0, "silences": 0, "failures": 0}

    def run(self) -> None:
        """Go on until the lines end, or the person ends it.

        Raises:
            UserError: For a line that cannot be obeyed and a turn without a reply, where no person can mend it.
            KeyboardInterrupt: As it came, where no person types.
        """
        if self._engine.unanswered:
            self._play(self._engine.retry)
        while True:
            try:
                line = self._lines.read(self._wait_s())
            except TimeoutError:
                self._play(self._engine.tick_if_due)
                continue
            except KeyboardInterrupt:
                if not self._lines.person:
                    raise
                say("")
                return
            if line is None or not self._take(line.strip()):
                return

    def summary(self) -> str:
        """How long it was, in words."""
        named = {"turns": "turn", "ticks": "tick", "silences": "silence", "failures": "turn without a reply"}
        parts = [f"{self.counts[key]} {word}{'s' if self.counts[key] != 1 else ''}" for key, word in named.items()]
        return ", ".join(part for part in parts if not part.startswith("0 ")) or "nothing was said"

    def _wait_s(self) -> float | None:
        """Seconds until the next tick is due by itself; None where none is."""
        due, clock = self._engine.next_tick(), self._engine.clock
        return (
            None if due is None or not clock.speed else max(0.0, (due - clock.seconds()) / clock.speed) + 0.001
        )  # not a hair too early

    def _take(self, line: str) -> bool:
        """Say a line, or obey it; whether to go on."""
        if not line:
            return True
        if line == "/quit":
            return False
        try:
            if line.startswith("/") and not line.startswith("//"):
                self._obey(*line.partition(" ")[::2])
            else:
                words = line.removeprefix("/")
                self._play(lambda: self._engine.say(words, stamp=self._stamp))
                self._stamp = None
        except UserError as error:
            if not self._lines.person:
                raise UserError(f"{self._lines.where()}{error}") from None
            say(f"({error})")
        return True

    def _obey(self, command: str, rest: str) -> None:
        engine, rest = self._engine, rest.strip()
        match command:
            case "/wait":
                place = engine.clock.after(rest)
                self._play(lambda: engine.move(place))
                say(f"(it is {engine.clock.stamp()})")
            case "/at":
                place = engine.clock.place(parse_moment(rest))
                self._play(lambda: engine.move(place))
                say(f"(it is {engine.clock.stamp()})")
            case "/stamp":
                if not rest or "<" in rest:
                    raise UserError("which stamp? such as /stamp 2023-02-30T10:00:00")
                self._stamp = rest
            case "/tick":
                self._play(engine.tick)
            case "/now":
                say(f"(it is {engine.clock.stamp()})")
            case "/thoughts":
                self._view.thoughts = not self._view.thoughts
                say(f"(think blocks are {'shown' if self._view.thoughts else 'hidden'})")
            case "/retry":
                self._play(engine.retry)
            case "/drop":
                engine.drop()
                self._keep()
            case "/help":
                say("\n".join(COMMANDS.values()))
            case _:
                raise UserError(f"{command}: no such command{did_you_mean(command, COMMANDS)}; /help shows them all")

    def _play(self, happening: Callable[[], Iterable[Event]]) -> None:
        """Show, count and keep what happens."""
        try:
            for event in happening():
                self._keep()
                self._show(event)
        except KeyboardInterrupt:
            if not self._lines.person:
                raise
            say("\n(interrupted; /retry asks again, /drop takes the turn back)")

    def _show(self, event: Event) -> None:
        line = self._view.line(event)
        self.shown.append(line)
        typed = isinstance(event, UserSaid) and self._lines.person  # and so before the person's eyes
        say(line.partition(" ")[0] if typed else line)
        self.counts["turns"] += isinstance(event, UserSaid)
        self.counts["ticks"] += isinstance(event, TickSent)
        self.counts["silences"] += isinstance(event, StayedSilent)
        if isinstance(event, Failed):
            self.counts["failures"] += 1
            if not self._lines.person:
                raise UserError(event.problem)
