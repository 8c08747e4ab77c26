"""No name of the lists stands in a text that is older than it: English novels of 1840 to 1920, and the State of the Union addresses."""

import csv
import gzip
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from chronolect.corpus.audit.lexicon import LEXICON, read_terms
from chronolect.corpus.audit.matcher import Matcher, flatten

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
NOVELS, ADDRESSES = DATA / "eltec-eng", DATA / "sotu"
pytestmark = pytest.mark.skipif(
    not (NOVELS.is_dir() and ADDRESSES.is_dir()), reason=f"the novels and the addresses are not there ({DATA})"
)


def addresses() -> Iterator[tuple[str, int, str]]:
    for path in sorted(ADDRESSES.glob("*.json")):
        address = json.loads(path.read_text(encoding="utf-8"))
        yield path.name, address["year"], address["text"]


def novels() -> Iterator[tuple[str, int, str]]:
    with open(NOVELS / "ELTeC-eng_metadata.tsv", encoding="utf-8", newline="") as table:
        years = {row["filename"]: row for row in csv.DictReader(table, delimiter="\t")}
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    for path in sorted((NOVELS / "level1").glob("*.xml.gz")):
        row = years[path.name.removesuffix(".xml.gz")]
        year = row["first-edition"] if row["first-edition"].isdigit() else row["reference-year"]
        root = etree.fromstring(gzip.decompress(path.read_bytes()), parser)
        yield path.name, int(year), " ".join(" ".join(root.find(".//{*}text/{*}body").itertext()).split())


@pytest.mark.parametrize(("texts", "least"), [(novels, 1), (addresses, 500)], ids=["novels", "addresses"])
def test_no_name_stands_in_an_older_text(texts, least):
    matcher = Matcher([term for path in sorted(LEXICON.glob("names-*.tsv")) for term in read_terms(path)], (), (), 1800)
    early, timely = [], 0
    for name, year, text in texts():
        for hit in matcher(flatten(text)):
            if hit.year > year + 1:
                early.append((name, hit.term, hit.year))
            else:
                timely += 1
    assert early == []
    assert timely >= least
