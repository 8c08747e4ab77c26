"""`corpus dates yago`: YAGO's files to a table of dates."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.dating.linked import LINKED_SCHEMA, SHARDS, add_properties, gather_linked, page_prefix
from chronolect.corpus.dating.table import YAGO_ROLES
from chronolect.corpus.dating.triple_lines import are_triple_lines
from chronolect.corpus.dating.yago.reader import Lines, WholeFile, YagoReader
from chronolect.corpus.dating.yago.terms import PREFIXES, declared, expanded
from chronolect.corpus.engine import Engine, run_shards
from chronolect.corpus.sources.line_blocks import bare_suffix, open_stream, read_blocks
from chronolect.errors import UserError

_SUFFIXES = (".ttl", ".nt", ".tsv", ".ntx")
_LOOKED_AT = 1 << 20  # bytes at the beginning of a file: its prefixes, and how it is written


def dates_from_yago(
    facts: list[Path],
    *,
    out: Path,
    wiki: str = "enwiki",
    property: list[str] | None = None,
    all_entities: bool = False,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),
) -> dict[str, Any]:
    """Collect the dates of entities from YAGO 4.5, with the property that gave each. YAGO knows no precision: a date on
    1 January may be a whole year, or a century, and is read as such.

    Args:
        facts: Files of YAGO: .ttl, .nt, .ntx or .tsv (all with Turtle), each also as .bz2, .gz or .zst. Pages and dates
            of one entity may be in different ones.
        out: Folder for the table of dates.
        wiki: The wiki whose titles are noted.
        property: A further property with dates (schema:foundingDate, yago:epoch, or with =start, =end or =point for
            what it says of the entity's time); may be repeated.
        all_entities: Keep entities without a page in the wiki too.
        engine: Who does the work.

    Returns:
        Counts of dates, and of problems by kind.
    """
    roles = add_properties(YAGO_ROLES, property or [], r"(?:schema|yago):\w+")
    if not facts or not {bare_suffix(file) for file in facts} <= set(_SUFFIXES):
        raise UserError(
            f"{', '.join(map(str, facts))}: expected files of YAGO ({', '.join(_SUFFIXES)}, with .bz2, .gz or .zst)"
        )
    config = {"wiki": wiki, "properties": roles, "all_entities": all_entities}
    reader = YagoReader({expanded(name): (name, role) for name, role in roles.items()}, page_prefix(wiki))
    with stage(out, command="corpus dates yago", config=config, inputs=facts, resume=True) as work:
        totals = run_shards(
            work, _shards(facts), reader, engine, label="reading YAGO", schema=LINKED_SCHEMA, into=SHARDS
        )
        totals.kept = gather_linked(work, all_entities=all_entities)
        if not totals.kept:
            raise UserError(
                f"{facts[0]}: no dates of entities with a page in {wiki}; give the file with schema:mainEntityOfPage "
                "too (or --all-entities)"
            )
        work.counts = totals.summary(rows="dates")
    return totals.summary(rows="dates", listed=False)


def _shards(files: list[Path]) -> Iterator[Lines | WholeFile]:
    for file in files:
        try:
            with open_stream(file) as stream:
                head = stream.read(_LOOKED_AT)
        except OSError:
            head = b""  # damaged at once: the reader of blocks says how
        whole_lines = head[: head.rfind(b"\n") + 1] if len(head) == _LOOKED_AT else head + b"\n"
        if are_triple_lines(whole_lines):
            prefixes = PREFIXES | declared(whole_lines)
            yield from (Lines(block, prefixes) for block in read_blocks([file]))
        else:
            yield WholeFile(file)
