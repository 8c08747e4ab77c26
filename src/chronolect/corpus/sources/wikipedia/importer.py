"""The `wikipedia` source: dumps of a wiki as a corpus."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote

import pyarrow as pa
from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.document import Document
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.wikipedia.dump import Damage, Shard, Wiki, cut_dump, find_dumps, pages_of
from chronolect.corpus.sources.wikipedia.items import PageItems, read_items
from chronolect.corpus.sources.wikipedia.pages import Page, parse_page
from chronolect.corpus.sources.wikipedia.published import Rows, cut_published, language_of, without_apparatus
from chronolect.corpus.sources.wikipedia.wikitext import Cleaner
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span

REDIRECTS = "redirects"
REDIRECTS_SCHEMA = pa.schema(
    [
        pa.field("source", pa.string(), nullable=False),
        pa.field("target", pa.string(), nullable=False),
        pa.field("page_id", pa.int64(), nullable=False),
        pa.field("fragment", pa.string()),
    ]
)
# The first edition of Wikipedia, the English one; no text in any edition is older.
_FIRST_DAY = "2001-01-15"
_LICENCE = "CC-BY-SA-4.0"
_TOLD_APART = re.compile(
    r"\{\{\s*(?:(?:[\w &-]{1,40} )?disambig(?:uation)?(?: page)?|dab|disamb|geodis|hndis|hndab|hn-dis|mil-unit-dis|numberdis|"
    r"schooldis|roaddis|hospitaldis|mathdab|callsigndis|songdis|letter-numbercombdisambig|surname|given name|nickname|"
    r"(?:[\w -]{1,30} )?set index(?: article)?|sia|shipindex|ship index|mountainindex|roadindex|"
    r"begriffsklärung|homonymie|desambiguación|desambiguação|disambigua|dp)\s*[|}]",
    re.IGNORECASE,
)
_TOLD_APART_TITLE = " (disambiguation)"
_AUTHORITY_ITEM = re.compile(r"\{\{\s*authority control\s*\|[^{}]*?\bqid\s*=\s*(Q[1-9]\d*)", re.IGNORECASE)
_DAY = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is taken from the pages, and how."""

    namespaces: tuple[int, ...]
    disambiguation: bool
    sections: bool
    tables: bool
    formulas: bool
    min_chars: int
    page_bytes: int
    items: PageItems | None = None

    def __call__(self, shard: Shard | Rows, output: Output) -> None:
        """Import one shard."""
        output.count("redirects", 0)
        if isinstance(shard, Rows):
            self._import_rows(shard, output)
            return
        cleaner = _cleaner(shard.wiki, self.sections, self.tables, self.formulas)
        for xml in pages_of(shard, page_bytes=self.page_bytes):
            if isinstance(xml, Damage):
                output.problem(xml.kind, xml.problem)
                continue
            try:
                self._import_page(parse_page(xml), shard.wiki, cleaner, output)
            except ValueError as error:
                title = re.search(rb"<title>([^<]*)", xml)
                where = title[1].decode("utf-8", "replace") if title else "a page"
                what = "not UTF-8" if isinstance(error, UnicodeDecodeError) else str(error)
                output.problem("unreadable page", Problem(f"{shard.file}: {where}", what))

    def _import_page(self, page: Page, wiki: Wiki, cleaner: Cleaner, output: Output) -> None:
        output.count("pages")
        output.count(f"namespace {page.namespace} ({_namespace(wiki, page.namespace)})")
        if page.redirect is not None:
            output.count("redirects")
            if page.namespace in self.namespaces:
                row = {
                    "source": page.title,
                    "target": page.redirect,
                    "page_id": page.id,
                    "fragment": page.fragment,
                }
                output.table_row(REDIRECTS, row)
            return
        if page.namespace not in self.namespaces:
            return
        wikitext = page.wikitext
        cleaned = cleaner.clean(wikitext) if page.model == "wikitext" else None
        document = Document(
            id=f"{wiki.name}:{page.id}",
            text=cleaned.text if cleaned else "",
            source="wikipedia",
            title=page.title,
            language=wiki.language,
            licence=_LICENCE,
            url=_address(wiki, page.title),
            **written_by_revision(page.timestamp, f"{wiki.name}: revision {page.revision}"),
            meta={
                "page_id": page.id,
                "revision": page.revision,
                "timestamp": page.timestamp,
                "namespace": page.namespace,
                **self._about_page(page, wikitext),
                "categories": cleaned.categories if cleaned else [],
                **({"infobox": cleaned.dates} if cleaned and cleaned.dates else {}),
            },
        )
        self._keep(document, output, "" if cleaned else f"not wikitext: {page.model}")

    def _about_page(self, page: Page, wikitext: str) -> dict[str, Any]:
        item = self.items.item(page.id) if self.items else None
        if item is None and "qid" in wikitext:
            found = _AUTHORITY_ITEM.search(wikitext)
            item = found[1] if found else None
        apart = (
            page.title.endswith(_TOLD_APART_TITLE)
            or (self.items is not None and self.items.is_disambiguation(page.id))
            or _TOLD_APART.search(wikitext) is not None
        )
        return ({"wikidata": item} if item else {}) | ({"disambiguation": True} if apart else {})

    def _import_rows(self, rows: Rows, output: Output) -> None:
        for row in rows.read():
            output.count("pages")
            language = language_of(row["url"] or "")
            if not str(row["id"] or "").isdecimal() or not isinstance(row["text"], str) or not language:
                output.problem(
                    "unreadable page", Problem(f"{rows.file}: {row['title']}", "no id, text or Wikipedia address")
                )
                continue
            title = row["title"] or ""
            text = row["text"].strip() if self.sections else without_apparatus(row["text"])
            number = int(row["id"])
            item = self.items.item(number) if self.items else None
            apart = title.endswith(_TOLD_APART_TITLE) or (
                self.items is not None and self.items.is_disambiguation(number)
            )
            document = Document(
                id=f"{language.replace('-', '_')}wiki:{number}",
                text=text,
                source="wikipedia",
                title=title,
                language=language,
                licence=_LICENCE,
                url=row["url"],
                **written_by_revision(rows.day, f"dump of {rows.day}"),
                meta={"page_id": number, "namespace": 0}
                | ({"wikidata": item} if item else {})
                | ({"disambiguation": True} if apart else {}),
            )
            self._keep(document, output, "")

    def _keep(self, document: Document, output: Output, reason: str) -> None:
        if not reason and not document.text:
            reason = "no text"
        elif not reason and len(document.text) < self.min_chars:
            reason = f"short: {len(document.text)} characters"
        elif not reason and not self.disambiguation and document.meta.get("disambiguation"):
            reason = "disambiguation page"
        if reason:
            output.drop(document, reason)
        else:
            output.count("disambiguation pages", int("disambiguation" in document.meta))
            output.keep(document)


