"""`corpus dates yago`: the dates that YAGO 4.5 gives its entities.

YAGO's files are Turtle with one triple a line, in no order to rely on: the facts of an entity may stand in several files,
and its Wikipedia page apart from its dates. So dates and pages are gathered first and joined at the end. Lines that are
not wanted are not parsed; those written otherwise are given to pyoxigraph one by one, and files with longer statements
as a whole.

Precision is what `rdf_times` says: YAGO has its dates from Wikidata's truthy statements.
"""

import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pyoxigraph
from cyclopts import Parameter

from chronolect.artifacts import stage
from chronolect.corpus.dating.linked import (
    LINKS,
    LINKS_SCHEMA,
    SHARDS,
    add_properties,
    gather_linked,
    page_prefix,
    page_title,
)
from chronolect.corpus.dating.rdf_times import DATE_TYPES, XSD, read_literal
from chronolect.corpus.dating.table import DATES_SCHEMA, YAGO_ROLES, DateFact, Role
from chronolect.corpus.dating.triple_lines import TripleLine, are_triple_lines, triple_lines, unescaped
from chronolect.corpus.dating.wikidata.times import BadTime
from chronolect.corpus.engine import Engine, Output, run_shards
from chronolect.corpus.sources.line_blocks import DAMAGED, Block, bare_suffix, open_stream, read_blocks
from chronolect.corpus.sources.records import Problem
from chronolect.errors import UserError

# What YAGO's prefixes stand for; some of its files do not declare them.
PREFIXES = {
    "yago": "http://yago-knowledge.org/resource/",
    "schema": "http://schema.org/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "wd": "http://www.wikidata.org/entity/",
    "xsd": XSD,
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "geo": "http://www.opengis.net/ont/geosparql#",
    "wdt": "http://www.wikidata.org/prop/direct/",
    "wikibase": "http://wikiba.se/ontology#",
    "ys": "http://yago-knowledge.org/schema#",
}
_SAME_AS, _PAGE = PREFIXES["owl"] + "sameAs", PREFIXES["schema"] + "mainEntityOfPage"
_SUFFIXES = (".ttl", ".nt", ".tsv", ".ntx")
_LOOKED_AT = 1 << 20  # bytes at the beginning of a file: its prefixes, and how it is written

_PREFIX = re.compile(rb"^[ \t]*@?prefix[ \t]+([\w.-]*):[ \t]*<([^<>]*)>", re.MULTILINE | re.IGNORECASE)
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\^\^(\S+))?')
_MARKS = (b"^^", b"sameAs", b"mainEntityOfPage")
_ESCAPE = re.compile(r"_u([0-9A-Fa-f]{4,8})_")
_QID = re.compile(r"Q[1-9]\d*")
ABOUT_TRIPLES = "statements about statements"


