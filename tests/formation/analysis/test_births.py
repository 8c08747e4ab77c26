import numpy as np
import pytest

from chronolect.formation.analysis.births import bootstrap_weights, cumulative, half_step, lifetimes, states

PRESENCE = np.array(
    [
        [0.0, 0.6, 0.2, 0.7, 0.8, 0.9],  # flickers, then comes
        [0.9, 0.9, 0.9, 0.2, 0.1, 0.1],  # there at first, and goes
        [0.0, 0.0, 0.0, 0.0, 0.0, 1.0],  # comes at the end
        [0.0, 0.0, 0.4, 0.6, 0.6, 0.1],  # seems to go at the end
        [0.0, 0.6, 0.6, 0.4, 0.2, 0.6],  # weakens, but not for long enough
        [0.6, 0.6, 0.1, 0.1, 0.7, 0.7],  # goes and comes again
        [0.4, 0.4, 0.4, 0.4, 0.4, 0.4],  # never quite
    ]
)


def test_lifetimes_with_hysteresis_by_hand() -> None:
    there = states(PRESENCE, on=0.5, off=0.3, hold=2)
    assert [row.nonzero()[0].tolist() for row in there] == [
        [3, 4, 5],
        [0, 1, 2],
        [5],
        [3, 4, 5],
        [1, 2, 3, 4, 5],
        [0, 1, 4, 5],
        [],
    ]
    lives = lifetimes(there)
    assert lives.born.tolist() == [3, 0, 5, 3, 1, 0, -1]
    assert lives.absent.tolist() == [2, -1, 4, 2, 0, -1, -1]
    assert lives.died.tolist() == [-1, 3, -1, -1, -1, 2, -1]
    assert lives.present.tolist() == [-1, 2, -1, -1, -1, 1, -1]
    assert lives.initial.tolist() == [False, True, False, False, False, True, False]


def test_without_hold_every_flicker_counts() -> None:
    there = states(PRESENCE, on=0.5, off=0.3, hold=1)
    assert lifetimes(there).born.tolist() == [1, 0, 5, 3, 1, 0, -1]
    assert lifetimes(there).died.tolist() == [2, 3, -1, 5, 4, 2, -1]


def test_what_is_followed_forward_is_there_where_it_is_from_and_gone_after() -> None:
    there = states(np.array([[0.1, 1.0, 0.1, 0.1, 0.1], [0.6, 1.0, 0.6, 0.2, 0.6]]), on=0.5, off=0.3, hold=2, given=1)
    assert [row.nonzero()[0].tolist() for row in there] == [[1], [0, 1, 2, 3, 4]]
    assert lifetimes(there).died.tolist() == [2, -1]


def test_a_checkpoint_that_cannot_be_judged_widens_the_bracket() -> None:
    known = np.array([True, True, True, False, True, True])
    there = states(PRESENCE, on=0.5, off=0.3, hold=2, known=known)
    lives = lifetimes(there, known)
    assert (lives.absent[0], lives.born[0]) == (2, 4)
    assert (lives.present[1], lives.died[1]) == (2, 4)


def test_shares_of_events_in_one_gap_each() -> None:
    # before the first, between the first and the second, and one that has not happened by the last
    share = cumulative(np.array([-1, 0, 1, 3]), np.array([0, 1, 2, -1]), 4)
    assert share == pytest.approx([0.25, 0.5, 0.75, 0.75], abs=1e-6)


def test_right_censoring_gives_kaplan_and_meiers_estimate() -> None:
    # events at 1, 2, 3; one lost sight of after 1 and one after 2: survival 4/5, times 2/3, times 0
    share = cumulative(np.array([0, 1, 2, 1, 2]), np.array([1, 2, 3, -1, -1]), 4)
    assert share == pytest.approx([0, 1 / 5, 1 - 4 / 5 * 2 / 3, 1], abs=1e-4)


def test_interval_censoring_gives_turnbulls_estimate() -> None:
    # one event in gaps 1 to 2, one in gap 1, one in gap 2, one in gap 2: with p and 1 - p on the two, p = (1 + p) / 4
    share = cumulative(np.array([0, 0, 1, 1]), np.array([2, 1, 2, 2]), 3)
    assert share == pytest.approx([0, 1 / 3, 1], abs=1e-6)


def test_shares_of_bootstrap_samples_are_those_of_the_samples() -> None:
    random = np.random.default_rng(0)
    by = random.integers(0, 5, 40)
    weights = random.multinomial(40, np.full(40, 1 / 40), size=3).astype(float)
    drawn = cumulative(by - 1, by, 5, weights)
    for row, weight in zip(drawn, weights, strict=True):
        sample = np.repeat(by, weight.astype(int))
        assert row == pytest.approx([(sample <= place).mean() for place in range(5)], abs=1e-6)


def test_weights_count_a_feature_by_the_seeds_it_was_found_in() -> None:
    members = np.array([[True, True, True], [True, False, False]] * 50)
    weights = bootstrap_weights(members, resamples=4000, seed=0)
    assert weights.mean(axis=0) == pytest.approx(np.ones(100), abs=0.15)
    # found in one seed of three: it is not drawn at all in (2/3)^3 of samples, on top of (1 - 1/100)^100
    missed = (weights[:, 1::2] == 0).mean()
    assert missed == pytest.approx(1 - (1 - (2 / 3) ** 3) * (1 - 0.99**100), abs=0.03)
    assert missed > (weights[:, ::2] == 0).mean() + 0.1


def test_the_half_is_found_on_the_logarithm() -> None:
    steps = [0, 9, 99, 999]
    assert half_step(steps, np.array([0, 0.5, 1, 1]), 0.5) == pytest.approx(9)
    assert half_step(steps, np.array([0, 0.0, 1, 1]), 0.5) == pytest.approx(10**1.5 - 1)
    assert half_step(steps, np.array([0.6, 0.8, 1, 1]), 0.5) == 0
    assert half_step(steps, np.array([0, 0.1, 0.2, 0.3]), 0.5) is None
