"""Real pages of the English Wikipedia, April 2016: counted with an XML parser of its own, and looked at for residue of markup."""

import bz2
import os
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from lxml import etree

from chronolect.corpus import read_documents
from chronolect.corpus.sources.wikipedia import import_wikipedia

DATA = (
    Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
    / "enwiki-dump-sample"
)
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the sample of the dump is not there ({DATA})")
RESIDUE = (
    "{{",
    "}}",
    "[[",
    "]]",
    "<ref",
    "File:",
    "Image:",
    "|thumb",
    "{|",
    "|}",
    "'''",
    "&nbsp;",
    "<br",
    "__NOTOC__",
    "\x00",
)


@pytest.fixture(scope="module")
def pages():
    """Title, namespace and redirect of every page, by a parser that shares nothing with the import."""
    found = []
    for file in sorted(DATA.glob("*.bz2")):
        tree = etree.fromstring(
            bz2.decompress(file.read_bytes()), etree.XMLParser(huge_tree=True, resolve_entities=False)
        )
        for page in tree.iterfind("{*}page"):
            redirect = page.find("{*}redirect")
            found.append(
                (
                    page.findtext("{*}title"),
                    int(page.findtext("{*}ns")),
                    int(page.findtext("{*}id")),
                    None if redirect is None else redirect.get("title"),
                    page.findtext("{*}revision/{*}timestamp"),
                    page.findtext("{*}revision/{*}text"),
                )
            )
    return found


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    out = tmp_path_factory.mktemp("wikipedia") / "corpus"
    return import_wikipedia([DATA], out=out), out


def test_counts_are_those_of_the_xml(pages, corpus):
    counts, _ = corpus
    by_namespace = Counter(page[1] for page in pages)
    names = {0: "articles", 4: "Wikipedia"}
    assert counts["pages"] == len(pages) == 211
    assert {key: value for key, value in counts.items() if key.startswith("namespace")} == {
        f"namespace {number} ({names[number]})": count for number, count in by_namespace.items()
    }
    assert counts["redirects"] == sum(page[3] is not None for page in pages)
    assert counts["problems"] == {}
    assert counts["documents"] + counts["dropped"] == sum(page[1] == 0 and page[3] is None for page in pages)


def test_redirects_and_titles_are_those_of_the_xml(pages, corpus):
    _, out = corpus
    rows = pq.read_table(out / "redirects").to_pylist()
    expected = {(page[0], page[3], page[2]) for page in pages if page[3] is not None and page[1] == 0}
    assert {(row["source"], row["target"], row["page_id"]) for row in rows} == expected
    documents = {
        (document.title, document.meta["page_id"], document.meta["timestamp"]) for document in read_documents(out)
    }
    assert documents == {(page[0], page[2], page[4]) for page in pages if page[3] is None and page[1] == 0}


def test_no_residue(corpus):
    left = {
        document.title: [mark for mark in RESIDUE if mark in document.text]
        for document in read_documents(corpus[1])
        if any(mark in document.text for mark in RESIDUE)
    }
    assert left == {}


def test_headings_stand_on_lines_of_their_own(pages, corpus):
    texts = {document.title: document.text for document in read_documents(corpus[1])}
    assert sum(text.count("\n## ") for text in texts.values()) > 500
    for text in texts.values():
        lines = text.split("\n")
        for number, line in enumerate(lines):
            assert "==" not in line or not line.startswith("==")
            if line.startswith("##"):
                assert number == 0 or not lines[number - 1]
                assert not lines[number + 1]
    assert "\n\n## Terrestrial albedo\n\nAlbedos of typical materials" in texts["Albedo"]
    assert not [title for title, text in texts.items() if "## References" in text or "## See also" in text]


def test_words_of_the_first_paragraph_are_kept(corpus):
    texts = {document.title: document.text for document in read_documents(corpus[1])}
    assert texts["Aristotle"].startswith(
        "Aristotle (Ancient Greek: Ἀριστοτέλης, Aristotélēs; 384–322 BC) was a Greek philosopher"
    )
    assert texts["Ayn Rand"].startswith("Ayn Rand (born Alisa Zinov'yevna Rosenbaum, Russian: ")
    assert "February 2 [O.S. January 20] 1905 – March 6, 1982) was a Russian-born" in texts["Ayn Rand"]
    assert texts["Alain Connes"].startswith(
        "Alain Connes (born 1 April 1947) is a French mathematician, currently Professor at"
    )
    assert texts["Asia Minor (disambiguation)"].startswith(
        "Asia Minor is an alternative name for Anatolia, the westernmost"
    )


def test_disambiguation_pages_are_marked(corpus):
    marked = {document.title for document in read_documents(corpus[1]) if document.meta.get("disambiguation")}
    assert marked == {
        "Aa River",
        "Aberdeen (disambiguation)",
        "Ada",
        "Alien",
        "Animal (disambiguation)",
        "Argument (disambiguation)",
        "Asia Minor (disambiguation)",
        "Austin (disambiguation)",
    }


def test_categories_of_births_and_deaths(corpus):
    meta = {document.title: document.meta for document in read_documents(corpus[1])}
    assert {"1809 births", "1865 deaths"} <= set(meta["Abraham Lincoln"]["categories"])
    assert all("|" not in name and "]" not in name for each in meta.values() for name in each["categories"])
