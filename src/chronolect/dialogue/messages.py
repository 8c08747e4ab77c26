"""Conversations with time in them: messages whose time tag stands at the head of the user's words, and ticks, which are nothing but the tag."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chronolect.dialogue.stamps import Stamp
from chronolect.dialogue.think import tag_problem
from chronolect.errors import UserError

Message = dict[str, str]  # role, content; a user's may have a timestamp, which the chat template writes as a tag
Conversation = list[Message]
ROLES = ("system", "user", "assistant")

_TAGGED = re.compile(r"<time>(.*?)</time>(\s*)(.*)", re.DOTALL)


@dataclass(frozen=True)
class Timed:
    """The words of a user's turn, taken apart; `head + text` is the turn as it was written.

    Attributes:
        stamp: The stamp of its time tag; None where it has no tag.
        separator: White space between the tag and the words: a newline nearly always.
        text: The words; empty in a tick.
    """

    stamp: Stamp | None
    separator: str
    text: str

    @property
    def is_tick(self) -> bool:
        """Whether time passed and nothing was said."""
        return self.stamp is not None and not self.text.strip()

    @property
    def content(self) -> str:
        """The turn as it was written."""
        return self.text if self.stamp is None else f"<time>{self.stamp.text}</time>{self.separator}{self.text}"


def read_timed(message: Mapping[str, str]) -> Timed:
    """Take a user's message apart; a `timestamp` counts as the tag that the chat template makes of it.

    >>> read_timed({"role": "user", "content": "<time>2025-01-01T08:00:00</time>\\nhello"})
    Timed(stamp=Stamp(text='2025-01-01T08:00:00'), separator='\\n', text='hello')
    >>> read_timed({"role": "user", "content": "", "timestamp": "2025-01-01T08:00:00"}).is_tick
    True
    """
    if "timestamp" in message:
        return Timed(Stamp(message["timestamp"]), "\n", message["content"])
    found = _TAGGED.fullmatch(message["content"])
    if found is None:
        return Timed(None, "", message["content"])
    return Timed(Stamp(found[1]), found[2], found[3])


def user_turn(stamp: str, text: str) -> Message:
    """A user's message said at a time; with no text a tick, in the spelling of the chat template's own (`tag, newline`).

    >>> user_turn("2025-01-01T08:00:00", "hello")["content"]
    '<time>2025-01-01T08:00:00</time>\\nhello'
    """
    return {"role": "user", "content": f"<time>{stamp}</time>\n{text}"}


def with_time_tags(messages: Sequence[Mapping[str, str]]) -> Conversation:
    """A conversation in which each `timestamp` is a tag at the head of the user's words, for whoever does not know that key.

    >>> with_time_tags([{"role": "user", "content": "hello", "timestamp": "2025-01-01T08:00:00"}])
    [{'role': 'user', 'content': '<time>2025-01-01T08:00:00</time>\\nhello'}]
    """
    tagged = []
    for message in messages:
        plain = dict(message)
        if message["role"] == "user" and plain.pop("timestamp", None) is not None:
            plain["content"] = read_timed(message).content
        tagged.append(plain)
    return tagged


def with_timestamps(messages: Sequence[Mapping[str, str]]) -> Conversation:
    """A conversation in which each time tag is the key `timestamp`, where the chat template gives back the same text.

    That is where tag and words are a line break apart. A tag set apart otherwise, or a tick without one, stays as it is.

    >>> with_timestamps([{"role": "user", "content": "<time>2025-01-01T08:00:00</time>\\nhello"}])
    [{'role': 'user', 'content': 'hello', 'timestamp': '2025-01-01T08:00:00'}]
    """
    keyed = []
    for message in messages:
        timed = read_timed(message)
        if message["role"] == "user" and timed.stamp is not None and timed.separator.startswith("\n"):
            text = timed.separator.removeprefix("\n") + timed.text
            keyed.append({**message, "content": text, "timestamp": timed.stamp.text})
        else:
            keyed.append(dict(message))
    return keyed


def check_conversation(
    messages: Sequence[Mapping[str, str]], where: str, *, strict_times: bool = False, to_answer: bool = False
) -> None:
    """Hold a conversation to the form: one system message at most, first; then user and assistant by turns.

    Args:
        messages: The conversation.
        where: What the error names, such as a file and the number of the conversation.
        strict_times: Whether every user's turn must have a stamp that is a moment, as `--strict` asks for.
        to_answer: Whether it must end with the user's words.

    Raises:
        UserError: For an empty conversation, a message without role or content, a wrong order, think tags that do not match, and what
            `strict_times` and `to_answer` ask for.
    """
    if not messages:
        raise UserError(f"{where}: an empty conversation; leave it out")
    for number, message in enumerate(messages, 1):
        if not isinstance(message, Mapping) or not all(
            isinstance(message.get(key), str) for key in ("role", "content")
        ):
            raise UserError(f'{where}, message {number}: must be an object with the texts "role" and "content"')
        if not isinstance(message.get("timestamp", ""), str):
            raise UserError(f'{where}, message {number}: "timestamp" must be a text such as 2025-01-01T08:00:00')
    turns = messages[1:] if messages[0]["role"] == "system" else messages
    offset = len(messages) - len(turns)
    if not turns:
        raise UserError(f"{where}: nothing but a system message")
    for place, message in enumerate(turns):
        expected = "assistant" if place % 2 else "user"
        spot = f"{where}, message {offset + place + 1}"
        if message["role"] != expected:
            raise UserError(f'{spot}: the role is "{message["role"]}" where "{expected}" is next; roles go by turns')
        if expected == "assistant":
            if problem := tag_problem(message["content"]):
                raise UserError(f"{spot}: {problem}")
        elif strict_times:
            stamp = read_timed(message).stamp
            if stamp is None:
                raise UserError(f"{spot}: no time tag; put <time>YYYY-MM-DDTHH:MM:SS</time> before the words")
            if stamp.problem:
                raise UserError(f'{spot}: the stamp "{stamp.text}" is no moment ({stamp.problem})')
    if to_answer and turns[-1]["role"] != "user":
        raise UserError(f"{where}: must end with a message of the user, to be answered")
