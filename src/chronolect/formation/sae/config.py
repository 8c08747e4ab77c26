"""What a sparse autoencoder is, and how it is trained."""

from dataclasses import dataclass, field
from typing import Literal

from chronolect.errors import UserError, did_you_mean
from chronolect.formation.temporal_dropout import TemporalDropout

Architecture = Literal["batchtopk", "topk", "relu"]
Frozen = Literal["none", "decoder", "soft-decoder", "encoder"]
Precision = Literal["float32", "bfloat16"]
_ARCHITECTURES = ("batchtopk", "topk", "relu")
_FROZEN = ("none", "decoder", "soft-decoder", "encoder")


@dataclass(frozen=True, kw_only=True)
class SaeConfig:
    """The form of a sparse autoencoder.

    Args:
        architecture: `batchtopk` (Bussmann et al. 2024, arXiv:2412.06410: the `k` times batch size largest activations of
            a batch; a threshold at inference), `topk` (Gao et al. 2024, arXiv:2406.04093: the `k` largest of each token)
            or `relu` (all positive ones, with an L1 penalty while training: the baseline).
        latents: Dictionary size F.
        k: Active latents per token; on average with `batchtopk`, none of `relu`'s business.
    """

    architecture: Architecture = "batchtopk"
    latents: int = 4096
    k: int = 32

    def __post_init__(self) -> None:
        if self.architecture not in _ARCHITECTURES:
            raise UserError(
                f"there is no sparse autoencoder {self.architecture}; one of {', '.join(_ARCHITECTURES)}"
                f"{did_you_mean(self.architecture, _ARCHITECTURES)}"
            )
        if self.latents < 1:
            raise UserError(f"a sparse autoencoder needs at least 1 latent, not {self.latents}")
        if not 1 <= self.k <= self.latents:
            raise UserError(f"k must be between 1 and the number of latents ({self.latents}), not {self.k}")


@dataclass(frozen=True, kw_only=True)
class SaeTraining:
    """How a sparse autoencoder is trained. Steps are its own optimizer steps, one batch of tokens each.

    Args:
        steps: Steps that the schedule reckons with.
        lr: Highest learning rate of Adam; None for 2e-4 / sqrt(latents / 2^14) (Gao et al. 2024).
        warmup_steps: Steps of linear warm-up.
        decay_fraction: Last part of the steps, in which the learning rate falls to 0 in a line.
        clip: Largest global gradient norm.
        aux_weight: Weight of the auxiliary loss: dead latents reconstruct what is left over.
        aux_k: Dead latents that do so per token; None for half the width.
        dead_after: Tokens without firing after which a latent counts as dead.
        l1: Weight of the mean L1 norm of the activations (`relu` only).
        l2: Weight of the encoder's squared norm: the control of temporal dropout.
        dropout: Temporal dropout on the encoder's weights.
        latent_dropout: Probability with which each activation of each token is dropped: a control.
        noise: Standard deviation of Gaussian noise on the pre-activations, of inputs whose mean square is 1: a control.
        frozen: What is not trained: nothing, the `decoder`, the `encoder`, or a `soft-decoder` that stays within a cosine of 0.8
            of where it began (the sanity baselines of arXiv:2602.14111).
        precision: Of the dense product; weights, and all that is added up, stay float32. `bfloat16` is faster where the hardware has it. On a CPU
            it only names the candidates among which `batchtopk` selects by float32 values; other forms do not use it there.
        seed: Seed of the initial weights and of all noise; private generators.
    """

    steps: int = 1000
    lr: float | None = None
    warmup_steps: int = 100
    decay_fraction: float = 0.2
    clip: float = 1.0
    aux_weight: float = 1 / 32
    aux_k: int | None = None
    dead_after: int = 10_000_000
    l1: float = 0.0
    l2: float = 0.0
    dropout: TemporalDropout = field(default_factory=TemporalDropout)
    latent_dropout: float = 0.0
    noise: float = 0.0
    frozen: Frozen = "none"
    precision: Precision = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        if self.frozen not in _FROZEN:
            raise UserError(f"nothing is called {self.frozen} that could be frozen; one of {', '.join(_FROZEN)}")
        if self.precision not in ("float32", "bfloat16"):
            raise UserError(f"a sparse autoencoder's precision is float32 or bfloat16, not {self.precision}")
        if self.steps < 1:
            raise UserError(f"a sparse autoencoder trains for at least 1 step, not {self.steps}")
        if self.lr is not None and self.lr <= 0:
            raise UserError(f"a sparse autoencoder's learning rate must be positive, not {self.lr}")
        if not 0 <= self.decay_fraction <= 1:
            raise UserError(f"decay_fraction must be between 0 and 1, not {self.decay_fraction}")
        if not 0 <= self.latent_dropout < 1:
            raise UserError(f"latent_dropout must be at least 0 and below 1, not {self.latent_dropout}")
