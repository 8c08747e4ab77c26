"""`formation analyze`: the evaluation reports below a folder, side by side; those of the original, too."""

from pathlib import Path
from typing import Any

from chronolect.artifacts import read_json
from chronolect.errors import UserError

REPORT = "evaluation_report.json"


def analyze(*, results_dir: Path = Path("outputs/chrono")) -> dict[str, Any]:
    """Find every evaluation report below a folder, and say of each what was trained on what, and how its features fared.

    Args:
        results_dir: Folder to look in, and in all folders below it.

    Returns:
        Under `runs`, by folder: model, steps, datasets (their shares as realised, or as asked for), purity (first, last, interval, gate, number of
        scores), born and died features with the half-birth step, the last autoencoders, loss and perplexity, warnings. Under `faulty` the files
        that are no such report, with why.

    Raises:
        UserError: Where there is no such folder, or no report in it.
    """
    if not results_dir.is_dir():
        raise UserError(f"{results_dir}: no such folder; say where the runs are with --results-dir")
    runs: dict[str, Any] = {}
    faulty: dict[str, str] = {}
    for path in sorted(results_dir.rglob(REPORT)):
        try:
            runs[str(path.parent)] = _run(read_json(path))
        except UserError as error:
            faulty[str(path)] = str(error)
        except (KeyError, TypeError, AttributeError) as error:
            faulty[str(path)] = f"{path}: not an evaluation report ({type(error).__name__}: {error})"
    if not runs and not faulty:
        raise UserError(
            f"{results_dir}: no {REPORT} in it or below it; `chronolect formation train` and `formation track` write one"
        )
    screen = [line for folder, run in runs.items() for line in _lines(folder, run)]
    screen += [f"left out: {why}" for why in faulty.values()]
    screen.append(f"reports: {len(runs)}" + (f"; files left out: {len(faulty)}" if faulty else ""))
    return {"runs": runs, "faulty": faulty, "screen": "\n".join(screen)}


def _run(report: dict[str, Any]) -> dict[str, Any]:
    info, metrics = report["experiment_info"], report["chrono_metrics"]
    asked = info.get("dataset_mixing_ratios") or {}
    purity, births = metrics.get("purity") or {}, metrics.get("births")
    scores = [score for score in metrics["temporal_purity_scores"] if score is not None]
    events = metrics["feature_birth_events"]
    saes = report.get("saes") or []
    last = max((sae["step"] for sae in saes), default=None)
    return {
        "model": info["model_type"],
        "steps": info["total_steps"],
        "datasets": info.get("realised_mixing_ratios") or asked or dict.fromkeys(info.get("datasets_used", [])),
        "purity": {
            "scores": len(scores),
            "first": scores[0] if scores else None,
            "last": scores[-1] if scores else None,
            "final": metrics["final_temporal_purity"],
            "interval": _interval(scores, metrics["temporal_purity_scores"], purity),
            "gate": purity["gate"][-1] if purity else None,
        },
        "births": {
            "events": len(events) if births is None else sum(_is_birth(event) for event in events),
            "born": births["born"] if births else None,
            "initial": births["initial"] if births else None,
            "died": births["died"] if births else None,
            "vanished": births.get("vanished") if births else None,
            "half_birth_step": births["half_birth_step"] if births else None,
        },
        "saes": [sae for sae in saes if sae["step"] == last],
        "evaluation": info.get("evaluation"),
        "ablation": report.get("ablation"),
        "warnings": report.get("warnings", []),
        "schema_version": report.get("schema_version"),  # null: of the original
    }


def _is_birth(event: dict[str, Any]) -> bool:
    """Whether a feature was seen to come: events are also of those there from the first, and of those never confirmed."""
    return event["birth_step_hi"] is not None and not event["initial"]


def _interval(known: list[float], scores: list[float | None], purity: dict[str, Any]) -> list[float | None] | None:
    """Of the last score that is known; a calibrated one has the interval of calibrated purity, a raw one that of raw purity."""
    if not known or not purity:
        return None
    place = max(index for index, score in enumerate(scores) if score is not None)
    kind = "calibrated_" if (purity.get("calibrated") or [None] * len(scores))[place] is not None else ""
    bounds = [(purity.get(f"{kind}{end}") or [None] * len(scores))[place] for end in ("low", "high")]
    return None if None in bounds else bounds


def _lines(folder: str, run: dict[str, Any]) -> list[str]:
    def number(value: float | None) -> str:
        return "undefined" if value is None else f"{value:.3f}"

    data = ", ".join(name if share is None else f"{name} {share:.1%}" for name, share in run["datasets"].items())
    purity, births = run["purity"], run["births"]
    between = purity["interval"]
    interval = f" (95 % interval {number(between[0])} to {number(between[1])})" if between else ""
    if purity["scores"] and purity["final"] is None:
        interval += ", none at the last checkpoint"
    lines = [
        folder,
        f"  model {run['model']}, {run['steps']:,} steps; {data or 'data not recorded'}",
        f"  temporal purity {number(purity['first'])} first, {number(purity['last'])} last{interval}, of {purity['scores']} scores",
    ]
    if births["born"] is None:
        lines.append(f"  feature births: {births['events']} events")
    else:
        half = births["half_birth_step"]
        lines.append(
            f"  features: {births['initial']} there at the first snapshot, {births['born']} born later"
            f"{'' if half is None else f' (half of them by step {half:,.0f})'}, "
            f"{births['died'] if births['vanished'] is None else births['died'] + births['vanished']} died"
        )
    if run["schema_version"] is None:
        lines.append("  an old report, without nulls, ceilings or intervals: its purity says nothing by itself")
    for name, found in (run["ablation"] or {}).items():
        loss = f"loss {found['loss']:.4f}, " if found.get("loss") is not None else ""
        lines.append(f"  {name}: {loss}purity {number(found['final_temporal_purity'])}, births {found['births']}")
    return lines + [f"  warning: {warning}" for warning in run["warnings"]]
