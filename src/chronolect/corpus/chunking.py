"""`chunk`: documents cut into pieces of a given size at the borders of paragraphs, then sentences, then words.

The pieces of a text without overlap are the text: only white space lies between them. Each carries the dates and the
evidence of its document, and the offsets it has there.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.dating.expressions import find_expressions
from chronolect.corpus.document import Document
from chronolect.corpus.encoding import Encoder
from chronolect.corpus.engine import Engine, Output, map_corpus
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span
from chronolect.timeline.span import hull

Unit = Literal["tokens", "chars", "words"]
Method = Literal["paragraph", "sentence", "window"]
Bounds = tuple[int, int]

_SMALLEST = 16
# Texts are cut in sections of about this many characters at paragraph borders first, which bounds memory.
_SECTION = 1 << 18
_WORD = re.compile(r"\S+")
# Where the next piece may begin, from the best border to the worst.
_ABBREVIATION = r"(?<!\b[A-Z]\.)(?<!\bMr\.)(?<!\bMrs\.)(?<!\bDr\.)(?<!\bSt\.)(?<!\bNo\.)(?<!\bCol\.)(?<!\bGen\.)(?<!\bRev\.)(?<!\bvol\.)(?<!\bviz\.)"
_PARAGRAPH = re.compile(r"\n[ \t\r\f\v]*\n\s*")
_BORDERS = (
    _PARAGRAPH,
    re.compile(r"\n\s*"),
    re.compile(rf"(?<=[.!?…])[\"'”’)\]]*{_ABBREVIATION}\s+(?=[\"'“‘(\[—]?[A-Z0-9À-Þ])"),
    re.compile(r"(?<=[,;:—])\s+"),
    re.compile(r"\s+"),
)
_SENTENCES, _WORDS = 2, 4
_HEADING_CHARACTERS = 80


def chunk_corpus(
    corpus: Path,
    *,
    out: Path,
    size: Annotated[int, Parameter(name=("--size", "--chunk-size"))] = 1024,
    unit: Unit = "tokens",
    overlap: int = 0,
    method: Method = "paragraph",
    tokenizer: Path | None = None,
    min_size: int = 0,
    date_passages: bool = False,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Cut the documents of a corpus into chunks: `<id>#0007`, with the document's dates and evidence, and in its meta `chunk_of`, `chunk`,
    `start` and `end` (characters of the document's text).

    No chunk is larger than the size. A paragraph that is gets cut at sentences, a sentence at clauses and words. A short last chunk is evened
    out with the one before it. Hold documents out for validation before you cut them: chunks of one document share its words.

    Args:
        corpus: Folder of the corpus.
        out: Folder to write the chunks to.
        size: Most units in a chunk.
        unit: What the size counts.
        overlap: Units that a chunk repeats of the one before it, at most, from the beginning of a sentence on.
        method: Pack whole paragraphs, or sentences, or words (windows of one size).
        tokenizer: Tokenizer folder; needed for tokens.
        min_size: Drop chunks with fewer units.
        date_passages: Date what each chunk is about by the dated expressions in it; one that has none keeps its document's time.
        engine: Who does the work.

    Returns:
        Counts: documents (the chunks), dropped, sources (the documents cut), redated.

    Raises:
        UserError: No corpus, no tokenizer for tokens, or sizes that do not fit each other.
    """
    config = {name: value for name, value in locals().items() if name not in ("corpus", "out", "engine", "tokenizer")}
    if size < _SMALLEST:
        raise UserError(f"--size {size}: at least {_SMALLEST} {unit}")
    if not 0 <= overlap <= size // 2:
        raise UserError(f"--overlap {overlap}: from 0 to half of --size {size}")
    if (unit == "tokens") != (tokenizer is not None):
        raise UserError("--unit tokens needs --tokenizer DIR, and no other unit does; or choose --unit chars or words")
    inputs = [corpus, *([tokenizer] if tokenizer is not None else [])]
    if tokenizer is not None:
        Encoder(tokenizer)  # a broken one is told before any work
    splitter = Splitter(size, unit, overlap, method, tokenizer.absolute() if tokenizer is not None else None)
    with stage(out, command="corpus chunk", config=config, inputs=inputs, resume=True) as work:
        totals = map_corpus(work, corpus, _Chunker(splitter, min_size, date_passages), engine, label="cutting")
        if not totals.kept:
            raise UserError(f"{corpus}: no chunk is left; lower --min-size {min_size}")
        work.counts = totals.summary()
    return totals.summary(listed=False)


