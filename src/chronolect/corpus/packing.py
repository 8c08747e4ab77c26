"""`pack`: a corpus as flat token files for training, split by document before anything is cut into windows.

`train.bin`, `val.bin` and `val-<era>.bin` hold little-endian token ids (uint16, or uint32 for vocabularies over
65,536), each document followed by the end token. `documents.parquet` tells where each document lies.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from chronolect.artifacts import stage
from chronolect.console import say
from chronolect.corpus.document import read_batches
from chronolect.corpus.encoding import BATCH_BYTES, Encoder
from chronolect.corpus.eras import SPAN_COLUMNS, Era, choose_eras, parse_eras, spans_of
from chronolect.corpus.holdout import HeldOut
from chronolect.corpus.roundtrip import RoundTrip
from chronolect.errors import UserError
from chronolect.models.hub import local_folder
from chronolect.timeline import Span
from chronolect.timeline.evidence import Field

INDEX_SCHEMA = pa.schema(
    [
        pa.field("id", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("length", pa.int64(), nullable=False),
        pa.field("year", pa.int32()),
    ]
)
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "chat_template.jinja",
    "vocab.json",
    "merges.txt",
    "tokenizer.model",
)
AFTER = "after"


def pack_corpus(
    corpus: Path,
    *,
    out: Path,
    tokenizer: Path,
    val_ratio: float = 0.01,
    era: list[str] | None = None,
    by: Field = "written",
    after: Path | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Turn a corpus into token files for training and validation.

    A document is held out for validation by a hash of its text (so copies of a text are never on both sides), before
    any windows are cut. Each era has a validation set of its own, made of held-out documents written in it; `--after`
    adds one of held-out documents from a corpus of later texts, by the same rule: a document that this pack holds out
    is held out by every pack with this seed and ratio.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the packed corpus to.
        tokenizer: Tokenizer folder of the Hugging Face form, or hub name of the model it belongs to.
        val_ratio: Share of the documents that is held out.
        era: Extra validation sets as "name=interval", such as "war=1914/1918"; by default up to eight eras of equal
            length.
        by: Which time eras and years go by: when documents were written, or what they are about (when they were
            written, where that is not known).
        after: Corpus of later texts, used for the extra validation set "val-after" and nothing else.
        seed: Another seed holds out other documents.

    Returns:
        Counts: dtype, vocab_size, eos_id, and splits with documents, tokens and bytes of text.

    Raises:
        UserError: No corpus, a tokenizer that changes text or lacks an end token, or a split without documents.
    """
    config = {name: value for name, value in locals().items() if name not in ("corpus", "out", "tokenizer", "after")}
    held_out = HeldOut(val_ratio, seed)
    eras = parse_eras(era) if era is not None else choose_eras(corpus, by)
    tokenizer = local_folder(tokenizer, tokenizer_only=True)
    encoder = Encoder(tokenizer)
    check = RoundTrip(encoder.backend, tokenizer)
    check.tricky_strings()
    inputs = [corpus, tokenizer] + ([after] if after is not None else [])
    with stage(out, command="corpus pack", config=config, inputs=inputs) as work:
        with _Packer(work.folder, encoder, held_out) as packer:
            for texts in _text_batches(corpus, by, label="packing"):
                check.sample(texts.texts)
                packer.add(texts, eras)
            if after is not None:
                for texts in _text_batches(after, by, label="packing later texts"):
                    packer.add_later(texts)
        splits = {name: split.counts for name, split in packer.splits.items()}
        _check_splits(splits, corpus, after, val_ratio)
        for empty in (found.name for found in eras if f"val-{found.name}" not in splits):
            say(f"no held-out document lies in the era {empty}: there is no val-{empty}.bin")
        copy_tokenizer(tokenizer, work.folder / "tokenizer")
        work.counts = {
            "dtype": encoder.dtype.name,
            "vocab_size": encoder.vocab_size,
            "eos_id": encoder.eos_id,
            "eras": {found.name: found.span.edtf() for found in eras},
            "splits": splits,
        }
    return work.counts


@dataclass(frozen=True, slots=True)
class _Texts:
    """Some documents to encode together."""

    ids: list[str]
    texts: list[str]
    spans: list[Span]


