"""When a Gutenberg book was written: from its own title page, the catalogue, and the lives of its people.

Most of it bounds from above: the year on a title page or of a copyright is that of an edition, whose words were there by then; only "first
published" says more. The day of Gutenberg's own release is a bound of the same kind, and alone it dates nothing.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chronolect.corpus.sources.gutenberg.book import Book
from chronolect.corpus.sources.gutenberg.front import ROMAN_YEAR, front_blocks, is_imprint
from chronolect.corpus.sources.lives import Contributor, published, words_of
from chronolect.corpus.sources.prose import Block
from chronolect.timeline import Dating, Evidence, Span, hull, merge
from chronolect.timeline.calendar import year_of

_YEAR = r"(?:1[4-9]\d\d|20\d\d)"
_ANY_YEAR = re.compile(rf"\b{_YEAR}\b")
_FIRST = re.compile(
    rf"\b(?:first|originally)\s+(?:published|printed|issued|edition)\b[^\n]{{0,60}}?\b(?P<year>{_YEAR})\b"
    rf"|\b(?:erstausgabe|erste\s+auflage|première\s+édition)\b[^\n]{{0,30}}?\b(?P<year2>{_YEAR})\b",
    re.IGNORECASE,
)
_RIGHTS = re.compile(
    r"copy-?right|©|\(c\)\s*\d{4}|entered,?\s+according\s+to|tous\s+droits|alle\s+rechte", re.IGNORECASE
)
_SOURCE = re.compile(
    rf"(?:transcribed|produced|prepared|typed|scanned)\s+from\s+(?:the|a|an)\b.{{0,120}}?\b(?P<year>{_YEAR})\b.{{0,80}}?\b(?:edition|copy|printing|text|ed\.)"
    rf"|\be-?(?:text|book)\s+was\s+(?:first\s+)?(?:produced|prepared|transcribed|scanned)\s+from\b.{{0,120}}?\b(?P<year2>{_YEAR})\b",
    re.IGNORECASE | re.DOTALL,
)
_ORIGINAL = re.compile(
    rf"^original publication:[^\n]*(?:\n[ \t]+[^\n]*)*?\b(?P<year>{_YEAR})\b", re.IGNORECASE | re.MULTILINE
)
_REISSUE = re.compile(r"\b(?:re-?print|re-?issued?|edition|impression|printing|revised)", re.IGNORECASE)
_YEAR_LINE = re.compile(rf"^\W*(?:{_YEAR}|{ROMAN_YEAR.pattern})\W*$")
_BRACKETED = re.compile(rf"[\[(](?P<year>{_YEAR})[\])]\s*$")
_MONTHS = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
]
_ISSUE = re.compile(
    rf"\b(?P<month>{'|'.join(_MONTHS)})\.?\s+(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+)?(?P<year>{_YEAR})\b",
    re.IGNORECASE,
)
_ROMAN_VALUES = {"M": 1000, "D": 500, "C": 100, "L": 50, "X": 10, "V": 5, "I": 1}
_YOUNGEST = 5  # years: a title page from before a contributor was as old as this is not that of this text


@dataclass(frozen=True, slots=True)
class FrontDate:
    """A year in the front of a book: `exact` if it is that of first publication, else no more than an upper bound; `weak` if it may be
    that of the work and not of this text of it.
    """

    year: int
    quote: str
    exact: bool = False
    weak: bool = False
    rights: bool = False


def front_dates(blocks: Sequence[Block], header: str = "") -> list[FrontDate]:
    """The years of publication that a book's front and the project's header state."""
    found = [
        FrontDate(int(match["year"]), _quote(match[0]))
        for pattern in (_ORIGINAL,)
        for match in pattern.finditer(header)
    ]
    front = front_blocks(blocks)
    near_imprint = False
    for block in front:
        found += _block_dates(block, near_imprint)
        near_imprint = is_imprint(block.text)
    return found


def _block_dates(block: Block, near_imprint: bool) -> Iterator[FrontDate]:
    text = block.text
    if source := _SOURCE.search(text):
        yield FrontDate(int(source["year"] or source["year2"]), _quote(source[0]))
        return
    firsts = [int(match["year"] or match["year2"]) for match in _FIRST.finditer(text)]
    yield from (FrontDate(year, _quote(text), exact=True) for year in firsts)
    if _RIGHTS.search(text) or (firsts and _REISSUE.search(text)):
        is_right = _RIGHTS.search(text) is not None
        yield from (
            FrontDate(int(year), _quote(text), rights=is_right)
            for year in _ANY_YEAR.findall(text)
            if int(year) not in firsts
        )
        return
    has_imprint = is_imprint(text)
    for line in block.lines:
        years = [year for year in _years(line) if year not in firsts]
        if _YEAR_LINE.match(line) and (has_imprint or near_imprint):
            yield from (FrontDate(year, _quote(text)) for year in years)
        elif is_imprint(line) and years:
            yield FrontDate(years[-1], _quote(line))
        elif bracketed := _BRACKETED.search(line):
            yield FrontDate(int(bracketed["year"]), _quote(line), weak=True)


def gutenberg_evidence(
    book: Book, people: Sequence[Contributor], fronts: Sequence[FrontDate], own: Evidence | None, copyrighted: bool
) -> tuple[Evidence, ...]:
    """All evidence for when the words of a book were written.

    Args:
        book: The catalogue's entry.
        people: Those of its contributors whose lives count.
        fronts: What the text itself says.
        own: What the user's table of dates says, taken as the time of publication.
        copyrighted: Whether the text is still under copyright: then the words of somebody of today are in it, and a year in its front counts
            only if it is that of a copyright.
    """
    pieces: list[Evidence] = []
    if own is not None:
        pieces.append(
            Evidence("written", published(own.span, people), "catalogue", own.precision, own.reference, own.quote)
        )
    if book.published is not None:
        pieces.append(
            Evidence(
                "written",
                Span(None, Span.year(book.published).latest),
                "catalogue",
                "year",
                book.where,
                book.publication,
            )
        )
    pieces += _from_front(book, people, fronts, copyrighted)
    issue = _issue_date(book)
    if issue is not None:
        pieces.append(issue)
    life = words_of(people, book.where, book.authors)
    if life is not None:
        pieces.append(life)
    so_far = merge(pieces, "written").span
    if pieces and book.issued is not None and (so_far.latest is None or so_far.latest > (book.issued.latest or 0)):
        bound = Span(None, book.issued.latest)  # where the rest leaves the end open, or later
        pieces.append(Evidence("written", bound, "catalogue", "day", book.where, f"issued {book.issued.edtf()}"))
    return tuple(pieces)


def written(evidence: Sequence[Evidence]) -> Dating:
    """The span of all evidence (`timeline.merge`)."""
    return merge(evidence, "written")


def _from_front(
    book: Book, people: Sequence[Contributor], fronts: Sequence[FrontDate], copyrighted: bool
) -> Iterator[Evidence]:
    """One piece of evidence out of all years in the front: up to the last of them, from the first publication on where that is stated."""
    lives = [person.life for person in people]
    newest = max((life.earliest for life in lives if life.earliest is not None), default=None)
    latest_possible = year_of(book.issued.latest) if book.issued and book.issued.latest is not None else 2100
    first_possible = year_of(newest) + _YOUNGEST if newest is not None else 1400
    certain = bool(people) and all(life.is_known for life in lives)
    usable = [
        date
        for date in fronts
        if first_possible <= date.year <= latest_possible
        and (certain or not date.weak)
        and (date.rights or not copyrighted)
    ]
    # A year too early for one of the people is that of an older edition; then no year here is sure to be that of this text.
    if not usable or any(date.year < first_possible for date in fronts if not date.exact and not date.weak):
        return
    last = max(usable, key=lambda date: date.year)
    firsts = [date for date in usable if date.exact]
    if firsts:
        first = min(firsts, key=lambda date: date.year)
        span = published(Span.year(first.year, last.year), people)
        yield Evidence("written", span, "header", "year", f"{book.number} front", first.quote)
    else:
        yield Evidence(
            "written", Span(None, Span.year(last.year).latest), "header", "year", f"{book.number} front", last.quote
        )


def _issue_date(book: Book) -> Evidence | None:
    """The date in the title of a number of a periodical, whose people are "Various"."""
    if not any(person.name.lower() == "various" for person in book.contributors):
        return None
    spans = [span for match in _ISSUE.finditer(book.title) if (span := _issue_span(match)) is not None]
    return Evidence("written", hull(spans), "catalogue", reference=book.where, quote=book.title) if spans else None


def _issue_span(match: re.Match[str]) -> Span | None:
    year, month = int(match["year"]), _MONTHS.index(match["month"].lower()) + 1
    if not match["day"]:
        return Span.parse(f"{year}-{month:02d}")
    try:
        return Span.day(year, month, int(match["day"]))
    except ValueError:
        return None


def _years(line: str) -> list[int]:
    """The years of a line, in figures or Roman numerals, in order of size."""
    years = [int(year) for year in _ANY_YEAR.findall(line)]
    years += [year for match in ROMAN_YEAR.finditer(line) if 1400 <= (year := _roman(match[0])) <= 2099]
    return sorted(years)


def _roman(text: str) -> int:
    digits = [_ROMAN_VALUES[character] for character in text if character in _ROMAN_VALUES]
    return sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True))


def _quote(text: str) -> str:
    return " ".join(text.split())[:200]
