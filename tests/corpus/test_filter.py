import pyarrow.parquet as pq
import pytest

from chronolect.artifacts import read_json
from chronolect.corpus import Document, read_documents
from chronolect.corpus.filter import filter_corpus
from chronolect.errors import UserError
from chronolect.timeline import Span

DOCUMENTS = [
    Document(id="old", text="old", written=Span.parse("1850"), about=Span.parse("1815")),
    Document(id="last day", text="last day", written=Span.parse("1969-07-20"), about=Span.parse("1969-07-20")),
    Document(id="next day", text="next day", written=Span.parse("1969-07-21"), about=Span.parse("1969-07-20")),
    Document(id="some of 1969", text="some of 1969", written=Span.parse("1969")),
    Document(id="history", text="history", written=Span.parse("2023"), about=Span.parse("1850")),
    Document(id="undated", text="undated"),
    Document(id="foresight", text="foresight", written=Span.parse("1960"), about=Span.parse("2000")),
]


def kept(corpus, tmp_path, **options):
    filter_corpus(corpus, out=tmp_path / "out", cutoff="1969-07-20", **options)
    return [document.id for document in read_documents(tmp_path / "out")]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ({}, ["old", "last day", "foresight"]),
        ({"by": "about"}, ["old", "last day", "next day", "history"]),
        ({"by": "both"}, ["old", "last day"]),
        ({"straddling": "keep"}, ["old", "last day", "some of 1969", "foresight"]),
        ({"undated": "keep"}, ["old", "last day", "undated", "foresight"]),
        ({"keep_side": "after"}, ["next day", "history"]),
        ({"keep_side": "after", "by": "about"}, ["foresight"]),
    ],
)
def test_policies(make_corpus, tmp_path, options, ids):
    assert kept(make_corpus(DOCUMENTS), tmp_path, **options) == ids


def test_dropped_documents_stay_beside_with_the_reason(make_corpus, tmp_path):
    corpus = make_corpus(DOCUMENTS)
    counts = filter_corpus(corpus, out=tmp_path / "out", cutoff="1969-07-20", by="both")
    rows = pq.read_table(tmp_path / "out" / "dropped").to_pylist()
    assert {row["id"]: row["reason"] for row in rows} == {
        "next day": "written after",
        "some of 1969": "written straddles",
        "history": "written after",
        "undated": "written undated",
        "foresight": "about after",
    }
    assert counts["kept"] + counts["dropped"] == len(DOCUMENTS)
    assert counts["dropped_by"] == {"about after": 1, "written after": 2, "written straddles": 1, "written undated": 1}
    assert (counts["first_day"], counts["last_day"]) == ("1850-01-01", "1969-07-20")
    assert read_json(tmp_path / "out" / "manifest.json")["counts"] == counts
    everything = [Document.from_row(row) for row in rows] + list(read_documents(tmp_path / "out"))
    assert sorted(everything, key=lambda d: d.id) == sorted(DOCUMENTS, key=lambda d: d.id)


def test_nothing_remains(make_corpus, tmp_path):
    corpus = make_corpus(DOCUMENTS)
    with pytest.raises(UserError, match=r"no document lies on or before 1700 .*the earliest is of 1850-01-01"):
        filter_corpus(corpus, out=tmp_path / "out", cutoff="1700")
    with pytest.raises(UserError, match=r"no document lies after 2050 .*the latest is of 2023-12-31"):
        filter_corpus(corpus, out=tmp_path / "out", cutoff="2050", keep_side="after")
    with pytest.raises(UserError, match="none has a date"):
        filter_corpus(make_corpus(DOCUMENTS[5:6], "undated"), out=tmp_path / "out", cutoff="1969")
    assert not (tmp_path / "out").exists()


def test_wrong_input(make_corpus, tmp_path):
    with pytest.raises(UserError, match="there is no such day"):
        filter_corpus(make_corpus(DOCUMENTS), out=tmp_path / "out", cutoff="1969-02-30")
    with pytest.raises(UserError, match="no such"):
        filter_corpus(tmp_path / "none", out=tmp_path / "out", cutoff="1969")


LIFE = """He was born in 1901 and went to sea.

In 1950 he came home. He wrote of the sea.

In 1999 a film told his story."""
ENCYCLOPAEDIA = [
    Document(id="dead", text=LIFE, written=Span.parse("2020"), about=Span.parse("1901/1955")),
    Document(id="living", text=LIFE, written=Span.parse("2020"), about=Span.parse("1901/..")),
    Document(id="told then", text=LIFE, written=Span.parse("1960"), about=Span.parse("1901/1955")),
    Document(id="of now", text="In 1999 it was made.", written=Span.parse("2020"), about=Span.parse("1960/2010")),
]


def texts(folder):
    return {document.id: document.text for document in read_documents(folder)}


def test_late_passages_of_documents_written_later_are_cut_out(make_corpus, tmp_path):
    corpus = make_corpus(ENCYCLOPAEDIA)
    counts = filter_corpus(corpus, out=tmp_path / "out", cutoff="1969", by="about", min_chars=20)
    found = texts(tmp_path / "out")
    assert found["dead"] == LIFE.rpartition("\n\n")[0]
    assert found["told then"] == LIFE  # whatever it says, it was written before
    assert set(found) == {"dead", "told then"}
    rows = {row["id"]: row for row in pq.read_table(tmp_path / "out" / "dropped").to_pylist()}
    assert rows["dead"]["text"] == "In 1999 a film told his story."
    assert rows["dead"]["reason"] == "passages past the cutoff: 1 of a document that was kept"
    assert rows["living"]["reason"] == "about straddles"
    assert (counts["documents_trimmed"], counts["passages_dropped"]) == (1, 1)
    filter_corpus(corpus, out=tmp_path / "all", cutoff="1969", by="about", late_passages="keep")
    assert texts(tmp_path / "all")["dead"] == LIFE


def test_straddling_documents_are_trimmed(make_corpus, tmp_path):
    corpus = make_corpus(ENCYCLOPAEDIA)
    filter_corpus(corpus, out=tmp_path / "out", cutoff="1969", by="about", straddling="trim", min_chars=20)
    assert set(texts(tmp_path / "out")) == {"dead", "living", "told then"}
    assert "film" not in texts(tmp_path / "out")["living"]
    again = filter_corpus(tmp_path / "out", out=tmp_path / "again", cutoff="1969", by="about", min_chars=20)
    assert again["dropped"] == 0  # what was trimmed lies before the cutoff
    rows = {row["id"]: row["reason"] for row in pq.read_table(tmp_path / "out" / "dropped").to_pylist()}
    assert rows["of now"].startswith("nothing before the cutoff remains")
    with pytest.raises(UserError, match="goes with --by about"):
        filter_corpus(corpus, out=tmp_path / "no", cutoff="1969", straddling="trim")
