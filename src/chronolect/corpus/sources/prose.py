"""Plain text as people keyed or scanned it: blocks of lines, made into paragraphs.

A *block* is the lines between two blank lines. Hard-wrapped blocks become one line; verse, lists and indented blocks keep their lines. A line break
is the typist's, not the author's, if the next line's first word would not have fitted on the line.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

_SLACK = 10  # characters: typists break lines a word or two early
_FORCED = 0.7  # share of breaks that must be for want of room in a wrapped block
_VERSE_CAPITALS = 0.8  # share of lines that begin with a capital in a block of verse
_TERMINAL = re.compile(r"""[.!?:;…—*”"'’»)\]]\s*$""")
_LONE_NUMBER = re.compile(
    r"^[\[({\-–—.\s]*(?:p(?:age|g|\.)?\s*)?(?P<number>\d{1,4}|[ivxlc]{1,7})[\])}\-–—.\s]*$", re.IGNORECASE
)
_HEAD_WITH_NUMBER = re.compile(r"^\s*(?:(?P<before>\d{1,4})\s+)?(?P<head>\S.{1,58}?\S)(?:\s+(?P<after>\d{1,4}))?\s*$")
_ATTACHED_END, _ATTACHED_START = re.compile(r"\S(?:--|—)$"), re.compile(r"(?:--|—)\S")
_HYPHENS = "-¬\u00ad"
_BROKEN_WORD = re.compile(rf"(?P<start>[^\W\d_]{{2,}})[{_HYPHENS}]$")


@dataclass(slots=True)
class Block:
    """Lines without a blank one between them, and how many blank lines stood before."""

    lines: list[str] = field(default_factory=list)
    gap: int = 0

    @property
    def text(self) -> str:
        """Its words on one line."""
        return " ".join(" ".join(self.lines).split())


def to_blocks(text: str) -> list[Block]:
    """Cut a text at blank lines. A form feed counts as a blank line; tabs become spaces."""
    blocks: list[Block] = []
    current = Block()
    for line in text.replace("\f", "\n\n").expandtabs(8).splitlines():
        if line.strip():
            current.lines.append(line.rstrip())
        elif current.lines:
            blocks.append(current)
            current = Block(gap=1)
        else:
            current.gap += 1
    if current.lines:
        blocks.append(current)
    return blocks


def to_text(blocks: Iterable[Block], *, unwrap: bool = True, known: frozenset[str] | None = None) -> str:
    """Paragraphs with one blank line between them.

    Args:
        blocks: The text.
        unwrap: Join hard-wrapped lines.
        known: The words of the text, to mend words that a line end has cut (see `vocabulary`); `None` leaves hyphens as they are.
    """
    found = list(blocks)
    if not unwrap:
        return "\n\n".join("\n".join(block.lines) for block in found)
    width = _width(found)
    return "\n\n".join(
        join_lines(lines, known) if wrapped or len(lines) == 1 else "\n".join(lines)
        for block in found
        for lines, wrapped in _runs(block, width)
    )


def is_wrapped(lines: Sequence[str], width: int) -> bool:
    """Whether these lines are prose broken at a margin of `width` characters."""
    if len(lines) < 2 or all(line.startswith("  ") for line in lines):
        return False
    forced = sum(len(line) + 1 + len(after.split(maxsplit=1)[0]) > width - _SLACK for line, after in pairwise(lines))
    capitals = sum(line.lstrip(" \"'“‘«_")[:1].isupper() for line in lines[1:])
    is_verse = len(lines) > 3 and capitals >= _VERSE_CAPITALS * (len(lines) - 1)
    return forced >= _FORCED * (len(lines) - 1) and not is_verse


def join_lines(lines: Sequence[str], known: frozenset[str] | None = None) -> str:
    """One line of many. Hyphens and dashes at a line's end join without a space.

    >>> join_lines(["a well-", "known man", "spoke"]), join_lines(["the com-", "plete man"], frozenset({"complete"}))
    ('a well-known man spoke', 'the complete man')
    """
    pieces = [" ".join(lines[0].split())]
    for line in lines[1:]:
        before, after = pieces[-1], " ".join(line.split())
        broken = _BROKEN_WORD.search(before) if before[-1:] in _HYPHENS and after[:1].isalpha() else None
        if broken:
            if _is_cut(broken["start"], before[-1], after, known):
                pieces[-1] = before[:-1]
        elif not (_ATTACHED_END.search(before) or _ATTACHED_START.match(after)):
            pieces.append(" ")
        pieces.append(after)
    return "".join(pieces)


def _is_cut(start: str, mark: str, after: str, known: frozenset[str] | None) -> bool:
    """Whether a hyphen at a line's end belongs to the line and not to the word."""
    if mark != "-":
        return True
    if known is None:
        return False
    end = re.match(r"[^\W\d_]+", after)
    word = (start + end[0] if end else start).lower()
    compound = f"{start}-{end[0] if end else ''}".lower()
    return word in known or (compound not in known and after[:1].islower())


