"""Reading a packed corpus: memory-mapped tokens, freshly ordered each epoch, addressed by one number.

The order of all training rows is a function of (seed, row number), so the position of a run in its data is that one
number, whatever the batch size, the accumulation or the number of processes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import pyarrow.parquet as pq
import torch

from chronolect.artifacts import MANIFEST, read_json
from chronolect.errors import UserError

IGNORED = -100  # label of a token that carries no loss, as everywhere in PyTorch
Batch = dict[
    str, Any
]  # input_ids, labels: int64 [rows, tokens], labels already shifted; position: number of the first row


def count_targets(batch: Batch) -> int:
    """Tokens of a batch that carry loss."""
    return int((batch["labels"] != IGNORED).sum())


def count_items(batch: Batch) -> int:
    """What a batch's loss is averaged over: its target tokens, unless it says `items` (questions, say)."""
    return int(batch["items"]) if "items" in batch else count_targets(batch)


class Rows(Protocol):
    """Training rows without end, addressed by number."""

    @property
    def rows_per_epoch(self) -> int:
        """Rows in one pass over the data."""
        ...

    def batch(self, start: int, count: int) -> Batch:
        """Rows `start` to `start + count`: `input_ids` and `labels` int64 [count, tokens], and their `position`."""
        ...


class ValidationSet(Protocol):
    """Rows of a validation set, each once."""

    @property
    def num_rows(self) -> int:
        """Rows of the set."""
        ...

    @property
    def bytes_per_token(self) -> float | None:
        """UTF-8 bytes of text per predicted token, where known."""
        ...

    def batch(self, start: int, count: int) -> Batch:
        """Rows `start` to `start + count`; those past the end carry no loss."""
        ...


@dataclass(frozen=True)
class PackedSplit:
    """One split of a packed corpus: its tokens (memory-mapped) and how its documents lie in them."""

    name: str
    tokens: np.ndarray
    offsets: np.ndarray
    lengths: np.ndarray
    num_bytes: int | None


