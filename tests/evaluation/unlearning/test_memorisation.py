"""Memorisation, by hand and against the published formulas."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from chronolect.evaluation.unlearning.answer_tokens import AnswerTokens
from chronolect.evaluation.unlearning.memorisation import (
    MEASURES,
    exact_memorisation,
    extraction_strength,
    forget_truth_ratio,
    measure_memory,
    probability,
    summarise,
    truth_share,
)
from chronolect.evaluation.unlearning.reference import forget_quality
from chronolect.finetuning.records import read_records
from chronolect.models.hf import HfModel


def tokens(logprobs: list[float], first: list[bool] | None = None, text: str = "an answer") -> AnswerTokens:
    count = len(logprobs)
    return AnswerTokens(
        text, np.array(logprobs), np.array(first or [True] * count), np.full(count, -2.0), np.full(count, 1.0)
    )


def test_probability_is_the_geometric_mean_per_token() -> None:
    assert probability(tokens([math.log(0.5), math.log(0.125)])) == pytest.approx(0.25)


def test_truth_share_and_ratio_by_hand() -> None:
    truth = tokens([math.log(0.6)])
    wrong = [tokens([math.log(0.4)]), tokens([math.log(0.1), math.log(0.1)])]  # geometric mean 0.2
    assert truth_share(truth, wrong) == pytest.approx(0.6 / 0.8)
    assert forget_truth_ratio(truth, wrong) == pytest.approx(1 / 3)
    assert forget_truth_ratio(wrong[0], [truth]) == pytest.approx(2 / 3)  # likelier wrong answers count the same
    assert truth_share(tokens([-900.0]), [tokens([-1.0])]) == 0.0


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ([True, True, True, True], 1.0),
        ([False, True, True, True], 0.75),
        ([True, True, False, True], 0.25),  # what was right before a miss had to be given
        ([True, True, True, False], 0.0),
    ],
)
def test_extraction_strength_by_hand(first: list[bool], expected: float) -> None:
    assert extraction_strength(tokens([-1.0] * 4, first)) == expected


def test_exact_memorisation_is_a_share_of_tokens() -> None:
    assert exact_memorisation(tokens([-1.0] * 4, [True, False, True, True])) == 0.75


def published_extraction_strength(predictions: torch.Tensor, labels: torch.Tensor) -> float:
    """As OpenUnlearning computes it: the first k whose rest is predicted, tried one by one, k at most the last token."""
    length = len(labels)
    k = 0
    while k < length - 1 and not torch.equal(predictions[k:], labels[k:]):
        k += 1
    return 1 - k / length


def test_extraction_strength_is_the_published_one_but_for_a_missed_last_token() -> None:
    draw = np.random.default_rng(0)
    for _ in range(200):
        labels = torch.from_numpy(draw.integers(0, 3, draw.integers(1, 9)))
        predictions = torch.from_numpy(draw.integers(0, 3, len(labels)))
        first = (predictions == labels).tolist()
        ours = extraction_strength(tokens([-1.0] * len(first), first))
        # there a lone last token counts as extracted even where it is wrong; here it does not
        assert ours == pytest.approx(published_extraction_strength(predictions, labels) if first[-1] else 0.0)


def test_truth_ratio_and_forget_quality_are_the_published_ones() -> None:
    draw = np.random.default_rng(1)
    losses = {name: (draw.uniform(0.1, 4, 40), draw.uniform(0.1, 4, (40, 3))) for name in ("model", "reference")}
    shares, ratios = {}, {}
    for name, (correct, wrong) in losses.items():
        pairs = [(tokens([-one]), [tokens([-x]) for x in some]) for one, some in zip(correct, wrong, strict=True)]
        shares[name] = {str(place): truth_share(*pair) for place, pair in enumerate(pairs)}
        # OpenUnlearning: exp(-mean loss of the wrong ones) / (exp(-loss of the truth) + 1e-10)
        ratios[name] = np.exp(-wrong.mean(axis=1)) / (np.exp(-correct) + 1e-10)
        closer_to_one = np.minimum(ratios[name], 1 / (ratios[name] + 1e-10)).mean()
        assert np.mean([forget_truth_ratio(*pair) for pair in pairs]) == pytest.approx(closer_to_one)
    published = stats.ks_2samp(1 / (ratios["model"] + 1e-10), 1 / (ratios["reference"] + 1e-10))
    found = forget_quality(shares["model"], shares["reference"])
    assert found["p"] == pytest.approx(published.pvalue)
    assert found["statistic"] == pytest.approx(published.statistic)
    assert found["n"] == [40, 40]


def test_forget_quality_of_the_same_and_of_another() -> None:
    same = {str(number): number / 50 for number in range(50)}
    known = {str(number): 0.99 for number in range(50)}
    assert forget_quality(same, same)["p"] == pytest.approx(1.0)
    found = forget_quality(known, same)
    assert found["p"] < 1e-6
    assert found["shift"] == pytest.approx(0.5)
    assert forget_quality({}, same)["p"] is None


def test_families_count_once(data_folder: Path, model_folder: Path) -> None:
    model = HfModel(model_folder, chat_template="question")
    records = read_records(data_folder / "unlearn" / "unlearn_val.jsonl")
    found = measure_memory(model, records)
    assert set(found) == set(MEASURES)
    assert all(set(values) == {record.family for record in records} for values in found.values())
    alone = [measure_memory(model, [record])["probability"][record.family] for record in records[:2]]
    assert found["probability"][records[0].family] == pytest.approx(np.mean(alone), rel=1e-4)
    assert summarise(found)["probability"]["n"] == len(records) / 2
