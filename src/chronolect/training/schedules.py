"""How long a run is, and its learning-rate schedule as a plain function of how far it is: nothing to save or restore."""

import math
from typing import Literal

from chronolect.errors import UserError
from chronolect.training.config import TrainingConfig

Schedule = Literal["cosine", "wsd", "linear", "constant"]


def count_steps(config: TrainingConfig, *, rows_per_epoch: int, rows_per_step: int) -> int | None:
    """Optimizer steps of the whole run; None where only the clock ends it."""
    limits = [] if config.max_steps is None else [config.max_steps]
    epochs = config.epochs
    if epochs is None and not limits and config.max_minutes is None:
        epochs = 1
    if epochs is not None:
        limits.append(max(1, math.floor(epochs * rows_per_epoch / rows_per_step)))
    return min(limits) if limits else None


def count_warmup_steps(config: TrainingConfig, total_steps: int | None) -> int:
    """Steps of warm-up: `warmup_steps`, or else `warmup_ratio` of all steps, rounded up.

    Raises:
        UserError: Where there is a ratio and only the clock ends the run.
    """
    if config.warmup_steps or not config.warmup_ratio:
        return config.warmup_steps
    if total_steps is None:
        raise UserError("--warmup-ratio is a part of the steps, and --max-minutes sets none; give --warmup-steps")
    return math.ceil(config.warmup_ratio * total_steps)


def lr_multiplier(
    schedule: Schedule,
    *,
    step: int,
    progress: float,
    warmup_steps: int,
    warmup_progress: float,
    min_ratio: float,
    decay_fraction: float,
) -> float:
    """The factor on the highest learning rate for one optimizer step.

    Args:
        schedule: `cosine` (Loshchilov & Hutter 2017, arXiv:1608.03983), `wsd` (warm-up, stable, linear decay; Hu et
            al. 2024, arXiv:2404.06395), `linear` (warm-up from 0 and linear decay, step by step that of the Hugging
            Face Trainer) or `constant`.
        step: Optimizer steps done before this one.
        progress: Part of the run done before this step, 0 to 1.
        warmup_steps: Steps of linear warm-up.
        warmup_progress: Part of the run that the warm-up takes; where the decay begins.
        min_ratio: The factor at the end.
        decay_fraction: Part of the run in which `wsd` decays.
    """
    if schedule == "linear" and step < warmup_steps:
        return step / warmup_steps
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if schedule == "constant":
        return 1.0
    if schedule == "wsd":
        remaining = (1.0 - progress) / decay_fraction if decay_fraction else 1.0
        return min_ratio + (1.0 - min_ratio) * min(1.0, max(0.0, remaining))
    done = (progress - warmup_progress) / max(1e-12, 1.0 - warmup_progress)
    if schedule == "linear":
        return min_ratio + (1.0 - min_ratio) * min(1.0, max(0.0, 1.0 - done))
    return min_ratio + (1.0 - min_ratio) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, max(0.0, done))))
