"""Passages: the pieces of a text that are dated, kept or dropped on their own.

A passage is a paragraph with the heading above it, a list item, or, of a paragraph over `LONG` characters, a sentence.
"""

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from chronolect.corpus.dating.expressions.find import find_expressions
from chronolect.corpus.dating.expressions.found import Found
from chronolect.timeline import Span, hull

# Paragraphs longer than this are cut into sentences.
LONG = 600
# A line that wraps because a column is full is of a length between these; a longer one is a paragraph of its own.
_NARROW, _WIDE = 45, 100

_UNKNOWN = Span()
_LINE = re.compile(r"[^\n]*\n|[^\n]+$")
_ITEM = re.compile(r"[ \t]*(?:[-*•–—·#;:]+ |\(?[0-9]{1,3}[.)] |\(?[a-z]\) )")
_MARKED_HEADING = re.compile(r"[ \t]*(?:#{1,6} .*|=+ .*? =+|={2,}.*?={2,})[ \t]*$")
_SENTENCE = re.compile(r"[.!?](?<=[a-z0-9)\]\"'”’%][.!?])(?<!\b[A-Za-z]\.)[\"'”’)\]]*\s+(?=[\"'“‘(\[]?[A-Z0-9])")
_ABBREVIATION = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|St|Jr|Sr|Prof|Rev|Hon|Gen|Col|Capt|Lt|Sgt|Gov|Sen|Rep|Messrs|No|Nos|Vol|vol|pp|p|ch|cf|viz|etc|vs|ca|c|b|d|fl"
    r"|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|approx|Inc|Ltd|Co|Fig|fig|Op|op|al)$"
)


class Passage(NamedTuple):
    """`text[start:end]`, the hull of the times it names (unknown if it names none), and the expressions themselves."""

    start: int
    end: int
    span: Span
    found: list[Found]


def split_passages(text: str) -> list[tuple[int, int]]:
    """The passages of a text in order, as character offsets. They tile it: each runs to the start of the next one, with
    the white space after it, so that the kept ones can be joined as they are.
    """
    starts: list[int] = []
    for start, end in _paragraphs(text):
        starts.append(start)
        if end - start > LONG:
            starts.extend(sentence_starts(text, start, end))
    return list(zip(starts, [*starts[1:], len(text)], strict=False))


def date_passages(text: str, anchor: Span | None = None) -> list[Passage]:
    """Each passage of a text with the hull of its expressions; `anchor` as for `find_expressions`."""
    bounds = split_passages(text)
    starts = [start for start, _ in bounds]
    held: list[list[Found]] = [[] for _ in bounds]
    for found in find_expressions(text, anchor):
        for place in range(bisect_right(starts, found.start) - 1, bisect_right(starts, found.end - 1)):
            held[place].append(found)
    return [
        Passage(start, end, hull([one.span for one in inside]) if inside else _UNKNOWN, inside)
        for (start, end), inside in zip(bounds, held, strict=True)
    ]


def join_passages(text: str, passages: Sequence[tuple[int, int]]) -> str:
    """These passages of a text as one; where one between them is gone that ended a paragraph, the paragraph ends there."""
    pieces: list[str] = []
    last = 0
    for start, end in passages:
        if pieces and "\n" in text[last:start] and not pieces[-1].endswith("\n"):
            pieces[-1] = pieces[-1].rstrip() + "\n\n"
        pieces.append(text[start:end])
        last = end
    return "".join(pieces).rstrip()


def _paragraphs(text: str) -> list[tuple[int, int]]:
    """Runs of lines. A blank line ends one, and so do a list item before or after, a line too long to be a wrapped one, and a
    short line that ends a sentence; a heading goes with what follows.
    """
    starts: list[int] = []
    begins = True  # whether the next line that is not blank begins a passage
    pending = False  # whether that passage so far holds headings only
    blank = True
    last_length, last_closed = 0, True
    for match in _LINE.finditer(text):
        line = match.group().rstrip()
        if not line:
            begins, blank = True, True
            continue
        length = len(line)
        item = _ITEM.match(line) is not None and not _MARKED_HEADING.match(line)
        if not blank and (item or last_length > _WIDE or (last_length < _NARROW and last_closed)):
            begins = True
        if begins and not pending:
            starts.append(match.start())
        heading = _is_heading(text, line, match.end(), alone=blank)
        pending = heading and not item
        begins = False
        blank = False
        if heading:
            begins = True
        last_length, last_closed = length, line[-1] in '.!?"”’:;'
    if starts:
        starts[0] = 0
    return list(zip(starts, [*starts[1:], len(text)], strict=False))


def _is_heading(text: str, line: str, end: int, *, alone: bool) -> bool:
    """A line marked as one, or a short line between blank lines that does not end as sentences do."""
    if _MARKED_HEADING.match(line):
        return True
    after = text[end : end + 80].split("\n", 1)[0].strip()
    return (
        alone
        and len(line) <= 80
        and not after
        and line[-1] not in ".!?,;:\"”’'"
        and bool(text[end : end + 400].strip())
    )


def sentence_starts(text: str, start: int, end: int) -> list[int]:
    """Where the second and later sentences of a paragraph begin."""
    return [
        match.end()
        for match in _SENTENCE.finditer(text, start, end)
        if not _ABBREVIATION.search(text, max(start, match.start() - 12), match.start()) and match.end() < end
    ]
