"""Learning-rate schedules as plain functions of how far a run is: nothing to save, nothing to restore."""

import math
from typing import Literal

Schedule = Literal["cosine", "wsd", "constant"]


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
            al. 2024, arXiv:2404.06395) or `constant`.
        step: Optimizer steps done before this one.
        progress: Part of the run done before this step, 0 to 1.
        warmup_steps: Steps of linear warm-up.
        warmup_progress: Part of the run that the warm-up takes; where the cosine begins.
        min_ratio: The factor at the end.
        decay_fraction: Part of the run in which `wsd` decays.
    """
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    if schedule == "constant":
        return 1.0
    if schedule == "wsd":
        remaining = (1.0 - progress) / decay_fraction if decay_fraction else 1.0
        return min_ratio + (1.0 - min_ratio) * min(1.0, max(0.0, remaining))
    done = (progress - warmup_progress) / max(1e-12, 1.0 - warmup_progress)
    return min_ratio + (1.0 - min_ratio) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, max(0.0, done))))
