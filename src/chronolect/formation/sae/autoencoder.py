"""The sparse autoencoder itself.

Shapes: B tokens, d width of the residual stream, F latents. x [B, d], z [B, F].
"""

import copy
import math

import torch
from torch import Tensor, nn

from chronolect.formation.sae.active import Active, above, largest_of_tokens
from chronolect.formation.sae.config import SaeConfig


class SparseAutoencoder(nn.Module):
    """x̂ = z W_dec + b_dec with z = select(ReLU((x - b_dec) W_enc + b_enc)); rows of W_dec have norm 1.

    Inputs and outputs of the public methods are in the model's own units. `scale` is what inputs are multiplied by inside, so
    that their mean squared norm is d; `folded` does without. At inference `batchtopk` is a JumpReLU: what exceeds `threshold`.

    Attributes:
        W_enc: float32 [d, F].
        b_enc: float32 [F].
        W_dec: float32 [F, d].
        b_dec: float32 [d].
        threshold: float32 [], of activations inside.
        scale: float32 [].
    """

    threshold: Tensor
    scale: Tensor

    def __init__(self, width: int, config: SaeConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.width, self.config = width, config
        generator = torch.Generator().manual_seed(seed)
        decoder = torch.randn(config.latents, width, generator=generator)
        decoder /= decoder.norm(dim=1, keepdim=True)
        self.W_dec = nn.Parameter(decoder)
        self.W_enc = nn.Parameter(
            decoder.clone().T
        )  # a latent's weights lie together in memory: gradients come by latent
        self.b_enc = nn.Parameter(torch.zeros(config.latents))
        self.b_dec = nn.Parameter(torch.zeros(width))
        self.register_buffer("threshold", torch.zeros(()))
        self.register_buffer("scale", torch.ones(()))

    @torch.no_grad()
    def fit_to(self, x: Tensor) -> None:
        """Set the scale by a sample of activations [N, d], before training.

        A new autoencoder gets the sample's mean as its decoder bias; one that has been trained, and folded, keeps its function.
        """
        x = x.float()
        scale = math.sqrt(self.width / max(float(x.square().sum(dim=1).mean()), 1e-12))
        if not bool(self.b_dec.any()):
            self.b_dec.copy_(x.mean(dim=0) * self.scale)
        for tensor in (self.b_enc, self.b_dec, self.threshold):
            tensor *= scale / float(self.scale)
        self.scale.fill_(scale)

    def pre_activations(self, x: Tensor) -> Tensor:
        """(x - b_dec) W_enc + b_enc of scaled inputs; [B, F]."""
        return (x - self.b_dec) @ self.W_enc + self.b_enc

    def select(self, pre: Tensor) -> Tensor:
        """Places in flattened pre-activations [B, F] of the latents that are active at inference: int64, ascending."""
        if self.config.architecture == "topk":
            return largest_of_tokens(pre, self.config.k)
        return above(pre, float(self.threshold) if self.config.architecture == "batchtopk" else 0.0)

    @torch.no_grad()
    def active(self, x: Tensor) -> tuple[Active, Tensor]:
        """The active latents of inputs [B, d] as pairs, and their activations [n] in the model's units; no gradients."""
        pre = self.pre_activations(x.float() * self.scale)
        active = Active(self.select(pre), (pre.shape[0], pre.shape[1]))
        return active, pre.flatten()[active.places] / self.scale

    def encode(self, x: Tensor) -> Tensor:
        """Activations of the latents, [B, F] of [B, d], in the model's units (a unit decoder row times an activation is a vector)."""
        pre = self.pre_activations(x.float() * self.scale)
        places = self.select(pre.detach())
        return torch.zeros_like(pre).flatten().index_put((places,), pre.flatten()[places] / self.scale).view_as(pre)

    def decode(self, z: Tensor) -> Tensor:
        """Reconstruction [B, d] from activations [B, F]."""
        return z @ self.W_dec + self.b_dec / self.scale

    def forward(self, x: Tensor) -> Tensor:
        """Reconstruction [B, d] of [B, d]."""
        return self.decode(self.encode(x))

    @torch.no_grad()
    def folded(self) -> "SparseAutoencoder":
        """The same function with `scale` 1."""
        plain = copy.deepcopy(self)
        for tensor in (plain.b_enc, plain.b_dec, plain.threshold):
            tensor /= self.scale
        plain.scale.fill_(1.0)
        return plain
