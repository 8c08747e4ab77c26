"""Out of memory: one line with the setting to change next, and the run goes on with it."""

from pathlib import Path
from typing import Any

import pytest
import torch

from chronolect.errors import UserError
from chronolect.training.config import TrainingConfig
from chronolect.training.memory import is_out_of_memory, memory_guard
from chronolect.training.objectives import causal
from chronolect.training.pretrain import train_pretrain


def advice(*, processes: int = 1, training: bool = True, **settings: Any) -> str:
    """What is said where an allocation fails under these settings."""
    config = TrainingConfig(**settings).as_dict()
    with pytest.raises(UserError) as caught, memory_guard(config, processes=processes, training=training):
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB")
    return str(caught.value)


def test_what_costs_nothing_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "try --batch-size 4 --accumulate 2 " in advice(batch_size=8)
    assert "then --gradient-checkpointing" in advice(batch_size=8)
    assert "try --batch-size 3 --accumulate 6 " in advice(batch_size=9, accumulate=2)
    small = {"batch_size": 1, "seq_len": 4096}
    assert "try --gradient-checkpointing " in advice(**small)
    assert "try --recompute all " in advice(**small, gradient_checkpointing=True, recompute="cheap")
    assert "try --dtype bfloat16; then --seq-len 2048" in advice(**small, gradient_checkpointing=True, dtype="float32")
    smallest = {"batch_size": 1, "seq_len": 128, "gradient_checkpointing": True}
    assert "try --lora-r 16 " in advice(**smallest)
    assert "try --use-4bit " in advice(**smallest, lora_r=16)
    assert "try more GPUs " in advice(**smallest, lora_r=16, use_4bit=True)
    monkeypatch.setattr(torch.version, "hip", "7.2.0")
    assert "try more GPUs " in advice(**smallest, lora_r=16)  # 4 bits hang some of AMD's


def test_a_model_that_does_not_fit_is_told_of_weights_not_of_batches() -> None:
    said = advice(training=False, batch_size=8)
    assert "while loading the model: try --lora-r 16 " in said
    assert "--batch-size" not in said
    assert "try --shard fsdp " in advice(training=False, processes=2, shard="none")
    assert "--shard" not in advice(training=False, processes=2)
    assert "--use-4bit" not in advice(training=False, processes=2, shard="fsdp", lora_r=16)


def test_other_errors_pass() -> None:
    settings = TrainingConfig().as_dict()
    with pytest.raises(RuntimeError, match="shapes"), memory_guard(settings, processes=1, training=True):
        raise RuntimeError("shapes cannot be multiplied")
    assert is_out_of_memory(RuntimeError("MPS backend out of memory (MPS allocated: 8.00 GB)"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))


def test_a_failed_allocation_in_a_step_ends_the_run_and_the_advice_lets_it_go_on(
    tmp_path: Path, corpus: Path, small: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = {"batch_size": 4, "accumulate": 2, "save_every": 2, "sample_every": 0}
    train_pretrain(corpus, out=tmp_path / "whole", **small(**settings))
    steps = []

    def greedy(model: Any, input_ids: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        steps.append(None)
        if len(steps) > 2 * 2:  # past the second step
            torch.empty(1 << 60, dtype=torch.uint8)
        return original(model, input_ids, labels)

    original = causal.summed_cross_entropy
    with monkeypatch.context() as patch:
        patch.setattr(causal, "summed_cross_entropy", greedy)
        with pytest.raises(UserError, match=r"in a training step: try --batch-size 2 --accumulate 4 .*--resume-latest"):
            train_pretrain(corpus, out=tmp_path / "run", **small(**settings))
    advised = {**settings, "batch_size": 2, "accumulate": 4, "resume_latest": True}
    resumed = train_pretrain(corpus, out=tmp_path / "run", **small(**advised))
    whole = train_pretrain(corpus, out=tmp_path / "whole", **small(**settings, resume_latest=True))
    assert resumed["steps"] == whole["steps"]
    assert resumed["loss"] == pytest.approx(whole["loss"], rel=1e-5)
