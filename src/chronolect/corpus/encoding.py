"""Documents to token ids, many at once and in bounded memory."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from chronolect.models.tokenizers import read_tokenizer

# Text encoded at once: enough to keep all cores busy, little enough that the encodings (some 120 bytes a character) stay
# small. Texts longer than a piece are cut.
BATCH_BYTES = 2 << 20
_PIECE = 1 << 18

# Between a letter and a space before a letter. Byte-level pre-tokenizers (GPT-2's and those after it) always part words
# there, so both sides encode to the tokens they have in the whole text.
_CUT = re.compile(r"(?<=[^\W\d_])(?= [^\W\d_])")


class Encoder:
    """A tokenizer folder at work: `backend`, `eos_id`, `vocab_size` (highest id + 1) and the smallest fitting `dtype`."""

    def __init__(self, folder: Path) -> None:
        self.backend, self.eos_id = read_tokenizer(folder)
        self.vocab_size = max(self.backend.get_vocab(with_added_tokens=True).values()) + 1
        self.dtype: np.dtype[np.unsignedinteger] = np.dtype("<u2" if self.vocab_size <= 1 << 16 else "<u4")
        self._may_cut = _is_byte_level(self.backend)

    def encode(self, texts: Sequence[str]) -> list[npt.NDArray[np.unsignedinteger]]:
        """The token ids of each text, without any special token."""
        found: list[list[npt.NDArray[np.unsignedinteger]]] = [[] for _ in texts]
        for batch in _batches((i, piece) for i, text in enumerate(texts) for piece in self._pieces(text)):
            encodings = self.backend.encode_batch_fast([piece for _, piece in batch], add_special_tokens=False)
            for (i, _), encoding in zip(batch, encodings, strict=True):
                found[i].append(np.asarray(encoding.ids, dtype=self.dtype))
        return [arrays[0] if len(arrays) == 1 else np.concatenate(arrays) for arrays in found]

    def _pieces(self, text: str) -> Iterator[str]:
        start = 0
        while self._may_cut and len(text) - start > _PIECE:
            cut = _CUT.search(text, start + _PIECE)
            if cut is None:
                break
            yield text[start : cut.start()]
            start = cut.start()
        yield text[start:] if start else text


def _batches(pieces: Iterator[tuple[int, str]]) -> Iterator[list[tuple[int, str]]]:
    batch: list[tuple[int, str]] = []
    size = 0
    for i, piece in pieces:
        batch.append((i, piece))
        size += len(piece)
        if size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _is_byte_level(backend: Tokenizer) -> bool:
    """Whether words are parted before bytes are encoded, and nothing is put before the text."""
    found = json.loads(backend.to_str())
    steps = found["pre_tokenizer"] or {}
    normalizer = json.dumps(found["normalizer"])
    parts = steps.get("pretokenizers", [steps])
    byte_level = next((step for step in parts if step.get("type") == "ByteLevel"), None)
    splits = any(step.get("type") == "Split" for step in parts) or bool(
        byte_level and byte_level.get("use_regex", True)
    )
    return bool(byte_level and not byte_level["add_prefix_space"] and splits and "Prepend" not in normalizer)
