"""Conversations on disk in three forms, told apart by content: published phase lists, JSON lines, and plain ChatML text.

- *Phase list*: one JSON array of conversations, each an array of messages; UTF-8, indented by 2, no line break at the end.
- *JSON lines*: `{"messages": [...], "metadata": {...}}` a line.
- *ChatML*: `<|im_start|>role`, line break, words, `<|im_end|>`; an empty line between conversations.

Stamps are never parsed here: impossible ones are in the data on purpose (see `stamps`).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chronolect.dialogue.messages import Conversation, check_conversation, with_time_tags
from chronolect.errors import UserError

_START, _END = "<|im_start|>", "<|im_end|>"
_MESSAGE = re.compile(r"<\|im_start\|>([a-z]+)\r?\n((?:(?!<\|im_(?:start|end)\|>).)*)<\|im_end\|>\s*", re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")  # JSON can write half of a character; no file can hold it

OnBad = Callable[[UserError], None]


def refuse(error: UserError) -> None:
    """What is done with a bad conversation unless told otherwise: the error stands."""
    raise error


def leaving_out(left_out: list[str], *, skip_bad: bool) -> OnBad:
    """What the flag `--skip-bad` means: the error stands, or is noted and its conversation left out."""
    return (lambda error: left_out.append(str(error))) if skip_bad else refuse


def read_dialogues(path: Path, *, strict_times: bool = False, on_bad: OnBad = refuse) -> list[Conversation]:
    """All conversations of a file; arguments and errors as `iterate_records`."""
    return [messages for messages, _ in iterate_records(path, strict_times=strict_times, on_bad=on_bad)]


def iterate_records(
    path: Path, *, strict_times: bool = False, on_bad: OnBad = refuse
) -> Iterator[tuple[Conversation, dict[str, Any]]]:
    """The conversations of a file, each held to the form of one, with their metadata (empty where a form has none).

    Args:
        path: A phase list, JSON lines or ChatML text.
        strict_times: Whether each user's turn must have a stamp that is a moment.
        on_bad: Called with the error of a conversation that is not right; when it returns, the conversation is left out.

    Raises:
        UserError: For a missing or empty file, one that is none of the three forms, and, by default, for a bad conversation: with the file,
            the line or the number of the conversation, and the message.
    """
    for _, messages, metadata in iterate_conversations(path, strict_times=strict_times, on_bad=on_bad):
        yield messages, metadata


def iterate_conversations(
    path: Path, *, strict_times: bool = False, on_bad: OnBad = refuse
) -> Iterator[tuple[str, Conversation, dict[str, Any]]]:
    """As `iterate_records`, with what errors are to name in front."""
    for where, messages, metadata in iterate_messages(path, on_bad=on_bad):
        try:
            check_conversation(messages, where, strict_times=strict_times)
        except UserError as error:
            on_bad(error)
            continue
        yield where, messages, metadata


def iterate_messages(
    path: Path, *, on_bad: OnBad = refuse
) -> Iterator[tuple[str, list[dict[str, Any]], dict[str, Any]]]:
    """What errors are to name, the messages and the metadata of each conversation of a file, whatever the order of its roles.

    Raises:
        UserError: As `iterate_records`, but only for what is no list of messages with role and content.
    """
    empty = True
    for where, value in _values(path, on_bad):
        empty = False
        try:
            messages, metadata = _conversation(value, where)
        except UserError as error:
            on_bad(error)
            continue
        yield where, messages, metadata
    if empty:
        raise UserError(f"{path}: no conversations in it")


def phase_list_bytes(conversations: Iterable[Sequence[Any]]) -> bytes:
    """Conversations as a published phase list, to the byte: keys in the order in which they were read.

    >>> phase_list_bytes([[{"role": "user", "content": "hé"}]]).decode()
    '[\\n  [\\n    {\\n      "role": "user",\\n      "content": "hé"\\n    }\\n  ]\\n]'
    """
    return json.dumps(list(conversations), indent=2, ensure_ascii=False).encode()


def json_line(messages: Sequence[Any], metadata: dict[str, Any]) -> str:
    """A conversation as one of our JSON lines, without the line break."""
    return json.dumps({"messages": list(messages), "metadata": metadata}, ensure_ascii=False)


def chatml(messages: Sequence[dict[str, str]], where: str = "a conversation") -> str:
    """A conversation as ChatML text, time tags in it; what the `time` template makes of it.

    Raises:
        UserError: Where words hold a mark of ChatML, so that the text could not be read back; named by `where`.
    """
    for number, message in enumerate(messages, 1):
        for mark in (_START, _END):
            if mark in message["content"]:
                raise UserError(f"{where}, message {number}: its words hold {mark}, which ChatML text cannot hold")
    return "".join(f"{_START}{one['role']}\n{one['content']}{_END}\n" for one in with_time_tags(messages))


def _values(path: Path, on_bad: OnBad) -> Iterator[tuple[str, Any]]:
    """What errors are to name, and one conversation as it stands in the file."""
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    try:
        # only a line feed ends a line: a carriage return inside of ChatML words stays what it is
        with open(path, encoding="utf-8-sig", newline="\n") as lines:
            head = _first_words(lines)
            lines.seek(0)
            if head.startswith("["):
                yield from _listed(path, lines.read())
            elif head.startswith("{"):
                yield from _lines(path, lines, on_bad)
            elif head.startswith(_START):
                yield from _marked(path, lines, on_bad)
            elif head:
                raise UserError(
                    f"{path}: neither a phase list (a JSON array), nor JSON lines, nor ChatML text; it begins with {head[:20]!r}"
                )
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: not UTF-8 text ({error.reason})") from None


def _first_words(lines: Iterable[str]) -> str:
    return next((line.strip() for line in lines if line.strip()), "")


def _listed(path: Path, text: str) -> Iterator[tuple[str, Any]]:
    try:
        values = json.loads(text)
    except json.JSONDecodeError as error:
        raise UserError(f"{path}: not valid JSON ({error})") from None
    for number, value in enumerate(values, 1):
        yield f"{path}, conversation {number}", value


def _lines(path: Path, lines: Iterable[str], on_bad: OnBad) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            yield where, json.loads(line)
        except json.JSONDecodeError as error:
            on_bad(UserError(f"{where}: not valid JSON ({error})"))


def _marked(path: Path, lines: Iterable[str], on_bad: OnBad) -> Iterator[tuple[str, Any]]:
    for number, text in enumerate(_marked_texts(lines), 1):
        where = f"{path}, conversation {number}"
        messages, place = [], 0
        while found := _MESSAGE.match(text, place):
            messages.append({"role": found[1], "content": found[2]})
            place = found.end()
        if place < len(text):
            left = " ".join(text[place:].split())[:40]
            on_bad(UserError(f'{where}: after message {len(messages)} comes "{left}", not a whole {_START}…{_END}'))
            continue
        yield where, messages


def _marked_texts(lines: Iterable[str]) -> Iterator[str]:
    """ChatML text cut at the empty lines that stand between conversations; those inside of words are the words' own."""
    gathered: list[str] = []
    for line in lines:
        if line.strip():
            gathered.append(line)
        elif gathered and gathered[-1].rstrip().endswith(_END):
            yield "".join(gathered)
            gathered = []
        elif gathered:
            gathered.append(line)
    if gathered:
        yield "".join(gathered)


def _conversation(value: Any, where: str) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    metadata: Any = {}
    messages = value
    if isinstance(value, dict):
        if "role" in value:
            raise UserError(f"{where}: one message where a conversation is expected; put its messages into a list")
        if "messages" not in value:
            raise UserError(f'{where}: must be an object with the key "messages"')
        messages, metadata = value["messages"], value.get("metadata")
    if messages == []:
        raise UserError(f"{where}: an empty conversation; leave it out")
    well_formed = isinstance(messages, list) and all(isinstance(one, dict) for one in messages)
    if not well_formed or not all(isinstance(one.get(key), str) for one in messages for key in ("role", "content")):
        name = '"messages"' if isinstance(value, dict) else "a conversation"
        raise UserError(f'{where}: {name} must be a list of objects with the texts "role" and "content"')
    for number, message in enumerate(messages, 1):
        if _LONE_SURROGATE.search(message["content"]):
            raise UserError(f"{where}, message {number}: half of a character (a lone \\ud800 to \\udfff)")
    return messages, metadata if isinstance(metadata, dict) else {}
