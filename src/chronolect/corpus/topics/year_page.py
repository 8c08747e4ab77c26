"""The wikitext of a year page as a list of events, births and deaths."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from chronolect.corpus.sources.wikipedia.opaque import take_out
from chronolect.corpus.sources.wikipedia.templates import MONTHS
from chronolect.corpus.sources.wikipedia.wikitext import Cleaner
from chronolect.corpus.topics.dates import When, heading_date, leading_date, year_of_title
from chronolect.timeline import Span

SECTIONS = ("events", "births", "deaths")

_HEADING = re.compile(r"(={2,6})\s*(.*?)\s*\1\s*$")
_ITEM = re.compile(r"([*#:;]+)\s*(.*)", re.DOTALL)
_LINK = re.compile(r"\[\[([^\[\]|#{}<>]+)(?:#[^\[\]|]*)?(?:\|[^\[\]]*)?\]\]")
_MONTH = "|".join(MONTHS)
_DATE_TITLE = re.compile(rf"(?:{_MONTH})(?: \d{{1,4}})?|\d{{1,2}} (?:{_MONTH})")
_LONGEST_ITEM = 40  # lines that one item may go on for, as long as a template in it is open


@dataclass(slots=True)
class Item:
    """One entry of a year page. `under` is the text of the entry it stands below, `heading` the headings below its section."""

    section: str
    heading: str
    when: When
    span: Span
    text: str
    under: str
    links: list[str]
    has_parts: bool = False


@dataclass(slots=True)
class YearPage:
    """What stands in a year page: its entries in order, and dates that never were."""

    items: list[Item] = field(default_factory=list)
    bad_dates: list[str] = field(default_factory=list)
    is_year_page: bool = False


@dataclass(frozen=True, slots=True)
class _Open:
    """A list entry that others may stand below."""

    depth: int
    when: When
    item: Item | None


def read_year_page(wikitext: str, year: int, cleaner: Cleaner) -> YearPage:
    """Read a page; it is a year page only if it has one of the three sections."""
    page = YearPage()
    headings: dict[int, str] = {}
    section = ""
    opened: list[_Open] = []
    for line in _lines(take_out("\n" + wikitext)):
        if found := _HEADING.match(line):
            level = len(found[1])
            headings = {key: name for key, name in headings.items() if key < level}
            headings[level] = cleaner.clean(found[2]).text.strip()
            section = _section(headings, year)
            page.is_year_page |= section in SECTIONS
            opened = []
        elif section in SECTIONS and (found := _ITEM.match(line)):
            _add(page, found[1], found[2], section, headings, year, opened, cleaner)
    page.items = [item for item in page.items if not (item.has_parts and item.text.endswith(":"))]
    return page


def _lines(text: str) -> Iterator[str]:
    """The lines outside tables; an item in which a template is still open goes on with the next line."""
    waiting, held, table = "", 0, 0
    for line in text.split("\n"):
        if line.lstrip().startswith("{|"):
            table += 1
        elif table and line.lstrip().startswith("|}"):
            table -= 1
        elif not table:
            whole = f"{waiting} {line}" if waiting else line
            held = held + 1 if waiting else 0
            if _ITEM.match(whole) and whole.count("{{") > whole.count("}}") and held < _LONGEST_ITEM:
                waiting = whole
                continue
            waiting = ""
            yield whole
    if waiting:
        yield waiting


def _section(headings: dict[int, str], year: int) -> str:
    """The section that the present headings stand in; a month on the top level belongs to the events."""
    names = [headings[level].lower() for level in sorted(headings)]
    for name in names:
        if name in SECTIONS:
            return name
    return "events" if names and heading_date(headings[min(headings)], year) else names[0] if names else ""


def _add(
    page: YearPage,
    marks: str,
    body: str,
    section: str,
    headings: dict[int, str],
    year: int,
    opened: list[_Open],
    cleaner: Cleaner,
) -> None:
    text = " ".join(cleaner.clean(body).text.split())
    links = list(dict.fromkeys(_titles(body)))
    depth = len(marks)
    if marks[-1] == ":" and opened and opened[-1].item is not None:  # goes on with the entry above
        opened[-1].item.text += f" {text}"
        opened[-1].item.links += [link for link in links if link not in opened[-1].item.links]
        return
    while opened and opened[-1].depth >= depth:
        opened.pop()
    above = opened[-1] if opened else None
    below = [headings[level] for level in sorted(headings) if headings[level].lower() not in SECTIONS]
    when = above.when if above else next((w for name in reversed(below) if (w := heading_date(name, year))), When(year))
    if found := leading_date(text, year, linked=body.lstrip("' ").startswith("[[")):
        when, text = found
    try:
        span = when.span()
    except ValueError:
        page.bad_dates.append(when.text)
        when = When(year, when.month, text=when.text)  # the month holds all the same
        span = when.span()
    item = None
    if text.strip(" .–-"):
        parent = above.item if above else None
        if parent is not None:
            parent.has_parts = True
        item = Item(section, " / ".join(below), when, span, text, parent.text if parent else "", links)
        page.items.append(item)
    opened.append(_Open(depth, when, item if item else (above.item if above else None)))


def _titles(body: str) -> Iterator[str]:
    """Titles of the articles that an entry links to, without days and years."""
    for target in _LINK.findall(body):
        title = " ".join(target.replace("_", " ").split()).lstrip(":")
        name = title[:1].upper() + title[1:]
        in_namespace = re.match(r"[^:]+:[^ ]", name)
        if name and not in_namespace and not _DATE_TITLE.fullmatch(name) and year_of_title(name) is None:
            yield name