@dataclass(frozen=True)
class Splitter:
    """Cuts texts into pieces of at most `size` units."""

    size: int
    unit: Unit
    overlap: int = 0
    method: Method = "paragraph"
    tokenizer: Path | None = None

    def __call__(self, text: str) -> list[Bounds]:
        """The offsets of the pieces of a text in order, white space at their ends left out."""
        pieces: list[Bounds] = []
        for start, end in _sections(text):
            pieces += [(start + first, start + last) for first, last in self._split_section(text[start:end])]
        return pieces

    def count(self, texts: list[str]) -> list[int]:
        """How many units each text has."""
        if self.unit == "chars":
            return [len(text) for text in texts]
        if self.unit == "words":
            return [len(text.split()) for text in texts]
        assert self.tokenizer is not None
        return [len(ids) for ids in _encoder(self.tokenizer).encode(texts)]

    def _split_section(self, text: str) -> list[Bounds]:
        """Pieces of a text of bounded length. Tokens are counted once for the whole text; alone, a piece can have a few
        more, so the pieces are counted again and the limit lowered until all fit.
        """
        ends = self._unit_ends(text)
        limit = self.size
        while True:
            pieces = _Packing(text, ends, limit, min(self.overlap, limit // 2), self.method).pieces
            if self.unit != "tokens" or not pieces or limit <= 1:
                return pieces
            excess = max(self.count([text[start:end] for start, end in pieces])) - self.size
            if excess <= 0:
                return pieces
            limit = max(limit - excess, 1)

    def _unit_ends(self, text: str) -> list[int] | None:
        """Where each unit of the text ends; `None` for characters."""
        if self.unit == "chars":
            return None
        if self.unit == "words":
            return [match.end() for match in _WORD.finditer(text)]
        assert self.tokenizer is not None
        encoding = _encoder(self.tokenizer).backend.encode(text, add_special_tokens=False)
        return [end for _, end in encoding.offsets]


@cache
def _encoder(folder: Path) -> Encoder:
    return Encoder(folder)


def _sections(text: str) -> Iterator[Bounds]:
    start = 0
    while len(text) - start > 2 * _SECTION:
        border = _PARAGRAPH.search(text, start + _SECTION, start + 2 * _SECTION)
        border = border or re.compile(r"\s+").search(text, start + _SECTION, start + 2 * _SECTION)
        end = border.end() if border else start + _SECTION
        yield start, end
        start = end
    yield start, len(text)


@dataclass(frozen=True)
class _Packing:
    """One text with its units, and how they are packed into pieces of at most `size`."""

    text: str
    ends: list[int] | None
    size: int
    overlap: int
    method: Method

    @property
    def pieces(self) -> list[Bounds]:
        found = self._even_tail(list(self._pack()))
        trimmed = []
        for start, end in found:
            piece = self.text[start:end]
            trimmed.append((end - len(piece.lstrip()), start + len(piece.rstrip())))
        return [(start, end) for start, end in trimmed if start < end]

    def measure(self, start: int, end: int) -> int:
        """Units of `text[start:end]`, white space at its end left out."""
        if self.ends is None:
            while end > start and self.text[end - 1].isspace():
                end -= 1
            return end - start
        return bisect_right(self.ends, end) - bisect_right(self.ends, start)

    def _pack(self) -> Iterator[Bounds]:
        start = end = len(self.text) - len(self.text.lstrip())
        for first, last in self._atoms(start, len(self.text), 0):
            if self.measure(start, last) > self.size:
                yield start, end
                start = self._overlapped(start, first, last)
            end = last
        if end > start:
            yield start, end

    def _atoms(self, start: int, end: int, level: int) -> Iterator[Bounds]:
        """What is packed: paragraphs (or sentences, or words), each cut as far down as it must be to fit."""
        lowest = {"paragraph": 0, "sentence": _SENTENCES + 1, "window": _WORDS + 1}[self.method]
        if level >= lowest and self.measure(start, end) <= self.size:
            yield start, end
        elif level == len(_BORDERS):
            while start < end:
                step = max(1, self._fitting(start, end) - start)
                yield start, start + step
                start += step
        else:
            for first, last in self._cut(start, end, level):
                yield from self._atoms(first, last, level + 1)

    def _cut(self, start: int, end: int, level: int) -> Iterator[Bounds]:
        first = start
        for match in _BORDERS[level].finditer(self.text, start, end):
            if first < match.end() < end and not (level == 0 and self._is_heading(first, match.start())):
                yield first, match.end()
                first = match.end()
        if first < end:
            yield first, end

    def _is_heading(self, start: int, end: int) -> bool:
        """A short line alone that does not end as a sentence does: it goes with what follows."""
        line = self.text[start:end]
        return len(line) <= _HEADING_CHARACTERS and "\n" not in line and line[-1:] not in tuple(".!?,;:\"”’'")

    def _fitting(self, start: int, end: int) -> int:
        """The end of the longest stretch from `start` that fits."""
        low, high = start, end
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if self.measure(start, middle) <= self.size else (low, middle - 1)
        return low

    @cached_property
    def _soft(self) -> list[int]:
        """Where an overlap may begin, and the last two pieces may be parted."""
        level = _WORDS if self.method == "window" else _SENTENCES
        starts = {match.end() for border in _BORDERS[: level + 1] for match in border.finditer(self.text)}
        return sorted(starts - {len(self.text)})

    def _overlapped(self, previous: int, start: int, end: int) -> int:
        """The earliest border after `previous` from which the overlap and `text[start:end]` together fit."""
        if not self.overlap:
            return start
        between = self._soft[bisect_right(self._soft, previous) : bisect_left(self._soft, start)]

        def fits(border: int) -> bool:
            return self.measure(border, start) <= self.overlap and self.measure(border, end) <= self.size

        place = bisect_left(between, True, key=fits)
        return between[place] if place < len(between) else start

    def _even_tail(self, pieces: list[Bounds]) -> list[Bounds]:
        """Part the last two pieces anew, as near the middle as may be, where the last is less than a quarter of the size."""
        if len(pieces) < 2 or self.measure(*pieces[-1]) * 4 >= self.size:
            return pieces
        (start, _), (_, end) = pieces[-2:]
        begun = max(
            [start, *(before for _, before in pieces[-3:-2])]
        )  # an overlap may reach back into the piece before
        between = self._soft[bisect_right(self._soft, begun) : bisect_left(self._soft, end)]
        parted = [
            ((start, border), (self._overlapped(start, border, end), end))
            for border in between
            if self.measure(start, border) <= self.size and self.measure(border, end) <= self.size
        ]
        if not parted:
            return pieces
        evenest = min(parted, key=lambda two: abs(self.measure(*two[0]) - self.measure(*two[1])))
        return [*pieces[:-2], *evenest]


@dataclass(frozen=True)
class _Chunker:
    splitter: Splitter
    min_size: int
    date_passages: bool

    def __call__(self, batch: pa.RecordBatch, output: Output) -> None:
        for row in batch.to_pylist():
            document = Document.from_row(row)
            pieces = self.splitter(document.text)
            if not pieces:
                output.drop(document, "no text")
                continue
            output.count("sources")
            chunks = list(self._chunks(document, pieces, output))
            sizes = self.splitter.count([chunk.text for chunk in chunks]) if self.min_size else [0] * len(chunks)
            for chunk, size in zip(chunks, sizes, strict=True):
                if size < self.min_size:
                    output.drop(chunk, f"short chunk: {size} {self.splitter.unit}")
                else:
                    output.keep(chunk)

    def _chunks(self, document: Document, pieces: list[Bounds], output: Output) -> Iterator[Document]:
        for number, (start, end) in enumerate(pieces):
            place = {"chunk_of": document.id, "chunk": number, "start": start, "end": end}
            chunk = replace(
                document,
                id=f"{document.id}#{number:04d}",
                text=document.text[start:end],
                meta={**document.meta, **place},
            )
            if self.date_passages and (dated := redate(chunk)) is not chunk:
                output.count("redated")
                chunk = dated
            yield chunk


def redate(chunk: Document) -> Document:
    """The chunk, about the time that its own dated expressions name; unchanged if it has none. What the evidence says of
    its document's time as a whole is left out, as it says nothing about this part.
    """
    anchor = chunk.written if chunk.written.is_known else None
    found = [piece for piece in find_expressions(chunk.text, anchor) if piece.span.is_known]
    if not found:
        return chunk
    own = [
        Evidence("about", piece.span, "expression", piece.precision, chunk.id, chunk.text[piece.start : piece.end])
        for piece in found
    ]
    kept = [piece for piece in chunk.evidence if piece.field != "about"]
    about: Span = hull(piece.span for piece in found)
    return replace(chunk, about=about, evidence=(*kept, *own))
