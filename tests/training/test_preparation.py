"""Recomputation by rule changes what is computed twice and no number; kernels for CUDA stay away elsewhere."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaForCausalLM

from chronolect.training import onednn
from chronolect.training.config import TrainingConfig
from chronolect.training.hardware import make_accelerator
from chronolect.training.objectives.cross_entropy import summed_cross_entropy
from chronolect.training.preparation import prepare
from chronolect.training.pretrain import train_pretrain


def work(model: LlamaForCausalLM, **settings: Any) -> tuple[int, float, list[torch.Tensor]]:
    """Floating-point operations, loss and gradients of one forward and backward pass."""
    config = TrainingConfig(device="cpu", dtype="float32", seq_len=16, **settings)
    prepared = prepare(model, config, make_accelerator(config))
    torch.manual_seed(0)
    tokens = torch.randint(model.config.vocab_size, (2, 17))
    with FlopCounterMode(display=False) as counter:
        loss = summed_cross_entropy(prepared, tokens[:, :-1], tokens[:, 1:])
        loss.backward()
    gradients = [p.grad.clone() for p in model.parameters() if p.grad is not None]
    model.zero_grad()
    return counter.get_total_flops(), float(loss.detach()), gradients


def test_each_rule_recomputes_what_it_says(model: LlamaForCausalLM, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "pays_off", lambda: False)  # its products are not in the counter's table
    plain, loss, gradients = work(model)
    flops = {}
    for rule in ("cheap", "every-2", "all"):
        flops[rule], same_loss, same = work(model, gradient_checkpointing=True, recompute=rule)
        assert same_loss == loss
        assert all(torch.equal(one, other) for one, other in zip(gradients, same, strict=True))
        model.gradient_checkpointing_disable()
    assert plain == flops["cheap"] < flops["every-2"] < flops["all"]
    assert flops["all"] - plain == 2 * (flops["every-2"] - plain)  # two blocks, or one of them


@pytest.mark.skipif(not onednn.pays_off(), reason="oneDNN's products are taken where they are faster")
def test_products_through_onednn_are_kept_as_dear(model: LlamaForCausalLM, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    product = torch.ops.mkldnn._linear_pointwise
    counted = lambda *arguments: (calls.append(None), product(*arguments))[1]  # noqa: E731
    work(model)
    monkeypatch.setattr(torch.ops.mkldnn, "_linear_pointwise", counted)
    work(model)
    expected = len(calls)
    work(model, gradient_checkpointing=True, recompute="cheap")
    assert len(calls) == 2 * expected


def test_liger_without_cuda_is_one_line_and_the_run_goes_on(
    tmp_path: Path, corpus: Path, small: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    result = train_pretrain(corpus, out=tmp_path / "run", **small(max_steps=1, liger=True))
    assert result["steps"] == 1
    assert capsys.readouterr().err.count("--liger: its kernels need CUDA; on cpu training goes on without them") == 1
