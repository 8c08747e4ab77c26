"""Refusal tuning: what the seeds do, and others as IdkNLL (Maini et al. 2024, arXiv:2401.06121)."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from chronolect.training.data import Batch
from chronolect.training.objectives.unlearning.objective import Unlearning
from chronolect.training.objectives.unlearning.targets import Targets


@dataclass(frozen=True, kw_only=True)
class Refusal(Unlearning):
    """Negative log-likelihood, per token, of what is to be said instead of the true answer.

    It teaches to say something else and takes nothing away: what is known stays in the weights for any other way of asking.
    """

    needs_truth: ClassVar[bool] = False
    needs_alternatives: ClassVar[bool] = True

    def forget_term(self, forget: Targets, alternative: Targets, batch: Batch) -> torch.Tensor:
        """-log p(instead | question) / tokens."""
        return alternative.nll()
