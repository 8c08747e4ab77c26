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

_GROUPS = 50  # micro-batches that are sorted by length together


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
    """Conversations as training rows, freshly permuted each epoch.

    Args:
        conversations: The conversations.
        pad_id: Token that fills rows up.
        seed: Of the order.
        group: Rows of a micro-batch, to put conversations of like length into each; 1 leaves it to chance.
    """

    def __init__(self, conversations: Conversations, *, pad_id: int, seed: int, group: int = 1) -> None:
        self.conversations, self.pad_id, self.seed, self.group = conversations, pad_id, seed, group
        self.rows_per_epoch = len(conversations)
        self._epoch = -1
        self._order = np.empty(0, np.int64)

    def batch(self, start: int, count: int) -> Batch:
        """Rows `start` to `start + count` of the endless order."""
        rows = []
        for number in range(start, start + count):
            epoch, place = divmod(number, self.rows_per_epoch)
            if epoch != self._epoch:
                self._order = self._permuted(np.random.default_rng((self.seed, epoch)))
                self._epoch = epoch
            rows.append(self.conversations[self._order[place]])
        return pad_rows(rows, self.pad_id, start)

    def _permuted(self, rng: np.random.Generator) -> np.ndarray:
        """The order of an epoch. Grouped, each stretch of it is sorted by length and cut into micro-batches, which come in any order."""
        order = rng.permutation(self.rows_per_epoch)
        if self.group == 1:
            return order
        lengths = np.diff(self.conversations.ends, prepend=0)
        pieces: list[np.ndarray] = []
        for start in range(0, len(order), stretch := _GROUPS * self.group):
            some = order[start : start + stretch]
            some = some[np.argsort(lengths[some], kind="stable")]
            pieces += [some[place : place + self.group] for place in range(0, len(some), self.group)]
        whole = [piece for piece in pieces if len(piece) == self.group]
        rest = [
            piece for piece in pieces if len(piece) < self.group
        ]  # of the last stretch: anywhere else it would shift all that follow
        return np.concatenate([*(whole[place] for place in rng.permutation(len(whole))), *rest])
