"""Passages of text that conversations are made of: a corpus of chunks, or a file of JSON lines."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chronolect.corpus.dating.expressions.passages import sentence_starts, split_passages
from chronolect.corpus.document import Document, read_documents
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.records import Record, read_records
from chronolect.errors import UserError
from chronolect.timeline import Span

# The names that a field goes by in files of passages, the first one that is there.
_KEYS = {
    "id": ("chunk_id", "id"),
    "source_id": ("source_id", "work_id", "chunk_of"),
    "title": ("source_title", "work_title", "title"),
    "written": ("written", "date", "year"),
}


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a book or article.

    Attributes:
        id: Its own name.
        source_id: That of the book it comes from: what is held out for validation is held out by book.
        title: The book's title, for people.
        text: The words, white space made plain.
        written: When they were written, as far as is known.
        themes: What it was found to speak of (`corpus keywords`).
    """

    id: str
    source_id: str
    title: str
    text: str
    written: Span
    themes: tuple[str, ...] = ()


def read_passages(path: Path) -> Iterator[Passage]:
    """The passages of a corpus folder or of a JSON-lines file (`text` and, where known, the keys of `_KEYS` and `themes`), one at a time.

    Raises:
        UserError: For a path that is neither, or a line that cannot be read (named).
    """
    if path.is_dir():
        yield from map(_from_document, read_documents(path))
        return
    if not path.name.removesuffix(".gz").endswith((".jsonl", ".ndjson")):
        raise UserError(f"{path}: expected a folder of a corpus, or a file of JSON lines (.jsonl, also with .gz)")
    if not path.is_file():
        raise UserError(f"{path}: no such file")
    for found in read_records(path):
        if isinstance(found, Problem):
            raise UserError(str(found))
        yield _from_record(found)


def sentences(text: str) -> list[str]:
    """The sentences of a text in order, white space made plain."""
    found: list[str] = []
    for start, end in split_passages(text):
        starts = [start, *sentence_starts(text, start, end)]
        starts = sorted(set(starts))
        found += [text[first:last] for first, last in zip(starts, [*starts[1:], end], strict=True)]
    return [plain for sentence in found if (plain := " ".join(sentence.split()))]


def _from_document(document: Document) -> Passage:
    counts: Mapping[str, int] = document.meta.get("keyword_counts") or {}
    return Passage(
        id=document.id,
        source_id=str(document.meta.get("chunk_of") or document.id),
        title=document.title,
        text=document.text,
        written=document.written,
        themes=tuple(theme for theme in counts if theme != "total"),
    )


def _from_record(record: Record) -> Passage:
    fields = record.fields
    text = fields.get("text")
    if not isinstance(text, str) or not text.strip():
        raise UserError(f'{record.where}: the text "text" is missing')
    identity = _value(fields, "id") or record.place
    themes = fields.get("themes") or ()
    if isinstance(themes, str) or not all(isinstance(theme, str) for theme in themes):
        raise UserError(f'{record.where}: "themes" must be a list of names')
    written = _value(fields, "written")
    try:
        span = Span.parse(written) if written else Span()
    except UserError as error:
        raise UserError(f"{record.where}: {error}") from None
    return Passage(
        id=identity,
        source_id=_value(fields, "source_id") or identity,
        title=_value(fields, "title"),
        text=text,
        written=span,
        themes=tuple(themes),
    )


def _value(fields: Mapping[str, Any], name: str) -> str:
    return next((str(fields[key]) for key in _KEYS[name] if fields.get(key) not in (None, "")), "")
