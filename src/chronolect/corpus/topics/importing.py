"""`corpus topics`: year pages out of a dump to events by year, as JSON and as documents."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
from cyclopts import Parameter

from chronolect.artifacts import SCRATCH, stage
from chronolect.corpus.document import CorpusWriter, Document
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.wikipedia.dump import Damage, Shard, Wiki, cut_dump, find_dumps, pages_of
from chronolect.corpus.sources.wikipedia.importer import written_by_revision
from chronolect.corpus.sources.wikipedia.pages import parse_page
from chronolect.corpus.sources.wikipedia.wikitext import Cleaner
from chronolect.corpus.topics.dates import year_of_title
from chronolect.corpus.topics.linking import check_articles, read_events
from chronolect.corpus.topics.year_page import SECTIONS, read_year_page
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span

Per = Literal["date", "event", "year"]
SCHEMA_VERSION = 1

_FOUND = f"{SCRATCH}/found"
_PAGE_BYTES = 16 << 20
_TITLE = re.compile(rb"<title>([^<]*)</title>")
_ROWS = pa.schema(
    [
        pa.field("wiki", pa.string(), nullable=False),
        pa.field("year", pa.int32(), nullable=False),
        pa.field("page", pa.string(), nullable=False),
        pa.field("page_id", pa.int64(), nullable=False),
        pa.field("revision", pa.int64(), nullable=False),
        pa.field("timestamp", pa.string(), nullable=False),
        pa.field("position", pa.int32(), nullable=False),
        pa.field("section", pa.string(), nullable=False),
        pa.field("heading", pa.string(), nullable=False),
        pa.field("earliest", pa.int32(), nullable=False),
        pa.field("latest", pa.int32(), nullable=False),
        pa.field("precision", pa.string(), nullable=False),
        pa.field("calendar", pa.string(), nullable=False),
        pa.field("month", pa.int32()),
        pa.field("day", pa.int32()),
        pa.field("date_text", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("under", pa.string(), nullable=False),
        pa.field("links", pa.list_(pa.string()), nullable=False),
    ]
)
_LICENCE = "CC-BY-SA-4.0"


def year_topics(
    inputs: list[Path],
    *,
    out: Path,
    articles: Path | None = None,
    per: Per = "date",
    lists: bool = False,
    start_year: int | None = None,
    end_year: int | None = None,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Read the year pages of a dump of Wikipedia ("1969", "AD 79", "44 BC") into events by year, dated to the day where the page does.

    Writes `events/year_YYYY.json` for every year (events, births, deaths, each with its date and the articles it links to) and a corpus
    of the events whose `about` is their date. What a page says of people born or dead in a year tells of other years, too, and is in the
    JSON alone.

    Args:
        inputs: Dumps (pages-articles XML), or folders of dumps.
        out: Folder to write to.
        articles: Corpus of `corpus import wikipedia`: links get the page ids of its articles, also through redirects.
        per: One document for each date of a year, for each event, or for each year.
        lists: Also read pages such as "1969 in science".
        start_year: First year to read; years before 1 are 0 and below.
        end_year: Last year to read.
        engine: Who does the work.

    Returns:
        Counts: documents, years, pages, events, births, deaths, links, and those that were found.

    Raises:
        UserError: No dump, or no year page in it.
    """
    config = {"articles": articles, "per": per, "lists": lists, "start_year": start_year, "end_year": end_year}
    files = find_dumps(inputs)
    wrong = next((file for file in files if file.suffix == ".parquet"), None)
    if wrong:
        raise UserError(f"{wrong}: events are read from wikitext; give a dump in XML")
    if articles is not None:
        check_articles(articles)
    sources = [*inputs, articles] if articles is not None else inputs
    with stage(out, command="corpus topics", config=config, inputs=sources, resume=True) as work:
        shards = (shard for file in files for shard in cut_dump(file, page_bytes=_PAGE_BYTES))
        totals = run_shards(
            work,
            shards,
            _YearPages(lists, start_year, end_year),
            engine,
            label="reading year pages",
            schema=_ROWS,
            into=_FOUND,
        )
        if not totals.kept:
            raise UserError(f'{files[0]}: no year page in it (such as "1969" with the section "Events")')
        counts = dict.fromkeys(("documents", "years", *SECTIONS, "links", "linked"), 0)
        with CorpusWriter(work.folder) as writer:
            events = read_events(work, work.folder / _FOUND, articles)
            for year, rows in groupby(events, key=lambda row: int(row["year"])):
                found = list(rows)
                _write_year(work.folder / "events", year, found)
                for document in _documents(year, [row for row in found if row["section"] == "events"], per):
                    writer.write(document)
                counts["years"] += 1
                for row in found:
                    counts[row["section"]] += 1
                    counts["links"] += len(row["links"])
                    counts["linked"] += sum(page_id is not None for page_id in row["page_ids"] or ())
            counts["documents"] = writer.rows
        shown = counts | dict(sorted(totals.counts.items())) | {"problems": dict(sorted(totals.problems.items()))}
        work.counts = shown | {"problem_list": totals.problem_list}
    return shown


