import numpy as np
import pytest

from chronolect.statistics import (
    against_chance,
    bootstrap_mean,
    change_point,
    difference,
    mcnemar,
    paired_difference,
    wilson,
)


def test_wilson_by_hand() -> None:
    # n = 10, p = 0.8, z = 1.96: centre (0.8 + 3.8415/20) / 1.38415, half width 1.96 sqrt(0.8*0.2/10 + 3.8415/400) / 1.38415
    found = wilson(8, 10)
    assert (found.low, found.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0, 10).low == 0
    assert wilson(0, 10).high == pytest.approx(3.8415 / 13.8415, abs=1e-4)
    assert wilson(8, 10, 0.99).low < found.low


def test_wilson_of_nothing() -> None:
    assert wilson(0, 0).as_accuracy() == {"accuracy": None, "correct": 0, "n": 0, "low": None, "high": None}


def test_binomial_test_against_chance() -> None:
    # all of 4 at chance 1/4: 1/256, and no other outcome is as unlikely
    assert against_chance(4, 4) == pytest.approx(1 / 256)
    assert against_chance(25, 100) == pytest.approx(1.0)
    assert against_chance(5, 10, 0.5) == pytest.approx(1.0)
    assert against_chance(0, 0) is None


def test_newcombes_own_example() -> None:
    # Newcombe 1998, table II, example (a): 56/70 - 48/80, method 10
    found = difference(wilson(56, 70), wilson(48, 80))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=1e-4)
    assert found.n == 150
    assert difference(wilson(0, 0), wilson(1, 2)).value is None


def test_bootstrap_mean() -> None:
    values = np.random.default_rng(1).normal(3.0, 2.0, 400).tolist()
    found = bootstrap_mean(values, resamples=2000)
    half = 1.96 * np.std(values) / 20  # of the normal approximation
    assert found.value == pytest.approx(np.mean(values))
    assert (found.low, found.high) == pytest.approx((np.mean(values) - half, np.mean(values) + half), abs=0.03)
    assert found == bootstrap_mean(values, resamples=2000)
    assert bootstrap_mean([2.0]).as_dict() == {"value": 2.0, "low": None, "high": None, "n": 1}
    assert bootstrap_mean([]).value is None


def test_a_clean_step_by_hand() -> None:
    found = change_point([1960, 1961, 1962, 1963, 1970, 1971, 1972, 1973], [True] * 4 + [False] * 4)
    assert (found.last_before, found.first_after, found.position) == (1963, 1970, 1966.5)
    assert (found.rate_before, found.rate_after) == (1.0, 0.0)
    assert found.p == pytest.approx(1 / 70, abs=0.015)  # one of the 70 orders of four and four is this one
    assert found.found
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 1966.5 <= found.high


def test_the_order_of_the_facts_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    years = np.arange(1900, 2000)
    hits = rng.random(100) < np.where(years < 1950, 0.9, 0.3)
    mixed = rng.permutation(100)
    one = change_point(years.tolist(), hits.tolist())
    other = change_point(years[mixed].tolist(), hits[mixed].tolist())
    assert (one.position, one.rate_before, one.p) == (other.position, other.rate_before, other.p)


def test_a_noisy_step_lies_in_its_interval() -> None:
    rng = np.random.default_rng(3)
    years = np.sort(rng.uniform(1900, 2000, 400))
    found = change_point(years.tolist(), (rng.random(400) < np.where(years < 1969.5, 0.85, 0.25)).tolist())
    assert found.found
    assert found.position == pytest.approx(1969.5, abs=3)
    assert found.low <= 1969.5 <= found.high  # type: ignore[operator]
    assert found.high - found.low < 10  # type: ignore[operator]


def test_no_step_where_there_is_none() -> None:
    rng = np.random.default_rng(5)
    assert not change_point(list(range(300)), (rng.random(300) < 0.25).tolist()).found
    assert not change_point(list(range(300)), [True] * 300).found
    assert not change_point([1969] * 10, [True, False] * 5).found
    assert not change_point([], []).found
    rise = change_point(list(range(40)), [False] * 20 + [True] * 20)
    assert (rise.found, rise.p) == (False, 1.0)


def test_false_alarms_are_as_rare_as_stated() -> None:
    rng = np.random.default_rng(7)
    alarms = sum(
        change_point(list(range(60)), (rng.random(60) < 0.5).tolist(), resamples=100, seed=trial).found
        for trial in range(100)
    )
    assert alarms <= 12  # 5 expected; 12 or fewer with probability 0.998


def test_equal_dates_are_not_torn_apart() -> None:
    found = change_point([1, 2, 2, 2, 3, 3], [True, True, False, True, False, False], resamples=20)
    assert (found.last_before, found.first_after) == (2, 3)


def counted(both: int, only_first: int, only_second: int, neither: int) -> tuple[list[bool], list[bool]]:
    """Outcomes of two on the same units."""
    first = [True] * (both + only_first) + [False] * (only_second + neither)
    second = [True] * both + [False] * only_first + [True] * only_second + [False] * neither
    return first, second


@pytest.mark.parametrize(
    ("cells", "low", "high"),
    [((36, 12, 2, 0), 0.0569, 0.3404), ((20, 12, 2, 16), 0.0562, 0.3292)],
)
def test_paired_differences_as_newcombe_prints_them(cells: tuple[int, int, int, int], low: float, high: float) -> None:
    found = paired_difference(*counted(*cells))
    assert found.value == pytest.approx(0.2)
    assert (found.low, found.high) == (pytest.approx(low, abs=1e-4), pytest.approx(high, abs=1e-4))


def test_paired_differences_at_the_edges() -> None:
    assert paired_difference([], []).value is None
    same = paired_difference([False] * 5, [False] * 5)
    assert same.value == 0
    assert same.low is not None
    assert -0.5 < same.low < 0
    one, other = counted(10, 5, 1, 4)
    forth, back = paired_difference(one, other), paired_difference(other, one)
    assert (forth.low, forth.high) == (pytest.approx(-back.high), pytest.approx(-back.low))  # type: ignore[operator]


def test_mcnemar_counts_only_where_two_differ() -> None:
    assert mcnemar(*counted(100, 6, 0, 50)) == mcnemar(*counted(0, 6, 0, 0)) == pytest.approx(2 / 64)
    assert mcnemar(*counted(5, 3, 3, 5)) == mcnemar(*counted(5, 0, 0, 5)) == 1.0
