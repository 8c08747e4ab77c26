import random
import subprocess
import sys

import pytest

from chronolect.artifacts import digest_tree
from chronolect.corpus import Document, read_documents
from chronolect.corpus.document import DROPPED
from chronolect.corpus.engine import Engine
from chronolect.corpus.quality.dedup import dedup_corpus
from chronolect.errors import UserError
from chronolect.timeline import Span

ALONE = Engine(workers=1)


def some_text(draw: random.Random, words: int = 120) -> str:
    return " ".join(f"w{draw.randrange(3000)}" for _ in range(words))


def edited(draw: random.Random, text: str, edits: int) -> str:
    words = text.split()
    for _ in range(edits):
        words[draw.randrange(len(words))] = f"new{draw.random()}"
    return " ".join(words)


def ids(folder):
    return [document.id for document in read_documents(folder)]


def reasons(out):
    import pyarrow.dataset as ds

    rows = ds.dataset(sorted((out / DROPPED).glob("*.parquet"))).to_table(columns=["id", "reason"]).to_pylist()
    return {row["id"]: row["reason"] for row in rows}


def test_first_publication_stays_then_the_smallest_id(make_corpus, tmp_path):
    text = some_text(random.Random(0))
    corpus = make_corpus(
        [
            Document(id="undated", text=text),
            Document(id="reprint", text=text.upper(), written=Span.year(1905)),
            Document(id="c", text=text + "\n", written=Span.year(1850)),
            Document(id="b", text=text, written=Span.year(1850), meta={"shelf": 3}),
            Document(id="vague", text=text, written=Span.year(1800, 1900)),
            Document(id="other", text=some_text(random.Random(1))),
        ]
    )
    counts = dedup_corpus(corpus, out=tmp_path / "out", engine=ALONE)
    assert counts == {"documents": 2, "dropped": 4, "dropped_by": {"exact duplicate": 4}, "problems": {}}
    assert ids(tmp_path / "out") == ["b", "other"]
    assert next(read_documents(tmp_path / "out")).meta == {"shelf": 3, "copies": 5}
    assert reasons(tmp_path / "out") == dict.fromkeys(["undated", "reprint", "c", "vague"], "exact duplicate: of b")


def test_near_copies_name_the_one_that_stays(make_corpus, tmp_path):
    draw = random.Random(2)
    text = some_text(draw, 300)
    near = edited(draw, text, 4)
    corpus = make_corpus(
        [
            Document(id="near", text=near, written=Span.year(1900)),
            Document(id="first", text=text, written=Span.year(1890)),
            Document(id="near-copy", text=near + " ", written=Span.year(1910)),
            Document(id="far", text=edited(draw, text, 120)),
        ]
    )
    assert dedup_corpus(corpus, out=tmp_path / "exact", exact_only=True, engine=ALONE)["dropped"] == 1
    dedup_corpus(corpus, out=tmp_path / "out", engine=ALONE)
    assert ids(tmp_path / "out") == ["first", "far"]
    found = reasons(tmp_path / "out")
    assert set(found) == {"near", "near-copy"}
    assert found["near"] == found["near-copy"], "a copy of a near copy goes with it"
    assert found["near"].startswith("near duplicate: of first, similarity 0.")


def test_similarity_does_not_drift_along_a_chain(make_corpus, tmp_path):
    """Each text is like the one before it, the last is nothing like the first: it stays, or names one that is like it."""
    draw = random.Random(3)
    text = some_text(draw, 400)
    chain = []
    for number in range(40):
        chain.append(Document(id=f"{number:02d}", text=text, written=Span.year(1800 + number)))
        words = text.split()
        start = 8 * number
        words[start : start + 8] = [f"n{draw.random()}" for _ in range(8)]
        text = " ".join(words)
    dedup_corpus(make_corpus(chain), out=tmp_path / "out", engine=ALONE)
    kept = ids(tmp_path / "out")
    assert 3 <= len(kept) < 40
    for reason in reasons(tmp_path / "out").values():
        assert float(reason.rpartition(" ")[2]) >= 0.8
        assert reason.partition(": of ")[2].partition(",")[0] in kept


def planted(count: int = 400):
    """Texts, and for every fourth an edited copy; whether the copy is above the threshold is told by its exact Jaccard."""
    draw = random.Random(4)
    documents, copies = [], {}
    for number in range(count):
        text = some_text(draw, draw.randint(80, 200))
        documents.append(Document(id=f"{number:04d}", text=text, written=Span.year(1850)))
        if number % 4 == 0:
            other = edited(draw, text, draw.choice([1, 1, 2, 3, 8, 14]))
            documents.append(Document(id=f"{number:04d}-x", text=other, written=Span.year(1860)))
            copies[f"{number:04d}-x"] = (text, other)
    draw.shuffle(documents)
    return documents, copies


