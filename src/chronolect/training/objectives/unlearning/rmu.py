"""Representation misdirection (RMU; Li et al. 2024, arXiv:2403.03218, section 4)."""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch
from torch.nn import functional as F

from chronolect.training.data import IGNORED, Batch
from chronolect.training.objectives.unlearning.objective import Unlearning


@dataclass(frozen=True, kw_only=True)
class RMU(Unlearning):
    """Push the hidden states at one layer towards a random direction on what is to be forgotten; hold them where they were on the rest.

    Args:
        layer: The decoder block whose output is steered, from 0.
        steering: Length of the random vector. States at that layer differ in size from model to model: see `mean_norm`.
        seed: Seed of the vector.
    """

    alpha: float = 100.0
    layer: int = 0
    steering: float = 20.0
    seed: int = 0
    _control: dict[int, torch.Tensor] = field(default_factory=dict, compare=False, repr=False)

    needs_start: ClassVar[bool] = True

    def terms(self, model: torch.nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        """`forget`: mean squared distance to the vector; `retain`: to the start model's states; both over the targets."""
        assert self.start is not None
        ids, chosen = batch["input_ids"], batch["labels"] != IGNORED
        first = batch["sizes"][0] + batch["sizes"][1]
        states_BLD = hidden_states(model, ids, self.layer)
        control = self._vector(states_BLD.shape[-1]).to(states_BLD)
        terms = {"forget": _distance(states_BLD[: batch["sizes"][0]], control, chosen[: batch["sizes"][0]])}
        if self.alpha:
            with self.start.of(model) as start:
                before_BLD = hidden_states(start, ids[first:], self.layer)
            terms["retain"] = _distance(states_BLD[first:], before_BLD, chosen[first:])
        return terms

    def _vector(self, width: int) -> torch.Tensor:
        if width not in self._control:
            drawn = torch.rand(width, generator=torch.Generator().manual_seed(self.seed))
            self._control[width] = self.steering * drawn / drawn.norm()
        return self._control[width]


def _distance(states_BLD: torch.Tensor, goal: torch.Tensor, chosen_BL: torch.Tensor) -> torch.Tensor:
    """Mean squared difference over width, mean over the chosen tokens of a row, mean over the rows."""
    squares_BL = F.mse_loss(states_BLD.float(), goal.float().expand_as(states_BLD), reduction="none").mean(-1)
    counts_B = chosen_BL.sum(-1).clamp(min=1)
    return ((squares_BL * chosen_BL).sum(-1) / counts_B).mean()


def hidden_states(model: torch.nn.Module, input_ids: torch.Tensor, layer: int) -> torch.Tensor:
    """Output of one decoder block, [B, L, D]."""
    found: list[torch.Tensor] = []

    def keep(_: torch.nn.Module, __: Any, output: Any) -> None:
        found.append(output[0] if isinstance(output, tuple) else output)

    bare: Any = getattr(model, "module", model)
    plain = bare.get_base_model() if hasattr(bare, "get_base_model") else bare
    hook = plain.get_decoder().layers[layer].register_forward_hook(keep)
    try:
        model(input_ids=input_ids, use_cache=False, logits_to_keep=1)
    finally:
        hook.remove()
    return found[0]


def mean_norm(states_BLD: torch.Tensor, chosen_BL: torch.Tensor) -> float:
    """Mean length of the states at the chosen tokens, which a steering vector is to be some multiple of."""
    return float(states_BLD[chosen_BL].float().norm(dim=-1).mean())
