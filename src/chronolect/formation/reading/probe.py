"""The probe: the same tokens for every checkpoint, on which features are compared; and the rows that autoencoders learn from, apart from it."""

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from torch import Tensor

from chronolect.artifacts import read_json, write_json
from chronolect.errors import UserError
from chronolect.training.data import PackedCorpus, PackedSplit

TOKENS, DETAILS = "tokens.safetensors", "probe.json"


@dataclass(frozen=True)
class Probe:
    """Rows of text whose counted tokens, in the order of the rows, are the N tokens of every snapshot.

    Attributes:
        input_ids: int32 [rows, tokens].
        counted: bool [rows, tokens]: neither the first of a row, which sees nothing but itself, nor an end-of-text token.
        document: int32 [rows, tokens]: number of the document that a token is from, within `source`.
        source: What it was cut from.
    """

    input_ids: NDArray[np.int32]
    counted: NDArray[np.bool_]
    document: NDArray[np.int32]
    source: str

    @property
    def num_tokens(self) -> int:
        """N: counted tokens."""
        return int(self.counted.sum())

    @property
    def digest(self) -> str:
        """SHA-256 of the tokens and of which are counted."""
        total = hashlib.sha256(np.ascontiguousarray(self.input_ids, dtype="<i4").tobytes())
        total.update(np.packbits(self.counted).tobytes())
        return total.hexdigest()

    def rows(self, count: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Input ids (int64) and what is counted (bool), [up to `count`, tokens] each, in order."""
        for first in range(0, len(self.input_ids), count):
            ids = torch.from_numpy(self.input_ids[first : first + count].astype(np.int64))
            yield ids, torch.from_numpy(self.counted[first : first + count])

    def save(self, folder: Path) -> None:
        """Write `tokens.safetensors` and `probe.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {"input_ids": self.input_ids, "counted": self.counted, "document": self.document}
        save_file(tensors, folder / TOKENS)
        write_json(folder / DETAILS, self.described())

    def described(self) -> dict[str, Any]:
        """`tokens`, `digest` and `source`, as reports tell them."""
        return {"tokens": self.num_tokens, "digest": self.digest, "source": self.source}

    @classmethod
    def load(cls, folder: Path) -> "Probe":
        """Read what `save` wrote.

        Raises:
            UserError: Where a file is missing, or the tokens are not those that were saved.
        """
        details = read_json(folder / DETAILS)
        if not (folder / TOKENS).is_file():
            raise UserError(f"{folder / TOKENS}: no such file")
        probe = cls(**load_file(folder / TOKENS), source=details["source"])
        if probe.digest != details["digest"]:
            raise UserError(f"{folder / TOKENS}: not the tokens that {DETAILS} tells of; it was changed")
        return probe


@dataclass(frozen=True)
class Texts:
    """A packed corpus divided by documents: some for the probe, others for autoencoders to learn from.

    Attributes:
        probe: The probe.
        split: Where the others are.
        documents: Their places in the split's index, in an order of their own.
        eos_id: What ends a document.
        seq_len: Tokens per row.
    """

    probe: Probe
    split: PackedSplit
    documents: NDArray[np.int64]
    eos_id: int
    seq_len: int

    @property
    def tokens_per_epoch(self) -> int:
        """Tokens counted in one pass over the others, at most."""
        rows = int(self.split.lengths[self.documents].sum()) // self.seq_len
        return rows * (self.seq_len - 1)

    def rows(self, count: int, *, seed: int) -> Iterator[tuple[Tensor, Tensor]]:
        """Rows of the others without end, in an order that `seed` and the pass give: int64 and bool [count, seq_len]."""
        waiting: list[NDArray[Any]] = []
        for epoch in itertools.count():
            order = np.random.default_rng((seed, epoch)).permutation(self.documents)
            for row, _ in _rows(self.split, order, self.seq_len):
                waiting.append(row)
                if len(waiting) == count:
                    ids = np.stack(waiting).astype(np.int64)
                    yield torch.from_numpy(ids), torch.from_numpy(counts(ids, self.eos_id))
                    waiting = []


def counts(input_ids: NDArray[Any], eos_id: int) -> NDArray[np.bool_]:
    """Which tokens of rows [rows, tokens] are counted: neither the first of a row nor an end-of-text token."""
    counted: NDArray[np.bool_] = input_ids != eos_id
    counted[:, 0] = False
    return counted


def divide(
    corpus: PackedCorpus, *, tokens: int, seq_len: int, split: str | None = None, needed: int = 1, seed: int = 0
) -> Texts:
    """Choose the documents of a probe from a packed corpus, and leave the others of its training split to be learned from.

    Args:
        corpus: The packed corpus.
        tokens: Counted tokens that the probe is to have at least; it has as many as fill a row.
        seq_len: Tokens per row. A row may hold several documents, as in training.
        split: Split to take the probe from: `val` (or another one held out), or `train`, whose documents in the probe are then
            not learned from. None for `val` where it is large enough, else `train`.
        needed: Tokens that must be left to learn from.
        seed: Which documents are taken, in which order.

    Raises:
        UserError: Where the split, or what is left, holds too few tokens.
    """
    held_out = corpus.validation_names
    name = split or ("val" if "val" in held_out and _holds(corpus, "val", tokens, seq_len) else "train")
    chosen = corpus.split(name)
    order = np.random.default_rng((seed, 1)).permutation(len(chosen.lengths))
    # a row loses its first token; documents end with one that is not counted
    reached = np.cumsum(chosen.lengths[order] - 1) * (seq_len - 1) // seq_len
    taken = int(np.searchsorted(reached, tokens + seq_len)) + 1
    if taken > len(order):
        raise UserError(
            f"{corpus.folder}: its split {name} has too few tokens ({len(chosen.tokens):,}) for a probe of {tokens:,}; "
            "lower --probe-tokens or pack more text"
        )
    probe = _probe(chosen, order[:taken], tokens, seq_len, corpus.eos_id, source=f"{corpus.folder.name}/{name}")
    train = corpus.split("train")
    left = order[taken:] if name == "train" else np.arange(len(train.lengths))
    texts = Texts(probe, train, left, corpus.eos_id, seq_len)
    if texts.tokens_per_epoch < max(1, needed):
        raise UserError(
            f"{corpus.folder}: {texts.tokens_per_epoch:,} tokens are left to learn from beside the probe, too few for a batch of {needed:,}; "
            "lower --probe-tokens or --batch-tokens, or pack more text"
        )
    return texts


def _holds(corpus: PackedCorpus, name: str, tokens: int, seq_len: int) -> bool:
    split = corpus.split(name)
    return (len(split.tokens) - len(split.lengths)) * (seq_len - 1) // seq_len >= tokens + seq_len


def _probe(
    split: PackedSplit, documents: NDArray[np.int64], tokens: int, seq_len: int, eos_id: int, *, source: str
) -> Probe:
    ids, owners, found = [], [], 0
    for row, document in _rows(split, documents, seq_len):
        ids.append(row.astype(np.int32))
        owners.append(document.astype(np.int32))
        found += int((row[1:] != eos_id).sum())
        if found >= tokens:
            break
    input_ids = np.stack(ids)
    return Probe(input_ids, counts(input_ids, eos_id), np.stack(owners), source)


def _rows(
    split: PackedSplit, documents: NDArray[np.int64], seq_len: int
) -> Iterator[tuple[NDArray[Any], NDArray[np.int64]]]:
    """Documents laid end to end and cut into rows: token ids and documents, [seq_len] each; a last part of a row is left out."""
    ids: list[NDArray[Any]] = []
    owners: list[NDArray[np.int64]] = []
    held = 0
    for document in documents:
        first, length = int(split.offsets[document]), int(split.lengths[document])
        ids.append(np.asarray(split.tokens[first : first + length]))
        owners.append(np.full(length, document, np.int64))
        held += length
        if held < seq_len:
            continue
        every, whose = np.concatenate(ids), np.concatenate(owners)
        whole = held - held % seq_len
        yield from zip(every[:whole].reshape(-1, seq_len), whose[:whole].reshape(-1, seq_len), strict=True)
        held -= whole
        ids, owners = [every[whole:]], [whose[whole:]]
