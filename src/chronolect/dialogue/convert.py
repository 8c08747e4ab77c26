"""`dialogue convert`: conversations from one form on disk into another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

from chronolect.artifacts import write_bytes
from chronolect.dialogue.files import chatml, iterate_conversations, json_line, leaving_out, phase_list_bytes
from chronolect.dialogue.messages import Conversation, with_time_tags, with_timestamps
from chronolect.errors import UserError

Form = Literal["phases", "jsonl", "chatml"]
Times = Literal["keep", "inline", "key"]

_TIMES: dict[Times, Callable[[Conversation], Conversation]] = {
    "keep": list,
    "inline": with_time_tags,
    "key": with_timestamps,
}


def convert(
    source: Path,
    *,
    to: Form,
    out: Path,
    times: Times = "keep",
    strict_times: bool = False,
    skip_bad: bool = False,
) -> dict[str, Any]:
    """Write conversations in another form. Words and stamps stay as they are, impossible stamps too.

    Args:
        source: A phase list, JSON lines or ChatML text; which one it is shows in its content.
        to: `phases`: a phase list, as published. `jsonl`: `{"messages": [...], "metadata": {...}}` a line. `chatml`: text, an empty line between
            conversations. Metadata is kept in `jsonl` only.
        out: File to write.
        times: `keep`: as they are. `inline`: a `timestamp` becomes a tag before the words. `key`: a tag becomes a `timestamp`, unless the words
            follow it without a line break. ChatML text has tags.
        strict_times: Whether each message of a user must have a stamp that is a moment.
        skip_bad: Whether conversations that are not right are left out and listed, instead of ending the command.
    """
    if to == "chatml" and times == "key":
        raise UserError("--times key: ChatML text has no place for timestamps but tags; leave it out")
    left_out: list[str] = []
    on_bad = leaving_out(left_out, skip_bad=skip_bad)
    conversations: list[Conversation] = []
    parts: list[str] = []
    for where, messages, metadata in iterate_conversations(source, strict_times=strict_times, on_bad=on_bad):
        written = _TIMES[times](messages)
        if to == "chatml":
            try:
                parts.append(chatml(written, where))
            except UserError as error:
                on_bad(error)
                continue
        elif to == "jsonl":
            parts.append(json_line(written, metadata) + "\n")
        conversations.append(written)
    if not conversations:
        raise UserError(f"{source}: every conversation was left out; see to the file first")
    separator = "\n" if to == "chatml" else ""
    write_bytes(out, phase_list_bytes(conversations) if to == "phases" else separator.join(parts).encode())
    lines = [f"{out}: {len(conversations):,} conversations", *left_out_lines(left_out)]
    return {"out": str(out), "conversations": len(conversations), "left_out": left_out, "screen": "\n".join(lines)}


def left_out_lines(left_out: list[str]) -> list[str]:
    """What was left out, for a person: the number and the first ten."""
    lines = [f"Left out: {len(left_out):,}", *(f"  {error}" for error in left_out[:10])] if left_out else []
    return lines + [f"  and {len(left_out) - 10:,} more (--json lists all)"] * (len(left_out) > 10)
