"""The front of a book: title page, imprint, tables of contents. Read for dates, then left out."""

import re
from collections.abc import Sequence

from chronolect.corpus.sources.prose import Block

_FRONT_BLOCKS = 60
_PROSE_WORDS = 60

CITIES = (
    r"london|new[ -]york|boston|philadelphia|chicago|edinburgh|glasgow|dublin|oxford|cambridge|toronto|montreal|sydney|melbourne|baltimore|hartford"
    r"|cincinnati|washington|san\s+francisco|indianapolis|springfield|paris|leipzig|berlin|münchen|wien|stuttgart|hamburg|frankfurt|jena|halle|zürich"
    r"|amsterdam|bruxelles|milano|roma|firenze|torino|madrid|barcelona|lisboa|helsinki|stockholm|københavn|kristiania|calcutta|bombay|garden\s+city"
)
_IMPRINT_WORD = re.compile(
    rf"""\b(?:{CITIES})\b | (?:&|\band)\s+(?:co\b|company|sons?\b|brothers|bros\b) | \b(?:press|publish\w*|printed|printers?|verlag|éditeurs?
      |librairie|imprimerie|buchhandlung|druck|booksellers?|brothers|limited|ltd)\b""",
    re.IGNORECASE | re.VERBOSE,
)
_FRONT_LINE = re.compile(
    r"""^\W*(?:edited|translated|illustrat|with\s+(?:\w+\s+)?(?:\w+\s+)?(?:illustrations|engravings|frontispiece|an\s+introduction|plates|maps)
      |authors?\s+of|all\s+rights|printed\s+(?:in|by|for|at)|copyright|first\s+(?:published|edition|printed)|re-?printed|published|second\s+edition
      |new\s+edition|\w+\s+edition|entered\s+according|in\s+(?:one|two|three|four|five|\w+)\s+vol|vol(?:ume)?s?\b|a\s+(?:novel|romance|tale|story)\W*$
      |price\b|complete\s+in|with\s+original|aus\s+dem|übersetzt|traduit|roman\W*$|deutsch\s+von|illustré|tous\s+droits|alle\s+rechte)""",
    re.IGNORECASE | re.VERBOSE,
)
_BY = re.compile(r"^\W*(?:by|von|par|di|de|door|af|av)\b", re.IGNORECASE)
HEADING = re.compile(
    r"^\W*(?:(?:chapter|book|part|letter|canto|act|scene|section|stave|kapitel|chapitre|erstes|zweites|prologue|epilogue|preface|introduction|foreword)\b"
    r"|[ivxlc]{1,7}\W*$|\d{1,3}\W*$)",
    re.IGNORECASE,
)
_CONTENTS = re.compile(
    r"""^\W*(?:(?:table\s+of\s+)?contents(?:\s+of\s+.{1,40})?|inhalt(?:s?verzeichnis)?|table(?:\s+des\s+mati[eè]res)?|index\s+of\s+chapters|inhoud|indice
      |sisällys\w*|(?:list\s+of\s+)?(?:full[- ]page\s+)?(?:illustrations|plates|maps)|list\s+of\s+(?:tables|figures)|verzeichnis\s+der\s+\w+
      |índice|innehåll|indhold)\W*$""",
    re.IGNORECASE | re.VERBOSE,
)
_ENTRY = re.compile(
    r"^\W*(?:(?:chapter|book|part|letter|canto|act|section|kapitel|chapitre|appendix|preface|introduction|index|chap\.|page)\b|[ivxlcIVXLC]{1,7}\b|\d{1,3}\b)"
    r"|(?:\.\s*){3,}|\s(?:\d{1,4}|[ivxlc]{1,7})\W*$",
    re.IGNORECASE,
)
_SMALL_WORDS = frozenset(
    re.findall(
        r"\w+",
        "a an the of and or by in on to from with for being at his her vol volume vols i ii iii iv v vi part new edition author esq m d "
        "von der die das und par de la le les et du des l d complete",
    )
)
ROMAN_YEAR = re.compile(r"\bM[DCLXVI. ]{3,18}(?=\W|$)")


def front_blocks(blocks: Sequence[Block]) -> list[Block]:
    """The blocks before the first paragraph of prose: half-title, title page, imprint, dedication, contents."""
    front: list[Block] = []
    for block in blocks[:_FRONT_BLOCKS]:
        words = len(block.text.split())
        if words >= _PROSE_WORDS and len(block.lines) < words / 5:
            break
        front.append(block)
    return front


