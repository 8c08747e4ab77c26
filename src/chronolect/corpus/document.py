"""`Document`, and a corpus on disk: a folder of Parquet files `part-NNNNN.parquet`, written and read as a stream."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chronolect.console import progress
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span
from chronolect.timeline.arrow import (
    EVIDENCE,
    evidence_from_row,
    evidence_to_row,
    span_fields,
    span_from_row,
    span_to_row,
)

SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("title", pa.string()),
        pa.field("text", pa.string(), nullable=False),
        *span_fields("written"),
        *span_fields("about"),
        pa.field("evidence", pa.list_(EVIDENCE)),
        pa.field("language", pa.string()),
        pa.field("licence", pa.string()),
        pa.field("url", pa.string()),
        pa.field("meta", pa.string()),
    ]
)
DROPPED_SCHEMA = SCHEMA.append(pa.field("reason", pa.string(), nullable=False))
DROPPED = "dropped"
UNDATED = Span()

# A row group is what a reader holds in memory at once; a part file is what one worker takes.
_GROUP_ROWS, _GROUP_BYTES = 8_192, 16 << 20
_PART_ROWS, _PART_BYTES = 65_536, 256 << 20


@dataclass(frozen=True, slots=True)
class Document:
    """One text with its two times: when its words were `written`, and what time it is `about`."""

    id: str
    text: str
    source: str = ""
    title: str = ""
    written: Span = UNDATED
    about: Span = UNDATED
    evidence: tuple[Evidence, ...] = ()
    language: str = ""
    licence: str = ""
    url: str = ""
    meta: dict[str, Any] = field(default_factory=dict)

    def to_row(self) -> dict[str, Any]:
        """The document as a row of `SCHEMA`."""
        return {
            "id": self.id,
            "source": self.source,
            "title": self.title,
            "text": self.text,
            **span_to_row("written", self.written),
            **span_to_row("about", self.about),
            "evidence": [evidence_to_row(piece) for piece in self.evidence],
            "language": self.language,
            "licence": self.licence,
            "url": self.url,
            "meta": json.dumps(self.meta, ensure_ascii=False, default=str) if self.meta else None,
        }

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> Self:
        """The inverse of `to_row`."""
        return cls(
            id=row["id"],
            text=row["text"],
            source=row["source"],
            title=row["title"] or "",
            written=span_from_row("written", row),
            about=span_from_row("about", row),
            evidence=tuple(evidence_from_row(piece) for piece in row["evidence"] or ()),
            language=row["language"] or "",
            licence=row["licence"] or "",
            url=row["url"] or "",
            meta=json.loads(row["meta"]) if row["meta"] else {},
        )


class TableWriter:
    """Writes rows, or record batches of the same schema, to one Parquet file that appears with the first row.

    Holds at most one row group (8,192 rows or 16 MB of text) in memory.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self.path = path
        self.schema = schema
        self.rows = self.bytes = 0
        self._rows: list[dict[str, Any]] = []
        self._batches: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0
        self._file: pq.ParquetWriter | None = None

    def write_row(self, row: dict[str, Any]) -> None:
        """Add one row."""
        self._rows.append(row)
        self._count(1, len(row.get("text") or ""))

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch."""
        self._rows_to_batch()
        self._batches.append(batch)
        self._count(batch.num_rows, _text_bytes(batch))

    def close(self, *, whole: bool = True) -> None:
        """Write what is waiting (unless the work failed) and close the file."""
        try:
            if whole:
                self._write_group()
        finally:
            if self._file is not None:
                self._file.close()

    def _count(self, rows: int, text_bytes: int) -> None:
        self.rows += rows
        self.bytes += text_bytes
        self._waiting_rows += rows
        self._waiting_bytes += text_bytes
        if self._waiting_rows >= _GROUP_ROWS or self._waiting_bytes >= _GROUP_BYTES:
            self._write_group()

    def _rows_to_batch(self) -> None:
        if self._rows:
            self._batches.append(pa.RecordBatch.from_pylist(self._rows, schema=self.schema))
            self._rows = []

    def _write_group(self) -> None:
        self._rows_to_batch()
        if self._waiting_rows:
            if self._file is None:
                self.path.parent.mkdir(parents=True, exist_ok=True)
                self._file = pq.ParquetWriter(self.path, self.schema, compression="zstd")
            table = pa.Table.from_batches(self._batches, self.schema)
            self._file.write_table(table, row_group_size=self._waiting_rows)
        self._waiting_rows = self._waiting_bytes = 0
        self._batches = []


class CorpusWriter:
    """Writes documents, or record batches of the same schema, to part files in `folder`; use it in a `with` statement.

    Holds at most one row group in memory. The folder appears with the first row.
    """

    def __init__(self, folder: Path, schema: pa.Schema = SCHEMA) -> None:
        self.folder = folder
        self.schema = schema
        self._earlier_rows = self._parts = 0
        self._part = TableWriter(self._path(), schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._part.close(whole=kind is None)

    @property
    def rows(self) -> int:
        """Rows written so far."""
        return self._earlier_rows + self._part.rows

    def write(self, document: Document) -> None:
        """Add one document."""
        self._turn_over()
        self._part.write_row(document.to_row())

    def write_batch(self, batch: pa.RecordBatch) -> None:
        """Add the rows of a batch."""
        self._turn_over()
        self._part.write_batch(batch)

    def _path(self) -> Path:
        return self.folder / f"part-{self._parts:05d}.parquet"

    def _turn_over(self) -> None:
        """Begin another part file where this one is full."""
        if self._part.rows >= _PART_ROWS or self._part.bytes >= _PART_BYTES:
            self._part.close()
            self._earlier_rows += self._part.rows
            self._parts += 1
            self._part = TableWriter(self._path(), self.schema)


def part_files(corpus: Path) -> list[Path]:
    """The part files of a corpus in order; `UserError` if it is none."""
    if not corpus.exists():
        raise UserError(f"{corpus}: no such corpus")
    parts = sorted(corpus.glob("part-*.parquet"), key=lambda part: (len(part.name), part.name))
    if not parts:
        raise UserError(f"{corpus}: not a corpus (no part-*.parquet); make one with `chronolect corpus import`")
    return parts


def count_documents(corpus: Path) -> int:
    """Number of documents, from the files' footers."""
    return sum(open_part(part).metadata.num_rows for part in part_files(corpus))


