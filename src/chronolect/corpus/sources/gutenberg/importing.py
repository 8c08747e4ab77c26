"""`corpus import gutenberg`: a local mirror of Project Gutenberg as a dated corpus."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from chronolect.artifacts import MANIFEST, stage
from chronolect.corpus.document import Document
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.gutenberg.book import Book, Selection
from chronolect.corpus.sources.gutenberg.catalogue import selected
from chronolect.corpus.sources.gutenberg.cleaning import Cleaned, Cleaning, clean
from chronolect.corpus.sources.gutenberg.dates import gutenberg_evidence, written
from chronolect.corpus.sources.gutenberg.mirror import find_text, read_text
from chronolect.corpus.sources.records import Record, kind, read_records
from chronolect.corpus.sources.table import to_span
from chronolect.errors import UserError, did_you_mean
from chronolect.timeline import Evidence

_BOOKS_PER_SHARD = 64  # about 25 MB of text
_NO_WORDS = 50  # characters: a shorter text is a stub, such as a note on pictures or sounds


def import_gutenberg(
    catalogue: Path,
    *,
    mirror: Path,
    out: Path,
    language: list[str] | None = None,
    subject: list[str] | None = None,
    ids: list[str] | None = None,
    type: list[str] | None = None,
    dates: Path | None = None,
    ignore_role: list[str] | None = None,
    unwrap: bool = True,
    front_matter: bool = False,
    footnotes: bool = True,
    emphasis: bool = False,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Import Project Gutenberg's books from a local mirror, cleaned and dated, one document a book.

    A book is dated by what its title page, the catalogue and your own table say of its publication, and by the lives of all its people in the
    catalogue. One person of unknown life leaves the book undated where nothing else dates it.

    Args:
        catalogue: The catalogue file pg_catalog.csv (or .gz), the RDF archive rdf-files.tar.bz2 or .zip, or a folder of .rdf files.
        mirror: Folder with the books, in the layout of a mirror (1/2/3/1234/1234-0.txt), of the cache (cache/epub/1234/pg1234.txt), or flat.
        out: Folder to write the corpus to.
        language: Take books in this language, such as en; can be given several times.
        subject: Take books with this word in a subject or bookshelf; can be given several times.
        ids: Take these books: 35, or 100-199; can be given several times.
        type: Take entries of this type; Text if not given.
        dates: Table (CSV, TSV, JSONL, Parquet) with the columns id and date (EDTF or a year): when a book was first published.
        ignore_role: Do not ask for the life of people in this role, such as Illustrator; can be given several times.
        unwrap: Join hard-wrapped lines to paragraphs (verse and indented blocks keep their lines).
        front_matter: Keep title page and tables of contents.
        footnotes: Keep the text of footnotes, as paragraphs.
        emphasis: Keep the signs for italics and bold, underscores and equals signs.
        engine: Who does the work.

    Returns:
        Counts: documents, undated, missing files, dates that contradict each other, and problems by kind.

    Raises:
        UserError: No catalogue or mirror, a wrong flag or table of dates, or nothing to import.
    """
    cleaning = Cleaning(unwrap=unwrap, front_matter=front_matter, footnotes=footnotes, emphasis=emphasis)
    config = {
        "mirror": str(mirror),
        "language": language or [],
        "subject": subject or [],
        "ids": ids or [],
        "type": type or ["Text"],
        "ignore_role": ignore_role or [],
        "unwrap": unwrap,
        "front_matter": front_matter,
        "footnotes": footnotes,
        "emphasis": emphasis,
    }
    if not mirror.is_dir():
        raise UserError(f"{mirror}: no such folder; fetch books with `chronolect corpus download gutenberg`")
    selection = Selection.of(type or ["Text"], language or [], subject or [], ids or [])
    # A mirror may hold a terabyte: only one that has a manifest (as `corpus download` writes it) is an input by content.
    inputs = [catalogue, *([dates] if dates else []), *([mirror] if (mirror / MANIFEST).is_file() else [])]
    if not catalogue.exists():
        raise UserError(
            f"{catalogue}: no such catalogue; take pg_catalog.csv or rdf-files.tar.bz2 from gutenberg.org/cache/epub/feeds"
        )
    with stage(out, command="corpus import gutenberg", config=config, inputs=inputs, resume=True) as work:
        function = _ImportBooks(mirror.absolute(), cleaning, frozenset(role.lower() for role in ignore_role or []))
        shards = _shards(catalogue, selection, _dates(dates) if dates else {})
        totals = run_shards(work, shards, function, engine, label="importing books")
        if not totals.kept:
            raise UserError(
                f"{catalogue}: no book to import ({_why(totals.problems)}); look at --mirror, --ids, --language, --subject"
            )
        work.counts = totals.summary()
    return totals.summary(listed=False)


