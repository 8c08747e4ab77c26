"""`corpus date`: give the documents of a corpus the dates that knowledge bases, categories and their own words state, with all evidence."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.dating.categories import facts_of_categories
from chronolect.corpus.dating.expressions import find_expressions
from chronolect.corpus.dating.infobox import facts_of_infobox
from chronolect.corpus.dating.lifetime import lifetime
from chronolect.corpus.dating.matching import HOW, KEYS_SCHEMA, dates_parts, match
from chronolect.corpus.dating.table import DateFact
from chronolect.corpus.document import Document
from chronolect.corpus.engine import Engine, Output, Totals, run_shards
from chronolect.corpus.engine.shards import Groups, corpus_shards
from chronolect.errors import UserError
from chronolect.timeline import Evidence, Span, merge
from chronolect.timeline.evidence import Field


def date_corpus(
    corpus: Path,
    *,
    out: Path,
    dates: list[Path] | None = None,
    field: Field = "about",
    categories: bool = True,
    infobox: bool = True,
    expressions: Literal["never", "undated"] = "never",
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Give documents the dates that knowledge bases state, joined by Wikidata item, else page id, else title, else redirect.

    Args:
        corpus: Folder of the corpus; of Wikipedia's, its redirects are used too.
        out: Folder to write the dated corpus to.
        dates: Tables of dates made by `chronolect corpus dates`.
        field: What the dates say of a document: what time it is about, or when it was written.
        categories: Also read the dates in the names of Wikipedia's categories.
        infobox: Also read the dates in infoboxes, which the import of Wikipedia keeps in the meta.
        expressions: Date what no record dates by the expressions in its own words.
        engine: Who does the work.

    Returns:
        Counts: documents, dated, undated, statements by the key they were joined by, statements set aside for better ones, contradictions.

    Raises:
        UserError: No corpus, a folder that is no table of dates, or nothing to date by.
    """
    config = {name: value for name, value in locals().items() if name not in ("corpus", "out", "dates", "engine")}
    tables = dates or []
    for table in tables:
        dates_parts(table)
    if not tables and not (categories or infobox) and expressions == "never":
        raise UserError(
            "nothing to date by: name a table with --dates, or use --categories, --infobox or --expressions"
        )
    with stage(out, command="corpus date", config=config, inputs=[corpus, *tables], resume=True) as work:
        matches: Path | None = None
        if tables:
            shards = corpus_shards(corpus)
            run_shards(
                work, shards, _write_keys, engine, label="reading keys", schema=KEYS_SCHEMA, into=".scratch/keys"
            )
            redirects = corpus / "redirects"
            matches = match(work, work.scratch / "keys", tables, redirects if redirects.is_dir() else None)
        dating = _Dating(matches and matches.absolute(), field, categories, infobox, expressions)
        totals = run_shards(work, corpus_shards(corpus), dating, engine, label="dating")
        _copy_redirects(corpus, work.folder)
        work.counts = _summary(totals)
    return work.counts


def _summary(totals: Totals) -> dict[str, Any]:
    counts = totals.counts
    return {
        "documents": totals.kept,
        "dated": counts["dated"],
        "undated": totals.kept - counts["dated"],
        "dated_by": {key: counts[key] for key in (*HOW, "page", "expression") if counts[key]},
        "statements": counts["statements"],
        "set_aside": counts["set aside"],
        "contradictions": counts["contradictions"],
    }


def _copy_redirects(corpus: Path, folder: Path) -> None:
    """The redirects go with the corpus: later steps join by title too."""
    for part in sorted((corpus / "redirects").glob("part-*.parquet")):
        (folder / "redirects").mkdir(exist_ok=True)
        shutil.copyfile(part, folder / "redirects" / part.name)


