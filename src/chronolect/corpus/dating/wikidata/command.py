"""`corpus dates wikidata`: a dump to a table of dates."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.dating.linked import (
    LINKED_SCHEMA,
    SHARDS,
    add_properties,
    gather,
    gather_linked,
    page_prefix,
)
from chronolect.corpus.dating.table import DATES_SCHEMA, WIKIDATA_ROLES
from chronolect.corpus.dating.wikidata.entities import EntityReader
from chronolect.corpus.dating.wikidata.statements import COUNTED, Unread
from chronolect.corpus.dating.wikidata.triples import TripleReader
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.line_blocks import Block, bare_suffix, read_blocks
from chronolect.errors import UserError

_JSON, _TRIPLES = (".json", ".jsonl", ".ndjson"), (".nt",)


def dates_from_wikidata(
    dump: list[Path],
    *,
    out: Path,
    wiki: str = "enwiki",
    property: list[str] | None = None,
    all_entities: bool = False,
    deprecated: bool = False,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Collect the dates of entities from a Wikidata dump, with precision, calendar, rank and qualifiers.

    Args:
        dump: The entity JSON dump (.json, or one entity a line), or truthy N-Triples (.nt), each also as .bz2, .gz or
            .zst. Triples know no precision, rank or qualifiers: a date on 1 January may be a whole year there, or a
            century, and is read as such.
        out: Folder for the table of dates.
        wiki: The wiki whose titles are noted.
        property: A further property with dates (P1234, or P1234=start, =end or =point for what it says of the
            entity's time); may be repeated.
        all_entities: Keep entities without a page in the wiki too.
        deprecated: Keep deprecated statements too, with their rank.
        engine: Who does the work.

    Returns:
        Counts of dates, of statements without one, and of problems by kind.
    """
    roles = add_properties(WIKIDATA_ROLES, property or [], r"P[1-9]\d*")
    prefix = page_prefix(wiki)
    suffixes = {bare_suffix(file) for file in dump}
    triples = suffixes <= set(_TRIPLES)
    if not dump or not (triples or suffixes <= set(_JSON)):
        raise UserError(
            f"{', '.join(map(str, dump))}: expected a dump as .json or .nt (with .bz2, .gz or .zst), not both at once"
        )
    config = {"wiki": wiki, "properties": roles, "all_entities": all_entities, "deprecated": deprecated}
    with stage(out, command="corpus dates wikidata", config=config, inputs=dump, resume=True) as work:
        reader = (
            TripleReader(roles, prefix)
            if triples
            else _Entities(EntityReader(roles, wiki=wiki, all_entities=all_entities, deprecated=deprecated))
        )
        totals = run_shards(
            work,
            read_blocks(dump),
            reader,
            engine,
            label="reading Wikidata",
            schema=LINKED_SCHEMA if triples else DATES_SCHEMA,
            into=SHARDS,
        )
        totals.kept = gather_linked(work, all_entities=all_entities) if triples else gather(work)
        if not totals.kept:
            of_what = "" if all_entities else f" of entities with a page in {wiki} (--all-entities keeps the others)"
            raise UserError(f"{dump[0]}: no dates{of_what}; is it a dump of Wikidata?")
        work.counts = totals.summary(rows="dates")
    return totals.summary(rows="dates", listed=False)


@dataclass(frozen=True)
class _Entities:
    """The lines of a block of the JSON dump."""

    reader: EntityReader

    def __call__(self, block: Block, output: Output) -> None:
        for kind, problem in block.problems:
            output.problem(kind, problem)
        lines = block.read()
        start = 0
        while start < len(lines):
            end = lines.find(b"\n", start)
            end = len(lines) if end < 0 else end
            for found in self.reader.facts(lines, start, end):
                if not isinstance(found, Unread):
                    output.row(found.to_row())
                elif found.kind in COUNTED:
                    output.count(found.kind)
                else:
                    line = block.first_line + lines.count(b"\n", 0, start)
                    output.problem(found.kind, Problem(f"{block.file}:{line}", found.what))
            start = end + 1
