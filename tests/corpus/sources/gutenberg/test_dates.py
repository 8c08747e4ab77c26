import pytest

from chronolect.corpus.sources.gutenberg.book import Book
from chronolect.corpus.sources.gutenberg.dates import front_dates, gutenberg_evidence, written
from chronolect.corpus.sources.lives import parse_contributors
from chronolect.corpus.sources.prose import to_blocks
from chronolect.timeline import Cutoff, Evidence, Span, Verdict

ANN = "Writer, Ann, 1850-1901"


def book(authors=ANN, title="The Carrier", issued="2011-05-01", **others):
    return Book(
        1,
        title,
        authors=authors,
        contributors=parse_contributors(authors),
        issued=Span.parse(issued) if issued else None,
        **others,
    )


def dated(entry, front="", own=None, copyrighted=False, header=""):
    evidence = gutenberg_evidence(entry, entry.contributors, front_dates(to_blocks(front), header), own, copyrighted)
    return written(evidence)


@pytest.mark.parametrize(
    ("front", "years"),
    [
        ("LONDON\nOLD PRESS & CO.\n1890", [1890]),
        ("LONDON: MACMILLAN AND CO., 1890", [1890]),
        ("NEW YORK\nOLD BROTHERS, PUBLISHERS\n\n1890", [1890]),
        ("BOSTON\nOLD PRESS\nMDCCCXC", [1890]),
        ("Copyright, 1905, by Ann Writer", [1905]),
        ("COPYRIGHT, 1888, 1889, AND 1890, BY ANN WRITER", [1888, 1889, 1890]),
        ("Entered, according to Act of Congress, in the year 1867, by\nAnn Writer", [1867]),
        ("First published 1887", [1887]),
        ("First published in March 1887. Reprinted 1890, 1899.", [1887, 1890, 1899]),
        ("Transcribed from the 1891 Old Press edition by Some Body", [1891]),
        (
            "[Transcriber's Note: This etext was produced from Great Tales,\nMarch 1954. No renewal of the copyright of 1955 was found.]",
            [1954],
        ),
        ("The Carrier, by Ann Writer [1898]", [1898]),
        ("A TALE OF THE YEAR 1812", []),
        ("Dedicated to the men of 1848", []),
        ("The mill stood at number 1750 on the road.", []),
        (f"{'He told of the year 1888 at great length. ' * 12}\n\nLONDON\n1890", []),
    ],
)
def test_years_of_the_front(front, years):
    assert sorted(date.year for date in front_dates(to_blocks(front))) == years


def test_original_publication_in_the_projects_header():
    header = "Title: The Carrier\n\nOriginal publication: London: Old Press,\n        1890\n\nCredits: x 2020\n"
    assert [(date.year, date.exact) for date in front_dates([], header)] == [(1890, False)]


def test_lives_alone():
    found = dated(book())
    assert found.span.edtf() == "1850/1901"
    assert [(piece.kind, piece.quote, piece.precision) for piece in found.evidence] == [("author-life", ANN, "century")]


def test_the_release_closes_what_is_open():
    found = dated(book("Writer, Ann, 1950-"))
    assert found.span.edtf() == "1950-01-01/2011-05-01"
    assert [piece.quote for piece in found.evidence] == ["Writer, Ann, 1950-", "issued 2011-05-01"]


def test_a_title_page_bounds_and_first_publication_dates():
    assert dated(book(), "LONDON\nOLD PRESS\n1890").span.edtf() == "1850/1890"
    assert dated(book(), "First published 1887").span.edtf() == "1887"
    assert dated(book(), "First published 1887. Reprinted 1890.").span.edtf() == "1887/1890"
    assert dated(book(), "Copyright, 1888, 1890, by Ann Writer").span.edtf() == "1850/1890"


def test_evidence_quotes_the_page():
    (header,) = (piece for piece in dated(book(), "Copyright, 1890, by\nAnn Writer").evidence if piece.kind == "header")
    assert (header.quote, header.precision, header.reference) == ("Copyright, 1890, by Ann Writer", "year", "1 front")


def test_posthumous_publication():
    found = dated(book(), "First published 1907")
    assert (found.span.edtf(), found.contradictions) == ("1850/1901", 0)


def test_an_unknown_translator_leaves_a_book_undated_unless_the_page_bounds_it():
    entry = book("Writer, Ann, 1850-1901; Hunter, J. [Translator]")
    assert not dated(entry).span.is_known
    assert dated(entry).evidence == ()
    assert dated(entry, "LONDON\nOLD PRESS\n1890").span.edtf() == "../1890"
    # A year in brackets may be that of the original.
    assert not dated(entry, "The Carrier, by Ann Writer [1890]").span.is_known


def test_a_living_translator_is_never_before():
    entry = book("Writer, Ann, 1850-1901; Neu, N., 1950- [Translator]")
    cutoff = Cutoff.parse("1969-07-20")
    for front in ("", "LONDON\nOLD PRESS\n1890", "First published 1890", "[1890]"):
        assert cutoff.judge(dated(entry, front).span) is Verdict.STRADDLES
    assert dated(entry).span.edtf() == "1850-01-01/2011-05-01"


def test_a_year_after_the_release_or_before_the_author_does_not_count():
    assert dated(book(), "LONDON\nOLD PRESS\n2015").span.edtf() == "1850/1901"
    assert dated(book(), "LONDON\nOLD PRESS\n1640").span.edtf() == "1850/1901"


def test_copyrighted_books_are_dated_by_their_copyright_only():
    assert dated(book("Writer, Ann"), "LONDON\nOLD PRESS\n1890", copyrighted=True).evidence == ()
    assert (
        dated(
            book("Writer, Ann"), "Copyright 1995 by Ann Writer\n\nLONDON\nOLD PRESS\n1890", copyrighted=True
        ).span.edtf()
        == "../1995"
    )


def test_the_catalogues_edition_is_a_bound():
    assert dated(book(published=1890, publication="London: Old Press, 1890")).span.edtf() == "1850/1890"


def test_the_users_table():
    own = Evidence("written", Span.parse("1888-03"), "catalogue", reference="dates.csv:2 date", quote="1888-03")
    assert dated(book(), own=own).span.edtf() == "1888-03"
    wrong = Evidence("written", Span.parse("1700"), "catalogue")
    found = dated(book(), own=wrong)
    assert (found.contradictions, found.span.edtf()) == (1, "1700/1901")


def test_numbers_of_periodicals():
    title = "Punch, or the London Charivari, Volume 98, January 4, 1890"
    assert dated(book("Various", title)).span.edtf() == "1890-01-04"
    assert dated(book("Various", "The Monthly, Vol. 3, March 1890")).span.edtf() == "1890-03"
    assert not dated(book("Various", "The Monthly, February 30, 1890")).span.is_known
    assert dated(book(ANN, title)).span.edtf() == "1850/1901"


def test_the_release_alone_dates_nothing():
    assert dated(book("Various")).evidence == ()
    assert dated(book("Anonymous", issued=None)).evidence == ()
