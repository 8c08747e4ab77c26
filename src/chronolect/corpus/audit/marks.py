"""Marks of scanning, of digital editions and of modern title leaves, with the first year in which they can stand in a text."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chronolect.corpus.audit.tables import read_table, read_year
from chronolect.errors import UserError

MARKS = Path(__file__).parents[2] / "data" / "marks.tsv"
COLUMNS = ("name", "year", "literals", "pattern")


@dataclass(frozen=True, slots=True)
class Mark:
    """What is found by one of its `literals` (small letters), if its `pattern` then matches there as well.

    A group `year` of the pattern says of what year this mark is. A mark without literals is a sign beyond Latin-1: its pattern begins
    with a class of characters, and conditions on what stands around may follow.
    """

    name: str
    year: int
    literals: tuple[str, ...]
    pattern: re.Pattern[str] | None


@cache
def load_marks() -> tuple[Mark, ...]:
    """The table that comes with the package."""
    return tuple(_mark(where, *cells) for where, cells in read_table(MARKS, COLUMNS, 2))


def _mark(where: str, name: str, year: str, literals: str, pattern: str) -> Mark:
    found = tuple(literal for literal in literals.split(";") if literal)
    if found != tuple(literal.lower() for literal in found) or not (found or pattern.startswith("[")):
        raise UserError(f"{where}: literals are in small letters, and a mark without any needs a class of characters")
    try:
        return Mark(name, read_year(where, year), found, re.compile(pattern, re.IGNORECASE) if pattern else None)
    except re.error as error:
        raise UserError(f"{where}: the pattern is no regular expression ({error})") from None
