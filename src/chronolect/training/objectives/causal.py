"""Next-token prediction on full rows: pre-training and continued pre-training."""

from dataclasses import dataclass

import numpy as np
import torch

from chronolect.training.data import Batch
from chronolect.training.objectives.cross_entropy import summed_cross_entropy


@dataclass(frozen=True)
class Causal:
    """Mean cross-entropy of the next token.

    Args:
        token_noise: Probability of replacing an input token (never a target) by a random one of the vocabulary while
            training: the model cannot lean on having seen the exact string. 0 changes nothing, to the bit.
        vocab_size: What to draw from.
        seed: Seed of the noise, which is a function of it and the row's number.
    """

    token_noise: float = 0.0
    vocab_size: int = 0
    seed: int = 0

    def __call__(self, model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Summed cross-entropy of one micro-batch over `num_items`."""
        input_ids = batch["input_ids"]
        if self.token_noise and model.training:
            input_ids = self._corrupt(input_ids, batch["position"])
        return summed_cross_entropy(model, input_ids, batch["labels"]) / batch["num_items"], {}

    def _corrupt(self, input_ids: torch.Tensor, position: int) -> torch.Tensor:
        random = np.random.default_rng((self.seed, 1, position))
        hit = torch.from_numpy(random.random(input_ids.shape) < self.token_noise)
        other = torch.from_numpy(random.integers(self.vocab_size, size=input_ids.shape))
        return torch.where(hit.to(input_ids.device), other.to(input_ids.device), input_ids)
