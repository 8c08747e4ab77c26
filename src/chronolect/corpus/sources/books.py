"""`corpus import books`: a folder of books as text, HTML or Markdown, with a table that says what they are."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.document import Document
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.html import html_to_text, markdown_to_text
from chronolect.corpus.sources.lives import parse_contributors, published, words_of
from chronolect.corpus.sources.prose import drop_page_numbers, single_spaced, to_blocks, to_text, vocabulary
from chronolect.corpus.sources.records import Record, kind, read_records
from chronolect.corpus.sources.scans import drop_scan_marks
from chronolect.corpus.sources.table import to_span
from chronolect.corpus.sources.text_files import LARGEST, decode, read_bytes
from chronolect.errors import UserError, did_you_mean
from chronolect.timeline import Evidence, Span, hull, merge

SUFFIXES = (".txt", ".html", ".htm", ".xhtml", ".md", ".markdown")
_TABLES = (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet")
_SHARD_BYTES = 24 << 20
_USUAL = {
    "file": ("file", "filename", "file_name", "path", "identifier", "id"),
    "title": ("title",),
    "author": ("author", "authors", "creator"),
    "date": ("date", "year", "first-edition", "publication_date", "published"),
    "language": ("language", "lang"),
    "licence": ("licence", "license", "rights"),
    "url": ("url", "source_url"),
}
_CENTURY, _DECADE = re.compile(r"\[?(\d\d)(?:--|__|\?\?)\??\]?"), re.compile(r"\[?(\d{3})[-_?]\??\]?")
_LIBRARY_YEAR = re.compile(
    r"(?:[\[(]?\s*(?P<about>c(?:a|irca)\.?\s*)?(?:[c©p]\s?)?)(?P<year>1[0-9]\d\d|20\d\d)(?P<doubt>\?)?[\])]?[.,]?"
)


def import_books(
    folder: Path,
    *,
    metadata: Path,
    out: Path,
    file_field: str | None = None,
    title_field: str | None = None,
    author_field: str | None = None,
    date_field: str | None = None,
    language_field: str | None = None,
    licence_field: str | None = None,
    url_field: str | None = None,
    language: str = "",
    licence: str = "",
    source_name: str = "books",
    unwrap: bool = True,
    page_numbers: bool = False,
    scan_marks: bool = False,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Import a folder of books (.txt, .html, .md, also .gz) with a table of their titles, authors and dates, one document a book.

    The date is that of publication: EDTF, a year, or as libraries write it (c1905, [1898?], 189-). Lives in an author's name (Dickens, Charles,
    1812-1870) bound it as well. Without the usual names of columns (file, title, author, date, language, licence, url) say which they are.

    Args:
        folder: Folder with the books.
        metadata: The table: CSV, TSV, JSONL or Parquet, a row a book.
        out: Folder to write the corpus to.
        file_field: Column that names the file: its path in the folder, its name, or its name without the ending.
        title_field: Column of the title.
        author_field: Column of authors, translators and editors, separated by semicolons.
        date_field: Column of the date of publication.
        language_field: Column of the language.
        licence_field: Column of the licence.
        url_field: Column of the address.
        language: Language of books whose rows have none.
        licence: Licence of books whose rows have none.
        source_name: Name of the source in the corpus.
        unwrap: Join hard-wrapped lines to paragraphs, and words that a line end has cut.
        page_numbers: Keep page numbers and running heads.
        scan_marks: Keep notices of digitisation ("Digitized by ...") and library stamps.
        engine: Who does the work.

    Returns:
        Counts: documents, undated, rows without a file, files without a row, and other problems by kind.

    Raises:
        UserError: No folder or table, a missing column, or nothing to import.
    """
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    if not metadata.is_file() or kind(metadata) not in _TABLES:
        raise UserError(f"{metadata}: not a table; expected {', '.join(_TABLES)} (or one of the first five with .gz)")
    given = {
        "file": file_field,
        "title": title_field,
        "author": author_field,
        "date": date_field,
        "language": language_field,
        "licence": licence_field,
        "url": url_field,
    }
    config = {f"{name}_field": column for name, column in given.items()} | {
        "language": language,
        "licence": licence,
        "source_name": source_name,
        "unwrap": unwrap,
        "page_numbers": page_numbers,
        "scan_marks": scan_marks,
    }
    columns = _columns(metadata, given)
    function = _ImportBooks(
        folder.absolute(), columns, language, licence, source_name, unwrap, page_numbers, scan_marks
    )
    with stage(out, command="corpus import books", config=config, inputs=[folder, metadata], resume=True) as work:
        totals = run_shards(
            work, _shards(folder, metadata, columns["file"] or ""), function, engine, label="importing books"
        )
        if not totals.kept:
            raise UserError(
                f"{folder}: no book to import: {'; '.join(totals.problem_list[:3]) or 'the table has no rows'}"
            )
        work.counts = totals.summary()
    return totals.summary(listed=False)


