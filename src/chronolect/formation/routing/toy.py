"""States of several layers in which it is known where each token is read best: the ground truth of routing."""

import torch
from torch import Tensor


class LayeredToy:
    """Sparse codes over unit features, seen through layers of unequal noise, of which one per token is clearer than is usual for it.

    Features are parted evenly among the layers. The layer of a token's strongest feature is its best one: there its state has `noise[r]`,
    elsewhere `noise[r] + extra` per dimension. What the best layer is can be read from the states, in part even by a linear map.
    """

    def __init__(
        self,
        *,
        width: int = 64,
        features: int = 128,
        noise: tuple[float, ...] = (0.05, 0.1, 0.15, 0.2, 0.25),
        extra: float = 0.15,
        active: float = 2.5,
        seed: int = 0,
    ) -> None:
        """`noise` has one standard deviation for each layer; `active` is the mean number of features per token, the strongest included."""
        self.noise, self.extra, self.active = torch.tensor(noise), extra, active
        generator = torch.Generator().manual_seed(seed)
        directions = torch.randn(features, width, generator=generator)
        self.features = directions / directions.norm(dim=1, keepdim=True)
        rates = torch.arange(1, features + 1).float() ** -0.5  # Zipf's law, half as steep
        self.rates = rates / rates.sum()
        self.best_layer = torch.arange(features) % len(noise)  # of each feature

    @property
    def layers(self) -> list[int]:
        """Their numbers."""
        return list(range(len(self.noise)))

    def sample(self, tokens: int, *, seed: int) -> tuple[Tensor, Tensor]:
        """States [tokens, R, d], and each token's best layer, int64 [tokens]."""
        generator = torch.Generator().manual_seed(seed)
        features, width = self.features.shape
        present = torch.rand(tokens, features, generator=generator) < self.rates * (self.active - 1)
        codes = present * (0.5 + torch.rand(tokens, features, generator=generator))
        strongest = self.rates.multinomial(tokens, replacement=True, generator=generator)
        codes[torch.arange(tokens), strongest] = 1.5
        best = self.best_layer[strongest]
        spread = self.noise + self.extra * (torch.arange(len(self.noise)) != best[:, None])
        noise = torch.randn(tokens, len(self.noise), width, generator=generator)
        return (codes @ self.features)[:, None] + spread[:, :, None] * noise, best
