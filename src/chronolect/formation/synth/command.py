"""`chronolect formation synth`: the whole pipeline on a training run whose every birth and death is known."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from chronolect.artifacts import software, stage, write_json
from chronolect.console import say
from chronolect.formation.analysis.analyse import analyse
from chronolect.formation.analysis.series import AnalysisSettings, Series
from chronolect.formation.reporting import REPORT, SCHEMA_VERSION, read_series
from chronolect.formation.synth.config import SynthConfig
from chronolect.formation.synth.following import SyntheticFollower
from chronolect.formation.synth.scoring import score
from chronolect.formation.synth.truth import SyntheticConfig, SyntheticRun


def formation_synth(
    *,
    out: Path,
    truth: Annotated[SyntheticConfig, Parameter(name="*")] = SyntheticConfig(),
    config: Annotated[SynthConfig, Parameter(name="*")] = SynthConfig(),
) -> dict[str, Any]:
    """Make up a training run in which features come, go and turn at known checkpoints, follow it like a real one, and score what is said of it.

    Writes the folder that `formation track` writes, without texts: `series/` and `evaluation_report.json`, which has a group `ground_truth`
    besides. A killed run goes on where it was when it is started again.

    Args:
        out: Folder to write to.
        truth: What happens in the run.
        config: What it is followed with.

    Returns:
        The scores of each kind with their targets, and the path of the report.

    Raises:
        UserError: For a setting that makes no sense.
    """
    run = SyntheticRun(truth, seed=config.seed)
    track = config.track(features=truth.features, active=truth.active)
    analysis = track.analysis
    settings = {"truth": asdict(truth), **config.as_dict()}
    with stage(out, command="formation synth", config=settings, resume=True) as work:
        work.scratch.mkdir(exist_ok=True)
        started = time.time()
        follower = SyntheticFollower(work.folder, work.scratch, run, track)
        saes: list[dict[str, Any]] = []
        for checkpoint in range(truth.checkpoints):
            saes += follower.follow(checkpoint)
        groups: dict[str, list[Series]] = {}
        for series in read_series(work.folder):
            groups.setdefault(series.group, []).append(series)
        metrics, scores = _judge(run, groups, config.kinds, analysis)
        headline = f"base-{config.kinds[0]}"
        report = {
            "schema_version": SCHEMA_VERSION,
            "experiment_info": {
                "model_type": "synthetic",
                "total_steps": run.steps[-1],
                "training_time": round(time.time() - started, 3),
                "datasets_used": [],
                "dataset_mixing_ratios": {},
                "layers": [],
                "probe": {"tokens": config.probe_tokens, "digest": None, "source": "synthetic"},
                "checkpoints": [{"step": step} for step in run.steps],
            },
            "chrono_metrics": metrics[headline],
            "saes": saes,
            "routing": None,
            "controls": {group: found for group, found in metrics.items() if group != headline},
            "ground_truth": {"run": run.describe(), **scores},
            "throughput": {},
            "training_config": settings,
            "provenance": {**software(), "seeds": [config.seed]},
            "warnings": [],
        }
        write_json(work.folder / REPORT, report)
        work.counts = {
            kind: {verdict["name"]: verdict["value"] for verdict in found["verdicts"]} for kind, found in scores.items()
        }
    for kind, found in scores.items():
        say(_told(kind, found))
    return {
        "scores": {kind: found["verdicts"] for kind, found in scores.items()},
        "report": str(out / REPORT),
    }


def _judge(
    run: SyntheticRun, groups: Mapping[str, Sequence[Series]], kinds: Sequence[str], analysis: AnalysisSettings
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The analysis of every group of series, and the scores of the base of each kind.

    The ceiling of a cold series is that of its own seeds, checkpoint by checkpoint: an autoencoder finds more of few features than of many,
    and one number from the last checkpoint would be too low for those before. A warm one has its ceiling from the unchanged checkpoint.
    """
    metrics = {
        group: analyse(series, analysis, ceiling=groups.get("no-change-warm") if series[0].kind == "warm" else None)
        for group, series in groups.items()
    }
    scores = {
        kind: score(
            run,
            groups[f"base-{kind}"],
            metrics[f"base-{kind}"],
            analysis,
            unchanged=metrics.get(f"no-change-{kind}"),
        )
        for kind in dict.fromkeys(kinds)
    }
    return metrics, scores


def _told(kind: str, found: Mapping[str, Any]) -> str:
    parts = [
        f"{verdict['name']} {'unknown' if verdict['value'] is None else format(verdict['value'], '.3g')}"
        f" ({'at most' if verdict['at_most'] else 'at least'} {verdict['limit']:g}"
        f"{', missed' if verdict['reached'] is False else ''})"
        for verdict in found["verdicts"]
    ]
    return f"{kind}: {'; '.join(parts)}"
