import json

import pyarrow.parquet as pq
import pytest

from chronolect.artifacts import read_json
from chronolect.corpus import Document, read_documents
from chronolect.corpus.audit.command import audit_corpus, count_words
from chronolect.corpus.audit.ngrams import learn_ngrams
from chronolect.corpus.engine import Engine
from chronolect.errors import UserError
from chronolect.timeline import Span

CLEAN = "The miller sat by the water and looked at the wheel, which had stood still since the spring of the year."
LATE = "The mill burned down in 1934, says a note in another hand, and was never built up again by the family."
QUOTED = "It was found with a frobnicator, of which the miller had of course never heard in all his long life."
NOVEL = "In the year 2000, said the prophet, men will go about in carriages that are drawn by nothing at all."

DOCUMENTS = [
    Document(id="clean", text=CLEAN, source="books", written=Span.year(1850)),
    Document(id="note", text=f"{CLEAN}\n\n{LATE}\n\n{CLEAN}", source="books", written=Span.year(1851)),
    Document(id="word", text=f"{CLEAN}\n\n{QUOTED}", source="letters", written=Span.year(1872)),
    Document(id="future", text=f"{CLEAN}\n\n{NOVEL}", source="letters", written=Span.year(1888)),
    Document(id="undated", text=f"{CLEAN} {LATE}"),
]


@pytest.fixture
def corpus(make_corpus):
    return make_corpus(DOCUMENTS)


@pytest.fixture
def lexicon(tmp_path):
    path = tmp_path / "own.tsv"
    path.write_text("term\tyear\tkind\tcase\tsense\nfrobnicator\t1960\tword\tany\t\n", encoding="utf-8")
    return [path]


def audit(corpus, tmp_path, **options):
    return audit_corpus(corpus, out=tmp_path / "audit", **({"cutoff": "1900-12-31"} | options))


def texts(folder):
    return {document.id: document.text for document in read_documents(folder)}


def test_findings_and_report(corpus, lexicon, tmp_path):
    result = audit(corpus, tmp_path, lexicon=lexicon)
    rows = pq.read_table(tmp_path / "audit" / "part-00000.parquet").to_pylist()
    assert [(row["document"], row["kind"], row["term"], row["year"]) for row in rows] == [
        ("note", "date", "1934", 1934),
        ("word", "word", "frobnicator", 1960),
        ("future", "future", "2000", 2000),
        ("undated", "date", "1934", 1934),
    ]
    by_id = {document.id: document for document in DOCUMENTS}
    assert all(by_id[row["document"]].text[row["start"] : row["end"]] == row["term"] for row in rows)
    assert all(row["term"] in row["snippet"] for row in rows)
    assert result["documents"] == 5
    assert result["words"] == sum(len(document.text.split()) for document in DOCUMENTS)
    assert {kind: rate["count"] for kind, rate in result["rates"].items()} == {
        "all": 3,
        "mark": 0,
        "date": 2,
        "word": 1,
        "ngram": 0,
        "future": 1,
    }
    assert result["rates"]["date"]["per_million"] == pytest.approx(2e6 / result["words"], abs=1e-3)
    assert result["with_findings"]["count"] == 3
    assert [(row["source"], row["rates"]["all"]["count"]) for row in result["by_source"]] == [
        ("", 1),
        ("books", 1),
        ("letters", 1),
    ]
    assert [row["decade"] for row in result["by_decade"]] == [1850, 1870, 1880, None]
    assert (result["terms"][0]["term"], result["terms"][0]["count"], result["terms"][0]["documents"]) == ("1934", 2, 2)
    assert "3 (60.0%" in result.pop("screen")
    assert read_json(tmp_path / "audit" / "audit.json") == json.loads(json.dumps(result))
    assert not (tmp_path / "audit" / "repaired").exists()


def test_repair(corpus, lexicon, tmp_path):
    result = audit(corpus, tmp_path, lexicon=lexicon, repair=True)
    repaired = texts(tmp_path / "audit" / "repaired")
    assert repaired == {"clean": CLEAN, "note": f"{CLEAN}\n\n{CLEAN}", "word": CLEAN, "future": CLEAN}
    dropped = pq.read_table(tmp_path / "audit" / "repaired" / "dropped").to_pylist()
    assert [(row["id"], row["text"], row["reason"].partition(":")[0]) for row in dropped] == [
        ("note", LATE, "passages with findings"),
        ("word", QUOTED, "passages with findings"),
        ("future", NOVEL, "passages with findings"),
        ("undated", f"{CLEAN} {LATE}", "too little left"),
    ]
    assert result["repaired"] == {
        "documents_kept": 1,
        "documents_repaired": 3,
        "documents_dropped": 1,
        "passages_dropped": 3,
    }
    again = audit_corpus(tmp_path / "audit" / "repaired", out=tmp_path / "again", cutoff="1900-12-31", lexicon=lexicon)
    assert {kind: rate["count"] for kind, rate in again["rates"].items()} == dict.fromkeys(again["rates"], 0)
    assert again["terms"] == []


