"""Decisions about the rows of a corpus: made over all rows at once, carried out shard by shard.

Rows are numbered in the order of the corpus. A first pass writes what a decision needs, DuckDB decides out of core, and a
second pass over the same shards looks up what was decided about its own rows.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from chronolect.corpus.document import open_part
from chronolect.corpus.engine import Output
from chronolect.corpus.engine.shards import Groups, corpus_shards
from chronolect.processes import available_cores

_MEMORY = "1GB"
_GLOB = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class NumberedGroups:
    """Some row groups of a corpus, with the number of their first row."""

    groups: Groups
    first: int
    corpus: int = 0

    def batches(self) -> Iterator[tuple[int, pa.RecordBatch]]:
        """Their rows, a row group at a time, each with the number of its first row."""
        first = self.first
        for batch in self.groups.batches():
            yield first, batch
            first += batch.num_rows


def numbered_shards(*corpora: Path) -> Iterator[NumberedGroups]:
    """The shards of corpora one after the other, rows numbered through."""
    first = 0
    for number, corpus in enumerate(corpora):
        for groups in corpus_shards(corpus):
            yield NumberedGroups(groups, first, number)
            metadata = open_part(groups.part).metadata
            first += sum(metadata.row_group(group).num_rows for group in groups.groups)


@contextmanager
def database(scratch: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A new DuckDB that keeps to 1 GB of memory and puts what is more into `scratch`."""
    for left in scratch.glob("work.duckdb*"):  # by a killed run
        left.unlink()
    config: dict[str, Any] = {
        "memory_limit": _MEMORY,
        "temp_directory": str(scratch / "duckdb"),
        "threads": available_cores(),
    }
    with duckdb.connect(str(scratch / "work.duckdb"), config=config) as connection:
        connection.execute("SET preserve_insertion_order = true")
        yield connection


def sql_text(value: object) -> str:
    """A value as a text literal of SQL."""
    return "'" + str(value).replace("'", "''") + "'"


def parts_of(folder: Path) -> str:
    """The part files of a table as DuckDB reads them."""
    files = ", ".join(sql_text(_GLOB.sub(r"[\g<0>]", str(part))) for part in sorted(folder.glob("part-*.parquet")))
    return f"read_parquet([{files}])"


def rows_between(table: Path, first: int, count: int) -> list[dict[str, Any]]:
    """The rows of a Parquet file sorted by its column `row` that belong to a stretch of the corpus."""
    return pq.read_table(table, filters=[("row", ">=", first), ("row", "<", first + count)]).to_pylist()


def with_meta(batch: pa.RecordBatch, additions: dict[int, dict[str, Any]]) -> pa.RecordBatch:
    """The batch with keys added to the `meta` of some rows, given by their place in the batch."""
    if not additions:
        return batch
    metas = batch["meta"].to_pylist()
    for place, added in additions.items():
        metas[place] = json.dumps((json.loads(metas[place]) if metas[place] else {}) | added, ensure_ascii=False)
    column = batch.schema.get_field_index("meta")
    return batch.set_column(column, batch.schema.field(column), pa.array(metas, pa.string()))


def write_split(batch: pa.RecordBatch, reasons: Mapping[int, str], output: Output) -> None:
    """Drop the rows that have a reason, given by their place in the batch, and keep the others."""
    dropped = sorted(reasons)
    if dropped:
        output.drop_batch(batch.take(pa.array(dropped)), [reasons[place] for place in dropped])
    kept = [place for place in range(batch.num_rows) if place not in reasons]
    if kept:
        output.keep_batch(batch.take(pa.array(kept)) if dropped else batch)
