"""Real entities of Wikidata, as they are and with dates of every kind put into them: the two ways of reading a line."""

import gzip
import os
import random
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.corpus.dating.entities import JULIAN, item, statement, time

from chronolect.corpus.dating.table import WIKIDATA_ROLES, DateFact
from chronolect.corpus.dating.wikidata.command import dates_from_wikidata
from chronolect.corpus.dating.wikidata.entities import EntityReader
from chronolect.corpus.engine import Engine

DATA = (
    Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "wikidata-samples"
)
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the samples of Wikidata are not there ({DATA})")
DUMP = "wdtk-examples/src/resources/sample-dump-20150815.json.gz"
ADAMS = "wdtk-wikibaseapi/src/test/resources/wbgetentities-Douglas-Adams.json"


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    """Every entity of the samples, a line each, as its writer wrote it."""
    dumps = [gzip.decompress((DATA / DUMP).read_bytes())]
    dumps += [file.read_bytes() for file in sorted(DATA.rglob("mock-dump*.json"))]
    found = [line.rstrip(b",") for dump in dumps for line in dump.split(b"\n") if len(line) > 2]
    found.append((DATA / "Q22.json").read_bytes().strip())
    api = orjson.loads((DATA / ADAMS).read_bytes())
    return [*found, *(orjson.dumps(entity) for entity in api["entities"].values())]


def dates(reader: EntityReader, line: bytes) -> list[Any]:
    return list(reader.facts(line + b",", 0, len(line) + 1))


def plainly(line: bytes, wiki: str) -> list[tuple[Any, ...]]:
    """Dates with nothing but `orjson.loads`: what a reader is expected to find, before it makes spans of them."""
    entity = orjson.loads(line)
    if entity.get("type") != "item" or wiki not in (entity.get("sitelinks") or {}):
        return []
    title = entity["sitelinks"][wiki]["title"]
    return [
        (entity["id"], title, name, made["id"], made["rank"])
        for name, statements in (entity.get("claims") or {}).items()
        if name in WIKIDATA_ROLES
        for made in statements
        if made["rank"] != "deprecated" and made["mainsnak"]["snaktype"] == "value"
    ]


def found_by(reader: EntityReader, line: bytes) -> list[tuple[Any, ...]]:
    facts = (fact for fact in dates(reader, line) if isinstance(fact, DateFact))
    return [(fact.qid, fact.title, fact.property, fact.reference, fact.rank) for fact in facts]


def test_the_samples(lines: list[bytes]) -> None:
    for wiki in ("enwiki", "frwiki", "dewiki"):
        for everything in (False, True):
            reader = EntityReader(WIKIDATA_ROLES, wiki=wiki, all_entities=everything)
            for line in lines:
                assert dates(reader, line) == list(reader.parsed(line))
                if not everything:
                    assert found_by(reader, line) == plainly(line, wiki)


def test_douglas_adams(tmp_path: Path) -> None:
    entity = orjson.loads((DATA / ADAMS).read_bytes())["entities"]["Q42"]
    (tmp_path / "one.jsonl").write_bytes(orjson.dumps(entity) + b"\n")
    assert dates_from_wikidata([tmp_path / "one.jsonl"], out=tmp_path / "dates", engine=Engine(workers=1))["dates"] == 2
    reader = EntityReader(WIKIDATA_ROLES)
    assert [(f.property, f.span.edtf(), f.title) for f in dates(reader, orjson.dumps(entity))] == [
        ("P569", "1952-03-11", "Douglas Adams"),
        ("P570", "2001-05-11", "Douglas Adams"),
    ]


def test_dates_put_into_the_samples(lines: list[bytes]) -> None:
    """Dates, qualified and not, at random places among the real claims; keys in the order of each writer."""
    chance = random.Random(7)
    values = [
        time("+1952-03-11T00:00:00Z"),
        time("+2000-00-00T00:00:00Z", 7),
        time("-0044-03-15T00:00:00Z", calendar=JULIAN),
        "somevalue",
    ]
    names = [*WIKIDATA_ROLES, "P5690", "P5710", "P5"]
    reader = EntityReader(WIKIDATA_ROLES)
    total = 0
    for line in lines * 3:
        entity = orjson.loads(line)
        if not isinstance(entity.get("claims"), dict):
            continue
        claims = list(entity["claims"].items())
        for name in chance.sample(names, 4):
            qualifiers = {"P1480": [item("Q5727902")], "P577": [time("+1999-00-00T00:00:00Z", 9)]}
            made = [
                statement(name, chance.choice(values), chance.choice(["normal", "deprecated"]), qualifiers)
                for _ in range(chance.randint(1, 3))
            ]
            if b'"rank":"normal","mainsnak"' in line:
                made = [{"rank": one["rank"], **one} for one in made]
            claims.insert(chance.randint(0, len(claims)), (name, made))
        entity["claims"] = dict(claims)
        if isinstance(entity.get("sitelinks"), dict):
            entity["sitelinks"]["enwiki"] = {"site": "enwiki", "title": 'A "title" with {}[]\\', "badges": []}
        text = orjson.dumps(entity)
        assert dates(reader, text) == list(reader.parsed(text))
        assert found_by(reader, text) == plainly(text, "enwiki")
        total += len(found_by(reader, text))
    assert total > 500
