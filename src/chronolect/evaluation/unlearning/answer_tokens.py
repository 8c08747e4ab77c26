"""What a model makes of each token of an answer that it is given: the ground of memorisation and membership."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from chronolect.finetuning.records import Record
from chronolect.models.chat_template import choose_template
from chronolect.models.hf import HfModel
from chronolect.training.answers import AnswerEncoder
from chronolect.training.data import IGNORED
from chronolect.training.rows import Row, pad_rows

FloatArray = np.ndarray[Any, np.dtype[np.float64]]
_LOGITS = 1 << 25  # numbers in the logits of one batch: 128 MB in float32


@dataclass(frozen=True)
class AnswerTokens:
    """The T tokens of an answer under a model, each after the question and the tokens before it; the end of the turn is left out.

    Attributes:
        text: The answer.
        logprobs: log p of each token in nats, [T].
        is_first: Whether it was the model's first choice, [T].
        means: What log p would be on average if the token were drawn from the model's own distribution, [T].
        spreads: The standard deviation of that, [T].
    """

    text: str
    logprobs: FloatArray
    is_first: np.ndarray[Any, np.dtype[np.bool_]]
    means: FloatArray
    spreads: FloatArray


def read_answers(model: HfModel, asked: Sequence[tuple[Record, str]]) -> list[AnswerTokens | None]:
    """The tokens of each answer to a record, as far as the model's context goes; None where no token of it lies inside."""
    chats = any(record.form == "chat" for record, _ in asked)
    template = choose_template(model.tokenizer) if chats else None
    encoder = AnswerEncoder(model.tokenizer, model.context_length - 1, template)
    special = set(model.tokenizer.all_special_ids)
    rows: dict[int, Row] = {}
    for place, (record, reply) in enumerate(asked):
        row = encoder.encode(record, reply)
        row = None if row is None else _without_end(row, special)
        if row is not None:
            rows[place] = row
    found: list[AnswerTokens | None] = [None] * len(asked)
    for places in _batches(rows, model.vocab_size):
        for place, tokens in zip(places, _look(model, [rows[place] for place in places]), strict=True):
            found[place] = AnswerTokens(asked[place][1].strip(), *tokens)
    return found


def _without_end(row: Row, special: set[int]) -> Row | None:
    """A row without the tokens that end the turn; None where nothing else was to be looked at."""
    ids, targets = row
    last = len(ids)
    while last and (int(ids[last - 1]) in special or not targets[last - 1]):  # ChatML has a line break behind the end
        last -= 1
    ids, targets = ids[:last], targets[:last]
    return (ids, targets) if targets[1:].any() else None


def _batches(rows: dict[int, Row], vocab_size: int) -> Iterator[list[int]]:
    """Places of rows of like length whose logits fit together."""
    batch: list[int] = []
    for place in sorted(rows, key=lambda place: len(rows[place][0])):
        if batch and (len(batch) + 1) * len(rows[place][0]) * vocab_size > _LOGITS:
            yield batch
            batch = []
        batch.append(place)
    if batch:
        yield batch


@torch.inference_mode()
def _look(model: HfModel, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """logprobs, is_first, means and spreads of the targets of each row."""
    # the padding stands on the right, where causal attention never looks
    batch = pad_rows(rows, model.bos, 0)
    labels = batch["labels"].to(model.device)
    logits = model.model(input_ids=batch["input_ids"].to(model.device), use_cache=False).logits
    wanted = labels != IGNORED
    logprobs = logits[wanted].float().log_softmax(-1)  # (targets, vocab)
    targets = labels[wanted]
    weighted = logprobs.exp() * logprobs
    means = weighted.sum(-1)
    spreads = ((weighted * logprobs).sum(-1) - means.square()).clamp_min(0).sqrt()
    columns = [
        logprobs.gather(-1, targets[:, None])[:, 0].double(),
        logprobs.argmax(-1) == targets,
        means.double(),
        spreads.double(),
    ]
    sizes = wanted.sum(-1).tolist()
    parts = [[part.cpu().numpy() for part in column.split(sizes)] for column in columns]
    return list(zip(*parts, strict=True))
