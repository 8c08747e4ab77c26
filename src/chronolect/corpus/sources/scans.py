"""What scanning adds to a book: digitisation notices, library stamps, bar codes. They are words of another time than the book's."""

import re

from chronolect.corpus.sources.prose import Block

_NOTICE = re.compile(
    r"""digiti[sz]ed\s+(?:by|for|with|at)\b | \bgoogle\b | internet\s+archive | archive\.org | microsoft\s+corporation | hathi\s?trust | babel\.hathi
      | https?://\S+ | www\.\S+\.\w{2,4} | \bjstor\b | early\s+journal\s+content
      | generated\s+(?:for|on|at)\b.{0,80}\b(?:gmt|university|public\s+domain)
      | public\s+domain(?:\s+in\s+the|,)\s+(?:united|google) | this\s+is\s+a\s+digital\s+copy\s+of\s+a\s+book | carefully\s+scanned
      | (?:ceci|il\s+s'agit)\s+(?:est\s+)?(?:d')?une?\s+copie\s+num[eé]rique | dies\s+ist\s+ein\s+digitales\s+exemplar
      | usage\s+guidelines | (?:refrain\s+from|no)\s+automated\s+quer | maintain\s+attribution | keep\s+it\s+legal | make\s+non-?commercial\s+use
      | nutzungsrichtlinien | consignes\s+d'utilisation | optical\s+character\s+recognition | \bocr(?:ed)?\b | creative\s+commons | \bisbn\b
      | (?:scan|transcript|proofread)\w*\s+(?:by|from|courtesy) | project\s+gutenberg | kessinger | reprint\s+of\s+the\s+original""",
    re.IGNORECASE | re.VERBOSE,
)
_STAMP = re.compile(
    r"""^\W*(?:
        (?:the\s+)?(?:[\w.'&]+\s+){0,4}(?:librar(?:y|ies)|bibliothe\w+)(?:\s+[\w.'&]+){0,5} | (?:the\s+)?university\s+of(?:\s+\w+){1,4}
      | (?:gift|bequest|property)\s+(?:of|from)\b.{0,60} | (?:presented|given)\s+(?:to|by)\b.{0,70} | ex\s+libris\b.{0,40}
      | (?:from\s+)?the\s+(?:estate|collection)\s+of\b.{0,60} | this\s+(?:book|volume)\s+(?:is|was)\s+(?:due|taken|borrowed|presented)\b.{0,120}
      | (?:date|due|return)\s+due\b.{0,40} | (?:call|shelf|accession|acc\.)\s*(?:no|number|mark)\b.{0,30} | (?:received|withdrawn|discarded)\b.{0,25}
      | 3\s?\d(?:\s?\d){8,14} | (?:[A-Z]{1,3}\s?)?\d{3,4}(?:\.\d+)?\s+\.?[A-Z]\d{1,4}\w{0,4} | form\s+[A-Z]?\d{2,}.{0,40}
      | renewed\s+books\s+are\s+subject.{0,80} | overdue\s+books.{0,80} | fine\s+schedule.{0,60}
    )\W*$""",
    re.IGNORECASE | re.VERBOSE,
)
_NOTICE_LINE = re.compile(r"^\W*(?:digiti[sz]ed\s+(?:by|with)|generated\s+(?:for|on)\b|https?://|www\.)", re.IGNORECASE)
_EDGE = 0.04  # share of the blocks at either end where stamps stand
_EDGE_BLOCKS = 25
_LONGEST = 1_200  # characters: a longer block is the book's own, whatever it names


def drop_scan_marks(blocks: list[Block]) -> list[Block]:
    """Leave out notices of digitisation wherever they stand, as lines or as blocks, and library stamps at the beginning and the end."""
    edge = max(_EDGE_BLOCKS, int(len(blocks) * _EDGE))
    kept: list[Block] = []
    for i, block in enumerate(blocks):
        rest = Block([line for line in block.lines if not _is_notice(line)], block.gap)
        at_edge = i < edge or i >= len(blocks) - edge
        is_mark = _STAMP.match(rest.text) or (len(rest.text) < _LONGEST and _NOTICE.search(rest.text))
        if rest.lines and not (at_edge and is_mark):
            kept.append(rest)
    return kept


def _is_notice(line: str) -> bool:
    """A line inside a book that is nothing but a notice."""
    return len(line) < 120 and _NOTICE_LINE.match(line) is not None
