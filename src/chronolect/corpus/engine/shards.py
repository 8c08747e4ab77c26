"""Running a function over shards, and over an existing corpus; finished shards are kept when a run is killed."""

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from chronolect.artifacts import Stage
from chronolect.console import progress, say
from chronolect.corpus.document import SCHEMA, open_part, part_files, read_row_group
from chronolect.corpus.engine.config import Engine
from chronolect.corpus.engine.executors import execute
from chronolect.corpus.engine.output import COUNTS, DROPPED, MAIN, Output
from chronolect.corpus.problems import LISTED, SHOWN

_SHARD_BYTES = 64 << 20  # of Parquet data before compression: what one shard of an existing corpus reads


@dataclass
class Totals:
    """What all shards did together."""

    kept: int = 0
    dropped: int = 0
    dropped_by: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    problem_list: list[str] = field(default_factory=list)

    def summary(self, *, listed: bool = True, rows: str = "documents") -> dict[str, Any]:
        """The totals as a manifest has them; without the list of problems for the screen."""
        found: dict[str, Any] = {
            rows: self.kept,
            "dropped": self.dropped,
            "dropped_by": dict(sorted(self.dropped_by.items())),
        }
        found |= dict(sorted(self.counts.items())) | {"problems": dict(sorted(self.problems.items()))}
        return found | {"problem_list": self.problem_list} if listed else found


@dataclass(frozen=True, slots=True)
class Task:
    """The function of a shard with where it writes: what is sent to the workers."""

    function: Callable[[Any, Output], None]
    folder: Path
    schema: pa.Schema
    tables: Mapping[str, pa.Schema]

    def __call__(self, index: int, shard: Any) -> int:
        """Run one shard; its number."""
        with Output(self.folder_of(index), self.schema, self.tables) as output:
            self.function(shard, output)
        return index

    def folder_of(self, index: int) -> Path:
        """Where the finished shard lies."""
        return self.folder / f"{index:05d}"


def run_shards(
    work: Stage,
    shards: Iterable[Any],
    function: Callable[[Any, Output], None],
    engine: Engine,
    *,
    label: str,
    schema: pa.Schema = SCHEMA,
    tables: Mapping[str, pa.Schema] | None = None,
    into: str = "",
) -> Totals:
    """Run `function(shard, output)` for every shard and put the results together in order.

    Args:
        work: The stage, opened with `resume=True`.
        shards: Small descriptions of work, or blocks of data; made lazily and in the same order every time. Only a few are held at once.
        function: What is done with one; it must pickle.
        engine: Who does it.
        label: What is shown while it goes on.
        schema: Of the main table; a corpus by default.
        tables: Side tables, each written to a folder of its name.
        into: Subfolder for the result, for stages of several passes; `.scratch/NAME` is removed at the stage's end.

    Returns:
        The totals over all shards, those of an earlier, killed run included.
    """
    task = Task(function, work.scratch.absolute() / "shards" / (into or "main"), schema, tables or {})
    task.folder.mkdir(parents=True, exist_ok=True)
    number = skipped = 0

    def unfinished() -> Iterator[tuple[int, Any]]:
        nonlocal number, skipped
        for index, shard in enumerate(shards):
            number = index + 1
            if task.folder_of(index).exists():
                skipped += 1
            else:
                yield index, shard

    for _ in progress(execute(task, unfinished(), engine), label=label):
        pass
    if skipped:
        say(f"{label}: {skipped:,} of {number:,} shards were done already")
    return _assemble(task, number, work.folder / into)


def map_corpus(
    work: Stage,
    corpus: Path,
    function: Callable[[pa.RecordBatch, Output], None],
    engine: Engine,
    *,
    label: str,
    schema: pa.Schema = SCHEMA,
    tables: Mapping[str, pa.Schema] | None = None,
    into: str = "",
) -> Totals:
    """Run `function(batch, output)` over the row groups of a corpus (see `run_shards`)."""
    return run_shards(
        work,
        corpus_shards(corpus),
        _OverBatches(function),
        engine,
        label=label,
        schema=schema,
        tables=tables,
        into=into,
    )


@dataclass(frozen=True, slots=True)
class Groups:
    """Some row groups of a part file."""

    part: Path
    groups: tuple[int, ...]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Their rows, a row group at a time."""
        file = open_part(self.part)
        for group in self.groups:
            yield from read_row_group(file, self.part, group)


def corpus_shards(corpus: Path) -> Iterator[Groups]:
    """A corpus cut into shards of neighbouring row groups of about 64 MB."""
    for part in part_files(corpus):
        metadata = open_part(part).metadata
        groups: list[int] = []
        size = 0
        for group in range(metadata.num_row_groups):
            groups.append(group)
            size += metadata.row_group(group).total_byte_size
            if size >= _SHARD_BYTES:
                yield Groups(part.absolute(), tuple(groups))
                groups, size = [], 0
        if groups:
            yield Groups(part.absolute(), tuple(groups))


@dataclass(frozen=True, slots=True)
class _OverBatches:
    function: Callable[[pa.RecordBatch, Output], None]

    def __call__(self, shard: Groups, output: Output) -> None:
        for batch in shard.batches():
            self.function(batch, output)


def _assemble(task: Task, number: int, target: Path) -> Totals:
    """Move the tables of all shards to their places and add up the counts. Doing it twice does no harm."""
    totals = Totals()
    names = {MAIN: target, DROPPED: target / "dropped"} | {name: target / name for name in task.tables}
    for index in range(number):
        folder = task.folder_of(index)
        for name, place in names.items():
            table = folder / f"{name}.parquet"
            if table.exists():
                place.mkdir(parents=True, exist_ok=True)
                os.rename(table, place / f"part-{index:05d}.parquet")
        found = json.loads((folder / COUNTS).read_text(encoding="utf-8"))
        totals.kept += found["kept"]
        totals.dropped += found["dropped"]
        totals.dropped_by.update(found["dropped_by"])
        totals.counts.update(found["counts"])
        totals.problems.update(found["problems"])
        totals.problem_list += found["problem_list"][: LISTED - len(totals.problem_list)]
    for line in totals.problem_list[:SHOWN]:
        say(line)
    if totals.problems.total() > SHOWN:
        say(f"... and {totals.problems.total() - SHOWN:,} more problems; the first {LISTED:,} are in the manifest")
    return totals
