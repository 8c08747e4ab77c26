from dataclasses import replace

import numpy as np
import pytest
from tests.formation.made_series import growing, unchanging

from chronolect.formation.analysis.purity import (
    Pairs,
    Purity,
    calibrated,
    chance,
    chance_draws,
    pair,
    pair_seeds,
    partners,
    permuted_null,
    purity,
    purity_draws,
    same_index,
    times_found,
)
from chronolect.formation.analysis.series import AnalysisSettings
from chronolect.formation.analysis.snapshots import Snapshot

SETTINGS = AnalysisSettings(window=2, least=30, measure="both")


def _pairs(correlation: list[list[float]], cosine: list[list[float]], mass: list[float]) -> Pairs:
    return Pairs(np.array(correlation, np.float32), np.array(cosine, np.float32), np.array(mass))


def test_purity_by_hand() -> None:
    pairs = _pairs([[0.9, 0.9, 0.9, 0.2], [0.9, 0.6, 0.9, 0.9]], [[0.9, 0.9, 0.6, 0.9]] * 2, [5.0, 1.0, 1.0, 1.0])
    both = purity(pairs, SETTINGS)
    assert (both.raw, both.mass_weighted, both.n) == (0.25, 0.625, 4)
    assert purity(pairs, replace(SETTINGS, measure="functional")).raw == 0.5
    assert purity(pairs, replace(SETTINGS, measure="decoder")).raw == 0.75
    assert purity(pairs, replace(SETTINGS, measure="decoder", decoder_optimised=True)).raw == 0.5
    # thresholds .5, .55, .6: three latents, two of them from .65 on no more; .9 is the last that is reached
    assert both.area == pytest.approx((3 * 3 + 6 * 1) / 4 / 10, abs=0.051)
    assert purity(_pairs([[]], [[]], []), SETTINGS) == Purity(None, None, None, 0)


def test_a_dictionary_in_another_order_is_the_same() -> None:
    one = growing().snapshot(6, 0)
    order = np.random.default_rng(0).permutation(one.num_latents)
    other = Snapshot(one.step, one.codes[:, order].tocsr(), one.decoder[order])
    assert purity(pair(one, [other, other], SETTINGS), SETTINGS).raw == 1
    cosine, share = same_index(one, [other], 0.7)
    assert share < 0.1
    assert cosine < 0.2


def test_an_opposite_direction_is_another_feature() -> None:
    one = growing().snapshot(6, 0)
    turned = Snapshot(one.step, one.codes, -one.decoder)
    assert purity(pair(one, [turned], SETTINGS), SETTINGS).raw == 0
    assert purity(pair(one, [turned], SETTINGS), replace(SETTINGS, measure="functional")).raw == 1


def test_permuted_tokens_keep_nothing_though_rows_stand_still() -> None:
    one = growing().snapshot(6, 0)
    assert permuted_null(one, one, SETTINGS) == 0
    assert same_index(one, [one], 0.7)[1] == 1


def test_seeds_are_paired_both_ways_as_one_by_one() -> None:
    snapshots = [growing().snapshot(6, seed) for seed in range(3)]
    for seed, found in enumerate(pair_seeds(snapshots, SETTINGS)):
        alone = pair(snapshots[seed], [other for other in snapshots if other is not snapshots[seed]], SETTINGS)
        assert found.correlation == pytest.approx(alone.correlation)
        assert found.cosine == pytest.approx(alone.cosine)
        assert found.mass == pytest.approx(alone.mass)


def test_partners_are_the_same_true_features() -> None:
    run = unchanging()
    a, b = run.snapshot(0, 0), run.snapshot(0, 1)
    mine, yours = partners(a, b, SETTINGS)
    assert 30 <= len(mine) <= 42
    assert (a.decoder[mine] * b.decoder[yours]).sum(axis=1) == pytest.approx(np.ones(len(mine)), abs=1e-5)


def test_the_chance_of_a_window_allows_for_latents_that_differ() -> None:
    # half of the latents are found always, half never, though they are like something: a power of the mean would be far off
    assert chance(np.array([0, 500, 0, 500]), 3) == pytest.approx(0.5)
    # half are noise, the others have the same chance of .8, or chances from a beta distribution: E[p^3] of beta(6, 2) is 6·7·8 / (8·9·10)
    random = np.random.default_rng(0)
    for chances, cube in ((np.full(200_000, 0.8), 0.8**3), (random.beta(6, 2, 200_000), 6 * 7 * 8 / (8 * 9 * 10))):
        for others in (2, 3, 5):
            found = np.bincount(random.binomial(others, chances), minlength=others + 1)
            assert chance(np.array([200_000, *found]), 3) == pytest.approx(cube / 2, abs=0.005)
    # one other tells no second moment: of chances spread evenly from 0 to 1 the cubes have a mean of 1/4
    assert chance(np.array([0, 50, 50]), 3) == pytest.approx(1 / 4)
    assert chance(np.array([100, 50, 50]), 3) == pytest.approx(1 / 8)
    assert chance(np.array([0, 20, 80]), 1) == pytest.approx(0.8)
    assert chance(np.array([[0, 0, 0, 10], [0, 10, 0, 0]]), 2).tolist() == [1, 0]


def test_times_found() -> None:
    pairs = _pairs([[0.9, 0.9, -1, 0.4], [0.9, 0.1, 0.1, -1]], [[1.0] * 4] * 2, [1.0] * 4)
    assert times_found(pairs, SETTINGS).tolist() == [1, 1, 1, 1]


def test_calibration() -> None:
    assert calibrated(0.5, 0.0, 0.8) == pytest.approx(0.625)
    assert calibrated(0.9, 0.1, 0.8) == pytest.approx(0.8 / 0.7)  # above the ceiling is told, not hidden
    assert calibrated(0.5, 0.3, 0.34) is None
    assert calibrated(None, 0.0, 1.0) is None
    assert calibrated(0.5, 0.0, None) is None


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    # seeds differ with a standard deviation of .03, latents by chance; three seeds of 500 latents
    random = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        by_seed = []
        for share in np.clip(random.normal(0.6, 0.03, 3), 0, 1):
            by_seed.append(Purity(random.binomial(500, share) / 500, None, None, 500))
        low, high = np.quantile(purity_draws(by_seed, resamples=300, seed=trial), [0.025, 0.975])
        hits += low <= 0.6 <= high
    assert 0.85 <= hits / 200 <= 0.99


def test_a_ceiling_has_a_spread_of_its_own() -> None:
    by_seed = [np.array([10, 20, 30, 140]), np.array([10, 30, 20, 140])]
    draws = chance_draws(by_seed, 2, resamples=2000, seed=0)
    assert draws.mean() == pytest.approx(0.7, abs=0.01)
    # half of the samples have both seeds, half one of them twice
    assert draws.std() == pytest.approx(np.sqrt(0.7 * 0.3 / 200 * 0.75), rel=0.1)