class PackedCorpus:
    """A packed corpus folder.

    Args:
        folder: Holds `train.bin`, `val*.bin`, `documents.parquet`, `tokenizer/` and `manifest.json`.

    Raises:
        UserError: Where something is missing, truncated or contradicts the manifest.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise UserError(f"{folder}: no such folder; make it with `chronolect corpus pack`")
        counts = read_json(self.folder / MANIFEST).get("counts", {})
        try:
            self.dtype = np.dtype(counts["dtype"]).newbyteorder("<")
            self.vocab_size = int(counts["vocab_size"])
            self.eos_id = int(counts["eos_id"])
            self._splits: dict[str, Mapping[str, Any]] = counts["splits"]
        except (KeyError, TypeError) as error:
            raise UserError(
                f"{self.folder / MANIFEST}: not the manifest of a packed corpus ({error} is missing)"
            ) from None

    @property
    def validation_names(self) -> list[str]:
        """The validation splits that hold tokens, `val` first."""
        return sorted(name for name, split in self._splits.items() if name.startswith("val") and split["tokens"] > 0)

    def split(self, name: str) -> PackedSplit:
        """Open one split by name (`train`, `val`, `val-<era>`)."""
        file = self.folder / f"{name}.bin"
        if name not in self._splits or not file.is_file():
            raise UserError(f"{file}: no such file; pack the corpus again")
        num_tokens = int(self._splits[name]["tokens"])
        if file.stat().st_size != num_tokens * self.dtype.itemsize:
            raise UserError(
                f"{file}: truncated or changed; the manifest says {num_tokens} tokens of {self.dtype.itemsize} bytes. Pack it again"
            )
        if num_tokens == 0:
            raise UserError(f"{file}: the split is empty; there is nothing to train on")
        tokens = np.memmap(file, dtype=self.dtype, mode="r", shape=(num_tokens,))
        table = pq.read_table(
            self.folder / "documents.parquet", columns=["offset", "length"], filters=[("split", "=", name)]
        )
        offsets, lengths = (table.column(column).to_numpy().astype(np.int64) for column in ("offset", "length"))
        if int(lengths.sum()) != num_tokens:
            raise UserError(
                f"{self.folder / 'documents.parquet'}: the documents of {name} have {lengths.sum()} tokens, {file.name} has {num_tokens}"
            )
        return PackedSplit(name, tokens, offsets, lengths, self._splits[name].get("bytes"))


class PackedRows:
    """Training rows of a packed split.

    With `shuffle="documents"` each epoch permutes the documents, lays them end to end and cuts rows of `seq_len + 1`
    tokens every `seq_len`
    tokens: a document may go on in the next row. With `shuffle="windows"` the documents stay as packed and the rows
    are permuted, which takes memory per row and not per document. `none` leaves both as they are packed. What is left at
    the end of an epoch (under one row) is left out of it.

    Raises:
        UserError: Where the split is too short for one row.
    """

    def __init__(
        self,
        split: PackedSplit,
        *,
        seq_len: int,
        seed: int,
        shuffle: Literal["documents", "windows", "none"] = "documents",
    ) -> None:
        self.split, self.seq_len, self.seed, self.shuffle = split, seq_len, seed, shuffle
        self.rows_per_epoch = (len(split.tokens) - 1) // seq_len
        if self.rows_per_epoch < 1:
            raise UserError(
                f"{split.name}.bin has {len(split.tokens)} tokens, too few for one row of --seq-len {seq_len}"
            )
        self._epoch = -1
        self._sources = np.empty(0, np.int64)
        self._starts = np.empty(0, np.int64)

    def batch(self, start: int, count: int) -> Batch:
        """Rows `start` to `start + count` of the endless order; `input_ids` and `labels` int64 [count, seq_len]."""
        parts = []
        first = start
        while first < start + count:
            epoch, row = divmod(first, self.rows_per_epoch)
            taken = min(start + count - first, self.rows_per_epoch - row)
            parts.append(self._rows(epoch, row, taken))
            first += taken
        rows = torch.from_numpy(np.concatenate(parts))
        return {"input_ids": rows[:, :-1], "labels": rows[:, 1:], "position": start}

    def _rows(self, epoch: int, first: int, count: int) -> np.ndarray:
        """Rows within one epoch, int64 [count, seq_len + 1]."""
        if epoch != self._epoch:
            self._enter(epoch)
        within = np.arange(self.seq_len + 1)
        if self.shuffle != "documents":
            places = self._sources[first : first + count, None] * self.seq_len + within
        else:
            places = np.arange(first, first + count)[:, None] * self.seq_len + within
            low, high = np.searchsorted(self._starts, (places[0, 0], places[-1, -1]), side="right")
            document = np.searchsorted(self._starts[low:high], places, side="right") + (low - 1)
            places += self._sources[document]
        return self.split.tokens[places].astype(np.int64)

    def _enter(self, epoch: int) -> None:
        random = np.random.default_rng((self.seed, epoch))
        if self.shuffle == "none":
            self._sources = np.arange(self.rows_per_epoch)
        elif self.shuffle == "windows":
            self._sources = random.permutation(self.rows_per_epoch)
        else:
            order = random.permutation(len(self.split.lengths))
            lengths = self.split.lengths[order]
            self._starts = np.cumsum(lengths) - lengths
            self._sources = (
                self.split.offsets[order] - self._starts
            )  # what to add to a place in the epoch to find it in the file
        self._epoch = epoch


class PackedValidation:
    """All tokens of a validation split, in order, after one leading end-of-text token, so that every token is
    predicted once.
    """

    def __init__(self, split: PackedSplit, *, seq_len: int, eos_id: int) -> None:
        self.split, self.seq_len, self.eos_id = split, seq_len, eos_id
        self.num_rows = math.ceil(len(split.tokens) / seq_len)

    @property
    def bytes_per_token(self) -> float | None:
        """UTF-8 bytes of text per token; the end-of-text tokens are counted as tokens and have no bytes."""
        return self.split.num_bytes / len(self.split.tokens) if self.split.num_bytes else None

    def batch(self, start: int, count: int) -> Batch:
        """Rows `start` to `start + count`; rows and tokens past the end carry no loss. int64 [count, seq_len]."""
        end = len(self.split.tokens)
        first, last = min(start * self.seq_len, end), min((start + count) * self.seq_len, end)
        found = self.split.tokens[max(0, first - 1) : last].astype(np.int64)
        stream = np.concatenate(([self.eos_id], found)) if first == 0 else found
        inputs = np.full(count * self.seq_len, self.eos_id, np.int64)
        labels = np.full(count * self.seq_len, IGNORED, np.int64)
        inputs[: last - first], labels[: last - first] = stream[:-1], stream[1:]
        shape = (count, self.seq_len)
        return {
            "input_ids": torch.from_numpy(inputs.reshape(shape)),
            "labels": torch.from_numpy(labels.reshape(shape)),
            "position": start,
        }
