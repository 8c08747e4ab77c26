"""Validation: loss and bits per byte of each set."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from accelerate import Accelerator

from chronolect.training.data import IGNORED, Batch, ValidationSet
from chronolect.training.objectives import Objective


def to_device(batch: Batch, device: torch.device, *, pinned: bool = False) -> Batch:
    """A batch with its tensors on a device; `pinned`, by way of memory that a GPU copies from by itself."""

    def moved(tensor: torch.Tensor) -> torch.Tensor:
        source = tensor.pin_memory() if pinned and device.type == "cuda" else tensor
        return source.to(device, non_blocking=True)

    return {key: moved(value) if isinstance(value, torch.Tensor) else value for key, value in batch.items()}


@torch.no_grad()
def validate(
    model: torch.nn.Module,
    objective: Objective,
    sets: Mapping[str, ValidationSet],
    *,
    accelerator: Accelerator,
    batch_size: int,
    max_batches: int = 0,
) -> dict[str, dict[str, Any]]:
    """Mean loss per target token in nats, and bits per byte of text, of each set.

    Args:
        model: The prepared model.
        objective: Its loss, divided by `num_items`, is taken as nats.
        sets: The sets by name.
        accelerator: The processes share the rows among them.
        batch_size: Rows per process at a time.
        max_batches: Most batches per set and process; 0 for all.
    """
    was_training = model.training
    model.eval()
    results: dict[str, dict[str, Any]] = {}
    for name, rows in sets.items():
        totals = torch.zeros(2, dtype=torch.float64, device=accelerator.device)
        stride = batch_size * accelerator.num_processes
        num_batches = math.ceil(rows.num_rows / stride)
        for index in range(min(num_batches, max_batches) if max_batches else num_batches):
            batch = rows.batch(index * stride + accelerator.process_index * batch_size, batch_size)
            num_targets = int((batch["labels"] != IGNORED).sum())
            if num_targets == 0 and accelerator.num_processes == 1:
                continue
            with accelerator.autocast():
                loss, _ = objective(model, {**to_device(batch, accelerator.device), "num_items": 1})
            totals += torch.stack([loss.double(), torch.tensor(num_targets, dtype=torch.float64, device=loss.device)])
        nats, tokens = (float(total) for total in accelerator.reduce(totals))
        loss_per_token = nats / tokens
        bits = None if rows.bytes_per_token is None else loss_per_token / math.log(2) / rows.bytes_per_token
        results[name] = {"loss": loss_per_token, "bits_per_byte": bits, "tokens": int(tokens)}
    model.train(was_training)
    return results
