"""The first pass of `dedup`: what decides about each document, written down."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from chronolect.corpus.engine import Output
from chronolect.corpus.holdout import text_key
from chronolect.corpus.quality.lines import LineRemover
from chronolect.corpus.quality.minhash import PERMUTATIONS, band_keys, choose_bands, signatures
from chronolect.corpus.quality.rows import NumberedGroups
from chronolect.corpus.quality.runs import RunFinder

_BLOCK_ROWS = 256
_NOTHING = np.iinfo(np.uint32).max
SCHEMA = pa.schema(
    [
        pa.field("row", pa.int64(), nullable=False),
        pa.field("against", pa.bool_(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("earliest", pa.int32()),
        pa.field("latest", pa.int32()),
        pa.field("key", pa.binary(16), nullable=False),
        pa.field("shares", pa.bool_(), nullable=False),
        pa.field("bands", pa.list_(pa.uint64()), nullable=False),
        pa.field("signature", pa.binary(4 * PERMUTATIONS)),
    ]
)


@dataclass(frozen=True, slots=True)
class Signer:
    """Writes one row for each document: its place in the corpus, its date, the hash of its words, its signature and
    bands (none without a `threshold`), and whether it shares a run of words with the corpus kept apart.
    """

    ngram: int
    threshold: float | None
    remover: LineRemover | None
    runs: RunFinder | None

    @property
    def schema(self) -> pa.Schema:
        """Of the rows written."""
        return SCHEMA

    def __call__(self, shard: NumberedGroups, output: Output) -> None:
        for first, batch in shard.batches():
            for begin in range(0, batch.num_rows, _BLOCK_ROWS):
                output.keep_batch(self._sign(batch.slice(begin, _BLOCK_ROWS), first + begin, shard.corpus > 0))

    def _sign(self, batch: pa.RecordBatch, first: int, against: bool) -> pa.RecordBatch:
        texts = batch["text"].to_pylist()
        if self.remover is not None and not against:
            texts = [self.remover(text)[0] for text in texts]
        count = len(texts)
        keys: list[list[int]] = [[]] * count
        packed: list[bytes | None] = [None] * count
        if self.threshold is not None:
            found = signatures(texts, self.ngram)
            worded = (found != _NOTHING).any(axis=1)
            bands = band_keys(found, *choose_bands(self.threshold))
            keys = [bands[i].tolist() if worded[i] else [] for i in range(count)]
            packed = [found[i].tobytes() if worded[i] else None for i in range(count)]
        shares = [self.runs is not None and not against and self.runs(text) for text in texts]
        columns: list[Any] = [
            pa.array(range(first, first + count), pa.int64()),
            pa.array([against] * count),
            batch["id"],
            batch["written_earliest"],
            batch["written_latest"],
            pa.array([text_key(text) for text in texts], pa.binary(16)),
            pa.array(shares, pa.bool_()),
            pa.array(keys, pa.list_(pa.uint64())),
            pa.array(packed, pa.binary(4 * PERMUTATIONS)),
        ]
        return pa.RecordBatch.from_arrays(columns, schema=SCHEMA)
