"""What a made-up run is followed with: the flags of `chronolect formation synth` beside those of the run itself."""

from dataclasses import asdict, dataclass, field
from typing import Annotated, Any

from cyclopts import Parameter

from chronolect.errors import UserError
from chronolect.formation.analysis.series import AnalysisSettings, PurityMeasure
from chronolect.formation.conditions import find_conditions
from chronolect.formation.sae.config import Architecture
from chronolect.formation.track.config import Kind, TrackConfig

_EXPANSION = 1.5  # latents per true feature: a dictionary must have room for what it may find


@dataclass(frozen=True, kw_only=True)
class SynthConfig:
    """What a made-up run is followed with.

    Args:
        architecture: Of the autoencoders: `batchtopk`, `topk` or `relu`.
        latents: Dictionary size; one and a half per true feature by default.
        k: Active latents per token; the true mean by default.
        sae_tokens: Tokens that each autoencoder learns from, at every checkpoint.
        batch_tokens: Tokens per step; a power of two up to 4096.
        lr: Highest learning rate of the autoencoders.
        warmup_steps: Steps of its warm-up.
        seeds: Autoencoders per checkpoint that differ in nothing but their start.
        kinds: How an autoencoder starts: `cold`, from fresh weights at every checkpoint, or `warm`, from those of the checkpoint before.
        conditions: `base`, and what it is to be judged beside: random-init (noise of the same covariance), no-change, frozen-decoder,
            soft-frozen, frozen-encoder, no-dropout, dropout, l2, latent-dropout, noise.
        probe_tokens: Tokens on which the features of checkpoints are compared, the same for all.
        window: Checkpoints back to each of which a latent must be kept, for purity.
        correlation: Least correlation of activations of two latents that are the same.
        cosine: Least cosine of their decoder rows.
        measure: What purity asks for: the `functional` threshold (correlation), that of the `decoder` (cosine), or `both`.
        on: Correlation with its best counterpart from which on a feature is there.
        off: Below which it is gone.
        hold: Consecutive checkpoints for which it must be so.
        least: Firings on the probe below which a latent is not followed.
        resamples: Bootstrap samples of the intervals.
        seed: Seed of all that is random.
    """

    architecture: Architecture = "batchtopk"
    latents: int | None = None
    k: int | None = None
    sae_tokens: int = 307_200
    batch_tokens: int = 512
    lr: float = 5e-3
    warmup_steps: int = 50
    seeds: int = 3
    kinds: Annotated[list[Kind], Parameter(consume_multiple=True)] = field(default_factory=lambda: ["cold"])
    conditions: Annotated[list[str], Parameter(consume_multiple=True)] = field(
        default_factory=lambda: ["base", "no-change"]
    )
    probe_tokens: int = 50_000
    window: int = AnalysisSettings.window
    correlation: float = AnalysisSettings.correlation
    cosine: float = AnalysisSettings.cosine
    measure: PurityMeasure = AnalysisSettings.measure
    on: float = AnalysisSettings.on
    off: float = AnalysisSettings.off
    hold: int = AnalysisSettings.hold
    least: int = AnalysisSettings.least
    resamples: int = AnalysisSettings.resamples
    seed: int = 0

    def __post_init__(self) -> None:
        if self.batch_tokens < 1 or 4096 % self.batch_tokens:
            raise UserError(f"--batch-tokens {self.batch_tokens}: a power of two up to 4096")
        if self.probe_tokens < 1000:
            raise UserError(f"--probe-tokens {self.probe_tokens}: at least 1000, or nothing fires often enough")
        find_conditions(self.conditions)

    def track(self, *, features: int, active: float) -> TrackConfig:
        """The same as settings of `formation track`, whose autoencoders these are.

        Args:
            features: True features of the run.
            active: Mean number of them active in a token.
        """
        return TrackConfig(
            architecture=self.architecture,
            latents=self.latents or round(_EXPANSION * features),
            k=self.k or max(1, round(active)),
            sae_tokens=self.sae_tokens,
            batch_tokens=self.batch_tokens,
            lr=self.lr,
            warmup_steps=self.warmup_steps,
            seeds=self.seeds,
            kinds=self.kinds,
            conditions=self.conditions,
            probe_tokens=self.probe_tokens,
            window=self.window,
            correlation=self.correlation,
            cosine=self.cosine,
            measure=self.measure,
            on=self.on,
            off=self.off,
            hold=self.hold,
            least=self.least,
            resamples=self.resamples,
            device="cpu",
            seed=self.seed,
        )

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)
