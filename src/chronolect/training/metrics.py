"""What a run records: one JSON object per line, speed, and the share of the machine's peak it uses."""

import json
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from chronolect.models.quantised import num_weights

# Dense bfloat16 FLOP/s without sparsity, from the makers' data sheets; the first name found in the device's name
# counts.
PEAK_FLOPS = {
    "B200": 2250e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100": 989e12,
    "GH200": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "L4": 121e12,
    "A10": 125e12,
    "RTX 4090": 165e12,
    "RTX 3090": 71e12,
    "MI300X": 1307e12,
    "MI250": 362e12,
}


class JsonLines:
    """A file that grows by one JSON object per line and can be cut back to where a checkpoint left it."""

    def __init__(self, path: Path, *, size: int = 0) -> None:
        self.path = path
        with open(path, "ab") as file:
            file.truncate(size)

    def write(self, **record: Any) -> None:
        """Append one record."""
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps(record, ensure_ascii=False) + "\n")

    @property
    def size(self) -> int:
        """Length of the file in bytes."""
        return self.path.stat().st_size


def flops_per_token(model: PreTrainedModel, seq_len: int) -> float:
    """Floating-point operations of one training token.

    6 per weight in a matrix product (4 where it is frozen: it has no gradient of its own) and 12·layers·width·seq_len
    for attention, as in Chowdhery et al. 2022 (PaLM, arXiv:2204.02311), appendix B; no discount for causality. The
    output layer counts, the look-up in the embedding does not.
    """
    config: Any = model.config
    looked_up = None if config.tie_word_embeddings else model.get_input_embeddings().weight
    products = sum((6.0 if p.requires_grad else 4.0) * num_weights(p) for p in model.parameters() if p is not looked_up)
    return products + 12.0 * config.num_hidden_layers * config.hidden_size * seq_len


def peak_flops(device: torch.device) -> float | None:
    """Peak dense bfloat16 FLOP/s of a device; None where it is not known, as for CPUs."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((flops for part, flops in PEAK_FLOPS.items() if part in name), None)