def library_date(value: Any) -> Span:
    """A date as tables of books have it: EDTF, a number, a date, or a librarian's `c1905`, `[1898?]`, `189-`, `18--`, `1898-1902`.

    >>> library_date("[1898?]").edtf(), library_date("189-").edtf(), library_date("c1905").edtf()
    ('1898?', '189X', '1905')
    """
    text = value.strip() if isinstance(value, str) else ""
    for pattern, unknown in ((_CENTURY, "XX"), (_DECADE, "X")):
        if match := pattern.fullmatch(text):
            return Span.parse(match[1] + unknown)
    parts = [_LIBRARY_YEAR.fullmatch(part) for part in re.split(r"\s*[-–,;]\s*", text.strip("[]() "))]
    years = [match for match in parts if match]
    if not years or len(years) != len(parts):
        return to_span(value)
    doubtful = text.startswith("[") and "?" in text
    spans = [
        Span.parse(match["year"] + ("~" if match["about"] else "?" if match["doubt"] or doubtful else ""))
        for match in years
    ]
    return spans[0] if len(spans) == 1 else hull(spans)


Columns = dict[str, str | None]
Shard = tuple[tuple[Path | None, Record | Problem, str], ...]


def _columns(metadata: Path, given: Columns) -> Columns:
    """Which column is which, from the first row."""
    record = next((item for item in read_records(metadata) if isinstance(item, Record)), None)
    if record is None:
        raise UserError(f"{metadata}: no rows in it")
    for name, column in given.items():
        if column is not None and column not in record.fields:
            shown = ", ".join(list(record.fields)[:12])
            raise UserError(
                f'--{name}-field "{column}": {metadata} has no such column{did_you_mean(column, record.fields)}; columns: {shown}'
            )
    found = {
        name: column or next((usual for usual in _USUAL[name] if usual in record.fields), None)
        for name, column in given.items()
    }
    if found["file"] is None:
        raise UserError(
            f"{metadata}: no column names the file ({', '.join(_USUAL['file'])}); say which does with --file-field"
        )
    return found


def _shards(folder: Path, metadata: Path, file_column: str) -> Iterator[Shard]:
    """The rows of the table with their files, in groups of about 24 MB; at the end the files that no row names."""
    files = {
        path.relative_to(folder).as_posix(): path
        for path in sorted(folder.rglob("*"))
        if _is_book(path, folder, metadata)
    }
    short: dict[str, list[str]] = {}
    for place in files:
        for name in {Path(place).name, _stem(Path(place).name), _stem(place)} - {place}:
            short.setdefault(name, []).append(place)
    left = dict.fromkeys(files)
    group: list[tuple[Path | None, Record | Problem, str]] = []
    size = 0
    for record in read_records(metadata):
        if isinstance(record, Problem):
            group.append((None, record, "table"))
            continue
        name = str(record.fields.get(file_column) or "").strip().removeprefix("./")
        places = [name] if name in files else short.get(name, [])
        if len(places) != 1:
            what = f'"{name}" names {len(places)} files' if places else f'no file "{name}" in the folder'
            group.append((None, Problem(record.where, what), "rows without a file"))
            continue
        if places[0] not in left:
            group.append((None, Problem(record.where, f'"{name}" had a row before'), "repeated rows"))
            continue
        del left[places[0]]
        group.append((files[places[0]].absolute(), record, ""))
        size += files[places[0]].stat().st_size
        if size >= _SHARD_BYTES:
            yield tuple(group)
            group, size = [], 0
    group += [
        (None, Problem(str(files[place]), "no row of the table names it"), "files without a row") for place in left
    ]
    if group:
        yield tuple(group)


def _is_book(path: Path, folder: Path, metadata: Path) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
    return not hidden and path.is_file() and _kind(path.name) in SUFFIXES and path.resolve() != metadata.resolve()


