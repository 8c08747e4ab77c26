"""ELTeC's 99 English novels against their own metadata and markup."""

import csv
import gzip
import os
import re
from pathlib import Path
from statistics import median

import pytest

from chronolect.corpus import read_documents
from chronolect.corpus.sources.tei import import_tei
from chronolect.corpus.sources.tei_xml import Reading, read_tei
from chronolect.timeline.calendar import year_of

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data")) / "eltec-eng"
METADATA = DATA / "ELTeC-eng_metadata.tsv"
POSTHUMOUS = {"ENG18570_Bronte", "ENG18741_Bulwer", "ENG18972_Morris"}
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the novels are not there ({DATA})")


@pytest.fixture(scope="module")
def rows():
    with open(METADATA, encoding="utf-8", newline="") as file:
        return {row["filename"]: row for row in csv.DictReader(file, delimiter="\t")}


@pytest.fixture(scope="module")
def novels(tmp_path_factory):
    out = tmp_path_factory.mktemp("eltec") / "corpus"
    counts = import_tei(DATA / "level1", metadata=METADATA, out=out)
    assert counts["documents"] == counts["texts"] == 99
    assert counts["undated"] == counts["contradictory dates"] == 0
    # One novel of the table is not in this copy of the collection.
    assert counts["problems"] == {"rows without a file": 1}
    return {document.id: document for document in read_documents(out)}


def test_years_are_those_of_the_table(novels, rows):
    for name, novel in novels.items():
        year = int(rows[name]["reference-year"])
        published = [piece for piece in novel.evidence if piece.kind in ("header", "catalogue")]
        assert len(published) == 2
        assert {year_of(piece.span.latest) for piece in published} == {year}, name
        if name in POSTHUMOUS:
            assert year_of(novel.written.latest) == int(rows[name]["author-death"]) < year
        else:
            assert novel.written.edtf() == str(year), name


def test_lives_are_those_of_the_table(novels, rows):
    for name, novel in novels.items():
        (life,) = (piece.span for piece in novel.evidence if piece.kind == "author-life")
        assert (life.edtf()) == f"{rows[name]['author-birth']}/{rows[name]['author-death']}", name


def test_word_counts(novels, rows):
    """The table's own counts are rough (Bleak House is 8 % short of its file); half of ours are within 0.2 % of them, nine in ten within 3 %."""
    off = {name: abs(len(novel.text.split()) / int(rows[name]["numwords"]) - 1) for name, novel in novels.items()}
    assert median(off.values()) < 0.002
    assert sum(share < 0.03 for share in off.values()) >= 90
    assert max(off.values()) < 0.12


@pytest.mark.parametrize("name", ["ENG18530_Dickens", "ENG18652_Carroll", "ENG19180_Lewis"])
def test_nothing_is_lost_against_the_bare_markup(name):
    with gzip.open(DATA / "level1" / f"{name}.xml.gz") as stream:
        (found,) = read_tei(stream, Reading(front=True, notes=True))
    raw = gzip.decompress((DATA / "level1" / f"{name}.xml.gz").read_bytes()).decode()
    bare = re.sub(r"<[^>]+>", " ", raw[raw.index("<text") :])
    assert len(found.sections[0].text.split()) == pytest.approx(
        len(bare.split()), rel=0.005
    )  # tags inside words split them there


def test_no_markup_and_no_notes_are_left(novels):
    for name, novel in novels.items():
        assert not re.search(r"</?\w|\[\d+\]", novel.text), name
        assert "ELTeC" not in novel.title


def test_chapters_hold_the_whole_text(novels, tmp_path):
    import_tei(DATA / "level1" / "ENG18860_Hardy.xml.gz", out=tmp_path / "out", unit="chapter")
    chapters = list(read_documents(tmp_path / "out"))
    assert len(chapters) == 45
    assert "\n\n".join(chapter.text for chapter in chapters) == novels["ENG18860_Hardy"].text
