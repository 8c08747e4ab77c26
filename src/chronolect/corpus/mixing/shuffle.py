"""A shuffle of more than fits in memory: rows scattered into buckets by their keys, each bucket sorted by itself.

The keys are hashes, so the order of keys is a random order, and it depends on nothing but ids and seed.
"""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from chronolect.corpus.document import SCHEMA
from chronolect.corpus.engine import Output

KEYED = SCHEMA.append(pa.field("key", pa.uint64(), nullable=False))
_BUCKET_BYTES = 64 << 20
_SLICE_ROWS = 512


def bucket_count(text_bytes: int) -> int:
    """Buckets of about 64 MB of text."""
    return max(1, -(-text_bytes // _BUCKET_BYTES))


def write_run(path: Path, batches: list[pa.RecordBatch], buckets: int) -> None:
    """Write the rows of a shard as a file with one batch for each bucket (an Arrow file, whose batches can be read one by one)."""
    table = pa.Table.from_batches(batches, KEYED)
    keys = table["key"].to_numpy()
    numbers = (keys >> np.uint64(32)) * np.uint64(buckets) >> np.uint64(32)
    order = np.argsort(numbers, kind="stable")
    borders = np.searchsorted(numbers[order], np.arange(buckets + 1, dtype=np.uint64))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.partial")
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with pa.OSFile(str(partial), "wb") as file, pa.ipc.new_file(file, KEYED, options=options) as writer:
        for first, last in pairwise(borders.tolist()):
            rows = table.take(pa.array(order[first:last])).combine_chunks().to_batches()
            writer.write_batch(rows[0] if rows else pa.RecordBatch.from_pylist([], KEYED))
    os.replace(partial, path)


@dataclass(frozen=True, slots=True)
class BucketSorter:
    """Reads one bucket out of all runs, sorts it by key and writes it."""

    folder: Path

    def __call__(self, bucket: int, output: Output) -> None:
        batches = [batch for batch in self._batches(bucket) if batch.num_rows]
        if not batches:
            return
        table = pa.Table.from_batches(batches, KEYED)
        order: npt.NDArray[np.int64] = np.lexsort((table["id"].to_numpy(), table["key"].to_numpy()))
        for start in range(0, len(order), _SLICE_ROWS):
            rows = table.take(pa.array(order[start : start + _SLICE_ROWS])).drop_columns("key")
            output.keep_batch(rows.combine_chunks().to_batches()[0])
        output.count("text_bytes", pc.sum(pc.binary_length(table["text"])).as_py())

    def _batches(self, bucket: int) -> Iterator[pa.RecordBatch]:
        for path in sorted(self.folder.glob("*.arrow")):
            with pa.memory_map(str(path)) as file:
                yield pa.ipc.open_file(file).get_batch(bucket)
