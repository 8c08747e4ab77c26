"""Quality steps on real text: copies planted among the State of the Union addresses, spoilt pages of ELTeC's novels, chunks of both."""

import gzip
import json
import os
import random
import re
from pathlib import Path

import pyarrow.dataset as ds
import pytest
from lxml import etree

from chronolect.corpus import CorpusWriter, Document, read_documents
from chronolect.corpus.chunking import Splitter
from chronolect.corpus.document import DROPPED
from chronolect.corpus.engine import Engine
from chronolect.corpus.quality.boilerplate import marks
from chronolect.corpus.quality.dedup import dedup_corpus
from chronolect.corpus.quality.language import identify
from chronolect.corpus.quality.ocr import ocr_score
from chronolect.corpus.quality.reflow import unwrap
from chronolect.corpus.quality.repetition import repetition
from chronolect.timeline import Span

DATA = Path(os.environ.get("CHRONOLECT_REFERENCE_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"the reference data are not there ({DATA})")
NGRAM = 5


@pytest.fixture(scope="module")
def speeches() -> list[str]:
    return [json.loads(path.read_text(encoding="utf-8"))["text"] for path in sorted((DATA / "sotu").glob("*.json"))]


@pytest.fixture(scope="module")
def novels() -> list[str]:
    """The prose of six novels."""
    found = []
    for path in sorted((DATA / "eltec-eng" / "level1").glob("*.xml.gz"))[::17]:
        with gzip.open(path) as file:
            tree = etree.parse(file)
        paragraphs = tree.iterfind(".//{*}body//{*}p")
        found.append("\n\n".join(" ".join("".join(p.itertext()).split()) for p in paragraphs))
    return found


def edited(draw: random.Random, text: str) -> str:
    """As reprints differ: words changed, left out and added, letters misread, lines broken anew."""
    words = text.split()
    for _ in range(draw.randint(1, max(1, len(words) // 50))):
        place = draw.randrange(len(words))
        match draw.randrange(4):
            case 0:
                words[place] = draw.choice(words)
            case 1:
                del words[place]
            case 2:
                words.insert(place, draw.choice(words))
            case 3:
                words[place] = words[place].replace("h", "b").replace("e", "c")
    return "\n".join(" ".join(words[i : i + 11]) for i in range(0, len(words), 11)).swapcase()


def ngrams(text: str) -> set[str]:
    words = re.findall(r"[^\W_]+", text.lower())
    return {" ".join(words[i : i + NGRAM]) for i in range(max(1, len(words) - NGRAM + 1))}


def jaccard(a: str, b: str) -> float:
    first, second = ngrams(a), ngrams(b)
    return len(first & second) / len(first | second)


def test_edited_copies_among_real_paragraphs(speeches, novels, tmp_path):
    """Recall and precision at 0.8, truth by exact Jaccard."""
    draw = random.Random(0)
    originals = [
        (" ".join(words[i : i + 180]), year)
        for text, year in [(t, 1800) for t in speeches[::4]] + [(t, 1870) for t in novels]
        for words in [text.split()[:36_000]]
        for i in range(0, len(words) - 180, 180)
    ]
    copies: dict[str, float] = {}
    documents = []
    for number, (text, year) in enumerate(originals):
        documents.append(Document(id=f"{number}", text=text, written=Span.year(year)))
        if number % 5 == 0:
            other = edited(draw, text)
            copies[f"{number}-copy"] = jaccard(text, other)
            documents.append(Document(id=f"{number}-copy", text=other, written=Span.year(year + 40)))
    draw.shuffle(documents)
    with CorpusWriter(tmp_path / "corpus") as writer:
        for document in documents:
            writer.write(document)
    dedup_corpus(tmp_path / "corpus", out=tmp_path / "out", engine=Engine(workers=1))
    rows = ds.dataset(sorted((tmp_path / "out" / DROPPED).glob("*.parquet"))).to_table(columns=["id", "reason"])
    found = {row["id"]: row["reason"] for row in rows.to_pylist()}
    true = {id for id, score in copies.items() if score >= 0.8}
    recall = len(true & set(found)) / len(true)
    precision = len(set(found) & {id for id, score in copies.items() if score >= 0.74}) / len(found)
    print(
        f"{len(documents):,} documents, {len(true)} copies at 0.8: recall {recall:.3f}, precision {precision:.3f} (truth at 0.74)"
    )
    assert len(true) > 200
    assert recall >= 0.93
    assert precision >= 0.97
    named = {id: found[id].partition(": of ")[2].partition(",")[0] for id in true & set(found)}
    assert all(original == id.removesuffix("-copy") for id, original in named.items()), "the original stays"
    clear = {id for id, score in copies.items() if score >= 0.88}
    assert len(clear & set(found)) / len(clear) >= 0.99


def test_real_text_passes_the_filters(speeches, novels):
    for text in novels:
        ((language, score),) = identify([text])
        assert (language, score > 0.9) == ("en", True)
        assert (ocr_score(text) or 0) > 0.985
        assert repetition(text) is None
        assert len(marks(text)) <= 2
    assert all(repetition(text) is None for text in speeches[::10])
    assert min(ocr_score(text) or 0 for text in speeches) > 0.95


def test_spoilt_pages_are_told_from_good_ones(novels):
    """Letters misread at 3 in 100: every page of it scores below nearly every good one."""
    draw = random.Random(0)
    confused = {
        "h": "b",
        "e": "c",
        "m": "rn",
        "n": "u",
        "l": "1",
        "i": "l",
        "o": "0",
        "s": "f",
        "a": "n",
        "w": "vv",
        "d": "cl",
    }
    good, bad = [], []
    for text in novels:
        for start in range(50_000, min(len(text), 150_000) - 4000, 4000):
            page = text[start : start + 4000]
            worse = "".join(confused.get(c, c) if draw.random() < 0.03 else c for c in page)
            good.append(ocr_score(page) or 0)
            bad.append(ocr_score(worse) or 0)
    limit = 0.975
    kept, caught = sum(s >= limit for s in good) / len(good), sum(s < limit for s in bad) / len(bad)
    print(f"{len(good)} pages: {kept:.3f} of the good kept, {caught:.3f} of the spoilt caught at {limit}")
    assert kept >= 0.97
    assert caught >= 0.97


def test_chunks_of_novels_give_back_the_text(novels):
    for text in novels:
        for splitter in (Splitter(4000, "chars"), Splitter(200, "words", method="sentence")):
            end = 0
            pieces = splitter(text)
            for start, last in pieces:
                assert not text[end:start].strip()
                end = last
            assert not text[end:].strip()
            counts = splitter.count([text[start:last] for start, last in pieces])
            assert max(counts) <= splitter.size
            assert sum(counts) / len(counts) > 0.75 * splitter.size, "and they are well filled"


def test_wrapped_book_is_unwrapped():
    text = (DATA / "gitenberg-sample" / "35.txt").read_text(encoding="utf-8")
    found = unwrap(text)
    assert "began Filby, 'is all--'" in found
    assert "'It's against reason,' said Filby.\n\n'What reason?' said the Time Traveller." in found
    lines = [line for line in found.split("\n") if line]
    assert sum(len(line) > 200 for line in lines) > 200
    assert text.split() == found.split(), "no word is changed"


def test_read_back(tmp_path, novels):
    """What `dedup` keeps of texts without copies is what went in."""
    with CorpusWriter(tmp_path / "corpus") as writer:
        for number, text in enumerate(novels):
            writer.write(Document(id=str(number), text=text))
    counts = dedup_corpus(tmp_path / "corpus", out=tmp_path / "out", engine=Engine(workers=1))
    assert counts["dropped"] == 0
    assert [document.text for document in read_documents(tmp_path / "out")] == novels
