"""Metrics: growing files that can be cut back, and the arithmetic of a token."""

from pathlib import Path

import torch
from transformers import LlamaForCausalLM

from chronolect.training.metrics import JsonLines, flops_per_token, peak_flops


def test_json_lines_are_cut_back_to_a_size(tmp_path: Path) -> None:
    lines = JsonLines(tmp_path / "m.jsonl")
    lines.write(step=1, text="année")
    size = lines.size
    lines.write(step=2)
    again = JsonLines(tmp_path / "m.jsonl", size=size)
    again.write(step=3)
    assert (tmp_path / "m.jsonl").read_text(encoding="utf-8") == '{"step": 1, "text": "année"}\n{"step": 3}\n'


def test_flops_of_a_token(model: LlamaForCausalLM) -> None:
    weights = sum(p.numel() for p in model.parameters())
    attention = 12 * 2 * 64 * 32
    assert flops_per_token(model, 32) == 6 * weights + attention
    for parameter in model.model.layers.parameters():
        parameter.requires_grad_(False)
    frozen = sum(p.numel() for p in model.model.layers.parameters())
    assert flops_per_token(model, 32) == 6 * weights - 2 * frozen + attention


def test_peak_of_a_cpu_is_unknown() -> None:
    assert peak_flops(torch.device("cpu")) is None
