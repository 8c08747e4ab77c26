"""`corpus audit-learn`: words and runs of two or three words that later text has and earlier text never has.

Three passes in bounded memory. The words of the later corpus, counted; of the frequent ones the runs, as 64-bit numbers, counted shard by shard
and added up out of core; then those of them that the earlier corpus has, which are struck out.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from cyclopts import Parameter

from chronolect.artifacts import Stage, stage
from chronolect.corpus.engine import Engine, Output, map_corpus
from chronolect.corpus.quality.rows import database, parts_of, sql_text
from chronolect.errors import UserError

SCHEMA = pa.schema(
    [
        pa.field("ngram", pa.string(), nullable=False),
        pa.field("count", pa.int64(), nullable=False),
        pa.field("documents", pa.int64(), nullable=False),
        pa.field("log_odds", pa.float64(), nullable=False),
    ]
)
_WORDS = pa.schema([pa.field("word", pa.string()), pa.field("count", pa.int64()), pa.field("documents", pa.int64())])
_KEYS = pa.schema([pa.field("key", pa.int64()), pa.field("count", pa.int64()), pa.field("documents", pa.int64())])
# A word, a run of marks that no n-gram crosses, or a number, which is no word and is not crossed either. In small letters.
_TOKEN = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*|[^\w\s]+|[\d_]+")
# Three word numbers fit 63 bits; 0 stands for no word.
_BITS = 21
_MOST_WORDS = (1 << _BITS) - 1
_FLUSHED = 1 << 22  # keys held of one shard before they are added up

Keys = npt.NDArray[np.int64]


def learn_ngrams(
    before: Path,
    after: Path,
    *,
    out: Path,
    min_count: int = 5,
    min_documents: int = 2,
    min_log_odds: float = 5.0,
    longest: int = 3,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Learn the words and runs of words that only later text has, for `chronolect corpus audit --ngrams`.

    The log-odds say how much more frequent an n-gram is after than before (with half an occurrence added to either count, for before it is none):
    5 means that at its later frequency about 75 occurrences were to be expected before.

    Args:
        before: Corpus from before the cutoff; the larger, the fewer false alarms.
        after: Corpus from after it, of the same kind of text as far as possible.
        out: Folder to write the n-grams to.
        min_count: Fewest occurrences after.
        min_documents: Fewest documents that have it.
        min_log_odds: Smallest log-odds.
        longest: Words of the longest n-gram: 1, 2 or 3.
        engine: Who does the work.

    Returns:
        Counts: words before and after, n-grams by length.

    Raises:
        UserError: No corpus, a setting out of range, or no n-gram qualifies.
    """
    config = {name: value for name, value in locals().items() if name not in ("before", "after", "out", "engine")}
    if longest not in (1, 2, 3):
        raise UserError(f"--longest {longest}: give 1, 2 or 3 words")
    if min_count < 1:
        raise UserError(f"--min-count {min_count}: give at least 1")
    with stage(out, command="corpus audit-learn", config=config, inputs=[before, after], resume=True) as work:
        work.scratch.mkdir(parents=True, exist_ok=True)
        words = work.scratch / "words.parquet"
        candidates = work.scratch / "candidates.parquet"
        seen = map_corpus(
            work, after, _count_words, engine, label="counting words", schema=_WORDS, into=".scratch/words"
        )
        if not seen.kept:
            raise UserError(f"{after}: no word in it")
        _merge_words(work, words, min_count)
        count_after = _CountKeys(words.absolute(), None, longest)
        counted = map_corpus(
            work, after, count_after, engine, label="counting runs", schema=_KEYS, into=".scratch/after"
        )
        none = UserError(
            f"{after}: no n-gram is there {min_count} times and never in {before} at log-odds of {min_log_odds:g}; "
            "give more text, or lower --min-count or --min-log-odds"
        )
        if not counted.kept:
            raise none
        _merge_keys(work, candidates, min_count, min_documents)
        count_before = _CountKeys(words.absolute(), candidates.absolute(), longest)
        earlier = map_corpus(
            work, before, count_before, engine, label="striking out", schema=_KEYS, into=".scratch/before"
        )
        total_after, total_before = seen.counts["words"], earlier.counts["words"]
        lengths = _write(work, words, candidates, total_before, total_after, min_log_odds)
        if not sum(lengths):
            raise none
        names = ("unigrams", "bigrams", "trigrams")
        work.counts = {
            "words_before": total_before,
            "words_after": total_after,
            **dict(zip(names, lengths, strict=True)),
        }
    return work.counts


