"""Lives of the people who made a book, and what they say about when its words were written.

Nobody writes before birth or after death, so the words of a book lie in the hull of the lives of *all* its contributors: a translation is in the
words of the translator. One contributor of unknown life leaves no bound at all.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from chronolect.timeline import Evidence, Span, hull
from chronolect.timeline.calendar import year_end, year_of, year_start

LONGEST_LIFE = 110  # years: bounds a life of which one end is known
LONGEST_CAREER = 80  # years: how far from a date somebody is known to have been "active" their words may lie

UNKNOWN = Span()

_NUMBER = r"\d{1,4}"
_ABOUT = r"(?:ca?\.?|circa|approximately|about)"
_ERA = r"(?:B\.?\s?C\.?(?:\s?E\.?)?|A\.?\s?D\.?|C\.?\s?E\.?)"
_YEAR = rf"(?:{_ABOUT}\s*)?{_NUMBER}\??(?:\s*(?:or|/)\s*{_NUMBER}\??)?(?:\s*{_ERA})?"
_CENTURY = (
    rf"\d{{1,2}}(?:st|nd|rd|th)(?:\s*(?:or|/|-|–)\s*\d{{1,2}}(?:st|nd|rd|th))?\s+cent(?:ury|uries|\.)?(?:\s*{_ERA})?"
)
_DATES = rf"""(?:
    (?P<active>(?:active|fl\.?|flourished)\s+)(?P<from>{_CENTURY}|{_YEAR})(?:\s*[-–]\s*(?P<to>{_YEAR}))?
  | (?P<century>{_CENTURY})
  | (?:b\.|born)\s*(?P<only_born>{_YEAR})
  | (?:d\.|died)\s*(?P<only_died>{_YEAR})
  | (?P<born>{_YEAR})?\s*[-–]\s*(?P<died>{_YEAR})?
)"""
_ROLE = re.compile(r"\s*\[(?P<role>[^\[\]]+)\]\s*\.?$")
_AT_END = re.compile(rf"(?:,\s*|\(\s*){_DATES}\s*\)?\s*\.?$", re.VERBOSE | re.IGNORECASE)
_YEAR_PARTS = re.compile(
    rf"(?P<about>{_ABOUT}\s*)?(?P<first>{_NUMBER})(?P<doubt>\?)?(?:\s*(?:or|/)\s*(?P<second>{_NUMBER})(?P<doubt2>\?)?)?\s*(?P<era>{_ERA})?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Contributor:
    """Somebody whose words may be in a book, and the days their words can be from (`Span()` if the life is not known)."""

    name: str
    role: str = "Author"
    life: Span = UNKNOWN


def parse_contributor(text: str) -> Contributor:
    """Read a library heading: `Verne, Jules, 1828-1905`, `Garnett, Constance, 1861-1946 [Translator]`, `Eliot, George (1819-1880)`.

    Dates may be doubtful (`1850?`, `ca. 1340`, `1850 or 1851`), BCE, open (`1930-`), or say when somebody was active (`active 18th century`).

    >>> parse_contributor("Virgil, 70 BCE-19 BCE").life.edtf(), parse_contributor("Hunter, J. [Translator]")
    ('-0069/-0018', Contributor(name='Hunter, J.', role='Translator', life=Span(earliest=None, latest=None, text=None)))
    """
    heading = " ".join(text.split())
    role = _ROLE.search(heading)
    if role:
        heading = heading[: role.start()]
    dates = _AT_END.search(heading)
    name = (heading[: dates.start()] if dates else heading).strip(" ,")
    return Contributor(name, role["role"].strip() if role else "Author", _life(dates) if dates else Span())


def parse_contributors(text: str) -> tuple[Contributor, ...]:
    """Read headings that are separated by semicolons, as in Gutenberg's `Authors` column."""
    return tuple(parse_contributor(part) for part in text.split(";") if part.strip())


