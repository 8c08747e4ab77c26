"""Runs of words that two corpora share: the test that nothing held out stands in the training text, even inside a longer document."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from chronolect.artifacts import Stage
from chronolect.corpus.engine import Engine, Output, map_corpus
from chronolect.corpus.quality.words import Hashes, ngram_hashes, word_hashes

_SCHEMA = pa.schema([pa.field("run", pa.uint64(), nullable=False)])


def find_runs(work: Stage, corpus: Path, length: int, engine: Engine) -> Path:
    """Write the hashes of all runs of `length` words of a corpus, sorted, to a file (8 bytes a word, which must fit in memory)."""
    map_corpus(work, corpus, _RunWriter(length), engine, label="word runs", schema=_SCHEMA, into=".runs")
    folder = work.folder.absolute() / ".runs"
    path = folder / "runs.npy"
    parts = [pq.read_table(part)["run"].to_numpy() for part in sorted(folder.glob("part-*.parquet"))]
    np.save(path, np.unique(np.concatenate(parts)) if parts else np.empty(0, dtype=np.uint64))
    return path


def word_runs(text: str, length: int) -> Hashes:
    """The hash of each run of exactly `length` words."""
    words = word_hashes([text])[0]
    return ngram_hashes(words, length) if len(words) >= length else words[:0]


@dataclass(frozen=True, slots=True)
class _RunWriter:
    length: int

    def __call__(self, batch: pa.RecordBatch, output: Output) -> None:
        for text in batch["text"].to_pylist():
            output.keep_batch(pa.RecordBatch.from_arrays([pa.array(word_runs(text, self.length))], schema=_SCHEMA))


@dataclass(frozen=True, slots=True)
class RunFinder:
    """Says whether a text has a run of words in common with those that `find_runs` wrote."""

    path: Path
    length: int

    def __call__(self, text: str) -> bool:
        known = _load(self.path)
        own = word_runs(text, self.length)
        if not len(known) or not len(own):
            return False
        return bool((known[np.searchsorted(known, own).clip(max=len(known) - 1)] == own).any())


@cache
def _load(path: Path) -> Hashes:
    found: Hashes = np.load(path, mmap_mode="r")
    return found
