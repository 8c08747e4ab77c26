"""A crosscoder over checkpoints: one code for the activations that all checkpoints have of a token, a decoder for each.

It is the second opinion on births: it needs no matching, since a latent is the same at all checkpoints. C checkpoints, d width, F latents.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.sparse
import torch
from numpy.typing import NDArray
from torch import Tensor

from chronolect.errors import UserError
from chronolect.formation.analysis.births_report import curve_report, event_report, life_of
from chronolect.formation.analysis.following import Features, features_at
from chronolect.formation.analysis.series import AnalysisSettings, Series
from chronolect.formation.analysis.snapshots import Snapshot
from chronolect.formation.sae.autoencoder import SparseAutoencoder
from chronolect.formation.sae.config import SaeConfig, SaeTraining
from chronolect.formation.sae.trainer import SaeTrainer

Floats = NDArray[np.float64]


class Crosscoder:
    """A sparse autoencoder of width C·d on the checkpoints' activations side by side, each scaled to the same variance.

    A decoder row has norm 1 over all checkpoints together, so that latents are selected by what they add to the whole reconstruction
    (the decoder-norm weighting of crosscoders, with the Euclidean norm), and BatchTopK needs no penalty that would shrink the decoder
    of a checkpoint where a feature is weak (Minder et al. 2025, arXiv:2504.02922).

    Attributes:
        sae: The autoencoder.
        scales: float32 [C], what each checkpoint's activations are multiplied by.
    """

    def __init__(self, checkpoints: int, width: int, config: SaeConfig, *, seed: int = 0) -> None:
        self.checkpoints, self.width = checkpoints, width
        self.sae = SparseAutoencoder(checkpoints * width, config, seed=seed)
        self.scales = torch.ones(checkpoints)

    def fit_to(self, x: Tensor) -> None:
        """Set the scales from a sample of activations [N, C, d], so that each checkpoint weighs the same."""
        spread = (x.float() - x.float().mean(dim=0)).square().sum(dim=2).mean(dim=0)
        self.scales = (self.width / spread.clamp_min(1e-12)).sqrt()

    def scaled(self, x: Tensor) -> Tensor:
        """Activations [B, C, d] in units of their spread at each checkpoint."""
        return x.float() * self.scales[:, None]

    def joined(self, x: Tensor) -> Tensor:
        """What the autoencoder reads, [B, C·d] of [B, C, d]."""
        return self.scaled(x).flatten(1)

    @property
    def decoder(self) -> Tensor:
        """[F, C, d], in units of the spread."""
        return self.sae.W_dec.detach().unflatten(1, (self.checkpoints, self.width))


def train_crosscoders(
    batches: Iterable[Tensor], config: SaeConfig, trainings: Sequence[SaeTraining]
) -> list[tuple[Crosscoder, dict[str, float]]]:
    """Train a crosscoder for each of `trainings`, all in one pass over batches of activations [B, C, d] of the same tokens at all checkpoints.

    Returns:
        Each with the losses of its last step.

    Raises:
        UserError: Where there is no batch.
    """
    crosscoders: list[Crosscoder] = []
    trainers: list[SaeTrainer] = []
    metrics: list[dict[str, Tensor]] = []
    for batch in batches:
        if not crosscoders:
            for training in trainings:
                crosscoder = Crosscoder(batch.shape[1], batch.shape[2], config, seed=training.seed)
                crosscoder.fit_to(batch)
                crosscoders.append(crosscoder)
                trainers.append(SaeTrainer(crosscoder.sae, training))
        joined = crosscoders[0].joined(batch)  # the same for all, since the scales are from the same batch
        metrics = [trainer.step(joined) for trainer in trainers]
    if not crosscoders:
        raise UserError("there are no activations to train a crosscoder on; give a longer corpus")
    losses = [{name: float(value) for name, value in found.items()} for found in metrics]
    return list(zip(crosscoders, losses, strict=True))


@dataclass(frozen=True)
class Scaling:
    """How strongly each latent stands in the activations of each checkpoint; float64 [F, C] but for the codes.

    Attributes:
        strength: Slope of the activations, along the latent's direction, on its activation: the latent scaling of the paper on the
            whole stream. A feature that another latent reconstructs at some checkpoint is still seen there.
        unexplained: The same of the latent's own part and of what the crosscoder leaves over: low beside a high `strength`
            where another latent stands in for it (decoupling).
        norm: Of the decoder: what a naive reading takes for strength. Shrinkage and decoupling lower it.
        codes: CSR [N tokens, F].
    """

    strength: Floats
    unexplained: Floats
    norm: Floats
    codes: scipy.sparse.csr_matrix

    @property
    def presence(self) -> Floats:
        """Strength by the highest of a latent, in [0, 1]; 0 for one that is nowhere."""
        return _relative(self.strength)


@torch.no_grad()
def latent_scalings(crosscoders: Sequence[Crosscoder], batches: Iterable[Tensor]) -> list[Scaling]:
    """Measure it of each, in one pass over batches of activations [B, C, d]."""
    sums = [_Sums(crosscoder) for crosscoder in crosscoders]
    for batch in batches:
        for one in sums:
            one.add(batch)
    return [one.scaling() for one in sums]


class _Sums:
    """What latent scaling adds up; a latent's direction is its decoder's at the checkpoint where that is longest."""

    def __init__(self, crosscoder: Crosscoder) -> None:
        decoder = crosscoder.decoder.double()
        self.crosscoder, self.norm = crosscoder, decoder.norm(dim=2)
        latents = torch.arange(len(decoder))
        longest = self.norm.amax(dim=1)[:, None].clamp_min(1e-12)
        self.direction = decoder[latents, self.norm.argmax(dim=1)] / longest  # [F, d]
        self.along = torch.einsum("fcd,fd->fc", decoder, self.direction)
        self.tokens = 0
        self.ones = torch.zeros(2, len(decoder), dtype=torch.float64)  # sums of f and f²
        self.stream, self.left = torch.zeros_like(self.along), torch.zeros_like(self.along)  # f ⟨u, x⟩ and f ⟨u, x - x̂⟩
        self.middle = torch.zeros(crosscoder.checkpoints, crosscoder.width, dtype=torch.float64)
        self.codes: list[scipy.sparse.csr_matrix] = []

    def add(self, batch: Tensor) -> None:
        scaled = self.crosscoder.scaled(batch)
        joined = scaled.flatten(1)
        code = self.crosscoder.sae.encode(joined)
        error = (joined - self.crosscoder.sae.decode(code)).view_as(scaled).double()
        x, f = scaled.double(), code.double()
        self.tokens += len(batch)
        self.ones += torch.stack([f.sum(dim=0), f.square().sum(dim=0)])
        self.middle += x.sum(dim=0)
        for checkpoint in range(self.crosscoder.checkpoints):
            self.stream[:, checkpoint] += ((f.T @ x[:, checkpoint]) * self.direction).sum(dim=1)
            self.left[:, checkpoint] += ((f.T @ error[:, checkpoint]) * self.direction).sum(dim=1)
        self.codes.append(scipy.sparse.csr_matrix(code.numpy()))

    def scaling(self) -> Scaling:
        total, square = self.ones
        spread = square - total.square() / self.tokens
        level = torch.einsum("cd,fd->fc", self.middle / self.tokens, self.direction)
        strength = (self.stream - total[:, None] * level) / spread[:, None].clamp_min(1e-12)
        unexplained = self.along + self.left / square[:, None].clamp_min(1e-12)
        fires = (square > 0)[:, None]
        return Scaling(
            (strength * fires).numpy(),
            (unexplained * fires).numpy(),
            self.norm.numpy(),
            scipy.sparse.csr_matrix(scipy.sparse.vstack(self.codes, format="csr")),
        )


def crosscoder_births(
    scalings: Sequence[Scaling], steps: list[int], settings: AnalysisSettings | None = None
) -> dict[str, Any]:
    """Births of the features of crosscoders of several seeds: the fields of `births` in the report, and how far bare norms would mislead.

    Args:
        scalings: Of each seed, on the same tokens.
        steps: [C].
        settings: Thresholds; a feature must be found by another seed where there are several.

    Returns:
        Counts, `curve`, `half_birth_step`; `by_norm`, the same counts and curve with decoder norms as presence; `decoupled_share`, of all
        features and checkpoints where a feature is present, those at which another latent stands in for it; `events`.
    """
    settings = settings or AnalysisSettings()
    series = [
        Series("base", "shared", seed, [Snapshot(steps[-1], one.codes, one.norm.astype(np.float32))])
        for seed, one in enumerate(scalings)
    ]
    found = features_at(series, 0, settings)
    features = _with_presence(found, [one.presence for one in scalings], len(steps) - 1)
    known = np.ones(len(steps), dtype=np.bool_)
    there, lives = life_of(features, settings, known)
    left = _with_presence(found, [_relative(one.unexplained) for one in scalings], len(steps) - 1).presence
    naive = _with_presence(found, [_relative(one.norm) for one in scalings], len(steps) - 1)
    return {
        "reference": "crosscoder",
        "presence": "latent scaling",
        **curve_report(features, lives, steps, settings),
        "by_norm": curve_report(naive, life_of(naive, settings, known)[1], steps, settings),
        "decoupled_share": float((left[there] < settings.off).mean()) if there.any() else None,
        "events": event_report(series, features, lives, steps, settings),
    }


def _relative(values: Floats) -> Floats:
    """By the highest of each row, in [0, 1]; 0 where none is positive."""
    highest = values.max(axis=1, keepdims=True)
    return np.clip(np.divide(values, highest, out=np.zeros_like(values), where=highest > 0), 0, 1)


def _with_presence(features: Features, presence: Sequence[Floats], reference: int) -> Features:
    """The features with what was measured of their latents, [F, C] of each seed."""
    rows = [presence[seed][latent] for seed, latent in zip(features.seed, features.latent, strict=True)]
    shape = (len(features), reference + 1)
    return replace(
        features,
        reference=reference,
        presence=np.array(rows).reshape(shape),
        match_seed=np.broadcast_to(features.seed[:, None], shape),
        match=np.broadcast_to(features.latent[:, None], shape),
    )
