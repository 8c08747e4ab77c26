"""Sources mixed by tokens into one packed corpus.

What a document is held out by is its text alone (as `corpus pack` does it), so no text is on both sides, however often it is repeated. The next
document always comes from the source that is furthest behind its share: the shares are met to within a document.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from chronolect.artifacts import MANIFEST, is_current, read_json, stage
from chronolect.console import progress, say
from chronolect.corpus.encoding import Encoder
from chronolect.corpus.holdout import HeldOut
from chronolect.corpus.packing import SplitWriter, copy_tokenizer
from chronolect.corpus.roundtrip import RoundTrip
from chronolect.errors import UserError
from chronolect.formation.membench.text_sources import TextSource

_COMMAND = "formation mix"
_ENCODED_AT_ONCE = 1 << 18  # characters: what a source keeps encoded ahead


def mix_sources(
    sources: Sequence[TextSource],
    *,
    out: Path,
    tokenizer: Path,
    ratios: Mapping[str, float],
    tokens: int | None = None,
    train_split: float = 0.9,
    val_split: float = 0.1,
    exhausted: Literal["stop", "repeat"] = "stop",
    seed: int = 0,
) -> dict[str, Any]:
    """Write a packed corpus whose training tokens come from the sources in the given shares. The same call gives the same bytes.

    Documents are taken in the order of their files. The validation splits are `val`, all that was held out, and, of several
    sources, `val-NAME` of each; a document that is repeated in training is in them once.

    Args:
        sources: What is mixed.
        out: Folder to write to; left as it is where it holds the result already.
        tokenizer: Tokenizer folder.
        ratios: Share of the training tokens by source; empty takes each source once and whole.
        tokens: Training tokens that are enough; None for as many as there are.
        train_split: Share of the documents that may be trained on.
        val_split: Share that is held out; what is left of 1 goes unused.
        exhausted: `stop` ends the mix where a source ends; `repeat` begins that source again (needs `tokens`).
        seed: Another seed holds out other documents.

    Returns:
        Counts as `corpus pack` gives them, and `sources`: by name the share asked for and realised, documents, tokens, and how often the source was
        gone through (null where its end was not reached).

    Raises:
        UserError: Splits that do not add up, a source without documents, a tokenizer that changes text.
    """
    if train_split <= 0 or val_split <= 0 or train_split + val_split > 1 + 1e-9:
        raise UserError(
            f"dataset: train_split and val_split must be above 0 and add up to 1 at most, not {train_split} and {val_split}"
        )
    if exhausted == "repeat" and (tokens is None or not ratios):
        raise UserError("dataset.exhausted: repeat needs shares and a number of steps")
    config: dict[str, Any] = {
        "sources": [[source.name, *map(str, source.paths)] for source in sources],
        "ratios": dict(ratios),
        "tokens": tokens,
        "train_split": train_split,
        "val_split": val_split,
        "exhausted": exhausted,
        "seed": seed,
    }
    inputs = [tokenizer, *(path for source in sources for path in source.paths)]
    if is_current(out, command=_COMMAND, config=config, inputs=inputs):
        say(f"{out}: mixed already")
        counts: dict[str, Any] = read_json(out / MANIFEST)["counts"]
        return counts
    encoder = Encoder(tokenizer)
    RoundTrip(encoder.backend, tokenizer).tricky_strings()
    lots = _Lots(
        HeldOut(val_split, seed), None if train_split + val_split > 1 - 1e-9 else HeldOut(1 - train_split, seed)
    )
    with stage(out, command=_COMMAND, config=config, inputs=inputs) as work:
        with SplitWriter(work.folder) as writer:
            streams = [_Stream(source, encoder, lots, writer, len(sources) > 1) for source in sources]
            _fill(streams, ratios, tokens=tokens, repeat=exhausted == "repeat")
        splits = {name: split.counts for name, split in writer.splits.items()}
        if "val" not in splits:
            raise UserError(
                f"dataset.val_split: {val_split} holds out none of the documents; choose a larger one or give more text"
            )
        copy_tokenizer(tokenizer, work.folder / "tokenizer")
        work.counts = {
            "dtype": encoder.dtype.name,
            "vocab_size": encoder.vocab_size,
            "eos_id": encoder.eos_id,
            "splits": splits,
            "sources": {stream.source.name: stream.summary(ratios, splits["train"]["tokens"]) for stream in streams},
        }
        _tell(work.counts["sources"], splits["train"]["tokens"])
    return work.counts


@dataclass(frozen=True)
class _Lots:
    """What becomes of a text: `val`, `train`, or nothing."""

    held_out: HeldOut
    unused: HeldOut | None

    def __call__(self, text: str) -> str | None:
        if self.held_out(text):
            return "val"
        return None if self.unused is not None and self.unused(text) else "train"


@dataclass
class _Stream:
    """A source on its way into the mix: documents to train on are handed out one by one, held-out ones written as they come by."""

    source: TextSource
    encoder: Encoder
    lots: _Lots
    writer: SplitWriter
    shared: bool  # with other sources
    tokens: int = 0
    documents: int = 0
    documents_per_pass: int | None = None
    passes: int = 0  # whole ones

    def __post_init__(self) -> None:
        self._documents = self._pass()

    def take(self, *, repeat: bool) -> bool:
        """Write the next document to train on; False where there is none any more.

        Raises:
            UserError: Where the source has none at all.
        """
        document = next(self._documents, None)
        if document is None:
            if self.documents_per_pass is None:
                self.documents_per_pass = self.documents
                if not self.documents:
                    raise UserError(f"{self.source.name}: no document of it is left to train on; give more text")
            if not repeat:
                return False
            self.passes += 1
            self._documents = self._pass()
            document = next(self._documents)
        id, text, ids = document
        self._append("train", id, text, ids)
        self.documents += 1
        self.tokens += len(ids)
        return True

    def summary(self, ratios: Mapping[str, float], total: int) -> dict[str, Any]:
        """What came of it."""
        per_pass = self.documents_per_pass
        return {
            "asked": ratios.get(self.source.name),
            "share": self.tokens / total,
            "tokens": self.tokens,
            "documents": self.documents,
            "passes": None if per_pass is None else round(self.documents / per_pass, 4),
        }

    def _pass(self) -> Iterator[tuple[str, str, npt.NDArray[np.unsignedinteger]]]:
        """One pass over the documents to train on."""
        again = f"~{self.passes + 1}" if self.passes else ""
        end = np.asarray([self.encoder.eos_id], dtype=self.encoder.dtype)
        for batch in _batches(self.source.texts()):
            lots = [self.lots(text) for _, text in batch]
            wanted = [
                (*one, lot) for one, lot in zip(batch, lots, strict=True) if lot == "train" or (lot and not again)
            ]
            encoded = self.encoder.encode([text for _, text, _ in wanted])
            for (id, text, lot), ids in zip(wanted, encoded, strict=True):
                if lot == "train":
                    yield f"{self.source.name}/{id}{again}", text, np.concatenate([ids, end])
                else:
                    self._hold_out(id, text, np.concatenate([ids, end]))

    def _hold_out(self, id: str, text: str, ids: npt.NDArray[np.unsignedinteger]) -> None:
        for split in ("val", f"val-{self.source.name}") if self.shared else ("val",):
            self._append(split, f"{self.source.name}/{id}", text, ids)

    def _append(self, split: str, id: str, text: str, ids: npt.NDArray[np.unsignedinteger]) -> None:
        self.writer.append(split, id, ids, len(text.encode()), None)


def _batches(texts: Iterator[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    batch: list[tuple[str, str]] = []
    size = 0
    for one in texts:
        batch.append(one)
        size += len(one[1])
        if size >= _ENCODED_AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _fill(streams: Sequence[_Stream], ratios: Mapping[str, float], *, tokens: int | None, repeat: bool) -> None:
    """Take documents until there are enough tokens, or a source (without shares: every source) has come to its end."""
    if not ratios:
        for stream in streams:
            while stream.take(repeat=False):
                pass
        return

    def taken() -> Iterator[int]:
        while tokens is None or sum(stream.tokens for stream in streams) < tokens:
            behind = min(streams, key=lambda stream: stream.tokens / ratios[stream.source.name])
            if not behind.take(repeat=repeat):
                say(f"{behind.source.name} has come to its end: the mix ends here (dataset.exhausted: stop)")
                return
            yield 1

    for _ in progress(taken(), label="documents mixed"):
        pass


def _tell(sources: Mapping[str, Mapping[str, Any]], total: int) -> None:
    say(f"{total:,} training tokens")
    for name, found in sources.items():
        asked = "" if found["asked"] is None else f" (asked for {found['asked']:.2%})"
        passes = "" if found["passes"] is None else f", gone through {found['passes']:g} times"
        say(f"  {found['share']:7.2%} {found['tokens']:13,} tokens  {name}{asked}{passes}")
