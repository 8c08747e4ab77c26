"""The audit on real text: anachronisms planted in novels and addresses from before 1901, and the same texts without them."""

import os
from collections import Counter
from pathlib import Path

import pytest
from benchmarks.audit_quality import clean_documents, false_alarms, found_plants

from chronolect.corpus.audit.lexicon import load_terms
from chronolect.corpus.audit.marks import load_marks
from chronolect.corpus.audit.matcher import Matcher

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
NEEDED = [DATA / "eltec-eng", DATA / "sotu"]
pytestmark = pytest.mark.skipif(
    not all(folder.is_dir() for folder in NEEDED), reason=f"the novels or addresses are not there ({DATA})"
)


@pytest.fixture(scope="module")
def documents(tmp_path_factory):
    found = clean_documents(DATA, tmp_path_factory.mktemp("audit"))
    counts = Counter(document.source for document in found)
    assert counts["novels"] > 70
    assert counts["addresses"] > 100
    return found


@pytest.fixture(scope="module")
def matcher():
    return Matcher(load_terms(), load_marks(), (), 1900)


def test_plants_are_found(documents, matcher):
    rows = found_plants(documents, matcher)
    assert len(rows) >= 200
    for chosen, floor in ((("date", "mark"), 0.95), (None, 0.94)):
        found = [bool(kinds) for plant, kinds in rows if chosen is None or plant["kind"] in chosen]
        assert sum(found) / len(found) >= floor, chosen


def test_false_alarms_are_few(documents, matcher):
    words, alarms = false_alarms(documents, matcher)
    assert words > 10_000_000
    counts = Counter((document.source, hit.kind) for document, hit in alarms)
    # Loans that fall due after 1900 are in the addresses of McKinley, a forecast of the population in one of Lincoln's: no false alarms in truth.
    assert counts["novels", "date"] <= 2
    assert counts["addresses", "date"] <= 25
    assert counts["novels", "mark"] + counts["addresses", "mark"] <= 2
    assert counts["novels", "future"] + counts["addresses", "future"] <= 5
    assert (counts["novels", "word"] + counts["addresses", "word"]) * 1e6 / words <= 2
