"""A training run that was never trained: features that come, go, turn and grow at checkpoints we set, and the activations they give.

Shapes: B tokens, d width, G true features, C checkpoints.
"""

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray
from scipy.special import ndtri

from chronolect.errors import UserError

_CHUNK = 4096  # tokens drawn at once: a stream is a function of its name and the number of the chunk alone
_SPREAD = 0.3  # of a feature's strength from token to token, as a share of it


@dataclass(frozen=True, kw_only=True)
class SyntheticConfig:
    """What happens in the made-up run.

    Args:
        features: True features G.
        width: Width d of the activations; fewer than features, so that they lie in superposition.
        checkpoints: Checkpoints C.
        active: Mean number of features active in a token, were all of them alive.
        zipf: Rates fall with this power of the rank.
        initial: Share of the features alive at the first checkpoint.
        dying: Share of the features that die again.
        rotating: Share of the features whose direction turns.
        rotation: Degrees by which those turn from one checkpoint to the next.
        ramp: Checkpoints after its birth at which a feature has its full strength; it grows in equal steps.
        together: Correlation of the Gaussians behind the firing of features of one group; 0 for independent ones.
        group: Features in a group.
        noise: Norm of the Gaussian noise on a token, in strengths of a feature.
    """

    features: int = 160
    width: int = 64
    checkpoints: int = 8
    active: float = 5.0
    zipf: float = 0.6
    initial: float = 0.35
    dying: float = 0.15
    rotating: float = 0.2
    rotation: float = 8.0
    ramp: int = 0
    together: float = 0.0
    group: int = 8
    noise: float = 0.1

    def __post_init__(self) -> None:
        for name, value in (("initial", self.initial), ("dying", self.dying), ("rotating", self.rotating)):
            if not 0 <= value <= 1:
                raise UserError(f"--{name} {value}: a share is between 0 and 1")
        if not 0 <= self.together < 1:
            raise UserError(f"--together {self.together}: at least 0 and below 1")
        if self.checkpoints < 4:
            raise UserError(f"--checkpoints {self.checkpoints}: at least 4, or no birth could be told from the ends")
        if self.features < 2 or self.width < 2:
            raise UserError(f"--features {self.features} --width {self.width}: at least 2 of each")
        if not 0 < self.active <= self.features / 4:
            raise UserError(
                f"--active {self.active}: more than 0 and at most a quarter of the {self.features} features"
            )


