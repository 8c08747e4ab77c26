import bz2
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import zstandard
from tests.corpus.dating.entities import dump, entity, line, statement, time

from chronolect.artifacts import read_json
from chronolect.corpus.dating.table import DATES_SCHEMA
from chronolect.corpus.dating.wikidata import command
from chronolect.corpus.dating.wikidata.command import dates_from_wikidata
from chronolect.corpus.engine import Engine
from chronolect.corpus.sources import line_blocks
from chronolect.corpus.sources.line_blocks import read_blocks
from chronolect.errors import UserError

ONE = Engine(workers=1)
PACK = {".bz2": bz2.compress, ".gz": gzip.compress, ".zst": zstandard.ZstdCompressor().compress, "": bytes}


def people(number: int) -> list[dict[str, Any]]:
    born = [statement("P569", time(f"+{1800 + i % 200}-0{i % 9 + 1}-11T00:00:00Z")) for i in range(number)]
    return [entity(f"Q{i + 1}", {"P569": [born[i]]}, f"Person {i}") for i in range(number)]


def rows(folder: Path) -> list[dict[str, Any]]:
    parts = sorted(folder.glob("part-*.parquet"))
    assert all(pq.read_schema(part).equals(DATES_SCHEMA) for part in parts)
    return [row for part in parts for row in pq.ParquetFile(part).read().to_pylist()]


@pytest.mark.parametrize("packing", PACK)
def test_a_dump_becomes_a_table(tmp_path: Path, packing: str) -> None:
    file = tmp_path / f"latest-all.json{packing}"
    file.write_bytes(PACK[packing](dump(*people(50), entity("Q99", {"P569": [statement("P569", "somevalue")]}, "U"))))
    result = dates_from_wikidata([file], out=tmp_path / "dates", engine=ONE)
    assert (result["dates"], result["unknown values"], result["problems"]) == (50, 1, {})
    found = rows(tmp_path / "dates")
    assert [row["entity"] for row in found] == [f"Q{i + 1}" for i in range(50)]
    assert found[3] == {
        "entity": "Q4",
        "qid": "Q4",
        "title": "Person 3",
        "page_id": None,
        "property": "P569",
        "role": "start",
        "earliest": found[3]["earliest"],
        "latest": found[3]["earliest"],
        "edtf": "1803-04-11",
        "precision": "day",
        "calendar": "gregorian",
        "rank": "normal",
        "qualifiers": None,
        "kind": "wikidata",
        "reference": "Q1$P569-+1803-04-11T00:00:00Z",
    }
    assert sorted(path.name for path in (tmp_path / "dates").iterdir()) == ["manifest.json", "part-00000.parquet"]


def test_bad_lines_are_counted_and_the_rest_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_blocks, "_CHUNK", 10_000)
    monkeypatch.setattr(
        command, "read_blocks", lambda files: read_blocks(files, range_bytes=40_000, line_bytes=200_000)
    )
    good = people(3)
    bad = entity("Q7", {"P569": [statement("P569", time("+1969-02-30T00:00:00Z"))]}, "Thirtieth")
    zero = entity("Q8", {"P569": [statement("P569", time("+0000-01-01T00:00:00Z"))]}, "Zero")
    far = entity("Q9", {"P577": [statement("P577", time("+99999999-00-00T00:00:00Z", 9))]}, "Far")
    part = entity("Q10", {"P569": [{"rank": "normal"}]}, "Part")
    huge = entity("Q11", {}, "Huge", filler="x" * 500_000)
    lines = [*map(line, (good[0], bad, zero)), line(good[1])[:-30], line(far), b"\xff\xfe", line(part), line(huge)]
    file = tmp_path / "dump.json"
    file.write_bytes(b"[\n" + b",\n".join([*lines, line(good[2])]) + b"\n]\n")
    result = dates_from_wikidata([file], out=tmp_path / "dates", engine=ONE)
    assert result["problems"] == {
        "broken line": 2,
        "line too long": 1,
        "missing part": 1,
        "no such day": 1,
        "year 0": 1,
    }
    found = {row["title"]: row["edtf"] for row in rows(tmp_path / "dates")}
    assert found == {
        "Person 0": "1800-01-11",
        "Thirtieth": "1969-02",
        "Far": "Y5000000-12-31/..",
        "Person 2": "1802-03-11",
    }
    listed = read_json(tmp_path / "dates" / "manifest.json")["counts"]["problem_list"]
    assert f"{file}:5: broken JSON" in "\n".join(listed)


