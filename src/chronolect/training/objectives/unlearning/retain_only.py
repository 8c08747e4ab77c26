"""The reference: the same run on what is to be kept, and no more."""

from dataclasses import dataclass
from typing import ClassVar

import torch

from chronolect.training.data import Batch
from chronolect.training.objectives.unlearning.objective import Unlearning
from chronolect.training.objectives.unlearning.targets import Targets


@dataclass(frozen=True, kw_only=True)
class RetainOnly(Unlearning):
    """Train on the retain rows alone: on a model that never saw the rest it gives what perfect forgetting would look like."""

    needs_truth: ClassVar[bool] = False

    def forget_term(self, forget: Targets, alternative: Targets, batch: Batch) -> torch.Tensor:
        """Nothing."""
        return forget.logits.new_zeros(())
