"""The tables of named periods and of rulers (`data/expressions/*.tsv`), spelt out as the phrases that text has."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chronolect.errors import UserError
from chronolect.timeline import Span, hull

_FOLDER = Path(__file__).parents[3] / "data" / "expressions"
PERIODS, RULERS, NOT_DATES = _FOLDER / "periods.tsv", _FOLDER / "rulers.tsv", _FOLDER / "not-dates.txt"

# How text speaks of the time of a ruler: of kings and queens, and of heads of government.
_REIGN = (
    "reign of {}",
    "reigns of {}",
    "{}'s reign",
    "accession of {}",
    "time of {}",
    "times of {}",
    "days of {}",
    "court of {}",
    "under {}",
)
_SINGLE_NAME = ("reign of {}", "{}'s reign")
# Rulers whose one name could be anybody's.
_COMMON_NAMES = {
    "Anne",
    "Elizabeth",
    "Victoria",
    "Alfred",
    "Stephen",
    "Claudius",
    "Titus",
    "Franco",
    "Castro",
    "Saddam",
}
_OFFICE = (
    "{} administration",
    "{} Administration",
    "{} presidency",
    "{} Presidency",
    "{} government",
    "{} Government",
    "{} ministry",
    "{} Ministry",
    "{} era",
    "{} years",
    "{}'s administration",
    "{}'s presidency",
    "{}'s premiership",
    "{}'s government",
    "presidency of {}",
    "Presidency of {}",
    "premiership of {}",
    "administration of {}",
    "Administration of {}",
    "government of {}",
    "ministry of {}",
    "under President {}",
    "under Prime Minister {}",
)


# Headings in capitals have reigns and periods, hardly ever a ministry: a third of the automaton is spared.
_OFFICE_NOUNS = tuple(form.removeprefix("{}") for form in _OFFICE if form.startswith("{}"))


@dataclass(frozen=True, slots=True)
class Period:
    """A named time: its span, its kind (era, war, reign), and whether it was written with "the"."""

    span: Span
    type: str


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a table: where it stands, the span, the kind (war, era, king, office), the names."""

    where: str
    span: Span
    kind: str
    names: list[str]


def read_rows(file: Path) -> Iterator[Row]:
    """The lines of a table; `UserError` names the file and line of a broken one."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        columns = line.split("\t")
        if len(columns) != 3:
            raise UserError(f"{file.name}:{number}: expected span, type and names between tabs")
        edtf, kind, names = columns
        span = Span.parse(edtf)
        yield Row(f"{file.name}:{number}", Span(span.earliest, span.latest), kind, names.split("|"))


def _forms(kind: str, name: str) -> Iterator[str]:
    if kind == "office":
        yield from (form.format(name) for form in _OFFICE)
    else:
        yield from (form.format(name) for form in (_SINGLE_NAME if name in _COMMON_NAMES else _REIGN))


def _variants(phrase: str) -> Iterator[str]:
    """The same phrase at the start of a sentence, in a heading, with an en dash, and with "war" in small letters."""
    if phrase.startswith("the "):
        yield "T" + phrase[1:]
    if " " in phrase and not phrase.endswith(_OFFICE_NOUNS):
        yield phrase.upper()
    if "-" in phrase:
        yield phrase.replace("-", "–")
    if phrase.endswith((" War", " Wars")) and not phrase.startswith("the "):
        yield phrase.replace(" Civil War", " civil war").replace(" War", " war")


@cache
def phrases() -> dict[str, Period | None]:
    """Every phrase of the tables, with its period; `None` for phrases that look like a date and are none.

    A phrase that stands for two (the Roosevelt administration) covers both.
    """
    found: dict[str, Period | None] = {}

    def add(phrase: str, period: Period) -> None:
        known = found.get(phrase)
        found[phrase] = period if known is None else Period(hull([known.span, period.span]), period.type)

    for row in read_rows(PERIODS):
        for name in row.names:
            add(name, Period(row.span, row.kind))
    for row in read_rows(RULERS):
        for name in row.names:
            for phrase in _forms(row.kind, name):
                add(phrase, Period(row.span, "reign"))
    for phrase, period in list(found.items()):
        for variant in _variants(phrase):
            found.setdefault(variant, period)
    lines = NOT_DATES.read_text(encoding="utf-8").splitlines()
    return found | {line: None for line in lines if line and not line.startswith("#")}
