"""What a configuration comes to: every key changes what would be run, and values out of range are named."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chronolect.errors import UserError
from chronolect.formation.membench.config.files import keys_of, parse_change, preset_path, read_layers
from chronolect.formation.membench.config.plan import RunPlan
from chronolect.formation.membench.config.resolve import resolve

SEED = Path(__file__).parent / "seed.yaml"
RELU = ["chrono.route_sae.architecture=relu", "chrono.route_sae.latent_dim=512"]
NEW = ["model.type=tiny", "training.training_type=full_training"]
COLAB = ["environment.platform=colab"]
ABLATION = ["experiment.ablation.enabled=true", "experiment.ablation.configurations=[different_mixing_ratios]"]
ANCHOR = ["chrono.route_sae.route=none"]

# key -> another value, and what else must be so for it to matter
CHANGES: dict[str, tuple[str, list[str]]] = {
    "model.type": ("llama-3-8b", []),
    "model.source": ("local", []),
    "model.paths.*.local": ("elsewhere", ["model.source=local"]),
    "model.paths.*.huggingface": ("someone/model", []),
    "model.tokenizer": ("words", []),
    "model.vocab_size": ("512", []),
    "model.shape.preset": ("5m", NEW),
    "model.shape.layers": ("2", NEW),
    "model.shape.hidden": ("32", NEW),
    "model.shape.heads": ("2", NEW),
    "model.shape.kv_heads": ("1", NEW),
    "model.shape.intermediate": ("64", NEW),
    "model.shape.architecture": ("qwen3", NEW),
    "dataset.sources": ("{wikitext: here}", []),
    "dataset.mixing_ratios": ("{wikitext: 1.0}", []),
    "dataset.packed": ("corpus", []),
    "dataset.exhausted": ("repeat", []),
    "dataset.allow_missing": ("true", []),
    "dataset.max_length": ("128", []),
    "dataset.train_split": ("0.8", []),
    "dataset.val_split": ("0.1", []),
    "dataset.shuffle": ("false", []),
    "training.batch_size": ("2", []),
    "training.gradient_accumulation_steps": ("4", []),
    "training.learning_rate": ("1e-4", []),
    "training.warmup_steps": ("10", []),
    "training.max_steps": ("1000", []),
    "training.eval_steps": ("100", []),
    "training.save_steps": ("250", []),
    "training.optimizer": ("adamw_8bit", []),
    "training.scheduler": ("linear", []),
    "training.weight_decay": ("0.1", []),
    "training.max_grad_norm": ("0.5", []),
    "training.training_type": ("fine_tuning", []),
    "training.lora.r": ("8", []),
    "training.lora.alpha": ("16", []),
    "training.lora.dropout": ("0.1", []),
    "training.lora.targets": ("[q, v]", []),
    "environment.platform": ("colab", []),
    "environment.output_dir": ("outputs/other", []),
    "environment.checkpoint_dir": ("elsewhere", []),
    "environment.log_dir": ("elsewhere", []),
    "environment.logging.wandb": ("true", []),
    "environment.logging.tensorboard": ("false", []),
    "environment.logging.console_log_level": ("WARNING", []),
    "environment.mixed_precision": ("bf16", []),
    "environment.dataloader_num_workers": ("2", []),
    "environment.pin_memory": ("true", []),
    "environment.device": ("cpu", []),
    "environment.colab.mount_drive": ("false", COLAB),
    "environment.colab.drive_path": ("/drive", COLAB),
    "environment.colab.install_requirements": ("true", COLAB),
    "environment.colab.setup_wandb": ("true", COLAB),
    "evaluation.metrics": ("[loss]", []),
    "evaluation.eval_dataset_size": ("100", []),
    "evaluation.generate_samples": ("2", []),
    "chrono.temporal_dropout.enabled": ("false", []),
    "chrono.temporal_dropout.initial_rate": ("0.3", []),
    "chrono.temporal_dropout.schedule": ("linear", []),
    "chrono.temporal_dropout.min_rate": ("0.1", []),
    "chrono.temporal_dropout.granularity": ("latent", []),
    "chrono.temporal_dropout.hold": ("5", []),
    "chrono.route_sae.enabled": ("false", []),
    "chrono.route_sae.latent_dim": ("4096", []),
    "chrono.route_sae.sparsity_weight": ("0.2", RELU),
    "chrono.route_sae.reconstruction_weight": ("2.0", []),
    "chrono.route_sae.update_frequency": ("10", []),
    "chrono.route_sae.architecture": ("topk", []),
    "chrono.route_sae.k": ("16", []),
    "chrono.route_sae.route": ("paper", []),
    "chrono.route_sae.layers": ("[1, 2]", []),
    "chrono.route_sae.seeds": ("2", []),
    "chrono.route_sae.learning_rate": ("1e-3", []),
    "chrono.route_sae.warmup_steps": ("7", []),
    "chrono.route_sae.tokens_per_update": ("512", []),
    "chrono.route_sae.coupling": ("0.1", []),
    "chrono.route_sae.conditions": ("[base, l2]", []),
    "chrono.feature_alignment.enabled": ("false", []),
    "chrono.feature_alignment.weight": ("0.1", []),
    "chrono.feature_alignment.alignment_type": ("temporal_anchor", ANCHOR),
    "chrono.feature_alignment.every_n_steps": ("5", []),
    "chrono.checkpointing.checkpoint_every_n_steps": ("100", []),
    "chrono.checkpointing.max_checkpoints": ("3", []),
    "chrono.checkpointing.save_features": ("false", []),
    "chrono.checkpointing.save_sae_state": ("false", []),
    "chrono.checkpointing.log_spaced": ("true", []),
    "chrono.temporal_purity.enabled": ("false", []),
    "chrono.temporal_purity.compute_every_n_steps": ("50", []),
    "chrono.temporal_purity.similarity_threshold": ("0.6", []),
    "chrono.temporal_purity.window_size": ("2", []),
    "chrono.temporal_purity.probe_tokens": ("1024", []),
    "chrono.temporal_purity.no_change": ("true", []),
    "chrono.monitoring.wandb_project": ("other", []),
    "chrono.monitoring.wandb_entity": ("someone", []),
    "chrono.monitoring.dashboard_enabled": ("false", []),
    "chrono.monitoring.update_interval": ("10", []),
    "chrono.monitoring.track_metrics": ("[temporal_purity]", []),
    "experiment.name": ("other", []),
    "experiment.description": ("other", []),
    "experiment.tags": ("[other]", []),
    "experiment.ablation.enabled": ("true", []),
    "experiment.ablation.configurations": ("[no_sae]", ["experiment.ablation.enabled=true"]),
    "experiment.ablation.mixing_ratios": ("{wikitext: 1.0}", ABLATION),
    "experiment.seed": ("7", []),
    "experiment.deterministic": ("false", []),
    "experiment.max_memory_gb": ("8", []),
    "experiment.max_training_hours": ("1", []),
}


def plan(*changes: str, file: Path | None = SEED) -> RunPlan:
    return resolve(read_layers(file, [parse_change(change) for change in changes]))


def parts(found: RunPlan) -> dict[str, Any]:
    """What would be run, without the words about it."""
    ablations = {name: parts(variant) for name, variant in found.ablations.items()}
    return {**vars(replace(found, warnings=(), settings={})), "ablations": ablations}


def test_no_key_is_forgotten_here() -> None:
    assert set(CHANGES) == set(keys_of())


@pytest.mark.parametrize("key", CHANGES)
def test_every_key_changes_what_is_run(key: str) -> None:
    value, others = CHANGES[key]
    before = parts(plan(*others))
    after = parts(plan(*others, f"{key.replace('*', 'gemma-2b')}={value}"))
    assert [name for name in before if before[name] != after[name]]


def test_the_original_comes_to_what_its_keys_say() -> None:
    found = plan()
    training, formation = found.training, found.formation
    assert formation is not None
    assert (found.model.place, found.model.fresh) == ("google/gemma-2b", False)
    assert (training.lr, training.max_steps, training.accumulate, training.seq_len) == (3e-5, 5000, 8, 512)
    assert (training.lora_r, training.lora_alpha, training.dtype, training.device) == (32, 64, "float32", "mps")
    assert (training.save_every, training.keep, training.eval_batches, training.log_every) == (500, 10, 2000, 100)
    assert training.track == ["tensorboard"]
    assert training.max_minutes is None
    assert found.data.tokens == 5000 * 8 * 512
    assert (formation.dropout_rate, formation.dropout_min_rate, formation.dropout_schedule) == (0.2, 0.05, "cosine")
    assert (formation.sae_latents, formation.update_frequency) == (2048, 100)
    assert formation.sae_dead_after is None  # goes by the run's length
    assert (formation.alignment, formation.alignment_weight) == ("attention_diversity", 0.05)
    assert (formation.similarity_threshold, formation.window_size, formation.snapshot_every) == (0.8, 3, 250)
    assert found.log_dir == Path("outputs/chrono/logs")
    assert (found.max_memory_gb, found.max_training_hours) == (24, 12)
    assert any("50 steps" in warning for warning in found.warnings)
    assert any("sparsity_weight" in warning for warning in found.warnings)


def test_a_rate_of_nothing_is_a_rate() -> None:
    found = plan("chrono.temporal_dropout.initial_rate=0").formation
    assert found is not None
    assert (found.dropout_rate, found.dropout_min_rate) == (0.0, 0.0)


def test_without_chrono_it_is_plain_training() -> None:
    assert plan(file=preset_path("training_base")).formation is None
    only_aligned = plan("chrono.route_sae.enabled=false").formation
    assert only_aligned is not None
    assert not only_aligned.sae
    assert plan("chrono.route_sae.enabled=false", "chrono.feature_alignment.enabled=false").formation is None


def test_the_sparsity_weight_is_that_of_the_mean_over_the_latents() -> None:
    found = plan(*RELU).formation
    assert found is not None
    assert found.sae_l1 == pytest.approx(0.1 / 512)


def test_ablations_are_runs_beside_it() -> None:
    found = plan("experiment.ablation.enabled=true").ablations
    assert list(found) == ["no_temporal_dropout", "no_sae", "no_feature_alignment", "different_mixing_ratios"]
    formations = {name: variant.formation for name, variant in found.items()}
    base = plan().formation
    assert base is not None
    assert formations["no_temporal_dropout"] == replace(base, dropout_rate=0.0, dropout_min_rate=0.0)
    assert formations["no_sae"] == replace(base, sae=False)
    assert formations["no_feature_alignment"] == replace(base, alignment="none")
    assert set(found["different_mixing_ratios"].data.ratios.values()) == {0.25}
    assert {variant.out for variant in found.values()} == {Path("outputs/chrono-ablation") / name for name in found}
    assert not any(variant.ablations for variant in found.values())


def test_colab_writes_to_the_drive() -> None:
    assert plan(*COLAB).out == Path("/content/drive/MyDrive/outputs/chrono")
    assert plan(*COLAB, "environment.colab.mount_drive=false").out == Path("outputs/chrono")
    on_drive = plan(*COLAB, "experiment.ablation.enabled=true").ablations["no_sae"].out
    assert on_drive == Path("/content/drive/MyDrive/outputs/chrono-ablation/no_sae")


def test_several_processes_need_more_tokens() -> None:
    layers = read_layers(SEED)
    assert resolve(layers, processes=4).data.tokens == 4 * resolve(layers).data.tokens


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["model.type=gema-2b"], r'--set model.type: model.type gema-2b: .*did you mean "gemma-2b"'),
        (["model.type=tiny"], r"starts from nothing; set training.training_type: full_training"),
        (["model.source=local", "model.paths.gemma-2b.local=null"], r"give model.paths.gemma-2b.local"),
        (["training.scheduler=cosin"], r'--set training.scheduler: training.scheduler cosin: .*did you mean "cosine"'),
        (["training.learning_rate=-1"], r"training.learning_rate must be above 0"),
        (["training.save_steps=300"], r"one must be a multiple of the other"),
        (["training.lora.r=0"], r"training.lora.r must be at least 1"),
        (["environment.device=gpu"], r"environment.device gpu: unknown"),
        (["chrono.temporal_dropout.initial_rate=1.0"], r"initial_rate must be at least 0 and below 1"),
        (["chrono.temporal_dropout.schedule=cos"], r"chrono.temporal_dropout.schedule cos: unknown"),
        (["chrono.route_sae.update_frequency=0"], r"chrono.route_sae.update_frequency must be at least 1"),
        (
            ["chrono.route_sae.architecture=relu", "chrono.route_sae.latent_dim=null"],
            r"needs a chrono.route_sae.latent_dim",
        ),
        (["chrono.route_sae.conditions=[base, bass]"], r'no condition bass.*did you mean "base"'),
        (["chrono.feature_alignment.alignment_type=attention"], r"alignment_type attention: unknown"),
        (
            ["chrono.monitoring.track_metrics=[temporal_purty]"],
            r'track_metrics temporal_purty: .*did you mean "temporal_purity"',
        ),
        ([*ABLATION, "dataset.packed=corpus"], r"different_mixing_ratios needs dataset.mixing_ratios"),
        (["experiment.max_memory_gb=0"], r"experiment.max_memory_gb must be above 0"),
    ],
)
def test_values_out_of_range_are_named(changes: Iterable[str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        plan(*changes)
