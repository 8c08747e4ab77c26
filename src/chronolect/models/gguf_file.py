"""A GGUF file run by llama.cpp inside this process, through the cyllama wheel.

Scoring groups the requests by context. A context is decoded once: its tokens belong to the sequences of all its continuations, and its last
row of logits serves the first token of each. Groups are packed into batches of some hundred tokens; each thread decodes its own batches in a
context of its own with one llama.cpp thread, which is faster for small models than many threads in one batch, and keeps its speed on a busy
machine.
"""

import os
import struct
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from chronolect.errors import UserError
from chronolect.models.language_model import Score

_BATCH_TOKENS = 512  # small enough that attention over the whole batch stays cheap beside the weights
_SEQUENCES = 256  # llama.cpp's own limit
_GENERATED_TOGETHER = 16


@dataclass
class _Group:
    """One context and what follows it: `targets[i]` is scored into result `owners[i]`."""

    context: tuple[int, ...]
    targets: list[tuple[int, ...]] = field(default_factory=list)
    owners: list[list[int]] = field(default_factory=list)

    @property
    def cells(self) -> int:
        """Tokens to decode. The last token of a continuation is only scored."""
        return len(self.context) + sum(len(target) - 1 for target in self.targets)


class GgufModel:
    """A GGUF file as a `LanguageModel`.

    Scores are those of llama.cpp, row by row. A text longer than the model's context is scored in consecutive windows; a context that does
    not fit in front of its continuation loses its beginning.
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
        self.name = path.stem
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
        """The id of the token that begins a text."""
        return int(self._vocab.token_bos())

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
            parts.append((contexts[bare], whole[len(contexts[bare]) :]))
        return self._score(parts)

    def text_loglikelihoods(self, texts: Sequence[str]) -> list[Score]:
        """Score whole texts."""
        return self._score([([], self.encode(text)) for text in texts])

    def generate(
        self, prompts: Sequence[str], *, max_tokens: int = 64, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> list[str]:
        """Continue each prompt; the same seed, prompts and temperature give the same texts."""
        numbered = list(enumerate(prompts))
        together = [
            numbered[start : start + _GENERATED_TOGETHER] for start in range(0, len(numbered), _GENERATED_TOGETHER)
        ]
        cells = min(_GENERATED_TOGETHER, max(1, len(prompts))) * self.context_length
        texts: list[str] = [""] * len(prompts)

        def run(worker: _Worker, some: list[tuple[int, str]]) -> None:
            for index, text in self._generate(worker, some, max_tokens, temperature, stop):
                texts[index] = text

        self._in_parallel(together, run, cells=min(cells, max(self._room(prompts, max_tokens), 1)))
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

    def _room(self, prompts: Sequence[str], max_tokens: int) -> int:
        longest = max((min(len(self.encode(prompt)) + 1, self.context_length) for prompt in prompts), default=1)
        return min(_GENERATED_TOGETHER, max(1, len(prompts))) * min(longest + max_tokens, self.context_length)

    def _score(self, parts: Sequence[tuple[Sequence[int], Sequence[int]]]) -> list[Score]:
        """Score continuations after contexts, both as token ids without the beginning-of-text token."""
        groups: dict[tuple[int, ...], dict[tuple[int, ...], list[int]]] = {}
        for owner, (before, tokens) in enumerate(parts):
            for context, target in windows((self.bos, *before), tuple(tokens), self.context_length):
                groups.setdefault(context, {}).setdefault(target, []).append(owner)
        logprobs = np.zeros(len(parts))
        greedy = np.ones(len(parts), dtype=bool)
        lock = threading.Lock()

        def run(worker: _Worker, bin_of_groups: list[_Group]) -> None:
            for owners, logprob, is_greedy in worker.score(bin_of_groups):
                with lock:
                    logprobs[owners] += logprob
                    greedy[owners] &= is_greedy

        bins = _bins(_groups(groups))
        self._in_parallel(bins, run, cells=max((sum(group.cells for group in some) for some in bins), default=1))
        return [
            Score(float(logprob), len(tokens), bool(first))
            for logprob, (_, tokens), first in zip(logprobs, parts, greedy, strict=True)
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
        prompts: Sequence[tuple[int, str]],
        max_tokens: int,
        temperature: float,
        stop: Sequence[str],
    ) -> Iterable[tuple[int, str]]:
        room = max(1, self.context_length - max_tokens)
        texts = {index: "" for index, _ in prompts}
        tokens: dict[int, list[int]] = {}
        generators = {index: np.random.default_rng([self._seed, index]) for index, _ in prompts}
        pending: list[tuple[int, int, list[int], bool]] = []
        places: dict[int, int] = {}
        sequence_of = {index: sequence for sequence, (index, _) in enumerate(prompts)}
        for index, prompt in prompts:
            ids = [self.bos, *self.encode(prompt)][-room:]
            tokens[index], places[index] = [], len(ids)
            pending += [(token, place, [sequence_of[index]], place == len(ids) - 1) for place, token in enumerate(ids)]
        worker.context.kv_cache_clear(False)
        running = [index for index, _ in prompts] if max_tokens > 0 else []
        while running:
            rows: list[np.ndarray] = []
            worker.decode(pending, _keep_rows(rows), clear=False)
            pending, going_on = [], []
            for index, row in zip(running, rows, strict=True):
                token = _choose(row, temperature, generators[index])
                if self._vocab.is_eog(token):
                    continue
                tokens[index].append(token)
                texts[index] = self._vocab.detokenize(tokens[index], False, False)
                ends = [end for word in stop if (end := texts[index].find(word)) >= 0]
                if ends:
                    texts[index] = texts[index][: min(ends)]
                elif len(tokens[index]) < max_tokens and places[index] < self.context_length:
                    pending.append((token, places[index], [sequence_of[index]], True))
                    places[index] += 1
                    going_on.append(index)
            running = going_on
        return texts.items()


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
        self._buffer = np.empty((_BATCH_TOKENS, model.n_vocab), dtype=np.float32)

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
        for start in range(0, len(entries), _BATCH_TOKENS):
            some = entries[start : start + _BATCH_TOKENS]
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

    def score(self, groups: Sequence[_Group]) -> list[tuple[list[int], float, bool]]:
        """For each continuation its owners, log-probability and whether each token was the first choice."""
        entries: list[tuple[int, int, list[int], bool]] = []
        expected: dict[int, list[tuple[int, int]]] = {}  # entry -> (result, token that should follow)
        results: list[tuple[list[int], float, bool]] = []
        sequence = 0
        for group in groups:
            length = len(group.context)
            branches = range(sequence, sequence + len(group.targets))
            sequence += len(group.targets)
            entries += [
                (token, place, list(branches), place == length - 1) for place, token in enumerate(group.context)
            ]
            last = len(entries) - 1
            for branch, target, owners in zip(branches, group.targets, group.owners, strict=True):
                expected.setdefault(last, []).append((len(results), target[0]))
                for place, (token, follower) in enumerate(pairwise(target)):
                    expected[len(entries)] = [(len(results), follower)]
                    entries.append((token, length + place, [branch], True))
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


def windows(
    context: tuple[int, ...], target: tuple[int, ...], length: int
) -> Iterable[tuple[tuple[int, ...], tuple[int, ...]]]:
    """Cut a continuation into pieces that fit a model's context, each behind as much as fits of what came before it.

    >>> list(windows((0,), (1, 2, 3, 4, 5), 2))
    [((0,), (1, 2)), ((2,), (3, 4)), ((3, 4), (5,))]
    """
    whole = context + target
    for start in range(len(context), len(whole), length):
        piece = whole[start : start + length]
        yield whole[max(0, start + len(piece) - 1 - length) : start], piece


def _groups(found: dict[tuple[int, ...], dict[tuple[int, ...], list[int]]]) -> list[_Group]:
    """One group per context, or more where its continuations are too many for one batch; long ones first, so that threads end together."""
    groups = []
    for context, targets in found.items():
        group = _Group(context)
        for target, owners in targets.items():
            full = group.cells + len(target) - 1 > _BATCH_TOKENS or len(group.targets) == _SEQUENCES
            if group.targets and full:
                groups.append(group)
                group = _Group(context)
            group.targets.append(target)
            group.owners.append(owners)
        groups.append(group)
    return sorted(groups, key=lambda group: -group.cells)


def _bins(groups: Sequence[_Group]) -> list[list[_Group]]:
    """Pack groups into batches of at most `_BATCH_TOKENS` tokens and `_SEQUENCES` sequences; a longer group has a batch for itself."""
    bins: list[list[_Group]] = []
    cells = sequences = 0
    for group in groups:
        cells, sequences = cells + group.cells, sequences + len(group.targets)
        if not bins or cells > _BATCH_TOKENS or sequences > _SEQUENCES:
            bins.append([])
            cells, sequences = group.cells, len(group.targets)
        bins[-1].append(group)
    return bins


def _keep_rows(rows: list[np.ndarray]) -> Callable[[list[int], np.ndarray], None]:
    return lambda _, logits: rows.extend(logits.copy())


def _choose(logits: np.ndarray, temperature: float, generator: np.random.Generator) -> int:
    """The next token: the likeliest at temperature 0, else sampled (by the Gumbel-max trick)."""
    if temperature <= 0:
        return int(logits.argmax())
    return int((logits / temperature + generator.gumbel(size=len(logits))).argmax())
