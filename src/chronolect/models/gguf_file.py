"""A GGUF file run by llama.cpp inside this process, through the cyllama wheel.

Scoring groups the requests by context. A context is decoded once: its tokens belong to the sequences of all its continuations, and its last
row of logits serves the first token of each. Groups are packed into batches of some hundred tokens; each thread decodes its own batches in a
context of its own with one llama.cpp thread, which is faster for small models than many threads in one batch, and keeps its speed on a busy
machine.
"""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from chronolect.errors import UserError
from chronolect.models.chat_template import (
    GGUF_DIGEST_KEY,
    ChatTemplate,
    check_digest,
    endless_template,
    missing_template,
    read_template,
    template_digest,
)
from chronolect.models.gguf_worker import BATCH_TOKENS, SEQUENCES, Worker, count_sequences
from chronolect.models.grouping import Group, Tokens, group_requests
from chronolect.models.language_model import Messages, Sampled, Score, room_for_answer, short_name
from chronolect.models.sampling import Sampling, keep_likely, sampling_seeds

_GENERATED_TOGETHER = 16


class GgufModel:
    """A GGUF file as a `LanguageModel`.

    A text longer than the model's context is scored in windows that begin with the last half window already seen.
    """

    def __init__(
        self,
        path: Path,
        *,
        threads: int | None = None,
        seed: int = 0,
        chat_template: str | Path | None = None,
        debug: bool = False,
    ) -> None:
        """Load a file.

        Args:
            path: The GGUF file.
            threads: Number of processor threads; by default `CHRONOLECT_THREADS` or all.
            seed: Seed of sampling.
            chat_template: A template's file, or `chatml`, `alpaca`, `question` or `time`, in place of the file's own.
            debug: Whether llama.cpp prints its log.

        Raises:
            UserError: Where the file is missing or damaged, or cyllama is not installed, or no such template.
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
        own = self._model.get_default_chat_template() or None
        self._given = chat_template
        self._template_text: str | None = own if chat_template is None else read_template(chat_template)
        self._workers: list[Worker] = []

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
        encoded = [[self.bos, *self.encode(prompt)][-room:] for prompt in prompts]
        return [one.text for one in self._continue(encoded, max_tokens, Sampling(temperature=temperature), stop=stop)]

    def reply(self, conversations: Sequence[Messages], *, max_tokens: int = 256, temperature: float = 0.0) -> list[str]:
        """Answer each conversation through the chat template, without the space around the answer."""
        found = self._answers(conversations, max_tokens, Sampling(temperature=temperature))
        return [one.text.strip() for one in found]

    def sample(
        self, conversations: Sequence[Messages], seeds: Sequence[int], sampling: Sampling, *, max_tokens: int | None
    ) -> list[Sampled]:
        """Answer each conversation with a seed of its own."""
        return self._answers(conversations, max_tokens or self.context_length, sampling, seeds)

    def room(self, messages: Messages) -> int:
        """Tokens that an answer can have; none or fewer where the conversation is too long."""
        return self.context_length - len(self.encode(self._template.prompt(messages)))

    def _answers(
        self,
        conversations: Sequence[Messages],
        max_tokens: int,
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
    ) -> list[Sampled]:
        template = self._template
        encoded = [self.encode(template.prompt(messages)) for messages in conversations]
        for ids in encoded:
            room_for_answer(self.name, len(ids), max_tokens, self.context_length)
        turn_end = template.turn_end(self.encode, self._is_added)
        return self._continue(encoded, max_tokens, sampling, seeds, turn_end=turn_end)

    @property
    def template_digest(self) -> str | None:
        """The digest of the chat template that `reply` uses."""
        return template_digest(self._template_text) if self._template_text else None

    @cached_property
    def _template(self) -> ChatTemplate:
        if not self._template_text:
            raise missing_template(self.name)
        ids = {"bos": self._vocab.token_bos(), "eos": self._vocab.token_eos(), "pad": self._vocab.token_pad()}
        special = {f"{name}_token": self._vocab.get_text(token) for name, token in ids.items() if token >= 0}
        template = ChatTemplate(self._template_text, special, self.name)
        if self._given is not None and template.turn_end(self.encode, self._is_added) is None:
            raise endless_template(self._given, template)
        check_digest(self.name, stored=self._stored_digest, used=template.digest)
        return template

    def _is_added(self, token: int) -> bool:
        """Whether a token is a control or user-defined one (llama.cpp's attributes), which no other text gives."""
        return bool(self._vocab.get_attr(token) & 0b11000)

    @cached_property
    def _stored_digest(self) -> str | None:
        try:
            return str(self._model.meta_val_str(GGUF_DIGEST_KEY))
        except ValueError:
            return None

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
            most_cells=BATCH_TOKENS,
            most_rows=SEQUENCES,
        )
        logprobs = np.zeros(len(requests))
        greedy = np.ones(len(requests), dtype=bool)
        lock = threading.Lock()

        def run(worker: Worker, bin_of_groups: list[Group]) -> None:
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

    def _in_parallel(self, work: Sequence[Any], run: Callable[[Worker, Any], None], *, cells: int) -> None:
        """Do `run(worker, item)` for each item, on up to `threads` workers with room for `cells` tokens each."""
        count = max(1, min(self.threads, len(work)))
        if self._workers and self._workers[0].cells < cells:
            for worker in self._workers:
                worker.context.close()
            self._workers = []
        room = max(cells, self._workers[0].cells if self._workers else BATCH_TOKENS)
        while len(self._workers) < count:
            self._workers.append(Worker(self._llama, self._model, room))
        for worker in self._workers[:count]:
            worker.context.set_n_threads(self.threads // count, self.threads // count)
        if count == 1:
            for item in work:
                run(self._workers[0], item)
            return
        items = iter(work)
        lock = threading.Lock()

        def loop(worker: Worker) -> None:
            while True:
                with lock:
                    item = next(items, None)
                if item is None:
                    return
                run(worker, item)

        with ThreadPoolExecutor(count) as pool:
            list(pool.map(loop, self._workers[:count]))

    def _continue(
        self,
        encoded: Sequence[list[int]],
        max_tokens: int,
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        stop: Sequence[str] = (),
        turn_end: int | None = None,
    ) -> list[Sampled]:
        """What follows each prompt, up to a token that ends a text or the turn."""
        own = sampling_seeds(self._seed, encoded) if seeds is None else seeds
        sampled: dict[int, Sampled] = {}
        starts = range(0, len(encoded), _GENERATED_TOGETHER)
        together = [range(start, min(start + _GENERATED_TOGETHER, len(encoded))) for start in starts]

        def run(worker: Worker, some: range) -> None:
            generators = {index: np.random.default_rng(own[index]) for index in some}
            prompts = {index: encoded[index] for index in some}
            sampled.update(self._generate(worker, prompts, max_tokens, sampling, generators, stop, turn_end))

        lengths = [min(len(ids) + max_tokens, self.context_length) for ids in encoded]
        cells = max((sum(lengths[index] for index in some) for some in together), default=1)
        self._in_parallel(together, run, cells=cells)
        return [sampled[index] for index in range(len(encoded))]

    def _generate(
        self,
        worker: Worker,
        prompts: dict[int, list[int]],
        max_tokens: int,
        sampling: Sampling,
        generators: dict[int, np.random.Generator],
        stop: Sequence[str],
        turn_end: int | None,
    ) -> dict[int, Sampled]:
        """Continue some prompts (token ids by number) token by token, all in one batch."""
        tokens: dict[int, list[int]] = {index: [] for index in prompts}
        sequences = {index: [number] for number, index in enumerate(prompts)}
        pending = [
            (token, place, sequences[index], place == len(ids) - 1)
            for index, ids in prompts.items()
            for place, token in enumerate(ids)
        ]
        running = list(prompts) if max_tokens > 0 else []
        ended_by_token = set[int]()
        worker.context.kv_cache_clear(False)
        while running:
            rows: list[np.ndarray] = []
            worker.decode(pending, _keep_rows(rows), clear=False)
            going_on = []
            for index, row in zip(running, rows, strict=True):
                token = _choose(row, sampling, generators[index])
                if self._vocab.is_eog(token) or token == turn_end:
                    ended_by_token.add(index)
                    continue
                tokens[index].append(token)
                place = len(prompts[index]) + len(tokens[index]) - 1
                ended = bool(stop) and any(word in self._text(tokens[index]) for word in stop)
                if not ended and len(tokens[index]) < max_tokens and place < self.context_length:
                    going_on.append((index, (token, place, sequences[index], True)))
            running, pending = [index for index, _ in going_on], [entry for _, entry in going_on]
        sampled = {}
        for index, found in tokens.items():
            text = self._text(found)
            end = min((place for word in stop if (place := text.find(word)) >= 0), default=len(text))
            sampled[index] = Sampled(text[:end], len(found) + (index in ended_by_token))
        return sampled

    def _text(self, tokens: list[int]) -> str:
        return str(self._vocab.detokenize(tokens, False, False)) if tokens else ""


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
    """Pack groups into batches of at most `BATCH_TOKENS` tokens and `SEQUENCES` sequences; a longer group has a batch for itself."""
    bins: list[list[Group]] = []
    cells = sequences = 0
    for group in groups:
        cells, sequences = cells + group.cells, sequences + count_sequences(group)
        if not bins or cells > BATCH_TOKENS or sequences > SEQUENCES:
            bins.append([])
            cells, sequences = group.cells, count_sequences(group)
        bins[-1].append(group)
    return bins


def _keep_rows(rows: list[np.ndarray]) -> Callable[[list[int], np.ndarray], None]:
    return lambda _, logits: rows.extend(logits.copy())


def _choose(logits: np.ndarray, sampling: Sampling, generator: np.random.Generator) -> int:
    """The next token: the likeliest at temperature 0, else sampled (by the Gumbel-max trick)."""
    if sampling.temperature <= 0:
        return int(logits.argmax())
    return int((keep_likely(logits, sampling) + generator.gumbel(size=len(logits))).argmax())