def dates_from_yago(
    facts: list[Path],
    *,
    out: Path,
    wiki: str = "enwiki",
    property: list[str] | None = None,
    all_entities: bool = False,
    engine: Annotated[Engine, Parameter(name="*")] = Engine(),  # noqa: B008 (frozen)
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
    reader = YagoReader({_expanded(name): (name, role) for name, role in roles.items()}, page_prefix(wiki))
    with stage(out, command="corpus dates yago", config=config, inputs=facts, resume=True) as work:
        totals = run_shards(
            work,
            _shards(facts),
            reader,
            engine,
            label="reading YAGO",
            schema=DATES_SCHEMA,
            tables={LINKS: LINKS_SCHEMA},
            into=SHARDS,
        )
        totals.kept = gather_linked(work, all_entities=all_entities)
        if not totals.kept:
            raise UserError(
                f"{facts[0]}: no dates of entities with a page in {wiki}; give the file with schema:mainEntityOfPage "
                "too (or --all-entities)"
            )
        work.counts = totals.summary(rows="dates")
    return totals.summary(rows="dates", listed=False)


@dataclass(frozen=True, slots=True)
class Lines:
    """A block of lines with one triple each, and the prefixes declared at the top of their file."""

    block: Block
    prefixes: dict[str, str]


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file of longer statements, which cannot be cut."""

    file: Path


class Term(NamedTuple):
    """The object of a triple: an address, or a literal with the address of its type."""

    value: str
    type: str | None


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


@dataclass(frozen=True)
class YagoReader:
    """Writes the dates of wanted properties (address -> name and role), and pages and items of entities apart."""

    roles: Mapping[str, tuple[str, Role]]
    page_prefix: str

    def __call__(self, shard: Lines | WholeFile, output: Output) -> None:
        if isinstance(shard, WholeFile):
            self.read_whole(shard.file, output)
        else:
            self.read_lines(shard.block, shard.prefixes, output)

    def read_lines(self, block: Block, prefixes: Mapping[str, str], output: Output) -> None:
        """Lines with one triple each: the fast way."""
        for kind, problem in block.problems:
            output.problem(kind, problem)
        lines = block.read()
        if b"@prefix" in lines:
            prefixes = {**prefixes, **declared(lines)}
        about = lines.startswith(b"<<") + lines.count(b"\n<<")
        if about:
            output.count(ABOUT_TRIPLES, about)
        header = _header(prefixes)
        predicates: dict[str, str] = {}  # as written -> the address, if it is wanted; else ""
        for found in triple_lines(lines, block.first_line, _MARKS):
            reference, where = f"{block.file.name}:{found.line}", f"{block.file}:{found.line}"
            if isinstance(found, TripleLine):
                predicate = predicates.get(found.predicate)
                if predicate is None:
                    predicate = predicates[found.predicate] = self._wanted(_address(found.predicate, prefixes))
                if not predicate:
                    continue
                subject, object = _address(found.subject, prefixes), _term(found.object, prefixes)
                if subject and object:
                    self._triple(subject, predicate, object, reference, where, output)
                    continue
                text = f"{found.subject} {found.predicate} {found.object} .".encode()
            else:
                text = found.text
            self._parse(header + text + b"\n", reference, where, output)

    def read_whole(self, file: Path, output: Output) -> None:
        """Any Turtle, by pyoxigraph."""
        with open_stream(file) as stream:
            self._parse(_Headed(_header(PREFIXES), stream), file.name, str(file), output)

    def _parse(self, turtle: Any, reference: str, where: str, output: Output) -> None:
        quads = pyoxigraph.parse(turtle, pyoxigraph.RdfFormat.TURTLE)
        while True:
            try:
                quad = next(quads)
            except StopIteration:
                return
            except SyntaxError as error:  # the parser goes on with what follows
                output.problem("broken Turtle", Problem(where, " ".join(str(error).split())))
            except OSError as error:
                output.problem(DAMAGED, Problem(where, f"cannot be read to its end ({error})"))
                return
            else:
                self._quad(quad, reference, where, output)

    def _quad(self, quad: pyoxigraph.Quad, reference: str, where: str, output: Output) -> None:
        predicate = self._wanted(quad.predicate.value)
        if not predicate or not isinstance(quad.subject, pyoxigraph.NamedNode):
            return
        if isinstance(quad.object, pyoxigraph.Literal):
            object = Term(quad.object.value, quad.object.datatype.value)
        elif isinstance(quad.object, pyoxigraph.NamedNode):
            object = Term(quad.object.value, None)
        else:
            return
        self._triple(quad.subject.value, predicate, object, reference, where, output)

    def _wanted(self, predicate: str | None) -> str:
        predicate = (predicate or "").replace("https://schema.org/", PREFIXES["schema"])
        return predicate if predicate in self.roles or predicate in (_SAME_AS, _PAGE) else ""

    def _triple(self, subject: str, predicate: str, object: Term, reference: str, where: str, output: Output) -> None:
        entity = entity_name(subject)
        item = entity if _QID.fullmatch(entity) else None
        if predicate == _SAME_AS:
            qid = object.value.removeprefix(PREFIXES["wd"])
            if object.type is None and _QID.fullmatch(qid):
                output.table_row(LINKS, {"entity": entity, "qid": qid, "title": None})
        elif predicate == _PAGE:
            title = page_title(object.value, self.page_prefix)
            if title:
                output.table_row(LINKS, {"entity": entity, "qid": item, "title": title})
        else:
            name, role = self.roles[predicate]
            self._date(entity, item, name, role, object, reference, where, output)

    def _date(
        self,
        entity: str,
        qid: str | None,
        name: str,
        role: Role,
        object: Term,
        reference: str,
        where: str,
        output: Output,
    ) -> None:
        datatype = (object.type or "").removeprefix(XSD)
        try:
            if datatype not in DATE_TYPES:
                raise BadTime("not a date", f"{object.value[:60]} is no date")
            time = read_literal(object.value, datatype)
        except BadTime as bad:
            output.problem(bad.kind, Problem(where, f"{entity} {name}: {bad}"))
            return
        if time.doubt:
            output.problem(time.doubt.kind, Problem(where, f"{entity} {name}: {time.doubt}"))
        fact = DateFact(entity, name, role, time.span, time.precision, "yago", reference, qid=qid)
        output.row(fact.to_row())


def entity_name(address: str) -> str:
    """The name of an entity: of YAGO's with its escapes decoded, of Wikidata's the item, of others the address.

    >>> entity_name("http://yago-knowledge.org/resource/Elvis__u0028_film_u0029_")
    'Elvis_(film)'
    """
    if address.startswith(PREFIXES["yago"]):
        return _ESCAPE.sub(_unescape, address.removeprefix(PREFIXES["yago"]))
    return address.removeprefix(PREFIXES["wd"])


def declared(turtle: bytes) -> dict[str, str]:
    """The prefixes that Turtle declares."""
    return {name.decode(): address.decode() for name, address in _PREFIX.findall(turtle)}


def _header(prefixes: Mapping[str, str]) -> bytes:
    """The prefixes as Turtle, without a line end, so that line numbers stay true."""
    return "".join(f"@prefix {name}: <{address}> . " for name, address in prefixes.items()).encode()


class _Headed:
    """A stream with something before it, for a parser to read."""

    def __init__(self, head: bytes, stream: Any) -> None:
        self._head = io.BytesIO(head)
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        head: bytes = self._head.read(size)
        return head or bytes(self._stream.read(size))


def _expanded(name: str) -> str:
    prefix, _, local = name.partition(":")
    return PREFIXES[prefix] + local


def _unescape(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if 0x20 <= number < 0xD800 or 0xE000 <= number < 0x110000 else match[0]


def _address(term: str, prefixes: Mapping[str, str]) -> str | None:
    """The address of a term as written; None if it has none that is certain."""
    if term.startswith("<"):
        return unescaped(term[1:-1])
    prefix, colon, local = term.partition(":")
    if not colon or "\\" in local or prefix not in prefixes:
        return None
    return prefixes[prefix] + local


def _term(term: str, prefixes: Mapping[str, str]) -> Term | None:
    if not term.startswith('"'):
        address = _address(term, prefixes)
        return None if address is None else Term(address, None)
    found = _LITERAL.fullmatch(term)
    if not found:
        return None
    datatype = _address(found[2], prefixes) if found[2] else f"{XSD}string"
    return None if datatype is None else Term(unescaped(found[1]), datatype)
