"""Project Gutenberg's offline catalogue: `pg_catalog.csv` (also .gz), the RDF archive (.tar.bz2, .tar.gz, .tar, .zip), or a folder of records."""

from collections.abc import Iterator
from pathlib import Path

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.gutenberg.book import Book, Selection
from chronolect.corpus.sources.gutenberg.rdf import is_rdf, read_rdf
from chronolect.corpus.sources.lives import parse_contributors
from chronolect.corpus.sources.records import Record, kind, read_records
from chronolect.errors import UserError
from chronolect.timeline import Span

COLUMNS = ("Text#", "Type", "Issued", "Title", "Language", "Authors", "Subjects", "LoCC", "Bookshelves")


def read_catalogue(catalogue: Path) -> Iterator[Book | Problem]:
    """Stream the entries of a catalogue in its order; a number met before is a `Problem`.

    Raises:
        UserError: No such file, an unknown kind of file, or a table without the catalogue's columns.
    """
    if not catalogue.exists():
        raise UserError(
            f"{catalogue}: no such catalogue; take pg_catalog.csv or rdf-files.tar.bz2 from gutenberg.org/cache/epub/feeds"
        )
    if is_rdf(catalogue):
        found = read_rdf(catalogue)
    elif catalogue.is_file() and kind(catalogue) == ".csv":
        found = _read_csv(catalogue)
    else:
        raise UserError(
            f"{catalogue}: not a catalogue; expected pg_catalog.csv, an RDF archive (.tar.bz2, .zip) or a folder of .rdf files"
        )
    seen: set[int] = set()
    for item in found:
        if isinstance(item, Book):
            if item.number in seen:
                yield Problem(
                    item.where, f"number {item.number} stands in the catalogue twice; the first entry is taken"
                )
                continue
            seen.add(item.number)
        yield item


def selected(catalogue: Path, selection: Selection) -> Iterator[Book | Problem]:
    """The wanted books of a catalogue, its problems, and at the end a problem for every number that it does not have."""
    for item in read_catalogue(catalogue):
        if isinstance(item, Problem) or selection.takes(item):
            yield item
    for number in sorted(selection.missing):
        yield Problem(f"{catalogue}", f"book {number} does not stand in it")


def _read_csv(catalogue: Path) -> Iterator[Book | Problem]:
    is_first = True
    for record in read_records(catalogue):
        if isinstance(record, Problem):
            yield record
            continue
        if is_first:
            missing = [column for column in COLUMNS[:6] if column not in record.fields]
            if missing:
                raise UserError(f'{catalogue}: no column "{missing[0]}"; expected the columns {", ".join(COLUMNS)}')
            is_first = False
        yield _from_row(record)


def _from_row(record: Record) -> Book | Problem:
    fields = {name: (record.fields.get(name) or "").strip() for name in COLUMNS}
    if not fields["Text#"].isdigit():
        return Problem(record.where, f'"{fields["Text#"]}" is not the number of a book')
    return Book(
        number=int(fields["Text#"]),
        title=" ".join(fields["Title"].split()),
        type=fields["Type"],
        issued=_day(fields["Issued"]),
        languages=_parts(fields["Language"]),
        authors=" ".join(fields["Authors"].split()),
        contributors=parse_contributors(fields["Authors"]),
        subjects=_parts(fields["Subjects"]),
        classes=_parts(fields["LoCC"]),
        bookshelves=_parts(fields["Bookshelves"]),
        where=f"{record.file.name} #{int(fields['Text#'])}",
    )


def _day(text: str) -> Span | None:
    try:
        return Span.parse(text) if text else None
    except UserError:
        return None


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(";") if part.strip())
