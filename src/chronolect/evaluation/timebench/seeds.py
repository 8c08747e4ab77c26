"""The seeds of the runs, as TIMEBench draws them: one vector for all, so that scenarios added at the end leave the earlier ones as they are."""

import numpy as np

SEED = 3407


def run_seeds(scenarios: int, runs: int, seed: int = SEED) -> list[list[int]]:
    """Seeds of each scenario's runs, each from 0 to 2³² - 2 (PCG64; run r of scenario s takes element `runs` · s + r).

    >>> run_seeds(77, 10)[0][:3], run_seeds(77, 10)[76][9]
    ([2506767605, 522053129, 3507356096], 2778823917)
    """
    drawn = np.random.default_rng(seed).integers(0, 2**32 - 1, size=scenarios * runs)
    found: list[list[int]] = drawn.reshape(scenarios, runs).tolist()
    return found
