"""Sampling that does not depend on the batch: each text has a generator of its own."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Sampling:
    """How the next token is chosen. What is None is left as it is: everywhere here nothing is cut off, on a server what that has for its default.

    Attributes:
        temperature: What the logits are divided by; 0 takes the likeliest token.
        top_p: The likeliest tokens that together reach this probability are kept (nucleus sampling, Holtzman et al. 2020, arXiv:1904.09751).
        top_k: So many of the likeliest tokens are kept.
        min_p: Tokens at least this share as likely as the likeliest are kept.
    """

    temperature: float = 0.0
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None


def keep_likely(logits: np.ndarray, sampling: Sampling) -> np.ndarray:
    """Logits at the temperature, those of tokens that are cut off at minus infinity; the cuts one after the other, top-k first.

    Args:
        logits: (vocab_size,).
        sampling: With a temperature above 0.
    """
    scores = logits.astype(np.float64) / sampling.temperature
    if sampling.top_k is not None and sampling.top_k < len(scores):
        scores[scores < np.partition(scores, -sampling.top_k)[-sampling.top_k]] = -np.inf
    if sampling.top_p is not None and sampling.top_p < 1:
        order = np.argsort(-scores, kind="stable")
        chances = np.exp(scores[order] - scores[order[0]])
        chances /= chances.sum()
        # a token is kept where those likelier than it have not reached the sum yet, so the likeliest always is
        scores[order[np.cumsum(chances) - chances >= sampling.top_p]] = -np.inf
    if sampling.min_p is not None and sampling.min_p > 0:
        scores[scores < scores.max() + np.log(sampling.min_p)] = -np.inf
    return scores


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
