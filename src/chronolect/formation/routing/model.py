"""One sparse autoencoder for several layers, and a router that says at which of them a token is read (RouteSAE, Shi et al. 2025).

Shapes: B tokens, R layers, d width, F latents. x [B, R, d] are the residual streams of a token after the routed blocks.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from chronolect.errors import UserError
from chronolect.formation.routing.config import RouteConfig
from chronolect.formation.sae.active import Active
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import SaeConfig


class RouteSae(nn.Module):
    """A router q = softmax(pool(u) W / T) over layers, u the normalised states; and an autoencoder of the state it chooses.

    The autoencoder itself lives in normalised units, in which a state's mean squared norm is d (its own `scale` stays 1).

    Attributes:
        layers: The routed blocks, counted from 0.
        sae: The autoencoder of all of them.
        router: float32 [d, R].
        layer_scale: float32 [R]: what states are multiplied by where they are normalised by layer.
    """

    layer_scale: Tensor

    def __init__(
        self, layers: Sequence[int], width: int, sae: SaeConfig, routing: RouteConfig, *, seed: int = 0
    ) -> None:
        super().__init__()
        if len(layers) < 2 or len(set(layers)) < len(layers):
            raise UserError(f"routing needs at least two different layers to choose from, not {list(layers)}")
        if routing.fixed_layer is not None and routing.fixed_layer not in layers:
            raise UserError(f"routing: fixed_layer {routing.fixed_layer} is none of the routed {list(layers)}")
        self.layers, self.routing = tuple(layers), routing
        self.sae = SparseAutoencoder(width, sae, seed=seed)
        generator = torch.Generator().manual_seed(routing.seed)
        weights = (2 * torch.rand(width, len(layers), generator=generator) - 1) / math.sqrt(width)
        self.router = nn.Parameter(weights)
        self.register_buffer("layer_scale", torch.ones(len(layers)))

    @property
    def config(self) -> SaeConfig:
        """That of the autoencoder."""
        return self.sae.config

    @property
    def W_enc(self) -> nn.Parameter:
        """The autoencoder's, [d, F]."""
        return self.sae.W_enc

    @property
    def W_dec(self) -> nn.Parameter:
        """The autoencoder's, [F, d]."""
        return self.sae.W_dec

    @torch.no_grad()
    def fit_to(self, x: Tensor) -> None:
        """Set the layers' scales from a sample of states [N, R, d], and the decoder's bias where it has none; before training."""
        x = x.float()
        if self.routing.normalise == "layer":
            power = x.square().sum(dim=2).mean(dim=0)
            self.layer_scale.copy_((self.sae.width / power.clamp_min(1e-12)).sqrt())
        if not bool(self.sae.b_dec.any()):
            u = self.normalised(x)
            _, share = self._choice(u)
            self.sae.b_dec.copy_((u * share[:, None, None]).mean(dim=(0, 1)))

    def normalised(self, x: Tensor) -> Tensor:
        """u [B, R, d] of x [B, R, d]."""
        x = x.float()
        if self.routing.normalise == "layer":
            return x * self.layer_scale[:, None]
        centred = x - x.mean(dim=2, keepdim=True)
        return centred / centred.square().mean(dim=2, keepdim=True).sqrt().clamp_min(1e-6)

    def probabilities(self, u: Tensor) -> Tensor:
        """q [B, R] of normalised states [B, R, d]."""
        pooled = u.mean(dim=1) if self.routing.pooling == "mean" else u.sum(dim=1)
        return (pooled @ self.router / self.routing.temperature).softmax(dim=1)

    def choose(self, x: Tensor) -> Tensor:
        """Which layer each token is read at, places in `layers`, int64 [B]. Random ones are the same whenever the batch is of the same size."""
        return self._choice(self.normalised(x))[0]

    def encode(self, x: Tensor) -> Tensor:
        """Activations of the latents [B, F], in normalised units, of states [B, R, d] that the router chooses among."""
        return self.sae.encode(self._routed(x))

    @torch.no_grad()
    def active(self, x: Tensor) -> tuple[Active, Tensor]:
        """The active latents of states [B, R, d] as pairs, and their activations [n] in normalised units; no gradients."""
        return self.sae.active(self._routed(x))

    def reconstruct(self, x: Tensor, *, place: int, share: Tensor) -> Tensor:
        """Reconstruction [n, d], in the model's units, of states [n, d] of one layer.

        Args:
            x: States.
            place: Of the layer in `layers`.
            share: What the normalised states are multiplied by before they are encoded, [n] (see `choice`).
        """
        if self.routing.normalise == "layer":
            scale, mean = 1 / self.layer_scale[place], torch.zeros((), device=x.device)
        else:
            mean = x.mean(dim=1, keepdim=True)
            scale = (x - mean).square().mean(dim=1, keepdim=True).sqrt().clamp_min(1e-6)
        u = (x - mean) / scale
        return self.sae(u * share[:, None]) / share[:, None] * scale + mean

    def choice(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Places of the chosen layers, int64 [B], and what their states are multiplied by before they are encoded, [B].

        That is 1, but in mode `paper` the chosen layer's probability.
        """
        return self._choice(self.normalised(x))

    @torch.no_grad()
    def squared_errors(self, u: Tensor) -> Tensor:
        """|û - u|² of the states of every layer, [B, R] of [B, R, d], normalised; each as if it had been chosen."""
        _, share = self._choice(u)
        scaled = u * share[:, None, None]
        errors = [
            (self.sae(scaled[:, place]) - scaled[:, place]).square().sum(dim=1) for place in range(len(self.layers))
        ]
        return torch.stack(errors, dim=1) / share.square()[:, None]

    def _routed(self, x: Tensor) -> Tensor:
        u = self.normalised(x)
        index, share = self._choice(u)
        return take_layer(u, index) * share[:, None]

    def _choice(self, u: Tensor) -> tuple[Tensor, Tensor]:
        size, routing = len(u), self.routing
        one = torch.ones(size, device=u.device)
        if routing.mode == "fixed":
            assert routing.fixed_layer is not None
            place = self.layers.index(routing.fixed_layer)
            return torch.full((size,), place, device=u.device), one
        if routing.mode == "random":
            generator = torch.Generator().manual_seed(routing.seed)
            return torch.randint(len(self.layers), (size,), generator=generator).to(u.device), one
        share, index = self.probabilities(u).max(dim=1)
        return index, share if routing.mode == "paper" else one


def take_layer(u: Tensor, index: Tensor) -> Tensor:
    """The chosen states [B, d] of [B, R, d]."""
    return u[torch.arange(len(u), device=u.device), index]