def read_batches(
    corpus: Path, columns: Sequence[str] | None = None, *, text_bytes: int | None = None, label: str | None = None
) -> Iterator[pa.RecordBatch]:
    """Stream a corpus as record batches (one row group at a time), of the named columns only (all by default).

    `text_bytes` cuts them into batches of at most that much text (or one document), `label` shows progress.
    """
    groups = [(part, group) for part in part_files(corpus) for group in range(open_part(part).metadata.num_row_groups)]
    opened: tuple[Path, pq.ParquetFile] | None = None
    for part, group in progress(groups, label=label, total=len(groups)) if label else groups:
        if opened is None or opened[0] != part:
            opened = part, open_part(part)
        for batch in read_row_group(opened[1], part, group, columns):
            yield from _cut(batch, text_bytes) if text_bytes else (batch,)


def read_row_group(
    file: pq.ParquetFile, part: Path, group: int, columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The rows of one row group as record batches (one, as a rule); a damaged one is a `UserError`."""
    try:
        table = file.read_row_group(group, columns=list(columns) if columns else None)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{part}: damaged ({_first_line(error)}); make the corpus again") from None
    yield from table.combine_chunks().to_batches()


def _cut(batch: pa.RecordBatch, text_bytes: int) -> Iterator[pa.RecordBatch]:
    """Slices of a batch with at most `text_bytes` of text each, at least one row."""
    start = size = 0
    for row, length in enumerate(pc.binary_length(batch["text"]).to_pylist()):
        if size and size + length > text_bytes:
            yield batch.slice(start, row - start)
            start, size = row, 0
        size += length
    yield batch.slice(start)


def _text_bytes(batch: pa.RecordBatch) -> int:
    """Bytes of text in a batch; of a table without text, its size."""
    if "text" not in batch.schema.names:
        return int(batch.nbytes)
    return pc.sum(pc.binary_length(batch["text"])).as_py() or 0


def read_documents(corpus: Path) -> Iterator[Document]:
    """Stream the documents of a corpus."""
    for batch in read_batches(corpus):
        for row in batch.to_pylist():
            yield Document.from_row(row)


def open_part(part: Path) -> pq.ParquetFile:
    """A part file of a corpus; `UserError` if it is none."""
    try:
        file = pq.ParquetFile(part)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{part}: not a Parquet file ({_first_line(error)}); make the corpus again") from None
    missing = [name for name in SCHEMA.names if name not in file.schema_arrow.names]
    if missing:
        raise UserError(
            f"{part}: not a corpus file (no column {missing[0]}); import it with `chronolect corpus import table`"
        )
    return file


def _first_line(error: BaseException) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
