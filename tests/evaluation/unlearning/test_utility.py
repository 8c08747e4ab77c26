"""Bits per byte of neutral text, and what changed on the same texts."""

from math import log
from pathlib import Path

import pytest

from chronolect.corpus import CorpusWriter, Document
from chronolect.errors import UserError
from chronolect.evaluation.unlearning.utility import MOST_CHARS, bits_per_byte, neutral_texts, summarise
from chronolect.models.dummy import DummyModel


def test_bits_per_byte_counts_bytes_not_characters() -> None:
    model = DummyModel()
    (score,) = model.text_loglikelihoods(["über"])
    assert bits_per_byte(model, ["über"]) == [pytest.approx(-score.logprob / log(2) / 5)]


def test_change_is_of_the_same_texts() -> None:
    found = summarise([1.0, 2.0, 3.0], [0.5, 1.5, 2.5])
    assert found["bits_per_byte"]["value"] == pytest.approx(2.0)
    assert found["change"] == {"value": 0.5, "low": 0.5, "high": 0.5, "n": 3}
    assert "change" not in summarise([1.0])


def test_a_seeded_sample_of_the_corpus(tmp_path: Path) -> None:
    with CorpusWriter(tmp_path / "corpus") as writer:
        for number in range(50):
            writer.write(Document(id=str(number), text=f"Text {number}." if number else "a" * (MOST_CHARS + 5)))
    some = neutral_texts(tmp_path / "corpus", number=10, seed=1)
    assert len(set(some)) == 10
    assert some == neutral_texts(tmp_path / "corpus", number=10, seed=1)
    assert some != neutral_texts(tmp_path / "corpus", number=10, seed=2)
    every = neutral_texts(tmp_path / "corpus", number=1000)
    assert len(every) == 50
    assert len(every[0]) == MOST_CHARS


def test_no_corpus_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere"):
        neutral_texts(tmp_path / "nowhere", number=3)
