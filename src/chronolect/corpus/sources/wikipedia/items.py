"""Wikidata items of pages, which `pages-articles` does not hold: from the `page_props` dump, or from a table of one's own.

Read once into sorted arrays on disk, which the workers map into memory: 8 bytes a page.
"""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path

import numpy as np

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.records import read_records
from chronolect.errors import UserError

# A row of the table is (page, 'property', 'value', sort key); the value of the mark is empty.
_ROW = re.compile(rb"\((\d+),'(?:wikibase_item','Q(\d+)'|disambiguation',)")
_READ = 8 << 20
_LONGEST_ROW = 1 << 16
_BITS = np.uint64(32)
_ITEMS, _MARKS = "items.u64", "disambiguations.u64"

Pairs = list[tuple[int, int]]  # page and item; item 0 marks a disambiguation page


@dataclass(frozen=True, slots=True)
class PageItems:
    """Item and disambiguation mark of every page; the arrays lie in `folder`."""

    folder: Path

    def item(self, page: int) -> str | None:
        """The item of a page, such as "Q42"."""
        found = _find(self.folder / _ITEMS, page)
        return None if found is None else f"Q{found}"

    def is_disambiguation(self, page: int) -> bool:
        """Whether the wiki has marked the page as one that tells titles apart."""
        return _find(self.folder / _MARKS, page) is not None


def read_items(file: Path, folder: Path) -> PageItems:
    """Write the arrays of `file` to `folder`: an SQL dump of `page_props` (.sql, .sql.gz), or a table (TSV, CSV, Parquet)
    with the columns page_id and qid. `UserError` if there is no item in it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rows = _from_sql(file) if ".sql" in file.suffixes else _from_table(file)
    with open(folder / _ITEMS, "wb") as items, open(folder / _MARKS, "wb") as marks:
        for pairs in rows:
            array = np.array(pairs, dtype=np.uint64).reshape(-1, 2)
            keys = (array[:, 0] << _BITS) | array[:, 1]
            keys[array[:, 1] > 0].tofile(items)
            keys[array[:, 1] == 0].tofile(marks)
    if not (folder / _ITEMS).stat().st_size:
        raise UserError(f"{file}: no Wikidata item in it; expected page_props.sql.gz, or a table with page_id and qid")
    for path in (folder / _ITEMS, folder / _MARKS):
        if path.stat().st_size:
            np.memmap(path, dtype=np.uint64, mode="r+").sort()
    return PageItems(folder.absolute())


def _from_sql(file: Path) -> Iterator[Pairs]:
    try:
        with gzip.open(file) if file.suffix == ".gz" else open(file, "rb") as stream:
            rest = b""
            while chunk := stream.read(_READ):
                data = rest + chunk
                # The last row may be cut: what follows the last end of one waits for the next chunk.
                end = max(data.rfind(b"),(") + 1, len(data) - _LONGEST_ROW, 0)
                yield _rows(data[:end])
                rest = data[end:]
            yield _rows(rest)
    except (OSError, EOFError) as error:
        raise UserError(f"{file}: cannot be read ({' '.join(str(error).split())})") from None


def _rows(data: bytes) -> Pairs:
    return [(int(page), int(item or 0)) for page, item in _ROW.findall(data)]


def _from_table(file: Path) -> Iterator[Pairs]:
    records = read_records(file)
    while block := list(islice(records, 65_536)):
        pairs: Pairs = []
        for record in block:
            if isinstance(record, Problem):
                raise UserError(str(record))
            page, item = str(record.fields.get("page_id", "")), str(record.fields.get("qid") or "").removeprefix("Q")
            if item in ("", "None"):
                continue
            if not (page.isdecimal() and item.isdecimal() and int(item)):
                raise UserError(f"{record.where}: expected a page_id such as 736 and a qid such as Q937")
            pairs.append((int(page), int(item)))
        yield pairs


@cache
def _opened(path: Path) -> np.ndarray:
    return np.memmap(path, dtype=np.uint64, mode="r") if path.stat().st_size else np.zeros(0, dtype=np.uint64)


def _find(path: Path, page: int) -> int | None:
    keys = _opened(path)
    place = int(np.searchsorted(keys, np.uint64(page) << _BITS))
    if place == len(keys) or int(keys[place]) >> 32 != page:
        return None
    return int(keys[place]) & 0xFFFFFFFF
