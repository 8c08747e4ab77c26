"""The result file's account of structure: all replies described, and means of scenarios with intervals."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median
from typing import Any

from chronolect.errors import UserError
from chronolect.evaluation.timebench.bootstrap import REPLICATIONS, Resampler, interval_95
from chronolect.evaluation.timebench.scores import read_block
from chronolect.evaluation.timebench.structure import Structure, block_positions, percentage

STRUCTURE_KEY = "structural_scenario_stats"
METRICS = (  # in the order in which they draw from the stream
    "mean_output_length",
    "mean_non_reasoning_length",
    "percentage_with_heavy_markdown",
    "percentage_with_light_markdown",
    "percentage_degenerate",
    "percentage_malformed",
    "percentage_infinite_repetitions",
    "percentage_with_reasoning_leakage",
    "percentage_with_formatting_leakage",
    "percentage_with_think_blocks",
    "mean_number_of_think_blocks",
    "mean_total_reasoning_tokens",
    "mean_reasoning_token_percentage",
)


def read_structure(path: Path) -> dict[str, dict[str, Any]]:
    """Structure of each scenario from a file of it: {"structural_scenario_stats": {scenario id: {metric: mean}}}.

    Raises:
        UserError: For a file of another form, or a metric that is missing or no number.
    """
    block = read_block(path, STRUCTURE_KEY)
    for number, metrics in enumerate(block.values(), 1):
        for name in METRICS:
            value = metrics.get(name) if isinstance(metrics, dict) else None
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise UserError(f'{path}: scenario {number} has no number under "{name}"')
    return block


def bootstrap_structure(scenarios: Iterable[Mapping[str, Any]], *, seed: int) -> dict[str, Any]:
    """The block `bootstrapped_stats`: mean of the scenarios with its 95 % interval, for each metric.

    Args:
        scenarios: Metrics of each scenario.
        seed: Seed of the resampling, which starts afresh, whatever was drawn for the scores.
    """
    rows = list(scenarios)
    resampler = Resampler(seed)
    stats = {}
    for name in METRICS:
        values = [row[name] for row in rows]
        stats[name] = {
            "observed_mean": round(fmean(values), 2),
            "confidence_interval_95_percent": interval_95(resampler.means(values)),
        }
    return {
        "analysis_type": "Metrics aggregated per-scenario, with CIs on the mean of those aggregates.",
        "replications": REPLICATIONS,
        "seed": seed,
        "stats": stats,
    }


def describe(runs: Sequence[Structure]) -> dict[str, Any]:
    """The block `descriptive_stats`: all replies together, without intervals. Percentages are of the replies, where nothing else is said."""
    bleeding = [run for run in runs if run.bleeding]
    return {
        "output_length_stats": _spread([run.output_length for run in runs]),
        "non_reasoning_output_length_stats": _spread([run.other_tokens for run in runs]),
        "markdown_usage_stats": {
            "percentage_of_runs_with_any_markdown": _percent(runs, lambda run: bool(run.heavy or run.light)),
            "percentage_with_heavy_markdown": _percent(runs, lambda run: bool(run.heavy)),
            "percentage_with_light_markdown": _percent(runs, lambda run: bool(run.light)),
            "usage_by_type_percentage": {
                "heavy": _shares([run.heavy for run in runs]),
                "light": _shares([run.light for run in runs]),
            },
        },
        "reasoning_stats": {
            "number_of_think_blocks_per_run": _spread([len(run.block_tokens) for run in runs]),
            "reasoning_tokens_per_run": _spread([run.reasoning_tokens for run in runs]),
            "reasoning_tokens_per_think_block": _spread([tokens for run in runs for tokens in run.block_tokens]),
        },
        "structural_stats": {
            "percentage_of_runs_with_think_blocks": _percent(runs, lambda run: bool(run.block_tokens)),
            "think_block_positioning_percentage": {
                name: round(share, 2) for name, share in block_positions(runs).items()
            },
            "percentage_of_runs_with_degenerate_structure": _percent(runs, lambda run: run.is_degenerate),
            "degenerate_structure_breakdown": {
                "malformed_blocks_percent": _percent(runs, lambda run: run.is_malformed),
                "infinite_repetitions_percent": _percent(runs, lambda run: run.has_loop),
                "reasoning_leakage_percent": _percent(runs, lambda run: run.has_leak),
                "formatting_leakage_percent": _percent(runs, lambda run: bool(run.bleeding)),
                "formatting_leakage_by_type": _shares([run.bleeding for run in bleeding]),  # of the runs that leak
            },
        },
    }


def _spread(values: Sequence[int]) -> dict[str, float]:
    if not values:
        return {"min": 0, "max": 0, "mean": 0, "median": 0}
    return {"min": min(values), "max": max(values), "mean": round(fmean(values), 2), "median": round(median(values))}


def _percent(runs: Sequence[Structure], has: Callable[[Structure], bool]) -> float:
    return round(percentage([has(run) for run in runs]), 2)


def _shares(kinds: Sequence[Sequence[str]]) -> dict[str, float]:
    """Percentage of the replies that have each kind, in the order in which the kinds first come."""
    counts = Counter(kind for found in kinds for kind in found)
    return {kind: round(count / len(kinds) * 100, 2) for kind, count in counts.items()}
