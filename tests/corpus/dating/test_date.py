"""Joining tables of dates to documents."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chronolect.artifacts import digest_tree
from chronolect.corpus import Document, read_documents
from chronolect.corpus.dating.date import date_corpus
from chronolect.corpus.dating.table import DATES_SCHEMA, WIKIDATA_ROLES, YAGO_ROLES, DateFact
from chronolect.corpus.document import TableWriter
from chronolect.corpus.engine import Engine
from chronolect.errors import UserError
from chronolect.timeline import Span

WRITTEN = Span.parse("2001-01-15/2024-05-01")
REDIRECTS = pa.schema(
    [("source", pa.string()), ("target", pa.string()), ("page_id", pa.int64()), ("fragment", pa.string())]
)


def article(number: int, title: str, **meta: object) -> Document:
    return Document(f"enwiki:{number}", f"Of {title}.", "wikipedia", title, WRITTEN, meta={"page_id": number, **meta})


def statement(entity: str, name: str, edtf: str, **more: object) -> DateFact:
    role = (WIKIDATA_ROLES | YAGO_ROLES)[name]
    kind = "yago" if name.startswith("schema") else "wikidata"
    return DateFact(entity, name, role, Span.parse(edtf), "", kind, f"{entity} {name}", rank="normal", **more)  # type: ignore[arg-type]


def write_dates(folder: Path, facts: Iterable[DateFact]) -> Path:
    writer = TableWriter(folder / "part-00000.parquet", DATES_SCHEMA)
    for fact in facts:
        writer.write_row(fact.to_row())
    writer.close()
    return folder


def add_redirects(corpus: Path, pairs: dict[str, str]) -> None:
    writer = TableWriter(corpus / "redirects" / "part-00000.parquet", REDIRECTS)
    for source, target in pairs.items():
        writer.write_row({"source": source, "target": target})
    writer.close()


MakeCorpus = Callable[[Iterable[Document]], Path]


def about(folder: Path) -> dict[str, str]:
    return {document.title: document.about.edtf() for document in read_documents(folder)}


def test_the_surest_key_decides(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    corpus = make_corpus(
        [
            article(1, "Ada Lovelace", wikidata="Q7259"),
            article(2, "Mercury (planet)"),
            article(3, "Élan vital"),
            article(4, "Paris", wikidata="Q90"),
            article(5, "Nobody"),
        ]
    )
    add_redirects(corpus, {"augusta Ada King": "Ada Lovelace", "Planet Mercury": "Mercury (planet)"})
    dates = write_dates(
        tmp_path / "dates",
        [
            # by item, though its title is that of another article
            statement("Q7259", "P569", "1815-12-10", qid="Q7259", title="Mercury (planet)"),
            statement("Ada", "schema:deathDate", "1852-11-27", title="Augusta_Ada King"),  # by redirect
            statement("M", "P585", "1631-11-07", title="planet Mercury"),
            statement("E", "P577", "1907", title="E\u0301lan vital"),  # by title, in another Unicode form
            statement("Q830149", "P571", "1844", qid="Q830149", title="Paris"),  # another Paris
            statement("Q1", "P571", "1900", page_id=5),
            statement("Q2", "P571", "1900", title="Not in the corpus"),
        ],
    )
    counts = date_corpus(corpus, out=tmp_path / "dated", dates=[dates])
    assert about(tmp_path / "dated") == {
        "Ada Lovelace": "1815-12-10/1852-11-27",
        "Mercury (planet)": "1631-11-07",
        "Élan vital": "1907",
        "Paris": "../..",
        "Nobody": "1900/..",
    }
    assert (counts["dated"], counts["undated"]) == (4, 1)
    assert counts["dated_by"] == {"qid": 1, "page id": 1, "title": 1, "redirect": 1}
    ada = next(iter(read_documents(tmp_path / "dated")))
    assert [(piece.kind, piece.span.edtf(), piece.reference) for piece in ada.evidence] == [
        ("wikidata", "1815-12-10", "Q7259 P569"),
        ("yago", "1852-11-27", "Ada schema:deathDate"),
    ]
    assert pq.read_table(tmp_path / "dated" / "redirects").num_rows == 2


def test_a_name_that_leads_to_another_subject_dates_nothing(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    corpus = make_corpus([article(1, "Beatles members", wikidata="Q1"), article(2, "Twins"), article(3, "Known")])
    add_redirects(corpus, {"A drummer": "Beatles members", "Castor": "Twins", "Pollux": "Twins", "Unknown": "Known"})
    facts = [
        statement("Q1", "P571", "1960", qid="Q1", title="Beatles members"),
        statement("Q2", "P569", "1940", qid="Q2", title="A drummer"),  # an item of its own, whose page leads elsewhere
        statement("Q3", "P569", "0100", qid="Q3", title="Castor"),
        statement("Q4", "P569", "0100", qid="Q4", title="Pollux"),
        statement("Q5", "P571", "1900", qid="Q5", title="Known"),
        statement("Q6", "P569", "1800", qid="Q6", title="Unknown"),
    ]
    date_corpus(corpus, out=tmp_path / "dated", dates=[write_dates(tmp_path / "dates", facts)])
    assert about(tmp_path / "dated") == {"Beatles members": "1960/..", "Twins": "../..", "Known": "1900/.."}


def test_categories_and_expressions_date_what_no_table_does(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    corpus = make_corpus(
        [
            article(1, "A physicist", categories=["1879 births", "1955 deaths", "Physicists"]),
            article(2, "A living one", categories=["1930 births", "Living people"]),
            article(
                4, "A third", categories=["1879 births"], infobox={"birth_date": "14 March 1879", "death_date": "1955"}
            ),
            Document(
                "3", "It was fought on 18 June 1815 and told of for a century.", title="A battle", written=WRITTEN
            ),
        ]
    )
    counts = date_corpus(corpus, out=tmp_path / "a")
    assert about(tmp_path / "a")["A physicist"] == "1879/1955"
    assert about(tmp_path / "a")["A living one"] == "1930/.."
    assert about(tmp_path / "a")["A third"] == "1879-03-14/1955-12-31"
    assert counts["undated"] == 1
    counts = date_corpus(corpus, out=tmp_path / "b", expressions="undated")
    battle = list(read_documents(tmp_path / "b"))[3]
    assert battle.about.edtf() == "1815-06-18"
    assert (battle.evidence[0].kind, battle.evidence[0].quote) == ("expression", "18 June 1815")
    assert counts["undated"] == 0


def test_when_it_was_written(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    corpus = make_corpus([Document("b1", "Call me Ishmael.", title="Moby-Dick", written=Span.parse("1830/1891"))])
    dates = write_dates(tmp_path / "dates", [statement("b1", "P577", "1851-10-18")])
    date_corpus(corpus, out=tmp_path / "dated", dates=[dates], field="written", categories=False)
    assert next(iter(read_documents(tmp_path / "dated"))).written.edtf() == "1851-10-18"


def test_contradictions_are_kept_and_counted(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    corpus = make_corpus([article(1, "A man", wikidata="Q5")])
    facts = [statement("Q5", "P569", "1800", qid="Q5"), statement("Y", "schema:birthDate", "1820", title="A man")]
    counts = date_corpus(corpus, out=tmp_path / "dated", dates=[write_dates(tmp_path / "dates", facts)])
    document = next(iter(read_documents(tmp_path / "dated")))
    assert counts["contradictions"] == 1
    assert document.meta["contradicting_dates"] == 1
    assert len(document.evidence) == 2
    assert document.about.earliest == Span.parse("1800").earliest


def test_the_same_for_any_number_of_workers(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    corpus = make_corpus(
        [article(n, f"Title {n}", wikidata=f"Q{n}", categories=["1900 births"]) for n in range(30_000)]
    )
    dates = write_dates(
        tmp_path / "dates", [statement(f"Q{n}", "P570", str(1950 + n % 70), qid=f"Q{n}") for n in range(0, 30_000, 3)]
    )
    for workers in (1, 2):
        counts = date_corpus(corpus, out=tmp_path / str(workers), dates=[dates], engine=Engine(workers=workers))
        assert counts["dated_by"] == {"qid": 10_000, "page": 20_000}
    assert digest_tree(tmp_path / "1") == digest_tree(tmp_path / "2")


def test_wrong_input(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    corpus = make_corpus([article(1, "A")])
    with pytest.raises(UserError, match="not a table of dates"):
        date_corpus(corpus, out=tmp_path / "out", dates=[corpus])
    with pytest.raises(UserError, match="nothing to date by"):
        date_corpus(corpus, out=tmp_path / "out", categories=False, infobox=False)