def load_ngrams(folder: Path) -> tuple[str, ...]:
    """The n-grams that `learn_ngrams` wrote."""
    path = folder / "ngrams.parquet"
    if not path.is_file():
        raise UserError(f"{folder}: no n-grams (ngrams.parquet) there; make them with `chronolect corpus audit-learn`")
    return tuple(pq.read_table(path, columns=["ngram"])["ngram"].to_pylist())


def tokens(text: str) -> list[str]:
    """The words of a text in small letters, and what parts them, which begins with no letter."""
    return _TOKEN.findall(text.lower().replace("’", "'"))


def _count_words(batch: pa.RecordBatch, output: Output) -> None:
    counts: dict[str, list[int]] = {}
    total = 0
    for number, text in enumerate(batch["text"].to_pylist()):
        for token in tokens(text):
            if token[0].isalpha():
                total += 1
                count = counts.setdefault(token, [0, 0, -1])
                count[0] += 1
                if count[2] != number:
                    count[1] += 1
                    count[2] = number
    output.count("words", total)
    if counts:
        rows = sorted((word, count, documents) for word, (count, documents, _) in counts.items())
        columns = [pa.array(column, field.type) for column, field in zip(zip(*rows, strict=True), _WORDS, strict=True)]
        output.keep_batch(pa.RecordBatch.from_arrays(columns, schema=_WORDS))


def _merge_words(work: Stage, target: Path, min_count: int) -> None:
    """Write the words that are there often enough, the most frequent first; the row of a word is its number less one."""
    folder = work.scratch / "words"
    with database(work.scratch) as db:
        db.execute(
            f"COPY (SELECT word, sum(count)::BIGINT AS count FROM {parts_of(folder)} GROUP BY word HAVING sum(count) >= {min_count:d} "
            f"ORDER BY count DESC, word LIMIT {_MOST_WORDS:d}) TO {sql_text(target)} (FORMAT parquet)"
        )


@cache
def _numbers(words: Path) -> dict[str, int]:
    return {word: number for number, word in enumerate(pq.read_table(words)["word"].to_pylist(), 1)}


@cache
def _candidates(path: Path) -> Keys:
    return pq.read_table(path, columns=["key"])["key"].to_numpy()


@dataclass(frozen=True, slots=True)
class _CountKeys:
    """Counts the n-grams of a batch: all of them, or only the candidates."""

    words: Path
    candidates: Path | None
    longest: int

    def __call__(self, batch: pa.RecordBatch, output: Output) -> None:
        numbers = _numbers(self.words)
        wanted = _candidates(self.candidates) if self.candidates is not None else None
        waiting: list[tuple[Keys, Keys]] = []
        held = 0
        for text in batch["text"].to_pylist():
            found = tokens(text)
            output.count("words", sum(token[0].isalpha() for token in found))
            ids = np.array([numbers.get(token, 0) for token in found], np.int64)
            keys, counts = np.unique(_runs(ids, self.longest), return_counts=True)
            if wanted is not None:
                known = np.isin(keys, wanted, assume_unique=True)
                keys, counts = keys[known], counts[known]
            waiting.append((keys, counts.astype(np.int64)))
            held += len(keys)
            if held >= _FLUSHED:
                _add_up(waiting, output)
                waiting, held = [], 0
        _add_up(waiting, output)


def _runs(ids: Keys, longest: int) -> Keys:
    """The keys of all runs of 1 to `longest` known words: number + number << 21 + ..., the first word highest."""
    keys = [ids[ids > 0]]
    run, known = ids, ids > 0
    for length in range(2, longest + 1):
        if len(ids) < length:
            break
        tail = ids[length - 1 :]
        known = known[:-1] & (tail > 0)
        run = (run[:-1] << _BITS) | tail
        keys.append(run[known])
    return np.concatenate(keys)


