"""What is followed during a training run, and how: the flags of `chronolect train formation` beside those of the training itself."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from chronolect.errors import UserError, did_you_mean
from chronolect.formation.conditions import find_conditions
from chronolect.formation.sae.config import Architecture, SaeConfig, SaeTraining
from chronolect.formation.temporal_dropout import Granularity, TemporalDropout

Route = Literal["none", "advantage", "paper", "random"]
Alignment = Literal["none", "attention_diversity", "temporal_anchor", "mutual"]
_ROUTES = ("none", "advantage", "paper", "random")
_ALIGNMENTS = ("none", "attention_diversity", "temporal_anchor", "mutual")
_DROPOUT_SCHEDULES = ("cosine", "linear", "constant")
METRICS = (  # that `track_metrics` chooses among
    "temporal_purity",
    "feature_birth_rate",
    "features_alive",
    "features_born",
    "features_died",
    "explained_variance",
    "dead_share",
    "delta_ce",
    "sae_reconstruction_loss",
    "sae_sparsity_loss",
    "sae_aux_loss",
    "sae_l0",
    "sae_dead",
    "attention_diversity",
    "temporal_anchor",
    "mutual",
    "coupling",
    "router",
    "balance",
    "usage_entropy",
    "share",
    "l2",
    "memory_absorption",
)
_EXPANSION = 8  # latents per dimension where none are named
_DEAD_AFTER = 10_000_000


@dataclass(frozen=True, kw_only=True)
class FormationConfig:
    """What is followed through training.

    Args:
        sae: Train sparse autoencoders beside the model; off, nothing but the alignment is left.
        sae_layers: Block whose residual stream is read, counted from 0 (the middle one by default); several with `route`, by default those
            of the middle half.
        route: How an autoencoder that several layers share chooses among them: `none` (one layer, no choice), `advantage`, `paper` or
            `random` (docs/routing.md).
        sae_architecture: `batchtopk`, `topk` or `relu`.
        sae_latents: Dictionary size; eight times the model's width by default.
        sae_k: Active latents per token.
        sae_lr: Highest learning rate of the autoencoders; by the dictionary's size by default.
        sae_warmup_steps: Steps of their warm-up. After it the rate stays: a decay would make late checkpoints look settled.
        sae_l1: Weight of the L1 norm of the activations (`relu`).
        sae_reconstruction_weight: Weight of the reconstruction beside `sae_l1`, and within `coupling`.
        sae_dead_after: Tokens without firing after which a latent counts as dead and is revived; a tenth of those that the autoencoders see in
            the run's steps by default, ten million at most, and ten million where only the clock ends it.
        sae_seeds: Autoencoders that learn side by side from different starts.
        sae_conditions: Conditions under which each seed is trained: `base` and others of docs/ground-truth.md that change the training.
        update_frequency: The autoencoders take one step every so many optimizer steps of the model.
        tokens_per_update: Most tokens in such a step, sampled evenly from the model's own batch.
        coupling: Weight with which the autoencoders' mean loss is added to the model's. 0 leaves the model as it would be without them, to
            the bit.
        dropout_rate: Temporal dropout of encoder weights at the start.
        dropout_min_rate: The same at the end.
        dropout_schedule: From the one to the other: `cosine`, `linear` or `constant`.
        dropout_granularity: What one draw drops: an `element` of the encoder, an `input` dimension or a `latent`.
        dropout_hold: Steps of the autoencoders that share one mask.
        alignment: `attention_diversity` (an addition to the model's own loss), `temporal_anchor` or `mutual` (to the autoencoders'), or
            `none`. The first changes the model, the second makes decoder purity circular; the report says so.
        alignment_weight: Its weight.
        alignment_every: Optimizer steps between those at which `attention_diversity` is added.
        probe_tokens: Tokens on which the features of snapshots are compared, the same for all of them.
        splice_tokens: Tokens of the probe on which, at every snapshot, the model is run with its activations replaced by their reconstruction; 0
            for none.
        snapshot_every: Steps between snapshots of the features; 0 for steps 1, 2, 4, 8, … The last step always has one.
        no_change: Afterwards, let the autoencoders go on with the finished model for `window_size` + 1 snapshots, as far apart as the last two:
            what is not kept there is not kept because of the method, and purity is set in relation to it.
        save_features: Make snapshots on the way. Off, only the last step has one, and there is no purity nor birth to report.
        save_sae_state: Keep, with every snapshot, the autoencoders themselves, in SAELens's form; else those of the last step only.
        similarity_threshold: Correlation and cosine from which two features of different snapshots count as the same.
        window_size: Snapshots through which a feature is to be kept to count as pure.
        track_metrics: Which numbers go to metrics.jsonl and the trackers; all by default.
    """

    sae: bool = True
    sae_layers: Annotated[list[int] | None, Parameter(consume_multiple=True)] = None
    route: Route = "none"
    sae_architecture: Architecture = "batchtopk"
    sae_latents: int | None = None
    sae_k: int = 32
    sae_lr: float | None = None
    sae_warmup_steps: int = 100
    sae_l1: float = 0.0
    sae_reconstruction_weight: float = 1.0
    sae_dead_after: int | None = None
    sae_seeds: int = 3
    sae_conditions: Annotated[list[str], Parameter(consume_multiple=True)] = field(default_factory=lambda: ["base"])
    update_frequency: int = 4
    tokens_per_update: int = 2048
    coupling: float = 0.0
    dropout_rate: float = 0.0
    dropout_min_rate: float = 0.0
    dropout_schedule: Literal["cosine", "linear", "constant"] = "cosine"
    dropout_granularity: Granularity = "element"
    dropout_hold: int = 1
    alignment: Alignment = "none"
    alignment_weight: float = 0.05
    alignment_every: int = 10
    probe_tokens: int = 16_384
    splice_tokens: int = 2048
    snapshot_every: int = 0
    no_change: bool = False
    save_features: bool = True
    save_sae_state: bool = True
    similarity_threshold: float = 0.7
    window_size: int = 3
    track_metrics: Annotated[list[str] | None, Parameter(consume_multiple=True)] = None

    def __post_init__(self) -> None:
        _require_known("--route", self.route, _ROUTES)
        _require_known("--alignment", self.alignment, _ALIGNMENTS)
        _require_known("--dropout-schedule", self.dropout_schedule, _DROPOUT_SCHEDULES)
        for name in (
            "sae_seeds",
            "update_frequency",
            "tokens_per_update",
            "alignment_every",
            "probe_tokens",
            "window_size",
            "dropout_hold",
        ):
            if getattr(self, name) < 1:
                raise UserError(f"{_flag(name)} must be at least 1, not {getattr(self, name)}")
        for name in ("snapshot_every", "splice_tokens", "coupling", "alignment_weight", "sae_l1", "sae_warmup_steps"):
            if getattr(self, name) < 0:
                raise UserError(f"{_flag(name)} must not be negative")
        if self.sae_dead_after is not None and self.sae_dead_after < 1:
            raise UserError(f"--sae-dead-after must be at least 1, not {self.sae_dead_after}")
        if self.sae_reconstruction_weight <= 0:
            raise UserError(f"--sae-reconstruction-weight must be above 0, not {self.sae_reconstruction_weight}")
        if self.no_change and not (self.sae and self.save_features):
            raise UserError(
                "--no-change: it is set beside the run's own snapshots; leave out --no-sae and --no-save-features"
            )
        if not 0 < self.similarity_threshold <= 1:
            raise UserError(f"--similarity-threshold must be above 0 and at most 1, not {self.similarity_threshold}")
        if self.sae_layers is not None and len(self.sae_layers) > 1 and self.route == "none":
            raise UserError("--sae-layers: several layers share one autoencoder by a --route; choose one of either")
        for name in self.track_metrics or ():
            _require_known("--track-metrics", name, METRICS)
        if "base" not in self.sae_conditions:
            raise UserError(f"--sae-conditions {' '.join(self.sae_conditions)}: they are judged beside base; add it")
        for condition in find_conditions(self.sae_conditions):
            if condition.activations != "checkpoints":
                raise UserError(
                    f"--sae-conditions {condition.name}: not during training; `chronolect formation track` makes it afterwards"
                )

    def sae_config(self, width: int) -> SaeConfig:
        """The form of the autoencoders of a model of this width."""
        return SaeConfig(
            architecture=self.sae_architecture, latents=self.sae_latents or _EXPANSION * width, k=self.sae_k
        )

    def sae_training(self, *, steps: int, tokens: int | None, seed: int) -> SaeTraining:
        """The training of one seed of the base condition over so many steps of its own, and tokens; None where only the clock ends it."""
        dead_after = _DEAD_AFTER if tokens is None else min(_DEAD_AFTER, max(1, tokens // 10))
        dropout = TemporalDropout(
            initial_rate=self.dropout_rate,
            min_rate=self.dropout_min_rate,
            schedule=self.dropout_schedule,
            end=max(1, steps),
            granularity=self.dropout_granularity,
            hold=self.dropout_hold,
            seed=seed,
        )
        return SaeTraining(
            steps=max(1, steps),
            lr=self.sae_lr,
            warmup_steps=self.sae_warmup_steps,
            decay_fraction=0.0,
            l1=self.sae_l1 / self.sae_reconstruction_weight,
            dead_after=self.sae_dead_after or dead_after,
            dropout=dropout,
            seed=seed,
        )

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON-able values."""
        return asdict(self)


def _require_known(flag: str, value: str, known: Sequence[str]) -> None:
    if value not in known:
        raise UserError(f"{flag} {value}: unknown; one of {', '.join(known)}{did_you_mean(value, known)}")


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")
