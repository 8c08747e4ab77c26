"""Side by side with other trainers: the gradients of one optimizer step of theirs and of ours."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import TrainerCallback

from chronolect.training.config import TrainingConfig
from chronolect.training.hardware import make_accelerator
from chronolect.training.loop import Loop
from chronolect.training.objectives import Objective
from chronolect.training.run_folder import RunFolder


class GradientKeeper(TrainerCallback):
    """Copies the gradients of a Trainer's first optimizer step."""

    def __init__(self) -> None:
        self.gradients: dict[str, torch.Tensor] = {}

    def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Called with the gradients of the whole accumulated batch."""
        self.gradients = {n: p.grad.clone() for n, p in kwargs["model"].named_parameters() if p.grad is not None}


def first_step(
    folder: Path, model: Any, tokenizer: Any, rows: Any, objective: Objective, **settings: Any
) -> tuple[float, dict[str, torch.Tensor]]:
    """Loss and gradients of the loop's first step."""
    config = TrainingConfig(device="cpu", dtype="float32", **settings)
    loop = Loop(
        run=RunFolder(folder, "test", {}, []),
        accelerator=make_accelerator(config),
        model=model,
        tokenizer=tokenizer,
        objective=objective,
        rows=rows,
        validation={},
        config=config,
    )
    gradients: dict[str, torch.Tensor] = {}
    clip = loop._clip

    def keep() -> torch.Tensor:
        gradients.update({n: p.grad.clone() for n, p in loop.model.named_parameters() if p.grad is not None})
        return clip()

    loop._clip = keep  # type: ignore[method-assign]
    loop._step()
    return float(loop._sums["loss"]), gradients


def trainer_arguments(folder: Path, **changes: Any) -> dict[str, Any]:
    """Settings of a Trainer that takes one step of two micro-batches of four rows, in order."""
    return {
        "output_dir": str(folder),
        "max_steps": 1,
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 2,
        "max_grad_norm": 0.0,
        "logging_steps": 1,
        "train_sampling_strategy": "sequential",
        "use_cpu": True,
        "bf16": False,
        "report_to": [],
        "save_strategy": "no",
        "disable_tqdm": True,
        **changes,
    }


@pytest.fixture(name="gradient_keeper")
def _gradient_keeper() -> GradientKeeper:
    return GradientKeeper()


@pytest.fixture(name="first_step")
def _first_step() -> Callable[..., tuple[float, dict[str, torch.Tensor]]]:
    return first_step


@pytest.fixture(name="trainer_arguments")
def _trainer_arguments() -> Callable[..., dict[str, Any]]:
    return trainer_arguments
