"""`Output`: what the function of a shard writes to. It is whole on disk, or absent."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from chronolect.artifacts import sync_tree
from chronolect.corpus.document import SCHEMA, Document, TableWriter
from chronolect.corpus.problems import LISTED, Problem

MAIN, DROPPED, COUNTS = "part", "dropped", "counts.json"


class Output:
    """The kept and dropped rows of one shard, its side tables, counts and problems. Use it in a `with` statement.

    Holds at most one row group of each table in memory.
    """

    def __init__(self, folder: Path, schema: pa.Schema = SCHEMA, tables: Mapping[str, pa.Schema] | None = None) -> None:
        self.folder = folder
        self._partial = folder.with_name(f"{folder.name}.partial")
        shutil.rmtree(self._partial, ignore_errors=True)
        self._partial.mkdir(parents=True)
        with_reason = schema.append(pa.field("reason", pa.string(), nullable=False))
        schemas = {MAIN: schema, DROPPED: with_reason, **(tables or {})}
        self._writers = {
            name: TableWriter(self._partial / f"{name}.parquet", table_schema) for name, table_schema in schemas.items()
        }
        self._dropped_by: Counter[str] = Counter()
        self._counts: Counter[str] = Counter()
        self._problems: Counter[str] = Counter()
        self._problem_list: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close(whole=kind is None)
        if kind is not None:
            shutil.rmtree(self._partial, ignore_errors=True)
            return
        counts = {
            "kept": self._writers[MAIN].rows,
            "dropped": self._writers[DROPPED].rows,
            "dropped_by": self._dropped_by,
            "counts": self._counts,
            "problems": self._problems,
            "problem_list": self._problem_list,
        }
        (self._partial / COUNTS).write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")
        sync_tree(self._partial)
        os.rename(self._partial, self.folder)

    def keep(self, document: Document) -> None:
        """Add a document to the result."""
        self._writers[MAIN].write_row(document.to_row())

    def drop(self, document: Document, reason: str) -> None:
        """Leave a document out, with the reason; it can be read in `dropped/`."""
        self._dropped_by[reason_kind(reason)] += 1
        self._writers[DROPPED].write_row({**document.to_row(), "reason": reason})

    def keep_batch(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch to the result."""
        self._writers[MAIN].write_batch(batch)

    def drop_batch(self, batch: pa.RecordBatch, reasons: Sequence[str]) -> None:
        """Leave the rows of a batch out, each with its reason."""
        self._dropped_by.update(reason_kind(reason) for reason in reasons)
        self._writers[DROPPED].write_batch(
            batch.append_column(pa.field("reason", pa.string(), nullable=False), pa.array(reasons, pa.string()))
        )

    def row(self, row: dict[str, Any]) -> None:
        """Add a row to a result that is no corpus."""
        self._writers[MAIN].write_row(row)

    def table_row(self, table: str, row: dict[str, Any]) -> None:
        """Add a row to a side table."""
        self._writers[table].write_row(row)

    def count(self, name: str, number: int = 1) -> None:
        """Add to a count that the manifest shows."""
        self._counts[name] += number

    def problem(self, kind: str, problem: Problem) -> None:
        """Note bad input: counted by kind, the first 1,000 listed in the manifest."""
        self._problems[kind] += 1
        if len(self._problem_list) < LISTED:
            self._problem_list.append(str(problem))


def reason_kind(reason: str) -> str:
    """What reasons are counted by: their part before a colon ("near duplicate: of doc 7" counts as "near duplicate").

    >>> reason_kind("too short: 12 characters"), reason_kind("written after")
    ('too short', 'written after')
    """
    return reason.partition(":")[0]