def lifetime(born: Span | None, died: Span | None) -> Span:
    """The days a person's words can be from. Of a life with one known end, the other is at most `LONGEST_LIFE` years away."""
    if born is None and died is None:
        return Span()
    earliest = born.earliest if born else _shift(died, -LONGEST_LIFE)
    latest = died.latest if died else _shift(born, LONGEST_LIFE)
    return Span() if earliest is None or latest is None or earliest > latest else Span(earliest, latest)


def words_of(contributors: Sequence[Contributor], reference: str, quote: str) -> Evidence | None:
    """The evidence that all words are from the lives of all contributors; `None` if there are none or one life is not known."""
    span = hull(contributor.life for contributor in contributors) if contributors else Span()
    return Evidence("written", span, "author-life", reference=reference, quote=quote) if span.is_known else None


def published(span: Span, lives: Iterable[Contributor]) -> Span:
    """When the words of a book published in `span` were written: then, or, of one that came out after its people's deaths, at some day before.

    >>> published(Span.year(1857), [parse_contributor("Brontë, Charlotte, 1816-1855")]).edtf()
    '../1857'
    """
    life = hull([contributor.life for contributor in lives])
    posthumous = life.latest is not None and span.earliest is not None and span.earliest > life.latest
    return Span(None, span.latest) if posthumous else span


def _life(dates: re.Match[str]) -> Span:
    if dates["active"] or dates["century"]:
        first = _century(dates["century"]) if dates["century"] else _century(dates["from"]) or _year(dates["from"])
        last = _year(dates["to"]) if dates["to"] else first
        return _career(first, last)
    if dates["only_born"] or dates["only_died"]:
        return lifetime(_year(dates["only_born"]), _year(dates["only_died"]))
    born_text, died_text = dates["born"], dates["died"]
    if born_text and died_text and _is_bce(died_text) and not re.search(_ERA, born_text, re.IGNORECASE):
        born_text += " BCE"  # 70-19 BCE
    return lifetime(_year(born_text), _year(died_text))


def _career(first: Span | None, last: Span | None) -> Span:
    earliest, latest = _shift(first, -LONGEST_CAREER), _shift(last, LONGEST_CAREER)
    return Span() if earliest is None or latest is None or earliest > latest else Span(earliest, latest)


def _shift(span: Span | None, years: int) -> int | None:
    """The first day of the year that lies so many years before the span, or the last day of one after it."""
    day = None if span is None else span.earliest if years < 0 else span.latest
    if day is None:
        return None
    return year_start(year_of(day) + years) if years < 0 else year_end(year_of(day) + years)


def _is_bce(text: str) -> bool:
    return re.search(r"B\.?\s?C", text, re.IGNORECASE) is not None


def _year(text: str | None) -> Span | None:
    """`1850`, `1850?`, `ca. 1850`, `1850 or 1851`, `44 BCE`; a doubtful year reaches as far as EDTF's `?` does."""
    match = _YEAR_PARTS.fullmatch(text.strip()) if text else None
    if match is None:
        return None
    years = [int(match[name]) for name in ("first", "second") if match[name]]
    if 0 in years:
        return None
    if match["era"] and _is_bce(match["era"]):
        years = [1 - year for year in years]
    doubt = "?" if match["about"] or match["doubt"] or match["doubt2"] else ""
    spans = [Span.parse(f"{f'-{-year:04d}' if year < 0 else f'{year:04d}'}{doubt}") for year in years]
    return spans[0] if len(spans) == 1 else hull(spans)


def _century(text: str | None) -> Span | None:
    """`18th century`, `17th/18th century`, `1st century BCE`."""
    if not text or "cent" not in text.lower():
        return None
    ordinals = [int(number) for number in re.findall(r"\d+", text)]
    if _is_bce(text):
        return Span.year(1 - 100 * max(ordinals), -100 * (min(ordinals) - 1))
    return Span.year(100 * (min(ordinals) - 1) + 1, 100 * max(ordinals))
