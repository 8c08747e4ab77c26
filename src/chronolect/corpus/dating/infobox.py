"""Dates in the infoboxes of Wikipedia's articles: what `corpus import wikipedia` keeps of them in the meta, as statements."""

import re
from collections.abc import Iterator, Mapping

from chronolect.corpus.dating.expressions import find_expressions
from chronolect.corpus.dating.table import WIKIDATA_ROLES, DateFact
from chronolect.timeline import hull

_PARAMETERS = {
    "P569": ("birth_date", "born"),
    "P570": ("death_date", "died"),
    "P571": (
        *("founded", "foundation", "formation", "formed", "established", "established_date", "inception", "introduced"),
        *(
            "opened",
            "opening_date",
            "completion_date",
            "built",
            "launched",
            "first_aired",
            "date_created",
            "incorporated_date",
        ),
    ),
    "P576": (
        *("dissolved", "dissolution", "defunct", "disbanded", "closed", "closing_date", "demolished", "abolished"),
        *("destroyed", "discontinued", "date_end", "last_aired", "withdrawn"),
    ),
    "P577": ("released", "release_date", "published", "pub_date", "publication_date", "premiere", "first_published"),
    "P585": ("date", "election_date", "event_date", "date_signed"),
}
_PROPERTY = {parameter: name for name, parameters in _PARAMETERS.items() for parameter in parameters}
_NUMBER = re.compile(r"_?\d+$")


def facts_of_infobox(entity: str, infobox: Mapping[str, str]) -> Iterator[DateFact]:
    """The dates that an infobox states of its subject. A point in time may be a range of days; of the rest the first date counts.

    >>> [(fact.property, fact.span.edtf()) for fact in facts_of_infobox("7", {"infobox": "person", "birth_date": "10 May 1815"})]
    [('P569', '1815-05-10')]
    """
    for parameter, text in infobox.items():
        name = _PROPERTY.get(_NUMBER.sub("", parameter))
        found = find_expressions(text) if name else []
        if name and found:
            span = hull([one.span for one in found]) if name == "P585" else found[0].span
            reference = f"infobox {parameter}"
            yield DateFact(
                entity, name, WIKIDATA_ROLES[name], span, "", "catalogue", reference, qualifiers={"quote": text[:200]}
            )
