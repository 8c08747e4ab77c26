"""From the values of a configuration to what is run."""

import math
from pathlib import Path
from typing import Any, Literal

from chronolect.errors import UserError, did_you_mean
from chronolect.formation.membench.config.files import Layers, Value, build
from chronolect.formation.membench.config.flags import FORMATION_KEYS, TRAINING_KEYS, named_after_keys
from chronolect.formation.membench.config.plan import DataChoice, ModelChoice, Monitoring, RunPlan
from chronolect.formation.membench.config.schema import Config
from chronolect.formation.online.config import FormationConfig
from chronolect.training.config import TrainingConfig

NEW = "tiny"  # the type of a model that starts from nothing
_FEWEST_SAE_STEPS = 500  # below that an autoencoder has hardly begun to learn
_LORA_NAMES = {name: f"{name}_proj" for name in ("q", "k", "v", "o", "gate", "up", "down")}
_DTYPES: dict[str, Literal["auto", "float32", "bfloat16"]] = {
    "no": "float32",
    "fp16": "bfloat16",
    "bf16": "bfloat16",
    "auto": "auto",
}


def resolve(layers: Layers, *, resume: bool = False, overwrite: bool = False, processes: int = 1) -> RunPlan:
    """What is run.

    Args:
        layers: The values with their origins.
        resume: Go on with a run that is there.
        overwrite: Delete a run that is there.
        processes: How many train together: each has its own rows of a step.

    Raises:
        UserError: Values that are out of range or do not go together, with the key and where its value comes from.
    """
    config = build(layers)
    warnings: list[str] = []
    out = _folder(config)
    training = named_after_keys(
        lambda: _training(config, warnings, resume=resume, overwrite=overwrite), TRAINING_KEYS, layers
    )
    formation = named_after_keys(lambda: _formation(config, layers, warnings), FORMATION_KEYS, layers)
    chosen = _model(config, layers)
    monitoring = config.chrono.monitoring
    needs = {
        **({"wandb": None} if "wandb" in training.track else {}),
        **({"tensorboard": None} if "tensorboard" in training.track else {}),
    }
    return RunPlan(
        name=config.experiment.name,
        description=config.experiment.description,
        tags=tuple(config.experiment.tags),
        model=chosen,
        data=DataChoice(
            packed=Path(config.dataset.packed) if config.dataset.packed else None,
            sources=config.dataset.sources,
            ratios=config.dataset.mixing_ratios,
            tokens=_tokens(training, processes),
            exhausted=config.dataset.exhausted,
            allow_missing=config.dataset.allow_missing,
            train_split=config.dataset.train_split,
            val_split=config.dataset.val_split,
            order="documents" if config.dataset.shuffle else "none",
            threads=config.environment.dataloader_num_workers,
            prompts=config.evaluation.generate_samples,
        ),
        training=training,
        formation=formation,
        measures=_measures(config),
        out=out,
        checkpoint_dir=Path(config.environment.checkpoint_dir) if config.environment.checkpoint_dir else None,
        log_dir=Path(config.environment.log_dir) if config.environment.log_dir else out / "logs",
        monitoring=Monitoring(
            level=config.environment.logging.console_log_level,
            environment={
                "WANDB_PROJECT": monitoring.wandb_project,
                **({"WANDB_ENTITY": monitoring.wandb_entity} if monitoring.wandb_entity else {}),
                "WANDB_TAGS": ",".join(config.experiment.tags),
                "WANDB_NOTES": config.experiment.description,
            },
            page=monitoring.dashboard_enabled,
        ),
        deterministic=config.experiment.deterministic,
        max_memory_gb=_positive(config.experiment.max_memory_gb, "experiment.max_memory_gb", layers),
        max_training_hours=_positive(config.experiment.max_training_hours, "experiment.max_training_hours", layers),
        needs=tuple(needs) if _on_colab(config) and config.environment.colab.install_requirements else (),
        ablations={
            name: resolve(_without(layers, name, config, out), resume=resume, overwrite=overwrite, processes=processes)
            for name in (config.experiment.ablation.configurations if config.experiment.ablation.enabled else ())
        },
        warnings=tuple(warnings),
        settings={key: found.value for key, found in layers.items()},
    )


def _on_colab(config: Config) -> bool:
    return config.environment.platform == "colab"


def _folder(config: Config) -> Path:
    """The run's folder: on Colab, with the drive mounted, a relative one lies on the drive."""
    out = Path(config.environment.output_dir)
    colab = config.environment.colab
    return Path(colab.drive_path) / out if _on_colab(config) and colab.mount_drive else out


def _positive(value: float | None, key: str, layers: Layers) -> float | None:
    if value is not None and value <= 0:
        raise UserError(f"{layers[key].origin}: {key} must be above 0, not {value:g}")
    return value


