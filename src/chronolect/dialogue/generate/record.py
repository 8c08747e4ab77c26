"""What a generated dialogue is, and where its maker gets chance and words from.

A *maker* is a function from a `Draw` to a `Dialogue`: one for each kind and phase. It takes all of its chance from `draw.rng`, so that the
same seed gives the same dialogue, and its sentences from `Wordings`, of which some are kept out of training, so that a model can be tested
on ways of asking that it never met.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from chronolect.dialogue.checks import Check
from chronolect.dialogue.generate.moments import random_moment
from chronolect.dialogue.messages import Conversation


@dataclass(frozen=True)
class Wordings:
    """The ways in which one thing is said, with slots as in `str.format`.

    Attributes:
        name: Names them in the metadata of a dialogue, such as "elapsed.asked".
        seen: Those that training uses, and tests as well.
        unseen: Those for tests alone; none for replies, which a test leaves to the model.
    """

    name: str
    seen: tuple[str, ...]
    unseen: tuple[str, ...] = ()


@dataclass
class Draw:
    """One dialogue's source of chance and of words.

    Attributes:
        rng: All chance comes from here.
        unseen: Whether to use the wordings that are kept out of training, where there are any.
        used: Which wordings were used, as NAME/seen/NUMBER or NAME/unseen/NUMBER.
    """

    rng: random.Random
    unseen: bool = False
    used: list[str] = field(default_factory=list)

    def moment(self, *, hours: tuple[int, int] = (7, 22), step_minutes: int = 5) -> datetime:
        """When a dialogue begins: any moment in the hours; where several are joined, one behind the last."""
        return random_moment(self.rng, hours=hours, step_minutes=step_minutes)

    def say(self, wordings: Wordings, **slots: object) -> str:
        """One of the wordings with its slots filled; it is remembered in `used`.

        >>> Draw(random.Random(0), unseen=True).say(Wordings("greeting", ("Hello {name}.",), ("Dear {name}!",)), name="Ines")
        'Dear Ines!'
        """
        part = "unseen" if self.unseen and wordings.unseen else "seen"
        among: tuple[str, ...] = getattr(wordings, part)
        number = self.rng.randrange(len(among))
        self.used.append(f"{wordings.name}/{part}/{number}")
        return among[number].format(**slots)


@dataclass(frozen=True)
class Dialogue:
    """A generated dialogue.

    Attributes:
        messages: The conversation; the last message is the assistant's and satisfies `check`.
        kind: What it is about, such as "elapsed".
        phase: Of the curriculum, 1 to 4.
        check: What a right last reply is.
        wording: Which wordings it is made of (`Draw.used`).
        facts: The numbers and stamps the answer was computed from, ready for JSON.
    """

    messages: Conversation
    kind: str
    phase: int
    check: Check
    wording: tuple[str, ...]
    facts: dict[str, Any]

    @property
    def asked(self) -> str:
        """All that its user says, with the stamps: what may not be in the tests and in training."""
        return "\n\n".join(message["content"] for message in self.messages if message["role"] == "user")

    @property
    def is_unseen(self) -> bool:
        """Whether it has a wording that is kept out of training."""
        return any("/unseen/" in wording for wording in self.wording)

    def record(self, slug: str, **more: Any) -> dict[str, Any]:
        """The dialogue as a line of JSONL; `more` goes into the metadata."""
        return {
            "messages": self.messages,
            "metadata": {
                "phase": self.phase,
                "kind": self.kind,
                "id": slug,
                "check": self.check.as_dict(),
                "facts": self.facts,
                "wording": "unseen" if self.is_unseen else "seen",
                "wordings": list(self.wording),
                **more,
            },
        }

    def test(self, slug: str, **more: Any) -> dict[str, Any]:
        """The dialogue as a test: without its last reply."""
        record = self.record(slug, **more)
        return record | {"messages": self.messages[:-1]}


Maker = Callable[[Draw], Dialogue]


def thought(text: str) -> str:
    """A think block as replies carry it, on lines of its own.

    >>> thought("A week.")
    '<think>\\nA week.\\n</think>'
    """
    return f"<think>\n{text}\n</think>"


def reply(*parts: str) -> dict[str, str]:
    """An assistant's message; its parts, words and think blocks, stand on lines of their own.

    >>> reply("Let me see.", thought("12 - 5 = 7."), "It was 7 days.")["content"]
    'Let me see.\\n<think>\\n12 - 5 = 7.\\n</think>\\nIt was 7 days.'
    """
    return {"role": "assistant", "content": "\n".join(parts)}


def draws(seed: int, name: str, *, unseen: bool = False) -> Iterator[Draw]:
    """Endlessly many draws, each with chance of its own: the n-th is the same however many were asked for before it."""
    number = 0
    while True:
        yield Draw(random.Random(f"{seed}/{name}/{number}"), unseen)
        number += 1
