"""Facts and where they are kept: `data/chronicle/*.jsonl`, one JSON object a line."""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Literal, get_args

from chronolect.errors import UserError, did_you_mean
from chronolect.timeline import Span

Field = Literal[
    "politics", "conflict", "science", "medicine", "technology", "exploration", "space", "arts", "literature",
    "music", "film", "sport", "disaster", "institutions", "law", "economy", "religion",
]  # fmt: skip
Region = Literal["africa", "asia", "europe", "north-america", "south-america", "middle-east", "oceania", "world"]
AnswerType = Literal["person", "country", "city", "place", "work", "organisation", "craft", "thing"]
Guess = Literal["low", "medium", "high"]
Kind = Literal["dated", "timeless", "trap"]

SLOT = "{a}"
NUM_CLOZE = 3  # the first three phrasings end with the answer, so that they can be asked as cloze probes
NUM_PHRASINGS = 6
CHRONICLE = Path(__file__).parent.parent / "data" / "chronicle"


@dataclass(frozen=True)
class Fact:
    """One fact. `date` is EDTF and empty for timeless facts and for traps (claims about things that never happened).

    `question` and the six `phrasings` each single out the answer without naming a year; phrasings hold the answer as `{a}`,
    the first three of them at the very end. `keys` are the words that every wording shares. `guess` says how far somebody
    who knows the world only up to the year before could guess the answer.
    """

    id: str
    date: str
    subject: str
    field: Field
    region: Region
    type: AnswerType
    guess: Guess
    answer: str
    aliases: tuple[str, ...]
    keys: tuple[str, ...]
    question: str
    phrasings: tuple[str, ...]
    kind: Kind = "dated"

    @cached_property
    def span(self) -> Span:
        """When the event happened; open at both ends where the fact has no date."""
        return Span.parse(self.date) if self.date else Span(None, None)

    @cached_property
    def held_out(self) -> int:
        """Which wording never enters the corpus: 0, 1, 2 (a cloze phrasing) or 3 (the question), by the hash of the id."""
        return hashlib.sha256(self.id.encode()).digest()[0] % (NUM_CLOZE + 1)

    def cloze(self, index: int) -> str:
        """Phrasing `index` (0, 1 or 2) up to the answer, without the space before it."""
        return self.phrasings[index].partition(SLOT)[0].rstrip()

    def state(self, index: int) -> str:
        """Phrasing `index` with its answer, the first letter in upper case."""
        text = self.phrasings[index].replace(SLOT, self.answer)
        return text[0].upper() + text[1:]


_COLUMNS = [f.name for f in fields(Fact) if f.name != "kind"]


def parse_fact(line: str, *, where: str, kind: Kind = "dated") -> Fact:
    """Read one line of a chronicle file. `where` (file:line) opens every error."""
    try:
        row = json.loads(line)
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not valid JSON ({error.msg} at column {error.colno})") from None
    if not isinstance(row, dict):
        raise UserError(f"{where}: expected an object, found {type(row).__name__}")
    for key in row:
        if key not in _COLUMNS:
            raise UserError(f'{where}: unknown key "{key}"{did_you_mean(key, _COLUMNS)}')
    for key in _COLUMNS:
        if key not in row:
            raise UserError(f'{where}: the key "{key}" is missing')
    for key, allowed in (("field", Field), ("region", Region), ("type", AnswerType), ("guess", Guess)):
        if row[key] not in get_args(allowed):
            raise UserError(f'{where}: {key} "{row[key]}" is not one of {", ".join(get_args(allowed))}')
    for key in ("aliases", "keys", "phrasings"):
        row[key] = tuple(row[key])
    return Fact(**row, kind=kind)


def load_facts(folder: Path = CHRONICLE) -> list[Fact]:
    """All facts below `folder`, in order of date: dated ones, then timeless ones, then traps."""
    found: list[Fact] = []
    for file in sorted(folder.glob("*.jsonl")):
        kind: Kind = "timeless" if file.stem == "timeless" else "trap" if file.stem == "traps" else "dated"
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
            if line.strip():
                found.append(parse_fact(line, where=f"{file}:{number}", kind=kind))
    if not found:
        raise UserError(f"{folder}: no chronicle files (*.jsonl) here")
    return sorted(found, key=lambda fact: (("dated", "timeless", "trap").index(fact.kind), fact.date, fact.id))


def sample_facts(facts: Sequence[Fact], share: float) -> list[Fact]:
    """The same part of the facts of every decade, and of the timeless ones and the traps, chosen by the hash of their ids.

    A smaller share is contained in a larger one.
    """
    if not 0 < share <= 1:
        raise UserError(f"--share {share}: choose a part between 0 and 1, such as 0.5")
    groups: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for fact in facts:
        groups[fact.kind, fact.date[:3]].append(fact)
    chosen: set[str] = set()
    for group in groups.values():
        by_lot = sorted(group, key=lambda fact: hashlib.sha256(f"lot of {fact.id}".encode()).digest())
        chosen.update(fact.id for fact in by_lot[: math.ceil(share * len(group))])
    return [fact for fact in facts if fact.id in chosen]