def drop_title_page(blocks: list[Block], title: str, people: str) -> list[Block]:
    """Leave out the blocks at the beginning that only say title, author, edition, publisher, place and year."""
    known = _words(title) | _words(people) | _SMALL_WORDS
    for i, block in enumerate(blocks[:_FRONT_BLOCKS]):
        if HEADING.match(block.text) or not _is_title_matter(block, known):
            return blocks[i:]
    return blocks


def drop_contents(blocks: list[Block]) -> list[Block]:
    """Leave out tables of contents and lists of illustrations, as far as they are plain to see.

    Entries follow the heading until one of them comes again (as the heading of its chapter), until prose, or until a wide gap.
    """
    kept: list[Block] = []
    i = 0
    while i < len(blocks):
        heading = blocks[i].lines[0] if len(blocks[i].text) < 3_000 or len(blocks[i].lines) > 5 else ""
        last = _end_of_contents(blocks, i) if _CONTENTS.match(heading) else i
        if last == i:
            kept.append(blocks[i])
            i += 1
        else:
            i = last
    return kept


def _end_of_contents(blocks: Sequence[Block], heading: int) -> int:
    """The first block after a table that begins here; the heading itself if there is no table."""
    entries: set[str] = set()
    own = blocks[heading].lines[1:]
    if not _are_entries(own) and own:
        return heading
    entries.update(_key(line) for line in own)
    i = heading + 1
    while i < len(blocks):
        block = blocks[i]
        first = _key(block.lines[0])
        is_again = first in entries or any(len(first) > 3 and entry.startswith(first) for entry in entries)
        if (is_again and entries) or _CONTENTS.match(block.lines[0]):
            break
        if (block.gap >= 4 and len(entries) >= 2) or not _are_entries(block.lines) or _begins_chapter(blocks, i):
            break
        entries.update(_key(line) for line in block.lines)
        i += 1
    return i if len(entries) >= 2 else heading


def _begins_chapter(blocks: Sequence[Block], i: int) -> bool:
    """Whether a block is a chapter's heading that prose follows soon, and not an entry."""
    is_apart = blocks[i].gap >= 2 and len(blocks[i].lines) <= 2
    return is_apart and any(not _are_entries(block.lines) for block in blocks[i + 1 : i + 4])


def _are_entries(lines: Sequence[str]) -> bool:
    if any(len(line.split()) > 25 for line in lines):
        return False
    if len(lines) == 1:
        line = lines[0].strip()
        return bool(_ENTRY.search(line)) or (
            len(line.split()) <= 12 and not line.endswith((".", "!", "?", '"', "”", ":"))
        )
    return sum(bool(_ENTRY.search(line)) or line.startswith("  ") for line in lines) >= 0.5 * len(lines)


def _key(line: str) -> str:
    """What an entry and its chapter's heading have in common: letters and digits, without the page number at the end."""
    text = re.sub(r"(?:[\s.]{2,}|\s)(?:\d{1,4}|[ivxlc]{1,7})\W*$", "", line.rstrip())
    return "".join(character for character in (text or line).lower() if character.isalnum())


def _is_title_matter(block: Block, known: frozenset[str]) -> bool:
    text = block.text
    words = _words(text)
    if len(words) > _PROSE_WORDS:
        return False
    if words <= known or re.fullmatch(r"\W*(?:1[4-9]\d\d|20\d\d)\W*", text) or ROMAN_YEAR.fullmatch(text.strip(" .")):
        return True
    if _FRONT_LINE.match(text) or (_BY.match(text) and _is_capitalised(text)):
        return True
    has_year = re.search(r"\b1[4-9]\d\d\b", text) is not None or ROMAN_YEAR.search(text) is not None
    if _IMPRINT_WORD.search(text) and (has_year or _is_capitalised(text)):
        return True
    return has_year and len(words - known) <= 2


def _is_capitalised(text: str) -> bool:
    """Whether all words but small ones begin with a capital, as on a title page."""
    return all(
        word[0].isupper() or word.lower() in _SMALL_WORDS or word[0].isdigit() for word in re.findall(r"\w+", text)
    )


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.lower()))


def is_imprint(text: str) -> bool:
    """Whether a line or block names a city of publishers, a publisher or a printer."""
    return _IMPRINT_WORD.search(text) is not None