def _kind(name: str) -> str:
    return Path(name.lower().removesuffix(".gz")).suffix


def _stem(place: str) -> str:
    base = place[:-3] if place.lower().endswith(".gz") else place
    return base[: -len(_kind(place))] if _kind(place) in SUFFIXES else base


@dataclass(frozen=True, slots=True)
class _ImportBooks:
    """Import some books."""

    root: Path
    columns: Columns
    language: str
    licence: str
    source: str
    unwrap: bool
    page_numbers: bool
    scan_marks: bool

    def __call__(self, shard: Shard, output: Output) -> None:
        for file, item, problem in shard:
            if isinstance(item, Problem):
                output.problem(problem, item)
            elif file is not None:
                self._import(file, item, output)

    def _import(self, file: Path, row: Record, output: Output) -> None:
        try:
            content = read_bytes(file)
        except (OSError, EOFError, zlib.error) as error:
            output.problem("damaged", Problem(str(file), f"cannot be read ({' '.join(str(error).split())})"))
            return
        if len(content) > LARGEST:
            output.problem("damaged", Problem(str(file), f"larger than {LARGEST >> 20} MB"))
            return
        text, bad = self._clean(content, _kind(file.name))
        if bad:
            output.problem("bad characters", Problem(str(file), f"{bad:,} places are not UTF-8; written as U+FFFD"))
        if not text:
            output.problem("without text", Problem(str(file), "no text in it"))
            return
        document = self._document(file, row, text, output)
        output.count("undated", int(not document.written.is_known))
        output.keep(document)

    def _clean(self, content: bytes, suffix: str) -> tuple[str, int]:
        """The text of a book without what scanning and pages added, and how many places could not be read."""
        is_page = suffix in (".html", ".htm", ".xhtml")
        text, bad = (html_to_text(content), 0) if is_page else decode(content)
        if suffix in (".md", ".markdown"):
            text = markdown_to_text(text)
        blocks = to_blocks(text.replace("\r\n", "\n").replace("\r", "\n"))
        if not self.scan_marks:
            blocks = drop_scan_marks(blocks)
        if not is_page:
            blocks = single_spaced(blocks)
        if not self.page_numbers:
            blocks = drop_page_numbers(blocks)
        unwrap = self.unwrap and not is_page
        return to_text(blocks, unwrap=unwrap, known=vocabulary(blocks) if unwrap else None).strip(), bad

    def _document(self, file: Path, row: Record, text: str, output: Output) -> Document:
        place = file.relative_to(self.root).as_posix()
        evidence = self._evidence(row, output)
        dating = merge(evidence, "written")
        output.count("contradictory dates", int(dating.contradictions > 0))
        used = {column for column in self.columns.values() if column} - {self.columns["author"], self.columns["file"]}
        return Document(
            id=_stem(place),
            source=self.source,
            title=self._cell(row, "title"),
            text=text,
            written=dating.span,
            evidence=evidence,
            language=self._cell(row, "language") or self.language,
            licence=self._cell(row, "licence") or self.licence,
            url=self._cell(row, "url"),
            meta={
                "file": place,
                **{
                    str(name): value
                    for name, value in row.fields.items()
                    if name not in used and value not in ("", None)
                },
            },
        )

    def _evidence(self, row: Record, output: Output) -> tuple[Evidence, ...]:
        authors = self._cell(row, "author")
        people = parse_contributors(authors)
        pieces: list[Evidence] = []
        column = self.columns["date"]
        value = row.fields.get(column) if column else None
        if value is not None and value != "" and value == value:  # NaN differs from itself
            try:
                span = library_date(value)
            except UserError as error:
                output.problem("impossible dates", Problem(row.where, f'column "{column}": {error}'))
            else:
                if span.is_known:
                    pieces.append(
                        Evidence(
                            "written",
                            published(span, people),
                            "catalogue",
                            reference=f"{row.place} {column}",
                            quote=str(value),
                        )
                    )
        life = words_of(people, f"{row.place} {self.columns['author']}", authors)
        return tuple(pieces) + ((life,) if life is not None else ())

    def _cell(self, row: Record, name: str) -> str:
        column = self.columns[name]
        value = row.fields.get(column) if column else None
        if isinstance(value, list):
            return "; ".join(str(part) for part in value)
        return "" if value is None else str(value).strip()
