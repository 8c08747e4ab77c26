"""Rows for unlearning: so many questions to forget, what to say instead, and in fixed proportion questions to retain.

Which questions stand in row n is a function of (seed, n), as everywhere in training, whatever the batch size or the number of processes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from chronolect.errors import UserError
from chronolect.finetuning.records import Record
from chronolect.training.answers import AnswerEncoder, Mask
from chronolect.training.data import Batch
from chronolect.training.objectives.unlearning.targets import look
from chronolect.training.rows import Row, pad_rows


@dataclass(frozen=True)
class Forgettable:
    """A question to forget: the row of its true answer, and those of what may be said instead."""

    truth: Row
    instead: tuple[Row, ...]


def encode_retain(records: Sequence[Record], encoder: AnswerEncoder) -> list[Row]:
    """The rows of what is to be kept; questions that do not fit are left out."""
    rows = [encoder.encode(record, record.output) for record in records]
    return [row for row in rows if row is not None]


def encode_forget(
    records: Sequence[Record], encoder: AnswerEncoder, *, mask: Mask, plausible: bool
) -> list[Forgettable]:
    """The questions to forget; those that do not fit, or have nothing to be said instead, are left out.

    Args:
        records: Records of the unlearn side.
        encoder: From records to rows.
        mask: Which tokens of the true answer are to be forgotten.
        plausible: Whether the record's plausible wrong answers are said instead, in turn, not its output.
    """
    found = []
    for record in records:
        truth = encoder.encode(record, record.truth, mask=mask)
        said = record.alternatives if plausible else (record.output,)
        instead = tuple(row for one in said if (row := encoder.encode(record, one)) is not None)
        if truth is not None and instead:
            found.append(Forgettable(truth, instead))
    return found


class UnlearnRows:
    """Micro-batches of questions to forget, alternatives and questions to retain.

    Args:
        forget: The questions to forget.
        retain: The rows to retain.
        pad_id: Token that fills rows up.
        seed: Seed of the order.
        retain_ratio: Questions to retain for each one to forget.
        with_truth: Whether the objective looks at the true answers.
        with_instead: Whether it looks at what is said instead.
    """

    def __init__(
        self,
        forget: Sequence[Forgettable],
        retain: Sequence[Row],
        *,
        pad_id: int,
        seed: int,
        retain_ratio: float,
        with_truth: bool,
        with_instead: bool,
    ) -> None:
        if not forget:
            raise UserError("the unlearn set has no question that fits --max-seq-length with something to say instead")
        if not retain:
            raise UserError("the retain set has no question that fits --max-seq-length")
        self.forget, self.retain, self.pad_id, self.seed = forget, retain, pad_id, seed
        self.retain_ratio, self.with_truth, self.with_instead = retain_ratio, with_truth, with_instead
        self.rows_per_epoch = len(forget)
        self.truth_reference = np.zeros(len(forget), np.float32)
        self.instead_reference = [np.zeros(len(one.instead), np.float32) for one in forget]
        self._orders: dict[tuple[str, int], np.ndarray] = {}

    def batch(self, start: int, count: int) -> Batch:
        """Questions `start` to `start + count` of the endless order, with what goes with them."""
        places = [self._place("forget", number, len(self.forget)) for number in range(start, start + count)]
        chosen = [self.forget[index] for index, _ in places]
        takes = [epoch % len(one.instead) for one, (_, epoch) in zip(chosen, places, strict=True)]
        first, last = (int(number * self.retain_ratio) for number in (start, start + count))
        kept = [self.retain[self._place("retain", number, len(self.retain))[0]] for number in range(first, last)]
        truths = [one.truth for one in chosen] if self.with_truth else []
        instead = [one.instead[take] for one, take in zip(chosen, takes, strict=True)] if self.with_instead else []
        batch = pad_rows([*truths, *instead, *kept], self.pad_id, start)
        batch.update(sizes=(len(truths), len(instead), len(kept)), items=count)
        if self.with_truth:
            batch["forget_reference"] = torch.from_numpy(self.truth_reference[[index for index, _ in places]])
        if self.with_instead:
            values = [self.instead_reference[index][take] for (index, _), take in zip(places, takes, strict=True)]
            batch["alternative_reference"] = torch.tensor(values, dtype=torch.float32)
        return batch

    def _place(self, kind: str, number: int, size: int) -> tuple[int, int]:
        """Which of `size` questions stands at `number` of the endless order, and in which epoch."""
        epoch, place = divmod(number, size)
        key = (kind, epoch)
        if key not in self._orders:
            self._orders = {
                other: order for other, order in self._orders.items() if other[0] != kind or other[1] >= epoch - 1
            }
            self._orders[key] = np.random.default_rng((self.seed, len(kind), ord(kind[0]), epoch)).permutation(size)
        return int(self._orders[key][place]), epoch

    def measure(self, model: torch.nn.Module, *, batch_size: int, autocast: Any) -> None:
        """Take the log-probabilities under the start model, once, so that no second model need be held for them.

        Args:
            model: The start model.
            batch_size: Rows at a time.
            autocast: Context of the precision to compute in, as in training.
        """
        truths = [one.truth for one in self.forget]
        self.truth_reference[:] = row_logprobs(
            model, truths, pad_id=self.pad_id, batch_size=batch_size, autocast=autocast
        )
        if self.with_instead:
            flat = [row for one in self.forget for row in one.instead]
            values = row_logprobs(model, flat, pad_id=self.pad_id, batch_size=batch_size, autocast=autocast)
            ends = np.cumsum([len(one.instead) for one in self.forget])[:-1]
            self.instead_reference = list(np.split(values, ends))


@torch.no_grad()
def row_logprobs(
    model: torch.nn.Module, rows: Sequence[Row], *, pad_id: int, batch_size: int, autocast: Any, per_token: bool = False
) -> np.ndarray:
    """log p of the targets of each row in nats, float32 [rows]; with `per_token` their mean.

    Rows of like length share a batch.
    """
    device = next(model.parameters()).device
    order = sorted(range(len(rows)), key=lambda index: len(rows[index][0]))
    values = np.zeros(len(rows), np.float32)
    was_training = model.training
    model.eval()
    for start in range(0, len(order), batch_size):
        some = order[start : start + batch_size]
        batch = pad_rows([rows[index] for index in some], pad_id, start)
        with autocast():
            found = look(model, batch["input_ids"].to(device), batch["labels"].to(device))
        sums = found.row_logprobs() / (found.row_lengths() if per_token else 1)
        values[some] = sums.float().cpu().numpy()
    model.train(was_training)
    return values
