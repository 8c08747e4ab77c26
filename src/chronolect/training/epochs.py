"""Steps that never reach from one epoch into the next."""

import math

import numpy as np

from chronolect.training.data import Batch, Rows
from chronolect.training.rows import pad_rows


class WholeEpochs:
    """Rows whose every epoch is filled up to whole optimizer steps, so that its last step is smaller and an epoch is a whole number of steps.

    Args:
        rows: The rows, freshly permuted each epoch.
        rows_per_step: Rows of a step over all its micro-batches and processes.
        pad_id: Token of a row that carries no loss, which is all of a micro-batch for which no rows are left.
    """

    def __init__(self, rows: Rows, *, rows_per_step: int, pad_id: int) -> None:
        self.rows, self.pad_id = rows, pad_id
        self.rows_per_epoch = math.ceil(rows.rows_per_epoch / rows_per_step) * rows_per_step

    def batch(self, start: int, count: int) -> Batch:
        """Places `start` to `start + count` of the endless order, which lie in one step; those past an epoch's last row are left out."""
        epoch, place = divmod(start, self.rows_per_epoch)
        number = self.rows.rows_per_epoch
        if place >= number:
            return pad_rows([(np.full(2, self.pad_id, np.int32), np.zeros(2, bool))], self.pad_id, start)
        return {**self.rows.batch(epoch * number + place, min(count, number - place)), "position": start}
