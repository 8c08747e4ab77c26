"""The record of fine-tuning for a cutoff, and the folder it lives in.

A line is `{"instruction": ..., "output": ..., "metadata": {...}}`, or a conversation, `{"messages": [...], "metadata": {...}}`.
`metadata.dataset_type` says which side of the cutoff it is on. Keys of the metadata that mean something here:

    dataset_type     retain (from before the cutoff, to be answered) or unlearn (from after it)
    original_answer  the true answer of an unlearn record, whose output is what the model is to say instead
    answer, aliases  the answer in as few words as name it, and other names of it: what grading looks for
    alternatives     wrong answers that somebody at the cutoff might give, worded like the true one
    date, family     when it happened (EDTF); what it is about: records of one family are never split
    form             chat (the default), or text: a beginning and its continuation, without a chat template
    style            in which manner an unlearn record declines
"""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from chronolect.errors import UserError

Side = Literal["retain", "unlearn"]
Form = Literal["chat", "text"]


@dataclass(frozen=True)
class Record:
    """One question with what the model is to say to it.

    Attributes:
        instruction: The question, or the beginning of a text.
        output: What is to be said.
        metadata: See the module.
        before: Earlier messages of the conversation, a system message among them.
    """

    instruction: str
    output: str
    metadata: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[Mapping[str, str], ...] = ()

    @property
    def side(self) -> Side:
        """Which side of the cutoff it is on."""
        side: Side = self.metadata["dataset_type"]
        return side

    @property
    def form(self) -> Form:
        """Whether it goes through the chat template."""
        form: Form = self.metadata.get("form", "chat")
        return form

    @property
    def family(self) -> str:
        """What it is about; by default the article it came from, else the question itself."""
        return str(self.metadata.get("family") or self.metadata.get("source_article_id") or self.instruction)

    @property
    def truth(self) -> str:
        """The true answer, whatever the model is to say."""
        return str(self.metadata.get("original_answer") or self.output)

    @property
    def answers(self) -> tuple[str, ...]:
        """The answer in as few words as name it, and its other names; the whole true answer where no short one is given."""
        short = self.metadata.get("answer")
        return (str(short), *map(str, self.metadata.get("aliases") or ())) if short else (self.truth,)

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Wrong answers that somebody at the cutoff might give."""
        return tuple(map(str, self.metadata.get("alternatives") or ()))

    def messages(self, reply: str | None = None) -> list[dict[str, str]]:
        """As a conversation that ends with the question, or with a reply to it."""
        asked = [*map(dict, self.before), {"role": "user", "content": self.instruction}]
        return asked if reply is None else [*asked, {"role": "assistant", "content": reply}]

    def line(self) -> str:
        """As a JSON line."""
        if self.before:
            row: dict[str, Any] = {"messages": self.messages(self.output), "metadata": dict(self.metadata)}
        else:
            row = {"instruction": self.instruction, "output": self.output, "metadata": dict(self.metadata)}
        return json.dumps(row, ensure_ascii=False) + "\n"


@dataclass(frozen=True)
class Layout:
    """Where the records of a data set lie, as the seeds lay them out."""

    folder: Path

    @classmethod
    def default(cls) -> "Layout":
        """`$WIKI_DATA/datasets`, as the seeds have it, or `datasets` here."""
        root = os.environ.get("WIKI_DATA")
        return cls(Path(root) / "datasets" if root else Path("datasets"))

    def file(self, side: Side, split: Literal["train", "val"]) -> Path:
        """`retain/retain_train.jsonl` and the like."""
        return self.folder / side / f"{side}_{split}.jsonl"

    @property
    def dev(self) -> Path:
        """A small file of both sides, of which no record is in the training files."""
        return self.folder / "dev" / "dev_subset.jsonl"


def parse_record(line: str, *, where: str, side: Side | None = None) -> Record:
    """Read one line. `where` (file, line) opens every error; `side` is that of a file whose lines do not say."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not valid JSON ({error.msg} at column {error.colno})") from None
    if not isinstance(row, dict):
        raise UserError(f"{where}: expected an object, found {type(row).__name__}")
    metadata = row.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise UserError(f'{where}: "metadata" must be an object')
    kind = metadata.get("dataset_type", side)
    if kind not in ("retain", "unlearn"):
        raise UserError(f'{where}: metadata.dataset_type must be "retain" or "unlearn", not {json.dumps(kind)}')
    metadata = {**metadata, "dataset_type": kind}
    if metadata.get("form", "chat") not in ("chat", "text"):
        raise UserError(f'{where}: metadata.form must be "chat" or "text", not {json.dumps(metadata["form"])}')
    if "messages" in row:
        before, asked, output = _conversation(row["messages"], where)
        return Record(asked, output, metadata, before)
    for key in ("instruction", "output"):
        if not isinstance(row.get(key), str) or not row[key].strip():
            raise UserError(f'{where}: the text "{key}" is missing')
    return Record(row["instruction"], row["output"], metadata)


def _conversation(messages: Any, where: str) -> tuple[tuple[Mapping[str, str], ...], str, str]:
    whole = isinstance(messages, list) and all(
        isinstance(one, dict) and isinstance(one.get("role"), str) and isinstance(one.get("content"), str)
        for one in messages
    )
    if not whole or [one["role"] for one in messages[-2:]] != ["user", "assistant"]:
        raise UserError(
            f'{where}: "messages" must be objects of "role" and "content", the last two of them from user and assistant'
        )
    *before, asked, reply = messages
    return tuple(before), asked["content"], reply["content"]


def iterate_records(path: Path, *, side: Side | None = None) -> Iterator[Record]:
    """The records of a file, one at a time; a broken line is a `UserError` that names it."""
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield parse_record(line, where=f"{path}, line {number}", side=side)


def read_records(path: Path, *, side: Side | None = None) -> list[Record]:
    """All records of a file.

    Raises:
        UserError: For a missing file, a broken line, or a file with no record in it.
    """
    records = list(iterate_records(path, side=side))
    if not records:
        raise UserError(f"{path}: no records in it")
    return records
