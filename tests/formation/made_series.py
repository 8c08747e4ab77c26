"""Series of snapshots made without any training, so that what is there when is known."""

from dataclasses import dataclass

import numpy as np
import scipy.sparse
from numpy.typing import NDArray

from chronolect.formation.analysis.series import Kind, Series
from chronolect.formation.analysis.snapshots import Snapshot

WIDTH = 48


@dataclass(frozen=True)
class MadeRun:
    """True features that are there from a checkpoint `births` [T] up to before `deaths` [T]; `checkpoints` in all.

    Each autoencoder finds a feature that is there with a chance of `found`, and on `heard` of the tokens it is on; its other latents
    fire at random. Their numbers are in no order, anew for each autoencoder.
    """

    births: NDArray[np.int64]
    deaths: NDArray[np.int64]
    checkpoints: int
    tokens: int = 3000
    latents: int = 64
    rate: float = 0.03
    found: float = 0.95
    heard: float = 0.95
    seed: int = 0

    def alive(self, checkpoint: int) -> NDArray[np.bool_]:
        """Which features are there."""
        return (self.births <= checkpoint) & (checkpoint < self.deaths)

    def directions(self) -> NDArray[np.float32]:
        """Where the features point, [T, d]."""
        return _units(np.random.default_rng([self.seed, 1 << 20]), len(self.births))

    def steps(self) -> list[int]:
        """0, 1, 2, 4 …"""
        return [0, *(2**place for place in range(self.checkpoints - 1))]

    def snapshot(self, checkpoint: int, seed: int, *, measures: dict[str, float] | None = None) -> Snapshot:
        """An autoencoder of a checkpoint."""
        truth = np.random.default_rng([self.seed])
        features = len(self.births)
        on = truth.random((self.tokens, features)) < self.rate
        strength = on * truth.gamma(4, 0.25, (self.tokens, features))
        directions = self.directions()
        random = np.random.default_rng([self.seed, checkpoint, seed])
        noise = random.random((self.tokens, self.latents)) < self.rate
        codes = noise * random.random((self.tokens, self.latents))
        decoder = _units(random, self.latents)
        place = random.permutation(self.latents)[:features]
        got = self.alive(checkpoint) & (random.random(features) < self.found)
        heard = random.random((self.tokens, features)) < self.heard
        codes[:, place[got]] = (strength * heard)[:, got]
        decoder[place[got]] = directions[got]
        step = self.steps()[checkpoint]
        return Snapshot(
            step, scipy.sparse.csr_matrix(codes.astype(np.float32)), decoder, measures or {"explained_variance": 0.8}
        )

    def series(self, seeds: int = 3, *, kind: Kind = "cold") -> list[Series]:
        """One of each seed over all checkpoints."""
        return [
            Series("base", kind, seed, [self.snapshot(place, seed) for place in range(self.checkpoints)])
            for seed in range(seeds)
        ]

    def overlap(self, checkpoint: int, window: int) -> float:
        """Share of the features of a checkpoint that were there at each of those before it."""
        now = self.alive(checkpoint)
        before = np.all([self.alive(place) for place in range(checkpoint - window, checkpoint)], axis=0)
        return float(before[now].mean())


def growing(checkpoints: int = 7, features: int = 42, **kwargs: float) -> MadeRun:
    """A third of the features there at first, the others born in turn; every seventh dies three checkpoints after its birth."""
    number = np.arange(features)
    births = np.where(number % 3 == 0, 0, 1 + number % (checkpoints - 1))
    deaths = np.where(number % 7 == 6, births + 3, checkpoints)
    return MadeRun(births, np.minimum(deaths, checkpoints), checkpoints, **kwargs)  # type: ignore[arg-type]


def unchanging(checkpoints: int = 7, features: int = 42) -> MadeRun:
    """Nothing ever changes."""
    return MadeRun(np.zeros(features, np.int64), np.full(features, checkpoints), checkpoints)


def _units(random: np.random.Generator, rows: int) -> NDArray[np.float32]:
    found = random.standard_normal((rows, WIDTH))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)
