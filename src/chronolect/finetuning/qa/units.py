"""What is split as a whole: a fact, an article or a task, with the side of the cutoff it is on and the records it gives."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

from chronolect.chronicle.facts import Fact
from chronolect.finetuning.qa.chronicle import ChronicleRecords, instructions
from chronolect.finetuning.qa.refusals import draw
from chronolect.finetuning.qa.splitting import Split, split_families
from chronolect.finetuning.qa.writing import LayoutWriter, nothing_on
from chronolect.finetuning.records import Record, Side


@dataclass(frozen=True)
class Unit:
    """Records of one family, made once it is known to which split they go; `replay` marks what belongs to no time."""

    family: str
    side: Side
    records: Callable[[Split], Iterable[Record]]
    replay: bool = False


def fact_units(facts: Sequence[Fact], maker: ChronicleRecords, families: dict[str, str]) -> list[Unit]:
    """Dated facts; those that may lie on either side of the cutoff give none."""
    return [
        Unit(families[fact.id], side, partial(maker.of, fact, families[fact.id]))
        for fact in facts
        if fact.kind == "dated" and (side := maker.side(fact)) is not None
    ]


def replay_units(facts: Sequence[Fact], maker: ChronicleRecords, families: dict[str, str], number: int) -> list[Unit]:
    """The given number of timeless facts and simple tasks, drawn by lot; tasks only where the chat form is written."""
    units = [
        Unit(families[fact.id], "retain", partial(maker.of, fact, families[fact.id]), replay=True)
        for fact in facts
        if fact.kind == "timeless"
    ]
    if "chat" in maker.forms:
        units += [Unit(task.family, "retain", partial(_alone, task), replay=True) for task in instructions()]
    return sorted(units, key=lambda unit: draw(range(2**32), "replay", maker.seed, unit.family))[:number]


def _alone(record: Record, _: Split) -> list[Record]:
    return [record]


def write_units(writer: LayoutWriter, units: Sequence[Unit], *, val_ratio: float, dev_ratio: float, seed: int) -> None:
    """Split the units by family, on each side and of the replay for itself, and write their records in the order given.

    Raises:
        UserError: A side has no unit.
    """
    groups = [
        [unit.family for unit in units if not unit.replay and unit.side == "retain"],
        [unit.family for unit in units if not unit.replay and unit.side == "unlearn"],
        [unit.family for unit in units if unit.replay],
    ]
    if not groups[0] or not groups[1]:
        raise nothing_on("unlearn" if groups[0] else "retain")
    split_of: dict[str, Split] = {}
    for families in groups:
        # a family of several groups stays where the first of them put it
        split_of = split_families(families, val_ratio=val_ratio, dev_ratio=dev_ratio, seed=seed) | split_of
    for unit in units:
        for record in unit.records(split_of[unit.family]):
            writer.write(record, split_of[unit.family])
