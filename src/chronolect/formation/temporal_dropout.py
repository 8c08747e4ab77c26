"""Temporal dropout: weights of the encoder are dropped by a mask that all tokens of a step share and that changes from step to step.

In expectation that is an L2 penalty weighted by the input's power (for a linear unit it adds p/(1-p) · Σᵢ Wᵢf² E[xᵢ²] of squared error),
which is why it is to be judged beside one (docs/sparse-autoencoders.md).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch

from chronolect.errors import UserError, did_you_mean

Schedule = Literal["constant", "linear", "cosine"]
Granularity = Literal["element", "input", "latent"]
_SCHEDULES = ("constant", "linear", "cosine")
_GRANULARITIES = ("element", "input", "latent")


@dataclass(frozen=True, kw_only=True)
class TemporalDropout:
    """How much of the encoder is dropped when.

    Args:
        initial_rate: Rate up to step `start`; 0 drops nothing and is the same, to the bit, as no dropout.
        min_rate: Rate from step `end` on, never undercut.
        schedule: From the one to the other: `constant` (stays at `initial_rate`), `linear`, `cosine`, or a function of
            the step that gives the rate itself.
        start: Step at which the rate begins to fall.
        end: Step from which it is `min_rate`.
        granularity: What one draw of the mask drops: an `element` of the encoder matrix, an `input` dimension, or a
            `latent` (which then is left out of the selection, without rescaling).
        hold: Steps that share one mask.
        seed: Seed of the masks, whose generator is private: nothing else that is random is moved by them.
    """

    initial_rate: float = 0.0
    min_rate: float = 0.0
    schedule: Schedule | Callable[[int], float] = "cosine"
    start: int = 0
    end: int = 1
    granularity: Granularity = "element"
    hold: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.min_rate <= self.initial_rate < 1:
            raise UserError(
                f"temporal dropout needs 0 <= min_rate <= initial_rate < 1, not {self.min_rate} and {self.initial_rate}"
            )
        if isinstance(self.schedule, str) and self.schedule not in _SCHEDULES:
            raise UserError(
                f"temporal dropout: there is no schedule {self.schedule}; one of {', '.join(_SCHEDULES)}"
                f"{did_you_mean(self.schedule, _SCHEDULES)}"
            )
        if self.granularity not in _GRANULARITIES:
            raise UserError(
                f"temporal dropout: there is no granularity {self.granularity}; one of {', '.join(_GRANULARITIES)}"
                f"{did_you_mean(self.granularity, _GRANULARITIES)}"
            )
        if self.hold < 1:
            raise UserError(f"temporal dropout: hold must be at least 1 step, not {self.hold}")
        if self.end <= self.start:
            raise UserError(f"temporal dropout: its end ({self.end}) must come after its start ({self.start})")

    def rate(self, step: int) -> float:
        """The rate at optimizer step `step` (0 is the first): at least `min_rate`, at most `initial_rate` unless a function says otherwise."""
        if callable(self.schedule):
            rate = float(self.schedule(step))
            if not 0 <= rate < 1:
                raise UserError(f"temporal dropout: the schedule gave {rate} at step {step}; it must be in [0, 1)")
            return rate
        progress = min(1.0, max(0.0, (step - self.start) / (self.end - self.start)))
        share = {"constant": 1.0, "linear": 1 - progress, "cosine": (1 + math.cos(math.pi * progress)) / 2}[
            self.schedule
        ]
        return self.min_rate + (self.initial_rate - self.min_rate) * share

    def mask(self, step: int, *, width: int, latents: int, device: torch.device | str = "cpu") -> torch.Tensor | None:
        """What is kept at a step, bool of shape [width, latents], [width, 1] or [1, latents]; None at rate 0.

        The draw is a function of the seed and `step // hold` alone, and the same on every device.
        """
        rate = self.rate(step)
        if rate == 0:
            return None
        shape = {"element": (latents, width), "input": (1, width), "latent": (latents, 1)}[self.granularity]
        seed = np.random.SeedSequence((self.seed, step // self.hold)).generate_state(
            1
        )  # torch's generator takes 32 bits
        generator = torch.Generator().manual_seed(int(seed[0]))
        return (torch.rand(shape, generator=generator) >= rate).to(device).T  # laid out as the encoder's weights are
