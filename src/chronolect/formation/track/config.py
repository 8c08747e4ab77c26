"""What is followed over a series of checkpoints, and how: the flags of `chronolect formation track`."""

from dataclasses import asdict, dataclass, field, fields
from typing import Annotated, Any, Literal, get_args

from cyclopts import Parameter

from chronolect.errors import UserError, did_you_mean
from chronolect.formation.analysis.series import AnalysisSettings, PurityMeasure
from chronolect.formation.conditions import find_conditions
from chronolect.formation.routing.config import RouteConfig
from chronolect.formation.sae.config import Architecture, SaeConfig, SaeTraining
from chronolect.formation.temporal_dropout import Granularity, TemporalDropout

Kind = Literal["cold", "warm"]
DType = Literal["auto", "float32", "bfloat16"]
_EXPANSION = 8  # latents per dimension where none are named
_DEAD_AFTER = 10_000_000


@dataclass(frozen=True, kw_only=True)
class TrackConfig:
    """What is followed over a series of checkpoints.

    Args:
        layer: Block whose output is read, counted from 0; the middle one by default.
        architecture: Of the autoencoders: `batchtopk`, `topk` or `relu`.
        latents: Dictionary size; eight times the model's width by default.
        k: Active latents per token.
        sae_tokens: Tokens that each autoencoder learns from, at every checkpoint.
        batch_tokens: Tokens per step.
        shuffle_tokens: Tokens among which a batch is drawn.
        lr: Highest learning rate of the autoencoders; by the dictionary's size by default.
        warmup_steps: Steps of its warm-up.
        decay_fraction: Last part of the steps, in which it falls to 0.
        l1: Weight of the L1 norm of the activations (`relu`).
        dead_after: Tokens without firing after which a latent counts as dead and is revived; a tenth of `sae_tokens` by default, ten
            million at most.
        seeds: Autoencoders per checkpoint that differ in nothing but their start.
        kinds: How an autoencoder starts: `cold`, from fresh weights at every checkpoint, or `warm`, from those of the checkpoint before.
        conditions: `base`, and what it is to be judged beside: random-init, no-change, frozen-decoder, soft-frozen, frozen-encoder,
            no-dropout, dropout, l2, latent-dropout, noise.
        reference_tokens: Tokens that one more autoencoder per checkpoint learns from, to judge by it whether the others have converged; 0 for none,
            else several times `sae_tokens`.
        crosscoder_tokens: Tokens that crosscoders over all checkpoints learn from, as a second opinion on births; 0 for none. All checkpoints
            are then in memory at once.
        route: Also train, at the last checkpoint, autoencoders that share several layers, each token read at the one that a router chooses:
            `advantage`, `paper` or `random` (docs/routing.md).
        route_layers: The layers they share; those of the middle half by default.
        dropout_rate: Temporal dropout of encoder weights at the first step.
        dropout_min_rate: The same at the last.
        dropout_schedule: From the one to the other: `cosine`, `linear` or `constant`.
        dropout_granularity: What one draw drops: an `element` of the encoder, an `input` dimension or a `latent`.
        dropout_hold: Steps that share one mask.
        probe_tokens: Tokens on which the features of checkpoints are compared, the same for all.
        probe_split: Split of the corpus that they are from; `val` where it is large enough, else `train`, whose documents are then not
            learned from.
        seq_len: Tokens per row; what the model was trained on is best. 256 by default, or what the model reads where that is less.
        rows: Rows per forward pass.
        splice_tokens: Tokens of the probe on which the language model is run with its activations replaced by their reconstruction; 0 for none.
            The more, the surer what that costs, by which convergence is judged.
        window: Checkpoints back to each of which a latent must be kept to count as pure.
        correlation: Correlation of activations from which two latents of different checkpoints may be the same.
        cosine: Cosine of their decoder rows from which they may be.
        measure: Which threshold purity asks for: the `functional` one (correlation), that of the `decoder` (cosine), or `both`.
        on: Correlation with its best counterpart from which on a feature is there.
        off: Below which it is gone.
        hold: Consecutive checkpoints for which it must be so.
        least: Firings on the probe below which a latent is not followed.
        resamples: Bootstrap samples of the intervals.
        cards: Feature cards to make at most.
        dtype: `float32`, or `bfloat16` for bfloat16 autocast over float32 weights in the language model (the autoencoders are float32 always);
            `auto` is bfloat16 where the hardware multiplies matrices in it natively.
        device: `auto` takes the accelerator where there is one; cpu, cuda or mps.
        seed: Seed of all that is random.
    """

    layer: int | None = None
    architecture: Architecture = "batchtopk"
    latents: int | None = None
    k: int = 32
    sae_tokens: int = 1_000_000
    batch_tokens: int = 2048
    shuffle_tokens: int = 65_536
    lr: float | None = None
    warmup_steps: int = 50
    decay_fraction: float = 0.2
    l1: float = 0.0
    dead_after: int | None = None
    seeds: int = 3
    kinds: Annotated[list[Kind], Parameter(consume_multiple=True)] = field(default_factory=lambda: ["cold"])
    conditions: Annotated[list[str], Parameter(consume_multiple=True)] = field(default_factory=lambda: ["base"])
    reference_tokens: int = 0
    crosscoder_tokens: int = 0
    route: Literal["advantage", "paper", "random"] | None = None
    route_layers: Annotated[list[int] | None, Parameter(consume_multiple=True)] = None
    dropout_rate: float = 0.0
    dropout_min_rate: float = 0.0
    dropout_schedule: Literal["cosine", "linear", "constant"] = "cosine"
    dropout_granularity: Granularity = "element"
    dropout_hold: int = 1
    probe_tokens: int = 100_000
    probe_split: str | None = None
    seq_len: int | None = None
    rows: int = 16
    splice_tokens: int = 16_384
    window: int = AnalysisSettings.window
    correlation: float = AnalysisSettings.correlation
    cosine: float = AnalysisSettings.cosine
    measure: PurityMeasure = AnalysisSettings.measure
    on: float = AnalysisSettings.on
    off: float = AnalysisSettings.off
    hold: int = AnalysisSettings.hold
    least: int = AnalysisSettings.least
    resamples: int = AnalysisSettings.resamples
    cards: int = 12
    dtype: DType = "auto"
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("sae_tokens", "batch_tokens", "seeds", "probe_tokens", "rows", "dropout_hold"):
            if getattr(self, name) < 1:
                raise UserError(f"{_flag(name)} must be at least 1, not {getattr(self, name)}")
        for name in ("shuffle_tokens", "splice_tokens", "warmup_steps", "l1"):
            if getattr(self, name) < 0:
                raise UserError(f"{_flag(name)} must not be negative")
        if self.seq_len is not None and self.seq_len < 2:
            raise UserError(f"--seq-len must be at least 2, not {self.seq_len}")
        if self.sae_tokens < self.batch_tokens:
            raise UserError(
                f"--sae-tokens {self.sae_tokens}: less than one batch of --batch-tokens {self.batch_tokens}"
            )
        for name in ("reference_tokens", "crosscoder_tokens"):
            if 0 < getattr(self, name) < self.batch_tokens:
                raise UserError(
                    f"{_flag(name)} {getattr(self, name)}: less than one batch of --batch-tokens {self.batch_tokens}"
                )
        for kind in self.kinds:
            if kind not in get_args(Kind):
                raise UserError(f"--kinds {kind}: unknown; cold or warm{did_you_mean(kind, get_args(Kind))}")
        if self.route_layers and not self.route:
            raise UserError("--route-layers belongs to --route; give both or neither")
        if self.route:
            RouteConfig(mode=self.route)  # refuses what is none
        conditions = find_conditions(self.conditions)
        if "base" not in self.conditions:
            raise UserError(f"--conditions {' '.join(c.name for c in conditions)}: they are judged beside base; add it")
        _ = self.analysis, self.sae_training(0)  # they refuse what cannot be
        if self.latents is not None:
            _ = self.sae_config(self.latents)

    @property
    def analysis(self) -> AnalysisSettings:
        """The thresholds."""
        names = {field.name for field in fields(AnalysisSettings)} & {field.name for field in fields(self)}
        return AnalysisSettings(**{name: getattr(self, name) for name in names})

    def sae_config(self, width: int) -> SaeConfig:
        """The form of the autoencoders of a model of this width."""
        return SaeConfig(architecture=self.architecture, latents=self.latents or _EXPANSION * width, k=self.k)

    def sae_training(self, seed: int, *, tokens: int | None = None) -> SaeTraining:
        """The training of an autoencoder of the base condition, on `sae_tokens` where no other number is given."""
        tokens = tokens or self.sae_tokens
        steps = tokens // self.batch_tokens
        dropout = TemporalDropout(
            initial_rate=self.dropout_rate,
            min_rate=self.dropout_min_rate,
            schedule=self.dropout_schedule,
            end=steps,
            granularity=self.dropout_granularity,
            hold=self.dropout_hold,
            seed=seed,
        )
        return SaeTraining(
            steps=steps,
            lr=self.lr,
            warmup_steps=self.warmup_steps,
            decay_fraction=self.decay_fraction,
            l1=self.l1,
            dead_after=self.dead_after or min(_DEAD_AFTER, max(1, tokens // 10)),
            dropout=dropout,
            seed=seed,
        )

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
