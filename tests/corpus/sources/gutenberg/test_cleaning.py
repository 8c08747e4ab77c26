import re

import pytest
from tests.corpus.sources.gutenberg.library import FOOTERS, HEADERS, STORY, book_text

from chronolect.corpus.sources.gutenberg.cleaning import Cleaning, clean

FIRST, LAST = "CHAPTER I", "the wheel began to turn again."
MODERN = re.compile(
    r"gutenberg|e-?text|e-?book|transcri|produced|prepared|scanned|proofread|archive|bnf|licen|\*\*\*|small print|changed to|full stop",
    re.I,
)


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("footer", FOOTERS)
def test_all_wordings(header, footer):
    found = clean(book_text(header=header, footer=footer), "The Carrier", "Writer, Ann")
    assert found.text.startswith(FIRST)
    assert found.text.endswith(LAST)
    assert not MODERN.search(found.text)
    assert found.is_marked
    assert found.is_copyrighted == (header == "copyrighted")
    assert found.text == clean(STORY).text


def test_a_text_without_header_is_left_alone():
    found = clean(STORY)
    assert not found.is_marked
    assert len(found.text.split("\n\n")) == 4


def test_small_print_at_the_end_is_no_start():
    footer = "\n\nEnd of the Project Gutenberg Etext of The Carrier\n\n*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*END*\nrest\n"
    assert clean(HEADERS["2010s"] + STORY + footer).text.endswith(LAST)


def test_licence_without_a_marker_at_the_end():
    licence = (
        "\n\nThis and all associated files of various formats of this\n"
        "Project Gutenberg book are found at gutenberg.org under its license.\n\nDonate.\n"
    )
    padding = "\n\n".join(STORY for _ in range(10))
    assert clean(HEADERS["2010s"] + padding + licence).text.endswith(LAST)


def body(text):
    return clean(book_text(f"{STORY}\n\n{text}\n\n{STORY}", "copyrighted")).text.removeprefix(clean(STORY).text)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("It was [Pg 12]dark and {13} cold [Page xiv] there.", "It was dark and cold there."),
        ("He knew it[1] and said[A] so[*].", "He knew it and said so."),
        ("It was _very_ dark, =so= dark, ~so~ dark.", "It was very dark, so dark, so dark."),
        ("A snake_case_word and a = b stay.", "A snake_case_word and a = b stay."),
        ("The Ph[oe]nix and [Greek: logos] stay.", "The Phœnix and logos stay."),
        ("[Illustration: The mill, [sic] by\nnight]", ""),
        ("[Transcriber's note: a page is missing\n\nhere]", ""),
        ("[Sidenote: A mill]", ""),
        ("[He enters.] Who is it?", "[He enters.] Who is it?"),
        ("An [unclosed bracket stays.", "An [unclosed bracket stays."),
        ("[Footnote 3: The old mill.]", "The old mill."),
        ("*       *       *       *       *", "* * *"),
    ],
)
def test_marks(written, read):
    middle = body(written).removesuffix(clean(STORY).text)
    assert middle.strip() == read


def test_what_is_kept_on_request():
    text = "[Footnote 3: The old mill.]\n\nIt was _very_ dark."
    assert "old mill" not in clean(book_text(f"{STORY}\n\n{text}"), how=Cleaning(footnotes=False)).text
    assert "_very_" in clean(book_text(f"{STORY}\n\n{text}"), how=Cleaning(emphasis=True)).text
    assert "hill with his lamp unlit, for the moon was\nbright" in clean(book_text(), how=Cleaning(unwrap=False)).text


FRONT = """\
THE CARRIER

BY

ANN WRITER

AUTHOR OF "THE MILL"

[Illustration]

LONDON
OLD PRESS & CO.
1890

CONTENTS

CHAPTER                               PAGE
   I. The Hill                           1
  II. The Mill                          20

LIST OF ILLUSTRATIONS

The mill by night          _Frontispiece_
The carrier                         12


"""


def test_title_page_and_contents_go_and_are_kept_on_request():
    found = clean(book_text(FRONT + STORY), "The Carrier", "Writer, Ann, 1850-1901")
    assert found.text == clean(STORY).text
    kept = clean(book_text(FRONT + STORY), "The Carrier", "Writer, Ann", Cleaning(front_matter=True)).text
    assert "OLD PRESS" in kept
    assert "CONTENTS" in kept
    assert [(date.year, date.exact) for date in found.dates] == [(1890, False)]


def test_contents_of_plain_titles_end_where_the_first_comes_again():
    contents = "CONTENTS\n\nThe Hill\n\nThe Mill\n\nThe Road\n\n\nThe Hill\n\n"
    text = clean(book_text(contents + STORY), "The Carrier", "Writer, Ann").text
    assert text == "The Hill\n\n" + clean(STORY).text


def test_a_dedication_is_the_authors_own_word():
    text = clean(
        book_text("THE CARRIER\n\nTo my sister, who knows the road.\n\n" + STORY), "The Carrier", "Writer, Ann"
    ).text
    assert text.startswith("To my sister")


@pytest.mark.parametrize(
    "beginning",
    ["By three o'clock he was gone.", "London, Monday morning.", "To the reader."],
)
def test_a_short_first_paragraph_is_no_title_page(beginning):
    text = clean(
        book_text(f"THE CARRIER\n\nBy Ann Writer.\n\n\n{beginning}\n\n{STORY}"), "The Carrier", "Writer, Ann"
    ).text
    assert text.startswith(beginning)


@pytest.mark.parametrize(
    "odd",
    [" " * 500_000, "\n" * 500_000, "_a " * 50_000, "[Footnote " * 5_000, "* " * 50_000, "copyright 1900 " * 20_000],
)
def test_odd_texts_take_no_odd_time(odd):
    """With an expression that runs back over such a text for every character, this would not end within the test's time limit."""
    assert clean(f"{STORY}\n\n{odd}x").text.startswith(FIRST)