Shard = tuple[tuple[Book | Problem, Evidence | None], ...]


def _shards(catalogue: Path, selection: Selection, dates: dict[int, Evidence]) -> Iterator[Shard]:
    items = selected(catalogue, selection)
    while group := tuple(islice(items, _BOOKS_PER_SHARD)):
        yield tuple((item, dates.get(item.number) if isinstance(item, Book) else None) for item in group)


@dataclass(frozen=True, slots=True)
class _ImportBooks:
    """Import some books of a mirror."""

    mirror: Path
    cleaning: Cleaning
    ignored_roles: frozenset[str]

    def __call__(self, shard: Shard, output: Output) -> None:
        for item, own in shard:
            if isinstance(item, Problem):
                output.problem("catalogue", item)
            else:
                self._import(item, own, output)

    def _import(self, book: Book, own: Evidence | None, output: Output) -> None:
        file = find_text(self.mirror, book.number)
        if file is None:
            output.problem("missing", Problem(f"{self.mirror}", f"no text of book {book.number} ({book.title}) in it"))
            return
        found = read_text(file)
        if isinstance(found, Problem):
            output.problem("damaged", found)
            return
        raw, bad = found
        if bad:
            output.problem("bad characters", Problem(str(file), f"{bad:,} places are not UTF-8; written as U+FFFD"))
        cleaned = clean(raw, book.title, book.authors, self.cleaning)
        document = self._document(book, own, cleaned, file, output)
        if not cleaned.is_marked:
            output.count("without licence header")
        if len(document.text) < _NO_WORDS:
            output.drop(document, "hardly any text")
        else:
            output.count("undated", int(not document.written.is_known))
            output.keep(document)

    def _document(self, book: Book, own: Evidence | None, cleaned: Cleaned, file: Path, output: Output) -> Document:
        people = tuple(person for person in book.contributors if person.role.lower() not in self.ignored_roles)
        copyrighted = cleaned.is_copyrighted or book.rights.lower().startswith("copyrighted")
        evidence = gutenberg_evidence(book, people, cleaned.dates, own, copyrighted)
        dating = written(evidence)
        output.count("contradictory dates", int(dating.contradictions > 0))
        return Document(
            id=f"gutenberg:{book.number}",
            source="gutenberg",
            title=book.title,
            text=cleaned.text,
            written=dating.span,
            evidence=evidence,
            language=book.languages[0] if book.languages else "",
            licence=book.rights
            or ("Copyrighted; see the notice in the book" if copyrighted else "Public domain in the USA"),
            url=f"https://www.gutenberg.org/ebooks/{book.number}",
            meta={
                "authors": book.authors,
                "subjects": list(book.subjects),
                "classes": list(book.classes),
                "bookshelves": list(book.bookshelves),
                "issued": book.issued.edtf() if book.issued else None,
                "file": file.relative_to(self.mirror).as_posix(),
            },
        )


def _dates(table: Path) -> dict[int, Evidence]:
    """The user's dates of publication, by number."""
    if kind(table) not in (".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".parquet"):
        raise UserError(f"{table}: unknown kind of table; expected .csv, .tsv, .jsonl, .json or .parquet")
    found: dict[int, Evidence] = {}
    for record in read_records(table):
        if isinstance(record, Problem):
            raise UserError(str(record))
        for column in ("id", "date"):
            if column not in record.fields:
                raise UserError(
                    f'{record.where}: no column "{column}"{did_you_mean(column, record.fields)}; expected id and date'
                )
        number, date = _number(record), record.fields["date"]
        if date is None or date == "":
            continue
        try:
            span = to_span(date)
        except UserError as error:
            raise UserError(f"{record.where}: {error}") from None
        found[number] = Evidence("written", span, "catalogue", reference=f"{record.place} date", quote=str(date))
    return found


def _number(record: Record) -> int:
    text = str(record.fields["id"]).strip().lower().removeprefix("gutenberg:").removeprefix("pg")
    if not text.isdigit():
        raise UserError(f'{record.where}: "{record.fields["id"]}" is not the number of a book')
    return int(text)


def _why(problems: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {name}" for name, count in sorted(problems.items())) or "none fits the choice"
