"""`data dialogue`: dialogues about time with computed answers, for the phases of the curriculum and for tests."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from chronolect.artifacts import stage, write_bytes
from chronolect.console import say
from chronolect.corpus.document import CorpusWriter
from chronolect.dialogue.files import json_line, phase_list_bytes
from chronolect.dialogue.generate.almanac import documents
from chronolect.dialogue.generate.makers import held_out_dialogues, phase_dialogues
from chronolect.dialogue.generate.phase4 import phase4_dialogues
from chronolect.dialogue.generate.record import Dialogue
from chronolect.errors import UserError


def make_dialogues(
    *,
    out: Path,
    phase1: int = 4000,
    phase2: int = 4000,
    phase3: int = 4000,
    phase4: int = 128,
    tests: int = 100,
    almanac: int = 4000,
    seed: int = 0,
) -> dict[str, Any]:
    """Make dialogues about time with computed answers: for each phase of the curriculum, and held-out tests with their checks.

    Args:
        out: Folder to write to: phase1.json and so on as phase lists, phase1.jsonl and so on with what each was computed from, tests.jsonl,
            and almanac/, a corpus of sums and calendar facts for a base model.
        phase1: How many dialogues of one question each.
        phase2: How many with two turns of the user and time between them.
        phase3: How many with ticks.
        phase4: How many long ones that join the kinds, 2 or more: chosen from a larger pool so as to be as different as they can be. 0 for none.
        tests: How many tests of each kind and phase; half of them in wordings that training never uses.
        almanac: How many documents the almanac has; 0 for none.
        seed: Another seed makes other dialogues.

    Returns:
        How many there are of each phase and kind, and how different those of phase 4 are beside a random choice.

    Raises:
        UserError: A count is below 0, or above what a kind can say without repeating itself.
    """
    counts = {1: phase1, 2: phase2, 3: phase3}
    for name, value in (
        *((f"phase{phase}", count) for phase, count in counts.items()),
        ("phase4", phase4),
        ("tests", tests),
        ("almanac", almanac),
    ):
        if value < 0:
            raise UserError(f"--{name} {value}: must be 0 or more")
    if phase4 == 1:
        raise UserError("--phase4 1: one alone cannot be different; give 0, or 2 or more")
    config = {"phases": [*counts.values(), phase4], "tests": tests, "almanac": almanac, "seed": seed}
    result: dict[str, Any] = {}
    with stage(out, command="data dialogue", config=config) as work:
        held_out = held_out_dialogues(tests, seed)
        tested = frozenset(dialogue.asked for dialogue in held_out)
        _write_lines(work.folder / "tests.jsonl", [one.test(slug) for slug, one in _named("test", held_out)])
        result["tests"] = _by_kind(held_out)
        for phase, count in counts.items():
            made = phase_dialogues(phase, count, seed, tested)
            _write_phase(work.folder, phase, made)
            result[f"phase{phase}"] = _by_kind(made)
        if phase4:
            made, choice = phase4_dialogues(phase4, seed, tested)
            _write_phase(work.folder, 4, made)
            result["phase4"], result["diversity"] = _by_kind(made), choice.as_dict()
        if almanac:
            with CorpusWriter(work.folder / "almanac") as corpus:
                for document in documents(almanac, seed):
                    corpus.write(document)
            result["almanac"] = almanac
        work.counts.update(result)
    return {"out": str(out), **result}


def _write_phase(folder: Path, phase: int, made: Sequence[Dialogue]) -> None:
    write_bytes(folder / f"phase{phase}.json", phase_list_bytes([one.messages for one in made]))
    _write_lines(folder / f"phase{phase}.jsonl", [one.record(slug) for slug, one in _named("train", made)])
    say(f"phase {phase}: {len(made):,} dialogues")


def _named(part: str, dialogues: Sequence[Dialogue]) -> Iterator[tuple[str, Dialogue]]:
    """Each with a name of its own, such as "test-1-month-length-00017"."""
    for number, one in enumerate(dialogues):
        yield f"{part}-{one.phase}-{one.kind.replace(' ', '-')}-{number:05d}", one


def _by_kind(dialogues: Sequence[Dialogue]) -> dict[str, int]:
    return dict(Counter(one.kind for one in dialogues))


def _write_lines(path: Path, records: Sequence[dict[str, Any]]) -> None:
    write_bytes(path, "".join(f"{json_line(**record)}\n" for record in records).encode())
