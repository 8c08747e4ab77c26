"""A GGUF file run by llama.cpp inside this process, through the cyllama wheel.

Scoring groups the requests by context. A context is decoded once: its tokens belong to the sequences of all its continuations, and its last
row of logits serves the first token of each. Groups are packed into batches of some hundred tokens; each thread decodes its own batches in a
context of its own with one llama.cpp thread, which is faster for small models than many threads in one batch, and keeps its speed on a busy
machine.
"""

import os
import struct
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from chronolect.errors import UserError
from chronolect.models.grouping import Group, Tokens, group_requests
from chronolect.models.language_model import Score, short_name

_BATCH_TOKENS = 512  # small enough that attention over the whole batch stays cheap beside the weights
_SEQUENCES = 256  # llama.cpp's own limit
_GENERATED_TOGETHER = 16
_LOGITS = 1 << 25  # numbers in the logits of one decoding step: 128 MB


class GgufModel:
    """A GGUF file as a `LanguageModel`.

    A text longer than the model's context is scored in windows that begin with the last half window already seen.
    """

    def __init__(self, path: Path, *, threads: int | None = None, seed: int = 0, debug: bool = False) -> None:
        """Load a file.

        Args:
            path: The GGUF file.
            threads: Number of processor threads; by default `CHRONOLECT_THREADS` or all.
            seed: Seed of sampling.
            debug: Whether llama.cpp prints its log.

        Raises:
            UserError: Where the file is missing or damaged, or cyllama is not installed.
        """
        llama = load_cyllama(debug=debug)
        path = Path(path)
        if not path.is_file():
            raise UserError(f"{path}: no such GGUF file")
        self.name = short_name(path)
        self.threads = threads or int(os.environ.get("CHRONOLECT_THREADS") or os.cpu_count() or 1)
        self._llama, self._seed = llama, seed
        try:
            self._model: Any = _model_class(llama)(str(path), llama.LlamaModelParams())
        except (ValueError, RuntimeError) as error:
            raise UserError(f"{path}: llama.cpp cannot load it ({' '.join(str(error).split())[:200]})") from None
        self._vocab = self._model.get_vocab()
        self._model.n_vocab = self.vocab_size = int(self._vocab.n_vocab)
        self.context_length = int(self._model.n_ctx_train)
        self._workers: list[_Worker] = []

    @property
    def bos(self) -> int:
        """The id of the token that begins a text: bos, or eos where the file names no bos."""
        bos = int(self._vocab.token_bos())
        return bos if bos >= 0 else int(self._vocab.token_eos())

    def encode(self, text: str, *, add_special: bool = False) -> list[int]:
        """Token ids of a text by the file's own tokenizer; special tokens written out in the text are recognised.

        Args:
            text: The text.
            add_special: Whether to add the tokens that the file says every text begins or ends with.
        """
        return list(self._vocab.tokenize(text, add_special, True)) if text or add_special else []

    def loglikelihoods(self, requests: Sequence[tuple[str, str]]) -> list[Score]:
        """Score each continuation after its context."""
        contexts: dict[str, list[int]] = {}
        parts = []
        for context, continuation in requests:
            # spaces at the end of a context are part of the next word's token
            bare = context.rstrip()
            if bare not in contexts:
                contexts[bare] = self.encode(bare)
            whole = self.encode(context + continuation)
            parts.append(((self.bos, *contexts[bare]), tuple(whole[len(contexts[bare]) :])))
        return self._score(parts)

    def text_loglikelihoods(self, texts: Sequence[str]) -> list[Score]:
        """Score whole texts."""
        return self._score([((self.bos,), tuple(self.encode(text))) for text in texts])

    def generate(
        self, prompts: Sequence[str], *, max_tokens: int = 64, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> list[str]:
        """Continue each prompt; the same seed, prompts and temperature give the same texts."""
        room = max(1, self.context_length - max_tokens)
        numbered = [(index, [self.bos, *self.encode(prompt)][-room:]) for index, prompt in enumerate(prompts)]
        together = [
            numbered[start : start + _GENERATED_TOGETHER] for start in range(0, len(numbered), _GENERATED_TOGETHER)
        ]
        texts = [""] * len(prompts)

        def run(worker: _Worker, some: list[tuple[int, list[int]]]) -> None:
            for index, text in self._generate(worker, dict(some), max_tokens, temperature, stop).items():
                texts[index] = text

        cells = max((sum(len(ids) + max_tokens for _, ids in some) for some in together), default=1)
        self._in_parallel(together, run, cells=cells)
        return texts

    def logits(self, tokens: Sequence[int]) -> np.ndarray:
        """Logits after each token of one sequence.

        Args:
            tokens: Token ids, at most the model's context.

        Returns:
            float32, (len(tokens), vocab_size).
        """
        rows: list[np.ndarray] = []
        self._in_parallel(
            [tokens],
            lambda worker, ids: worker.decode(
                [(token, place, [0], True) for place, token in enumerate(ids)], _keep_rows(rows)
            ),
            cells=len(tokens),
        )
        return np.stack(rows)

    def close(self) -> None:
        """Free the model."""
        for worker in self._workers:
            worker.context.close()
        self._workers = []
        self._model.close()

    def _score(self, requests: Sequence[tuple[Tokens, Tokens]]) -> list[Score]:
        """Score targets after contexts, both as token ids."""
        groups = group_requests(
            requests,
            length=self.context_length,
            overlap=max(1, self.context_length // 2),
            most_cells=_BATCH_TOKENS,
            most_rows=_SEQUENCES,
        )
        logprobs = np.zeros(len(requests))
        greedy = np.ones(len(requests), dtype=bool)
        lock = threading.Lock()

        def run(worker: _Worker, bin_of_groups: list[Group]) -> None:
            for owners, logprob, is_greedy in worker.score(bin_of_groups):
                with lock:
                    np.add.at(logprobs, owners, logprob)  # a text that repeats itself owns a window more than once
                    greedy[owners] &= is_greedy

        bins = _bins(groups)
        self._in_parallel(bins, run, cells=max((sum(group.cells for group in some) for some in bins), default=1))
        return [
            Score(float(logprob), len(target), bool(first))
            for logprob, first, (_, target) in zip(logprobs, greedy, requests, strict=True)
        ]

    def _in_parallel(self, work: Sequence[Any], run: Callable[["_Worker", Any], None], *, cells: int) -> None:
        """Do `run(worker, item)` for each item, on up to `threads` workers with room for `cells` tokens each."""
        count = max(1, min(self.threads, len(work)))
        if self._workers and self._workers[0].cells < cells:
            for worker in self._workers:
                worker.context.close()
            self._workers = []
        room = max(cells, self._workers[0].cells if self._workers else _BATCH_TOKENS)
        while len(self._workers) < count:
            self._workers.append(_Worker(self._llama, self._model, room))
        for worker in self._workers[:count]:
            worker.context.set_n_threads(self.threads // count, self.threads // count)
        if count == 1:
            for item in work:
                run(self._workers[0], item)
            return
        items = iter(work)
        lock = threading.Lock()

        def loop(worker: _Worker) -> None:
            while True:
                with lock:
                    item = next(items, None)
                if item is None:
                    return
                run(worker, item)

        with ThreadPoolExecutor(count) as pool:
            list(pool.map(loop, self._workers[:count]))

    def _generate(
        self,
        worker: "_Worker",
        prompts: dict[int, list[int]],
        max_tokens: int,
        temperature: float,
        stop: Sequence[str],
    ) -> dict[int, str]:
        """Continue some prompts (token ids by number) token by token, all in one batch."""
        texts = dict.fromkeys(prompts, "")
        tokens: dict[int, list[int]] = {index: [] for index in prompts}
        generators = {index: np.random.default_rng([self._seed, index]) for index in prompts}
        sequences = {index: [number] for number, index in enumerate(prompts)}
        pending = [
            (token, place, sequences[index], place == len(ids) - 1)
            for index, ids in prompts.items()
            for place, token in enumerate(ids)
        ]
        running = list(prompts) if max_tokens > 0 else []
        worker.context.kv_cache_clear(False)
        while running:
            rows: list[np.ndarray] = []
            worker.decode(pending, _keep_rows(rows), clear=False)
            going_on = []
            for index, row in zip(running, rows, strict=True):
                token = _choose(row, temperature, generators[index])
                if self._vocab.is_eog(token):
                    continue
                tokens[index].append(token)
                text = self._vocab.detokenize(tokens[index], False, False)
                ends = [end for word in stop if (end := text.find(word)) >= 0]
                texts[index] = text[: min(ends, default=len(text))]
                place = len(prompts[index]) + len(tokens[index]) - 1
                if not ends and len(tokens[index]) < max_tokens and place < self.context_length:
                    going_on.append((index, (token, place, sequences[index], True)))
            running, pending = [index for index, _ in going_on], [entry for _, entry in going_on]
        return texts


class _Worker:
    """A llama.cpp context with its batch and a buffer for logits; used by one thread at a time."""

    def __init__(self, llama: Any, model: Any, cells: int) -> None:
        params = llama.LlamaContextParams()
        params.n_ctx = self.cells = -(-cells // 256) * 256  # llama.cpp pads the cache to that anyway
        params.n_batch = params.n_ubatch = _BATCH_TOKENS
        params.n_seq_max = _SEQUENCES
        params.kv_unified = True
        params.no_perf = True
        self.context = llama.LlamaContext(model, params)
        self._batch = llama.LlamaBatch(n_tokens=_BATCH_TOKENS, embd=0, n_seq_max=_SEQUENCES)
        self._row = struct.Struct(f"{model.n_vocab}f")
        self._step = max(32, min(_BATCH_TOKENS, _LOGITS // model.n_vocab))
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
            length, shared = len(group.context), list(range(sequence, sequence + _sequences(group)))
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


def load_cyllama(*, debug: bool = False) -> Any:
    """The low-level module of cyllama, its log silenced.

    Raises:
        UserError: Where cyllama is not installed.
    """
    try:
        from cyllama.llama import llama_cpp
    except ImportError:
        raise UserError(
            "GGUF files need llama.cpp (cyllama); install it with: pip install 'chronolect[gguf]'"
        ) from None
    if not debug:
        llama_cpp.disable_logging()
    return llama_cpp


def _model_class(llama: Any) -> Any:
    """cyllama 0.2.18 reads the length of a row of logits as `model.n_vocab`, which its own class lacks."""
    return type("Model", (llama.LlamaModel,), {"n_vocab": 0})


def _bins(groups: Sequence[Group]) -> list[list[Group]]:
    """Pack groups into batches of at most `_BATCH_TOKENS` tokens and `_SEQUENCES` sequences; a longer group has a batch for itself."""
    bins: list[list[Group]] = []
    cells = sequences = 0
    for group in groups:
        cells, sequences = cells + group.cells, sequences + _sequences(group)
        if not bins or cells > _BATCH_TOKENS or sequences > _SEQUENCES:
            bins.append([])
            cells, sequences = group.cells, _sequences(group)
        bins[-1].append(group)
    return bins


def _keep_rows(rows: list[np.ndarray]) -> Callable[[list[int], np.ndarray], None]:
    return lambda _, logits: rows.extend(logits.copy())


def _sequences(group: Group) -> int:
    """Number of llama.cpp sequences a group takes: one for each target of which a token is read, at least one for the context."""
    return max(1, sum(len(target) > 1 for target in group.targets))


def _choose(logits: np.ndarray, temperature: float, generator: np.random.Generator) -> int:
    """The next token: the likeliest at temperature 0, else sampled (by the Gumbel-max trick)."""
    if temperature <= 0:
        return int(logits.argmax())
    return int((logits / temperature + generator.gumbel(size=len(logits))).argmax())
