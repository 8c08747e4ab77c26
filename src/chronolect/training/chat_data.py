"""Reading conversations: JSON lines of messages, through the tokenizer's chat template, into padded rows."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from transformers import PreTrainedTokenizerBase

from chronolect.errors import UserError
from chronolect.models.chat_template import template_of
from chronolect.training.data import IGNORED, Batch


@dataclass(frozen=True)
class Conversations:
    """Tokenised conversations, laid end to end.

    Attributes:
        tokens: int32 [all tokens].
        targets: bool [all tokens], whether a token is to be learned.
        ends: int64 [rows], where each conversation ends in them.
        num_truncated: Conversations cut to `seq_len + 1` tokens.
        num_dropped: Conversations left out since nothing in them is to be learned.
    """

    tokens: np.ndarray
    targets: np.ndarray
    ends: np.ndarray
    num_truncated: int
    num_dropped: int

    def __len__(self) -> int:
        return len(self.ends)

    def row(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Tokens and targets of one conversation."""
        start = self.ends[index - 1] if index else 0
        return self.tokens[start : self.ends[index]], self.targets[start : self.ends[index]]


def read_conversations(
    path: Path, tokenizer: PreTrainedTokenizerBase, *, seq_len: int, assistant_only: bool
) -> Conversations:
    """Read and tokenise a file of `{"messages": [{"role": ..., "content": ...}, ...]}` lines; other keys are ignored.

    Raises:
        UserError: For a broken line (named), a tokenizer without chat template, a conversation that the template refuses, or, with
            `assistant_only`, one in which it does not let the assistant's words be told apart.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    template = template_of(tokenizer)
    tokens, targets, lengths = [], [], []
    num_truncated = num_dropped = 0
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            where = f"{path}, line {number}"
            messages = _messages(line, where)
            try:
                ids, mask = template.encode(tokenizer, messages, assistant_only=assistant_only)
            except UserError as error:
                raise UserError(f"{where}: {error}") from None
            num_truncated += len(ids) > seq_len + 1
            ids, mask = ids[: seq_len + 1], mask[: seq_len + 1]
            if not any(mask[1:]):  # the first token is predicted from nothing
                num_dropped += 1
                continue
            tokens.append(np.asarray(ids, np.int32))
            targets.append(np.asarray(mask, bool))
            lengths.append(len(ids))
    if not lengths:
        raise UserError(f"{path}: no conversation with anything to learn in it")
    return Conversations(
        np.concatenate(tokens), np.concatenate(targets), np.cumsum(lengths), num_truncated, num_dropped
    )


def _messages(line: str, where: str) -> list[dict[str, str]]:
    try:
        messages = json.loads(line)["messages"]
    except json.JSONDecodeError as error:
        raise UserError(f"{where}: not valid JSON ({error})") from None
    except (KeyError, TypeError):
        raise UserError(f'{where}: must be an object with the key "messages"') from None
    well_formed = isinstance(messages, list) and messages and all(isinstance(one, dict) for one in messages)
    if not well_formed or not all(isinstance(one.get(key), str) for one in messages for key in ("role", "content")):
        raise UserError(f'{where}: "messages" must be a list of objects with the texts "role" and "content"')
    found: list[dict[str, str]] = messages
    return found


def _pad(rows: list[tuple[np.ndarray, np.ndarray]], pad_id: int, position: int) -> Batch:
    """Shifted inputs and labels, int64 [rows, longest - 1], padded on the right."""
    longest = max(len(tokens) for tokens, _ in rows) - 1
    inputs = np.full((len(rows), longest), pad_id, np.int64)
    labels = np.full((len(rows), longest), IGNORED, np.int64)
    for index, (tokens, targets) in enumerate(rows):
        inputs[index, : len(tokens) - 1] = tokens[:-1]
        labels[index, : len(tokens) - 1] = np.where(targets[1:], tokens[1:], IGNORED)
    return {"input_ids": torch.from_numpy(inputs), "labels": torch.from_numpy(labels), "position": position}


class ChatRows:
    """Conversations as training rows, freshly permuted each epoch."""

    def __init__(self, conversations: Conversations, *, pad_id: int, seed: int) -> None:
        self.conversations, self.pad_id, self.seed = conversations, pad_id, seed
        self.rows_per_epoch = len(conversations)
        self._epoch = -1
        self._order = np.empty(0, np.int64)

    def batch(self, start: int, count: int) -> Batch:
        """Rows `start` to `start + count` of the endless order."""
        rows = []
        for number in range(start, start + count):
            epoch, place = divmod(number, self.rows_per_epoch)
            if epoch != self._epoch:
                self._order = np.random.default_rng((self.seed, epoch)).permutation(self.rows_per_epoch)
                self._epoch = epoch
            rows.append(self.conversations.row(self._order[place]))
        return _pad(rows, self.pad_id, start)


class ChatValidation:
    """Conversations as a validation set, each once."""

    bytes_per_token = None  # a chat's loss falls on parts of its text

    def __init__(self, conversations: Conversations, *, pad_id: int) -> None:
        self.conversations, self.pad_id = conversations, pad_id
        self.num_rows = len(conversations)

    def batch(self, start: int, count: int) -> Batch:
        """Rows `start` to `start + count`; those past the end carry no loss."""
        nothing = (np.full(2, self.pad_id, np.int32), np.zeros(2, bool))
        rows = [self.conversations.row(i) if i < self.num_rows else nothing for i in range(start, start + count)]
        return _pad(rows, self.pad_id, start)
