"""Membership: can somebody who holds the weights tell what was to be forgotten from comparable facts that no model has read?

Each attack gives an answer a score that is higher for what was trained on; how well it tells the two apart is the area under its ROC curve (AUC):
1 always, 0.5 not at all; below 0.5 forgetting itself has left a mark.
"""

import zlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chronolect.errors import UserError
from chronolect.evaluation.temporal.metrics import SIDES
from chronolect.evaluation.temporal.questions import RecordFile, choose_questions
from chronolect.evaluation.unlearning.answer_tokens import AnswerTokens, FloatArray, read_answers
from chronolect.evaluation.unlearning.memorisation import ByFamily
from chronolect.evaluation.unlearning.open_answers import SPLITS, fact_names
from chronolect.finetuning.records import Layout, Record, iterate_records
from chronolect.models.hf import HfModel

SHARE = 0.2  # of the tokens that Min-K looks at
_LEAST_SPREAD = 1e-3  # where the distribution is one token


def loss(answer: AnswerTokens) -> float:
    """Mean log p per token (Yeom et al. 2018, arXiv:1709.01604)."""
    return float(answer.logprobs.mean())


def zlib_ratio(answer: AnswerTokens) -> float:
    """Mean log p per token over the bytes that zlib makes of the text (Carlini et al. 2021, arXiv:2012.07805)."""
    return loss(answer) / len(zlib.compress(answer.text.encode()))


def min_k(answer: AnswerTokens) -> float:
    """Mean log p of the least likely fifth of the tokens, at least one (Shi et al. 2024, arXiv:2310.16789)."""
    return _lowest(answer.logprobs)


def min_k_plus_plus(answer: AnswerTokens) -> float:
    """Min-K on log p in standard deviations above its mean under the model's own distribution (Zhang et al. 2025, arXiv:2404.02936)."""
    return _lowest((answer.logprobs - answer.means) / np.maximum(answer.spreads, _LEAST_SPREAD))


ATTACKS: Mapping[str, Callable[[AnswerTokens], float]] = {
    "loss": loss,
    "zlib": zlib_ratio,
    "min_k": min_k,
    "min_k++": min_k_plus_plus,
}


def unseen_records(path: Path, data: Path, *, limit: int | None, seed: int) -> list[Record]:
    """Records of the unlearn side whose families are in no file of the data folder.

    Args:
        path: A file of records, or a folder as `data qa` writes it.
        data: The folder that the models were trained with.
        limit: How many to draw at random.
        seed: Of the draw.

    Raises:
        UserError: For a missing file, or where no such record is left.
    """
    layout, theirs = Layout(data), Layout(path)
    sources = [theirs.file("unlearn", split) for split in SPLITS] if path.is_dir() else [path]
    known = {
        name
        for side in SIDES
        for split in SPLITS
        for record in iterate_records(layout.file(side, split), side=side)
        for name in fact_names(record)
    }
    if layout.dev.is_file():
        known |= {name for record in iterate_records(layout.dev) for name in fact_names(record)}
    every = choose_questions([RecordFile(file, "unlearn") for file in sources])
    related = {record.family for record in every if fact_names(record) & known}
    fresh = [record for record in every if record.side == "unlearn" and record.family not in related]
    if not fresh:
        raise UserError(f"--unseen {path}: no record after the cutoff whose fact is not in {data}, too")
    if limit is None or limit >= len(fresh):
        return fresh
    return [fresh[place] for place in sorted(np.random.default_rng(seed).permutation(len(fresh))[:limit])]


def measure_membership(
    model: HfModel, forget: Sequence[Record], unseen: Sequence[Record]
) -> dict[str, dict[str, ByFamily]]:
    """For `forget` and `unseen` the mean score of each family under each attack."""
    found = {}
    for name, records in (("forget", forget), ("unseen", unseen)):
        values: dict[str, dict[str, list[float]]] = {attack: defaultdict(list) for attack in ATTACKS}
        answers = read_answers(model, [(record, record.truth) for record in records])
        for record, answer in zip(records, answers, strict=True):
            if answer is not None:
                for attack, score in ATTACKS.items():
                    values[attack][record.family].append(score(answer))
        found[name] = {
            attack: {family: float(np.mean(some)) for family, some in scores.items()}
            for attack, scores in values.items()
        }
    return found


def auc(members: Sequence[float], others: Sequence[float]) -> float:
    """Chance that a member scores above another, ties counted half (Mann and Whitney 1947).

    >>> auc([3.0, 1.0], [2.0, 1.0])
    0.625
    """
    return float(_above(members, others).mean())


def summarise(
    scores: Mapping[str, Mapping[str, ByFamily]],
    reference: Mapping[str, Mapping[str, ByFamily]] | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Any]:
    """AUC of each attack with its bootstrap interval over families; with a reference the gap to it.

    Args:
        scores: From `measure_membership`.
        reference: The same of a model that never read either: what its AUC differs from 0.5, the two sets differ by themselves.
        resamples: Bootstrap samples.
        seed: Of those.

    Returns:
        By attack `auc`, `low`, `high` (None where a set is empty), `n` of both sets; with a reference `gap` (AUC minus the reference's, same
        families) and MUSE's `privleak` (Shi et al. 2024, arXiv:2407.06460): the change of 1 - AUC in percent of the reference's, below 0 where
        the model still knows its own, above 0 where forgetting overshot.
    """
    found: dict[str, Any] = {}
    for attack in ATTACKS:
        mine = [scores[name][attack] for name in ("forget", "unseen")]
        there = mine if reference is None else [reference[name][attack] for name in ("forget", "unseen")]
        # a reference with a shorter context has not scored every family
        members, others = ([one for one in some if one in known] for some, known in zip(mine, there, strict=True))
        table, theirs = (
            _above([forget[one] for one in members], [unseen[one] for one in others])
            for forget, unseen in (mine, there)
        )
        found[attack] = _with_intervals(table, None if reference is None else theirs, resamples, seed)
    return found


def _with_intervals(table: FloatArray, theirs: FloatArray | None, resamples: int, seed: int) -> dict[str, Any]:
    rows, columns = table.shape
    if not rows or not columns:
        return {"auc": None, "low": None, "high": None, "n": [rows, columns]}
    draw = np.random.default_rng(seed)
    left = draw.multinomial(rows, np.full(rows, 1 / rows), size=resamples) / rows
    right = draw.multinomial(columns, np.full(columns, 1 / columns), size=resamples) / columns
    drawn = ((left @ table) * right).sum(axis=1)
    low, high = map(float, np.quantile(drawn, [0.025, 0.975]))
    found: dict[str, Any] = {"auc": float(table.mean()), "low": low, "high": high, "n": [rows, columns]}
    if theirs is not None:
        gap = table.mean() - theirs.mean()
        gaps = ((left @ (table - theirs)) * right).sum(axis=1)
        low, high = map(float, np.quantile(gaps, [0.025, 0.975]))
        found["gap"] = {"value": float(gap), "low": low, "high": high}
        found["privleak"] = float(-100 * gap / (1 - theirs.mean())) if theirs.mean() < 1 else None
    return found


def _above(members: Sequence[float], others: Sequence[float]) -> FloatArray:
    """[members, others]: 1 where the member scores higher, 0.5 for a tie."""
    mine, theirs = np.asarray(members)[:, None], np.asarray(others)[None, :]
    return (mine > theirs) + 0.5 * (mine == theirs)


def _lowest(values: FloatArray) -> float:
    """Mean of the lowest fifth, at least one."""
    return float(np.sort(values)[: max(1, int(len(values) * SHARE))].mean())
