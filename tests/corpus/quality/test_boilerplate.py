import pytest

from chronolect.corpus.quality.boilerplate import mark_of, marks, without_marks


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Digitized by Google", "digitisation"),
        ("  Digitised by the Internet Archive in 2008 with funding from", "digitisation"),
        ("Generated on behalf of a reader", "digitisation"),
        ("Produced by the Online Distributed Proofreading Team", "digitisation"),
        ("17", "page number"),
        ("- 213 -", "page number"),
        ("[Pg 45]", "page number"),
        ("Page 9", "page number"),
        ("xiv", "page number"),
        ("UNIVERSITY OF NORTHTOWN LIBRARIES", "library"),
        ("THE PUBLIC LIBRARY OF OLDHAVEN", "library"),
        ("THIS BOOK IS DUE ON THE LAST DATE STAMPED BELOW", "library"),
        ("Home | News | About us | Contact", "navigation"),
        ("Skip to content", "navigation"),
        ("https://www.example.org/page?id=7", "navigation"),
        ("We use cookies to give you the best experience.", "notice"),
        ("Copyright © 2014 Example House Ltd", "notice"),
        ("All rights reserved.", "notice"),
    ],
)
def test_marks(line, kind):
    assert mark_of(line) == kind


@pytest.mark.parametrize(
    "line",
    [
        "",
        "XIV",
        "CHAPTER XIV.",
        "In 1848 the library was closed.",
        "He read in the public library of the town until it was dark.",
        "The biscuits and cookies were gone.",
        "I. That all men are equal.",
        "He turned the page.",
        "Next morning we sailed.",
    ],
)
def test_text_is_no_mark(line):
    assert mark_of(line) is None


def test_running_heads_are_found_by_repetition():
    pages = "\n".join(f"{12 + i} A HISTORY OF THE NORTH\nText of page {i} goes on here." for i in range(6))
    text, found = without_marks(pages)
    assert found == {"running head": 6}
    assert text == "\n".join(f"Text of page {i} goes on here." for i in range(6))


def test_refrains_and_speakers_stay():
    play = "\n".join(f"HAMLET.\nLine {'abcdefg'[i]} is said.\nRow, brothers, row!" for i in range(7))
    assert marks(play) == []


def test_blank_lines_are_not_heaped_up():
    assert without_marks("One.\n\n17\n\nTwo.")[0] == "One.\n\nTwo."
