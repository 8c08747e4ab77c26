import pytest

from chronolect.corpus.sources.lives import (
    Contributor,
    lifetime,
    parse_contributor,
    parse_contributors,
    published,
    words_of,
)
from chronolect.timeline import Cutoff, Span, Verdict


@pytest.mark.parametrize(
    ("heading", "name", "role", "life"),
    [
        ("Verne, Jules, 1828-1905", "Verne, Jules", "Author", "1828/1905"),
        ("Garnett, Constance, 1861-1946 [Translator]", "Garnett, Constance", "Translator", "1861/1946"),
        ("Wells, H. G. (Herbert George), 1866-1946", "Wells, H. G. (Herbert George)", "Author", "1866/1946"),
        ("Tupper, Martin Farquhar (1810–1889).", "Tupper, Martin Farquhar", "Author", "1810/1889"),
        ("Eliot, George [pseud.] (1819-1880)", "Eliot, George [pseud.]", "Author", "1819/1880"),
        ("Homer, 751? BCE-651? BCE", "Homer", "Author", "-0760/-0640"),
        ("Virgil, 70-19 B.C.", "Virgil", "Author", "-0069/-0018"),
        ("Ovid, 44 BCE-18?", "Ovid", "Author", "-0043/0028"),
        ("Writer, Anne, 1850?-1901", "Writer, Anne", "Author", "1840/1901"),
        ("Writer, Ben, ca. 1340-1400", "Writer, Ben", "Author", "1330/1400"),
        ("Writer, Ben, approximately 1200-approximately 1264", "Writer, Ben", "Author", "1190/1274"),
        ("Writer, Cy, 1850 or 1851-1901", "Writer, Cy", "Author", "1850/1901"),
        ("Scribe, active 18th century", "Scribe", "Author", "1621/1880"),
        ("Scribe, 1st century BCE", "Scribe", "Author", "-0179/0080"),
        ("Scribe, fl. 1750-1760 [Editor]", "Scribe", "Editor", "1670/1840"),
        ("Writer, Dee, -1471", "Writer, Dee", "Author", "1361/1471"),
        ("Writer, Eve, d. 1471", "Writer, Eve", "Author", "1361/1471"),
        ("Writer, Flo, b. 1850", "Writer, Flo", "Author", "1850/1960"),
        ("Writer, Guy, 1828-", "Writer, Guy", "Author", "1828/1938"),
    ],
)
def test_headings(heading, name, role, life):
    found = parse_contributor(heading)
    assert (found.name, found.role, found.life.edtf()) == (name, role, life)


@pytest.mark.parametrize(
    "heading",
    ["Hunter, J. [Translator]", "Various", "United States. Congress", "Writer, 1901-1850", "Writer, -", "Writer, 0-0"],
)
def test_unknown_lives(heading):
    assert parse_contributor(heading).life == Span()


def test_a_translators_death_bounds_the_words():
    people = parse_contributors("Verne, Jules, 1828-1905; Mercier, Anne, 1842-1917 [Translator]")
    evidence = words_of(people, "catalogue #1", "both")
    assert evidence is not None
    assert (evidence.span.edtf(), evidence.kind, evidence.quote) == ("1828/1917", "author-life", "both")
    late = parse_contributors("Verne, Jules, 1828-1905; Butcher, W., 1951- [Translator]")
    assert Cutoff.parse("1969-07-20").judge(words_of(late, "", "").span) is Verdict.STRADDLES


def test_one_unknown_life_leaves_no_bound():
    assert words_of(parse_contributors("Verne, Jules, 1828-1905; Hunter, J. [Translator]"), "", "") is None
    assert words_of((), "", "") is None


def test_posthumous_publication_was_written_in_life():
    writer = [parse_contributor("Brontë, Charlotte, 1816-1855")]
    assert published(Span.year(1857), writer).edtf() == "../1857"
    assert published(Span.year(1847), writer) == Span.year(1847)
    assert published(Span.year(1857), [Contributor("Unknown")]) == Span.year(1857)


def test_a_life_with_one_end_is_bounded_by_the_longest_life():
    assert lifetime(Span.year(-69), None).edtf() == "-0069/0041"
    assert lifetime(None, None) == Span()
