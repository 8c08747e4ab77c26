"""Facts from truthy N-Triples: one triple a line, no precision and no qualifiers, and pages apart from dates."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from chronolect.corpus.dating.linked import link_row, page_title
from chronolect.corpus.dating.rdf_times import DATE_TYPES, XSD, read_literal
from chronolect.corpus.dating.table import DateFact, Role
from chronolect.corpus.dating.triple_lines import OddLine, TripleLine, triple_lines, unescaped
from chronolect.corpus.dating.wikidata.statements import UNKNOWN
from chronolect.corpus.dating.wikidata.times import BadTime
from chronolect.corpus.engine import Output
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.line_blocks import Block

_ITEM = re.compile(r"<http://www\.wikidata\.org/entity/(Q\d+)>")
_PROPERTY = re.compile(r"<http://www\.wikidata\.org/prop/direct/(P\d+)>")
_LITERAL = re.compile(rf'"((?:[^"\\]|\\.)*)"\^\^<{re.escape(XSD)}(\w+)>')
_ABOUT = ("<http://schema.org/about>", "<https://schema.org/about>")
# A time is a literal; an unknown one is a blank node, written as such or as an address below .well-known/genid.
_MARKS = (b"XMLSchema#date", b"schema.org/about>", b"/.well-known/genid/", b"> _:")


@dataclass(frozen=True)
class TripleReader:
    """Writes the dates of the wanted properties, and the pages of one wiki (those that begin with `prefix`) apart."""

    roles: Mapping[str, Role]
    prefix: str

    def __call__(self, block: Block, output: Output) -> None:
        for kind, problem in block.problems:
            output.problem(kind, problem)
        for found in triple_lines(block.read(), block.first_line, _MARKS):
            where = f"{block.file}:{found.line}"
            if isinstance(found, OddLine):
                output.problem("broken line", Problem(where, "no triple of N-Triples"))
            elif found.predicate in _ABOUT:
                self._link(found, output)
            else:
                self._date(found, f"{block.file.name}:{found.line}", where, output)

    def _link(self, triple: TripleLine, output: Output) -> None:
        item = _ITEM.fullmatch(triple.object)
        title = page_title(unescaped(triple.subject.strip("<>")), self.prefix)
        if item and title:
            output.row(link_row(item[1], item[1], title))

    def _date(self, triple: TripleLine, reference: str, where: str, output: Output) -> None:
        item, property = _ITEM.fullmatch(triple.subject), _PROPERTY.fullmatch(triple.predicate)
        if not item or not property or property[1] not in self.roles:
            return
        literal = _LITERAL.fullmatch(triple.object)
        if not literal:
            output.count(UNKNOWN)
            return
        if literal[2] not in DATE_TYPES:
            output.problem("not a date", Problem(where, f"{item[1]} {property[1]}: a value of type {literal[2]}"))
            return
        try:
            time = read_literal(unescaped(literal[1]), literal[2])
        except BadTime as bad:
            output.problem(bad.kind, Problem(where, f"{item[1]} {property[1]}: {bad}"))
            return
        if time.doubt:
            output.problem(time.doubt.kind, Problem(where, f"{item[1]} {property[1]}: {time.doubt}"))
        fact = DateFact(
            entity=item[1],
            qid=item[1],
            property=property[1],
            role=self.roles[property[1]],
            span=time.span,
            precision=time.precision,
            kind="wikidata",
            reference=reference,
        )
        output.row(fact.to_row())
