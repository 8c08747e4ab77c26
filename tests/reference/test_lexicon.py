"""The years of the lexicon against dated text: English novels of 1840 to 1920 and the State of the Union addresses."""

import csv
import gzip
import json
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from chronolect.corpus.audit.lexicon import LEXICON, Term, read_terms
from chronolect.corpus.audit.matcher import Matcher, flatten

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
NOVELS, ADDRESSES = DATA / "eltec-eng", DATA / "sotu"
# A year of first use is the year of the oldest print that somebody found: a text may be a little older.
GRACE = 2

Dated = tuple[int, str, str]


def novels() -> Iterator[Dated]:
    """Year of the first edition, name and text of each novel, without the apparatus around its body."""
    with (NOVELS / "ELTeC-eng_metadata.tsv").open(encoding="utf-8", newline="") as table:
        years = {row["filename"]: row["first-edition"] for row in csv.DictReader(table, delimiter="\t")}
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for path in sorted((NOVELS / "level1").glob("*.xml.gz")):
        year = years[path.name.removesuffix(".xml.gz")]
        if not year.isdigit():  # "NA"
            continue
        with gzip.open(path) as file:
            body = etree.parse(file, parser).find(".//{*}text/{*}body")
        yield int(year), path.name, " ".join("".join(body.itertext()).split())


def addresses() -> Iterator[Dated]:
    for path in sorted(ADDRESSES.glob("*.json")):
        speech = json.loads(path.read_text(encoding="utf-8"))
        yield int(speech["year"]), path.name, " ".join(speech["text"].split())


@pytest.fixture(scope="module")
def terms() -> list[Term]:
    return [term for path in sorted(LEXICON.glob("words-*.tsv")) for term in read_terms(path)]


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param(
            novels, marks=pytest.mark.skipif(not NOVELS.is_dir(), reason=f"the novels are not there ({NOVELS})")
        ),
        pytest.param(
            addresses,
            marks=pytest.mark.skipif(not ADDRESSES.is_dir(), reason=f"the addresses are not there ({ADDRESSES})"),
        ),
    ],
)
def test_no_term_stands_in_a_text_older_than_its_year(terms, texts):
    matcher = Matcher(terms, [], [], limit=0)
    early = defaultdict(set)
    seen = set()
    for year, name, text in texts():
        for hit in matcher(flatten(text)):
            seen.add(hit.term)
            if hit.year is not None and hit.year > year + GRACE:
                early[hit.term, hit.year].add((year, name, text[hit.start - 30 : hit.end + 30]))
    assert dict(early) == {}
    assert len(seen) > 300  # the texts do use the words


@pytest.mark.skipif(not (NOVELS.is_dir() and ADDRESSES.is_dir()), reason=f"the dated texts are not there ({DATA})")
def test_terms_with_a_rare_older_sense_are_rare_before_their_year():
    """The lists more-*.tsv hold terms that an older text may have by chance; hardly any has, and none of them often."""
    terms = [term for path in sorted(LEXICON.glob("more-*.tsv")) for term in read_terms(path)]
    matcher = Matcher(terms, [], [], limit=0)
    early: Counter[str] = Counter()
    for year, _, text in (*novels(), *addresses()):
        early.update(hit.term for hit in matcher(flatten(text)) if hit.year is not None and hit.year > year + GRACE)
    assert len(terms) > 20_000
    assert max(early.values(), default=0) <= 3, early.most_common(5)
    assert early.total() <= 40, early


@pytest.mark.skipif(not ADDRESSES.is_dir(), reason=f"the addresses are not there ({ADDRESSES})")
def test_late_addresses_use_late_words(terms):
    matcher = Matcher(terms, [], [], limit=1945)
    found = {name: {hit.term for hit in matcher(flatten(text))} for year, name, text in addresses() if year >= 2000}
    assert {name for name, hits in found.items() if not hits} == set()
