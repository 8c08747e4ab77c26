"""Results of several models side by side: the rows of a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.evaluation.timebench.compare import SCORE
from chronolect.evaluation.timebench.naming import model_name

METRICS = {  # in the order of the published table
    "mean_output_length": "Mean Total Output Tokens per Run",
    "mean_total_reasoning_tokens": "Mean Total Thinking Tokens per Run",
    "mean_number_of_think_blocks": "Mean Number of Think Blocks per Run",
    "percentage_with_think_blocks": "Percentage with Think Blocks",
    "percentage_with_heavy_markdown": "Percentage with Heavy Markdown",
    "percentage_with_light_markdown": "Percentage with Light Markdown",
    "percentage_degenerate": "Percentage with Any Degeneracy",
    "percentage_malformed": "Percentage with Malformed Outputs",
    "percentage_infinite_repetitions": "Percentage with Infinite Repetitions",
    "percentage_with_reasoning_leakage": "Percentage with Reasoning Leakage",
    "percentage_with_formatting_leakage": "Percentage with Formatting Leakage",
}


_SMALLEST_P = 1e-8


@dataclass(frozen=True)
class Estimate:
    """A mean over scenarios with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.2f} ({self.low:.2f}–{self.high:.2f})"


@dataclass(frozen=True)
class Results:
    """The results of one model.

    Attributes:
        name: The model, as the table heads its column.
        score: Accuracy in percent; None where no run was judged.
        categories: The same by category.
        metrics: Structure; empty where nothing is known of it.
        positions: Share of the think blocks at the beginning, in between and at the end, in percent; empty where unknown or there is none.
        scenarios: Number of scenarios with a score.
    """

    name: str
    score: Estimate | None
    categories: Mapping[str, Estimate]
    metrics: Mapping[str, Estimate]
    positions: Mapping[str, float]
    scenarios: int


@dataclass(frozen=True)
class Row:
    """A line of the table: a statistic, its value for each model, and the p-value of the comparison where there is one."""

    title: str
    values: tuple[Estimate | None, ...]
    p_value: float | None


def read_results(path: Path) -> Results:
    """Read a result file.

    Raises:
        UserError: For a file of another form.
    """
    content = read_json(path)
    try:
        summary = content.get("llm_judge_summary")
        structure = content.get("advanced_structural_stats", {})
        score = _accuracy(summary["overall_accuracy"]) if summary else None
        categories = (
            {name: _accuracy(block) for name, block in summary["per_category_accuracy"].items()} if summary else {}
        )
        stats = structure["bootstrapped_stats"]["stats"] if structure else {}
        metrics = {name: _estimate(block["observed_mean"], block) for name, block in stats.items()}
        described = structure.get("descriptive_stats", {}).get("structural_stats", {})
        positions = {
            name: float(share) for name, share in described.get("think_block_positioning_percentage", {}).items()
        }
        scenarios = int(summary["overall_accuracy"]["scenarios"]) if summary else 0
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UserError(f"{path}: no result file, such as chronolect eval timebench stats writes ({error})") from None
    if score is None and not metrics:
        raise UserError(f"{path}: no results in it")
    name = model_name(path).replace("_", " ").replace("-", " ")
    return Results(name, score, categories, metrics, positions, scenarios)


def table_rows(models: Sequence[Results], tests: Mapping[str, Mapping[str, Any]]) -> list[Row]:
    """The rows: score, categories in the order of the alphabet, structure. What no model has is left out.

    Args:
        models: Results, one for each column.
        tests: Comparison of two of them by metric.
    """
    rows = [Row("Benchmark Score", tuple(model.score for model in models), _p_value(tests, SCORE))]
    for category in sorted({category for model in models for category in model.categories}):
        rows.append(Row(category, tuple(model.categories.get(category) for model in models), None))
    for metric, title in METRICS.items():
        rows.append(Row(title, tuple(model.metrics.get(metric) for model in models), _p_value(tests, metric)))
    return [row for row in rows if any(row.values)]


def write_p(value: float) -> str:
    """A p-value as in the published table.

    >>> write_p(0.00038), write_p(0.0)
    ('3.8e-04', '<1e-08')
    """
    return f"<{_SMALLEST_P:.0e}" if value < _SMALLEST_P else f"{value:.1e}"


def _accuracy(block: Mapping[str, Any]) -> Estimate:
    return _estimate(block["observed_mean_accuracy_percent"], block)


def _estimate(mean: float, block: Mapping[str, Any]) -> Estimate:
    low, high = block["confidence_interval_95_percent"]
    return Estimate(float(mean), float(low), float(high))


def _p_value(tests: Mapping[str, Mapping[str, Any]], metric: str) -> float | None:
    return float(tests[metric]["p_value"]) if metric in tests else None
