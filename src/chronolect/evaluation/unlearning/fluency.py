"""Fluency: whether what a model says is still language, for some methods leave "and and and"."""

from collections.abc import Iterable
from typing import Any

from chronolect.evaluation.temporal.metrics import loops
from chronolect.statistics import wilson

_LONGEST = 3


def measure_fluency(responses: Iterable[str]) -> dict[str, Any]:
    """Shares of empty and of looping answers, and distinct-1 to distinct-3.

    Distinct-n is the number of different runs of n words over the number of all of them, within answers (Li et al. 2016, arXiv:1510.03055). It falls
    when a model says the same to everything, be that a loop or a refusal.
    """
    n = empty = looping = 0
    seen: list[set[tuple[str, ...]]] = [set() for _ in range(_LONGEST)]
    totals = [0] * _LONGEST
    for response in responses:
        n += 1
        empty += not response.strip()
        looping += loops(response)
        words = response.casefold().split()
        for length in range(1, _LONGEST + 1):
            runs = [tuple(words[place : place + length]) for place in range(len(words) - length + 1)]
            seen[length - 1].update(runs)
            totals[length - 1] += len(runs)
    return {
        "empty": wilson(empty, n).as_accuracy(),
        "loops": wilson(looping, n).as_accuracy(),
        "distinct": {
            str(length): len(some) / total if total else None
            for length, (some, total) in enumerate(zip(seen, totals, strict=True), start=1)
        },
    }
