"""`corpus import tei`: TEI P5 texts (ELTeC and similar) as a dated corpus, a document a text or a chapter."""

import gzip
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Literal, cast

from cyclopts import Parameter
from lxml import etree

from chronolect.artifacts import stage
from chronolect.corpus.document import Document
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.lives import Contributor, lifetime, parse_contributor, published, words_of
from chronolect.corpus.sources.records import Record, kind, read_records
from chronolect.corpus.sources.table import to_span
from chronolect.corpus.sources.tei_xml import XML, Reading, Section, TeiError, TeiText, read_tei
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span, hull, merge

_SHARD_BYTES = 8 << 20  # of compressed files
_NS = {"t": "http://www.tei-c.org/ns/1.0"}
_YEAR = re.compile(r"(?<!\d)1[0-9]\d\d(?!\d)|(?<!\d)20\d\d(?!\d)")
_EDITION_TAIL = re.compile(
    r"(?:\s*[:.,]?\s*\(?(?:ELTeC edition|(?:a )?machine[- ]readable (?:transcription|edition|version)|TEI edition)\)?)+\s*$",
    re.IGNORECASE,
)
_FILE_COLUMNS = ("filename", "file", "xmlid", "id")
_YEAR_COLUMNS = ("first-edition", "reference-year", "year", "date")
_EMPTY = ("", "NA", "N/A", None)


