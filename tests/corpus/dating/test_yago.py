import bz2
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chronolect.artifacts import read_json
from chronolect.corpus.dating.linked import LINKED_SCHEMA
from chronolect.corpus.dating.rdf_times import read_literal
from chronolect.corpus.dating.table import DATES_SCHEMA
from chronolect.corpus.dating.wikidata.times import BadTime
from chronolect.corpus.dating.yago import columns, command
from chronolect.corpus.dating.yago.command import dates_from_yago
from chronolect.corpus.dating.yago.reader import ABOUT_TRIPLES, YagoReader
from chronolect.corpus.dating.yago.terms import PREFIXES, entity_name
from chronolect.corpus.engine import Engine
from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.line_blocks import Block, read_blocks
from chronolect.errors import UserError

ONE = Engine(workers=1)
HEADER = "".join(f"@prefix {name}: <{address}> .\n" for name, address in PREFIXES.items())
FACTS = (
    HEADER
    + r"""
yago:Caf%C3%A9	rdf:type	schema:Organization	.
yago:Elvis_Presley	schema:birthDate	"1935-01-08"^^xsd:date	.
yago:Elvis_Presley	schema:deathDate	"1977-08-16"^^xsd:date	.
yago:Elvis_Presley	schema:gender	yago:Male_gender	.
yago:Elvis_Presley	rdfs:comment	"singer, schema:birthDate \"1900\"^^xsd:gYear"@en	.
yago:IBM	schema:dateCreated	"1911-01-01"^^xsd:dateTime	.
yago:IBM	schema:dateCreated	"1911-06-16T00:00:00Z"^^xsd:dateTime	.
yago:Julius_Caesar	schema:deathDate	"-0043-03-13"^^xsd:date	.
yago:Julius_Caesar	schema:birthDate	"-0099-07"^^xsd:gYearMonth	.
yago:Caf_u00E9___u0028_band_u0029_	schema:dateCreated	"1999"^^xsd:gYear	.
yago:Nowhere	schema:startDate	"1969-02-30"^^xsd:date	.
yago:Nowhere	schema:endDate	"soon"	.
yago:Nowhere	schema:endDate	"soon"^^xsd:date	.
yago:Nowhere	yago:epoch	"2000-05-05"^^xsd:date	.
yago:Nowhere	schema:height	"20.5"^^xsd:decimal	.
"""
)
PAGES = (
    HEADER
    + """\
yago:Elvis_Presley	owl:sameAs	wd:Q303	.\r
yago:Elvis_Presley	schema:mainEntityOfPage	<https://en.wikipedia.org/wiki/Elvis_Presley>	.\r
yago:Elvis_Presley	schema:mainEntityOfPage	<https://zh.wikipedia.org/wiki/Elvis>	.\r
yago:IBM	schema:mainEntityOfPage	"https://en.wikipedia.org/wiki/IBM"^^xsd:anyURI	. # a comment\r
yago:IBM	schema:sameAs	"https://freebase.com/id"	.\r
yago:Julius_Caesar	owl:sameAs	wd:Q1048	.\r
yago:Caf_u00E9___u0028_band_u0029_	schema:mainEntityOfPage	<https://en.wikipedia.org/wiki/Caf%C3%A9_(band)>	.\r
<<	yago:Elvis_Presley	schema:spouse	yago:Priscilla_Presley	>>	schema:startDate	"1967"^^xsd:gYear\r
"""
)


def rows(folder: Path) -> list[dict[str, Any]]:
    parts = sorted(folder.glob("part-*.parquet"))
    assert all(pq.read_schema(part).equals(DATES_SCHEMA) for part in parts)
    return [row for part in parts for row in pq.ParquetFile(part).read().to_pylist()]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    (tmp_path / "facts.ttl").write_text(FACTS, encoding="utf-8", newline="")
    (tmp_path / "pages.ttl.bz2").write_bytes(bz2.compress(PAGES.encode()))
    return [tmp_path / "facts.ttl", tmp_path / "pages.ttl.bz2"]


