"""Passages: where they begin, and their times."""

from hypothesis import given
from hypothesis import strategies as st

from chronolect.corpus.dating.expressions.passages import LONG, date_passages, split_passages
from chronolect.timeline import Span

TEXT = """== History ==

The mill was built in 1815. It
was burnt down on 3 May 1851 and
never rebuilt.

Legacy

- A plaque of 1902
- A song

Nobody remembers it."""


def pieces(text: str) -> list[str]:
    return [text[start:end] for start, end in split_passages(text)]


def test_paragraphs_headings_and_items():
    assert [piece.strip() for piece in pieces(TEXT)] == [
        "== History ==\n\nThe mill was built in 1815. It\nwas burnt down on 3 May 1851 and\nnever rebuilt.",
        "Legacy\n\n- A plaque of 1902",
        "- A song",
        "Nobody remembers it.",
    ]


def test_times_are_hulls():
    assert [passage.span.edtf() if passage.span.is_known else None for passage in date_passages(TEXT)] == [
        "1815-01-01/1851-05-03",
        "1902",
        None,
        None,
    ]
    first = date_passages(TEXT)[0]
    assert [TEXT[one.start : one.end] for one in first.found] == ["1815", "3 May 1851"]


def test_long_paragraphs_are_cut_into_sentences():
    sentence = "He met Mr. J. Smith of St. Louis c. 1850 at No. 3, and left in Jan. 1851. "
    long = sentence * (LONG // len(sentence) + 2)
    assert pieces(long) == [sentence] * (len(long) // len(sentence))
    assert len(pieces(sentence * 3)) == 1


def test_unwrapped_lines_are_paragraphs():
    line = "This paragraph is one line, much longer than any column of a printed page, as in files that have no wrapped lines."
    assert len(pieces(f"{line}\n{line}\n{line}")) == 3


def test_chronology():
    assert len(pieces("1969: Apollo 11 lands.\n1970: Apollo 13 returns.\n1972: The last one.")) == 3


def test_the_anchor_is_passed_on():
    (passage,) = date_passages("He left last year.", Span.parse("1969"))
    assert passage.span == Span.parse("1968")


def test_empty():
    assert split_passages("") == []
    assert date_passages(" \n ") == []


@given(
    st.lists(
        st.sampled_from(
            ["A line of text.", "== H ==", "* item", "", " ", "Heading", "In 1969 it was so. " * 50, "\t", "x"]
        )
    )
)
def test_passages_tile_the_text(lines):
    text = "\n".join(lines)
    assert "".join(pieces(text)) == (text if text.strip() else "")
    assert all(piece.strip() for piece in pieces(text))