def test_a_cut_off_dump_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    packed = bz2.compress(dump(*people(2_000)), 1)
    file = tmp_path / "dump.json.bz2"
    file.write_bytes(packed[: len(packed) * 3 // 4])
    result = dates_from_wikidata([file], out=tmp_path / "dates", engine=ONE)
    assert 100 < result["dates"] < 2_000
    assert result["problems"]["damaged file"] == 1


def test_any_number_of_workers_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        command, "read_blocks", lambda files: read_blocks(files, range_bytes=60_000, block_bytes=60_000)
    )
    text = dump(*people(800))
    (tmp_path / "a.json").write_bytes(text)
    (tmp_path / "b.json.gz").write_bytes(gzip.compress(text))
    for name, workers in (("one", 1), ("two", 2)):
        dates_from_wikidata(
            [tmp_path / "a.json", tmp_path / "b.json.gz"], out=tmp_path / name, engine=Engine(workers=workers)
        )
    digests = [read_json(tmp_path / name / "manifest.json")["content_digest"] for name in ("one", "two")]
    assert digests[0] == digests[1]
    assert len(rows(tmp_path / "one")) == 1_600


def test_a_run_that_was_cut_short_goes_on_and_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "read_blocks", lambda files: read_blocks(files, range_bytes=60_000))
    monkeypatch.setattr(line_blocks, "_CHUNK", 20_000)
    file = tmp_path / "dump.json"
    file.write_bytes(dump(*people(300)))
    dates_from_wikidata([file], out=tmp_path / "whole", engine=ONE)
    read, times = command.EntityReader.facts, 0

    def facts(self: command.EntityReader, *place: Any) -> Any:
        nonlocal times
        times += 1
        if times == 200:
            raise MemoryError
        return read(self, *place)

    monkeypatch.setattr(command.EntityReader, "facts", facts)
    with pytest.raises(MemoryError):
        dates_from_wikidata([file], out=tmp_path / "dates", engine=ONE)
    assert not (tmp_path / "dates").exists()
    dates_from_wikidata([file], out=tmp_path / "dates", engine=ONE)
    assert times - 200 < 250  # of 302 lines
    digests = [read_json(tmp_path / name / "manifest.json")["content_digest"] for name in ("whole", "dates")]
    assert digests[0] == digests[1]


def test_more_properties(tmp_path: Path) -> None:
    own = [statement("P12345", time("+1888-00-00T00:00:00Z", 9)), statement("P12345", time("+1889-00-00T00:00:00Z", 9))]
    file = tmp_path / "lines.jsonl"
    file.write_bytes(line(entity("Q1", {"P12345": own, "P577": own}, "One")) + b"\n")
    dates_from_wikidata([file], out=tmp_path / "d", property=["P12345=start", "P577=end"], engine=ONE)
    assert [(row["property"], row["role"]) for row in rows(tmp_path / "d")] == [("P12345", "start")] * 2 + [
        ("P577", "end")
    ] * 2
    with pytest.raises(UserError, match="--property birth"):
        dates_from_wikidata([file], out=tmp_path / "e", property=["birth"], engine=ONE)
    with pytest.raises(UserError, match="--property P1=middle"):
        dates_from_wikidata([file], out=tmp_path / "e", property=["P1=middle"], engine=ONE)


