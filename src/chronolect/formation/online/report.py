"""What a run leaves behind whose features were followed: `evaluation_report.json`, as `formation track` writes it, and what goes with it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from chronolect.artifacts import digest, read_json, software, write_json
from chronolect.formation.analysis.series import AnalysisSettings
from chronolect.formation.online.companion import Progress
from chronolect.formation.online.config import FormationConfig
from chronolect.formation.online.snapshots import Snapshots
from chronolect.formation.reporting import REPORT, SCHEMA_VERSION, write_evaluation_report
from chronolect.training.pretrain import Begun

_SUMMED = ("explained_variance", "l0", "dead_share", "delta_ce", "kl", "loss_recovered_zero")


def write_report(
    begun: Begun,
    config: FormationConfig,
    snapshots: Sequence[Snapshots],
    results: Mapping[str, Any],
    progress: Progress,
    *,
    layers: Sequence[int],
    warnings: Sequence[str],
) -> dict[str, Any]:
    """Analyse the snapshots of a run that is at its end: `snapshots` holds those of the run and of its controls, nothing where there are none.

    Returns:
        What goes into the run's results, under `formation`.
    """
    folder = begun.run.folder
    experiment = {
        "model_type": begun.model.config.model_type,
        "total_steps": results["steps"],
        "training_time": results["seconds"],
        "datasets_used": [begun.packed.folder.name],
        "dataset_mixing_ratios": {begun.packed.folder.name: 1.0},
        "layers": list(layers),
    }
    provenance = {
        "seeds": list(range(config.sae_seeds)) if config.sae else [],
        "inputs": {str(path): digest(path) for path in begun.run.inputs},
    }
    shared: dict[str, Any] = {
        "config": begun.run.config,
        "provenance": provenance,
        "throughput": _throughput(results, progress, snapshots),
        "warnings": [*warnings, *_warnings(config)],
    }
    if not snapshots:
        write_json(folder / REPORT, _without_features(experiment, **shared))
        return {"formation": {"report": REPORT}}
    begun.tokenizer.save_pretrained(folder / "tokenizer")
    records = [record for made in snapshots for record in made.records()]
    report = write_evaluation_report(
        folder,
        experiment={**experiment, "checkpoints": _checkpoints(folder, snapshots[0].records())},
        settings=snapshots[0].settings,
        saes=records,
        routing=snapshots[0].routing(),
        **shared,
    )
    last = [record for record in records if record["condition"] == "base" and record["step"] == results["steps"]]
    means = {
        key: sum(record[key] for record in last) / len(last)
        for key in _SUMMED
        if all(record.get(key) is not None for record in last)
    }
    metrics = report["chrono_metrics"]
    return {
        "formation": {
            **means,
            "updates": progress.updates,
            "temporal_purity": metrics["final_temporal_purity"],
            "births": metrics["births"]["born"],
            "report": REPORT,
        }
    }


def analysis_settings(config: FormationConfig) -> AnalysisSettings:
    """The thresholds of a run."""
    return AnalysisSettings(
        window=config.window_size,
        correlation=config.similarity_threshold,
        cosine=config.similarity_threshold,
        decoder_optimised=config.alignment in ("temporal_anchor", "mutual"),
    )


def _checkpoints(folder: Path, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of every snapshot's step the checkpoint that was kept of it, if one was, and the model's loss on part of the probe."""
    losses = {record["step"]: record.get("ce") for record in records}
    return [
        {
            "step": step,
            "path": path.name if (path := folder / f"checkpoint-{step}").is_dir() else None,
            "weights_digest": read_json(path / "digest.json").get("model.safetensors") if path.is_dir() else None,
            "loss": loss,
        }
        for step, loss in sorted(losses.items())
    ]


def _throughput(results: Mapping[str, Any], progress: Progress, snapshots: Sequence[Snapshots]) -> dict[str, Any]:
    autoencoders = len(snapshots[0].trained) if snapshots else 0
    return {
        "training_tokens_per_s": results["tokens_per_s"],
        "autoencoder_tokens_per_s": round(autoencoders * progress.tokens / progress.seconds, 1)
        if progress.tokens
        else None,
        "autoencoder_seconds": round(progress.seconds, 3),
        "autoencoder_updates": progress.updates,
        "autoencoder_tokens": progress.tokens,
        "share_of_training_time": round(progress.seconds / results["seconds"], 4),
        "sink_tokens": progress.sinks,
    }


def _warnings(config: FormationConfig) -> list[str]:
    found = []
    if config.alignment == "attention_diversity":
        found.append("attention diversity was added to the language model's loss: it is another model than without")
    if config.coupling:
        found.append(
            "the autoencoders' loss was added to the language model's (coupling): it is another model than without, and its features are "
            "partly made, not found"
        )
    if not config.save_features:
        found.append("snapshots were not kept (save_features): nothing can be said of purity, births and deaths")
    return found


def _without_features(experiment: Mapping[str, Any], **shared: Any) -> dict[str, Any]:
    """The report of a run without autoencoders: what of it is about features is undefined."""
    return {
        "schema_version": SCHEMA_VERSION,
        "experiment_info": {**experiment, "probe": None, "checkpoints": []},
        "chrono_metrics": {
            "steps": [],
            "temporal_purity_scores": [],
            "final_temporal_purity": None,
            "feature_birth_events": [],
            "purity": None,
            "births": None,
            "turnover": None,
            "cross_reconstruction": None,
        },
        "saes": [],
        "routing": None,
        "controls": {},
        "throughput": shared["throughput"],
        "training_config": shared["config"],
        "provenance": {**software(), **shared["provenance"]},
        "warnings": shared["warnings"],
    }
