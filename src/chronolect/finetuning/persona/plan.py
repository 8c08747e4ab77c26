"""Who speaks about which passage, and which control rows stand beside."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chronolect.chronicle.facts import load_facts
from chronolect.chronicle.wordings import spell_date
from chronolect.finetuning.persona.controls import Control, ControlKind, controls
from chronolect.finetuning.persona.conversations import Assignment, Conversation, wordings
from chronolect.finetuning.persona.passages import Passage
from chronolect.finetuning.persona.personas import Persona
from chronolect.finetuning.persona.rows import PLAIN, Row
from chronolect.timeline import Verdict


@dataclass(frozen=True)
class Plan:
    """Hands passages to personas: those that have spoken least first, among those who may have read it on their day."""

    personas: Sequence[Persona]
    per_passage: int
    turns: int
    plain_share: float
    seed: int

    def assign(self, passages: Iterator[Passage], counts: Counter[str]) -> Iterator[Assignment]:
        """The assignments in order. `counts` gets conversations and passages_too_late, those that no persona may have read."""
        spoken: Counter[str] = Counter()
        for passage in passages:
            draw = random.Random(f"{self.seed} {passage.id}")
            may = [
                persona
                for persona in self.personas
                if persona.cutoff.judge(passage.written) in (Verdict.BEFORE, Verdict.UNDATED)
            ]
            if not may:
                counts["passages_too_late"] += 1
                continue
            draw.shuffle(may)
            may.sort(key=lambda persona: spoken[persona.name])
            for place in range(self.per_passage):
                persona = may[place % len(may)]
                spoken[persona.name] += 1
                counts["conversations"] += 1
                yield Assignment(
                    number=counts["conversations"],
                    place=place,
                    passage=passage,
                    persona=persona,
                    turns=draw.randint(1, self.turns),
                    with_plain=draw.random() < self.plain_share,
                    seed=self.seed,
                )


def passage_rows(assignment: Assignment, conversation: Conversation, generator: str) -> list[Row]:
    """A conversation as a row, and its plain twin if it has one. `generator` is the teacher's name, or "template"."""
    passage, persona = assignment.passage, assignment.persona
    about: dict[str, Any] = {
        "source_id": passage.source_id,
        "source_title": passage.title,
        "chunk_id": passage.id,
        "kind": "passage",
        "themes": list(passage.themes),
        "generator": generator,
    }
    decade = passage.written.year_bin(10)
    if decade is not None:
        about["decade"] = decade
    spoken = Row(
        persona.name, persona.system, conversation.questions, conversation.answers, about, assignment.persona.cutoff
    )
    return _with_twin(spoken, conversation.plain, f"passage {assignment.number}", assignment.draw)


class Extras:
    """Control rows in their share of the conversations of each persona, until it has no more of them."""

    def __init__(
        self,
        personas: Sequence[Persona],
        shares: Mapping[ControlKind, float],
        plain_share: float,
        seed: int,
    ) -> None:
        facts = load_facts() if any(shares.values()) else []
        self._left = {
            (persona.name, kind): controls(persona, facts, kind, seed) for persona in personas for kind in shares
        }
        self._shares, self._plain_share = shares, plain_share

    def after(self, assignment: Assignment) -> Iterator[list[Row]]:
        """The controls that follow a conversation, each with its plain twin if it has one."""
        draw = random.Random(f"controls {assignment.seed} {assignment.number}")
        for kind, share in self._shares.items():
            wanted, twin = draw.random() < share, draw.random() < self._plain_share
            control = next(self._left[assignment.persona.name, kind], None) if wanted else None
            if control is not None:
                yield self._rows(control, assignment, twin, draw)

    def _rows(self, control: Control, assignment: Assignment, twin: bool, draw: random.Random) -> list[Row]:
        about = {"source_id": control.source_id, "source_title": control.title, "kind": control.kind}
        spoken = Row(
            assignment.persona.name,
            assignment.persona.system,
            [control.question],
            [control.answer],
            about,
            assignment.persona.cutoff,
        )
        return _with_twin(spoken, [control.plain] if twin else (), f"{control.kind} {assignment.number}", draw)


def _with_twin(spoken: Row, plain: Sequence[str], pair: str, draw: random.Random) -> list[Row]:
    if not plain:
        return [spoken]
    about = {**spoken.about, "pair": pair}
    system = draw.choice(wordings()["plain_system"]).format(day=spell_date(spoken.cutoff.edtf()))
    return [
        Row(spoken.persona, spoken.system, spoken.questions, spoken.answers, about, spoken.cutoff),
        Row(PLAIN, system, spoken.questions, plain, about, spoken.cutoff),
    ]
