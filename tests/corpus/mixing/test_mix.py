import itertools
import random
import subprocess
import sys
from collections import Counter

import pytest

from chronolect.artifacts import digest_tree, read_json
from chronolect.corpus import Document, read_documents
from chronolect.corpus.document import part_files
from chronolect.corpus.encoding import Encoder
from chronolect.corpus.engine import Engine
from chronolect.corpus.holdout import HeldOut, hold_out
from chronolect.corpus.mixing import shuffle
from chronolect.corpus.mixing.command import mix_corpora
from chronolect.corpus.quality.dedup import dedup_corpus
from chronolect.errors import UserError
from chronolect.timeline import Span

ALONE = Engine(workers=1)


def made(source: str, number: int, first: int = 1850, words: int = 40) -> list[Document]:
    draw = random.Random(source)
    return [
        Document(
            id=f"{source}-{i:03d}",
            text=" ".join(draw.choices(["ship", "war", "bread", "snow", "king"], k=draw.randint(words // 2, words))),
            source=source,
            written=Span.year(first + i % 100) if i % 5 else Span(),
        )
        for i in range(number)
    ]


@pytest.fixture
def corpora(make_corpus, make_parts):
    return [
        make_parts(made("wiki", 200), "wiki"),
        make_corpus(made("chess", 150), "chess"),
        make_corpus(made("books", 20), "books"),
    ]


def ids(folder):
    return [document.id for document in read_documents(folder)]


def test_all_documents_shuffled_as_a_whole(corpora, tmp_path):
    counts = mix_corpora(corpora, out=tmp_path / "out", engine=ALONE)
    found = ids(tmp_path / "out")
    assert counts["documents"] == len(found) == 370
    assert sorted(found) == sorted(id for corpus in corpora for id in ids(corpus))
    # Neither sources nor neighbours stay together.
    places = [place for place, id in enumerate(found) if id.startswith("wiki")]
    assert 150 < sum(places) / len(places) < 220
    numbers = [int(id[-3:]) for id in found if id.startswith("wiki")]
    assert sum(b == a + 1 for a, b in itertools.pairwise(numbers)) < 10
    mix_corpora(corpora, out=tmp_path / "seed", seed=1, engine=ALONE)
    assert ids(tmp_path / "seed") != found
    assert sorted(ids(tmp_path / "seed")) == sorted(found)


def tokens_by(out, tokenizer, key):
    encoder = Encoder(tokenizer)
    tokens: Counter = Counter()
    for document in read_documents(out):
        tokens[key(document)] += len(encoder.encode([document.text])[0]) + 1
    return tokens


def test_caps_hold_by_tokens(corpora, tmp_path, tokenizer):
    counts = mix_corpora(
        corpora,
        out=tmp_path / "out",
        cap=["chess=0.1", "wiki=4k"],
        era_cap=["1900/1949=0.2", "undated=500"],
        tokenizer=tokenizer,
        engine=ALONE,
    )
    tokens = tokens_by(tmp_path / "out", tokenizer, lambda document: document.source)
    total = tokens.total()
    assert counts["tokens"] == total
    assert counts["tokens_are"] == "counted"
    assert 0.08 * total < tokens["chess"] <= 0.1 * total
    assert tokens["wiki"] <= 4000
    late = tokens_by(
        tmp_path / "out", tokenizer, lambda document: document.written.is_known and document.written.middle_year >= 1900
    )
    assert 0 < late[True] <= 0.2 * total
    undated = tokens_by(tmp_path / "out", tokenizer, lambda document: not document.written.is_known)
    assert 0 < undated[True] <= 500
    by_source = {row["source"]: row["tokens"] for row in counts["by_source"]}
    assert by_source == dict(tokens)
    assert sum(row["share"] for row in counts["by_era"]) == pytest.approx(1, abs=1e-4)
    assert [row["cap"].split(" at ")[0] for row in counts["caps"]] == [
        "source chess",
        "source wiki",
        "era 1900/1949",
        "era undated",
    ]
    assert read_json(tmp_path / "out" / "manifest.json")["counts"]["caps"] == counts["caps"]
    dropped = list(read_documents(tmp_path / "out" / "dropped"))
    assert len(dropped) + counts["documents"] == 370
    assert set(counts["dropped_by"]) == {"over a cap"}


def test_a_document_too_large_for_its_cap_does_not_bar_the_others(make_corpus, tmp_path):
    novel = Document(id="novel", text="word " * 5000, source="books")
    corpus = make_corpus([novel, *made("books", 50), *made("wiki", 50)])
    counts = mix_corpora([corpus], out=tmp_path / "out", cap=["books=1k"], engine=ALONE)
    tokens = {row["source"]: row["tokens"] for row in counts["by_source"]}
    assert 900 < tokens["books"] <= 1000
    assert "novel" not in ids(tmp_path / "out")


def test_repeats_and_parts_of_a_source(corpora, tmp_path):
    mix_corpora(corpora, out=tmp_path / "out", repeat=["books=2.5", "wiki=0.5"], engine=ALONE)
    found = ids(tmp_path / "out")
    assert len(set(found)) == len(found), "each copy has an id of its own"
    sources = Counter(id.split("-")[0] for id in found)
    assert sources["chess"] == 150
    assert 40 < sources["books"] < 60
    assert 75 < sources["wiki"] < 125
    assert {f"books-{i:03d}" for i in range(20)} | {f"books-{i:03d}~2" for i in range(20)} <= set(found)
    left_out = ids(tmp_path / "out" / "dropped")
    assert sorted([*left_out, *(id for id in found if id.startswith("wiki"))]) == sorted(ids(corpora[0]))


def test_a_part_of_all_sources_that_are_not_named(corpora, tmp_path):
    mix_corpora(corpora, out=tmp_path / "out", repeat=["*=0.5", "books=1"], engine=ALONE)
    sources = Counter(id.split("-")[0] for id in ids(tmp_path / "out"))
    assert sources["books"] == 20
    assert 75 < sources["wiki"] < 125
    assert 50 < sources["chess"] < 100


def test_same_bytes_for_any_number_of_workers_and_buckets(corpora, tmp_path, monkeypatch):
    for workers in (1, 2):
        mix_corpora(corpora, out=tmp_path / f"out{workers}", cap=["chess=0.1"], engine=Engine(workers=workers))
    assert digest_tree(tmp_path / "out1") == digest_tree(tmp_path / "out2")
    monkeypatch.setattr(shuffle, "_BUCKET_BYTES", 4000)
    counts = mix_corpora(corpora, out=tmp_path / "buckets", cap=["chess=0.1"], engine=ALONE)
    assert len(part_files(tmp_path / "buckets")) > 5
    assert ids(tmp_path / "buckets") == ids(tmp_path / "out1")
    assert counts["documents"] == len(ids(tmp_path / "out1"))


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"cap": ["ches=0.1"]}, '--cap "ches".*chess'),
        ({"repeat": ["book=2"]}, '--repeat "book".*books'),
        ({"repeat": ["books=x"]}, "--repeat"),
        ({"repeat": ["books=0.0001", "wiki=0.0001", "chess=0.0001"]}, "no document is drawn"),
        ({"era_cap": ["then=0.1"]}, "then"),
        ({"cap": ["wiki=0.3", "chess=0.3", "books=0.3"]}, "leave nothing"),
        ({"cap": ["wiki=3", "chess=3", "books=3"]}, "too large"),
        ({"bin_years": 0}, "--bin-years 0"),
    ],
)
def test_wrong_flags(corpora, tmp_path, flags, message):
    with pytest.raises(UserError, match=message):
        mix_corpora(corpora, out=tmp_path / "out", engine=ALONE, **flags)