def test_dates_and_pages_of_different_files_are_joined(files: list[Path], tmp_path: Path) -> None:
    result = dates_from_yago(files, out=tmp_path / "dates", engine=ONE)
    assert [
        (row["entity"], row["qid"], row["title"], row["property"], row["role"], row["edtf"], row["precision"])
        for row in rows(tmp_path / "dates")
    ] == [
        ("Elvis_Presley", "Q303", "Elvis Presley", "schema:birthDate", "start", "1935-01-08", "day"),
        ("Elvis_Presley", "Q303", "Elvis Presley", "schema:deathDate", "end", "1977-08-16", "day"),
        ("IBM", None, "IBM", "schema:dateCreated", "start", "1911", "year"),
        ("IBM", None, "IBM", "schema:dateCreated", "start", "1911-06-16", "day"),
        ("Café_(band)", None, "Café (band)", "schema:dateCreated", "start", "1999", "year"),
    ]
    assert result["dates"] == 5
    assert result[ABOUT_TRIPLES] == 1
    line = FACTS.split("\n").index('yago:IBM	schema:dateCreated	"1911-06-16T00:00:00Z"^^xsd:dateTime	.') + 1
    assert rows(tmp_path / "dates")[3]["reference"] == f"facts.ttl:{line}"
    assert result["problems"] == {"no such day": 1, "not a date": 2}


def test_entities_without_a_page(files: list[Path], tmp_path: Path) -> None:
    dates_from_yago(files, out=tmp_path / "dates", all_entities=True, engine=ONE)
    found = {(row["entity"], row["property"]): row for row in rows(tmp_path / "dates")}
    caesar = found["Julius_Caesar", "schema:deathDate"]
    assert (caesar["qid"], caesar["title"], caesar["edtf"]) == ("Q1048", None, "-0043-03-13")
    assert found["Julius_Caesar", "schema:birthDate"]["edtf"] == "-0099-07"
    assert found["Nowhere", "schema:startDate"]["edtf"] == "1969-02"
    assert ("Nowhere", "yago:epoch") not in found


def test_a_further_property(files: list[Path], tmp_path: Path) -> None:
    dates_from_yago(files, out=tmp_path / "dates", all_entities=True, property=["yago:epoch=start"], engine=ONE)
    assert [(row["role"], row["edtf"]) for row in rows(tmp_path / "dates") if row["property"] == "yago:epoch"] == [
        ("start", "2000-05-05")
    ]
    with pytest.raises(UserError, match="--property epoch"):
        dates_from_yago(files, out=tmp_path / "x", property=["epoch"], engine=ONE)


def test_any_number_of_workers_gives_the_same_bytes(
    files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "read_blocks", lambda files: read_blocks(files, range_bytes=300, block_bytes=300))
    monkeypatch.setattr("chronolect.corpus.sources.line_blocks._CHUNK", 200)
    for name, workers in (("one", 1), ("two", 2)):
        dates_from_yago(files, out=tmp_path / name, all_entities=True, engine=Engine(workers=workers))
    manifests = [read_json(tmp_path / name / "manifest.json") for name in ("one", "two")]
    assert manifests[0]["content_digest"] == manifests[1]["content_digest"]
    assert manifests[0]["counts"] == manifests[1]["counts"]
    assert manifests[0]["counts"]["dates"] == 8


@pytest.mark.parametrize("facts", [["facts.csv"], []])
def test_wrong_files(tmp_path: Path, facts: list[str]) -> None:
    with pytest.raises(UserError, match="expected files of YAGO"):
        dates_from_yago([Path(name) for name in facts], out=tmp_path / "dates", engine=ONE)


def test_no_pages(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="schema:mainEntityOfPage"):
        dates_from_yago(files[:1], out=tmp_path / "dates", engine=ONE)


# The fast way and pyoxigraph's.


class Kept:
    """What a reader writes, without a folder."""

    def __init__(self) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self.problems: list[str] = []

    def row(self, row: dict[str, Any]) -> None:
        self.rows.append(tuple(row.get(name) for name in LINKED_SCHEMA.names if name != "reference"))

    def keep_batch(self, batch: pa.RecordBatch) -> None:
        assert batch.schema.equals(LINKED_SCHEMA)
        for row in batch.to_pylist():
            self.row(row)

    def problem(self, kind: str, problem: Problem) -> None:
        self.problems.append(kind)

    def count(self, name: str, number: int = 1) -> None:
        pass

    def sorted(self) -> list[tuple[Any, ...]]:
        return sorted(self.rows, key=str)