class SyntheticRun:
    """The truth of a run.

    Attributes:
        rates: float64 [G]: how often a feature fires while alive, highest first.
        births: int64 [G]: first checkpoint it is alive at; 0 from the start.
        deaths: int64 [G]: first checkpoint it is dead again at; C if it never dies.
        steps: What the checkpoints are called: a doubling series of optimizer steps.
    """

    def __init__(self, config: SyntheticConfig, *, seed: int = 0) -> None:
        self.config, self.seed = config, seed
        random = np.random.default_rng([seed, 0])
        features, last = config.features, config.checkpoints
        self.rates = _zipf_rates(features, config.active, config.zipf)
        # births leave a checkpoint before and two after them, deaths come two after the birth: what cannot be seen is not asked
        self.births = np.where(
            random.random(features) < config.initial, 0, random.integers(1, last - 1, features)
        ).astype(np.int64)
        dies = (random.random(features) < config.dying) & (self.births + 2 < last - 1)
        room = np.maximum(1, last - 1 - (self.births + 2))
        self.deaths = np.where(dies, self.births + 2 + random.integers(0, room, features), last).astype(np.int64)
        self._directions = _unit(random.standard_normal((features, config.width)))
        across = random.standard_normal((features, config.width))
        self._across = _unit(across - (across * self._directions).sum(1, keepdims=True) * self._directions)
        turning = random.random(features) < config.rotating
        self._turn = np.where(turning, math.radians(config.rotation), 0.0)
        self.steps = [100 * 2**checkpoint for checkpoint in range(last)]

    def alive(self, checkpoint: int) -> NDArray[np.bool_]:
        """Which features there are at a checkpoint: bool [G]."""
        found: NDArray[np.bool_] = (self.births <= checkpoint) & (checkpoint < self.deaths)
        return found

    def strengths(self, checkpoint: int) -> NDArray[np.float64]:
        """Mean activation of each feature where it fires: float64 [G], 0 where it is not alive, 1 at full strength."""
        grown = np.clip((checkpoint - self.births + 1) / (self.config.ramp + 1), 0.0, 1.0)
        grown[self.births == 0] = 1.0
        return np.where(self.alive(checkpoint), grown, 0.0)

    def directions(self, checkpoint: int) -> NDArray[np.float64]:
        """Unit directions at a checkpoint: float64 [G, d]."""
        angle = (self._turn * checkpoint)[:, None]
        turned: NDArray[np.float64] = np.cos(angle) * self._directions + np.sin(angle) * self._across
        return turned

    def codes(self, checkpoint: int, tokens: int, *, stream: str = "probe") -> scipy.sparse.csr_matrix:
        """Activations of the true features on the first tokens of a stream: float32 CSR [tokens, G]."""
        strengths = self.strengths(checkpoint)
        chunks = [_scaled(drawn, strengths) for drawn, _ in self._draws(stream, tokens)]
        return scipy.sparse.vstack(chunks, format="csr")

    def activations(self, checkpoint: int, tokens: int, *, stream: str, batch: int) -> Iterator[torch.Tensor]:
        """Batches of the first tokens of a stream at a checkpoint: float32 [batch, d], the last one shorter.

        The same tokens fire the same features at every checkpoint, as far as these are alive; the noise is each checkpoint's own.

        Args:
            checkpoint: From 0.
            tokens: How many.
            stream: Name of the stream, such as `probe`.
            batch: Tokens in a batch; divides the 4,096 of a chunk.
        """
        strengths, directions = self.strengths(checkpoint), self.directions(checkpoint).astype(np.float32)
        spread = np.float32(self.config.noise / math.sqrt(self.config.width))
        for drawn, number in self._draws(stream, tokens):
            random = np.random.default_rng([self.seed, 2, _number(stream), number, checkpoint])
            x = spread * random.standard_normal((drawn.shape[0], self.config.width), dtype=np.float32)
            x += _scaled(drawn, strengths) @ directions
            for start in range(0, len(x), batch):
                yield torch.from_numpy(x[start : start + batch])

    def noise(self, checkpoint: int, tokens: int, *, stream: str, batch: int) -> Iterator[torch.Tensor]:
        """Batches like `activations` in which there is nothing: Gaussian, with the covariance of the last checkpoint, anew at each."""
        sample = np.concatenate(
            [x.numpy() for x in self.activations(self.config.checkpoints - 1, _CHUNK, stream="noise", batch=_CHUNK)]
        )
        mean, root = sample.mean(axis=0), np.linalg.cholesky(np.cov(sample.T)).T.astype(np.float32)
        for number in range(math.ceil(tokens / _CHUNK)):
            random = np.random.default_rng([self.seed, 3, _number(stream), number, checkpoint])
            x = mean + random.standard_normal((_CHUNK, len(root)), dtype=np.float32) @ root
            for start in range(0, min(_CHUNK, tokens - number * _CHUNK), batch):
                yield torch.from_numpy(x[start : start + batch][: tokens - number * _CHUNK - start])

    def _draws(self, stream: str, tokens: int) -> Iterator[tuple[scipy.sparse.csr_matrix, int]]:
        """Activations at strength 1, float32 CSR [chunk, G], and the number of the chunk."""
        config = self.config
        for number in range(math.ceil(tokens / _CHUNK)):
            random = np.random.default_rng([self.seed, 1, _number(stream), number])
            if (
                config.together
            ):  # a Gaussian exceeds its threshold at the feature's rate, whatever it shares with others
                groups = np.arange(config.features) // config.group
                own = random.standard_normal((_CHUNK, config.features), dtype=np.float32)
                shared = random.standard_normal((_CHUNK, groups[-1] + 1), dtype=np.float32)[:, groups]
                gaussian = math.sqrt(config.together) * shared + math.sqrt(1 - config.together) * own
                fires = gaussian > -ndtri(self.rates)
            else:
                fires = random.random((_CHUNK, config.features), dtype=np.float32) < self.rates
            drawn = scipy.sparse.csr_matrix(fires[: tokens - number * _CHUNK], dtype=np.float32)
            drawn.data = np.abs(1 + _SPREAD * random.standard_normal(drawn.nnz, dtype=np.float32))
            yield drawn, number

    def describe(self) -> dict[str, Any]:
        """Counts for the report."""
        last = self.config.checkpoints
        return {
            "features": self.config.features,
            "initial": int((self.births == 0).sum()),
            "born": int((self.births > 0).sum()),
            "died": int((self.deaths < last).sum()),
            "rotating": int((self._turn > 0).sum()),
            "alive": [int(self.alive(checkpoint).sum()) for checkpoint in range(last)],
        }


def _zipf_rates(features: int, active: float, power: float) -> NDArray[np.float64]:
    """Rates that fall with the rank and sum up to `active`; none above a half."""
    shape = np.arange(1, features + 1, dtype=np.float64) ** -power
    low, high = 0.0, active / shape[-1]
    for _ in range(60):  # the factor at which the capped rates sum up to it
        middle = (low + high) / 2
        low, high = (middle, high) if np.minimum(0.5, middle * shape).sum() < active else (low, middle)
    return np.minimum(0.5, high * shape)


def _scaled(codes: scipy.sparse.csr_matrix, strengths: NDArray[np.float64]) -> scipy.sparse.csr_matrix:
    """Codes [B, G] with each feature at its strength, those of none left out."""
    found = scipy.sparse.csr_matrix(
        (codes.data * strengths.astype(np.float32)[codes.indices], codes.indices, codes.indptr),
        shape=codes.shape,
        copy=True,
    )
    found.eliminate_zeros()
    return found


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _number(stream: str) -> int:
    return zlib.crc32(stream.encode())
