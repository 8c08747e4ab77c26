"""Means of what is known, and the intervals of bootstrap samples."""

from collections.abc import Sequence
from statistics import fmean
from typing import Any

import numpy as np
from numpy.typing import NDArray


def bounds(draws: NDArray[np.float64]) -> Any:
    """The 95 % percentile interval over the first axis."""
    return np.quantile(draws, [0.025, 0.975], axis=0).tolist()


def mean(values: Sequence[float | None]) -> float | None:
    """Of the values that are known; None of none."""
    known = [value for value in values if value is not None]
    return fmean(known) if known else None
