"""Which documents are held out for validation: decided by the text and a seed alone, so that every pack and every evaluation agrees."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from chronolect.artifacts import stage
from chronolect.corpus.document import CorpusWriter, read_batches
from chronolect.errors import UserError


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The rule: a share of all texts, drawn by their hash. Copies of a text, however spaced or capitalised, share their lot."""

    ratio: float
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.ratio < 1:
            raise UserError(f"--val-ratio {self.ratio}: choose a share between 0 and 1, such as 0.01")

    def __call__(self, text: str) -> bool:
        """Whether this text is held out."""
        drawn = hashlib.blake2b(text_key(text), digest_size=8, key=str(self.seed).encode()).digest()
        return int.from_bytes(drawn, "big") < self.ratio * 2**64


def text_key(text: str) -> bytes:
    """What makes two texts copies of each other: 16 bytes that ignore case and spacing."""
    return hashlib.blake2b(" ".join(text.split()).casefold().encode(), digest_size=16).digest()


def hold_out(corpus: Path, *, out: Path, val_ratio: float = 0.01, seed: int = 0) -> dict[str, Any]:
    """Write the held-out documents of a corpus as a corpus of their own, to evaluate on: those that packing with the same ratio and seed keeps
    out of training.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the held-out documents to.
        val_ratio: Share of the documents that is held out.
        seed: Another seed holds out other documents.

    Returns:
        Counts: held_out and documents.

    Raises:
        UserError: No corpus, or none of its documents is held out.
    """
    rule = HeldOut(val_ratio, seed)
    documents = 0
    config = {"val_ratio": val_ratio, "seed": seed}
    with stage(out, command="corpus holdout", config=config, inputs=[corpus]) as work:
        with CorpusWriter(work.folder) as writer:
            for batch in read_batches(corpus, label="holding out"):
                documents += batch.num_rows
                writer.write_batch(batch.filter(pa.array([rule(text) for text in batch["text"].to_pylist()])))
        if not writer.rows:
            raise UserError(
                f"{corpus}: --val-ratio {val_ratio} holds out none of {documents:,} documents; choose a larger one"
            )
        work.counts = {"held_out": writer.rows, "documents": documents}
    return work.counts
