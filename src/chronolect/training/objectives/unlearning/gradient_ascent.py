"""Gradient ascent (Jang et al. 2023, arXiv:2210.01504) and its balance with a retain term, GradDiff (Liu et al. 2022, arXiv:2203.12817)."""

from dataclasses import dataclass

import torch

from chronolect.training.data import Batch
from chronolect.training.objectives.unlearning.objective import Unlearning
from chronolect.training.objectives.unlearning.targets import Targets


@dataclass(frozen=True, kw_only=True)
class GradDiff(Unlearning):
    """The negative of the training loss on what is to be forgotten. It has no lower bound: watch the utility."""

    def forget_term(self, forget: Targets, alternative: Targets, batch: Batch) -> torch.Tensor:
        """+log p(answer | question) / tokens."""
        return -forget.nll()


@dataclass(frozen=True, kw_only=True)
class GradientAscent(GradDiff):
    """The same with nothing to hold it: what the word unlearning meant first, and the bottom line of every comparison."""

    alpha: float = 0.0