@dataclass(frozen=True, slots=True)
class _YearPages:
    """The work on a shard of a dump: its year pages to rows."""

    lists: bool
    start_year: int | None
    end_year: int | None

    def __call__(self, shard: Shard, output: Output) -> None:
        for xml in pages_of(shard, page_bytes=_PAGE_BYTES):
            if isinstance(xml, Damage):
                output.problem(xml.kind, xml.problem)
                continue
            found = _TITLE.search(xml)
            title = found[1].decode("utf-8", "replace") if found else ""
            year = year_of_title(title, lists=self.lists)
            if year is None or not self._is_wanted(year):
                continue
            try:
                self._read(xml, year, shard, output)
            except ValueError as error:
                what = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
                output.problem("unreadable page", Problem(f"{shard.file}: {title}", what))

    def _is_wanted(self, year: int) -> bool:
        return (self.start_year is None or year >= self.start_year) and (self.end_year is None or year <= self.end_year)

    def _read(self, xml: bytes, year: int, shard: Shard, output: Output) -> None:
        page = parse_page(xml)
        if page.namespace != 0 or page.redirect is not None:
            return
        found = read_year_page(page.wikitext, year, _cleaner(shard.wiki))
        if not found.is_year_page:
            output.count("numbers, not years")
            return
        output.count("pages")
        for date in found.bad_dates:
            output.problem("date", Problem(f"{shard.file}: {page.title}", f'there is no "{date}" in {year}'))
        for position, item in enumerate(found.items):
            output.row(
                {
                    "wiki": shard.wiki.name,
                    "year": year,
                    "page": page.title,
                    "page_id": page.id,
                    "revision": page.revision,
                    "timestamp": page.timestamp,
                    "position": position,
                    "section": item.section,
                    "heading": item.heading,
                    "earliest": item.span.earliest,
                    "latest": item.span.latest,
                    "precision": item.when.precision,
                    "calendar": "julian" if item.when.is_julian else "gregorian",
                    "month": item.when.month,
                    "day": item.when.day,
                    "date_text": item.when.text,
                    "text": item.text,
                    "under": item.under,
                    "links": item.links,
                }
            )


@cache
def _cleaner(wiki: Wiki) -> Cleaner:
    return Cleaner(wiki.names(6), wiki.names(14))


