"""Reading conversations, through the tokenizer's chat template, into padded rows."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from transformers import PreTrainedTokenizerBase

from chronolect.dialogue.files import iterate_messages
from chronolect.errors import UserError
from chronolect.models.chat_template import template_of
from chronolect.training.data import Batch
from chronolect.training.rows import Row, pad_rows


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

    def __getitem__(self, index: int) -> Row:
        """Tokens and targets of one conversation."""
        start = self.ends[index - 1] if index else 0
        return self.tokens[start : self.ends[index]], self.targets[start : self.ends[index]]


def read_conversations(
    path: Path, tokenizer: PreTrainedTokenizerBase, *, seq_len: int, assistant_only: bool
) -> Conversations:
    """Read and tokenise a file of `{"messages": [{"role": ..., "content": ...}, ...]}` lines, a phase list or ChatML text (`dialogue.files`).

    Raises:
        UserError: For a broken line or conversation (named), a tokenizer without chat template, a conversation that the template refuses, or, with
            `assistant_only`, one in which it does not let the assistant's words be told apart.
    """
    template = template_of(tokenizer)
    tokens, targets, lengths = [], [], []
    num_truncated = num_dropped = 0
    for where, messages, _ in iterate_messages(path):
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
            rows.append(self.conversations[self._order[place]])
        return pad_rows(rows, self.pad_id, start)