def _add_up(waiting: list[tuple[Keys, Keys]], output: Output) -> None:
    keys = np.concatenate([keys for keys, _ in waiting]) if waiting else np.empty(0, np.int64)
    if not len(keys):
        return
    unique, places = np.unique(keys, return_inverse=True)
    counts = np.zeros(len(unique), np.int64)
    np.add.at(counts, places, np.concatenate([counts for _, counts in waiting]))
    documents = np.bincount(places, minlength=len(unique)).astype(np.int64)
    output.keep_batch(
        pa.RecordBatch.from_arrays([pa.array(unique), pa.array(counts), pa.array(documents)], schema=_KEYS)
    )


def _merge_keys(work: Stage, target: Path, min_count: int, min_documents: int) -> None:
    with database(work.scratch) as db:
        db.execute(
            "COPY (SELECT key, sum(count)::BIGINT AS count, sum(documents)::BIGINT AS documents "
            f"FROM {parts_of(work.scratch / 'after')} GROUP BY key "
            f"HAVING sum(count) >= {min_count:d} AND sum(documents) >= {min_documents:d} ORDER BY key) TO {sql_text(target)} (FORMAT parquet)"
        )


def _write(
    work: Stage, words: Path, candidates: Path, total_before: int, total_after: int, min_log_odds: float
) -> tuple[int, int, int]:
    """Write the candidates that the earlier corpus has not, and which hold no shorter such n-gram; how many of one, two and three words."""
    lengths = [0, 0, 0]
    spelled = pq.read_table(words)["word"].to_pylist()
    kept: set[int] = set()
    with database(work.scratch) as db, pq.ParquetWriter(work.folder / "ngrams.parquet", SCHEMA) as writer:
        for rows in _left(db, work.scratch / "before", candidates):  # in order of keys, so the shorter ones first
            new = []
            for row in rows:
                key = row.pop("key")
                odds = log_odds(row["count"], total_after, total_before)
                if odds >= min_log_odds and kept.isdisjoint(_parts(key)):
                    kept.add(key)
                    ngram = _spell(key, spelled)
                    lengths[ngram.count(" ")] += 1
                    new.append({"ngram": ngram, "log_odds": round(odds, 6), **row})
            writer.write_batch(pa.RecordBatch.from_pylist(new, schema=SCHEMA))
    return lengths[0], lengths[1], lengths[2]


def _left(db: duckdb.DuckDBPyConnection, before: Path, candidates: Path) -> Iterator[list[dict[str, Any]]]:
    query = f"SELECT key, count, documents FROM read_parquet({sql_text(candidates)})"
    if any(before.glob("part-*.parquet")):
        query += f" WHERE key NOT IN (SELECT key FROM {parts_of(before)})"
    for batch in db.sql(query + " ORDER BY key").to_arrow_reader(1 << 16):
        yield batch.to_pylist()


def log_odds(count: int, total_after: int, total_before: int) -> float:
    """Log of the ratio of the two frequencies, after and before, of an n-gram that is never there before; half an occurrence is added to each.

    >>> round(log_odds(10, 1_000_000, 1_000_000), 2)
    3.04
    """
    return math.log((count + 0.5) / total_after) - math.log(0.5 / max(total_before, 1))


def _parts(key: int) -> Iterator[int]:
    """The keys of the shorter runs in a run: where one of them tells already, the longer one says nothing new."""
    last, middle, first = key & _MOST_WORDS, key >> _BITS & _MOST_WORDS, key >> 2 * _BITS
    if middle:
        yield from (last, middle)
    if first:
        yield from (first, key & (1 << 2 * _BITS) - 1, key >> _BITS)


def _spell(key: int, words: list[str]) -> str:
    spelled = []
    while key:
        spelled.append(words[(key & _MOST_WORDS) - 1])
        key >>= _BITS
    return " ".join(reversed(spelled))