def _units(shard: Groups) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The row groups of a shard by name, as rows."""
    for group in shard.groups:
        rows = [row for batch in Groups(shard.part, (group,)).batches() for row in batch.to_pylist()]
        yield f"{shard.part.stem}:{group}", rows


def _write_keys(shard: Groups, output: Output) -> None:
    for unit, rows in _units(shard):
        for number, row in enumerate(rows):
            document = Document.from_row(row)
            output.row(
                {
                    "unit": unit,
                    "row": number,
                    "id": document.id,
                    "qid": document.meta.get("wikidata"),
                    "page_id": document.meta.get("page_id"),
                    "title": document.title or None,
                }
            )


@dataclass(frozen=True, slots=True)
class _Dating:
    """What is done with one shard, once the join is on disk."""

    matches: Path | None
    field: Field
    categories: bool
    infobox: bool
    expressions: Literal["never", "undated"]

    def __call__(self, shard: Groups, output: Output) -> None:
        for unit, rows in _units(shard):
            stated = _statements(self.matches, unit) if self.matches else {}
            for number, row in enumerate(rows):
                document = Document.from_row(row)
                document = self._date(document, stated.get(number, ()), output)
                output.count("dated", (document.about if self.field == "about" else document.written).is_known)
                output.keep(document)

    def _date(self, document: Document, stated: Sequence[tuple[int, DateFact]], output: Output) -> Document:
        facts = [fact for _, fact in stated]
        if self.categories:
            facts += facts_of_categories(document.id, document.meta.get("categories", ()))
        if self.infobox:
            facts += facts_of_infobox(document.id, document.meta.get("infobox", {}))
        if facts:
            output.count(HOW[min(how for how, _ in stated)] if stated else "page")
            return self._with_facts(document, facts, output)
        known = document.about if self.field == "about" else document.written
        if self.expressions == "undated" and not known.is_known:
            return self._with_expressions(document, output)
        return document

    def _with_facts(self, document: Document, facts: list[DateFact], output: Output) -> Document:
        found = lifetime(facts)
        output.count("statements", len(found.used))
        output.count("set aside", len(found.set_aside))
        output.count("contradictions", found.contradictions)
        evidence = tuple(_evidence(fact, self.field) for fact in found.used)
        meta = dict(document.meta)
        if found.set_aside:
            meta["dates_set_aside"] = [f"{fact.property} {fact.span.edtf()} ({fact.rank})" for fact in found.set_aside]
        if found.contradictions:
            meta["contradicting_dates"] = found.contradictions
        earlier = merge(document.evidence, self.field).span
        return _dated(document, self.field, found.span, earlier, evidence, meta)

    def _with_expressions(self, document: Document, output: Output) -> Document:
        anchor = document.written if document.written.is_known else None
        found = find_expressions(document.text, anchor)
        if not found:
            return document
        output.count("expression")
        evidence = tuple(
            Evidence(
                self.field,
                one.span,
                "expression",
                one.precision,
                f"characters {one.start}-{one.end}",
                document.text[one.start : one.end],
            )
            for one in found[:_QUOTED]
        )
        span = found[0].span.hull(*(one.span for one in found[1:]))
        return _dated(document, self.field, span, Span(), evidence, document.meta)


_QUOTED = 20  # expressions kept as evidence; the span rests on all of them


def _dated(
    document: Document, field: Field, span: Span, earlier: Span, evidence: tuple[Evidence, ...], meta: dict[str, Any]
) -> Document:
    """The document with its new span, joined with what was known before: of what it is about, the hull; of when it was written, what both allow."""
    evidence = document.evidence + evidence
    if field == "about":
        about = span.hull(earlier) if earlier.is_known and span.is_known else span if span.is_known else earlier
        return replace(document, about=about, evidence=evidence, meta=meta)
    written = earlier.intersect(span) or earlier.hull(span) if earlier.is_known else span
    return replace(document, written=written, evidence=evidence, meta=meta)


def _evidence(fact: DateFact, field: Field) -> Evidence:
    quote = fact.qualifiers.get("quote") or f"{fact.property} {fact.span.edtf()}"
    return Evidence(field, fact.span, fact.kind, fact.precision, fact.reference, quote)


@lru_cache(maxsize=2)
def _opened(matches: Path) -> pq.ParquetFile:
    return pq.ParquetFile(matches)


def _statements(matches: Path, unit: str) -> dict[int, list[tuple[int, DateFact]]]:
    """The statements about the documents of a row group, by row; only the row groups of the join that may hold it are read."""
    file = _opened(matches)
    column = file.schema_arrow.get_field_index("unit")
    found: dict[int, list[tuple[int, DateFact]]] = {}
    for group in range(file.metadata.num_row_groups):
        bounds = file.metadata.row_group(group).column(column).statistics
        if bounds is not None and not bounds.min <= unit <= bounds.max:
            continue
        table = file.read_row_group(group)
        for row in table.filter(pa.compute.equal(table["unit"], unit)).to_pylist():
            found.setdefault(row["row"], []).append((row["how"], DateFact.from_row(row)))
    return found
