"""Epochs of whole steps: every row once in each, the last step smaller."""

import numpy as np
import pytest
import torch

from chronolect.training.chat_data import ChatRows, Conversations
from chronolect.training.data import count_targets
from chronolect.training.epochs import WholeEpochs


def numbered(count: int) -> ChatRows:
    """Conversations of two tokens, the second their own number."""
    tokens = np.asarray([[0, number] for number in range(count)], np.int32).ravel()
    ends = np.arange(2, 2 * count + 1, 2)
    return ChatRows(Conversations(tokens, np.ones(2 * count, bool), ends, 0, 0), pad_id=0, seed=3)


@pytest.mark.parametrize("count", [6, 7, 8, 9, 13])
def test_every_epoch_has_every_row_once_in_whole_steps(count: int) -> None:
    rows = WholeEpochs(numbered(count), rows_per_step=8, pad_id=0)
    assert rows.rows_per_epoch == 8 * -(-count // 8)
    orders = []
    for epoch in range(3):
        starts = range(epoch * rows.rows_per_epoch, (epoch + 1) * rows.rows_per_epoch, 4)
        seen = [
            label for start in starts for label in rows.batch(start, 4)["labels"].flatten().tolist() if label != -100
        ]
        assert sorted(seen) == list(range(count))
        orders.append(seen)
    assert orders[0] != orders[1]


def test_the_rows_of_an_epoch_are_those_of_the_plain_order() -> None:
    plain, whole = numbered(9), WholeEpochs(numbered(9), rows_per_step=8, pad_id=0)
    assert torch.equal(whole.batch(16, 4)["labels"], plain.batch(9, 4)["labels"])
    assert torch.equal(whole.batch(8, 4)["labels"], plain.batch(8, 1)["labels"])  # the one that was left
    assert count_targets(whole.batch(12, 4)) == 0


def test_the_published_numbers_of_steps() -> None:
    steps = [WholeEpochs(numbered(n), rows_per_step=32, pad_id=0).rows_per_epoch // 32 * 3 for n in (2188, 5291, 5878)]
    assert steps == [207, 498, 552]