def test_talk_of_the_future_may_stay(corpus, lexicon, tmp_path):
    audit(corpus, tmp_path, lexicon=lexicon, repair=True, act_on=["mark", "date", "word"])
    assert texts(tmp_path / "audit" / "repaired")["future"] == DOCUMENTS[3].text


def test_reject(corpus, lexicon, tmp_path):
    result = audit(corpus, tmp_path, lexicon=lexicon, reject=0, act_on=["mark", "date", "word"])
    assert list(texts(tmp_path / "audit" / "repaired")) == ["clean", "future"]
    assert result["repaired"]["documents_dropped"] == 3
    words = count_words(DOCUMENTS[1].text)
    audit(corpus, tmp_path, lexicon=lexicon, reject=1000 / words, repair=True)
    assert "note" in texts(tmp_path / "audit" / "repaired")
    audit(corpus, tmp_path, lexicon=lexicon, reject=999 / words, repair=True)
    assert "note" not in texts(tmp_path / "audit" / "repaired")


def test_against_when_each_was_written(make_corpus, tmp_path):
    corpus = make_corpus(
        [
            Document(id="a", text="Read in the year 1860, with a telegram.", written=Span.year(1855)),
            Document(id="b", text="Read in the year 1860, with a telegram.", written=Span.year(1870)),
            Document(id="c", text="Read in the year 1860, with a telegram."),
        ]
    )
    result = audit_corpus(corpus, out=tmp_path / "audit", against="written", repair=True)
    assert (result["documents"], result["unaudited"], result["rates"]["date"]["count"]) == (2, 1, 1)
    assert set(texts(tmp_path / "audit" / "repaired")) == {"b", "c"}
    both = audit_corpus(corpus, out=tmp_path / "audit", against="written", cutoff="1850")
    assert (both["documents"], both["unaudited"], both["rates"]["date"]["count"]) == (3, 0, 2)


def test_ngrams(make_corpus, corpus, tmp_path):
    before = make_corpus([Document(id="old", text=(CLEAN + " ") * 50)], "before")
    after = make_corpus([Document(id=f"n{n}", text="another hand " * 5) for n in range(2)], "after")
    learn_ngrams(before, after, out=tmp_path / "ngrams", min_log_odds=0)
    result = audit(corpus, tmp_path, ngrams=tmp_path / "ngrams")
    assert result["rates"]["ngram"]["count"] == 4  # "another" and "hand", in two documents
    assert {term["term"] for term in result["terms"] if term["kind"] == "ngram"} == {"another", "hand"}


def test_the_same_for_any_number_of_workers(make_corpus, lexicon, tmp_path):
    corpus = make_corpus(DOCUMENTS * 3)
    for workers in (1, 2):
        audit_corpus(
            corpus,
            out=tmp_path / f"w{workers}",
            cutoff="1900",
            lexicon=lexicon,
            repair=True,
            engine=Engine(workers=workers),
        )
    files = [
        {path.relative_to(tmp_path / name): path.read_bytes() for path in sorted((tmp_path / name).rglob("part-*"))}
        for name in ("w1", "w2")
    ]
    assert files[0] == files[1]
    assert len(files[0]) == 4
    assert read_json(tmp_path / "w1" / "audit.json") == read_json(tmp_path / "w2" / "audit.json")


def test_mistakes(make_corpus, corpus, tmp_path):
    with pytest.raises(UserError, match="--cutoff"):
        audit(corpus, tmp_path, cutoff="")
    with pytest.raises(UserError, match="not negative"):
        audit(corpus, tmp_path, reject=-1)
    with pytest.raises(UserError, match="audit-learn"):
        audit(corpus, tmp_path, ngrams=tmp_path)
    with pytest.raises(UserError, match="says when it was written"):
        audit(make_corpus([Document(id="a", text="In 1950.")], "undated"), tmp_path, cutoff="", against="written")
    with pytest.raises(UserError, match="readable"):
        audit(corpus, tmp_path, lexicon=[tmp_path / "none.tsv"])
    assert not (tmp_path / "audit").exists()


@pytest.mark.parametrize("text", ["", " ", "a", " a b\n\nc ", "é\xa0ü —", "x" * 100])
def test_count_words(text):
    assert count_words(text) == len(text.split())
