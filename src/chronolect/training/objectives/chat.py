"""Next-token prediction on conversations: the loss falls on the targets that the batch marks, and on nothing else."""

from dataclasses import dataclass

import torch

from chronolect.training.data import Batch
from chronolect.training.objectives.cross_entropy import summed_cross_entropy


@dataclass(frozen=True)
class Chat:
    """Mean cross-entropy of the marked tokens: the assistant's words, or all of them, as the rows were read.

    Rows are padded on the right, where causal attention never looks, so no attention mask is needed.
    """

    def __call__(self, model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Summed cross-entropy of one micro-batch over `num_items`."""
        return summed_cross_entropy(model, batch["input_ids"], batch["labels"]) / batch["num_items"], {}
