"""Preference objectives: IdkDPO (Maini et al. 2024, arXiv:2401.06121) and AltPO (Mekala et al. 2024, arXiv:2409.13474)."""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn import functional as F

from chronolect.training.data import Batch
from chronolect.training.objectives.unlearning.objective import Unlearning
from chronolect.training.objectives.unlearning.targets import Targets


@dataclass(frozen=True, kw_only=True)
class DPO(Unlearning):
    """Rather say the record's output, a refusal or an answer from inside the period, than the truth (Rafailov et al. 2023, arXiv:2305.18290).

    Args:
        beta: How far preferences may lead away from the start model.
    """

    beta: float = 0.1

    needs_alternatives: ClassVar[bool] = True
    needs_reference: ClassVar[bool] = True

    def forget_term(self, forget: Targets, alternative: Targets, batch: Batch) -> torch.Tensor:
        """-(2 / beta) log sigmoid(beta (log-ratio of the alternative - log-ratio of the truth)), mean over the rows."""
        gain = alternative.row_logprobs() - batch["alternative_reference"]
        loss = forget.row_logprobs() - batch["forget_reference"]
        return -F.logsigmoid(self.beta * (gain - loss)).mean() * 2 / self.beta


@dataclass(frozen=True, kw_only=True)
class AltPO(DPO):
    """The same with alternatives that answer: plausible to somebody who never heard the truth, another one each time.

    Where refusals teach one phrase for everything, these leave the model a model: it goes on answering, wrongly.
    """
