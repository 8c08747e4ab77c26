"""The evaluation report: what is written of a series once all its snapshots are there, whether they were made during a training or after it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from chronolect.artifacts import software, write_json
from chronolect.errors import UserError
from chronolect.formation.analysis.analyse import analyse
from chronolect.formation.analysis.matching import alive, best_correlations
from chronolect.formation.analysis.series import AnalysisSettings, Kind, Series
from chronolect.formation.analysis.snapshots import StoredSnapshots
from chronolect.formation.cards.cards import make_cards
from chronolect.formation.reading.probe import Probe
from chronolect.models.loading import load_tokenizer
from chronolect.statistics import wilson

REPORT, CARDS = "evaluation_report.json", "cards.json"
SCHEMA_VERSION = 1
_UNCHANGED, _UNTRAINED, _REFERENCE = "no-change-warm", "random-init-cold", "reference-cold"
_KINDS: dict[str, Kind] = {"cold": "cold", "warm": "warm", "shared": "shared"}


def read_series(folder: Path) -> list[Series]:
    """The series below `folder/series`, in the order of their names; their snapshots are read when asked for.

    Raises:
        UserError: Where there is none.
    """
    found = []
    for place in sorted((folder / "series").glob("*-seed*")):
        group, _, seed = place.name.rpartition("-seed")
        condition, _, kind = group.rpartition("-")
        found.append(Series(condition, _KINDS[kind], int(seed), StoredSnapshots(place)))
    if not found:
        raise UserError(f"{folder / 'series'}: no series of snapshots in it")
    return found


def write_evaluation_report(
    folder: Path,
    *,
    experiment: Mapping[str, Any],
    settings: AnalysisSettings,
    saes: Sequence[Mapping[str, Any]],
    config: Mapping[str, Any],
    provenance: Mapping[str, Any],
    throughput: Mapping[str, Any],
    warnings: Sequence[str] = (),
    routing: Mapping[str, Any] | None = None,
    controls: Mapping[str, Any] | None = None,
    cross_reconstruction: Sequence[Sequence[float | None]] | None = None,
    cards: int = 12,
) -> dict[str, Any]:
    """Analyse the snapshots of a folder, and write `evaluation_report.json` and `cards.json` into it.

    The headline is the analysis of the base condition's first kind (cold before warm). Every other group of series (condition and kind) is
    analysed in the same way and stands under `controls`, but for three. Series made on one unchanging checkpoint (`no-change-warm`) give the
    ceiling of warm ones; those trained for longer (`reference-cold`) are what convergence is judged by; and those of a model that has
    learned nothing (`random-init-cold`) are set beside the last checkpoint's.

    Args:
        folder: Holds `series/`, `probe/` and `tokenizer/`.
        experiment: What the report says of the experiment: `model_type`, `total_steps`, `training_time` (seconds), `datasets_used`,
            `dataset_mixing_ratios`, `layers`, `checkpoints` and whatever else is known.
        settings: Thresholds.
        saes: A record for each autoencoder at each checkpoint.
        config: All settings, flat.
        provenance: `seeds`, `inputs` (digests) and the like, beside the versions, which are added.
        throughput: Speeds.
        warnings: What a reader must know, beside what the analyses add.
        routing: Report of the router, where there is one.
        controls: What controls found, by name, beside those made here.
        cross_reconstruction: Explained variance [C, C] of each checkpoint's autoencoder on each checkpoint's activations.
        cards: Feature cards to make at most.

    Returns:
        The report.
    """
    every = read_series(folder)
    groups: dict[str, list[Series]] = {}
    for series in every:
        groups.setdefault(series.group, []).append(series)
    headline = next(group for group in ("base-cold", "base-warm", "base-shared") if group in groups)
    unchanged = groups.get(_UNCHANGED)

    def analysed(series: list[Series]) -> dict[str, Any]:
        ceiling = unchanged if series[0].kind == "warm" else None
        return analyse(series, settings, ceiling=ceiling, converged=groups.get(_REFERENCE, ()))

    metrics = analysed(groups[headline]) | {"cross_reconstruction": cross_reconstruction}
    analyses = {
        group: analysed(series)
        for group, series in groups.items()
        if group not in (headline, _UNCHANGED, _UNTRAINED, _REFERENCE)
    }
    told = [*warnings, *(warning for analysis in (metrics, *analyses.values()) for warning in analysis.pop("warnings"))]
    probe = Probe.load(folder / "probe")
    first = folder / "series" / f"{headline}-seed{groups[headline][0].seed}"
    tokenizer = load_tokenizer(folder / "tokenizer")
    made = make_cards(first, probe, tokenizer, metrics["feature_birth_events"], cards) if cards else []
    write_json(folder / CARDS, made)
    found: dict[str, Any] = {**(controls or {}), **analyses}
    if untrained := groups.get(_UNTRAINED):
        found["random-init"] = beside(groups[headline], untrained, settings)
    report = {
        "schema_version": SCHEMA_VERSION,
        "experiment_info": {**experiment, "probe": probe.described()},
        "chrono_metrics": metrics,
        "saes": list(saes),
        "routing": routing,
        "controls": found,
        "throughput": dict(throughput),
        "training_config": dict(config),
        "provenance": {**software(), **provenance},
        "warnings": told,
    }
    write_json(folder / REPORT, report)
    return report


def beside(trained: Sequence[Series], untrained: Sequence[Series], settings: AnalysisSettings) -> dict[str, Any]:
    """How much of the last checkpoint's features an untrained model of the same shape has, too.

    Returns:
        `features_found`: share, with its 95 % interval and n, of the latents alive at the last checkpoint that correlate at least `settings.on` with
        some latent of the untrained model; `alive`: latents per autoencoder that can be followed, of both; `explained_variance`, of both.
    """
    last, first = [one.snapshots[-1] for one in trained], [one.snapshots[-1] for one in untrained]
    found = n = 0
    for snapshot in last:
        codes = snapshot.codes[:, alive(snapshot.codes, settings.least, settings.dense)]
        best = np.max([best_correlations(codes, other.codes)[0] for other in first], axis=0)
        found, n = found + int((best >= settings.on).sum()), n + len(best)
    return {
        "features_found": asdict(wilson(found, n)),
        "alive": {
            name: fmean(int(alive(one.codes, settings.least, settings.dense).sum()) for one in snapshots)
            for name, snapshots in (("trained", last), ("untrained", first))
        },
        "explained_variance": {
            name: fmean(one.measures["explained_variance"] for one in snapshots)
            for name, snapshots in (("trained", last), ("untrained", first))
        },
    }
