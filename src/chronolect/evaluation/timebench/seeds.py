"""The seeds of the runs, as TIMEBench draws them: one vector for all, so that scenarios added at the end leave the earlier ones as they are."""

import numpy as np

from chronolect.errors import UserError

SEED = 3407
_LARGEST = 2**32 - 1  # of the legacy generator that gives the published intervals


def check_seed(seed: int) -> None:
    """Hold a seed to what all generators of the benchmark take; another is a `UserError`."""
    if not 0 <= seed <= _LARGEST:
        raise UserError(f"--seed {seed}: from 0 to {_LARGEST:,}")


def run_seeds(scenarios: int, runs: int, seed: int = SEED) -> list[list[int]]:
    """Seeds of each scenario's runs, each from 0 to 2³² - 2 (PCG64; run r of scenario s takes element `runs` · s + r).

    >>> run_seeds(77, 10)[0][:3], run_seeds(77, 10)[76][9]
    ([2506767605, 522053129, 3507356096], 2778823917)
    """
    drawn = np.random.default_rng(seed).integers(0, 2**32 - 1, size=scenarios * runs)
    found: list[list[int]] = drawn.reshape(scenarios, runs).tolist()
    return found
