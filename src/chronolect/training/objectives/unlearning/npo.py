"""Negative preference optimisation (Zhang et al. 2024, arXiv:2404.05868, equation 3)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional as F

from chronolect.training.data import Batch
from chronolect.training.objectives.unlearning.objective import Unlearning
from chronolect.training.objectives.unlearning.targets import Targets


@dataclass(frozen=True, kw_only=True)
class NPO(Unlearning):
    """The losing half of DPO: (2 / beta) log(1 + (p / p_start)^beta).

    Its gradient is that of gradient ascent, damped the more an answer has lost already, so it diverges far more slowly.

    Args:
        beta: How soon the damping sets in; towards 0 the loss becomes gradient ascent.
    """

    beta: float = 0.1

    needs_reference: ClassVar[bool] = True

    def forget_term(self, forget: Targets, alternative: Targets, batch: Batch) -> torch.Tensor:
        """-(2 / beta) log sigmoid(-beta log(p / p_start)), mean over the rows."""
        log_ratio = forget.row_logprobs() - batch["forget_reference"]
        return -F.logsigmoid(-self.beta * log_ratio).mean() * 2 / self.beta
