import numpy as np
import pytest
import scipy.sparse

from chronolect.errors import UserError
from chronolect.formation.analysis import matching
from chronolect.formation.analysis.matching import (
    alive,
    best_correlations,
    correlations,
    decoder_cosines,
    match,
    matched_cosine,
    nearest,
    weighted_jaccard,
)


def _codes(tokens: int, latents: int, *, seed: int, rate: float = 0.05) -> scipy.sparse.csr_matrix:
    random = np.random.default_rng(seed)
    values = (random.random((tokens, latents)) < rate) * random.gamma(2.0, 1.0, (tokens, latents))
    return scipy.sparse.csr_matrix(values.astype(np.float32))


def test_correlations_are_those_of_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = _codes(2000, 37, seed=0).toarray(), _codes(2000, 23, seed=1).toarray()
    second[:, 3] += first[:, 5] * 2
    first[:, 7] = 0
    a, b = scipy.sparse.csr_matrix(first), scipy.sparse.csr_matrix(second)
    with np.errstate(invalid="ignore", divide="ignore"):
        dense = np.corrcoef(first.T, second.T)[:37, 37:]
    expected = np.nan_to_num(dense)
    assert expected.max() > 0.5
    assert correlations(a, b) == pytest.approx(expected, abs=1e-6)
    assert not correlations(a, b)[7].any()  # never varies
    monkeypatch.setattr(matching, "_ROWS", 5)
    assert correlations(a, b) == pytest.approx(expected, abs=1e-6)


def test_the_best_of_each_latent_and_for_each_of_the_others() -> None:
    a, b = _codes(1000, 20, seed=0), _codes(1000, 30, seed=1)
    full = correlations(a, b)
    best, which, back = best_correlations(a, b)
    assert (best == full.max(axis=1)).all()
    assert (which == full.argmax(axis=1)).all()
    assert back == pytest.approx(np.maximum(full.max(axis=0), 0))


def test_codes_of_other_tokens_are_refused() -> None:
    with pytest.raises(UserError, match="codes of 100 and of 90 tokens cannot be compared"):
        correlations(_codes(100, 4, seed=0), _codes(90, 4, seed=0))


def test_weighted_jaccard_by_hand() -> None:
    a = scipy.sparse.csr_matrix(np.array([[2.0, 0], [1, 0], [0, 0], [0, 0]], dtype=np.float32))
    b = scipy.sparse.csr_matrix(np.array([[3.0, 0], [0, 0], [3, 1], [0, 0]], dtype=np.float32))
    # of height one: (1, .5, 0, 0) and (1, 0, 1, 0): 1 / (1 + .5 + 1)
    assert weighted_jaccard(a, b) == pytest.approx(np.array([[0.4, 0], [0, 0]]))
    assert weighted_jaccard(a, a)[0, 0] == pytest.approx(1)


def test_alive_by_number_and_share_of_firings() -> None:
    fired = np.zeros((1000, 4), dtype=np.float32)
    for latent, firings in enumerate((49, 50, 99, 100)):
        fired[:firings, latent] = 1
    assert alive(scipy.sparse.csr_matrix(fired)).tolist() == [False, True, True, False]


@pytest.mark.parametrize("large", [False, True])
def test_the_assignment_is_one_to_one_and_not_greedy(large: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if large:
        monkeypatch.setattr(matching, "LARGE", 1)
    # the best pair of all, 0-0, costs more than it gives
    similarity = np.array([[0.9, 0.8, 0.0], [0.85, 0.1, 0.0]], dtype=np.float32)
    assert match(similarity).tolist() == [1, 0]
    assert sorted(match(similarity.T).tolist()) == [-1, 0, 1]


def test_the_sparse_assignment_finds_a_hidden_permutation(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    similarity = random.normal(0, 0.05, (300, 300)).astype(np.float32)
    hidden = random.permutation(300)
    similarity[np.arange(300), hidden] += random.uniform(0.5, 0.9, 300).astype(np.float32)
    exact = match(similarity)
    monkeypatch.setattr(matching, "LARGE", 10)
    assert (match(similarity, candidates=8) == hidden).all()
    assert (exact == hidden).all()


def test_the_nearest_are_enough_to_match() -> None:
    a = _codes(2000, 60, seed=0)
    order = np.random.default_rng(1).permutation(60)
    b = scipy.sparse.csr_matrix(a[:, order])
    pairs = nearest(a, b, candidates=4, least=0.2)
    assert pairs.nnz == 60
    assert (order[match(pairs)] == np.arange(60)).all()
    assert np.diff(nearest(a, b, candidates=4, least=-1.0).indptr).tolist() == [4] * 60
    assert (match(nearest(a, _codes(2000, 60, seed=5), candidates=4, least=0.5)) == -1).all()


def test_cosines_are_signed_and_agreement_has_a_floor() -> None:
    random = np.random.default_rng(0)
    rows = random.standard_normal((512, 128)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    assert decoder_cosines(rows, -rows).diagonal() == pytest.approx(-np.ones(512), abs=1e-5)
    assert matched_cosine(rows, rows[::-1]) == pytest.approx(1, abs=1e-5)
    others = random.standard_normal((512, 128)).astype(np.float32)
    others /= np.linalg.norm(others, axis=1, keepdims=True)
    assert matched_cosine(rows, others) == pytest.approx(0.254, abs=0.01)
