"""Which latent of one dictionary is which of another: by what they do on the same tokens, and by where they point.

Codes are CSR [N tokens, F] of non-negative activations on one probe, the same tokens in every matrix compared.
"""

from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
import scipy.sparse
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from chronolect.errors import UserError

Floats = NDArray[np.float32]
Codes: TypeAlias = scipy.sparse.csr_matrix

_ROWS = 256  # latents of the first matrix at once: a block of products is that many times the latents of the second
LARGE = 2048  # latents beyond which the assignment is sought among each one's best pairs


def alive(codes: Codes, least: int = 50, dense: float = 0.1) -> NDArray[np.bool_]:
    """Which latents can be followed, [F]: at least `least` firings, on less than the share `dense` of the tokens."""
    firings = codes.getnnz(axis=0)
    found: NDArray[np.bool_] = (firings >= least) & (firings < dense * codes.shape[0])
    return found


def correlation_blocks(a: Codes, b: Codes) -> Iterator[tuple[slice, Floats]]:
    """Pearson correlations of the activations of every latent of `a` with every one of `b` on the same tokens, some rows of [Fa, Fb] at a time.

    The cost is the number of tokens times the product of their active latents; nothing of size [N, F] is made dense. A latent that
    never varies correlates 0 with all.

    Raises:
        UserError: Where the two were not made on as many tokens.
    """
    tokens = a.shape[0]
    if b.shape[0] != tokens:
        raise UserError(f"codes of {tokens} and of {b.shape[0]} tokens cannot be compared: make both on the same probe")
    mean_a, spread_a = _moments(a)
    mean_b, spread_b = _moments(b)
    across, along = a.T.tocsr().astype(np.float64), b.astype(np.float64)
    for start in range(0, a.shape[1], _ROWS):
        rows = slice(start, min(start + _ROWS, a.shape[1]))
        covariance = (across[rows] @ along).toarray() / tokens - np.outer(mean_a[rows], mean_b)
        yield rows, (covariance * np.outer(spread_a[rows], spread_b)).astype(np.float32)


def correlations(a: Codes, b: Codes) -> Floats:
    """Pearson correlations on the same tokens: float32 [Fa, Fb] of codes [N, Fa] and [N, Fb]."""
    found = np.empty((a.shape[1], b.shape[1]), dtype=np.float32)
    for rows, block in correlation_blocks(a, b):
        found[rows] = block
    return found


def best_correlations(a: Codes, b: Codes) -> tuple[Floats, NDArray[np.intp], Floats]:
    """For each latent of `a` its highest correlation with one of `b`, [Fa], and which that is, [Fa]; for each of `b` its highest, [Fb].

    In memory that does not grow with Fa times Fb.
    """
    best = np.zeros(a.shape[1], dtype=np.float32)
    which = np.zeros(a.shape[1], dtype=np.intp)
    back = np.zeros(b.shape[1], dtype=np.float32)
    for rows, block in correlation_blocks(a, b):
        which[rows] = block.argmax(axis=1)
        best[rows] = np.take_along_axis(block, which[rows, None], axis=1)[:, 0]
        np.maximum(back, block.max(axis=0), out=back)
    return best, which, back


def decoder_cosines(a: Floats, b: Floats) -> Floats:
    """Signed cosines [Fa, Fb] of decoder rows [Fa, d] and [Fb, d] of norm 1: an opposite direction is another feature."""
    found: Floats = a @ b.T
    return found


def matched_cosine(a: Floats, b: Floats) -> float:
    """Mean cosine of decoder rows matched one to one by it: the agreement of two autoencoders (PW-MCC, arXiv:2505.20254).

    Not 0 for unrelated dictionaries: of 512 random directions in 128 dimensions it is about 0.25.
    """
    cosines = decoder_cosines(a, b)
    partner = match(cosines)
    mine = np.flatnonzero(partner >= 0)
    return float(cosines[mine, partner[mine]].mean())


