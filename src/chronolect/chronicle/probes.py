"""Horizon probes: what a model is asked to find out up to when it knows the world.

A probe is a prompt, its answer, and three wrong options of the same type, tagged `past` (the answer of an earlier fact), `future` (of a later
one) or `irrelevant` (of another field), after the TSQA questions of TiMoE. `references` are prompts about other facts of the same type: how much a
model likes an option under *those* is taken off its score, so that a name does not win by being known (contextual calibration,
Zhao et al. 2021, with real prompts in place of an empty one).
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from chronolect.artifacts import stage
from chronolect.chronicle.facts import CHRONICLE, NUM_CLOZE, Fact, load_facts, sample_facts
from chronolect.chronicle.wordings import QUESTION, prompt
from chronolect.errors import UserError

Split = Literal["heldout", "seen", "control", "trap"]
Tag = Literal["answer", "past", "future", "irrelevant"]

NUM_REFERENCES = 32


@dataclass(frozen=True)
class Option:
    """One choice: its text, with the space that comes before it, and where it belongs in time."""

    text: str
    tag: Tag


@dataclass(frozen=True)
class Probe:
    """One question to a model. The first option is the answer; an answer that is `None` in a file marks a trap.

    `split` says whether the prompt's wording was kept out of the corpus (`heldout`), was in it (`seen`), or whether the fact is a timeless
    `control` or a `trap` (the claimed answer is no truer than the other options: accuracy must be at chance).
    """

    id: str
    fact: str
    date: str
    split: Split
    form: Literal["cloze", "question"]
    guess: str
    prompt: str
    options: tuple[Option, ...]
    references: tuple[str, ...]

    @property
    def answer(self) -> str:
        """The right option's text."""
        return self.options[0].text


def _same(first: Fact, second: Fact) -> bool:
    """Whether the answers of two facts could be taken for each other."""
    return bool(
        {first.answer.lower(), *map(str.lower, first.aliases)}
        & {second.answer.lower(), *map(str.lower, second.aliases)}
    )


def _wrong_options(fact: Fact, pool: Sequence[Fact], rng: random.Random) -> list[Option]:
    others = [other for other in pool if not _same(fact, other)]
    groups: dict[Tag, list[Fact]] = {"past": [], "future": [], "irrelevant": []}
    if fact.date:
        groups["past"] = [other for other in others if other.date and other.date < fact.date]
        groups["future"] = [other for other in others if other.date and other.date > fact.date]
    groups["irrelevant"] = [other for other in others if other.field != fact.field] or others
    chosen: list[Option] = []
    for tag, group in groups.items():
        free = [other for other in group if all(other.answer != option.text[1:] for option in chosen)]
        if not free:  # nothing earlier than the first fact, nothing later than the last
            tag = "irrelevant"
            free = [other for other in others if all(other.answer != option.text[1:] for option in chosen)]
        if free:
            chosen.append(Option(f" {rng.choice(free).answer}", tag))
    return chosen


def _reference_facts(pools: Mapping[str, Sequence[Fact]]) -> dict[tuple[str, bool], list[Fact]]:
    """For each answer type, and for clozes and questions apart, the few facts whose prompts calibrate all its probes.

    They are shared because a model then scores each option under each of them once, not once for every probe.
    """
    chosen = {}
    for kind, pool in pools.items():
        for asks in (False, True):
            rng = random.Random(f"references of {kind}, {asks}")
            chosen[kind, asks] = rng.sample(list(pool), min(NUM_REFERENCES + 1, len(pool)))
    return chosen


def build_probes(facts: Sequence[Fact]) -> list[Probe]:
    """Two probes for each dated fact, one in its held-out wording and one in a wording that the corpus has; one for each control and trap."""
    pools: dict[str, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.kind != "trap":  # what never happened is nothing to compare with
            pools[fact.type].append(fact)
    calibrating = _reference_facts(pools)
    probes = []
    for fact in facts:
        rng = random.Random(f"probes of {fact.id}")
        options = (Option(f" {fact.answer}", "answer"), *_wrong_options(fact, pools[fact.type], rng))
        if len(options) < 4:
            raise UserError(f"{fact.id}: fewer than four different answers of type {fact.type!r} in the chronicle")
        seen = next(index for index in range(NUM_CLOZE) if index != fact.held_out)
        wordings: list[tuple[Split, int]] = [("heldout", fact.held_out)]
        if fact.kind == "dated":
            wordings.append(("seen", seen))
        for split, wording in wordings:
            kind: Split = split if fact.kind == "dated" else "control" if fact.kind == "timeless" else "trap"
            others = [other for other in calibrating[fact.type, wording == QUESTION] if other.id != fact.id]
            probes.append(
                Probe(
                    id=f"{fact.id}/{kind}",
                    fact=fact.id,
                    date=fact.date,
                    split=kind,
                    form="question" if wording == QUESTION else "cloze",
                    guess=fact.guess,
                    prompt=prompt(fact, wording),
                    options=options,
                    references=tuple(
                        prompt(other, wording if wording == QUESTION else index % NUM_CLOZE)
                        for index, other in enumerate(others[:NUM_REFERENCES])
                    ),
                )
            )
    return probes


def chronicle_probes(folder: Path = CHRONICLE) -> list[Probe]:
    """The probes of the embedded chronicle."""
    return build_probes(load_facts(folder))


def read_probes(path: Path) -> list[Probe]:
    """Probes from a JSONL file, ours or a user's."""
    probes = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    for number, line in enumerate(lines, start=1):
        try:
            row = json.loads(line)
            row["options"] = tuple(Option(**option) for option in row["options"])
            row["references"] = tuple(row["references"])
            probes.append(Probe(**row))
        except (json.JSONDecodeError, TypeError, KeyError) as error:
            raise UserError(
                f"{path}:{number}: not a probe ({error}); `chronolect data probes` writes an example"
            ) from None
    if not probes:
        raise UserError(f"{path}: no probes in it")
    return probes


def probe_lines(probes: Iterable[Probe]) -> str:
    """Probes as JSONL."""
    return "".join(json.dumps(asdict(probe), ensure_ascii=False) + "\n" for probe in probes)


def write_probes(*, out: Path, share: float = 1.0, chronicle: Path = CHRONICLE) -> dict[str, Any]:
    """Write the horizon probes of a chronicle as a JSONL file, to read, to change, or to ask another program.

    Args:
        out: Folder to write `probes.jsonl` in.
        share: Part of the facts of every decade to ask about.
        chronicle: Folder of fact files; the one inside the package by default.
    """
    facts = sample_facts(load_facts(chronicle), share)
    with stage(
        out, command="data probes", config={"share": share, "chronicle": chronicle.name}, inputs=[chronicle]
    ) as work:
        probes = build_probes(facts)
        (work.folder / "probes.jsonl").write_text(probe_lines(probes), encoding="utf-8")
        work.counts.update(
            {split: sum(probe.split == split for probe in probes) for split in ("heldout", "seen", "control", "trap")}
        )
    return work.counts
