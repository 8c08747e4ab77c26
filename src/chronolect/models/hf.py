"""A Hugging Face folder as a `LanguageModel`, made fast for what scoring asks: many short continuations of the same contexts.

A context and all its continuations become one row: a tree whose branches see the context and themselves, not each other (as in tree attention,
Miao et al. 2023, arXiv:2305.09781). Rows of like length share a batch. The output layer runs only where a token is scored. On a processor each
thread computes batches of its own: small products gain little from several threads, and lose much where another program holds one of the cores.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from chronolect.artifacts import read_json
from chronolect.errors import UserError
from chronolect.models.chat_template import (
    ChatTemplate,
    check_digest,
    choose_template,
    own_template,
    stored_digest,
    template_digest,
    turn_end_of,
)
from chronolect.models.grouping import Group, Tokens, group_requests
from chronolect.models.hf_generation import continue_prompts
from chronolect.models.language_model import DType, Messages, Sampled, Score, room_for_answer, short_name
from chronolect.models.loading import load_model, load_tokenizer
from chronolect.models.sampling import Sampling, sampling_seeds

_ADAPTER = "adapter_config.json"
_LOGITS = 1 << 25  # numbers in the logits of one batch: 128 MB in float32
_DEFAULT_CONTEXT = 2_048

T = TypeVar("T")


class HfModel:
    """A Hugging Face folder, or a PEFT adapter's folder, as a `LanguageModel`.

    A text longer than the model's context is scored in windows that begin with the last half window already seen.
    """

    def __init__(
        self,
        folder: str | Path,
        *,
        dtype: DType = "float32",
        device: str = "auto",
        threads: int | None = None,
        batch_tokens: int | None = None,
        seed: int = 0,
        chat_template: str | Path | None = None,
    ) -> None:
        """Load a model.

        Args:
            folder: The model's folder.
            dtype: Type of the weights in memory.
            device: `cpu`, `cuda`, or `auto` for a GPU where there is one.
            threads: Number of processor threads for all of torch; by default torch's own.
            batch_tokens: Tokens scored at once; by default 1,024, on a GPU 32,768.
            seed: Seed of sampling.
            chat_template: A template's file, or `chatml`, `alpaca`, `question` or `time`, in place of the model's own.

        Raises:
            UserError: Where there is no whole model in the folder, or no such template.
        """
        if threads:
            torch.set_num_threads(threads)
        self.name = short_name(folder)
        self.device = torch.device(device if device != "auto" else "cuda" if torch.cuda.is_available() else "cpu")
        self.model, self.tokenizer = load_with_adapter(folder, dtype=dtype)
        self.model.to(self.device).eval()  # type: ignore[arg-type]
        bos = self.tokenizer.bos_token_id if self.tokenizer.bos_token_id is not None else self.tokenizer.eos_token_id
        if bos is None:
            raise UserError(f"{folder}: its tokenizer has neither a bos nor an eos token to begin a text with")
        self.bos = int(bos)
        config = self.model.config.get_text_config()
        self.vocab_size = int(config.vocab_size)
        self.context_length = int(getattr(config, "max_position_embeddings", None) or _DEFAULT_CONTEXT)
        self._batch_tokens = batch_tokens or (1_024 if self.device.type == "cpu" else 32_768)
        self._seed = seed
        self._stored_digest = stored_digest(self.tokenizer)
        if chat_template is not None:
            choose_template(self.tokenizer, chat_template)
        self._wanted = threading.local()
        head: Any = self.model.get_output_embeddings()
        head.register_forward_pre_hook(self._choose_places)

    def loglikelihoods(self, requests: Sequence[tuple[str, str]]) -> list[Score]:
        """Score each continuation after its context."""
        # spaces at the end of a context are part of the next word's token
        bare = [context.rstrip() for context, _ in requests]
        contexts = dict(zip(dict.fromkeys(bare), self._encode(list(dict.fromkeys(bare))), strict=True))
        wholes = self._encode([context + continuation for context, continuation in requests])
        return self._score(
            [
                ((self.bos, *contexts[context]), tuple(whole[len(contexts[context]) :]))
                for context, whole in zip(bare, wholes, strict=True)
            ]
        )

    def text_loglikelihoods(self, texts: Sequence[str]) -> list[Score]:
        """Score whole texts."""
        return self._score([((self.bos,), tuple(ids)) for ids in self._encode(texts)])

    def generate(
        self, prompts: Sequence[str], *, max_tokens: int = 64, temperature: float = 0.0, stop: Sequence[str] = ()
    ) -> list[str]:
        """Continue each prompt; the same seed, prompts and temperature give the same texts."""
        room = max(1, self.context_length - max_tokens)
        encoded = [([self.bos, *ids])[-room:] for ids in self._encode(prompts)]
        tokens = self._continue(
            encoded, [max_tokens] * len(encoded), self._ends, Sampling(temperature=temperature), stop=stop
        )
        texts = self._decode(tokens)
        return [text[: min([text.find(word) for word in stop if word in text], default=len(text))] for text in texts]

    def reply(self, conversations: Sequence[Messages], *, max_tokens: int = 256, temperature: float = 0.0) -> list[str]:
        """Answer each conversation through the chat template, without the space around the answer."""
        tokens, _ = self._answers(conversations, max_tokens, Sampling(temperature=temperature))
        return [text.strip() for text in self._decode(tokens)]

    def sample(
        self, conversations: Sequence[Messages], seeds: Sequence[int], sampling: Sampling, *, max_tokens: int | None
    ) -> list[Sampled]:
        """Answer each conversation with a seed of its own."""
        tokens, most = self._answers(conversations, max_tokens or self.context_length, sampling, seeds)
        return [
            Sampled(text, len(ids) + (len(ids) < limit))  # what is shorter than it may be was ended by a token
            for text, ids, limit in zip(self._decode(tokens), tokens, most, strict=True)
        ]

    def room(self, messages: Messages) -> int:
        """Tokens that an answer can have; none or fewer where the conversation is too long."""
        return self.context_length - len(self._encode([self._template.prompt(messages)])[0])

    def _answers(
        self, conversations: Sequence[Messages], max_tokens: int, sampling: Sampling, seeds: Sequence[int] | None = None
    ) -> tuple[list[list[int]], list[int]]:
        """The tokens that answer each conversation, and how many there may be."""
        encoded = self._encode([self._template.prompt(messages) for messages in conversations])
        most = [room_for_answer(self.name, len(ids), max_tokens, self.context_length) for ids in encoded]
        turn_end = turn_end_of(self._template, self.tokenizer)
        ends = self._ends if turn_end is None else [*self._ends, turn_end]
        return self._continue(encoded, most, ends, sampling, seeds), most

    @property
    def template_digest(self) -> str | None:
        """The digest of the chat template that `reply` uses."""
        text = own_template(self.tokenizer)
        return template_digest(text) if text else None

    @cached_property
    def _template(self) -> ChatTemplate:
        template = choose_template(self.tokenizer)
        check_digest(self.name, stored=self._stored_digest, used=template.digest)
        return template

    def close(self) -> None:
        """Free the model."""
        del self.model
        if self.device.type == "cuda":
            torch.cuda.empty_cache()

    def _encode(self, texts: Sequence[str]) -> list[list[int]]:
        if not texts:
            return []
        ids: list[list[int]] = self.tokenizer(
            list(texts), add_special_tokens=False, return_attention_mask=False, verbose=False
        )["input_ids"]
        return ids

    def _score(self, requests: Sequence[tuple[Tokens, Tokens]]) -> list[Score]:
        """Score targets after contexts, both as token ids."""
        most_rows = max(1, _LOGITS // self.vocab_size)
        groups = group_requests(
            requests,
            length=self.context_length,
            overlap=max(1, self.context_length // 2),
            most_cells=min(self._batch_tokens, self.context_length),
            most_rows=most_rows,
        )
        trees = [group for group in groups if len(group.targets) > 1]
        if trees and not self._branches:
            groups = [
                Group(g.context, [target], [owners])
                for g in groups
                for target, owners in zip(g.targets, g.owners, strict=True)
            ]
            groups.sort(key=lambda group: -group.cells)
            trees = []
        plain = [group for group in groups if len(group.targets) == 1]
        logprobs = torch.zeros(len(requests), dtype=torch.float64)
        greedy = torch.ones(len(requests), dtype=torch.bool)
        batches = [
            batch
            for kind in (trees, plain)
            for batch in _batches(kind, lambda group: group.cells, self._batch_tokens, lambda g: g.rows, most_rows)
        ]
        for results in self._in_parallel(batches):
            for owners, logprob, is_greedy in results:
                for owner in owners:
                    logprobs[owner] += logprob
                    greedy[owner] &= is_greedy
        return [
            Score(logprob, len(target), is_greedy)
            for logprob, is_greedy, (_, target) in zip(logprobs.tolist(), greedy.tolist(), requests, strict=True)
        ]

    def _in_parallel(self, batches: Sequence[Sequence[Group]]) -> Iterator[list[tuple[list[int], float, bool]]]:
        """Score batches in order: on a processor as many at once as torch has threads, each on one."""
        threads = torch.get_num_threads()
        if self.device.type != "cpu" or min(threads, len(batches)) < 2:
            yield from map(self._score_batch, batches)
            return
        torch.set_num_threads(1)
        try:
            with ThreadPoolExecutor(threads) as pool:
                yield from pool.map(self._score_batch, batches)
        finally:
            torch.set_num_threads(threads)

    @cached_property
    def _branches(self) -> bool:
        """Whether this model computes a tree as it computes its branches one by one: attention does, recurrent layers refuse or differ."""
        context, *targets = [
            tuple(number % self.vocab_size for number in numbers)
            for numbers in ((self.bos, 5, 6, 7), (8, 9, 10), (11, 12, 13), (8, 12, 9))
        ]
        try:
            together = self._score_batch([Group(context, targets, [[0], [1], [2]])])
        except (RuntimeError, TypeError, ValueError):
            return False
        alone = self._score_batch([Group(context, [target], [[0]]) for target in targets])
        tolerance = 1e-3 if self.model.dtype == torch.float32 else 0.2
        return all(abs(one[1] - other[1]) < tolerance for one, other in zip(together, alone, strict=True))

    @torch.inference_mode()
    def _score_batch(self, groups: Sequence[Group]) -> list[tuple[list[int], float, bool]]:
        """Owners, log-probability and whether each token was the first choice, for each target of each group."""
        width = max(group.cells for group in groups)
        tokens, positions, branches = [], [], []
        wanted: list[int] = []  # places in the flattened batch whose logits are needed
        sources: list[int] = []  # for each scored token: which of the wanted rows foretells it
        scored: list[int] = []
        spans: list[int] = []  # number of tokens of each target
        for number, group in enumerate(groups):
            length = len(group.context)
            row, place, branch = list(group.context), list(range(length)), [0] * length
            wanted.append(number * width + length - 1)
            first = len(wanted) - 1
            for which, target in enumerate(group.targets, start=1):
                sources += [first, *range(len(wanted), len(wanted) + len(target) - 1)]
                wanted += range(number * width + len(row), number * width + len(row) + len(target) - 1)
                scored += target
                spans.append(len(target))
                row += target[:-1]
                place += range(length, length + len(target) - 1)
                branch += [which] * (len(target) - 1)
            padding = width - len(row)
            tokens.append(row + [0] * padding)
            positions.append(place + [0] * padding)
            branches.append(branch + [-1] * padding)
        inputs: dict[str, Any] = {"input_ids": torch.tensor(tokens, device=self.device)}
        if any(len(group.targets) > 1 for group in groups):
            inputs["attention_mask"] = self._tree_mask(torch.tensor(branches, device=self.device))
            inputs["position_ids"] = torch.tensor(positions, device=self.device)
        with self._only_at(torch.tensor(wanted, device=self.device)):
            logits = self.model(**inputs, use_cache=False).logits[0].float()  # (wanted, vocab)
        rows, ids = torch.tensor(sources, device=self.device), torch.tensor(scored, device=self.device)
        gains = (logits[rows, ids] - logits.logsumexp(-1)[rows]).double().cpu()
        first_choice = (logits.argmax(-1)[rows] == ids).cpu()
        owners = [some for group in groups for some in group.owners]
        return [
            (some, float(gain.sum()), bool(choice.all()))
            for some, gain, choice in zip(owners, gains.split(spans), first_choice.split(spans), strict=True)
        ]

    @contextmanager
    def _only_at(self, places: torch.Tensor) -> Iterator[None]:
        """Let the output layer run on these places of this thread's flattened batch only; what the model does after it stays its own."""
        self._wanted.places = places
        try:
            yield
        finally:
            self._wanted.places = None

    def _choose_places(self, _: torch.nn.Module, inputs: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
        """Before the output layer: the hidden states it is wanted for, (1, places, width), or all of them."""
        places = getattr(self._wanted, "places", None)
        return inputs if places is None else (inputs[0].flatten(0, 1)[places][None],)

    def _tree_mask(self, branches_BL: torch.Tensor) -> torch.Tensor:
        """Additive mask (batch, 1, length, length): each token sees the context (branch 0) and its own branch before it."""
        length = branches_BL.shape[1]
        to_context = (branches_BL == 0)[:, None, :]
        to_own = branches_BL[:, :, None] == branches_BL[:, None, :]
        earlier = torch.ones(length, length, dtype=torch.bool, device=self.device).tril()
        seen = (to_context | to_own) & earlier
        mask = torch.zeros(seen.shape, dtype=self.model.dtype, device=self.device)
        return mask.masked_fill_(~seen, torch.finfo(self.model.dtype).min)[:, None]

    def _continue(
        self,
        encoded: Sequence[Sequence[int]],
        most: Sequence[int],
        ends: Sequence[int],
        sampling: Sampling,
        seeds: Sequence[int] | None = None,
        stop: Sequence[str] = (),
    ) -> list[list[int]]:
        padding = self.bos if self.tokenizer.pad_token_id is None else self.tokenizer.pad_token_id
        return continue_prompts(
            self.model,
            self.tokenizer,
            encoded,
            most=most,
            padding=padding,
            ends=ends,
            seeds=sampling_seeds(self._seed, encoded) if seeds is None else seeds,
            sampling=sampling,
            stop=stop,
        )

    def _decode(self, tokens: list[list[int]]) -> list[str]:
        return self.tokenizer.batch_decode(tokens, skip_special_tokens=True)

    @cached_property
    def _ends(self) -> list[int]:
        """The tokens that end a text: those the model names, the tokenizer's, and the end of a ChatML turn."""
        named = self.model.generation_config.eos_token_id if self.model.generation_config else None
        ends = {self.tokenizer.eos_token_id, *(named if isinstance(named, list) else [named])}
        turn_end = self.tokenizer.get_vocab().get("<|im_end|>")
        return sorted({end for end in (*ends, turn_end) if end is not None})


def load_with_adapter(
    folder: str | Path, *, dtype: DType = "float32"
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A model and its tokenizer; where the folder is a PEFT adapter's, its base model with the adapter on it.

    Raises:
        UserError: Where the folder, or the base model that the adapter names, is no whole model.
    """
    place = Path(folder)
    if not (place / _ADAPTER).is_file():
        plain, own_words = load_model(folder, dtype=dtype), load_tokenizer(folder)
        rows: Any = plain.get_input_embeddings()
        if len(own_words) > rows.weight.shape[0]:
            raise UserError(
                f"{folder}: its tokenizer has {len(own_words):,} tokens, but the model's embedding has {rows.weight.shape[0]:,} rows; "
                "put the tokenizer the model was trained with into its folder"
            )
        return plain, own_words
    from peft import PeftModel

    base = read_json(place / _ADAPTER).get("base_model_name_or_path")
    if not base:
        raise UserError(f"{place / _ADAPTER}: it names no base model (base_model_name_or_path)")
    own = (place / "tokenizer.json").is_file() or (place / "tokenizer_config.json").is_file()
    tokenizer = load_tokenizer(folder if own else base)
    model = load_model(base, dtype=dtype)
    embedding: Any = model.get_input_embeddings()
    if len(tokenizer) > embedding.weight.shape[0]:
        model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    try:
        adapted: Any = PeftModel.from_pretrained(model, str(folder))
    except (OSError, ValueError, RuntimeError) as error:
        raise UserError(f"{folder}: the adapter does not fit its base {base} ({str(error).splitlines()[0]})") from None
    return adapted, tokenizer


def _batches(
    items: Sequence[T],
    length: Callable[[T], int],
    most: int,
    rows: Callable[[T], int] = lambda _: 0,
    most_rows: int = 1,
) -> Iterator[list[T]]:
    """Consecutive items, longest first, whose padded size stays under `most` and whose `rows` under `most_rows`; at least one each."""
    batch: list[T] = []
    height = 0
    for item in items:
        full = batch and (length(batch[0]) * (len(batch) + 1) > most or height + rows(item) > most_rows)
        if full:
            yield batch
            batch, height = [], 0
        batch.append(item)
        height += rows(item)
    if batch:
        yield batch
