"""One llama.cpp context: tokens in, logits out, and the scores of a batch of continuations."""

import struct
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from chronolect.models.grouping import Group

BATCH_TOKENS = 512  # small enough that attention over the whole batch stays cheap beside the weights
SEQUENCES = 256  # llama.cpp's own limit
_LOGITS = 1 << 25  # numbers in the logits of one decoding step: 128 MB


class Worker:
    """A llama.cpp context with its batch and a buffer for logits; used by one thread at a time."""

    def __init__(self, llama: Any, model: Any, cells: int) -> None:
        params = llama.LlamaContextParams()
        params.n_ctx = self.cells = -(-cells // 256) * 256  # llama.cpp pads the cache to that anyway
        params.n_batch = params.n_ubatch = BATCH_TOKENS
        params.n_seq_max = SEQUENCES
        params.kv_unified = True
        params.no_perf = True
        self.context = llama.LlamaContext(model, params)
        self._batch = llama.LlamaBatch(n_tokens=BATCH_TOKENS, embd=0, n_seq_max=SEQUENCES)
        self._row = struct.Struct(f"{model.n_vocab}f")
        self._step = max(32, min(BATCH_TOKENS, _LOGITS // model.n_vocab))
        self._buffer = np.empty((self._step, model.n_vocab), dtype=np.float32)

    def decode(
        self,
        entries: Sequence[tuple[int, int, list[int], bool]],
        read: Callable[[list[int], np.ndarray], None],
        *,
        clear: bool = True,
    ) -> None:
        """Decode (token, position, sequences, whether its logits are wanted) in order; `read` gets the wanted entries' numbers and rows.

        The rows are valid until `read` returns.
        """
        if clear:
            self.context.kv_cache_clear(False)
        for start in range(0, len(entries), self._step):
            some = entries[start : start + self._step]
            self._batch.clear()
            for entry in some:
                self._batch.add(*entry)
            self.context.decode(self._batch)
            wanted = [number for number, entry in enumerate(some) if entry[3]]
            for row, number in enumerate(wanted):
                # the wrapper gives a list; packing it is the quickest way into an array
                self._row.pack_into(self._buffer[row], 0, *self.context.get_logits_ith(number))
            if wanted:
                read([start + number for number in wanted], self._buffer[: len(wanted)])

    def score(self, groups: Sequence[Group]) -> list[tuple[list[int], float, bool]]:
        """For each continuation its owners, log-probability and whether each token was the first choice."""
        entries: list[tuple[int, int, list[int], bool]] = []
        expected: dict[int, list[tuple[int, int]]] = {}  # entry -> (result, token that should follow)
        results: list[tuple[list[int], float, bool]] = []
        sequence = 0
        for group in groups:
            length, shared = len(group.context), list(range(sequence, sequence + count_sequences(group)))
            sequence += len(shared)
            entries += [(token, place, shared, place == length - 1) for place, token in enumerate(group.context)]
            last, branches = len(entries) - 1, iter(shared)
            for target, owners in zip(group.targets, group.owners, strict=True):
                expected.setdefault(last, []).append((len(results), target[0]))
                branch = [next(branches)] if len(target) > 1 else []
                for place, (token, follower) in enumerate(pairwise(target)):
                    expected[len(entries)] = [(len(results), follower)]
                    entries.append((token, length + place, branch, True))
                results.append((owners, 0.0, True))

        def read(numbers: list[int], logits: np.ndarray) -> None:
            rows, places, tokens = zip(
                *((row, place, token) for row, number in enumerate(numbers) for place, token in expected[number]),
                strict=True,
            )
            best = logits.max(axis=1)
            totals = best + np.log(np.exp(logits - best[:, None]).sum(axis=1, dtype=np.float64))
            chosen = logits[list(rows), list(tokens)]
            gains = chosen - totals[list(rows)]
            for place, gain, first in zip(places, gains, chosen == best[list(rows)], strict=True):
                owners, logprob, is_greedy = results[place]
                results[place] = (owners, logprob + float(gain), is_greedy and bool(first))

        self.decode(entries, read)
        return results


def count_sequences(group: Group) -> int:
    """Number of llama.cpp sequences a group takes: one for each target of which a token is read, at least one for the context."""
    return max(1, sum(len(target) > 1 for target in group.targets))
