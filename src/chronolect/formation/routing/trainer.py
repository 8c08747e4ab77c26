"""Training a router and its autoencoder together.

Reconstruction alone tells a router next to nothing: in RouteSAE the only gradient that reaches it is that of the chosen state's scale. What tells it
where to read is how well every layer would have been reconstructed; and that only once it is set off against how hard the layer is
in general, or else all tokens go to the easiest one. So, in mode `advantage`, for tokens b and layers r,

    e[b, r]  error over the layer's variance,    m[r]  its moving average over batches,
    a[b, r] = (e[b, r] - m[r]) - mean over r,    loss = weight · mean over b of Σ q[b, r] · a[b, r], no gradient through a.
"""

import math
from typing import Any

import torch
from torch import Tensor

from chronolect.formation.routing.model import RouteSae, take_layer
from chronolect.formation.sae.config import SaeTraining
from chronolect.formation.sae.trainer import SaeTrainer

_DIFFICULTY_DECAY = 0.95


class RouteTrainer(SaeTrainer):
    """As `SaeTrainer`, on the states of several layers [B, R, d]."""

    def __init__(self, route: RouteSae, training: SaeTraining) -> None:
        self.route = route
        super().__init__(route.sae, training)
        self.difficulty: Tensor | None = None  # m [R]
        self.layer_generator = torch.Generator().manual_seed(route.routing.seed + 1)
        self._routed: dict[str, Tensor] = {}

    def named_parameters(self) -> list[tuple[str, torch.nn.Parameter]]:
        """The autoencoder's, and the router where it learns."""
        return super().named_parameters() + ([("router", self.route.router)] if self.route.routing.learns else [])

    def fit(self, x: Tensor) -> None:
        """Scales of the layers and decoder bias."""
        self.route.fit_to(x)

    def prepare(self, x: Tensor) -> tuple[Tensor, Tensor, dict[str, Tensor]]:
        """The routed states, what they are held to, and the router's losses."""
        route, routing = self.route, self.route.routing
        u = route.normalised(x)
        if not routing.learns:
            chosen = take_layer(u, self._random_layers(len(u)) if routing.mode == "random" else route.choose(x))
            return chosen, chosen.detach(), {}
        q = route.probabilities(u)
        preferred = q.argmax(dim=1)
        used = torch.nn.functional.one_hot(preferred, len(route.layers)).float().mean(dim=0)
        losses = {}
        if routing.mode == "paper" or self.steps % routing.errors_every == 0:
            if routing.mode == "advantage":
                losses["router"] = routing.advantage * self._advantage(u.detach(), q)
            if routing.balance:  # on the same steps: between them Adam would see nothing else, and make much of it
                losses["balance"] = routing.balance * len(route.layers) * (used * q.mean(dim=0)).sum()
        self._routed = {"usage_entropy": entropy(used), "share": q.detach().max(dim=1).values.mean()}

        warming = self.steps < routing.warmup_steps
        if (routing.warmup if warming else routing.mixing) == "soft":
            inputs = (q[:, :, None] * u).sum(dim=1)
        else:
            index = self._random_layers(len(u)) if warming else preferred
            share = q.gather(1, index[:, None])
            inputs = take_layer(u, index)
            if routing.mode == "paper":
                inputs = inputs * share
            elif routing.straight_through:
                inputs = inputs * (share / share.detach())
        return inputs, inputs if routing.mode == "paper" else inputs.detach(), losses

    def normalised_error(self, error: Tensor, targets: Tensor) -> Tensor:
        """In mode `paper` the mean over tokens of squared error over squared norm, whose gradient reaches the targets, too."""
        if self.route.routing.mode != "paper":
            return super().normalised_error(error, targets)
        ratio: Tensor = (error.square().sum(dim=1) / targets.square().sum(dim=1).clamp_min(1e-12)).mean()
        return ratio

    def loss(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        """As of any autoencoder; among the metrics `usage_entropy`, 1 for layers used evenly, and `share`, the mean highest probability."""
        total, metrics = super().loss(x)
        return total, metrics | self._routed

    def state_dict(self) -> dict[str, Any]:
        """Tensors and numbers; with the weights of the router and the autoencoder."""
        return super().state_dict() | {
            "routing": {
                "router": self.route.router.detach(),
                "layer_scale": self.route.layer_scale,
                "layer_generator": self.layer_generator.get_state(),
                **({} if self.difficulty is None else {"difficulty": self.difficulty}),
            }
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from `state_dict`."""
        super().load_state_dict(state)
        routing = state["routing"]
        with torch.no_grad():
            self.route.router.copy_(routing["router"])
            self.route.layer_scale.copy_(routing["layer_scale"])
        self.layer_generator.set_state(routing["layer_generator"])
        if (difficulty := routing.get("difficulty")) is not None:
            self.difficulty = difficulty.clone().to(self.route.router.device)

    def _advantage(self, u: Tensor, q: Tensor) -> Tensor:
        """The router's loss on a sample of the batch."""
        some = slice(
            None, None, -(-len(u) // self.route.routing.errors_tokens)
        )  # spread evenly: a batch may be in order
        u = u[some]
        variance = (u - u.mean(dim=0)).square().sum(dim=2).mean(dim=0).clamp_min(1e-12)
        errors = self.route.squared_errors(u) / variance
        mean = errors.mean(dim=0)
        self.difficulty = mean if self.difficulty is None else self.difficulty.lerp(mean, 1 - _DIFFICULTY_DECAY)
        advantage = errors - self.difficulty
        advantage -= advantage.mean(dim=1, keepdim=True)
        return (q[some] * advantage).sum(dim=1).mean()

    def _random_layers(self, size: int) -> Tensor:
        drawn = torch.randint(len(self.route.layers), (size,), generator=self.layer_generator)
        return drawn.to(self.route.router.device)


def entropy(shares: Tensor) -> Tensor:
    """Entropy of shares [R] over its largest value, ln R."""
    positive = shares[shares > 0]
    return (positive * -positive.log()).sum() / math.log(len(shares))
