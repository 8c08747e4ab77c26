"""`dialogue stats`: what files of conversations hold, counted under stated definitions.

*Tick*: a user's turn that is nothing but its time tag, whatever white space follows. *Silent reply*: nothing is left of it without its think
blocks. *Lengths*: of the whole conversation as the `time` template writes it, special tokens of the model not added; `p90` is the element at place
floor(0.9 n) of the ascending lengths, as in the published figures.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from chronolect.dialogue.convert import left_out_lines
from chronolect.dialogue.files import iterate_conversations, leaving_out
from chronolect.dialogue.messages import Conversation, Timed, read_timed
from chronolect.dialogue.stamps import Stamp
from chronolect.dialogue.template import TIME_TEMPLATE
from chronolect.dialogue.think import OPEN, is_silent, think_blocks
from chronolect.models.chat_template import ChatTemplate

_SHOWN = 5  # stamps that are no moments, on the screen


def stats(files: list[Path], *, tokenizer: Path | None = None, skip_bad: bool = False) -> dict[str, Any]:
    """Count conversations, turns, ticks, think blocks, stamps and lengths.

    Args:
        files: Phase lists, JSON lines or ChatML texts, counted one by one.
        tokenizer: Folder of a tokenizer, for lengths in tokens; without it they are in characters.
        skip_bad: Whether conversations that are not right are left out and listed, instead of ending the command.
    """
    if tokenizer is None:
        measure: Callable[[str], int] = len
    else:
        from chronolect.models.tokenizers import load_tokenizer

        words = load_tokenizer(tokenizer)

        def measure(text: str) -> int:
            return len(words(text, add_special_tokens=False, verbose=False)["input_ids"])

    unit = "characters" if tokenizer is None else "tokens"
    time = ChatTemplate(TIME_TEMPLATE)
    found: dict[str, Any] = {}
    for path in files:
        left_out: list[str] = []
        counts = Counts()
        for where, messages, _ in iterate_conversations(path, on_bad=leaving_out(left_out, skip_bad=skip_bad)):
            counts.add(messages, where.removeprefix(f"{path}, "), measure(time.render(messages)))
        found[str(path)] = {**counts.as_dict(unit), "left_out": left_out}
    return {"files": found, "screen": "\n\n".join(_screen(path, one) for path, one in found.items())}


@dataclass
class Counts:
    """Running counts over conversations."""

    turns: Counter[int] = field(default_factory=Counter)  # number of user and assistant messages -> conversations
    roles: Counter[str] = field(default_factory=Counter)
    ends_on_user: int = 0
    ticks: Counter[str] = field(default_factory=Counter)  # bare, newline, other; conversations, answered, silent
    replies: Counter[str] = field(default_factory=Counter)
    blocks: Counter[int] = field(default_factory=Counter)  # think blocks -> replies
    block_words: int = 0
    stamps: Counter[str] = field(default_factory=Counter)
    separators: Counter[str] = field(default_factory=Counter)
    invalid: list[dict[str, str]] = field(default_factory=list)
    lengths: list[int] = field(default_factory=list)

    def add(self, messages: Conversation, where: str, length: int) -> None:
        """Count one conversation; `where` names it."""
        self.roles.update(message["role"] for message in messages)
        self.turns[sum(message["role"] != "system" for message in messages)] += 1
        self.ends_on_user += messages[-1]["role"] == "user"
        self.lengths.append(length)
        timed = [read_timed(message) if message["role"] == "user" else None for message in messages]
        for place, turn in enumerate(timed):
            if turn is None:
                if messages[place]["role"] == "assistant":
                    self._add_reply(messages[place]["content"])
                continue
            self._add_stamp(turn.stamp, f"{where}, message {place + 1}")
            if turn.is_tick:
                self._add_tick(turn, messages[place + 1]["content"] if place + 1 < len(messages) else None)
            elif turn.stamp is not None:
                self.separators[_SEPARATORS.get(turn.separator, "other")] += 1
        self.ticks["conversations"] += any(turn is not None and turn.is_tick for turn in timed)
        self.stamps["conversations_backwards"] += _runs_backwards([turn.stamp for turn in timed if turn is not None])

    def _add_reply(self, reply: str) -> None:
        blocks = think_blocks(reply)
        self.blocks[len(blocks)] += 1
        self.block_words += sum(len(block.text.split()) for block in blocks)
        self.replies["starting_with_think"] += reply.lstrip().startswith(OPEN)
        self.replies["silent"] += is_silent(reply)

    def _add_stamp(self, stamp: Stamp | None, where: str) -> None:
        if stamp is None:
            self.stamps["missing"] += 1
        elif stamp.moment is None:
            self.invalid.append({"where": where, "stamp": stamp.text, "problem": str(stamp.problem)})
        else:
            self.stamps["moments"] += 1
            self.stamps["with_offset"] += stamp.moment.tzinfo is not None

    def _add_tick(self, turn: Timed, reply: str | None) -> None:
        self.ticks["all"] += 1
        self.ticks[_SEPARATORS.get(turn.separator + turn.text, "other")] += 1
        if reply is not None:
            self.ticks["answered"] += 1
            self.ticks["silent"] += is_silent(reply)

    def as_dict(self, unit: str) -> dict[str, Any]:
        """Everything counted, with shares."""
        conversations, messages = self.turns.total(), self.roles["user"] + self.roles["assistant"]
        ticks, replies, blocks = self.ticks, self.roles["assistant"], _total(self.blocks)
        lengths = sorted(self.lengths)
        return {
            "conversations": conversations,
            "with_system": self.roles["system"],
            "messages": messages,
            "user_turns": self.roles["user"],
            "replies": replies,
            "ending_on_user": self.ends_on_user,
            "turns": dict(sorted(self.turns.items())),
            "ticks": {
                "number": ticks["all"],
                "share_of_user_turns": _share(ticks["all"], self.roles["user"]),
                "share_of_messages": _share(ticks["all"], messages),
                "conversations": ticks["conversations"],
                "share_of_conversations": _share(ticks["conversations"], conversations),
                "spelling": {name: ticks[name] for name in ("bare", "newline", "other")},
                "answered": ticks["answered"],
                "answered_silently": ticks["silent"],
            },
            "think_blocks": {
                "number": blocks,
                "mean_per_reply": _share(blocks, replies),
                "mean_words": _share(self.block_words, blocks),
                "replies_by_number": dict(sorted(self.blocks.items())),
                "replies_starting_with_one": self.replies["starting_with_think"],
                "silent_replies": self.replies["silent"],
            },
            "stamps": {
                "moments": self.stamps["moments"],
                "with_offset": self.stamps["with_offset"],
                "missing": self.stamps["missing"],
                "separators": {name: self.separators[name] for name in ("newline", "bare", "space", "other")},
                "invalid": self.invalid,
                "conversations_backwards": self.stamps["conversations_backwards"],
            },
            "lengths": {
                "unit": unit,
                "max": lengths[-1] if lengths else 0,
                "mean": _share(sum(lengths), len(lengths)),
                "p90": lengths[int(0.9 * len(lengths))] if lengths else 0,
            },
        }


_SEPARATORS = {"\n": "newline", "": "bare", " ": "space"}  # what follows a time tag


def _total(blocks: Counter[int]) -> int:
    return sum(number * replies for number, replies in blocks.items())


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _runs_backwards(stamps: Sequence[Stamp | None]) -> bool:
    """Whether a turn is earlier than the one before; only moments with offsets, or without, can be compared."""
    moments = [stamp.moment for stamp in stamps if stamp is not None and stamp.moment is not None]
    return any(
        later < earlier for earlier, later in pairwise(moments) if (earlier.tzinfo is None) == (later.tzinfo is None)
    )


def _screen(path: str, one: dict[str, Any]) -> str:
    ticks, blocks, stamps, lengths = one["ticks"], one["think_blocks"], one["stamps"], one["lengths"]
    turns = ", ".join(f"{number}: {count:,}" for number, count in one["turns"].items())
    by_number = ", ".join(f"{number}: {count:,}" for number, count in blocks["replies_by_number"].items())
    spelling = ", ".join(f"{count:,} {name}" for name, count in ticks["spelling"].items() if count)
    separators = ", ".join(f"{count:,} {name}" for name, count in stamps["separators"].items() if count)
    lines = [
        path,
        f"  conversations   {one['conversations']:,} ({one['with_system']:,} with a system message)",
        f"  messages        {one['messages']:,}: {one['user_turns']:,} of users, {one['replies']:,} replies"
        f" ({one['ending_on_user']:,} conversations end on the user)",
        f"  by messages     {turns}",
    ]
    if ticks["number"]:
        lines += [
            f"  ticks           {ticks['number']:,} ({spelling}): {ticks['share_of_user_turns']:.1%} of users' turns,"
            f" {ticks['share_of_messages']:.1%} of messages",
            f"                  in {ticks['conversations']:,} conversations ({ticks['share_of_conversations']:.1%});"
            f" {ticks['answered_silently']:,} of {ticks['answered']:,} answers say nothing",
        ]
    else:
        lines.append("  ticks           none")
    lines += [
        f"  think blocks    {blocks['number']:,}: {blocks['mean_per_reply']:.2f} a reply, {blocks['mean_words']:.1f} words each;"
        f" {blocks['replies_starting_with_one']:,} replies start with one, {blocks['silent_replies']:,} are nothing else",
        f"  by blocks       {by_number}",
        f"  stamps          {stamps['moments']:,} moments ({stamps['with_offset']:,} with offset), {stamps['missing']:,} turns without"
        f" a tag, {len(stamps['invalid']):,} that are no moments",
    ]
    lines += [
        f"                  {bad['where']}: {bad['stamp']!r} ({bad['problem']})" for bad in stamps["invalid"][:_SHOWN]
    ]
    lines += [f"                  between tag and words: {separators}"] if separators else []
    if stamps["conversations_backwards"]:
        lines.append(f"                  time runs backwards in {stamps['conversations_backwards']:,} conversations")
    lines.append(
        f"  {lengths['unit']:<15} longest {lengths['max']:,}, mean {lengths['mean']:,.1f}, p90 {lengths['p90']:,}"
    )
    return "\n".join([*lines, *(f"  {line}" for line in left_out_lines(one["left_out"]))])
