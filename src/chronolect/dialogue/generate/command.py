"""`data dialogue`: dialogues about time with computed answers, for the phases of the curriculum and for tests."""

from collections import Counter
from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from chronolect.artifacts import stage, write_bytes
from chronolect.console import say
from chronolect.corpus.document import CorpusWriter
from chronolect.dialogue.files import json_line, phase_list_bytes
from chronolect.dialogue.generate.almanac import documents
from chronolect.dialogue.generate.makers import chosen_makers, held_out_dialogues, phase_dialogues
from chronolect.dialogue.generate.phase4 import phase4_dialogues
from chronolect.dialogue.generate.record import Dialogue
from chronolect.dialogue.generate.teacher import PROMPT_VERSION, Teacher
from chronolect.errors import UserError
from chronolect.finetuning.journal import Journal
from chronolect.models.server import ServerModel

_TIMEOUT_S = 300.0


def make_dialogues(
    *,
    out: Path,
    phase1: int = 4000,
    phase2: int = 4000,
    phase3: int = 4000,
    phase4: int = 128,
    tests: int = 100,
    almanac: int = 4000,
    kinds: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None,
    teacher: str | None = None,
    teacher_model: str | None = None,
    temperature: float = 0.7,
    budget_tokens: int | None = None,
    concurrency: int = 8,
    seed: int = 0,
) -> dict[str, Any]:
    """Make dialogues about time with computed answers: for each phase of the curriculum, and held-out tests with their checks.

    With a teacher they are said in other words; stamps, thoughts, numbers and names stay, and so does what the last reply is held to.

    Args:
        out: Folder to write to: phase1.json and so on as phase lists, phase1.jsonl and so on with what each was computed from, tests.jsonl,
            and almanac/, a corpus of sums and calendar facts for a base model. A teacher's answers are kept beside it, in OUT.answers.jsonl.
        phase1: How many dialogues of one question each.
        phase2: How many with two turns of the user and time between them.
        phase3: How many with ticks.
        phase4: How many of four to eight turns that join kinds, 2 or more: chosen from a larger pool so as to be as different as they can be. 0
            for none.
        tests: How many tests of each kind and phase; half of them in wordings that training never uses.
        almanac: How many documents the almanac has; 0 for none.
        kinds: Of what kinds the dialogues are, and what phase 4 joins, such as elapsed, deadline, invalid and tick; all by default.
        teacher: Address of a server with a model that says the training dialogues in other words, up to and with /v1; the key, if
            it wants one, is read from OPENAI_API_KEY.
        teacher_model: Name of the model there; by default the only one it offers.
        temperature: Of the teacher's sampling.
        budget_tokens: Ask the teacher no more once this many tokens have been spent, those of earlier runs included.
        concurrency: Requests to the teacher at once.
        seed: Another seed makes other dialogues.

    Returns:
        How many there are of each phase and kind, how different those of phase 4 are, and what of the teacher's was left out and why.

    Raises:
        UserError: A count is below 0, or above what a kind can say without repeating itself; there is no such kind; or no server
            answers.
    """
    counts = {
        "phase1": phase1,
        "phase2": phase2,
        "phase3": phase3,
        "phase4": phase4,
        "tests": tests,
        "almanac": almanac,
    }
    for name, value in counts.items():
        if value < 0:
            raise UserError(f"--{name} {value}: must be 0 or more")
    if phase4 == 1:
        raise UserError("--phase4 1: one alone cannot be different; give 0, or 2 or more")
    if concurrency < 1:
        raise UserError(f"--concurrency {concurrency}: must be 1 or more")
    if teacher is None and (teacher_model is not None or budget_tokens is not None):
        raise UserError("--teacher-model and --budget-tokens are for --teacher; give the address of its server as well")
    makers = chosen_makers(kinds)
    config: dict[str, Any] = {**counts, "kinds": kinds, "seed": seed}
    model = ServerModel(teacher, teacher_model, timeout_s=_TIMEOUT_S) if teacher is not None else None
    if model is not None:
        config |= {
            "teacher": model.name,
            "prompt": PROMPT_VERSION,
            "temperature": temperature,
            "budget_tokens": budget_tokens,
        }
    with stage(out, command="data dialogue", config=config) as work:
        held_out = held_out_dialogues(tests, seed, makers)
        tested = frozenset(one.asked for one in held_out)
        phases = {
            phase: phase_dialogues(phase, counts[f"phase{phase}"], seed, tested, makers[phase]) for phase in (1, 2, 3)
        }
        if phase4 and not makers[4]:
            raise UserError(
                f"--kinds {' '.join(kinds or [])}: too few for phase 4 to join; give more of them, or --phase4 0"
            )
        if phase4:
            phases[4], choice = phase4_dialogues(phase4, seed, tested, makers[4]["joined"])
            work.counts["diversity"] = choice.as_dict()
        if model is not None:
            with Journal(out.with_name(f"{out.name}.answers.jsonl")) as journal:
                by = Teacher(model, journal, temperature, seed, budget_tokens)
                phases, work.counts["teacher"] = _reword(phases, by, tested, concurrency)
        for phase, made in phases.items():
            _write_phase(work.folder, phase, made)
            work.counts[f"phase{phase}"] = _by_kind(made)
        _write_lines(work.folder / "tests.jsonl", [one.test(slug) for slug, one in _named("test", held_out)])
        work.counts["tests"] = _by_kind(held_out)
        if almanac:
            with CorpusWriter(work.folder / "almanac") as corpus:
                for document in documents(almanac, seed):
                    corpus.write(document)
        work.counts["almanac"] = almanac
    return {"out": str(out), **work.counts}


def _reword(
    phases: dict[int, list[Dialogue]], teacher: Teacher, tested: Set[str], concurrency: int
) -> tuple[dict[int, list[Dialogue]], dict[str, Any]]:
    """All phases in the teacher's words, with how many there are, and how many stay as they were for what reason."""
    refused: Counter[str] = Counter()
    taught = {phase: teacher.teach(made, tested, refused, concurrency) for phase, made in phases.items()}
    reworded = sum(map(len, taught.values())) - refused.total()
    return taught, {"reworded": reworded, "as they were": dict(refused)}


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
