"""A real Gutenberg file from end to end, and real novels set as Gutenberg files: what cleaning loses of them."""

import os
import shutil
import textwrap
from collections import Counter
from pathlib import Path

import pytest
from tests.corpus.sources.gutenberg.library import FOOTERS, HEADERS, catalogue_csv

from chronolect.corpus import read_documents
from chronolect.corpus.filter import filter_corpus
from chronolect.corpus.sources.gutenberg.cleaning import clean
from chronolect.corpus.sources.gutenberg.importing import import_gutenberg
from chronolect.corpus.sources.tei import import_tei

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
SAMPLE, ELTEC = DATA / "gitenberg-sample" / "35.txt", DATA / "eltec-eng" / "level1"
NOVELS = ("ENG18400_Trollope", "ENG18540_Dickens", "ENG18652_Carroll", "ENG18860_Hardy", "ENG19150_Buchan")


@pytest.mark.skipif(not SAMPLE.is_file(), reason=f"the sample is not there ({SAMPLE})")
def test_the_time_machine(tmp_path):
    (tmp_path / "mirror" / "3" / "35").mkdir(parents=True)
    shutil.copy(SAMPLE, tmp_path / "mirror" / "3" / "35" / "35.txt")
    row = {
        "Text#": "35",
        "Title": "The Time Machine",
        "Authors": "Wells, H. G. (Herbert George), 1866-1946",
        "Issued": "2004-10-02",
    }
    (tmp_path / "pg_catalog.csv").write_text(catalogue_csv(row))
    import_gutenberg(tmp_path / "pg_catalog.csv", mirror=tmp_path / "mirror", out=tmp_path / "out")
    (found,) = read_documents(tmp_path / "out")
    assert found.text.startswith(
        "I\n\nThe Time Traveller (for so it will be convenient to speak of him) was expounding a recondite matter to us."
    )
    assert found.text.endswith("gratitude and a mutual tenderness still lived on in the heart of man.")
    assert "gutenberg" not in found.text.lower()
    assert not any(mark in found.text for mark in "_[]*")
    assert len(found.text.split()) == pytest.approx(32_300, abs=50)
    # The file has "[1898]" under its title; the novel is of 1895.
    assert found.written.edtf() == "1866/1898"
    assert filter_corpus(tmp_path / "out", out=tmp_path / "locked", cutoff="1900")["kept"] == 1


@pytest.mark.skipif(not ELTEC.is_dir(), reason=f"the novels are not there ({ELTEC})")
def test_what_cleaning_loses_of_real_prose(tmp_path):
    """Novels wrapped at 72 characters between the project's words come back: of 100,000 words at most five differ, of 1,000 paragraphs two."""
    (tmp_path / "in").mkdir()
    for name in NOVELS:
        shutil.copy(ELTEC / f"{name}.xml.gz", tmp_path / "in")
    import_tei(tmp_path / "in", out=tmp_path / "out")
    words = lost = paragraphs = whole = 0
    headers, footers = list(HEADERS.values()), list(FOOTERS.values())
    for number, document in enumerate(read_documents(tmp_path / "out")):
        set_again = "\n\n".join(_set(paragraph) for paragraph in document.text.split("\n\n"))
        raw = (
            headers[number % len(headers)]
            + f"{document.title.upper()}\n\n\n\n"
            + set_again
            + footers[number % len(footers)]
        )
        found = clean(raw, document.title, document.meta["authors"]).text
        before, after = Counter(document.text.split()), Counter(found.split())
        words += before.total()
        lost += (before - after).total() + (after - before).total()
        kept = {" ".join(paragraph.split()) for paragraph in found.split("\n\n")}
        paragraphs += document.text.count("\n\n") + 1
        whole += sum(" ".join(paragraph.split()) in kept for paragraph in document.text.split("\n\n"))
    assert words > 450_000
    assert lost / words < 5e-5
    assert whole / paragraphs > 0.998


def _set(paragraph: str) -> str:
    """As a typist would: prose wrapped, verse indented."""
    if "\n" in paragraph:
        return textwrap.indent(paragraph, "    ")
    return textwrap.fill(paragraph, 72, break_long_words=False)
