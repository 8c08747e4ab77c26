"""MinHash signatures and their bands (Broder 1997; Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, ch. 3)."""

from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt

from chronolect.corpus.quality.words import Hashes, mix, ngram_hashes, word_hashes

PERMUTATIONS = 128
Signatures = npt.NDArray[np.uint32]

# N-grams worked on at once: two buffers of this many 32-bit numbers stay in the cache.
_BLOCK = 1 << 15


def signatures(texts: Sequence[str], ngram: int) -> Signatures:
    """The signatures of texts, (texts, 128): of all hashes of a text's word n-grams the smallest under each
    permutation. A text without words has the highest value everywhere.
    """
    words, offsets = word_hashes(texts)
    found = np.full((len(texts), PERMUTATIONS), np.iinfo(np.uint32).max, dtype=np.uint32)
    grams = [
        (ngram_hashes(words[offsets[i] : offsets[i + 1]], ngram) >> np.uint64(32)).astype(np.uint32)
        for i in range(len(texts))
    ]
    group: list[int] = []
    size = 0
    for i, own in enumerate(grams):
        if len(own) > _BLOCK:
            for begin in range(0, len(own), _BLOCK):
                np.minimum(found[i], _minima([own[begin : begin + _BLOCK]])[0], out=found[i])
        elif len(own):
            if size + len(own) > _BLOCK:
                found[group] = _minima([grams[j] for j in group])
                group, size = [], 0
            group.append(i)
            size += len(own)
    if group:
        found[group] = _minima([grams[j] for j in group])
    return found


def _minima(grams: list[npt.NDArray[np.uint32]]) -> Signatures:
    hashes = np.concatenate(grams)
    starts = np.cumsum([0, *(len(own) for own in grams[:-1])])
    masks, factors = _permutations()
    found = np.empty((PERMUTATIONS, len(grams)), dtype=np.uint32)
    buffer = np.empty_like(hashes)
    for i in range(PERMUTATIONS):
        np.bitwise_xor(hashes, masks[i], out=buffer)
        np.multiply(buffer, factors[i], out=buffer)
        np.minimum.reduceat(buffer, starts, out=found[i])
    return found.T


@cache
def _permutations() -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    """Permutations of 32-bit numbers: exclusive-or with a mask, then times an odd factor."""
    drawn = mix(np.arange(1, 2 * PERMUTATIONS + 1, dtype=np.uint64)) >> np.uint64(32)
    numbers = drawn.astype(np.uint32)
    return numbers[:PERMUTATIONS], numbers[PERMUTATIONS:] | np.uint32(1)


def choose_bands(threshold: float) -> tuple[int, int]:
    """Number of bands and rows in each that make pairs at the threshold candidates with probability of at least 0.98,
    with as many rows as that allows (so with the fewest false candidates).
    """
    for rows in range(PERMUTATIONS, 1, -1):
        bands = PERMUTATIONS // rows
        if 1 - (1 - threshold**rows) ** bands >= 0.98:
            return bands, rows
    return PERMUTATIONS, 1


def band_keys(found: Signatures, bands: int, rows: int) -> Hashes:
    """A 64-bit key for each band of each signature, (texts, bands): equal where all rows of the band are."""
    keys = np.zeros((len(found), bands), dtype=np.uint64)
    for row in range(rows):
        keys = mix(keys * np.uint64(0x9E3779B97F4A7C15) + found[:, row : row + bands * rows : rows].astype(np.uint64))
    return keys


def similarity(a: Signatures, b: Signatures) -> npt.NDArray[np.float64]:
    """Estimated Jaccard similarity of the n-gram sets of pairs: the share of permutations with the same minimum."""
    return np.asarray(np.mean(a == b, axis=-1))
