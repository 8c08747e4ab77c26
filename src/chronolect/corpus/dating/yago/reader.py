"""Reading YAGO: what is wanted of a triple, and the ways to get at triples."""

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyoxigraph

from chronolect.corpus.dating.linked import link_row, page_title
from chronolect.corpus.dating.table import DateFact, Role
from chronolect.corpus.dating.triple_lines import TripleLine, triple_lines
from chronolect.corpus.dating.wikidata.times import BadTime
from chronolect.corpus.dating.yago.columns import Columns
from chronolect.corpus.dating.yago.terms import (
    PAGE,
    PREFIXES,
    QID,
    SAME_AS,
    Term,
    address_of,
    declared,
    entity_name,
    header,
    read_date,
    term_of,
)
from chronolect.corpus.engine import Output
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.line_blocks import DAMAGED, Block, open_stream

ABOUT_TRIPLES = "statements about statements"


@dataclass(frozen=True, slots=True)
class Lines:
    """A block of lines with one triple each, and the prefixes declared at the top of their file."""

    block: Block
    prefixes: dict[str, str]


@dataclass(frozen=True, slots=True)
class WholeFile:
    """A file of longer statements, which cannot be cut."""

    file: Path


@dataclass(frozen=True)
class YagoReader:
    """Writes the dates of wanted properties (address -> name and role), and the pages and items of entities."""

    roles: Mapping[str, tuple[str, Role]]
    page_prefix: str

    def __call__(self, shard: Lines | WholeFile, output: Output) -> None:
        if isinstance(shard, WholeFile):
            self.read_whole(shard.file, output)
        else:
            self.read_lines(shard.block, shard.prefixes, output)

    def read_lines(self, block: Block, prefixes: Mapping[str, str], output: Output) -> None:
        """Lines with one triple each."""
        for kind, problem in block.problems:
            output.problem(kind, problem)
        lines = block.read()
        if b"@prefix" in lines:
            prefixes = {**prefixes, **declared(lines)}
        try:
            odd = self._columns.write(lines, block, prefixes, output)
        except pa.ArrowInvalid:  # not UTF-8 somewhere; nothing is written yet
            odd = [(block.first_line, lines)]
        for number, text in odd:
            self._read_rows(text, number, block, prefixes, output)

    def _read_rows(
        self, lines: bytes, first_line: int, block: Block, prefixes: Mapping[str, str], output: Output
    ) -> None:
        about = lines.startswith(b"<<") + lines.count(b"\n<<")
        if about:
            output.count(ABOUT_TRIPLES, about)
        predicates: dict[str, str] = {}
        for found in triple_lines(lines, first_line, self._marks):
            reference, where = f"{block.file.name}:{found.line}", f"{block.file}:{found.line}"
            if isinstance(found, TripleLine):
                predicate = predicates.get(found.predicate)
                if predicate is None:
                    predicate = predicates[found.predicate] = self.wanted(address_of(found.predicate, prefixes))
                if not predicate:
                    continue
                subject, object = address_of(found.subject, prefixes), term_of(found.object, prefixes)
                if subject and object:
                    self._triple(subject, predicate, object, reference, where, output)
                    continue
                text = f"{found.subject} {found.predicate} {found.object} .".encode()
            else:
                text = found.text
            self._parse(header(prefixes) + text + b"\n", reference, where, output)

    @cached_property
    def _columns(self) -> Columns:
        return Columns(self.roles, self.page_prefix, self.wanted, self._marks)

    @cached_property
    def _marks(self) -> tuple[bytes, ...]:
        """The wanted predicates without their namespaces: what a line must have in it to be looked at."""
        return tuple(re.split("[/#]", address)[-1].encode() for address in (SAME_AS, PAGE, *self.roles))

    def read_whole(self, file: Path, output: Output) -> None:
        """Any Turtle, by pyoxigraph."""
        with open_stream(file) as stream:
            self._parse(_Headed(header(PREFIXES), stream), file.name, str(file), output)

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
        predicate = self.wanted(quad.predicate.value)
        if not predicate or not isinstance(quad.subject, pyoxigraph.NamedNode):
            return
        if isinstance(quad.object, pyoxigraph.Literal):
            object = Term(quad.object.value, quad.object.datatype.value)
        elif isinstance(quad.object, pyoxigraph.NamedNode):
            object = Term(quad.object.value, None)
        else:
            return
        self._triple(quad.subject.value, predicate, object, reference, where, output)

    def wanted(self, predicate: str | None) -> str:
        """The address of a predicate if its triples are wanted; else nothing."""
        predicate = (predicate or "").replace("https://schema.org/", PREFIXES["schema"])
        return predicate if predicate in self.roles or predicate in (SAME_AS, PAGE) else ""

    def _triple(self, subject: str, predicate: str, object: Term, reference: str, where: str, output: Output) -> None:
        entity = entity_name(subject)
        item = entity if subject.startswith(PREFIXES["wd"]) and QID.fullmatch(entity) else None
        if predicate == SAME_AS:
            qid = object.value.removeprefix(PREFIXES["wd"])
            if object.type is None and QID.fullmatch(qid):
                output.row(link_row(entity, qid, None))
        elif predicate == PAGE:
            title = page_title(object.value, self.page_prefix)
            if title:
                output.row(link_row(entity, item, title))
        else:
            name, role = self.roles[predicate]
            try:
                time = read_date(object)
            except BadTime as bad:
                output.problem(bad.kind, Problem(where, f"{entity} {name}: {bad}"))
                return
            if time.doubt:
                output.problem(time.doubt.kind, Problem(where, f"{entity} {name}: {time.doubt}"))
            fact = DateFact(entity, name, role, time.span, time.precision, "yago", reference, qid=item)
            output.row(fact.to_row())


class _Headed:
    """A stream with something before it, for a parser to read."""

    def __init__(self, head: bytes, stream: Any) -> None:
        self._head = io.BytesIO(head)
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        head: bytes = self._head.read(size)
        return head or bytes(self._stream.read(size))
