"""Four-choice questions from records: is the truth likelier than the plausible wrong answers? Measured on any weights, during a run or after it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from scipy.special import expit

from chronolect.finetuning.records import Record
from chronolect.statistics import wilson
from chronolect.training.answers import AnswerEncoder
from chronolect.training.rows import Row
from chronolect.training.unlearn_data import row_logprobs

MOST_WRONG = 3  # plausible answers that a true one is held against, in every measure


@dataclass(frozen=True)
class Choices:
    """Questions whose first option is the truth.

    Attributes:
        rows: The options of all questions, end to end.
        sizes: Number of options of each question.
        pad_id: Token that fills rows up.
    """

    rows: list[Row]
    sizes: list[int]
    pad_id: int

    def measure(self, model: torch.nn.Module, *, batch_size: int, autocast: Any) -> dict[str, Any]:
        """Share of questions whose truth has the highest probability per token, with n, interval and chance; and the truth's share.

        `truth_share` is the mean over the questions of p(truth) / (p(truth) + p(wrong)), p being probabilities per token and p(wrong) their
        geometric mean over the wrong answers (Maini et al. 2024, arXiv:2401.06121, made symmetric): near 1 the truth is known, near 0.5 it is not.
        """
        if not self.sizes:
            return {"n": 0}
        values = row_logprobs(
            model, self.rows, pad_id=self.pad_id, batch_size=batch_size, autocast=autocast, per_token=True
        )
        right, shares = 0, []
        for options in np.split(values, np.cumsum(self.sizes)[:-1]):
            right += bool(options[0] > options[1:].max())
            shares.append(float(expit(options[0] - options[1:].mean())))
        chance = float(np.mean([1 / size for size in self.sizes]))
        return {**wilson(right, len(self.sizes)).as_accuracy(), "chance": chance, "truth_share": float(np.mean(shares))}


def encode_choices(records: Sequence[Record], encoder: AnswerEncoder, *, pad_id: int) -> Choices:
    """The questions among records that have plausible wrong answers, at most three of them taken."""
    rows: list[Row] = []
    sizes = []
    for record in records:
        wrong = record.alternatives[:MOST_WRONG]
        options = [encoder.encode(record, one) for one in (record.truth, *wrong)]
        whole = [row for row in options if row is not None]
        if wrong and len(whole) == len(options):
            rows += whole
            sizes.append(len(whole))
    return Choices(rows, sizes, pad_id)
