"""Which statements of a dates table belong to which document: a join on disk, by the surest key first."""

import os
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from chronolect.artifacts import Stage
from chronolect.console import say
from chronolect.corpus.dating.table import DATES_SCHEMA
from chronolect.corpus.document import part_files
from chronolect.errors import UserError

KEYS_SCHEMA = pa.schema(
    [
        pa.field("unit", pa.string(), nullable=False),  # the row group a document stands in: "part-00003:7"
        pa.field("row", pa.int32(), nullable=False),  # its row there
        pa.field("id", pa.string(), nullable=False),
        pa.field("qid", pa.string()),
        pa.field("page_id", pa.int64()),
        pa.field("title", pa.string()),
    ]
)
HOW = ("document id", "qid", "page id", "title", "redirect")
_MEMORY = "4GB"  # of the join; more than that is spilled

# Titles are compared as MediaWiki does: NFC, spaces for underscores, the first letter without case. A statement goes to the document of the
# surest key alone: an item that is found by its QID is not looked for by title as well, and a document with one QID does not take
# the statements of another for want of a better title. Nor does a document that a base knows by a sure key take what the base says
# of another entity by a less sure one, and of two entities whose names lead to it, neither is it.
_MATCH = """
COPY (
  WITH matches AS (
    SELECT f.fact, k.unit, k.row, 0 AS how FROM facts f JOIN keys k ON f.entity = k.id
    UNION ALL
    SELECT f.fact, k.unit, k.row, 1 FROM facts f JOIN keys k ON f.qid = k.qid
    UNION ALL
    SELECT f.fact, k.unit, k.row, 2 FROM facts f JOIN keys k ON f.page_id = k.page_id
    UNION ALL
    SELECT f.fact, k.unit, k.row, 3 FROM facts f JOIN keys k ON f.key = k.key WHERE {other_item}
    UNION ALL
    SELECT f.fact, k.unit, k.row, 4
    FROM facts f JOIN redirects r ON f.key = r.source JOIN keys k ON r.target = k.key WHERE {other_item}
  ),
  best AS (SELECT DISTINCT * FROM matches QUALIFY how = min(how) OVER (PARTITION BY fact)),
  surest AS (
    SELECT b.unit, b.row, b.how, {columns} FROM best b JOIN facts f ON f.fact = b.fact
    QUALIFY b.how = min(b.how) OVER (PARTITION BY b.unit, b.row, f.kind)
  )
  SELECT * FROM surest f
  QUALIFY f.how < 3 OR min(f.entity) OVER (PARTITION BY f.unit, f.row, f.kind) = max(f.entity) OVER (PARTITION BY f.unit, f.row, f.kind)
  ORDER BY f.unit, f.row, f.kind, f.property, f.earliest, f.latest, f.reference, f.entity
) TO '{out}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 20000)
"""
_KEY = "upper(substr({0}, 1, 1)) || substr({0}, 2)"
_TITLE = "nfc_normalize(trim(replace({0}, '_', ' ')))"


def match(work: Stage, keys: Path, dates: Sequence[Path], redirects: Path | None) -> Path:
    """Join the keys of the documents with the dates tables into one Parquet file, sorted by document, in the stage's scratch folder.

    Columns: unit, row, how (index into `HOW`) and those of `DATES_SCHEMA`. Memory is bounded: what does not fit goes to disk.
    """
    out = work.scratch / "matches.parquet"
    if out.exists():
        return out
    say("joining dates to documents")
    partial = work.scratch / "matches.partial"
    spill = work.scratch / "spill"
    with duckdb.connect() as database:
        database.execute(
            f"SET temp_directory = '{_quoted(spill)}'; SET memory_limit = '{_MEMORY}'; SET preserve_insertion_order = false"
        )
        key = _KEY.format(_TITLE.format("title"))
        database.execute(
            f"CREATE VIEW keys AS SELECT *, {key} AS key FROM read_parquet('{_quoted(keys)}/part-*.parquet')"
        )
        parts = ", ".join(f"'{_quoted(part)}'" for table in dates for part in dates_parts(table))
        database.execute(
            f"CREATE VIEW facts AS SELECT *, filename || ':' || file_row_number AS fact, {key} AS key "
            f"FROM read_parquet([{parts}], filename = true, file_row_number = true)"
        )
        if redirects is None:
            database.execute("CREATE TABLE redirects (source VARCHAR, target VARCHAR)")
        else:
            source, target = (_KEY.format(_TITLE.format(name)) for name in ("source", "target"))
            database.execute(
                f"CREATE VIEW redirects AS SELECT {source} AS source, {target} AS target "
                f"FROM read_parquet('{_quoted(redirects)}/part-*.parquet')"
            )
        other_item = "(f.qid IS NULL OR k.qid IS NULL OR f.qid = k.qid)"
        columns = ", ".join(f"f.{name}" for name in DATES_SCHEMA.names)
        database.execute(_MATCH.format(other_item=other_item, columns=columns, out=_quoted(partial)))
    os.rename(partial, out)
    return out


def dates_parts(table: Path) -> list[Path]:
    """The part files of a dates table; `UserError` if it is none."""
    parts = part_files(table)
    missing = [name for name in DATES_SCHEMA.names if name not in pq.ParquetFile(parts[0]).schema_arrow.names]
    if missing:
        raise UserError(
            f"{table}: not a table of dates (no column {missing[0]}); make one with `chronolect corpus dates`"
        )
    return parts


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
