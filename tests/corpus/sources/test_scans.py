from chronolect.corpus.sources.prose import to_blocks
from chronolect.corpus.sources.scans import drop_scan_marks

BOOK = [f"Paragraph {n} of the story, in which the miller speaks of the weather and the road." for n in range(80)]


def texts(*blocks):
    return [block.text for block in drop_scan_marks(to_blocks("\n\n".join(blocks)))]


def test_notices_and_stamps_at_the_ends_go():
    front = [
        "Google",
        "This is a digital copy of a book that was preserved on a shelf.",
        "UNIVERSITY OF CALIFORNIA LIBRARY",
        "3 1761 01234567 8",
    ]
    back = [
        "Digitized by the Internet Archive in 2007 with funding from a company",
        "DATE DUE",
        "https://example.org/details/x",
    ]
    assert texts(*front, *BOOK, *back) == BOOK


def test_notices_on_every_page_go():
    pages = [f"{paragraph}\nDigitized by VjOOQlC" for paragraph in BOOK]
    assert texts(*pages) == BOOK


def test_the_books_own_words_stay():
    own = [
        "TO THE PUBLIC.",
        "Jan. 5, 1850.",
        "He gave the books to the library of his school, which was a large one, and went home to supper.",
        "CHAPTER I.",
    ]
    assert texts(*own, *BOOK) == own + BOOK
    middle = [*BOOK, "THE LIBRARY", *BOOK]
    assert texts(*middle) == middle
