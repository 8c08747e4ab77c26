"""Which questions `eval temporal` asks: the records of its files, or a random sample of them, always read as a stream."""

import random
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from chronolect.errors import UserError
from chronolect.finetuning.records import Record, Side, iterate_records

Sides = dict[Side, int]


@dataclass(frozen=True)
class RecordFile:
    """A file of records; `side` is that of its lines where they do not say."""

    path: Path
    side: Side | None = None


@dataclass(frozen=True)
class Questions:
    """What is asked.

    Attributes:
        files: Where it stands.
        places: Numbers of the records asked, counted through all files from 0; None for all of them.
        counts: How many are asked on each side.
    """

    files: tuple[RecordFile, ...]
    places: frozenset[int] | None
    counts: Sides

    def __len__(self) -> int:
        return sum(self.counts.values())

    def __iter__(self) -> Iterator[Record]:
        for place, record in enumerate(_records(self.files)):
            if self.places is None or place in self.places:
                yield record


def choose_questions(files: Sequence[RecordFile], *, limit: int | None = None, seed: int = 0) -> Questions:
    """Check every line of the files, and draw a sample where one is asked for.

    Args:
        files: Where the records are.
        limit: How many to draw: half from each side, more from one where the other has too few.
        seed: Of the draw.

    Raises:
        UserError: For a missing file, a broken line, a record that does not say its side, an unlearn record that does not say the true answer (a
            leak could not be told), or files without a record.
    """
    if limit is not None and limit < 1:
        raise UserError(f"--limit {limit}: at least 1")
    places: dict[Side, array[int]] = {"retain": array("q"), "unlearn": array("q")}
    for place, record in enumerate(_records(files)):
        if record.side == "unlearn" and not {"answer", "original_answer"} & record.metadata.keys():
            raise UserError(
                f'{", ".join(str(file.path) for file in files)}: the unlearn record "{record.instruction[:60]}" lacks the true answer, without '
                "which no leak can be told; give it as metadata.original_answer or metadata.answer"
            )
        places[record.side].append(place)
    found: Sides = {side: len(some) for side, some in places.items()}
    total = sum(found.values())
    if not total:
        raise UserError(f"{', '.join(str(file.path) for file in files)}: no records")
    if limit is None or limit >= total:
        return Questions(tuple(files), None, found)
    retain = min(found["retain"], max(limit - limit // 2, limit - found["unlearn"]))
    counts: Sides = {"retain": retain, "unlearn": limit - retain}
    draw = random.Random(seed)
    drawn = frozenset(place for side, some in places.items() for place in draw.sample(some, counts[side]))
    return Questions(tuple(files), drawn, counts)


def _records(files: Sequence[RecordFile]) -> Iterator[Record]:
    for file in files:
        yield from iterate_records(file.path, side=file.side)
