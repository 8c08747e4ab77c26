"""What an infobox says of time. The box itself is no prose and is dropped from the text."""

import html
import re

from chronolect.corpus.sources.wikipedia.markers import BREAK, DROPPED, restore
from chronolect.corpus.sources.wikipedia.templates import Arguments

# Parameters that hold dates. Those of a census or a picture say nothing of the time of the subject.
_OF_TIME = re.compile(
    r"(?:^|[_ \d])(?:date|dates|year|years|born|died|established|founded|formed|formation|foundation|founding|inception|opened|opening|"
    r"closed|completed|built|launched|introduced|released|release|published|reign|term_start|term_end|start|end|era|period|active|"
    r"abolished|dissolved|disbanded|defunct)(?:$|[_ \d])|(?:birth|death)[_ ]?date|years_?active"
)
_NOT_OF_ITS_TIME = re.compile(
    r"^(?:pop|ethnic|thesis|census|area|elev|image|map|logo|caption|coord|gdp|hdi|gini|unemploy|ref|footnote|access|website|"
    r"url|iso|flag|seal|anthem|as[ _]of)"
)
_DATED = re.compile(r"(?<![\d,.])\d{3,4}(?![\d,])|\bcentur|\bBC\b|\bBCE\b", re.IGNORECASE)
_BREAK = re.compile(rf"\s*(?:<br[^<>]*>|{BREAK}|\n[*#:]*)\s*", re.IGNORECASE)
_MARKUP = re.compile(r"<[^<>]*>|'{2,}|\[\[(?:[^\[\]|]*\|)?|\]\]")
_LONGEST = 120  # characters of a value; what is longer is prose


def is_infobox(content: str) -> bool:
    """Whether a template's content is that of an infobox."""
    return content[:8].lower().lstrip()[:7] == "infobox"


def infobox_dates(content: str) -> dict[str, str]:
    """The kind of an infobox (under "infobox") and the parameters that speak of time, as text.

    >>> infobox_dates("Infobox person|name=Ada|birth_date=December 10, 1815|birth_place=London")
    {'infobox': 'person', 'birth_date': 'December 10, 1815'}
    """
    name, *parts = content.split("|")
    found = {"infobox": " ".join(name.replace(DROPPED, "").replace("_", " ").split()[1:]).lower()}
    for key, value in Arguments(name, parts).named.items():
        if not _OF_TIME.search(key) or _NOT_OF_ITS_TIME.search(key):
            continue
        plain = _MARKUP.sub("", _BREAK.sub("; ", value.replace(DROPPED, " ")))
        text = " ".join(html.unescape(restore(plain)).split()).strip("; ")
        if len(text) <= _LONGEST and _DATED.search(text):
            found[key] = text
    return found
