"""Membership attacks, by hand and against the published formulas."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest

from chronolect.errors import UserError
from chronolect.evaluation.unlearning.answer_tokens import AnswerTokens
from chronolect.evaluation.unlearning.membership import (
    ATTACKS,
    auc,
    loss,
    measure_membership,
    min_k,
    min_k_plus_plus,
    summarise,
    unseen_records,
    zlib_ratio,
)
from chronolect.finetuning.records import read_records
from chronolect.models.hf import HfModel


def answer(logits: np.ndarray, labels: list[int], text: str = "an answer") -> AnswerTokens:
    """The tokens of an answer from logits [T, V], by plain formulas."""
    rows = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    means = (np.exp(rows) * rows).sum(-1)
    spreads = np.sqrt((np.exp(rows) * rows**2).sum(-1) - means**2)
    return AnswerTokens(text, rows[np.arange(len(labels)), labels], rows.argmax(-1) == labels, means, spreads)


def test_scores_are_the_published_ones_with_the_sign_turned() -> None:
    draw = np.random.default_rng(0)
    for length in (1, 4, 5, 11):
        logits = draw.normal(0, 2, (length, 7))
        labels = draw.integers(0, 7, length).tolist()
        found = answer(logits, labels, "Neil Armstrong.")
        # OpenUnlearning: scores are losses, so that they are lower for members
        vocabulary = np.log(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))
        chosen = vocabulary[np.arange(length), labels]
        count = max(1, int(length * 0.2))
        assert -loss(found) == pytest.approx(-chosen.mean())
        assert -zlib_ratio(found) == pytest.approx(-chosen.mean() / len(zlib.compress(b"Neil Armstrong.")))
        assert -min_k(found) == pytest.approx(-np.mean(sorted(chosen)[:count]))
        mu = (np.exp(vocabulary) * vocabulary).sum(-1)
        sigma = (np.exp(vocabulary) * np.square(vocabulary)).sum(-1) - np.square(mu)
        scores = (chosen - mu) / np.sqrt(np.clip(sigma, 1e-6, None))
        assert -min_k_plus_plus(found) == pytest.approx(-np.mean(sorted(scores)[:count]))


def test_auc_by_hand() -> None:
    assert auc([3.0, 2.0], [1.0, 0.0]) == 1.0
    assert auc([0.0, 1.0], [2.0, 3.0]) == 0.0
    assert auc([1.0], [1.0]) == 0.5
    assert auc([3.0, 1.0], [2.0, 1.0]) == (1 + 1 + 0 + 0.5) / 4


def scores(members: np.ndarray, others: np.ndarray) -> dict[str, dict[str, dict[str, float]]]:
    return {
        name: {attack: {str(place): float(value) for place, value in enumerate(values)} for attack in ATTACKS}
        for name, values in (("forget", members), ("unseen", others))
    }


def test_gap_to_the_reference_is_on_the_same_families() -> None:
    draw = np.random.default_rng(2)
    others = draw.normal(0, 1, 60)
    never, knows = scores(draw.normal(0, 1, 80), others), scores(draw.normal(3, 1, 80), others)
    itself = summarise(never, never)["loss"]
    assert itself["gap"] == {"value": 0.0, "low": 0.0, "high": 0.0}
    assert itself["privleak"] == 0.0
    found = summarise(knows, never)["min_k"]
    assert found["low"] < found["auc"] < found["high"]
    assert found["auc"] == pytest.approx(auc(list(knows["forget"]["loss"].values()), others.tolist()))
    assert found["n"] == [80, 60]
    assert found["gap"]["low"] > 0.2
    # MUSE: (score - ref) / ref in percent, the scores being 1 - AUC
    score, ref = 1 - found["auc"], 1 - itself["auc"]
    assert found["privleak"] == pytest.approx((score - ref) / ref * 100)
    assert "gap" not in summarise(knows)["loss"]
    short = scores(np.asarray(list(never["forget"]["loss"].values()))[:50], others)  # its context held fewer of them
    assert summarise(knows, short)["loss"]["n"] == [50, 60]
    assert summarise(scores(np.array([]), others))["loss"] == {"auc": None, "low": None, "high": None, "n": [0, 60]}


def test_unseen_records_share_no_fact_with_the_data(data_folder: Path, tmp_path: Path) -> None:
    known = read_records(data_folder / "unlearn" / "unlearn_val.jsonl")[0]
    rows = []
    for number in range(5):
        metadata = {"dataset_type": "unlearn", "answer": "X", "family": f"new-{number}", "original_answer": "X."}
        rows.append({"instruction": f"Who did {number}?", "output": "Nobody.", "metadata": metadata})
    # of a family that the data has, and of one that shares an article with it
    rows.append({**rows[0], "metadata": {**rows[0]["metadata"], "family": known.family}})
    rows.append({**rows[0], "metadata": {**rows[0]["metadata"], "family": "new-4", "source_article_id": known.family}})
    file = tmp_path / "unseen.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = unseen_records(file, data_folder, limit=None, seed=0)
    assert {record.family for record in found} == {"new-0", "new-1", "new-2", "new-3"}
    assert len(unseen_records(file, data_folder, limit=2, seed=0)) == 2
    with pytest.raises(UserError, match=r"no record after the cutoff whose fact is not in"):
        unseen_records(data_folder, data_folder, limit=None, seed=0)


def test_every_attack_scores_every_family(data_folder: Path, model_folder: Path) -> None:
    model = HfModel(model_folder, chat_template="question")
    forget, unseen = (read_records(data_folder / side / f"{side}_val.jsonl") for side in ("unlearn", "retain"))
    found = measure_membership(model, forget, unseen)
    for name, records in (("forget", forget), ("unseen", unseen)):
        assert set(found[name]) == set(ATTACKS)
        assert all(set(values) == {record.family for record in records} for values in found[name].values())