def weighted_jaccard(a: Codes, b: Codes) -> Floats:
    """Overlap of firing, [Fa, Fb]: the sum over tokens of the smaller activation by that of the larger, each latent's highest being 1."""
    across, along = _of_height_one(a).T.tocsr(), _of_height_one(b)
    sums_a, sums_b = np.asarray(across.sum(axis=1)).ravel(), np.asarray(along.sum(axis=0)).ravel()
    found = np.zeros((a.shape[1], b.shape[1]), dtype=np.float32)
    for latent in range(a.shape[1]):
        here = slice(across.indptr[latent], across.indptr[latent + 1])
        there = along[across.indices[here]]
        smaller = np.minimum(there.data, np.repeat(across.data[here], np.diff(there.indptr)))
        shared = np.zeros(b.shape[1])
        np.add.at(shared, there.indices, smaller)
        either = sums_a[latent] + sums_b - shared
        found[latent] = np.divide(shared, either, out=np.zeros_like(shared), where=either > 0)
    return found


def nearest(a: Codes, b: Codes, candidates: int, least: float) -> Codes:
    """The correlations of at least `least` of each latent of `a`, the `candidates` highest at most; sparse [Fa, Fb], for `match`."""
    rows, columns, values = [np.zeros(0, np.intp)], [np.zeros(0, np.intp)], [np.zeros(0, np.float32)]
    for block, found in correlation_blocks(a, b):
        if found.shape[1] > candidates:
            bar = np.partition(found, -candidates, axis=1)[:, -candidates, None]
            row, column = np.nonzero(found >= np.maximum(bar, least))
        else:
            row, column = np.nonzero(found >= least)
        rows.append(row + block.start)
        columns.append(column)
        values.append(found[row, column])
    places = (np.concatenate(rows), np.concatenate(columns))
    return scipy.sparse.csr_matrix((np.concatenate(values), places), shape=(a.shape[1], b.shape[1]))


def match(similarity: Floats | Codes, candidates: int = 32) -> NDArray[np.intp]:
    """The one-to-one assignment of highest total similarity (Kuhn 1955): the partner of each row, [Fa], or -1 for none.

    Of more than 2048 latents only the `candidates` best pairs of each row may be chosen (Jonker and Volgenant's method on sparse
    pairs), so that time grows with their number rather than with the cube of the latents. A row whose pairs are all taken has no partner.

    Args:
        similarity: [Fa, Fb] in [-1, 1], the larger the more alike; a sparse one holds the pairs that may be chosen.
        candidates: Pairs of each row.
    """
    rows, columns = similarity.shape
    partner = np.full(rows, -1, dtype=np.intp)
    if min(rows, columns) == 0:
        return partner
    if isinstance(similarity, np.ndarray) and max(rows, columns) <= LARGE:
        first, second = linear_sum_assignment(similarity, maximize=True)
        partner[first] = second
        return partner
    if isinstance(similarity, np.ndarray):
        chosen = np.argpartition(similarity, -min(candidates, columns), axis=1)[:, -candidates:]
        first, second = np.repeat(np.arange(rows), chosen.shape[1]), chosen.ravel()
        values = similarity[first, second]
    else:
        first, second, values = scipy.sparse.find(similarity)
    # each row may also take a partner of its own that nobody else wants, so that there always is a full assignment
    costs = np.concatenate([2.0 - values, np.full(rows, 4.0)])
    places = (np.concatenate([first, np.arange(rows)]), np.concatenate([second, columns + np.arange(rows)]))
    graph = scipy.sparse.csr_matrix((costs, places), shape=(rows, columns + rows))
    first, second = min_weight_full_bipartite_matching(graph)
    partner[first] = np.where(second < columns, second, -1)
    return partner


def _moments(codes: Codes) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean of each latent and the inverse of its standard deviation, 0 where it never varies; [F] each."""
    tokens, latents = codes.shape
    values = codes.data.astype(np.float64)
    mean = np.bincount(codes.indices, weights=values, minlength=latents) / tokens
    square = np.bincount(codes.indices, weights=values**2, minlength=latents) / tokens
    variance = square - mean**2
    varies = variance > 1e-9 * square
    return mean, np.where(varies, 1 / np.sqrt(np.where(varies, variance, 1.0)), 0.0)


def _of_height_one(codes: Codes) -> Codes:
    """Each latent divided by its highest activation."""
    highest = codes.max(axis=0).toarray().ravel()
    found = codes.astype(np.float64)
    found.data /= highest[found.indices]
    return found
