"""Utility: what unlearning costs on text that has nothing to do with it, in bits per byte."""

import random
from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any

from chronolect.corpus.document import count_documents, read_batches
from chronolect.errors import UserError
from chronolect.models.language_model import LanguageModel
from chronolect.statistics import bootstrap_mean

MOST_CHARS = 20_000  # of a document, from its beginning


def neutral_texts(corpus: Path, *, number: int, seed: int = 0) -> list[str]:
    """A random sample of the documents of a corpus, each cut at 20,000 characters.

    Raises:
        UserError: Where there is no corpus, or nothing in it.
    """
    total = count_documents(corpus)
    chosen = set(random.Random(seed).sample(range(total), min(number, total)))
    texts, place = [], 0
    for batch in read_batches(corpus, ["text"]):
        for text in batch["text"].to_pylist():
            if place in chosen and text.strip():
                texts.append(text[:MOST_CHARS])
            place += 1
    if not texts:
        raise UserError(f"{corpus}: no text in it to measure utility on")
    return texts


def bits_per_byte(model: LanguageModel, texts: Sequence[str]) -> list[float]:
    """Bits that each text costs the model, for each of its UTF-8 bytes."""
    scores = model.text_loglikelihoods(texts)
    return [-score.logprob / log(2) / len(text.encode()) for text, score in zip(texts, scores, strict=True)]


def summarise(
    values: Sequence[float], start: Sequence[float] | None = None, *, resamples: int = 1000, seed: int = 0
) -> dict[str, Any]:
    """Mean bits per byte over documents, and the change from another model on the same ones, each with its bootstrap interval."""
    found: dict[str, Any] = {"bits_per_byte": bootstrap_mean(values, resamples=resamples, seed=seed).as_dict()}
    if start is not None:
        changes = [one - other for one, other in zip(values, start, strict=True)]
        found["change"] = bootstrap_mean(changes, resamples=resamples, seed=seed).as_dict()
    return found
