"""Rows of unequal length, of which some tokens are to be learned: padded into batches, for training and validation."""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
import torch

from chronolect.training.data import IGNORED, Batch

Row = tuple[np.ndarray, np.ndarray]  # token ids int32 [L], whether each is to be learned bool [L]


def pad_rows(rows: Iterable[Row], pad_id: int, position: int) -> Batch:
    """Shifted inputs and labels, int64 [rows, longest - 1], padded on the right, where causal attention never looks."""
    rows = list(rows)
    longest = max(len(tokens) for tokens, _ in rows) - 1
    inputs = np.full((len(rows), longest), pad_id, np.int64)
    labels = np.full((len(rows), longest), IGNORED, np.int64)
    for index, (tokens, targets) in enumerate(rows):
        inputs[index, : len(tokens) - 1] = tokens[:-1]
        labels[index, : len(tokens) - 1] = np.where(targets[1:], tokens[1:], IGNORED)
    return {"input_ids": torch.from_numpy(inputs), "labels": torch.from_numpy(labels), "position": position}


class NumberedRows(Protocol):
    """A list of rows, or what reads like one."""

    def __len__(self) -> int:
        """How many there are."""
        ...

    def __getitem__(self, index: int, /) -> Row:
        """One of them."""
        ...


class RowValidation:
    """Rows as a validation set of the loop, each once.

    Args:
        rows: The rows.
        pad_id: Token that fills rows up.
    """

    bytes_per_token = None  # the loss falls on parts of the text

    def __init__(self, rows: NumberedRows, *, pad_id: int) -> None:
        self.rows, self.pad_id, self.num_rows = rows, pad_id, len(rows)

    def batch(self, start: int, count: int) -> Batch:
        """Rows `start` to `start + count`; those past the end carry no loss."""
        nothing = (np.full(2, self.pad_id, np.int32), np.zeros(2, bool))
        rows = [self.rows[i] if i < self.num_rows else nothing for i in range(start, start + count)]
        return pad_rows(rows, self.pad_id, start)
