import random

import numpy as np
import pytest

from chronolect.corpus.quality import minhash
from chronolect.corpus.quality.minhash import PERMUTATIONS, band_keys, choose_bands, signatures, similarity
from chronolect.corpus.quality.words import ngram_hashes, word_hashes


def jaccard(a: str, b: str, n: int = 5) -> float:
    first, second = (set(ngram_hashes(word_hashes([text])[0], n).tolist()) for text in (a, b))
    return len(first & second) / len(first | second)


def edited(draw: random.Random, text: str, edits: int) -> str:
    words = text.split()
    for _ in range(edits):
        words[draw.randrange(len(words))] = f"new{draw.random()}"
    return " ".join(words)


def some_text(draw: random.Random, words: int) -> str:
    return " ".join(f"w{draw.randrange(5000)}" for _ in range(words))


def test_similarity_estimates_jaccard_without_bias():
    draw = random.Random(0)
    errors = []
    for _ in range(200):
        text = some_text(draw, 200)
        other = edited(draw, text, draw.randrange(12))
        pair = signatures([text, other], 5)
        errors.append(float(similarity(pair[0], pair[1])) - jaccard(text, other))
    assert abs(np.mean(errors)) < 0.01
    assert np.std(errors) < 0.05  # the theory says at most 0.5 / sqrt(128) = 0.044


def test_signature_does_not_depend_on_neighbours_or_blocks(monkeypatch):
    draw = random.Random(1)
    texts = [some_text(draw, draw.choice([3, 50, 3000])) for _ in range(20)] + ["", "?!"]
    together = signatures(texts, 5)
    assert all((signatures([text], 5)[0] == own).all() for text, own in zip(texts, together, strict=True))
    monkeypatch.setattr(minhash, "_BLOCK", 64)
    assert (signatures(texts, 5) == together).all()
    assert (together[-2:] == np.iinfo(np.uint32).max).all(), "no words, no n-grams"


@pytest.mark.parametrize("threshold", [0.5, 0.7, 0.8, 0.9, 1.0])
def test_bands_find_what_is_alike_and_little_else(threshold):
    bands, rows = choose_bands(threshold)
    assert bands * rows <= PERMUTATIONS
    assert 1 - (1 - threshold**rows) ** bands >= 0.98
    assert 1 - (1 - (threshold / 2) ** rows) ** bands < 0.5


def test_band_keys_are_equal_where_the_rows_are():
    found = np.arange(2 * PERMUTATIONS, dtype=np.uint32).reshape(2, PERMUTATIONS)
    found[1, :21] = found[0, :21]
    keys = band_keys(found, 18, 7)
    same = [{int(key) for key in own} for own in keys]
    assert len(same[0]) == 18
    shared = [i for i in range(18) if keys[0, i] == keys[1, i]]
    rows_of = [set(range(i * 7, i * 7 + 7)) for i in range(18)]
    assert shared == [i for i in range(18) if all(found[0, row] == found[1, row] for row in rows_of[i])] == [0, 1, 2]
