"""The keys of a configuration file, with their types. `docs/chrono-membench.md` says what each one does.

Every value has its default in `data/formation/chrono_membench.yaml`, which has all keys.
"""

from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a type of model lies: a folder here, and its name on the hub."""

    local: str | None = None
    huggingface: str | None = None


@dataclass(frozen=True, kw_only=True)
class NewShape:
    """Shape of a model that starts from nothing (`model.type: tiny`); null keeps the number of `preset`."""

    preset: str
    layers: int | None
    hidden: int | None
    heads: int | None
    kv_heads: int | None
    intermediate: int | None
    architecture: Literal["llama", "qwen3"] | None


@dataclass(frozen=True, kw_only=True)
class ModelKeys:
    """Which model is trained."""

    type: str
    source: Literal["huggingface", "local"]
    paths: dict[str, Places]
    tokenizer: str | None
    vocab_size: int
    shape: NewShape


@dataclass(frozen=True, kw_only=True)
class DatasetKeys:
    """What it is trained on."""

    sources: list[str] | dict[str, str]
    mixing_ratios: dict[str, float]
    packed: str | None
    exhausted: Literal["stop", "repeat"]
    allow_missing: bool
    max_length: int
    train_split: float
    val_split: float
    shuffle: bool


@dataclass(frozen=True, kw_only=True)
class LoraKeys:
    """Adapters, with `training_type: lora`."""

    r: int
    alpha: int
    dropout: float
    targets: list[str]


@dataclass(frozen=True, kw_only=True)
class TrainingKeys:
    """How it is trained."""

    batch_size: int
    gradient_accumulation_steps: int
    learning_rate: float
    warmup_steps: int
    max_steps: int
    eval_steps: int
    save_steps: int
    optimizer: str
    scheduler: str
    weight_decay: float
    max_grad_norm: float
    training_type: Literal["lora", "fine_tuning", "full_training"]
    lora: LoraKeys


@dataclass(frozen=True, kw_only=True)
class LoggingKeys:
    """Where the numbers go, and what the console shows."""

    wandb: bool
    tensorboard: bool
    console_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"]


@dataclass(frozen=True, kw_only=True)
class ColabKeys:
    """With `platform: colab`."""

    mount_drive: bool
    drive_path: str
    install_requirements: bool
    setup_wandb: bool


@dataclass(frozen=True, kw_only=True)
class EnvironmentKeys:
    """Where it runs, and where it writes."""

    platform: Literal["local", "colab"]
    output_dir: str
    checkpoint_dir: str | None
    log_dir: str | None
    logging: LoggingKeys
    mixed_precision: Literal["no", "fp16", "bf16", "auto"]
    dataloader_num_workers: int
    pin_memory: bool
    device: str
    colab: ColabKeys


@dataclass(frozen=True, kw_only=True)
class EvaluationKeys:
    """What is measured of the language model."""

    metrics: list[Literal["perplexity", "loss", "temporal_purity"]]
    eval_dataset_size: int
    generate_samples: int


@dataclass(frozen=True, kw_only=True)
class TemporalDropoutKeys:
    """Temporal dropout of encoder weights."""

    enabled: bool
    initial_rate: float
    schedule: str
    min_rate: float
    granularity: str
    hold: int


@dataclass(frozen=True, kw_only=True)
class RouteSaeKeys:
    """The sparse autoencoders."""

    enabled: bool
    latent_dim: int | None
    sparsity_weight: float
    reconstruction_weight: float
    update_frequency: int
    architecture: str
    k: int
    route: str
    layers: list[int] | None
    seeds: int
    learning_rate: float | None
    warmup_steps: int
    tokens_per_update: int
    coupling: float
    conditions: list[str]


@dataclass(frozen=True, kw_only=True)
class FeatureAlignmentKeys:
    """A loss that is to keep features apart, or in place."""

    enabled: bool
    weight: float
    alignment_type: str
    every_n_steps: int


@dataclass(frozen=True, kw_only=True)
class CheckpointingKeys:
    """What is kept on the way."""

    checkpoint_every_n_steps: int
    max_checkpoints: int
    save_features: bool
    save_sae_state: bool
    log_spaced: bool


@dataclass(frozen=True, kw_only=True)
class TemporalPurityKeys:
    """Whether features are kept from snapshot to snapshot."""

    enabled: bool
    compute_every_n_steps: int
    similarity_threshold: float
    window_size: int
    probe_tokens: int
    no_change: bool


@dataclass(frozen=True, kw_only=True)
class MonitoringKeys:
    """What is recorded of the features, and where it is shown."""

    wandb_project: str
    wandb_entity: str | None
    dashboard_enabled: bool
    update_interval: int
    track_metrics: list[str] | None


@dataclass(frozen=True, kw_only=True)
class ChronoKeys:
    """Features through training."""

    temporal_dropout: TemporalDropoutKeys
    route_sae: RouteSaeKeys
    feature_alignment: FeatureAlignmentKeys
    checkpointing: CheckpointingKeys
    temporal_purity: TemporalPurityKeys
    monitoring: MonitoringKeys


@dataclass(frozen=True, kw_only=True)
class AblationKeys:
    """Runs beside the main one, each without a part of it."""

    enabled: bool
    configurations: list[Literal["no_temporal_dropout", "no_sae", "no_feature_alignment", "different_mixing_ratios"]]
    mixing_ratios: dict[str, float]


@dataclass(frozen=True, kw_only=True)
class ExperimentKeys:
    """What the run is called, and its limits."""

    name: str
    description: str
    tags: list[str]
    ablation: AblationKeys
    seed: int
    deterministic: bool
    max_memory_gb: float | None
    max_training_hours: float | None


@dataclass(frozen=True, kw_only=True)
class Config:
    """A whole configuration."""

    model: ModelKeys
    dataset: DatasetKeys
    training: TrainingKeys
    environment: EnvironmentKeys
    evaluation: EvaluationKeys
    chrono: ChronoKeys
    experiment: ExperimentKeys


Values = dict[str, Any]  # key with its sections, `chrono.route_sae.latent_dim`, to its value
