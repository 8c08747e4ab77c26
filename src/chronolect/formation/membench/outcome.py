"""What a run leaves beside the loop's own files: the report told what it was made from, the names the original has for things, ablations compared."""

import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chronolect.artifacts import read_json, write_json
from chronolect.formation.membench.config.plan import RunPlan
from chronolect.formation.membench.preparation import Prepared
from chronolect.formation.reporting import REPORT, SCHEMA_VERSION
from chronolect.training.checkpoints import checkpoints

ABLATION = "ablation"


def complete_report(
    plan: RunPlan, prepared: Prepared, results: Mapping[str, Any], *, write: bool = True
) -> dict[str, Any]:
    """Put into the report of a finished run what only its configuration knows, and what was measured of the language model. Again does no harm.

    Args:
        plan: The run.
        prepared: What it started from.
        results: What the loop returned.
        write: Whether to write it, or only to return it.

    Returns:
        The report.
    """
    path = plan.out / REPORT
    report: dict[str, Any] = read_json(path) if path.is_file() else _without_features()
    measured = {
        name: {"loss": found["loss"], "perplexity": math.exp(found["loss"])} for name, found in results["eval"].items()
    }
    report["experiment_info"] |= {
        "name": plan.name,
        "description": plan.description,
        "tags": list(plan.tags),
        "model_type": plan.model.type,
        "total_steps": results["steps"],
        "training_time": results["seconds"],
        "datasets_used": list(prepared.mixed) or [str(prepared.corpus)],
        "datasets_missing": list(prepared.missing),
        "dataset_mixing_ratios": {name: found["asked"] for name, found in prepared.mixed.items()},
        "realised_mixing_ratios": {name: found["share"] for name, found in prepared.mixed.items()},
        "dataset_passes": {name: found["passes"] for name, found in prepared.mixed.items()},
        "evaluation": {
            split: {name: value for name, value in found.items() if name in plan.measures}
            for split, found in measured.items()
        },
    }
    if "temporal_purity" not in plan.measures:  # not asked for: nothing is said of it
        report["chrono_metrics"] |= {"purity": None, "temporal_purity_scores": [], "final_temporal_purity": None}
    report["training_config"] = dict(plan.settings)
    report["warnings"] = list(dict.fromkeys([*report["warnings"], *plan.warnings]))
    if write:
        write_json(path, report)
    return report


def compare_ablations(
    plan: RunPlan, report: dict[str, Any], others: Mapping[str, Mapping[str, Any]], *, write: bool = True
) -> dict[str, Any]:
    """The main run beside those without a part of it, also in its report.

    Args:
        plan: The main run.
        report: Its report.
        others: Those of the others, by name of the ablation.
        write: Whether to write it, or only to return it.

    Returns:
        By name, `main` first: folder, loss and perplexity on the held-out documents, final purity, births, and the last autoencoders' explained
        variance, L0 and dead share; null where a run has none.
    """
    folders = {name: variant.out for name, variant in plan.ablations.items()}
    report[ABLATION] = {
        "main": _summary(report, plan.out),
        **{name: _summary(found, folders[name]) for name, found in others.items()},
    }
    if write:
        write_json(plan.out / REPORT, report)
    compared: dict[str, Any] = report[ABLATION]
    return compared


def link(plan: RunPlan) -> None:
    """Make the run's parts also be found under the original's names: `final_checkpoint`, the logs and the checkpoints in their folders."""
    out = plan.out
    links = {out / "final_checkpoint": out / "final"} if (out / "final").is_dir() else {}
    for name in ("metrics.jsonl", "samples.jsonl", "tensorboard"):
        if (out / name).exists():
            links[plan.log_dir / name] = out / name
    if plan.checkpoint_dir is not None and plan.checkpoint_dir.resolve() != out.resolve():
        links |= {plan.checkpoint_dir / path.name: path for path in checkpoints(out)}
        for stale in plan.checkpoint_dir.glob("checkpoint-*"):
            if stale.is_symlink() and not stale.exists():  # the loop keeps the last ones only
                stale.unlink()
    for place, target in links.items():
        place.parent.mkdir(parents=True, exist_ok=True)
        if not place.is_symlink() and not place.exists():
            place.symlink_to(os.path.relpath(target.resolve(), place.parent.resolve()))


def _without_features() -> dict[str, Any]:
    """The report of a run that followed none."""
    return {
        "schema_version": SCHEMA_VERSION,
        "experiment_info": {},
        "chrono_metrics": {"temporal_purity_scores": [], "final_temporal_purity": None, "feature_birth_events": []},
        "saes": [],
        "warnings": [],
    }


def _summary(report: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    info, metrics = report["experiment_info"], report["chrono_metrics"]
    last = max((sae["step"] for sae in report["saes"]), default=None)
    final = [sae for sae in report["saes"] if sae["step"] == last and sae["condition"] == "base"]

    def mean(name: str) -> float | None:
        values = [sae[name] for sae in final if sae.get(name) is not None]
        return sum(values) / len(values) if values else None

    births = metrics.get("births")
    return {
        "folder": str(folder),
        **info["evaluation"].get("val", {}),
        "final_temporal_purity": metrics["final_temporal_purity"],
        "births": births["born"] if births else None,
        **{name: mean(name) for name in ("explained_variance", "l0", "dead_share")},
    }
