"""Keeping to a number of tokens or characters: games are drawn by their keys, which are as good as random and the same in every run."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from chronolect.artifacts import SCRATCH, Stage
from chronolect.corpus.engine import Engine, Output, Totals, run_shards
from chronolect.corpus.engine.shards import Groups, corpus_shards

DRAFTED = f"{SCRATCH}/drafted"  # where all games go before some are drawn
SIZES = pa.schema([pa.field("key", pa.uint64(), nullable=False), pa.field("size", pa.int64(), nullable=False)])


@dataclass(frozen=True, slots=True)
class Cap:
    """The most tokens to keep, or the most characters."""

    tokens: int | None
    chars: int | None

    @property
    def is_set(self) -> bool:
        """Whether there is a cap at all."""
        return self.tokens is not None or self.chars is not None

    def largest_key(self, sizes: Path) -> int:
        """The key up to which games are kept: taken in order of their keys, they do not exceed the cap; -1 keeps none."""
        most = self.tokens if self.tokens is not None else self.chars
        with duckdb.connect() as connection:
            found = connection.execute(
                "select max(key) from (select key, sum(size) over (order by key) as total from read_parquet($files))"
                " where total <= $most",
                {"files": str(sizes / "*.parquet"), "most": most},
            ).fetchone()
        return int(found[0]) if found and found[0] is not None else -1


def keep_to_cap(work: Stage, drafted: Totals, cap: Cap, engine: Engine) -> Totals:
    """Draw games from the drafts up to the cap; the others, and what was left out before, go to `dropped/`."""
    drafts = work.folder / DRAFTED
    largest = cap.largest_key(drafts / "sizes") if (drafts / "sizes").is_dir() else -1
    totals = run_shards(work, _groups(drafts, drafted), _Draw(largest), engine, label="keeping to the cap")
    totals.counts.update(drafted.counts)
    totals.problems.update(drafted.problems)
    totals.problem_list = drafted.problem_list
    return totals


def _groups(drafts: Path, drafted: Totals) -> Iterator[Groups]:
    if drafted.kept:
        yield from corpus_shards(drafts)
    if drafted.dropped:
        yield from corpus_shards(drafts / "dropped")


@dataclass(frozen=True, slots=True)
class _Draw:
    """Keeps the games of a batch up to a key, and whatever is no game; passes on what was dropped with its reasons."""

    largest: int

    def __call__(self, shard: Groups, output: Output) -> None:
        for batch in shard.batches():
            if "reason" in batch.schema.names:
                output.drop_batch(batch.drop_columns("reason"), batch["reason"].to_pylist())
                continue
            keys = [int(name[6:], 16) if name.startswith("chess:") else -1 for name in batch["id"].to_pylist()]
            keep = pa.array([key <= self.largest for key in keys], pa.bool_())
            output.keep_batch(batch.filter(keep))
            rest = batch.filter(pc.invert(keep))
            output.drop_batch(rest, ["over the cap"] * rest.num_rows)
