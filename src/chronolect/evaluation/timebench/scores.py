"""Scores of the benchmark: of runs 0 or 1, of scenarios the mean of their runs, of categories the mean of their scenarios."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.evaluation.timebench.bootstrap import REPLICATIONS, Resampler, interval_95
from chronolect.evaluation.timebench.records import UNJUDGED
from chronolect.statistics import FloatArray

SCORES_KEY = "accuracy_scenario_scores"


def mean_scores(runs: Iterable[tuple[str, int]]) -> dict[str, float]:
    """Mean score of each scenario over its judged runs, in the order in which the scenarios first come.

    Args:
        runs: Scenario id and score of each run: 0 or 1, or -1 where no judge could tell. A scenario with nothing else is left out.

    >>> mean_scores([("a", 1), ("a", 0), ("b", -1)])
    {'a': 0.5}
    """
    judged = defaultdict[str, list[int]](list)
    for scenario, score in runs:
        if score != UNJUDGED:
            judged[scenario].append(score)
    return {scenario: fmean(scores) for scenario, scores in judged.items()}


def read_scores(path: Path) -> dict[str, float]:
    """Scenario scores from a file of them: {"accuracy_scenario_scores": {scenario id: mean score, 0 to 1}}.

    Raises:
        UserError: For a file of another form, or one without scores.
    """
    scores = read_block(path, SCORES_KEY)
    for number, score in enumerate(scores.values(), 1):
        if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
            raise UserError(f'{path}: score {number} of "{SCORES_KEY}" is {score!r}; each must be a number from 0 to 1')
    return scores


def read_block(path: Path, key: str) -> dict[str, Any]:
    """The object under the one key of a published file; another form is a `UserError`."""
    content = read_json(path)
    block = content.get(key) if isinstance(content, dict) else None
    if not isinstance(block, dict) or not block:
        raise UserError(f'{path}: must be an object with scenarios under "{key}"')
    return block


def accuracy(scores: Mapping[str, float], categories: Mapping[str, str], *, seed: int) -> dict[str, Any]:
    """The block `llm_judge_summary` of a result file: accuracy in percent with 95 % intervals, in all and by category.

    The overall mean is that of the categories' rounded means, weighted by their scenarios. Its interval is stratified: it joins the very resamples
    of which the categories' own intervals were made (TIMEBench, as published).

    Args:
        scores: Mean score of each scenario, 0 to 1.
        categories: Category of each scenario.
        seed: Seed of the resampling.
    """
    strata = defaultdict[str, list[float]](list)
    for scenario, score in scores.items():
        strata[categories[scenario]].append(score)
    resampler = Resampler(seed)
    overall: FloatArray = np.zeros(REPLICATIONS)
    mean = 0.0
    by_category = {}
    for category in sorted(strata):
        values = strata[category]
        weight = len(values) / len(scores)
        means = resampler.means(values)
        observed = round(fmean(values) * 100, 2)
        by_category[category] = _estimate(observed, means, len(values))
        overall += means * weight
        mean += observed * weight
    return {
        "analysis_type": "Accuracy based on mean score per scenario. Overall CI calculated with stratified bootstrap.",
        "confidence_level": 0.95,
        "bootstrap_replications": REPLICATIONS,
        "seed": resampler.state_word,
        "overall_accuracy": _estimate(round(mean, 2), overall, len(scores)),
        "per_category_accuracy": by_category,
    }


def _estimate(percent: float, means: FloatArray, scenarios: int) -> dict[str, Any]:
    return {
        "observed_mean_accuracy_percent": percent,
        "confidence_interval_95_percent": interval_95(means, scale=100),
        "scenarios": scenarios,
    }
