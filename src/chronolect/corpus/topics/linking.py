"""Titles of links to the ids of articles: a join on disk with an imported corpus and its redirects."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from chronolect.artifacts import Stage
from chronolect.corpus.document import part_files

_MEMORY = "2GB"  # of the join; more than that is spilled
# Titles are compared as MediaWiki does: NFC, spaces for underscores, the first letter without case.
_TITLE = "nfc_normalize(trim(replace({0}, '_', ' ')))"
_KEY = "upper(substr({0}, 1, 1)) || substr({0}, 2)"
_ORDER = "year, page, position"
_EVENTS = f"""
WITH wanted AS (
  SELECT DISTINCT link, {_KEY.format(_TITLE.format("link"))} AS key FROM (SELECT unnest(links) AS link FROM found)
),
linked AS (
  SELECT w.link, min(coalesce(a.page_id, b.page_id)) AS page_id
  FROM wanted w
  LEFT JOIN articles a ON a.key = w.key
  LEFT JOIN redirects r ON r.source = w.key
  LEFT JOIN articles b ON b.key = r.target
  GROUP BY w.link
),
numbered AS (SELECT {_ORDER}, unnest(links) AS link, generate_subscripts(links, 1) AS place FROM found),
ids AS (
  SELECT {_ORDER}, list(l.page_id ORDER BY n.place) AS page_ids
  FROM numbered n JOIN linked l USING (link) GROUP BY {_ORDER}
)
SELECT f.*, ids.page_ids FROM found f LEFT JOIN ids USING ({_ORDER}) ORDER BY {_ORDER}
"""


def read_events(work: Stage, found: Path, articles: Path | None) -> Iterator[dict[str, Any]]:
    """All entries in order of year, page and place, with `page_ids` beside `links`. Memory is bounded: what does not fit goes to disk."""
    with duckdb.connect() as database:
        spill = _quoted(work.scratch / "spill")
        database.execute(f"SET temp_directory = '{spill}'; SET memory_limit = '{_MEMORY}'")
        # A page that stands in two dumps is read in its later revision.
        database.execute(
            f"CREATE VIEW found AS SELECT DISTINCT * FROM {_parts(found)}"
            " QUALIFY revision = max(revision) OVER (PARTITION BY wiki, page_id)"
        )
        database.execute("CREATE TABLE articles (key VARCHAR, page_id BIGINT)")
        database.execute("CREATE TABLE redirects (source VARCHAR, target VARCHAR)")
        if articles is not None:
            key = _KEY.format(_TITLE.format("title"))
            database.execute(
                f"INSERT INTO articles SELECT {key}, try_cast(split_part(id, ':', -1) AS BIGINT) FROM {_parts(articles)}"
                " WHERE title IS NOT NULL AND source = 'wikipedia'"
            )
            if (articles / "redirects").is_dir():
                source, target = (_KEY.format(_TITLE.format(name)) for name in ("source", "target"))
                database.execute(
                    f"INSERT INTO redirects SELECT {source}, {target} FROM {_parts(articles / 'redirects')}"
                )
        reader: pa.RecordBatchReader = database.sql(_EVENTS).to_arrow_reader(2_000)
        for batch in reader:
            yield from batch.to_pylist()


def check_articles(articles: Path) -> None:
    """`UserError` if it is no corpus."""
    part_files(articles)


def _parts(folder: Path) -> str:
    return f"read_parquet('{_quoted(folder)}/part-*.parquet')"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
