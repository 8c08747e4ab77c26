"""Feature alignment: losses that hold features in place while they are learned, or attention heads apart.

Each has a price that a report must name. What acts on an autoencoder's decoder makes agreement of decoders over time a thing that was
optimised, no longer a finding (`optimises_decoder`); the diversity of attention changes the language model itself.

Shapes: F latents, d width; attention [rows, heads, queries, keys].
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from chronolect.errors import UserError

_LEAST_NORM = 1e-12
_MASS_DECAY = 0.99


class Alignment(Protocol):
    """A loss on the decoder of an autoencoder in training: put one into `SaeTrainer.alignments`.

    Attributes:
        name: Its key among the losses.
        weight: What it is multiplied by.
        optimises_decoder: Whether it makes decoders of different times or seeds alike, so that their likeness shows nothing.
    """

    name: str
    weight: float
    optimises_decoder: bool

    def __call__(self, decoder: Tensor, fired: Tensor) -> Tensor:
        """The loss [] of a decoder [F, d] with unit rows, given which latents fired in the batch, bool [F]. Called once a step."""

    def state_dict(self) -> dict[str, Any]:
        """What it remembers from step to step: tensors and JSON values."""

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""


def temporal_anchor(decoder: Tensor, anchor: Tensor, weights: Tensor) -> Tensor:
    """How far decoder rows have turned from where they were: Σ w (1 - cos) / Σ w, which is 0 if none has and at most 2.

    Args:
        decoder: [F, d].
        anchor: [F, d], as it was; no gradient reaches it.
        weights: [F], none negative; 0 for latents that are not alive in both.
    """
    cosine = torch.nn.functional.cosine_similarity(decoder, anchor.detach(), dim=1)
    loss: Tensor = (weights * (1 - cosine)).sum() / weights.sum().clamp_min(_LEAST_NORM)
    return loss


def mutual(decoder: Tensor, others: Sequence[Tensor]) -> Tensor:
    """1 - the mean, over latents and other decoders, of the best cosine a latent finds in the other (Marks et al. 2024, arXiv:2411.01220).

    Args:
        decoder: [F, d], unit rows.
        others: Decoders [F', d], unit rows, of autoencoders that train beside it; no gradient reaches them.
    """
    best = [(decoder @ other.detach().T).max(dim=1).values.mean() for other in others]
    return 1 - torch.stack(best).mean()


def attention_diversity(attentions: Sequence[Tensor], counted: Tensor | None = None) -> Tensor:
    """How alike the heads of a layer attend: the mean cosine of their attention over pairs of heads and over queries from the second on.

    1 for heads that are all the same, 0 for heads that never look at the same token; to be added to a language model's loss, which drives
    heads apart (disagreement on attended positions, Li et al. 2018, arXiv:1810.10183). The first query is left out: it has one key.

    Args:
        attentions: Weights after the softmax [rows, heads, queries, keys], one tensor per layer.
        counted: Queries that count, bool [rows, queries]; all by default.

    Raises:
        UserError: For layers of one head.
    """
    losses = []
    for attention in attentions:
        heads = attention.shape[1]
        if heads < 2:
            raise UserError("attention diversity compares the heads of a layer: this model has one; leave it off")
        unit = torch.nn.functional.normalize(attention[:, :, 1:].float(), dim=-1, eps=_LEAST_NORM)
        total = unit.sum(dim=1)  # |Σ u|² = heads + 2 · the sum over pairs: linear in the heads
        alike = (total.square().sum(dim=-1) - unit.square().sum(dim=(1, 3))) / (heads * (heads - 1))
        losses.append(alike.mean() if counted is None else alike[counted[:, 1:]].mean())
    return torch.stack(losses).mean()


class TemporalAnchor:
    """Holds decoder rows near a moving average of themselves, or near where they were when `anchor_to` was last called.

    A latent counts by the share of batches that see it fire (the last hundred or so), and not at all where it had not fired by the
    time of the anchor.
    """

    name = "temporal_anchor"
    optimises_decoder = True

    def __init__(self, weight: float, *, decay: float = 0.999) -> None:
        """`decay` is the average's, per step; with 1 the anchor stays where it was put, on the first step or by `anchor_to`."""
        self.weight, self.decay = weight, decay
        self._state: dict[str, Tensor] = {}  # anchor [F, d], alive (at the anchor's time) bool [F], mass [F]

    def anchor_to(self, decoder: Tensor) -> None:
        """Put the anchor where the decoder is now, for instance at a checkpoint."""
        mass = self._state.get("mass", decoder.new_zeros(len(decoder)))
        self._state = {"anchor": decoder.detach().clone(), "alive": mass > 0, "mass": mass}

    def __call__(self, decoder: Tensor, fired: Tensor) -> Tensor:
        """`temporal_anchor` of this step; the anchor then follows."""
        if not self._state:
            self._state = {"anchor": decoder.detach().clone(), "alive": fired.clone(), "mass": fired.float()}
        anchor, alive = self._state["anchor"], self._state["alive"]
        mass = self._state["mass"].lerp(fired.float(), 1 - _MASS_DECAY)
        loss = temporal_anchor(decoder, anchor, mass * alive)
        self._state["mass"] = mass
        if self.decay < 1:
            self._state |= {"anchor": anchor.lerp(decoder.detach(), 1 - self.decay), "alive": alive | fired}
        return loss

    def state_dict(self) -> dict[str, Any]:
        """The anchor, and what it knows of firing; empty before the first step."""
        return dict(self._state)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from `state_dict`."""
        self._state = {name: tensor.clone() for name, tensor in state.items()}


class Mutual:
    """Draws the decoders of autoencoders that train side by side towards each other, latent by latent."""

    name = "mutual"
    optimises_decoder = True

    def __init__(self, weight: float, others: Sequence[Tensor]) -> None:
        """`others` are the decoders themselves (their parameters), not copies."""
        self.weight, self.others = weight, others

    def __call__(self, decoder: Tensor, fired: Tensor) -> Tensor:
        """`mutual` with the others as they now are."""
        return mutual(decoder, self.others)

    def state_dict(self) -> dict[str, Any]:
        """Nothing."""
        return {}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Nothing."""
