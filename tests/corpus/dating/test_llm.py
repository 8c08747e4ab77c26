"""Dates from a language model: a real HTTP server that answers as models do, well and badly."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest
from tests.chat_server import Body, ChatServer, Refused

from chronolect.corpus import Document, read_documents
from chronolect.corpus.dating.date import date_corpus
from chronolect.corpus.dating.llm import dates_from_llm
from chronolect.errors import UserError

MakeCorpus = Callable[[Iterable[Document]], Path]


class Reader(ChatServer):
    """A server whose model reads "born YYYY" and "died YYYY"; it can be busy, garble an answer, or make a quote up."""

    def __init__(self) -> None:
        self.busy = 0
        super().__init__(self.read, names=["reader"], total_tokens=100)

    def read(self, body: Body) -> str:
        if self.busy:
            self.busy -= 1
            self.bodies.remove(body)  # what was not read does not count
            raise Refused(503, "loading", retry_after="0")
        return self.answer(body["messages"][1]["content"])

    def answer(self, text: str) -> str:
        if "garbled" in text:
            return "The man was born in 1850, I believe."
        found = [
            {
                "what": {"born": "birth", "died": "death"}[verb],
                "date": year,
                "quote": f"{verb} {year}",
                "confidence": 0.9,
            }
            for verb, year in re.findall(r"(born|died)\s+(\d{4})", text)
        ]
        if "invented" in text:
            found.append({"what": "point", "date": "1805", "quote": "in the year of Trafalgar", "confidence": 1})
        if "unsure" in text:
            found.append({"what": "point", "date": "1805", "quote": "unsure", "confidence": 0.1})
        if "no day" in text:
            found.append({"what": "point", "date": "1805-02-30", "quote": "no day", "confidence": 1})
        return "```json\n" + json.dumps({"statements": found}) + "\n```"


@pytest.fixture
def reader() -> Iterator[Reader]:
    with Reader() as found:
        yield found


TEXTS = {
    "a": "A smith, born 1850, died\n1911 in the same house.",
    "b": "A tailor, born 1860.",
    "c": "The text is garbled.",
    "d": "An invented story.",
    "e": "We are unsure.",
    "f": "There is no day like it.",
}


def test_statements_with_quotes_become_dates(make_corpus: MakeCorpus, reader: Reader, tmp_path: Path) -> None:
    corpus = make_corpus(Document(key, text, title=key) for key, text in TEXTS.items())
    reader.busy = 2
    counts = dates_from_llm(corpus, out=tmp_path / "dates", url=reader.url, concurrency=3)
    assert counts["asked"] == counts["answered"] == 6
    assert counts["refused"] == {
        "not a date": 1,
        "not sure enough": 1,
        "not the JSON that was asked for": 1,
        "quote not in the text": 1,
    }
    assert counts["tokens"] == 100 * len(reader.bodies) == 800  # the garbled answer was asked for three times
    assert reader.bodies[0]["response_format"]["type"] == "json_schema"
    date_corpus(corpus, out=tmp_path / "dated", dates=[tmp_path / "dates"])
    documents = {document.id: document for document in read_documents(tmp_path / "dated")}
    assert documents["a"].about.edtf() == "1850/1911"
    piece = documents["a"].evidence[1]
    assert (piece.kind, piece.quote) == ("llm", "died\n1911")
    assert "reader" in piece.reference
    assert "dating-1" in piece.reference
    assert not documents["d"].about.is_known


def test_nothing_is_asked_twice(make_corpus: MakeCorpus, reader: Reader, tmp_path: Path) -> None:
    corpus = make_corpus(Document(f"{n}", f"Number {n}, born {1800 + n}.") for n in range(40))
    first = dates_from_llm(corpus, out=tmp_path / "dates", url=reader.url, budget_tokens=1_500, concurrency=2)
    assert 15 <= first["asked"] <= 17  # what was in flight when the budget was reached still counts
    assert first["unanswered"] == 40 - first["asked"]
    second = dates_from_llm(corpus, out=tmp_path / "dates", url=reader.url)
    assert second["asked"] == 40 - first["asked"]
    assert second["statements"] == 40
    assert len(reader.bodies) == 40
    third = dates_from_llm(corpus, out=tmp_path / "dates", url=reader.url, min_confidence=0.8)
    assert third["asked"] == 0


def test_no_server(make_corpus: MakeCorpus, tmp_path: Path) -> None:
    corpus = make_corpus([Document("a", "text")])
    with pytest.raises(UserError, match="is the server running"):
        dates_from_llm(corpus, out=tmp_path / "dates", url="http://127.0.0.1:9/v1")


def test_no_usable_answer(make_corpus: MakeCorpus, reader: Reader, tmp_path: Path) -> None:
    corpus = make_corpus([Document("c", TEXTS["c"])])
    with pytest.raises(UserError, match="gave no date that stands in the texts"):
        dates_from_llm(corpus, out=tmp_path / "dates", url=reader.url)
