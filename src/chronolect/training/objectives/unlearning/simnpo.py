"""SimNPO (Fan et al. 2024, arXiv:2410.07163, equation 4): NPO without a start model."""

from dataclasses import dataclass

import torch
from torch.nn import functional as F

from chronolect.training.data import Batch
from chronolect.training.objectives.unlearning.objective import Unlearning
from chronolect.training.objectives.unlearning.targets import Targets


@dataclass(frozen=True, kw_only=True)
class SimNPO(Unlearning):
    """NPO on the log-probability per token, against a fixed margin in place of the start model, so that long and short answers weigh the same.

    Args:
        beta: Sharpness. The paper divides it by the length of the answer, as is done here.
        delta: How far the loss per token, in nats, should at least rise.
    """

    beta: float = 4.5
    delta: float = 0.0

    def forget_term(self, forget: Targets, alternative: Targets, batch: Batch) -> torch.Tensor:
        """-(2 / beta) log sigmoid(beta (-log p / tokens - delta)), mean over the rows."""
        per_token = -forget.row_logprobs() / forget.row_lengths()
        return -F.logsigmoid(self.beta * (per_token - self.delta)).mean() * 2 / self.beta