def import_tei(
    folder: Path,
    *,
    out: Path,
    metadata: Path | None = None,
    unit: Literal["text", "chapter"] = "text",
    chapter_type: str = "chapter",
    front: bool = False,
    notes: bool = False,
    language: str = "",
    licence: str = "",
    source_name: str = "tei",
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Import TEI P5 files (.xml, also .gz): headings, paragraphs and verse, without notes, page breaks and title pages.

    A text is dated by the first edition that its header names (else by its creation, else by the printed source, which is an upper bound), and
    by the lives of author and translator. What was published after its author's death was written before it.

    Args:
        folder: A folder that is searched for .xml and .xml.gz files, or one file.
        out: Folder to write the corpus to.
        metadata: Table (TSV, CSV) of the texts as ELTeC has it, with a column filename (or xmlid) and first-edition or reference-year,
            author-birth, author-death, language: more evidence for the dates.
        unit: One document a text, or one a chapter.
        chapter_type: Which divisions are chapters: the type of their div.
        front: Keep title pages, dedications and prefaces, which may be of a later edition.
        notes: Keep notes and back matter.
        language: Language of texts whose headers do not say it.
        licence: Licence of texts whose headers do not say it.
        source_name: Name of the source in the corpus.
        engine: Who does the work.

    Returns:
        Counts: documents, texts, undated, dates that contradict each other, and problems by kind.

    Raises:
        UserError: No such folder, no file or no usable text in it, a table of another form.
    """
    config = {
        "unit": unit,
        "chapter_type": chapter_type,
        "front": front,
        "notes": notes,
        "language": language,
        "licence": licence,
        "source_name": source_name,
    }
    files = _find(folder)
    rows = _rows(metadata) if metadata else {}
    inputs = [folder, *([metadata] if metadata else [])]
    reading = Reading(unit == "chapter", chapter_type, front, notes)
    function = _ImportTexts(folder.absolute(), reading, language, licence, source_name, metadata is not None)
    with stage(out, command="corpus import tei", config=config, inputs=inputs, resume=True) as work:
        totals = run_shards(work, _shards(files, rows), function, engine, label="importing texts")
        if not totals.kept:
            raise UserError(
                f"{folder}: no text to import: {'; '.join(totals.problem_list[:3]) or 'the texts are empty'}"
            )
        work.counts = totals.summary()
    return totals.summary(listed=False)


Shard = tuple[tuple[Path | Problem, Record | None], ...]


def _find(folder: Path) -> list[Path]:
    if not folder.exists():
        raise UserError(f"{folder}: no such file or folder")
    if folder.is_file():
        return [folder]
    files = sorted(
        file
        for file in folder.rglob("*")
        if file.is_file() and file.name.lower().endswith((".xml", ".xml.gz")) and not file.name.startswith(".")
    )
    if not files:
        raise UserError(f"{folder}: no .xml or .xml.gz file in it")
    return files


def _rows(metadata: Path) -> dict[str, Record]:
    """The rows of the table by the file they are about."""
    if not metadata.is_file() or kind(metadata) not in (".csv", ".tsv"):
        raise UserError(f"{metadata}: not a table; expected a .tsv or .csv file")
    found: dict[str, Record] = {}
    for record in read_records(metadata):
        if isinstance(record, Problem):
            raise UserError(str(record))
        column = next((name for name in _FILE_COLUMNS if name in record.fields), None)
        if column is None:
            raise UserError(f"{metadata}: no column names the file; expected one of {', '.join(_FILE_COLUMNS)}")
        found[_stem(str(record.fields[column]))] = record
    if not found:
        raise UserError(f"{metadata}: no rows in it")
    return found


def _stem(name: str) -> str:
    return re.sub(r"\.xml(?:\.gz)?$", "", Path(name).name, flags=re.IGNORECASE)


def _shards(files: Sequence[Path], rows: dict[str, Record]) -> Iterator[Shard]:
    """Files in groups of about 8 MB; rows that no file belongs to come last."""
    group: list[tuple[Path | Problem, Record | None]] = []
    size = 0
    stems = {_stem(file.name) for file in files}
    ids = {stem.partition("_")[0] for stem in stems}  # ELTeC: ENG18481_Dickens has the xml:id ENG18481
    for file in files:
        stem = _stem(file.name)
        group.append((file.absolute(), rows.get(stem) or rows.get(stem.partition("_")[0])))
        size += file.stat().st_size
        if size >= _SHARD_BYTES:
            yield tuple(group)
            group, size = [], 0
    lost = [row for name, row in rows.items() if name not in stems and name not in ids]
    group += [(Problem(row.where, "no file for this row"), None) for row in lost]
    if group:
        yield tuple(group)


@dataclass(frozen=True, slots=True)
class _ImportTexts:
    """Import some files."""

    root: Path
    reading: Reading
    language: str
    licence: str
    source: str
    has_table: bool

    def __call__(self, shard: Shard, output: Output) -> None:
        for file, row in shard:
            if isinstance(file, Problem):
                output.problem("rows without a file", file)
                continue
            if self.has_table and row is None:
                output.problem("files without a row", Problem(str(file), "no row of the table names it"))
            try:
                self._import(file, row, output)
            except (TeiError, OSError, EOFError, zlib.error) as error:
                output.problem("unreadable", Problem(str(file), " ".join(str(error).split()) or type(error).__name__))

    def _import(self, file: Path, row: Record | None, output: Output) -> None:
        place = file.relative_to(self.root).as_posix() if file != self.root else file.name
        name = re.sub(r"\.xml(?:\.gz)?$", "", place, flags=re.IGNORECASE)
        with cast(BinaryIO, gzip.open(file) if file.name.lower().endswith(".gz") else open(file, "rb")) as stream:
            # A file that breaks off gives nothing: what came before the break cannot be told from a whole text.
            texts = list(read_tei(stream, self.reading))
        for number, text in enumerate(texts, start=1):
            documents = self._documents(text, name if len(texts) == 1 else f"{name}:{number}", file, row, output)
            output.count("texts")
            for document in documents:
                output.count("undated", int(not document.written.is_known))
                output.keep(document)

    def _documents(
        self, text: TeiText, name: str, file: Path, row: Record | None, output: Output
    ) -> Iterator[Document]:
        header = text.header if text.header is not None else etree.Element("teiHeader")
        fields = row.fields if row else {}
        people = _people(header, fields)
        evidence = _evidence(header, people, file.name, row)
        dating = merge(evidence, "written")
        output.count("contradictory dates", int(dating.contradictions > 0))
        if not text.sections:
            output.problem("without text", Problem(str(file), "its text is empty"))
        whole = Document(
            id=name,
            text="",
            source=self.source,
            title=_title(header) or str(fields.get("title") or ""),
            written=dating.span,
            evidence=evidence,
            language=_language(text, header) or _code(fields.get("language")) or self.language,
            licence=_licence(header) or self.licence,
            meta={
                "authors": "; ".join(_authors(header)) or str(fields.get("author-name") or ""),
                "xml_id": text.id,
                **{key: value for key, value in fields.items() if value not in _EMPTY},
            },
        )
        for number, section in enumerate(text.sections, start=1):
            if not self.reading.chapters:
                yield replace(whole, text=section.text)
                continue
            parts = [part for part in section.parts if part]
            yield replace(
                whole,
                id=f"{name}#{number}",
                title=_chapter_title(whole.title, section),
                text=section.text,
                meta={**whole.meta, "text": name, "chapter": number, "parts": parts},
            )


def _chapter_title(title: str, section: Section) -> str:
    heading = " ".join(section.headings)[:120]
    return f"{title}: {heading}" if heading else title


def _evidence(
    header: etree._Element, people: Sequence[Contributor], file: str, row: Record | None
) -> tuple[Evidence, ...]:
    pieces = []
    found = _header_date(header)
    if found is not None:
        span, place, quote, is_first = found
        span = published(span, people) if is_first else Span(None, span.latest)
        pieces.append(Evidence("written", span, "header", "year", f"{file} {place}", quote))
    if row is not None:
        column = next((name for name in _YEAR_COLUMNS if row.fields.get(name) not in _EMPTY), None)
        if column is not None:
            value = row.fields[column]
            pieces.append(
                Evidence(
                    "written",
                    published(to_span(value), people),
                    "catalogue",
                    "year",
                    f"{row.place} {column}",
                    str(value),
                )
            )
    life = words_of(people, f"{file} author", "; ".join(_authors(header)) or "author-birth, author-death")
    return tuple(pieces) + ((life,) if life is not None else ())


def _header_date(header: etree._Element) -> tuple[Span, str, str, bool] | None:
    """The date of the first edition, else of creation, else of the printed source (no more than an upper bound): span, place, words, and
    whether it is a first publication.
    """
    places = (
        ("t:fileDesc/t:sourceDesc//t:bibl[@type='firstEdition']//t:date", "sourceDesc/bibl[@type=firstEdition]", True),
        ("t:profileDesc/t:creation//t:date", "profileDesc/creation", True),
        ("t:fileDesc/t:sourceDesc//t:bibl[@type='printSource']//t:date", "sourceDesc/bibl[@type=printSource]", False),
        (
            "t:fileDesc/t:sourceDesc//*[self::t:bibl[not(@type)] or self::t:biblStruct or self::t:biblFull]//t:date",
            "sourceDesc",
            False,
        ),
    )
    for path, place, is_first in places:
        dates = [
            (span, date)
            for date in header.iterfind(".")
            for date in date.xpath(path, namespaces=_NS)
            if (span := _date(date))
        ]
        if dates:
            quote = "; ".join(" ".join(" ".join(date.itertext()).split()) or date.get("when", "") for _, date in dates)
            return hull(span for span, _ in dates), place, quote, is_first
    return None


def _date(date: etree._Element) -> Span | None:
    """A date element: its attributes, else the years in its words."""
    ends = [date.get(name) for name in ("when", "notBefore", "notAfter", "from", "to")]
    try:
        spans = [Span.parse(end) for end in ends if end]
    except UserError:
        spans = []
    spans = spans or [Span.year(int(year)) for year in _YEAR.findall("".join(date.itertext()))]
    return hull(spans) if spans else None


def _people(header: etree._Element, fields: dict[str, Any]) -> tuple[Contributor, ...]:
    """Authors and translators. Where the header has no lives, those of the table."""
    people = [parse_contributor(name) for name in _authors(header)]
    for element in header.iterfind("t:fileDesc/t:titleStmt/t:editor", _NS):
        if "transl" in element.get("role", "").lower():
            people.append(parse_contributor(_words(element)))
    for statement in header.iterfind("t:fileDesc/t:titleStmt/t:respStmt", _NS):
        if any("transl" in _words(resp).lower() for resp in statement.iterfind("t:resp", _NS)):
            people += [parse_contributor(_words(name)) for name in statement if not name.tag.endswith("resp")]
    if len(people) <= 1 and not any(person.life.is_known for person in people):
        born, died = (_table_year(fields.get(name)) for name in ("author-birth", "author-death"))
        if born or died:
            return (Contributor(str(fields.get("author-name") or ""), "Author", lifetime(born, died)),)
    return tuple(people)


def _table_year(value: Any) -> Span | None:
    try:
        return None if value in _EMPTY else to_span(value)
    except UserError:
        return None


def _authors(header: etree._Element) -> list[str]:
    return [name for author in header.iterfind("t:fileDesc/t:titleStmt/t:author", _NS) if (name := _words(author))]


def _title(header: etree._Element) -> str:
    titles = header.findall("t:fileDesc/t:titleStmt/t:title", _NS)
    main = [title for title in titles if title.get("type") == "main"] or titles
    return _EDITION_TAIL.sub("", _words(main[0])) if main else ""


def _language(text: TeiText, header: etree._Element) -> str:
    named = header.find("t:profileDesc/t:langUsage/t:language", _NS)
    return _code(text.language or (named.get("ident") if named is not None else "") or header.get(f"{XML}lang"))


def _code(value: Any) -> str:
    return {"eng": "en", "deu": "de", "ger": "de", "fra": "fr", "fre": "fr", "spa": "es", "ita": "it"}.get(
        str(value or ""), str(value or "")
    )


def _licence(header: etree._Element) -> str:
    licence = header.find("t:fileDesc/t:publicationStmt/t:availability/t:licence", _NS)
    return (licence.get("target") or _words(licence)) if licence is not None else ""


def _words(element: etree._Element) -> str:
    return " ".join("".join(element.itertext()).split())
