"""The `table` source: any folder or file of records, with fields mapped to those of a document."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from chronolect.artifacts import stage
from chronolect.console import progress
from chronolect.corpus.document import CorpusWriter, Document
from chronolect.corpus.problems import Problem, Problems
from chronolect.corpus.sources.records import Record, find_files, read_records
from chronolect.errors import UserError, did_you_mean
from chronolect.timeline import Evidence, Span
from chronolect.timeline.evidence import Field


def import_table(
    inputs: list[Path],
    *,
    out: Path,
    text_field: str = "text",
    title_field: str | None = None,
    id_field: str | None = None,
    date_field: str | None = None,
    about_field: str | None = None,
    url_field: str | None = None,
    language: str = "",
    licence: str = "",
    source_name: str | None = None,
    strict: bool = False,
) -> dict[str, Any]:
    """Import files of records as a corpus: JSON, JSONL, CSV, TSV, Parquet and plain text (all but Parquet also as .gz).

    Dates are EDTF (1969, 1969-07-20, 185X, 1850~, 1930/..); a number is a year. Fields that are not mapped are kept in
    `meta`. Lines that cannot be read and records without text are left out, a date that cannot be read leaves its
    document undated; all are counted and listed.

    Args:
        inputs: Files, or folders that are searched for files of these kinds.
        out: Folder to write the corpus to.
        text_field: Field of the text.
        title_field: Field of the title; "title" if the records have one.
        id_field: Field of the id; made from file name and line if not given.
        date_field: Field that says when the text was written.
        about_field: Field that says what time the text is about.
        url_field: Field of the address the text comes from.
        language: Language of all documents, such as "en".
        licence: Licence of all documents.
        source_name: Name of the source in the corpus; the name of the first input if not given.
        strict: Stop at the first line, record or date that cannot be used.

    Returns:
        Counts: files, documents, undated, and problems by kind.

    Raises:
        UserError: Missing input, unknown field, nothing left to import, or with `strict` the first problem.
    """
    config = {name: value for name, value in locals().items() if name not in ("inputs", "out")}
    files = [(root, file) for root in inputs for file in find_files(root)]
    if not files:
        raise UserError("nothing to import: name at least one file or folder")
    mapping = _Mapping(
        text=text_field,
        title=title_field,
        id=id_field,
        written=date_field,
        about=about_field,
        url=url_field,
        language=language,
        licence=licence,
        source=source_name or inputs[0].name.split(".")[0],
    )
    problems = Problems(strict)
    with stage(out, command="corpus import table", config=config, inputs=inputs) as work:
        undated = 0
        with CorpusWriter(work.folder) as writer:
            for document in progress(_documents(files, mapping, problems), label="importing documents"):
                writer.write(document)
                undated += not document.written.is_known
        problems.report()
        mapping.check_fields_were_seen()
        if not writer.rows:
            raise UserError(f"{inputs[0]}: nothing to import: {problems.summary() or 'no records in it'}")
        work.counts = {
            "files": len(files),
            "documents": writer.rows,
            "undated": undated,
            "left_out": problems.left_out,
            "problems": dict(problems.counts),
            "problem_list": problems.listed,
        }
    return {name: value for name, value in work.counts.items() if name != "problem_list"}


@dataclass(frozen=True, slots=True)
class _Mapping:
    """Which field of a record is which of a document, what is the same for all, and which fields were ever seen."""

    text: str
    title: str | None
    id: str | None
    written: str | None
    about: str | None
    url: str | None
    language: str
    licence: str
    source: str
    seen: set[str] = field(default_factory=set)

    def check_fields_were_seen(self) -> None:
        """A field that no record has is a slip of the pen."""
        if not self.seen:
            return
        flags = {
            "--text-field": self.text,
            "--title-field": self.title,
            "--id-field": self.id,
            "--date-field": self.written,
            "--about-field": self.about,
            "--url-field": self.url,
        }
        for flag, name in flags.items():
            if name is not None and name not in self.seen:
                known = ", ".join(sorted(self.seen)[:12])
                raise UserError(
                    f'{flag} "{name}": no record has this field{did_you_mean(name, self.seen)}; fields: {known}'
                )

    def mapped(self) -> set[str]:
        return {
            name for name in (self.text, self.title or "title", self.id, self.written, self.about, self.url) if name
        }


def _documents(files: list[tuple[Path, Path]], mapping: _Mapping, problems: Problems) -> Iterator[Document]:
    names: set[str] = set()
    given: set[int] = set()
    for root, file in files:
        base = _unique(file.relative_to(root if root.is_dir() else root.parent).with_suffix("").as_posix(), names)
        for record in read_records(file):
            if isinstance(record, Problem):
                problems.add("unreadable", record)
                continue
            mapping.seen.update(record.fields)
            document = _document(record, base, mapping, problems)
            if document is None:
                continue
            if mapping.id is not None:
                document = _with_unique_id(document, given, record, problems)
            yield document


def _document(record: Record, base: str, mapping: _Mapping, problems: Problems) -> Document | None:
    fields = record.fields
    text = fields.get(mapping.text)
    if not isinstance(text, str) or not text.strip():
        problems.add("without text", Problem(record.where, f'no text in field "{mapping.text}"'))
        return None
    if not _is_valid(text):
        problems.add(
            "unreadable", Problem(record.where, "the text holds half of a surrogate pair, which is not Unicode")
        )
        return None
    written, from_written = _date(record, mapping.written, "written", problems)
    about, from_about = _date(record, mapping.about, "about", problems)
    generated = f"{base}:{record.line}" if record.line else base
    mapped = mapping.mapped()
    return Document(
        id=_text(fields.get(mapping.id)) or generated if mapping.id else generated,
        source=mapping.source,
        title=_text(fields.get(mapping.title or "title")),
        text=text,
        written=written,
        about=about,
        evidence=from_written + from_about,
        language=mapping.language,
        licence=mapping.licence,
        url=_text(fields.get(mapping.url)) if mapping.url else "",
        meta={_text(name): _clean(value) for name, value in fields.items() if name not in mapped},
    )


def _date(record: Record, name: str | None, which: Field, problems: Problems) -> tuple[Span, tuple[Evidence, ...]]:
    value = record.fields.get(name) if name else None
    if name is None or value is None or value == "" or value != value:  # NaN differs from itself
        return Span(), ()
    try:
        span = to_span(value)
    except UserError as error:
        problems.add("impossible dates", Problem(record.where, f'field "{name}": {error}'), left_out=False)
        return Span(), ()
    if not span.is_known:
        return Span(), ()
    return span, (Evidence(which, span, "catalogue", reference=f"{record.place} {name}", quote=str(value)),)


def to_span(value: Any) -> Span:
    """The span of a table's cell: EDTF, a year as a number (1969, 476, -43), or a date; `UserError` for anything else.

    >>> to_span(476).edtf(), to_span("1850~").edtf()
    ('0476', '1850~')
    """
    if isinstance(value, datetime | date):
        return Span.day(value.year, value.month, value.day)
    if isinstance(value, str):
        text = value.strip()
        digits = text.removeprefix("-").removesuffix(".0")
        if not (digits.isascii() and digits.isdigit()):
            return Span.parse(text)
        value = int(digits) * (-1 if text.startswith("-") else 1)
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise UserError(f"{value!r} is not a date: expected EDTF such as 1969-07-20 or 1850~, or a year")
    if abs(value) > 9_999:
        raise UserError(f"{int(value)} is not a year; write a date as 1969-07-20, a year past 9999 as Y{int(value)}")
    return Span.parse(f"-{-int(value):04d}" if value < 0 else f"{int(value):04d}")


def _with_unique_id(document: Document, given: set[int], record: Record, problems: Problems) -> Document:
    """Repeated ids get a number; only 64-bit hashes of the ids are kept in memory."""
    if hash(document.id) not in given:
        given.add(hash(document.id))
        return document
    problems.add("repeated ids", Problem(record.where, f'id "{document.id}" is taken; numbered'), left_out=False)
    number = 2
    while hash(f"{document.id}-{number}") in given:
        number += 1
    given.add(hash(f"{document.id}-{number}"))
    return replace(document, id=f"{document.id}-{number}")


def _unique(name: str, taken: set[str]) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    taken.add(candidate)
    return candidate


def _is_valid(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _text(value: Any) -> str:
    return "" if value is None else str(value).encode(errors="replace").decode()


def _clean(value: Any) -> Any:
    return _text(value) if isinstance(value, str) else value