def import_wikipedia(
    inputs: list[Path],
    *,
    out: Path,
    namespaces: Sequence[int] = (0,),
    disambiguation: Literal["keep", "drop"] = "keep",
    sections: Literal["drop", "keep"] = "drop",
    tables: Literal["drop", "keep"] = "drop",
    formulas: Literal["keep", "drop"] = "keep",
    min_chars: int = 100,
    max_page_mb: int = 16,
    limit: int | None = None,
    page_props: Path | None = None,
    item_table: Path | None = None,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Import dumps of Wikipedia as a corpus: articles as text with paragraphs, headings and lists, dated by their revision.

    Reads pages-articles XML (.bz2, also "multistream", with or without its index; .gz, .zst or plain) and the Parquet files of
    wikimedia/wikipedia. Redirects go to the table `redirects/`, pages left out to `dropped/` with the reason.

    Args:
        inputs: Dumps, or folders of dumps.
        out: Folder to write the corpus to.
        namespaces: Numbers of the namespaces to import; 0 holds the articles.
        disambiguation: Keep the pages that only tell titles apart (marked in `meta`), or drop them.
        sections: Keep or drop references, external links, "See also" and the like.
        tables: Keep tables as text, a row a line, or drop them.
        formulas: Keep `<math>` as plain text, or drop it.
        min_chars: Drop pages with less text than this.
        max_page_mb: Leave pages out whose XML is larger than this; a wiki's own limit is 2 MB.
        limit: Read only this many pages of each dump, from its beginning.
        page_props: SQL dump of the table page_props (.sql.gz), which tells the Wikidata item of each page.
        item_table: Table (TSV, CSV, Parquet) with the columns page_id and qid, instead of --page-props.
        engine: Who does the work.

    Returns:
        Counts: documents, pages by namespace, redirects, dropped pages by reason, problems by kind.

    Raises:
        UserError: No dump among the inputs, a file that is none, one that declares XML entities, or no page worth keeping.
    """
    config = {name: value for name, value in locals().items() if name not in ("inputs", "out", "engine")}
    if page_props and item_table:
        raise UserError("--page-props and --item-table both tell the items; give one of them")
    files = find_dumps(inputs)
    items_file = page_props or item_table
    known = [*inputs, items_file] if items_file else inputs
    with stage(out, command="corpus import wikipedia", config=config, inputs=known, resume=True) as work:
        wanted = Wanted(
            namespaces=tuple(namespaces),
            disambiguation=disambiguation == "keep",
            sections=sections == "keep",
            tables=tables == "keep",
            formulas=formulas == "keep",
            min_chars=min_chars,
            page_bytes=max_page_mb << 20,
            items=read_items(items_file, work.scratch / "items") if items_file else None,
        )
        totals = run_shards(
            work,
            _shards(files, wanted.page_bytes, limit),
            wanted,
            engine,
            label="importing pages",
            tables={REDIRECTS: REDIRECTS_SCHEMA},
        )
        if not totals.kept:
            why = ", ".join(f"{number:,} {reason}" for reason, number in (totals.dropped_by | totals.problems).items())
            raise UserError(f"{files[0]}: nothing to import: {why or 'no page of these namespaces in it'}")
        work.counts = {"dumps": len(files)} | totals.summary()
    return {"dumps": len(files)} | totals.summary(listed=False)


def _shards(files: Sequence[Path], page_bytes: int, limit: int | None) -> Iterator[Shard | Rows]:
    for file in files:
        if file.suffix == ".parquet":
            yield from cut_published(file, limit)
        else:
            yield from cut_dump(file, page_bytes=page_bytes, limit=limit)


@cache
def _cleaner(wiki: Wiki, sections: bool, tables: bool, formulas: bool) -> Cleaner:
    return Cleaner(wiki.names(6), wiki.names(14), sections=sections, tables=tables, formulas=formulas)


@cache
def _namespace(wiki: Wiki, number: int) -> str:
    return "articles" if number == 0 else next(iter(wiki.names(number)), "unnamed")


@cache
def _span(day: str) -> Span | None:
    try:
        return Span.parse(f"{_FIRST_DAY}/{day}") if day > _FIRST_DAY else None
    except UserError:
        return None


def written_by_revision(timestamp: str, reference: str) -> dict[str, Any]:
    """The words of a page were written between the beginning of Wikipedia and this revision."""
    day = timestamp[:10] if _DAY.match(timestamp) else ""
    span = (_span(day) if day else None) or Span.parse(f"{_FIRST_DAY}/..")
    evidence = Evidence("written", span, "header", "day", reference, timestamp)
    return {"written": span, "evidence": (evidence,)}


def _address(wiki: Wiki, title: str) -> str:
    base = wiki.base.rpartition("/")[0] or f"https://{wiki.language or 'www'}.wikipedia.org/wiki"
    return f"{base}/{quote(title.replace(' ', '_'), safe='/:,()!*~@$;')}"
