"""What a conversation looks like on a terminal, and as text."""

import re

from chronolect.dialogue.think import think_blocks
from chronolect.serving.conversation import Event, Failed, Said, StayedSilent, TickSent, TurnsDropped, UserSaid

SILENCE = "(says nothing)"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")  # all but tab and line feed


class View:
    """Events as lines.

    Attributes:
        thoughts: Whether think blocks are shown.
    """

    def __init__(self, name: str, *, thoughts: bool) -> None:
        self.thoughts = thoughts
        self._name = name

    def line(self, event: Event) -> str:
        """What to show of an event. Letters that could steer a terminal are left out.

        >>> View("tiny", thoughts=False).line(Said("<think>\\\\nlate\\\\n</think>\\\\nGood \\\\x1b[31mevening."))
        'tiny: Good [31mevening.'
        """
        return _CONTROL.sub("", self._line(event))

    def _line(self, event: Event) -> str:
        match event:
            case UserSaid(stamp, text):
                return f"[{stamp}] you: {text}"
            case TickSent(stamp):
                return f"[{stamp}] (time passes)"
            case StayedSilent():
                return f"{self._name}: {' '.join([*self._thoughts(event), SILENCE])}"
            case Said():
                return f"{self._name}: {_with_thoughts(event.reply) if self.thoughts else event.text}"
            case TurnsDropped(messages):
                return f"(the context is full: the first {messages} messages are no longer sent)"
            case Failed(problem, kept):
                return f"(no reply: {problem}{'; /retry asks again, /drop takes the turn back' if kept else ''})"

    def _thoughts(self, said: Said) -> list[str]:
        return [_thought(text) for text in said.thoughts if text] if self.thoughts else []


def _with_thoughts(reply: str) -> str:
    """A reply with its think blocks set in brackets."""
    parts, end = [], 0
    for block in think_blocks(reply):
        parts += [reply[end : block.start].strip(), _thought(block.text) if block.text else ""]
        end = block.end
    parts.append(reply[end:].strip())
    return "\n".join(part for part in parts if part)


def _thought(text: str) -> str:
    return f"(thinks: {' '.join(text.split())})"
