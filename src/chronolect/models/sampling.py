"""Sampling that does not depend on the batch: each text has a generator of its own."""

import hashlib
from collections import Counter
from collections.abc import Sequence


def sampling_seeds(seed: int, prompts: Sequence[Sequence[int]]) -> list[int]:
    """A seed for each prompt: from its tokens, and from how often the same one came before it.

    So a text does not change with the prompts beside it, and a job that was cut off goes on as it would have gone.
    """
    before: Counter[tuple[int, ...]] = Counter()
    seeds = []
    for prompt in map(tuple, prompts):
        digest = hashlib.sha256(repr((seed, before[prompt], prompt)).encode()).digest()
        seeds.append(int.from_bytes(digest[:7], "big"))  # torch takes 64 bits with a sign
        before[prompt] += 1
    return seeds