def test_wrong_inputs(tmp_path: Path) -> None:
    file = tmp_path / "dump.json"
    file.write_bytes(dump(*people(2)))
    with pytest.raises(UserError, match=r"no dates of entities with a page in frwiki"):
        dates_from_wikidata([file], out=tmp_path / "dates", wiki="frwiki", engine=ONE)
    with pytest.raises(UserError, match=r"--wiki en: expected"):
        dates_from_wikidata([file], out=tmp_path / "dates", wiki="en", engine=ONE)
    with pytest.raises(UserError, match=r"expected a dump as \.json or \.nt"):
        dates_from_wikidata([tmp_path / "dump.ttl"], out=tmp_path / "dates", engine=ONE)
    assert not (tmp_path / "dates").exists()


TRIPLES = """\
<http://www.wikidata.org/entity/Q42> <http://www.wikidata.org/prop/direct/P569> "1952-03-11T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
<http://www.wikidata.org/entity/Q42> <http://www.wikidata.org/prop/direct/P5690> "1999-03-11T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
<http://www.wikidata.org/entity/Q43> <http://www.wikidata.org/prop/direct/P571> "1900-01-01T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
<http://www.wikidata.org/entity/Q42> <http://www.wikidata.org/prop/direct/P570> <http://www.wikidata.org/.well-known/genid/a1> .
<http://www.wikidata.org/entity/Q42> <http://www.w3.org/2000/01/rdf-schema#label> "\\"1999\\"^^<http://www.w3.org/2001/XMLSchema#dateTime> ."@en .

<http://www.wikidata.org/entity/Q44> <http://www.wikidata.org/prop/direct/P569> "-0043-03-13T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime>.
# A comment
<http://www.wikidata.org/entity/Q44> <http://www.wikidata.org/prop/direct/P570> "1969-02-30T00:00:00Z"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
<http://www.wikidata.org/entity/Q44> <http://www.wikidata.org/prop/direct/P570> "nonsense"^^<http://www.w3.org/2001/XMLSchema#dateTime> .
<http://www.wikidata.org/entity/Q44> <http://www.wikidata.org/prop/direct/P577> "1969-0
<https://en.wikipedia.org/wiki/Douglas_Adams> <http://schema.org/about> <http://www.wikidata.org/entity/Q42> .
<https://de.wikipedia.org/wiki/Q43> <http://schema.org/about> <http://www.wikidata.org/entity/Q43> .
<https://en.wikipedia.org/wiki/Caf%C3%A9> <http://schema.org/about> <http://www.wikidata.org/entity/Q44> .
"""


def test_truthy_triples(tmp_path: Path) -> None:
    file = tmp_path / "latest-truthy.nt.bz2"
    file.write_bytes(bz2.compress(TRIPLES.encode()))
    result = dates_from_wikidata([file], out=tmp_path / "dates", engine=ONE)
    assert (result["dates"], result["unknown values"]) == (3, 1)
    assert result["problems"] == {"broken line": 1, "no such day": 1, "not a date": 1}
    assert [(row["qid"], row["title"], row["edtf"], row["precision"]) for row in rows(tmp_path / "dates")] == [
        ("Q42", "Douglas Adams", "1952-03-11", "day"),
        ("Q44", "Café", "-0043-03-13", "day"),
        ("Q44", "Café", "1969-02", "month"),
    ]
    assert rows(tmp_path / "dates")[0]["reference"] == "latest-truthy.nt.bz2:1"
    dates_from_wikidata([file], out=tmp_path / "all", all_entities=True, engine=ONE)
    assert [(row["qid"], row["edtf"]) for row in rows(tmp_path / "all") if row["title"] is None] == [
        ("Q43", "1801/1909")  # the year, its decade, or "19th century"
    ]


def test_the_table_reads_as_json(tmp_path: Path) -> None:
    file = tmp_path / "one.json"
    made = statement("P569", time("+1850-00-00T00:00:00Z", 9), qualifiers={"P1326": [time("+1853-00-00T00:00:00Z", 9)]})
    file.write_bytes(dump(entity("Q1", {"P569": [made]}, "One")))
    dates_from_wikidata([file], out=tmp_path / "dates", engine=ONE)
    (row,) = rows(tmp_path / "dates")
    assert json.loads(row["qualifiers"]) == {"P1326": ["1853"]}