def _tokens(training: TrainingConfig, processes: int) -> int:
    assert training.max_steps is not None
    return training.max_steps * training.batch_size * training.accumulate * training.seq_len * processes


def _measures(config: Config) -> tuple[str, ...]:
    wanted = tuple(config.evaluation.metrics)
    if config.chrono.temporal_purity.enabled:
        return wanted
    return tuple(name for name in wanted if name != "temporal_purity")


def _model(config: Config, layers: Layers) -> ModelChoice:
    model, kind = config.model, config.training.training_type
    place = None
    if model.type == NEW:
        if kind != "full_training":
            origin = layers["training.training_type"].origin
            raise UserError(
                f"{origin}: model.type {NEW} starts from nothing; set training.training_type: full_training"
            )
    elif model.type not in model.paths:
        known = [*model.paths, NEW]
        raise UserError(
            f"{layers['model.type'].origin}: model.type {model.type}: model.paths has no such model; one of "
            f"{', '.join(known)}{did_you_mean(model.type, known)}"
        )
    else:
        place = getattr(model.paths[model.type], model.source)
        if place is None:
            raise UserError(
                f"{layers['model.source'].origin}: model.source {model.source}: give model.paths.{model.type}.{model.source}"
            )
    shape = {name: value for name, value in vars(model.shape).items() if value is not None} if place is None else {}
    return ModelChoice(
        type=model.type,
        place=place,
        is_local=model.source == "local",
        fresh=kind == "full_training",
        shape=shape,
        tokenizer=model.tokenizer,
        vocab_size=model.vocab_size,
    )


def _training(config: Config, warnings: list[str], *, resume: bool, overwrite: bool) -> TrainingConfig:
    keys, environment, chrono = config.training, config.environment, config.chrono
    if environment.mixed_precision == "fp16":
        warnings.append("environment.mixed_precision fp16: bfloat16 is taken, which needs no loss scaling")
    validates = bool({"perplexity", "loss"} & set(config.evaluation.metrics))
    adapters: dict[str, Any] = {}
    if keys.training_type == "lora":
        adapters = {
            "lora_r": keys.lora.r,
            "lora_alpha": keys.lora.alpha,
            "lora_dropout": keys.lora.dropout,
            "lora_targets": [_LORA_NAMES.get(name, name) for name in keys.lora.targets],
        }
        if keys.lora.r < 1:
            raise UserError("--lora-r must be at least 1 with training_type lora")
    colab_wandb = _on_colab(config) and environment.colab.setup_wandb
    trackers = {"wandb": environment.logging.wandb or colab_wandb, "tensorboard": environment.logging.tensorboard}
    return TrainingConfig(
        seq_len=config.dataset.max_length,
        batch_size=keys.batch_size,
        accumulate=keys.gradient_accumulation_steps,
        max_steps=keys.max_steps,
        lr=keys.learning_rate,
        min_lr_ratio=0.0,
        schedule=keys.scheduler,  # type: ignore[arg-type]  # it says itself which it knows
        optimizer=keys.optimizer.replace("_", "-"),  # type: ignore[arg-type]
        warmup_steps=keys.warmup_steps,
        weight_decay=keys.weight_decay,
        clip=keys.max_grad_norm,
        dtype=_DTYPES[environment.mixed_precision],
        device=environment.device,  # type: ignore[arg-type]
        pin_memory=environment.pin_memory,
        seed=config.experiment.seed,
        log_every=chrono.monitoring.update_interval,
        eval_every=keys.eval_steps if validates else 0,
        eval_batches=math.ceil(config.evaluation.eval_dataset_size / keys.batch_size),
        sample_every=keys.eval_steps if config.evaluation.generate_samples else 0,
        save_every=_save_every(keys.save_steps, chrono.checkpointing.checkpoint_every_n_steps),
        keep=chrono.checkpointing.max_checkpoints,
        log_spaced=chrono.checkpointing.log_spaced,
        track=[name for name, wanted in trackers.items() if wanted],
        resume_latest=resume,
        overwrite=overwrite,
        **adapters,
    )


def _save_every(model: int, features: int) -> int:
    """A checkpoint holds the model and its autoencoders, so it is written where either is to be."""
    both = sorted(steps for steps in (model, features) if steps)
    if len(both) == 2 and both[1] % both[0]:
        raise UserError(
            f"training.save_steps {model} and chrono.checkpointing.checkpoint_every_n_steps {features}: one must be a multiple of the other, since "
            "a checkpoint holds the model and its autoencoders"
        )
    return both[0] if both else 0


