"""Control rows: what a persona does not know, and what it does, so that manner is not learned at the cost of facts."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from chronolect.chronicle.facts import NUM_PHRASINGS, Fact
from chronolect.chronicle.wordings import QUESTION
from chronolect.finetuning.persona.conversations import wordings
from chronolect.finetuning.persona.personas import Persona
from chronolect.timeline import Cutoff, Verdict

ControlKind = Literal["unknown", "fact"]


@dataclass(frozen=True, slots=True)
class Control:
    """One question with the persona's answer and a plain one. `source_id` is the fact or thing asked about, which is never split."""

    kind: ControlKind
    source_id: str
    title: str
    question: str
    answer: str
    plain: str


def controls(persona: Persona, facts: Sequence[Fact], kind: ControlKind, seed: int) -> Iterator[Control]:
    """The controls of a persona in an order of its own, each fact or thing once.

    A fact whose question is held out for the probes is left out, and no answer uses its held-out wording.
    """
    draw = random.Random(f"{seed} {kind} {persona.name}")
    if kind == "fact":
        made = [
            _known(fact, persona, draw) for fact in facts if _may_be_asked(fact) and _is_known(fact, persona.cutoff)
        ]
    else:
        later = [fact for fact in facts if _may_be_asked(fact) and persona.cutoff.judge(fact.span) is Verdict.AFTER]
        made = [_unknown(f"chronicle:{fact.id}", fact.subject, fact.question, persona, draw) for fact in later]
        for thing in persona.does_not_know:
            question = draw.choice(wordings()["unknown"]).format(subject=thing)
            made.append(_unknown(f"thing:{thing}", thing, question, persona, draw))
    draw.shuffle(made)
    yield from made


def _may_be_asked(fact: Fact) -> bool:
    return fact.kind != "trap" and fact.held_out != QUESTION


def _is_known(fact: Fact, cutoff: Cutoff) -> bool:
    # a timeless fact holds at any time, but its words may be too new for an older persona: the gate sees to that
    return fact.kind == "timeless" or cutoff.judge(fact.span) is Verdict.BEFORE


def _known(fact: Fact, persona: Persona, draw: random.Random) -> Control:
    said = fact.state(draw.choice([index for index in range(NUM_PHRASINGS) if index != fact.held_out]))
    answer = f"{draw.choice(persona.openings)} {said}"
    return Control("fact", f"chronicle:{fact.id}", fact.subject, fact.question, answer, said)


def _unknown(source_id: str, title: str, question: str, persona: Persona, draw: random.Random) -> Control:
    return Control(
        "unknown", source_id, title, question, draw.choice(persona.declines), draw.choice(wordings()["plain_declines"])
    )