def _text_batches(corpus: Path, by: Field, *, label: str) -> Iterator[_Texts]:
    for batch in read_batches(corpus, ("id", "text", *SPAN_COLUMNS), text_bytes=BATCH_BYTES, label=label):
        yield _Texts(batch["id"].to_pylist(), batch["text"].to_pylist(), spans_of(batch, by))


@dataclass(slots=True)
class _Split:
    file: BinaryIO
    counts: dict[str, int] = field(default_factory=lambda: {"documents": 0, "tokens": 0, "bytes": 0})


class SplitWriter:
    """Appends encoded documents to the token files of their splits, and to the index; use it in a `with` statement."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.splits: dict[str, _Split] = {}
        self._open = ExitStack()
        self._rows: list[dict[str, Any]] = []
        self._index = pq.ParquetWriter(folder / "documents.parquet", INDEX_SCHEMA, compression="zstd")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._write_index()
        self._index.close()
        self._open.close()

    def append(self, name: str, id: str, tokens: np.ndarray[Any, Any], size: int, year: int | None) -> None:
        """Add the tokens of a document, its end token among them, and of `size` bytes of text, to a split."""
        if name not in self.splits:
            file = open(self.folder / f"{name}.bin", "wb", buffering=1 << 20)  # noqa: SIM115 (closed with the stack)
            self.splits[name] = _Split(self._open.enter_context(file))
        split = self.splits[name]
        offset = split.counts["tokens"]
        self._rows.append({"id": id, "split": name, "offset": offset, "length": len(tokens), "year": year})
        split.file.write(tokens.tobytes())
        split.counts["documents"] += 1
        split.counts["tokens"] += len(tokens)
        split.counts["bytes"] += size
        if len(self._rows) >= 1 << 14:
            self._write_index()

    def _write_index(self) -> None:
        if self._rows:
            self._index.write_batch(pa.RecordBatch.from_pylist(self._rows, schema=INDEX_SCHEMA))
            self._rows = []


class _Packer(SplitWriter):
    """Encodes documents and appends them to their splits."""

    def __init__(self, folder: Path, encoder: Encoder, held_out: HeldOut) -> None:
        super().__init__(folder)
        self.encoder, self.held_out = encoder, held_out
        self._end = np.asarray([encoder.eos_id], dtype=encoder.dtype)

    def add(self, texts: _Texts, eras: Sequence[Era]) -> None:
        """Encode documents into train, or into val and the eras they were written in."""
        targets = []
        for text, span in zip(texts.texts, texts.spans, strict=True):
            if self.held_out(text):
                targets.append(["val", *(f"val-{era.name}" for era in eras if era.holds(span))])
            else:
                targets.append(["train"])
        self._encode(texts, targets)

    def add_later(self, texts: _Texts) -> None:
        """Encode the held-out documents of a corpus of later texts into `val-after`."""
        chosen = [i for i, text in enumerate(texts.texts) if self.held_out(text)]
        later = _Texts(
            [texts.ids[i] for i in chosen], [texts.texts[i] for i in chosen], [texts.spans[i] for i in chosen]
        )
        self._encode(later, [[f"val-{AFTER}"]] * len(chosen))

    def _encode(self, texts: _Texts, targets: list[list[str]]) -> None:
        for i, ids in enumerate(self.encoder.encode(texts.texts)):
            tokens = np.concatenate([ids, self._end])
            for name in targets[i]:
                self.append(name, texts.ids[i], tokens, len(texts.texts[i].encode()), texts.spans[i].middle_year)


def _check_splits(splits: dict[str, dict[str, int]], corpus: Path, after: Path | None, val_ratio: float) -> None:
    if "train" not in splits:
        raise UserError(f"{corpus}: --val-ratio {val_ratio} holds out every document; choose a smaller one")
    if "val" not in splits:
        count = splits["train"]["documents"]
        raise UserError(f"{corpus}: --val-ratio {val_ratio} holds out none of {count:,} documents; choose a larger one")
    if after is not None and f"val-{AFTER}" not in splits:
        raise UserError(f"{after}: --val-ratio {val_ratio} holds out none of its documents; choose a larger one")


def copy_tokenizer(source: Path, target: Path) -> None:
    """Copy the files of a tokenizer folder, and no others, into a new folder."""
    target.mkdir()
    for name in TOKENIZER_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
