"""Dates in the names of Wikipedia's categories: "1879 births", "Companies established in 1911", "1890s novels"."""

import re
from collections.abc import Iterable, Iterator

from chronolect.corpus.dating.table import WIKIDATA_ROLES, DateFact
from chronolect.timeline import Span
from chronolect.timeline.calendar import year_end, year_start

_YEAR = r"(?P<year>\d{1,4})(?P<decade>s)?(?P<bc> BCE?)?"
_WORKS = (
    r"(?:novels?|films?|albums?|songs?|singles|books?|plays?|poems?|paintings|operas|ballets|compositions|short stories|"
    r"non-fiction books|children's books|debut novels|debut albums|video games|musicals|sculptures|essays|comics debuts)"
)
_PATTERNS: tuple[tuple[str, str], ...] = (
    ("P569", rf"{_YEAR} births"),
    ("P570", rf"{_YEAR} deaths"),
    ("P576", rf".* (?:disestablished|dissolved|abolished|closed|ended) in (?:the )?{_YEAR}"),
    ("P576", rf"{_YEAR} disestablishments\b.*"),
    ("P571", rf".* (?:established|founded|formed|introduced|opened|completed|built) in (?:the )?{_YEAR}"),
    ("P571", rf"{_YEAR} (?:establishments|introductions|foundations)\b.*"),
    ("P577", rf"{_YEAR} (?:[A-Z][\w-]+ )*{_WORKS}\b.*"),
    ("P585", rf"(?:Conflicts|Battles|Treaties|Events|Elections|Disasters)\b.* (?:in|of) {_YEAR}"),
    ("P585", rf"{_YEAR} (?:in|elections|treaties|disasters)\b.*"),
)
_RULES = tuple((name, WIKIDATA_ROLES[name], re.compile(pattern)) for name, pattern in _PATTERNS)


def facts_of_categories(entity: str, categories: Iterable[str]) -> Iterator[DateFact]:
    """The dates that an article's categories state, as facts of the precision a year (or a decade) has.

    >>> [(fact.property, fact.span.edtf()) for fact in facts_of_categories("7", ["1879 births", "44 BC deaths", "Physicists"])]
    [('P569', '1879'), ('P570', '-0043')]
    """
    for category in categories:
        for name, role, pattern in _RULES:
            found = pattern.fullmatch(category)
            if found is None:
                continue
            first = int(found["year"])
            last = first + 9 if found["decade"] else first
            if found["bc"]:
                first, last = 1 - last, 1 - first
            span = Span(year_start(first), year_end(last))
            yield DateFact(
                entity, name, role, span, "decade" if found["decade"] else "year", "catalogue", f"Category:{category}"
            )
            break
