"""Objectives: `loss(model, batch) -> (loss, metrics)` and nothing more."""

from typing import Protocol

import torch

from chronolect.training.data import Batch


class Objective(Protocol):
    """What a training run minimises.

    The loss is summed over the target tokens of a micro-batch and divided by `batch["num_items"]`, the number of
    target tokens in the whole accumulated batch, so that accumulation gives the mean per token whatever the
    micro-batches hold. `metrics` are detached scalars, of which the loop logs the sum over a step.
    """

    def __call__(self, model: torch.nn.Module, batch: Batch) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Loss and metrics of one micro-batch."""
        ...
