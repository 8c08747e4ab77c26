"""Texts that say the same over and over: the ratios of Gopher (Rae et al. 2021, table A1), counted in words instead of characters."""

import numpy as np

from chronolect.corpus.quality.words import Hashes, ngram_hashes, word_hashes

# Highest share of the words that the most frequent n-gram may cover, and that n-grams may cover which stand there twice or more.
TOP = {2: 0.20, 3: 0.18, 4: 0.16}
REPEATED = {5: 0.15, 6: 0.14, 7: 0.13, 8: 0.12, 9: 0.11, 10: 0.10}
LINES = 0.30
_FEWEST_WORDS = 50


def repetition(text: str) -> str | None:
    """Why a text is too repetitive; `None` if it is not, or has fewer than 50 words."""
    words = word_hashes([text])[0]
    if len(words) < _FEWEST_WORDS:
        return None
    lines = [line for line in (line.strip() for line in text.split("\n")) if line]
    share = 1 - len(set(lines)) / len(lines)
    if share > LINES:
        return f"{share:.0%} of the lines stand there before"
    for n, most in TOP.items():
        share = n * int(np.unique(ngram_hashes(words, n), return_counts=True)[1].max()) / len(words)
        if share > most and share > n * 3 / len(words):
            return f"one run of {n} words is {share:.0%} of the text"
    for n, most in REPEATED.items():
        share = _repeated_share(ngram_hashes(words, n), n, len(words))
        if share <= min(REPEATED.values()):  # then longer ones, which lie within these, cover no more
            break
        if share > most:
            return f"runs of {n} words that come back are {share:.0%} of the text"
    return None


def _repeated_share(grams: Hashes, n: int, words: int) -> float:
    """Share of the words that lie in an n-gram which stood there before."""
    order = np.argsort(grams, kind="stable")
    again = np.zeros(len(grams), dtype=bool)
    again[order[1:]] = grams[order[1:]] == grams[order[:-1]]
    steps = np.zeros(words + 1, dtype=np.int64)
    starts = np.flatnonzero(again)
    np.add.at(steps, starts, 1)
    np.add.at(steps, starts + n, -1)
    return float((np.cumsum(steps[:words]) > 0).mean())
