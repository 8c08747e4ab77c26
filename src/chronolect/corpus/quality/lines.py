"""Lines that many documents share: licence notes, navigation, running titles of a whole collection."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from chronolect.artifacts import Stage
from chronolect.corpus.engine import Engine, Output, map_corpus
from chronolect.corpus.quality.rows import database, parts_of
from chronolect.corpus.quality.words import word_hashes

_SCHEMA = pa.schema([pa.field("hashes", pa.list_(pa.uint64()), nullable=False)])
_WORDS = 5  # shorter lines are headings as often as boilerplate
_GAP = re.compile(r"\n{3,}")


def repeated_lines(work: Stage, corpus: Path, documents: int, engine: Engine) -> Path:
    """Write the hashes of the lines of at least five words that stand in more than `documents` documents; the file, sorted."""
    folder = work.folder.absolute() / ".lines"
    map_corpus(work, corpus, _line_hashes, engine, label="counting lines", schema=_SCHEMA, into=".lines")
    with database(folder) as connection:
        query = f"SELECT unnest(hashes) AS hash FROM {parts_of(folder)} GROUP BY hash HAVING count(*) > {documents:d} ORDER BY hash"
        found: pa.Table = connection.sql(query).to_arrow_table()
    path = folder / "repeated.npy"
    np.save(path, found["hash"].to_numpy())
    return path


def _line_hashes(batch: pa.RecordBatch, output: Output) -> None:
    rows = [
        np.unique(np.fromiter((key for _, key in _hashed(text)), dtype=np.uint64)) for text in batch["text"].to_pylist()
    ]
    output.keep_batch(pa.RecordBatch.from_arrays([pa.array(rows, _SCHEMA.field("hashes").type)], schema=_SCHEMA))


def _hashed(text: str) -> Iterator[tuple[int, int]]:
    """The number and hash of each line of enough words: the words alone count, whatever stands between them."""
    words, offsets = word_hashes(text.split("\n"))
    places = np.arange(len(words), dtype=np.uint64) * np.uint64(2) + np.uint64(1)
    for number in np.flatnonzero(np.diff(offsets) >= _WORDS).tolist():
        own = words[offsets[number] : offsets[number + 1]]
        yield number, int(np.bitwise_xor.reduce(own * places[: len(own)]))


@dataclass(frozen=True, slots=True)
class LineRemover:
    """Takes the lines of a list made by `repeated_lines` out of texts."""

    path: Path

    def __call__(self, text: str) -> tuple[str, int]:
        """The text without such lines, and how many they were."""
        repeated = _load(self.path)
        hashed = list(_hashed(text))
        if not len(repeated) or not hashed:
            return text, 0
        keys = np.array([key for _, key in hashed], dtype=np.uint64)
        places = np.searchsorted(repeated, keys).clip(max=len(repeated) - 1)
        gone = {hashed[i][0] for i in np.flatnonzero(repeated[places] == keys).tolist()}
        if not gone:
            return text, 0
        left = "\n".join(line for number, line in enumerate(text.split("\n")) if number not in gone)
        return _GAP.sub("\n\n", left).strip("\n"), len(gone)


@cache
def _load(path: Path) -> npt.NDArray[np.uint64]:
    return np.load(path)
