"""Blocks of lines with one triple each as columns: subject, predicate, object.

pyarrow splits the lines and picks the wanted ones; only what is more than words (names with escapes, titles with percent
signs, each date once) is looked at in Python, by the same functions as single triples. What is not plain is handed back
as lines. Of a triple that is not wanted the terms are not looked at.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from chronolect.corpus.dating.linked import LINKED_SCHEMA, page_title
from chronolect.corpus.dating.table import Role
from chronolect.corpus.dating.wikidata.times import BadTime
from chronolect.corpus.dating.yago.terms import (
    PAGE,
    PREFIXES,
    QID,
    SAME_AS,
    address_of,
    entity_name,
    read_date,
    term_of,
)
from chronolect.corpus.engine import Output
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.line_blocks import Block

OddLines = list[tuple[int, bytes]]  # line numbers and texts

_LOOKED_AT = 1 << 16
_NOT_IN_NAMES = r"[\s\\\"'<>(),;\[\]]|_u"
_TRIPLE = (
    r"^[ \t]*(?P<s><[^<>]*>|[^\s<\"'\[(]\S*)[ \t]+(?P<p><[^<>]*>|[^\s<]\S*)[ \t]+"
    r'(?P<o><[^<>]*>|"(?:[^"\\]|\\.)*"(?:\^\^[^\s<]\S*?|\^\^<[^>]*>|@[\w-]+)?|[^\s<"\'\[(]\S*?)'
    r"[ \t]*\.[ \t]*(?:#.*)?$"
)
_NOT_IN_TITLES = r"[%\\]|[^\x00-\x7F]"
_UNPLAIN, _SAME_AS, _PAGE, _DATE = -1, 1, 2, 3  # a wanted date has the code _DATE plus its place among the roles


def is_tabular(lines: bytes) -> bool:
    """Whether lines are written as YAGO does, judged by their beginning."""
    head = lines[:_LOOKED_AT]
    ends = head.count(b"\t.\n") + head.count(b"\t.\r\n")
    return ends > 0 and ends * 10 >= head.count(b"\n") * 9


@dataclass(frozen=True)
class Columns:
    """What is wanted of a block: see `YagoReader`."""

    roles: Mapping[str, tuple[str, Role]]
    page_prefix: str
    wanted: Callable[[str | None], str]
    marks: tuple[bytes, ...]

    def write(self, lines: bytes, block: Block, prefixes: Mapping[str, str], output: Output) -> OddLines:
        """Write what is wanted of the lines; those that are not plain are given back, in order.

        `pa.ArrowInvalid` if they are not UTF-8.
        """
        table, odd = _split_tabs(lines) if is_tabular(lines) else _split_blanks(lines, self.marks)
        codes = self._codes(table["p"].combine_chunks(), prefixes)
        wanted = table.append_column("code", pa.array(codes)).filter(pa.array(codes != 0))
        names, items = _entities(wanted["s"].combine_chunks(), prefixes)
        wanted = wanted.append_column("entity", names).append_column("item", items)
        codes = wanted["code"].to_numpy()
        unplain = (codes == _UNPLAIN) | np.asarray(pc.is_null(names))
        parts = (
            self._dates(wanted.filter(pa.array(~unplain & (codes >= _DATE))), block, prefixes, output),
            self._items(wanted.filter(pa.array(~unplain & (codes == _SAME_AS))), prefixes, output),
            self._pages(wanted.filter(pa.array(~unplain & (codes == _PAGE))), prefixes, output),
        )
        odd += _as_lines(wanted.filter(pa.array(unplain)))
        odd += [line for part in parts for line in part]
        return sorted((block.first_line - 1 + number, text) for number, text in odd)

    def _codes(self, predicates: pa.DictionaryArray, prefixes: Mapping[str, str]) -> npt.NDArray[np.int16]:
        """What is done with each row, by its predicate."""
        names = list(self.roles)
        codes = []
        for text in predicates.dictionary.to_pylist():
            predicate = self.wanted(address_of(text.strip(), prefixes))
            if predicate in self.roles:
                codes.append(_DATE + names.index(predicate))
            else:
                codes.append({SAME_AS: _SAME_AS, PAGE: _PAGE}.get(predicate, _UNPLAIN if " " in text.strip() else 0))
        return np.array(codes, np.int16)[np.asarray(predicates.indices)] if codes else np.zeros(0, np.int16)

    def _dates(self, rows: pa.Table, block: Block, prefixes: Mapping[str, str], output: Output) -> OddLines:
        objects = rows["o"].combine_chunks().dictionary_encode()
        read: dict[str, list[Any]] = {"earliest": [], "latest": [], "edtf": [], "precision": []}
        bad: dict[int, BadTime | None] = {}  # by the place of the date; None: not plain
        doubts: dict[int, BadTime] = {}
        for place, text in enumerate(objects.dictionary.to_pylist()):
            term = term_of(text.strip(), prefixes)
            values: tuple[Any, ...] = (None,) * 4
            try:
                if term:
                    time = read_date(term)
                    values = (time.span.earliest, time.span.latest, time.span.edtf(), time.precision)
                    if time.doubt:
                        doubts[place] = time.doubt
                else:
                    bad[place] = None
            except BadTime as problem:
                bad[place] = problem
            for column, value in zip(read.values(), values, strict=True):
                column.append(value)
        places = np.asarray(objects.indices)
        whole = ~np.isin(places, list(bad))
        odd = []
        if bad or doubts:
            for row in np.flatnonzero(np.isin(places, [*bad, *doubts])).tolist():
                found = bad.get(places[row]) or doubts.get(places[row])
                if found is None:
                    odd += _as_lines(rows.slice(row, 1))
                    continue
                line = block.first_line - 1 + rows["line"][row].as_py()
                what = f"{rows['entity'][row]} {self._names[rows['code'][row].as_py() - _DATE]}: {found}"
                output.problem(found.kind, Problem(f"{block.file}:{line}", what))
        kept, places = rows.filter(pa.array(whole)), places[whole]
        lines = pc.cast(pc.add(kept["line"], block.first_line - 1), pa.string())
        kinds = kept["code"].to_numpy() - _DATE
        columns = {name: pa.array(column, LINKED_SCHEMA.field(name).type).take(places) for name, column in read.items()}
        columns |= {
            "entity": kept["entity"],
            "qid": kept["item"],
            "property": pa.array(self._names, pa.string()).take(kinds),
            "role": pa.array([role for _, role in self.roles.values()], pa.string()).take(kinds),
            "calendar": pa.repeat("gregorian", len(kept)),
            "kind": pa.repeat("yago", len(kept)),
            "reference": pc.binary_join_element_wise(block.file.name, lines, ":"),
        }
        _write(columns, len(kept), output)
        return odd

    @property
    def _names(self) -> list[str]:
        return [name for name, _ in self.roles.values()]

    def _items(self, rows: pa.Table, prefixes: Mapping[str, str], output: Output) -> OddLines:
        starts = [re.escape(f"{name}:") for name, address in prefixes.items() if address == PREFIXES["wd"]]
        pattern = rf"^(?:{'|'.join(starts)}|<{re.escape(PREFIXES['wd'])})(?P<qid>Q[1-9][0-9]*)>?$"
        qids = pc.struct_field(pc.extract_regex(rows["o"], pattern), "qid")
        known = pc.is_valid(qids)
        _write({"entity": pc.filter(rows["entity"], known), "qid": pc.filter(qids, known)}, -1, output)
        return []

    def _pages(self, rows: pa.Table, prefixes: Mapping[str, str], output: Output) -> OddLines:
        here = pc.or_(pc.match_substring(rows["o"], self.page_prefix), pc.match_substring(rows["o"], "\\"))
        rows = rows.filter(here)
        objects = rows["o"].combine_chunks()
        start = f"<{self.page_prefix}"
        plain = pc.and_(
            pc.and_(pc.starts_with(objects, start), pc.ends_with(objects, ">")),
            pc.invert(pc.match_substring_regex(objects, _NOT_IN_TITLES)),
        )
        titles = pc.utf8_trim(pc.replace_substring(pc.utf8_slice_codeunits(objects, len(start), -1), "_", " "), " ")
        odd = []
        others = np.flatnonzero(~np.asarray(plain))
        values = []
        for row, text in zip(others.tolist(), objects.take(others).to_pylist(), strict=True):
            term = term_of(text.strip(), prefixes)
            values.append(page_title(term.value, self.page_prefix) if term else None)
            if term is None:
                odd += _as_lines(rows.slice(row, 1))
        if values:
            titles = pc.replace_with_mask(titles, pc.invert(plain), pa.array(values, pa.string()))
        known = pc.and_(pc.is_valid(titles), pc.not_equal(titles, ""))
        _write(
            {
                "entity": pc.filter(rows["entity"], known),
                "qid": pc.filter(rows["item"], known),
                "title": pc.filter(titles, known),
            },
            -1,
            output,
        )
        return odd


def _split_tabs(lines: bytes) -> tuple[pa.Table, OddLines]:
    """The lines with four fields between tabs, of which the last is a full stop, and the others with their numbers."""
    text = pa.string()
    fields, odd = _read(lines, {"s": text, "p": pa.dictionary(pa.int32(), text), "o": text, "d": text})
    ended = pc.equal(fields["d"], ".")
    rest = fields.filter(pc.invert(ended))
    odd += [(row["line"], "\t".join(row[name] for name in "spod").encode()) for row in rest.to_pylist()]
    return fields.drop_columns("d").filter(ended), odd


def _split_blanks(lines: bytes, marks: tuple[bytes, ...]) -> tuple[pa.Table, OddLines]:
    """The lines in which a mark occurs, between any blanks, and the others that do not end as a triple does."""
    texts, odd = _read(lines, {"text": pa.string()})
    marked = pc.match_substring_regex(texts["text"], "|".join(re.escape(mark.decode()) for mark in marks))
    ended = pc.ends_with(pc.utf8_rtrim_whitespace(texts["text"]), ".")
    texts = texts.filter(pc.or_(marked, pc.invert(ended)))
    found = pc.extract_regex(texts["text"].combine_chunks(), _TRIPLE)
    whole = pc.is_valid(found)
    odd += [(row["line"], row["text"].encode()) for row in texts.filter(pc.invert(whole)).to_pylist()]
    found = found.filter(whole)
    columns = [pc.struct_field(found, name) for name in "spo"]
    columns[1] = columns[1].dictionary_encode()
    return pa.table([*columns, texts["line"].filter(whole)], [*"spo", "line"]), odd


def _read(lines: bytes, columns: dict[str, pa.DataType]) -> tuple[pa.Table, OddLines]:
    """Lines with that many fields between tabs as a table with their numbers, and the others. One field: any line."""
    odd: OddLines = []

    def note(row: csv.InvalidRow) -> str:
        odd.append((row.number, row.text.encode()))
        return "skip"

    table = csv.read_csv(
        pa.BufferReader(lines),
        read_options=csv.ReadOptions(use_threads=False, column_names=list(columns), block_size=len(lines) + 1),
        parse_options=csv.ParseOptions(
            delimiter="\t" if len(columns) > 1 else "\x01",
            quote_char=False,
            double_quote=False,
            ignore_empty_lines=False,
            invalid_row_handler=note,
        ),
        convert_options=csv.ConvertOptions(column_types=columns, strings_can_be_null=False),
    )
    numbers = np.delete(np.arange(1, len(table) + len(odd) + 1), [number - 1 for number, _ in odd])
    return table.append_column("line", pa.array(numbers)), odd


def _entities(subjects: pa.Array, prefixes: Mapping[str, str]) -> tuple[pa.Array, pa.Array]:
    """The names of entities (null: not plainly one) and, where they are items of Wikidata, those."""
    start = next(f"{name}:" for name, address in prefixes.items() if address == PREFIXES["yago"])
    plain = pc.and_(pc.starts_with(subjects, start), pc.invert(pc.match_substring_regex(subjects, _NOT_IN_NAMES)))
    names = pc.utf8_slice_codeunits(subjects, len(start))
    items = pa.nulls(len(subjects), pa.string())
    others = np.flatnonzero(~np.asarray(plain))
    if len(others):
        addresses = [address_of(text.strip(), prefixes) for text in subjects.take(others).to_pylist()]
        found = [None if address is None else entity_name(address) for address in addresses]
        qids = [
            name if name and address and address.startswith(PREFIXES["wd"]) and QID.fullmatch(name) else None
            for name, address in zip(found, addresses, strict=True)
        ]
        names = pc.replace_with_mask(names, pc.invert(plain), pa.array(found, pa.string()))
        items = pc.replace_with_mask(items, pc.invert(plain), pa.array(qids, pa.string()))
    return names, items


def _as_lines(rows: pa.Table) -> OddLines:
    fields = rows.select(["line", "s", "p", "o"]).to_pylist()
    return [(row["line"], f"{row['s']}\t{row['p']}\t{row['o']}\t.".encode()) for row in fields]


def _write(columns: Mapping[str, Any], length: int, output: Output) -> None:
    """Write columns of `LINKED_SCHEMA`; those that are missing are null."""
    length = len(columns["entity"]) if length < 0 else length
    if not length:
        return
    arrays = [columns[field.name] if field.name in columns else pa.nulls(length, field.type) for field in LINKED_SCHEMA]
    for batch in pa.table(arrays, LINKED_SCHEMA).combine_chunks().to_batches():
        output.keep_batch(batch)