def _write_year(folder: Path, year: int, rows: list[dict[str, Any]]) -> None:
    """The file of a year. Its form is described in docs/topics.md; a change of it is a new `schema`."""
    pages = {
        row["page"]: {key: row[key] for key in ("wiki", "page", "page_id", "revision", "timestamp")} for row in rows
    }
    content: dict[str, Any] = {"schema": SCHEMA_VERSION, "year": year, "pages": list(pages.values())}
    for section in SECTIONS:
        content[section] = [_entry(row) for row in rows if row["section"] == section]
    folder.mkdir(exist_ok=True)
    name = f"year_{year:04d}.json" if year >= 0 else f"year_-{-year:04d}.json"
    (folder / name).write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _entry(row: dict[str, Any]) -> dict[str, Any]:
    links = zip(row["links"], row["page_ids"] or (), strict=True)
    return {
        "date": _span(row).edtf(),
        "precision": row["precision"],
        "calendar": row["calendar"],
        "month": row["month"],
        "day": row["day"],
        "date_text": row["date_text"],
        "text": row["text"],
        "under": row["under"] or None,
        "heading": row["heading"] or None,
        "section": row["section"],
        "page": row["page"],
        "links": [{"title": title, "page_id": page_id} for title, page_id in links],
    }


def _span(row: dict[str, Any]) -> Span:
    return Span(row["earliest"], row["latest"])


def _documents(year: int, rows: list[dict[str, Any]], per: Per) -> Iterator[Document]:
    """The documents of a year. Events of one page and date stand together, in the order of the page's dates."""
    if per == "event":
        groups: Iterable[list[dict[str, Any]]] = ([row] for row in rows)
    elif per == "date":
        by_date: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
        for row in rows:
            by_date.setdefault((row["page"], row["earliest"], row["latest"]), []).append(row)
        groups = by_date.values()
    else:
        by_page: dict[Any, list[dict[str, Any]]] = {}
        for row in rows:
            by_page.setdefault(row["page"], []).append(row)
        groups = by_page.values()
    for number, group in enumerate(groups):
        yield _document(year, number, group, per)


def _document(year: int, number: int, group: list[dict[str, Any]], per: Per) -> Document:
    first = group[0]
    spans = [_span(row) for row in group]
    title = f"Events of {_year_name(year)}" if per == "year" else _date_name(first)
    lines = [_line(row, with_date=per == "year") for row in group]
    reference = f"{first['wiki']}:{first['page_id']}#Events"
    evidence = tuple(
        Evidence("about", span, "expression", precision, reference, quote) if quote else Evidence("about", span, "header", precision, reference)
        for span, precision, quote in dict.fromkeys(
            (span, row["precision"], row["date_text"]) for span, row in zip(spans, group, strict=True)
        )
    )  # fmt: skip
    written = written_by_revision(first["timestamp"], f"{first['wiki']}: revision {first['revision']}")
    return Document(
        id=f"{first['wiki']}:{first['page_id']}/{per}-{number}",
        source="topics",
        title=title,
        text=f"{title}\n\n" + "\n".join(lines),
        written=written["written"],
        about=spans[0].hull(*spans[1:]),
        evidence=written["evidence"] + evidence,
        language="en",
        licence=_LICENCE,
        meta={"year": year, "page": first["page"], "articles": _articles(group)},
    )


def _articles(group: list[dict[str, Any]]) -> list[int]:
    return list(dict.fromkeys(n for row in group for n in row["page_ids"] or () if n is not None))


def _year_name(year: int) -> str:
    return f"AD {year}" if 0 < year < 1000 else f"{1 - year} BC" if year <= 0 else str(year)


def _date_name(row: dict[str, Any]) -> str:
    """The date as the page has it, with its year: "July 20, 1969", "July 1969", "1969"."""
    named = row["date_text"] if row["month"] else ""
    joint = ", " if row["precision"] == "day" else " "
    return f"{named}{joint}{_year_name(row['year'])}" if named else _year_name(row["year"])


def _line(row: dict[str, Any], *, with_date: bool) -> str:
    text = f"{row['under'].rstrip(':. ')}: {row['text']}" if row["under"] else row["text"]
    return f"{row['date_text']}: {text}" if with_date and row["date_text"] else text
