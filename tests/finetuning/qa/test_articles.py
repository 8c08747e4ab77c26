"""Documents are drawn by lot from those on one side, however many there are."""

from collections import Counter
from collections.abc import Iterable

import pytest

from chronolect.corpus import Document
from chronolect.finetuning.qa.articles import By, draw_articles, family_of, side_of
from chronolect.finetuning.records import Side
from chronolect.timeline import Cutoff, Span

CUTOFF = Cutoff.parse("1969-07-20")
DOCUMENTS = [
    Document(id=str(number), text="x" * 200, about=Span.year(1900 if number % 2 else 1990)) for number in range(100)
]


def drawn(documents: Iterable[Document], wanted: int, seed: int = 0) -> dict[Side, list[str]]:
    return draw_articles(
        documents,
        lambda document, side: None if document.id == "7" else document.id,
        cutoff=CUTOFF,
        by="about",
        wanted={"retain": wanted, "unlearn": wanted},
        seed=seed,
        left_out=Counter(),
    )


def test_a_smaller_draw_is_the_beginning_of_a_larger_one_in_any_order() -> None:
    few, many = drawn(DOCUMENTS, 5), drawn(DOCUMENTS[::-1], 20)
    assert [len(ids) for ids in few.values()] == [5, 5]
    assert all(few[side] == many[side][:5] for side in few)
    assert drawn(DOCUMENTS, 5, seed=1) != few


def test_what_gives_nothing_takes_no_place() -> None:
    ids = drawn(DOCUMENTS, 1_000)
    assert len(ids["retain"]) == 49
    assert len(ids["unlearn"]) == 50
    assert drawn(DOCUMENTS, 0) == {"retain": [], "unlearn": []}


@pytest.mark.parametrize(
    ("about", "written", "by", "side"),
    [
        ("1900", "2001", "about", "retain"),
        ("1900", "2001", "written", "unlearn"),
        ("1900", "2001", "both", "straddles the cutoff"),
        ("1930/..", "1950", "about", "straddles the cutoff"),
        ("", "1950", "about", "undated"),
        ("", "1950", "both", "undated"),
    ],
)
def test_the_whole_span_decides(about: str, written: str, by: By, side: str) -> None:
    spans = [Span.parse(text) if text else Span() for text in (about, written)]
    assert side_of(Document(id="a", text="", about=spans[0], written=spans[1]), CUTOFF, by) == side


def test_chunks_and_copies_of_an_article_are_one_family() -> None:
    assert family_of(Document(id="a#1", text="", title="Nile")) == family_of(Document(id="b", text="", title="NILE "))
    assert family_of(Document(id="a#1", text="", meta={"chunk_of": "a"})) == "a"
