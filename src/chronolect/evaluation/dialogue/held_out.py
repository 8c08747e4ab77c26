"""The tests: dialogues that end with the user's words, each with what a right reply is."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from chronolect.dialogue.checks import Check
from chronolect.dialogue.files import iterate_messages
from chronolect.dialogue.messages import Conversation, check_conversation, with_time_tags
from chronolect.errors import UserError
from chronolect.finetuning.records import Record

Wording = Literal["seen", "unseen"]
Wanted = Literal["silence", "notice", "answer"]


@dataclass(frozen=True)
class HeldOut:
    """One test.

    Attributes:
        id: Its own name in the file.
        kind: What it is about, such as "elapsed".
        phase: Phase of the curriculum that teaches it, 1 to 4; None where the file does not say.
        wording: Whether training used these wordings; None where the file does not say.
        messages: The dialogue up to what is to be answered.
        check: What a right reply is.
    """

    id: str
    kind: str
    phase: int | None
    wording: Wording | None
    messages: Conversation
    check: Check

    @property
    def wanted(self) -> Wanted:
        """What sort of reply is right. Where a kind has more than one, always doing the same is half right and worth nothing."""
        if self.check.silent:
            return "silence"
        return "answer" if self.check.notices is None else "notice"

    def record(self) -> Record:
        """As what is asked: time tags stand in the words, so that every backend reads the same."""
        plain = with_time_tags(self.messages)
        return Record(plain[-1]["content"], "", {"dataset_type": "retain"}, tuple(plain[:-1]))


def read_held_out(path: Path, *, limit: int | None = None, seed: int = 0) -> list[HeldOut]:
    """Read tests, as `data dialogue` writes them.

    Args:
        path: JSONL file of dialogues, each with `kind`, `id` and `check` in its metadata.
        limit: Take this many of them, as evenly over the kinds, sorts of reply wanted, and wordings as can be.
        seed: Of that draw.

    Raises:
        UserError: For a missing file or one without tests, a dialogue that does not end with the user's words, one without a check, or two of the
            same id.
    """
    if limit is not None and limit < 1:
        raise UserError(f"--limit {limit}: at least 1")
    tests: list[HeldOut] = []
    ids = set[str]()
    for number, (where, messages, metadata) in enumerate(iterate_messages(path), start=1):
        check_conversation(messages, where, to_answer=True)
        if not isinstance(metadata.get("check"), dict):
            raise UserError(
                f'{where}: no "check" in its metadata, so no reply can be judged; `chronolect data dialogue` writes tests'
            )
        test = HeldOut(
            id=str(metadata.get("id", number)),
            kind=str(metadata.get("kind", "unnamed")),
            phase=metadata.get("phase"),
            wording=metadata.get("wording"),
            messages=messages,
            check=Check.from_dict(metadata["check"], where),
        )
        if test.id in ids:
            raise UserError(f'{where}: the id "{test.id}" stands twice')
        ids.add(test.id)
        tests.append(test)
    if not tests:
        raise UserError(f"{path}: no tests in it")
    return _sample(tests, limit, seed) if limit is not None else tests


def _sample(tests: Sequence[HeldOut], limit: int, seed: int) -> list[HeldOut]:
    """The kinds in turn, and of each kind the sorts of reply that are wanted and the wordings, until there are enough; in the file's order."""
    rng = random.Random(seed)
    kinds: dict[str, dict[tuple[str, str | None], list[int]]] = defaultdict(lambda: defaultdict(list))
    for place, test in enumerate(tests):
        kinds[test.kind][test.wanted, test.wording].append(place)
    for groups in kinds.values():
        for places in groups.values():
            rng.shuffle(places)
    in_turn = _alternate([_alternate(list(groups.values())) for groups in kinds.values()])
    return [tests[place] for place in sorted(in_turn[:limit])]


def _alternate(queues: Sequence[Sequence[int]]) -> list[int]:
    """One of each in turn, as long as there are any."""
    return [place for some in zip_longest(*queues) for place in some if place is not None]
