"""Hashes of the words and word n-grams of many texts at once, by numpy alone.

A word is a run of letters and digits; case does not matter. Each character stands for a random 64-bit number, a word for
the polynomial of its characters' numbers modulo 2^64, so that all words of all texts come out of one running sum.
"""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Offsets = npt.NDArray[np.int64]

# Characters are told apart below 2^17 (all scripts in use and emoji); rarer ones share numbers.
_CHARACTERS = 1 << 17
_BASE = 0x9E3779B97F4A7C15 | 1
_BLOCK = 1 << 16


def word_hashes(texts: Sequence[str]) -> tuple[Hashes, Offsets]:
    """The hashes of all words of `texts` in order, and where each text's begin: text i has
    `hashes[offsets[i]:offsets[i + 1]]`.
    """
    joined = "\n".join([*texts, ""])
    codes = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32) & (_CHARACTERS - 1)
    numbers = _character_numbers()[codes]
    inside = numbers != 0
    borders = np.flatnonzero(np.diff(inside, prepend=False, append=False))
    starts, ends = borders[::2], borders[1::2]
    hashes = _polynomials(numbers, starts, ends)
    lengths = np.fromiter((len(text) + 1 for text in texts), dtype=np.int64, count=len(texts))
    return mix(hashes), np.concatenate([[0], np.searchsorted(starts, np.cumsum(lengths))])


def ngram_hashes(words: Hashes, n: int) -> Hashes:
    """The hash of each run of `n` words; the hash of all of them together if there are fewer (none of none)."""
    if not len(words):
        return words
    n = min(n, len(words))
    count = len(words) - n + 1
    found = words[:count].copy()
    for i in range(1, n):
        found *= np.uint64(_BASE)
        found += words[i : i + count]
    return mix(found)


def mix(hashes: Hashes) -> Hashes:
    """Spread every bit over all 64 (the finaliser of SplitMix64: Steele, Lea and Flood 2014)."""
    mixed = hashes ^ (hashes >> np.uint64(30))
    mixed *= np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def _polynomials(numbers: Hashes, starts: Offsets, ends: Offsets) -> Hashes:
    """For each word the sum of its characters' numbers times the powers of the base, from a running sum over the text.

    A word at position p has its sum times base^p, which the inverse power takes away. Blocks of characters share one
    table of powers.
    """
    powers, inverses = _powers()
    weighted = np.empty(len(numbers) + 1, dtype=np.uint64)
    weighted[0] = 0
    for begin in range(0, len(numbers), _BLOCK):
        block = numbers[begin : begin + _BLOCK]
        np.multiply(block, powers[: len(block)], out=weighted[begin + 1 : begin + 1 + len(block)])
    np.cumsum(weighted, out=weighted)
    sums = (weighted[ends] - weighted[starts]) * inverses[starts % _BLOCK]
    # A word that crosses a block border has two scales: sum it alone.
    for i in np.flatnonzero(starts // _BLOCK != (ends - 1) // _BLOCK):
        word = numbers[starts[i] : ends[i]]
        sums[i] = sum(
            (int(number) * pow(_BASE, place, 1 << 64)) & (2**64 - 1) for place, number in enumerate(word.tolist())
        ) & (2**64 - 1)
    return sums


@cache
def _powers() -> tuple[Hashes, Hashes]:
    inverse = pow(_BASE, -1, 1 << 64)
    tables = []
    for base in (_BASE, inverse):
        steps = np.full(_BLOCK, base, dtype=np.uint64)
        steps[0] = 1
        tables.append(np.cumprod(steps, dtype=np.uint64))
    return tables[0], tables[1]


@cache
def _character_numbers() -> Hashes:
    """A random number for each letter and digit, the same for both cases; 0 for all other characters."""
    drawn = mix(np.arange(1, _CHARACTERS + 1, dtype=np.uint64) * np.uint64(_BASE))
    table = np.zeros(_CHARACTERS, dtype=np.uint64)
    for code in range(_CHARACTERS):
        character = chr(code)
        if character.isalnum():
            folded = character.lower()
            table[code] = drawn[ord(folded[0])] | np.uint64(1)
    return table