def _formation(config: Config, layers: Layers, warnings: list[str]) -> FormationConfig | None:
    chrono = config.chrono
    sae, dropout, alignment, purity = (
        chrono.route_sae,
        chrono.temporal_dropout,
        chrono.feature_alignment,
        chrono.temporal_purity,
    )
    aligned = alignment.enabled and alignment.weight > 0
    if not sae.enabled and not (aligned and alignment.alignment_type == "attention_diversity"):
        return None
    steps = config.training.max_steps // max(1, sae.update_frequency)
    if sae.enabled and steps < _FEWEST_SAE_STEPS and config.model.type != NEW:
        warnings.append(
            f"chrono.route_sae.update_frequency {sae.update_frequency}: the autoencoders take {steps} steps in {config.training.max_steps:,}, "
            "too few to converge"
        )
    is_own = not layers["chrono.route_sae.sparsity_weight"].origin.startswith("preset ")
    if sae.enabled and sae.architecture != "relu" and sae.sparsity_weight and is_own:
        warnings.append(
            f"chrono.route_sae.sparsity_weight: {sae.architecture} is as sparse as chrono.route_sae.k makes it; the weight acts with "
            "architecture: relu"
        )
    if not 0 <= dropout.initial_rate < 1:
        raise UserError(f"--dropout-rate must be at least 0 and below 1, not {dropout.initial_rate}")
    rate = dropout.initial_rate if dropout.enabled else 0.0
    return FormationConfig(
        sae=sae.enabled,
        sae_layers=sae.layers,
        route=sae.route,  # type: ignore[arg-type]
        sae_architecture=sae.architecture,  # type: ignore[arg-type]
        sae_latents=sae.latent_dim,
        sae_k=sae.k,
        sae_lr=sae.learning_rate,
        sae_warmup_steps=sae.warmup_steps,
        sae_l1=_l1(config),
        sae_reconstruction_weight=sae.reconstruction_weight,
        sae_seeds=sae.seeds,
        sae_conditions=sae.conditions,
        update_frequency=sae.update_frequency,
        tokens_per_update=sae.tokens_per_update,
        coupling=sae.coupling,
        dropout_rate=rate,
        dropout_min_rate=dropout.min_rate if rate else 0.0,
        dropout_schedule=dropout.schedule,  # type: ignore[arg-type]
        dropout_granularity=dropout.granularity,  # type: ignore[arg-type]
        dropout_hold=dropout.hold,
        alignment=alignment.alignment_type if aligned else "none",  # type: ignore[arg-type]
        alignment_weight=alignment.weight,
        alignment_every=alignment.every_n_steps,
        probe_tokens=purity.probe_tokens,
        snapshot_every=purity.compute_every_n_steps
        if purity.enabled
        else chrono.checkpointing.checkpoint_every_n_steps,
        no_change=purity.no_change and purity.enabled and sae.enabled,
        save_features=chrono.checkpointing.save_features,
        save_sae_state=chrono.checkpointing.save_sae_state,
        similarity_threshold=purity.similarity_threshold,
        window_size=purity.window_size,
        track_metrics=chrono.monitoring.track_metrics,
    )


def _l1(config: Config) -> float:
    """The weight of the summed activations: the original's is of their mean over the latents."""
    sae = config.chrono.route_sae
    if sae.architecture != "relu":
        return 0.0
    if sae.latent_dim is None:
        raise UserError(
            "--sae-l1: architecture relu needs a chrono.route_sae.latent_dim, by which sparsity_weight is divided"
        )
    return sae.sparsity_weight / sae.latent_dim


def _without(layers: Layers, name: str, config: Config, out: Path) -> Layers:
    """The configuration of a run beside the main one."""
    ratios = config.dataset.mixing_ratios
    if name == "different_mixing_ratios" and (config.dataset.packed is not None or not ratios):
        origin = layers["experiment.ablation.configurations"].origin
        raise UserError(
            f"{origin}: experiment.ablation.configurations: different_mixing_ratios needs dataset.mixing_ratios, and sources that are mixed here"
        )
    changes: dict[str, dict[str, Any]] = {
        "no_temporal_dropout": {"chrono.temporal_dropout.enabled": False},
        "no_sae": {"chrono.route_sae.enabled": False},
        "no_feature_alignment": {"chrono.feature_alignment.enabled": False},
        "different_mixing_ratios": {
            "dataset.mixing_ratios": config.experiment.ablation.mixing_ratios
            or dict.fromkeys(ratios, 1 / len(ratios) if ratios else 0.0)
        },
    }
    changed = {
        **changes[name],
        "experiment.ablation.enabled": False,
        "experiment.name": f"{config.experiment.name}/{name}",
        "environment.output_dir": str(out.with_name(f"{out.name}-ablation") / name),
        "environment.checkpoint_dir": None,
        "environment.log_dir": None,
        "environment.colab.mount_drive": False,  # the folder is the drive's already
    }
    return layers | {key: Value(value, f"ablation {name}") for key, value in changed.items()}
