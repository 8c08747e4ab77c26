"""`eval timebench compare`: do two models differ on the same scenarios, and by how much?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from chronolect.artifacts import read_json
from chronolect.console import say
from chronolect.errors import UserError
from chronolect.evaluation.timebench.descriptive import STRUCTURE_KEY, read_structure
from chronolect.evaluation.timebench.naming import COMPARISON, SCORES, STRUCTURE, beside, model_name, write_published
from chronolect.evaluation.timebench.scores import SCORES_KEY, read_scores
from chronolect.evaluation.timebench.seeds import SEED, check_seed
from chronolect.evaluation.timebench.signed_rank import effect, holm, published_test
from chronolect.report.formats import estimate, number

SCORE = "benchmark_score"
COMPARED = (
    "mean_output_length",
    "percentage_degenerate",
    "mean_number_of_think_blocks",
    "mean_total_reasoning_tokens",
)

Values = Mapping[str, Mapping[str, float]]  # metric -> scenario id -> value


def eval_timebench_compare(
    *, a: Path, b: Path, out: Path | None = None, alpha: float = 0.01, seed: int = SEED
) -> dict[str, Any]:
    """Compare two models scenario by scenario: Wilcoxon's signed-rank test as published, with the size of each difference beside it.

    For each metric the published keys (wilcoxon_statistic, p_value, significant, mode_used) are as TIMEBench's own scripts give them. Further keys
    tell how large the difference is (B less A): the matched-pairs rank-biserial correlation and the Hodges-Lehmann shift with 95 % intervals, the
    p-value from the exact distribution of the ranks, and the p-values corrected for the number of metrics in the file (Holm).

    Args:
        a: Scenario scores or scenario stats of the first model (NAME_output_scenario_scores.json, NAME_output_scenario_stats.json); the other of
            the two is read as well where it lies beside it.
        b: The same of the second model.
        out: File to write to, by default A_vs_B_stat_results.json beside the first; metrics that a file there has already are kept.
        alpha: Level below which a p-value counts as significant in the published key, uncorrected.
        seed: Seed of the bootstrap of the effect sizes.

    Returns:
        a and b (names), pairs, file, metrics (the whole file) and missing (metrics that one of the models lacks).

    Raises:
        UserError: For a missing or broken file, no scenario in common, or an alpha that is no share.
    """
    if not 0 < alpha < 1:
        raise UserError(f"--alpha {alpha}: more than 0 and less than 1")
    check_seed(seed)
    first, second = _values(a), _values(b)
    names = (model_name(a), model_name(b))
    target = out or a.with_name(f"{names[0]}_vs_{names[1]}{COMPARISON}.json")
    metrics = read_comparison(target) if target.exists() else {}
    found: dict[str, tuple[float, float]] = {}
    pairs = 0
    for metric in (SCORE, *COMPARED):
        if metric not in first or metric not in second:
            continue
        scenarios = [scenario for scenario in first[metric] if scenario in second[metric]]
        if not scenarios:
            raise UserError(f"{a} and {b}: no scenario in common; compare two models on the same scenarios")
        alone = len(first[metric].keys() ^ second[metric].keys())
        if alone:
            say(f"{metric}: {alone} scenarios of one model only are left out")
        pairs = max(pairs, len(scenarios))
        left = [first[metric][scenario] for scenario in scenarios]
        right = [second[metric][scenario] for scenario in scenarios]
        test = published_test(left, right)
        metrics[metric] = {
            "wilcoxon_statistic": test.statistic,
            "p_value": test.p_value,
            "significant": test.p_value < alpha,
            "mode_used": test.mode,
            **effect(left, right, seed=seed).as_dict(),
        }
        found[metric] = (fmean(left), fmean(right))
    if not found:
        raise UserError(
            f"{a} and {b}: no metric in common; give the scenario scores of both, or the scenario stats of both"
        )
    corrected = holm({name: block.get("p_value_exact", block["p_value"]) for name, block in metrics.items()})
    for name, p in corrected.items():
        metrics[name]["p_value_holm"] = p
    write_published(target, metrics)
    missing = [metric for metric in (SCORE, *COMPARED) if metric not in found]
    if missing:
        lacking = [name for name, values in zip(names, (first, second), strict=True) if set(missing) - values.keys()]
        say(f"not compared, for want of {' and '.join(lacking)}: {', '.join(missing)}")
    say(f"results in {target}")
    return {
        "a": names[0],
        "b": names[1],
        "pairs": pairs,
        "file": str(target),
        "metrics": metrics,
        "missing": missing,
        "screen": _screen(names, metrics, found),
    }


def read_comparison(path: Path) -> dict[str, dict[str, Any]]:
    """The tests of a file of comparisons by their metrics; a file of another form is a `UserError`."""
    found = read_json(path)
    if not isinstance(found, dict) or not all(
        isinstance(block, dict) and isinstance(block.get("p_value"), int | float) for block in found.values()
    ):
        raise UserError(f"{path}: no file of comparisons, such as chronolect eval timebench compare writes")
    return found


def _values(path: Path) -> Values:
    """All metrics of a model, from a file of scores or of structure and the other one beside it."""
    content = read_json(path)
    known = {SCORES_KEY, STRUCTURE_KEY}
    if not isinstance(content, dict) or not known & content.keys():
        raise UserError(f'{path}: neither scenario scores ("{SCORES_KEY}") nor scenario stats ("{STRUCTURE_KEY}")')
    is_scores = SCORES_KEY in content
    other = beside(path, STRUCTURE if is_scores else SCORES)
    scores, structure = (path, other) if is_scores else (other, path)
    values: dict[str, Mapping[str, float]] = {}
    if scores.is_file():
        values[SCORE] = read_scores(scores)
    if structure.is_file():
        rows = read_structure(structure)
        values |= {metric: {scenario: row[metric] for scenario, row in rows.items()} for metric in COMPARED}
    return values


def _screen(names: Sequence[str], metrics: Mapping[str, Any], means: Mapping[str, tuple[float, float]]) -> str:
    lines = [f"{names[1]} less {names[0]}, paired by scenario, with 95 % intervals"]
    for metric, (left, right) in means.items():
        block = metrics[metric]
        shift = block["hodges_lehmann_shift_interval_95"] or (None, None)
        lines += [
            "",
            f"{metric}  {number(left)} -> {number(right)}  (n = {block['pairs']})",
            f"  Wilcoxon W {block['wilcoxon_statistic']:g}, p {block['p_value']:.3g} ({block['mode_used']}); "
            f"exact p {block['p_value_exact']:.3g}; after Holm {block['p_value_holm']:.3g}",
            f"  rank-biserial {estimate(block['rank_biserial'], *block['rank_biserial_interval_95'])}, "
            f"shift {estimate(block['hodges_lehmann_shift'], *shift)}",
        ]
    return "\n".join(lines)