def test_nothing_held_out_stands_in_the_training_text(make_corpus, tmp_path):
    """The steps that docs/quality.md gives: what packing will hold out is the held-out corpus, and no run of its words is elsewhere."""
    documents = made("books", 120, words=80)
    passage = " ".join(f"w{i}" for i in range(60))
    rule = HeldOut(0.2)
    quoted = next(document for document in documents if rule(f"{document.text} {passage}"))
    quoting = next(document for document in documents if not rule(f"{document.text} {passage} again"))
    corpus = make_corpus(
        [
            *documents,
            Document(id="quoted", text=f"{quoted.text} {passage}", source="books"),
            Document(id="quoting", text=f"{quoting.text} {passage} again", source="books"),
        ]
    )
    held = {document.id for document in read_documents(corpus) if rule(document.text)}
    hold_out(corpus, out=tmp_path / "heldout", val_ratio=0.2)
    dedup_corpus(corpus, out=tmp_path / "train", against=tmp_path / "heldout", shared_words=50, engine=ALONE)
    assert set(ids(tmp_path / "train")) == {document.id for document in read_documents(corpus)} - held - {"quoting"}
    mix_corpora([tmp_path / "train", tmp_path / "heldout"], out=tmp_path / "ready", engine=ALONE)
    assert {document.id for document in read_documents(tmp_path / "ready") if rule(document.text)} == held


@pytest.mark.parametrize("stopped", ["command._Scatter", "shuffle.BucketSorter"])
def test_killed_run_goes_on_to_the_same_result(corpora, tmp_path, monkeypatch, stopped):
    program = f"""
import os
from pathlib import Path
from chronolect.corpus.engine import Engine
from chronolect.corpus.mixing import command, shuffle
shuffle._BUCKET_BYTES = 4000
work, calls = {stopped}.__call__, []
def dying(self, shard, output):
    calls.append(1)
    if len(calls) == 3:
        os._exit(9)
    work(self, shard, output)
{stopped}.__call__ = dying
corpora = [Path(path) for path in {[str(corpus) for corpus in corpora]!r}]
command.mix_corpora(corpora, out=Path({str(tmp_path / "killed")!r}), cap=["chess=0.1"], engine=Engine(workers=1))
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 9
    monkeypatch.setattr(shuffle, "_BUCKET_BYTES", 4000)
    for out in ("killed", "whole"):
        mix_corpora(corpora, out=tmp_path / out, cap=["chess=0.1"], engine=ALONE)
    assert digest_tree(tmp_path / "killed") == digest_tree(tmp_path / "whole")