def vocabulary(blocks: Iterable[Block]) -> frozenset[str]:
    """The words and hyphenated words that stand whole inside the lines of a text."""
    found: set[str] = set()
    for block in blocks:
        for line in block.lines:
            found.update(re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*(?![\w-])", line.lower()))
    return frozenset(found)


def drop_page_numbers(blocks: list[Block]) -> list[Block]:
    """Leave out lone page numbers and running heads, and join the sentences they cut.

    Numbers that stand alone are those of pages where there are at least five, most of them rise by one or two, and at least a quarter
    interrupt a sentence; else they are those of chapters and stay. A running head is a short line that stands with a number at five or
    more pages.
    """
    blocks = _drop_running_heads(blocks)
    places = [i for i, block in enumerate(blocks) if len(block.lines) == 1 and _LONE_NUMBER.match(block.lines[0])]
    numbers = [_number(_LONE_NUMBER.match(blocks[i].lines[0])["number"]) for i in places]  # type: ignore[index]
    rising = sum(0 < after - before <= 2 for before, after in pairwise(numbers))
    cuts = sum(i > 0 and not _TERMINAL.search(blocks[i - 1].lines[-1]) for i in places)
    if len(places) < 5 or rising < 0.5 * len(places) or cuts < 0.25 * len(places):
        return blocks
    pages = set(places)
    return join_cut([(block, i in pages) for i, block in enumerate(blocks)])


def join_cut(blocks: Iterable[tuple[Block, bool]]) -> list[Block]:
    """Leave out the blocks that are marked; where a sentence runs on over one, its two parts become one block."""
    kept: list[Block] = []
    was_dropped = False
    for block, drop in blocks:
        if drop:
            was_dropped = True
            continue
        goes_on = was_dropped and kept and not _TERMINAL.search(kept[-1].lines[-1])
        if goes_on and block.lines[0].lstrip()[:1].islower():
            kept[-1].lines += block.lines
        else:
            kept.append(block)
        was_dropped = False
    return kept


def _drop_running_heads(blocks: list[Block]) -> list[Block]:
    heads = [_head(block) for block in blocks]
    pages = Counter(head for head, number in (found for found in heads if found) if number)
    running = {head for head, count in pages.items() if count >= 5}
    if not running:
        return blocks
    return join_cut(
        (block, found is not None and found[0] in running) for block, found in zip(blocks, heads, strict=True)
    )


def _head(block: Block) -> tuple[str, bool] | None:
    """What a line that stands alone says without the number before or after it, and whether it has one."""
    match = _HEAD_WITH_NUMBER.match(block.lines[0]) if len(block.lines) == 1 else None
    if match is None:
        return None
    letters = "".join(character for character in match["head"].lower() if character.isalpha())
    is_title = letters and match["head"] == match["head"].upper()
    return (letters, bool(match["before"] or match["after"])) if is_title and len(letters) > 2 else None


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
    digits = [values[character] for character in text.lower()]
    return sum(-a if a < b else a for a, b in zip(digits, [*digits[1:], 0], strict=True))


def _width(blocks: Iterable[Block]) -> int:
    """The margin the typist kept: the length that nine of ten long lines do not pass."""
    lengths = sorted(len(line) for block in blocks for line in block.lines if len(line) > 40)
    return min(lengths[int(len(lengths) * 0.9)], 120) if lengths else 72


def _runs(block: Block, width: int) -> list[tuple[list[str], bool]]:
    """A block cut where its first-line indents or its verse begin, each part with whether it is to be joined."""
    runs: list[list[str]] = []
    for inside, group in groupby(block.lines, key=lambda line: line.startswith("  ")):
        lines = list(group)
        if (
            runs and not inside and len(runs[-1]) == 1 and runs[-1][0].startswith("  ")
        ):  # an indented line begins a paragraph
            runs[-1].extend(lines)
        else:
            runs.append(lines)
    wrapped = [is_wrapped(run, width) for run in runs]
    return list(zip(runs, wrapped, strict=True)) if any(wrapped) else [(block.lines, False)]


def single_spaced(blocks: list[Block]) -> list[Block]:
    """A text whose every line has a blank one after it, as some scans have, with its lines in blocks: there two blank lines end a paragraph.

    Any other text is given back as it is.
    """
    alone = [block for block in blocks if len(block.lines) == 1 and len(block.lines[0]) > 30]
    cut = sum(not _TERMINAL.search(block.lines[0]) for block in alone)
    if len(alone) < 10 or len(alone) < 0.7 * len(blocks) or cut < 0.6 * len(alone):
        return blocks
    joined: list[Block] = []
    for block in blocks:
        if joined and block.gap <= 1:
            joined[-1].lines += block.lines
        else:
            joined.append(Block(list(block.lines), block.gap))
    return joined
