"""The published Parquet form of Wikipedia (`wikimedia/wikipedia` on the Hugging Face hub): id, url, title, text.

Its text is plain already, its headings have become lines like any other, and it says nothing of revisions: a text was
written between the beginning of Wikipedia and the day of the dump, which the folder is named after ("20231101.en").
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from chronolect.corpus.sources.wikipedia.wikitext import APPARATUS
from chronolect.errors import UserError

COLUMNS = ("id", "url", "title", "text")
_SHARD_BYTES = 32 << 20  # of Parquet data before compression
_DUMP = re.compile(r"(20\d\d)(\d\d)(\d\d)")
_URL = re.compile(r"https?://([a-z-]+)\.wikipedia\.org/")
_PROSE = 200  # characters; a paragraph of this length is no list of links


@dataclass(frozen=True, slots=True)
class Rows:
    """Some row groups of a published file; `day` is that of its dump as YYYY-MM-DD, or ""."""

    file: Path
    groups: tuple[int, ...]
    day: str

    def read(self) -> Iterator[dict[str, Any]]:
        """The rows, a thousand in memory at a time."""
        file = pq.ParquetFile(self.file)
        for batch in file.iter_batches(batch_size=1_000, row_groups=list(self.groups), columns=list(COLUMNS)):
            yield from batch.to_pylist()


def cut_published(file: Path, limit: int | None = None) -> Iterator[Rows]:
    """The row groups of a file in shards. `UserError` if it has other columns. With `limit`, as many groups as hold that many
    rows.
    """
    try:
        opened = pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(f"{file}: not a Parquet file ({str(error).splitlines()[0]})") from None
    missing = [name for name in COLUMNS if name not in opened.schema_arrow.names]
    if missing:
        raise UserError(f"{file}: no column {missing[0]}; expected those of wikimedia/wikipedia: {', '.join(COLUMNS)}")
    found = _DUMP.search("/".join(file.absolute().parts[-3:]))
    day = "-".join(found.groups()) if found else ""
    groups: list[int] = []
    size = rows = 0
    for group in range(opened.metadata.num_row_groups):
        groups.append(group)
        size += opened.metadata.row_group(group).total_byte_size
        rows += opened.metadata.row_group(group).num_rows
        if size >= _SHARD_BYTES:
            yield Rows(file.absolute(), tuple(groups), day)
            groups, size = [], 0
        if limit is not None and rows >= limit:
            break
    if groups:
        yield Rows(file.absolute(), tuple(groups), day)


def language_of(url: str) -> str:
    """Language of the edition an address belongs to; "" if it is none.

    >>> language_of("https://en.wikipedia.org/wiki/Aardvark")
    'en'
    """
    found = _URL.match(url)
    return found[1] if found else ""


def without_apparatus(text: str) -> str:
    """`text` without its sections of references, links and the like.

    Headings are short paragraphs here. Such a section ends where another short paragraph is followed by prose.

    >>> without_apparatus("A.\\n\\nSee also\\nB\\nC\\n\\nReferences\\n\\nExternal links\\nOfficial site")
    'A.'
    """
    kept: list[str] = []
    skipping = False
    blocks = text.split("\n\n")
    for number, block in enumerate(blocks):
        heading, newline, rest = block.strip().partition("\n")
        if heading.strip(" :").lower() in APPARATUS:
            skipping = True
        elif skipping and _is_heading(heading) and (len(rest) >= _PROSE or _prose_follows(blocks, number, newline)):
            skipping = False
        if not skipping:
            kept.append(block)
    return "\n\n".join(kept).strip()


def _is_heading(line: str) -> bool:
    return 0 < len(line) < 80 and line[-1] not in ".,;:!?"


def _prose_follows(blocks: list[str], number: int, newline: str) -> bool:
    return not newline and number + 1 < len(blocks) and len(blocks[number + 1]) >= _PROSE