READER = YagoReader(
    {PREFIXES["schema"] + f"{n}Date": (f"schema:{n}Date", "start") for n in ("birth", "death")},
    "https://en.wikipedia.org/wiki/",
)


def all_ways(text: str, folder: Path) -> dict[str, Kept]:
    """As columns between tabs, as columns between blanks, line by line, and by pyoxigraph."""
    file = folder / "facts.ttl"
    file.write_bytes(text.encode())
    block = Block(file, 0, len(text.encode()), 1)
    found = {way: Kept() for way in ("tabs", "blanks", "lines", "pyoxigraph")}
    for way in ("tabs", "blanks"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(columns, "is_tabular", lambda lines, way=way: way == "tabs")
            READER.read_lines(block, PREFIXES, found[way])  # type: ignore[arg-type]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns.Columns, "write", lambda *_: (_ for _ in ()).throw(pa.ArrowInvalid("no text")))
        READER.read_lines(block, PREFIXES, found["lines"])  # type: ignore[arg-type]
    READER.read_whole(file, found["pyoxigraph"])  # type: ignore[arg-type]
    return found


_SUBJECTS = [
    "yago:A",
    "<http://yago-knowledge.org/resource/A_u0028_>",
    r"yago:A\-B",
    "wd:Q5",
    "_:b1",
    "yago:Ł%20",
    "x:y",
    r"<http://e.org/\u00e9>",
]
_PREDICATES = [
    "schema:birthDate",
    "<http://schema.org/deathDate>",
    "schema:birthDate2",
    "owl:sameAs",
    "schema:mainEntityOfPage",
    "a",
    "schema:name",
]
_OBJECTS = [
    '"1935-01-08"^^xsd:date', '"1935"^^xsd:gYear', '"-0043-03-13"^^<http://www.w3.org/2001/XMLSchema#date>', '"1935-13-01"^^xsd:date',
    r'"a \"b\" schema:birthDate \\"', '"""1935"""^^xsd:gYear', "'1935'^^xsd:gYear", '"1935"@en', "wd:Q42", "<https://en.wikipedia.org/wiki/A_%28b%29>",
    r'"https://en.wikipedia.org/wiki/\u0041"^^xsd:anyURI', "1935", "[]", r'"19\u00335"^^xsd:gYear', "yago:B", "true",
    '"x"^^xsd:decimal', '"x"^^schema:t',
]  # fmt: skip
_LINES = st.tuples(
    st.sampled_from(_SUBJECTS),
    st.sampled_from(["\t", "\t", " ", "  "]),
    st.sampled_from(_PREDICATES),
    st.sampled_from(["\t", "\t", " "]),
    st.sampled_from(_OBJECTS),
    st.sampled_from(["\t.", " .", ".", " . # no comment", "\t.\r", '. yago:C schema:birthDate "1900"^^xsd:gYear .']),
).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINES, max_size=6))
def test_all_ways_give_the_same(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    text = "@prefix x: <http://e.org/> .\n" + "".join(line + "\n" for line in lines)
    found = all_ways(text, tmp_path_factory.getbasetemp())
    assert found["tabs"].sorted() == found["blanks"].sorted() == found["lines"].sorted() == found["pyoxigraph"].sorted()
    assert sorted(found["tabs"].problems) == sorted(found["blanks"].problems) == sorted(found["lines"].problems)
    assert set(found["lines"].problems) <= set(found["pyoxigraph"].problems)


def test_the_sample_gives_the_same_in_all_ways(tmp_path: Path) -> None:
    for text in (FACTS, PAGES.replace("<<", "#")):
        found = all_ways(text, tmp_path)
        assert found["tabs"].sorted() == found["blanks"].sorted()
        assert found["tabs"].sorted() == found["lines"].sorted() == found["pyoxigraph"].sorted()
        assert len(found["lines"].rows) >= 4


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "facts.ttl"
    line = b'yago:A\tschema:birthDate\t"1935-01-08"^^xsd:date\t.\n'
    file.write_bytes(line * 20 + b'yago:\xff\tschema:birthDate\t"1936-01-08"^^xsd:date\t.\n' + line)
    kept = Kept()
    READER.read_lines(Block(file, 0, file.stat().st_size, 1), PREFIXES, kept)  # type: ignore[arg-type]
    assert (len(kept.rows), kept.problems) == (21, ["broken Turtle"])


def test_turtle_of_longer_statements_is_read_too(tmp_path: Path) -> None:
    pretty = tmp_path / "pretty.ttl"
    pretty.write_text(
        """\
# no prefixes declared, as in YAGO's samples
yago:Elvis rdf:type schema:Thing, yago:Singer ;
	owl:sameAs wd:Q303 ;
	schema:deathDate "1977"^^xsd:gYear ;
	schema:mainEntityOfPage <https://en.wikipedia.org/wiki/Elvis> .
"""
    )
    dates_from_yago([pretty], out=tmp_path / "dates", engine=ONE)
    (row,) = rows(tmp_path / "dates")
    assert (row["qid"], row["title"], row["edtf"], row["reference"]) == ("Q303", "Elvis", "1977", "pretty.ttl")


def test_broken_turtle_is_a_problem_and_the_rest_goes_on(files: list[Path], tmp_path: Path) -> None:
    broken = files[0].with_name("broken.ttl")
    lines = FACTS.split("\n")
    chance = random.Random(5)
    for number in (15, 16, 18):
        lines[number] = lines[number][: chance.randrange(5, len(lines[number]) - 2)]
    broken.write_text("\n".join(lines), encoding="utf-8")
    result = dates_from_yago([broken, files[1]], out=tmp_path / "dates", engine=ONE)
    assert result["problems"]["broken Turtle"] >= 2
    assert [row["entity"] for row in rows(tmp_path / "dates")].count("IBM") == 1


@pytest.mark.parametrize(
    ("address", "name"),
    [
        (PREFIXES["yago"] + "Elvis_Presley", "Elvis_Presley"),
        (PREFIXES["yago"] + "_u0028_What_u0027_s_the_Story_u0029__Morning", "(What's_the_Story)_Morning"),
        (PREFIXES["yago"] + "Caf_u00E9", "Caf_u00E9"),
        (PREFIXES["yago"] + "A_uD800_B", "A_uD800_B"),
        (PREFIXES["wd"] + "Q42", "Q42"),
        ("http://example.org/x", "http://example.org/x"),
    ],
)
def test_names(address: str, name: str) -> None:
    assert entity_name(address) == name


@pytest.mark.parametrize(
    ("text", "datatype", "edtf", "precision"),
    [
        ("1952-03-11T00:00:00Z", "dateTime", "1952-03-11", "day"),
        ("1952-03-11T00:00:00.000+01:00", "dateTime", "1952-03-11", "day"),
        ("1952-03-11Z", "date", "1952-03-11", "day"),
        ("1952-03-01", "date", "1952-03", "month"),
        ("1952-01-01", "date", "1952", "year"),
        ("1960-01-01", "date", "196X", "decade"),
        ("1901-01-01", "date", "1901/2000", "century"),
        ("1900-01-01", "date", "1801/1909", "century"),
        ("2000-01-01", "date", "1001/2009", "millennium"),
        ("1900", "gYear", "1900", "year"),
        ("-0043", "gYear", "-0043", "year"),
        ("0000-03-04", "date", "0000-03-04", "day"),
        ("-0499-01-01", "date", "-0508/-0400", "century"),
        ("1900-01", "gYearMonth", "1900-01", "month"),
        ("12000-05-05", "date", "Y12000-05-05", "day"),
    ],
)
def test_literals(text: str, datatype: str, edtf: str, precision: str) -> None:
    found = read_literal(text, datatype)
    assert (found.span.edtf(), found.precision) == (edtf, precision)


@pytest.mark.parametrize(
    ("text", "datatype"), [("1952", "date"), ("52", "gYear"), ("1952-13", "gYearMonth"), ("", "date")]
)
def test_bad_literals(text: str, datatype: str) -> None:
    with pytest.raises(BadTime):
        read_literal(text, datatype)
