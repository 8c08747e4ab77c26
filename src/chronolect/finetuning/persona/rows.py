"""The rows of a persona's data set on their way to disk: the gate, the caps, the split by book, and what was counted."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TextIO

import pyarrow as pa

from chronolect.corpus.encoding import Encoder
from chronolect.corpus.holdout import HeldOut
from chronolect.corpus.mixing.tokens import count_tokens
from chronolect.finetuning.gate import Gate
from chronolect.timeline import Cutoff

PLAIN = "plain"
UNKNOWN = "unknown"
CAPPED = "cap"
_SHOWN = 20


@dataclass(frozen=True)
class Row:
    """One conversation. `about` is its metadata; `kind` in it says of what sort it is (passage, unknown, fact)."""

    persona: str
    system: str
    questions: Sequence[str]
    answers: Sequence[str]
    about: Mapping[str, Any]
    cutoff: Cutoff

    @property
    def messages(self) -> list[dict[str, str]]:
        """As ChatML has it."""
        turns = [
            ({"role": "user", "content": question}, {"role": "assistant", "content": answer})
            for question, answer in zip(self.questions, self.answers, strict=False)
        ]
        return [{"role": "system", "content": self.system}, *(message for turn in turns for message in turn)]

    def to_json(self) -> dict[str, Any]:
        """As a line of the data set."""
        turns = min(len(self.questions), len(self.answers))
        metadata = {**self.about, "persona": self.persona, "turns": turns, "cutoff": self.cutoff.edtf()}
        return {"messages": self.messages, "metadata": metadata}


class Rows:
    """Writes `train.jsonl`, `val.jsonl` and `dropped.jsonl`; use it in a `with` statement."""

    def __init__(
        self,
        folder: Path,
        gate: Gate,
        held_out: HeldOut,
        encoder: Encoder | None,
        cap: int | None,
        persona_cap: int | None,
    ) -> None:
        """Args as of `write_personas`; `held_out` draws books by their id."""
        self._folder, self._gate, self._held_out, self._encoder = folder, gate, held_out, encoder
        self._cap, self._persona_cap = cap, persona_cap
        self._open = ExitStack()
        self._files: dict[str, TextIO] = {}
        self._asked: set[int] = set()
        self._full_sources: set[str] = set()
        self._full_personas: set[str] = set()
        self._rows: Counter[str] = Counter()
        self._dropped: Counter[str] = Counter()
        self._tokens: dict[str, Counter[str]] = {
            name: Counter() for name in ("split", "kind", "persona", "source", "theme", "decade", "turns")
        }

    def __enter__(self) -> Self:
        for name in ("train", "val", "dropped"):
            file = open(self._folder / f"{name}.jsonl", "w", encoding="utf-8")
            self._files[name] = self._open.enter_context(file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def kept(self) -> int:
        """Rows kept so far."""
        return self._rows.total()

    def is_full(self, source: str, persona: str) -> bool:
        """Whether a row of this book or persona was too much once: no other is kept from then on, so that none need be asked for."""
        return source in self._full_sources or persona in self._full_personas

    def add(self, rows: Sequence[Row], problem: str = "") -> bool:
        """Write a row, and its plain twin if it has one; both are dropped where either must be. Whether they were kept.

        `problem` is why there is nothing to write.
        """
        tokens = [self._count(row) for row in rows]
        reason = problem or self._reason(rows, tokens)
        if reason == CAPPED:  # counted, not listed: most of them were never made
            self._dropped[CAPPED] += 1
            return False
        if reason:
            self._dropped[reason.partition(":")[0]] += len(rows)
            for row in rows:
                self._write("dropped", {"reason": reason, **row.to_json()})
            return False
        split = "val" if self._held_out(str(rows[0].about["source_id"])) else "train"
        self._asked.add(_question_key(rows[0]))
        for row, number in zip(rows, tokens, strict=True):
            self._write(split, row.to_json())
            self._rows[split] += 1
            self._note(row, split, number)
        return True

    def statistics(self) -> dict[str, Any]:
        """Rows by split, those dropped by reason, and the target tokens by everything that should be in balance."""
        sources = self._tokens["source"]
        return {
            "train": self._rows["train"],
            "val": self._rows["val"],
            "dropped": dict(sorted(self._dropped.items())),
            "sources": len(sources),
            "target_tokens": {
                name: dict(counted.most_common(_SHOWN) if name == "source" else sorted(counted.items()))
                for name, counted in self._tokens.items()
            },
        }

    def _reason(self, rows: Sequence[Row], tokens: Sequence[int]) -> str:
        """Why rows must be dropped; empty if they need not be."""
        spoken = rows[0]
        source = str(spoken.about["source_id"])
        if self._cap is not None and self._tokens["source"][source] + sum(tokens) > self._cap:
            self._full_sources.add(source)
        if self._persona_cap is not None and self._tokens["persona"][spoken.persona] + tokens[0] > self._persona_cap:
            self._full_personas.add(spoken.persona)
        if self.is_full(source, spoken.persona):
            return CAPPED
        if _question_key(spoken) in self._asked:
            return "duplicate: this persona was asked this before"
        for row in rows:
            if findings := self._findings(row):
                return f"anachronism: {'; '.join(findings)}"
        return ""

    def _findings(self, row: Row) -> list[str]:
        """What nobody could say on the row's day. A question about what is not known may name it."""
        found: list[str] = []
        said = ""
        for question, answer in zip(row.questions, row.answers, strict=False):
            if row.about["kind"] != UNKNOWN:
                found += self._gate(question, row.cutoff, context=said)
            said = f"{said} {question}"
            found += self._gate(answer, row.cutoff, context=said)
            said = f"{said} {answer}"
        return list(dict.fromkeys(found))

    def _count(self, row: Row) -> int:
        """Target tokens: those of the answers, each with its end."""
        return sum(count_tokens(pa.array(list(row.answers), pa.string()), self._encoder))

    def _note(self, row: Row, split: str, tokens: int) -> None:
        about = row.about
        for name, value in (
            ("split", split),
            ("kind", PLAIN if row.persona == PLAIN else about["kind"]),
            ("persona", row.persona),
            ("source", about["source_id"]),
            ("turns", str(len(row.answers))),
        ):
            self._tokens[name][value] += tokens
        for theme in about.get("themes", ()):
            self._tokens["theme"][theme] += tokens
        if "decade" in about:
            self._tokens["decade"][str(about["decade"])] += tokens

    def _write(self, name: str, value: Mapping[str, Any]) -> None:
        self._files[name].write(json.dumps(value, ensure_ascii=False) + "\n")


def _question_key(row: Row) -> int:
    question = row.questions[0] if row.questions else ""
    return hash((row.persona, question.casefold()))
