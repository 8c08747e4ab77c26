"""The distance of conversations and the choice of different ones: known answers, and the guarantee of the traversal by trying all choices."""

from itertools import combinations, islice

import numpy as np
import pytest

from chronolect.dialogue.generate.diversity import as_vectors, choose_diverse, farthest_points, features_of, spread
from chronolect.dialogue.generate.phase4 import joined
from chronolect.dialogue.generate.record import draws


@pytest.fixture(scope="module")
def pool():
    return [joined(draw) for draw in islice(draws(9, "pool"), 120)]


def test_distances_are_0_to_a_copy_and_between_0_and_1_else(pool):
    vectors = as_vectors([*pool, pool[0]])
    distances = 1 - vectors @ vectors.T
    assert np.allclose(np.diag(distances), 0, atol=1e-5)
    assert distances[0, -1] == pytest.approx(0, abs=1e-5)
    assert distances.min() > -1e-5
    assert distances.max() <= 1


def test_what_is_alike_is_nearer(pool):
    """Conversations that share kinds are nearer to each other, on the mean, than those that share none."""
    vectors = as_vectors(pool)
    kinds = [{part["kind"] for part in dialogue.facts["parts"]} for dialogue in pool]
    shared, apart = [], []
    for one, other in combinations(range(len(pool)), 2):
        (shared if kinds[one] & kinds[other] else apart).append(1 - float(vectors[one] @ vectors[other]))
    assert np.mean(shared) < np.mean(apart) - 0.05


def test_the_shape_counts_ticks_gaps_and_turns(pool):
    for dialogue in pool:
        shape = features_of(dialogue)["shape"]
        turns = len(dialogue.messages) // 2
        assert shape[f"turns {turns}"] == 1
        assert sum(count for name, count in shape.items() if name.startswith("gap")) == turns - 1


def test_farthest_points_on_a_line():
    angles = np.linspace(0, np.pi / 2, 11)
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    assert set(farthest_points(vectors, 3)) == {0, 5, 10}


def test_no_choice_is_more_than_twice_as_far_apart():
    rng = np.random.default_rng(0)
    for _ in range(20):
        rows = np.abs(rng.normal(size=(9, 4))).astype(np.float32)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        chord = np.sqrt(np.maximum(2 - 2 * rows @ rows.T, 0))  # a metric, of which 1 - cosine is half the square

        def least(places, chord=chord):
            return min(chord[one, other] for one, other in combinations(places, 2))

        best = max(least(places) for places in combinations(range(9), 4))
        assert least(farthest_points(rows, 4)) >= best / 2 - 1e-6


def test_a_choice_beats_random_ones_and_can_be_written_as_json(pool):
    choice = choose_diverse(pool, 12, 0)
    assert len(set(choice.places)) == 12
    assert choice.spread == spread(as_vectors(pool), choice.places)
    assert choice.spread.nearest > choice.chance.nearest + 3 * choice.deviation.nearest
    assert choose_diverse(pool, 12, 0) == choice
    assert set(choice.as_dict()) == {"chosen", "random", "random_sd"}
