"""The benchmark's intervals: a percentile bootstrap on numpy's legacy stream of random numbers.

The stream is the published one, and is drawn from in the published order, so that published intervals come out in every digit: TIMEBench
(arXiv 2601.05300) took a fresh stream for the scores of a model and another for its structure, and one draw for each list of values.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from chronolect.statistics import FloatArray

REPLICATIONS = 10_000
_CELLS = 1 << 22  # numbers held at once


class Resampler:
    """Means of resamples of lists of values, from one stream; a second list continues where the first one ended.

    Args:
        seed: Seed of the stream (Mersenne Twister, as `numpy.random.seed`); the global stream is left alone.
    """

    def __init__(self, seed: int) -> None:
        self._random = np.random.RandomState(seed)

    def means(self, values: Sequence[float]) -> FloatArray:
        """Means of `REPLICATIONS` resamples of `values`, each as long as they are: (REPLICATIONS,)."""
        data = np.asarray(values, dtype=np.float64)
        at_once = max(1, _CELLS // len(data))
        starts = range(0, REPLICATIONS, at_once)
        sizes = [(min(at_once, REPLICATIONS - start), len(data)) for start in starts]
        return np.concatenate([self._random.choice(data, size, replace=True).mean(axis=1) for size in sizes])

    @property
    def state_word(self) -> int:
        """First word of the generator's state, by which two streams at the same place can be told: published files give it as their seed."""
        state: Any = self._random.get_state()
        return int(state[1][0])


def interval_95(means: FloatArray, *, scale: float = 1.0) -> list[float]:
    """The percentiles 2.5 and 97.5 of resampled means (linear interpolation), times `scale`, to two digits."""
    return [round(float(end) * scale, 2) for end in np.percentile(means, [2.5, 97.5])]
