import pytest

from chronolect.corpus import Document
from chronolect.corpus.document import read_batches
from chronolect.corpus.eras import Era, choose_eras, parse_eras, spans_of
from chronolect.errors import UserError
from chronolect.timeline import Span


def test_parse():
    assert parse_eras(["war=1914/1918", "rest=../1913"]) == [
        Era("war", Span.year(1914, 1918)),
        Era("rest", Span.parse("../1913")),
    ]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        (["war"], "expected name=interval"),
        (["../x=1914"], "expected name=interval"),
        (["war=1914-02-30"], "no such day"),
        (["war=1914", "war=1915"], "is taken"),
        (["after=1914"], "is taken"),
    ],
)
def test_wrong_eras(texts, message):
    with pytest.raises(UserError, match=message):
        parse_eras(texts)


@pytest.mark.parametrize(
    ("first", "last", "names"),
    [
        (1969, 1969, ["1960-1969"]),
        (1900, 1969, [f"{year}-{year + 9}" for year in range(1900, 1970, 10)]),
        (1790, 2021, ["1750-1799", "1800-1849", "1850-1899", "1900-1949", "1950-1999", "2000-2049"]),
        (-43, 1969, ["-500--1", "0-499", "500-999", "1000-1499", "1500-1999"]),
    ],
)
def test_chosen_eras_cover_the_corpus(make_corpus, first, last, names):
    documents = [Document(id=str(year), text="x", written=Span.year(year)) for year in (first, last)]
    undated = Document(id="u", text="x", written=Span.parse("1930/.."))
    assert [era.name for era in choose_eras(make_corpus([*documents, Document(id="u", text="x")]))] == names
    assert len(choose_eras(make_corpus([*documents, undated], "other"))) >= 1


def test_no_dates_no_eras(make_corpus):
    assert choose_eras(make_corpus([Document(id="1", text="x")])) == []


def test_an_era_holds_what_lies_in_it_entirely():
    war = Era("war", Span.year(1914, 1918))
    assert war.holds(Span.parse("1916-07-01"))
    assert not war.holds(Span.parse("191X"))
    assert not war.holds(Span())


def test_by_subject_what_is_not_known_goes_by_when_it_was_written(make_corpus):
    written = Span.parse("2001/2024")
    corpus = make_corpus(
        [
            Document("a", "An article.", written=written, about=Span.parse("1815")),
            Document("b", "A book.", written=Span.parse("1850")),
        ]
    )
    batch = next(iter(read_batches(corpus)))
    assert spans_of(batch, "about") == [Span.parse("1815"), Span.parse("1850")]
    assert spans_of(batch, "written") == [written, Span.parse("1850")]
    assert choose_eras(corpus, "about")[0].name == "1810-1819"