def test_planted_copies_are_found_and_nothing_else(make_corpus, tmp_path):
    from chronolect.corpus.quality.words import ngram_hashes, word_hashes

    def jaccard(pair):
        first, second = (set(ngram_hashes(word_hashes([text])[0], 5).tolist()) for text in pair)
        return len(first & second) / len(first | second)

    documents, copies = planted()
    dedup_corpus(make_corpus(documents), out=tmp_path / "out", engine=ALONE)
    found = reasons(tmp_path / "out")
    similar = {id: jaccard(pair) for id, pair in copies.items()}
    clear = [id for id, score in similar.items() if score >= 0.88]
    assert len(clear) > 30
    assert all(id in found for id in clear), "well above the threshold all are found"
    assert all(id in copies and similar[id] > 0.68 for id in found), "and nothing well below it"


def test_same_bytes_for_any_number_of_workers(make_parts, tmp_path):
    documents, _ = planted(160)
    corpus = make_parts(documents)
    for workers in (1, 2):
        dedup_corpus(corpus, out=tmp_path / f"out{workers}", paragraphs=3, engine=Engine(workers=workers))
    assert digest_tree(tmp_path / "out1") == digest_tree(tmp_path / "out2")


def test_killed_run_goes_on_to_the_same_result(make_parts, tmp_path):
    documents, _ = planted(120)
    corpus = make_parts(documents)
    dedup_corpus(corpus, out=tmp_path / "whole", engine=ALONE)
    # The process dies after the decisions, while it writes.
    program = f"""
import os
from pathlib import Path
from chronolect.corpus.engine import Engine
from chronolect.corpus.quality import dedup
write, calls = dedup._Writer.__call__, []
def dying(self, shard, output):
    calls.append(1)
    if len(calls) == 3:
        os._exit(9)
    write(self, shard, output)
dedup._Writer.__call__ = dying
dedup.dedup_corpus(Path({str(corpus)!r}), out=Path({str(tmp_path / "killed")!r}), engine=Engine(workers=1))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    assert not (tmp_path / "killed").exists()
    dedup_corpus(corpus, out=tmp_path / "killed", engine=ALONE)
    assert digest_tree(tmp_path / "killed") == digest_tree(tmp_path / "whole")


def test_against_a_held_out_corpus(make_corpus, tmp_path):
    draw = random.Random(5)
    held = some_text(draw, 200)
    other = some_text(draw, 200)
    passage = " ".join(held.split()[60:120])
    documents = [
        Document(id="near", text=edited(draw, held, 3), written=Span.year(1700)),
        Document(id="exact", text=held),
        Document(id="inside", text=f"{other} {passage} {some_text(draw, 200)}"),
        Document(id="other", text=other),
    ]
    corpus, apart = make_corpus(documents), make_corpus([Document(id="held", text=held)], "valid")
    counts = dedup_corpus(corpus, out=tmp_path / "out", against=apart, engine=ALONE)
    assert counts["dropped"] == 2
    assert ids(tmp_path / "out") == ["inside", "other"], "what is held out is not written"
    found = reasons(tmp_path / "out")
    assert found["exact"] == "exact duplicate: of held in valid"
    assert found["near"].startswith("near duplicate: of held in valid, similarity 0.8")
    dedup_corpus(corpus, out=tmp_path / "runs", against=apart, shared_words=50, engine=ALONE)
    assert ids(tmp_path / "runs") == ["other"]
    assert reasons(tmp_path / "runs")["inside"] == "shared words: a run of 50 also stands in valid"
    dedup_corpus(corpus, out=tmp_path / "longer", against=apart, shared_words=61, engine=ALONE)
    assert "inside" in ids(tmp_path / "longer")


def test_lines_of_many_documents_are_removed(make_corpus, tmp_path):
    draw = random.Random(6)
    notice = "This text is kept by the Society of Readers; all may read it."
    documents = [
        Document(id=str(number), text=f"{notice}\n\nChapter One\n\n{some_text(draw)}\n{notice.upper()}")
        for number in range(6)
    ]
    documents.append(Document(id="only", text=notice))
    counts = dedup_corpus(make_corpus(documents), out=tmp_path / "out", paragraphs=5, engine=ALONE)
    assert counts["lines_removed"] == 12
    assert counts["dropped_by"] == {"nothing left": 1}
    found = list(read_documents(tmp_path / "out"))
    assert all(document.text.startswith("Chapter One\n\nw") and "Society" not in document.text for document in found)
    assert found[0].meta == {"lines_removed": 2}
    counts = dedup_corpus(make_corpus(documents, "again"), out=tmp_path / "more", paragraphs=7, engine=ALONE)
    assert "lines_removed" not in counts, "seven documents have the line, which is not more than seven"


def test_documents_without_words(make_corpus, tmp_path):
    corpus = make_corpus([Document(id="a", text=""), Document(id="b", text=" "), Document(id="c", text="?!")])
    dedup_corpus(corpus, out=tmp_path / "out", engine=ALONE)
    assert ids(tmp_path / "out") == ["a", "c"]


@pytest.mark.parametrize(
    ("flags", "message"),
    [({"threshold": 0}, "--threshold 0"), ({"ngram": 0}, "--ngram 0"), ({"shared_words": 50}, "--against")],
)
def test_wrong_flags(make_corpus, tmp_path, flags, message):
    with pytest.raises(UserError, match=message):
        dedup_corpus(make_corpus([Document(id="a", text="x")]), out=tmp_path / "out", **flags)
