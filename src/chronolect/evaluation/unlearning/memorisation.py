"""How much of the records to be forgotten is still in the weights, whatever the model says when it is asked.

The measures of OpenUnlearning (Dorna et al. 2025, arXiv:2506.12618), on the answer's tokens without the end of the turn. Records of one family are
about the same fact, so that each family counts once, by the mean of its records, and intervals are over families.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import expit

from chronolect.evaluation.unlearning.answer_tokens import AnswerTokens, read_answers
from chronolect.finetuning.records import Record
from chronolect.models.hf import HfModel
from chronolect.statistics import bootstrap_mean
from chronolect.training.choices import MOST_WRONG

ByFamily = dict[str, float]
MEASURES = ("probability", "truth_share", "truth_ratio", "extraction_strength", "exact_memorisation")


def measure_memory(model: HfModel, records: Sequence[Record]) -> dict[str, ByFamily]:
    """Each of `MEASURES` for each family of records.

    Truth share and truth ratio are measured on the records that have wrong answers to compare with (`alternatives`).
    """
    asked: list[tuple[Record, str]] = []
    sizes = []
    for record in records:
        wrong = record.alternatives[:MOST_WRONG]
        asked += [(record, one) for one in (record.truth, *wrong)]
        sizes.append(1 + len(wrong))
    read = iter(read_answers(model, asked))
    values: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in MEASURES}
    for record, size in zip(records, sizes, strict=True):
        truth, *wrong_read = (next(read) for _ in range(size))
        if truth is None:
            continue
        values["probability"][record.family].append(probability(truth))
        values["extraction_strength"][record.family].append(extraction_strength(truth))
        values["exact_memorisation"][record.family].append(exact_memorisation(truth))
        whole = [one for one in wrong_read if one is not None]
        if whole:
            values["truth_share"][record.family].append(truth_share(truth, whole))
            values["truth_ratio"][record.family].append(forget_truth_ratio(truth, whole))
    return {name: {family: float(np.mean(some)) for family, some in found.items()} for name, found in values.items()}


def probability(answer: AnswerTokens) -> float:
    """p(answer | question) to the power of 1 / T: the mean probability per token (geometric)."""
    return float(np.exp(answer.logprobs.mean()))


def truth_share(truth: AnswerTokens, wrong: Sequence[AnswerTokens]) -> float:
    """p(truth) / (p(truth) + p(wrong)), p per token as above and p(wrong) their geometric mean over the wrong answers.

    It is 1 / (1 + R) with the truth ratio R = p(wrong) / p(truth) (Maini et al. 2024, arXiv:2401.06121): 1 where only the truth is known, 0.5
    where the model sees no difference, below where it was taught to avoid the truth.
    """
    return float(expit(-_log_ratio(truth, wrong)))


def forget_truth_ratio(truth: AnswerTokens, wrong: Sequence[AnswerTokens]) -> float:
    """min(R, 1 / R): 1 where truth and wrong answers are equally likely, 0 where either is out of the question."""
    return float(np.exp(-abs(_log_ratio(truth, wrong))))


def extraction_strength(answer: AnswerTokens) -> float:
    """1 - k / T, where k is the fewest tokens of the answer after which greedy decoding gives the rest (Carlini et al. 2021, arXiv:2012.07805).

    0 where even the last token is not the first choice.
    """
    misses = np.flatnonzero(~answer.is_first)
    return 1.0 if len(misses) == 0 else 1 - (int(misses[-1]) + 1) / len(answer.is_first)


def exact_memorisation(answer: AnswerTokens) -> float:
    """Share of the tokens that are the first choice after the true ones before them (Tirumala et al. 2022, arXiv:2205.10770)."""
    return float(answer.is_first.mean())


def summarise(found: Mapping[str, ByFamily], *, resamples: int = 1000, seed: int = 0) -> dict[str, Any]:
    """Means over families with their bootstrap intervals."""
    return {
        name: bootstrap_mean(list(values.values()), resamples=resamples, seed=seed).as_dict()
        for name, values in found.items()
    }


def _log_ratio(truth: AnswerTokens, wrong: Sequence[AnswerTokens]) -> float:
    """log R."""
    return float(np.mean([one.logprobs.mean() for one in wrong]) - truth.logprobs.mean())
