"""Dates and the pages they belong to, where a source states them apart: joined on disk, in bounded memory."""

import re
import unicodedata
from pathlib import Path
from typing import cast
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from chronolect.artifacts import SCRATCH, Stage
from chronolect.corpus.dating.table import DATES_SCHEMA, Role
from chronolect.corpus.document import CorpusWriter
from chronolect.errors import UserError
from chronolect.processes import available_cores

# Dates, and (rows without a property) what says which page or item an entity is.
LINKED_SCHEMA = pa.schema([column.with_nullable(column.name != "entity") for column in DATES_SCHEMA])
SHARDS = f"{SCRATCH}/facts"  # what the shards write, below the stage's folder; gone with its end

_MEMORY = "256MB"
_WIKI = re.compile(r"([a-z][a-z_]*?)(wiki|wikibooks|wikinews|wikiquote|wikisource|wikiversity|wikivoyage|wiktionary)")
_BATCH = 8_192


def page_prefix(wiki: str) -> str:
    """What the addresses of a wiki's pages begin with.

    >>> page_prefix("enwiki"), page_prefix("zh_yuewiki"), page_prefix("frwikisource")
    ('https://en.wikipedia.org/wiki/', 'https://zh-yue.wikipedia.org/wiki/', 'https://fr.wikisource.org/wiki/')
    """
    found = _WIKI.fullmatch(wiki)
    if not found:
        raise UserError(f'--wiki {wiki}: expected the name of a database, such as "enwiki" or "frwikisource"')
    project = "wikipedia" if found[2] == "wiki" else found[2]
    return f"https://{found[1].replace('_', '-')}.{project}.org/wiki/"


def page_title(address: str, prefix: str) -> str | None:
    """The title in an address of that wiki, as MediaWiki shows it; None if it is an address elsewhere.

    >>> page_title("https://en.wikipedia.org/wiki/Karel_%C4%8Capek", "https://en.wikipedia.org/wiki/")
    'Karel Čapek'
    """
    if not address.startswith(prefix):
        return None
    return unicodedata.normalize("NFC", unquote(address[len(prefix) :])).replace("_", " ").strip() or None


def link_row(entity: str, qid: str | None, title: str | None) -> dict[str, str | None]:
    """A row of `LINKED_SCHEMA` that says which item or page an entity is."""
    return {"entity": entity, "qid": qid, "title": title}


def add_properties(roles: dict[str, Role], properties: list[str], form: str) -> dict[str, Role]:
    """The table of roles with further properties, each `NAME` (a point in time) or `NAME=start`, `=end`, `=point`."""
    added = dict(roles)
    for text in properties:
        name, _, role = text.partition("=")
        if not re.fullmatch(form, name) or role not in ("", "start", "end", "point"):
            raise UserError(f"--property {text}: expected a property, or one with =start, =end or =point")
        added[name] = cast(Role, role) if role else roles.get(name, "point")
    return added


def gather(work: Stage) -> int:
    """Put the rows of the shards, in order, into part files of a fitting size; how many they are."""
    with CorpusWriter(work.folder, DATES_SCHEMA) as writer:
        for part in _parts(work.folder / SHARDS):
            for batch in pq.ParquetFile(part).iter_batches(_BATCH):
                writer.write_batch(batch)
        return writer.rows


def gather_linked(work: Stage, *, all_entities: bool) -> int:
    """The same, each row with the item and the title of its entity, which other shards may have met.

    Rows of entities without a title are left out unless `all_entities`. If an entity has several titles or items, the
    first in alphabetical order is taken.
    """
    parts = _parts(work.folder / SHARDS)
    if not parts:
        return 0
    with duckdb.connect() as base:
        base.execute(f"SET memory_limit = '{_MEMORY}'")
        base.execute(f"SET threads = {min(2, available_cores())}")
        base.execute(f"SET temp_directory = '{_quoted(work.folder / SHARDS / 'join')}'")
        base.execute("SET preserve_insertion_order = false")
        join, titled = ("LEFT JOIN", "true") if all_entities else ("JOIN", "min(title) IS NOT NULL")
        found = base.sql(_JOIN.format(parts=_list(parts), join=join, titled=titled))
        with CorpusWriter(work.folder, DATES_SCHEMA) as writer:
            for batch in found.to_arrow_reader(_BATCH):
                for piece in pa.Table.from_batches([batch]).cast(DATES_SCHEMA).to_batches():
                    writer.write_batch(piece)
            return writer.rows


_JOIN = """
WITH facts AS (FROM read_parquet({parts}, filename = true, file_row_number = true)),
pages AS (
    SELECT entity, min(qid) AS qid, min(title) AS title FROM facts WHERE property IS NULL GROUP BY entity HAVING {titled}
)
SELECT facts.* EXCLUDE (filename, file_row_number) REPLACE (coalesce(facts.qid, pages.qid) AS qid, pages.title AS title)
FROM facts {join} pages USING (entity) WHERE property IS NOT NULL
ORDER BY filename, file_row_number
"""


def _parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("part-*.parquet"), key=lambda part: (len(part.name), part.name))


def _list(paths: list[Path]) -> str:
    return "[" + ", ".join(f"'{_quoted(path)}'" for path in paths) + "]"


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
