import textwrap

from hypothesis import given
from hypothesis import strategies as st

from chronolect.corpus.quality.reflow import join_hyphens, unwrap

WORDS = [
    "the",
    "ship",
    "sailed",
    "north",
    "with",
    "letters",
    "from",
    "home",
    "and",
    "news",
    "of",
    "war",
    "reached",
    "us",
    "only",
    "in",
    "the",
    "spring",
    "of",
    "that",
    "year",
]
paragraphs = st.lists(st.lists(st.sampled_from(WORDS), min_size=30, max_size=80).map(" ".join), min_size=2, max_size=5)


@given(paragraphs, st.integers(50, 90))
def test_unwrapping_undoes_wrapping(found, width):
    wrapped = "\n\n".join(textwrap.fill(paragraph, width) for paragraph in found)
    assert unwrap(wrapped) == "\n\n".join(found)


def test_verse_lists_and_headings_keep_their_lines():
    prose = textwrap.fill(" ".join(WORDS * 12), 70)
    verse = (
        "O ship that sails the sea,\nCome home, come home to me,\nAnd bring the news of war\nFrom islands lying far."
    )
    items = "- first the ship\n- then the letters\n- and the news"
    text = f"THE VOYAGE\n\n{prose}\n\n{verse}\n\n{items}"
    assert unwrap(text) == f"THE VOYAGE\n\n{' '.join(WORDS * 12)}\n\n{verse}\n\n{items}"


def test_text_of_one_line_a_paragraph_stays():
    text = "\n".join(" ".join(WORDS * 3)[: 140 + 13 * i] for i in range(10))
    assert unwrap(text) == text
    assert unwrap("") == ""


def test_hyphens_at_line_ends():
    assert join_hyphens("The exam-\nple was good.") == ("The example was good.", 1)
    assert join_hyphens("A well-\nknown and well-known man.") == ("A well-known and well-known man.", 1)
    assert join_hyphens("A well-known man.\nSee -\n") == ("A well-known man.\nSee -\n", 0)
