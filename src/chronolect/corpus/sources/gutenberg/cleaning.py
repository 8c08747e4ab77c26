"""From a Gutenberg text file to the words of the book."""

import re
from dataclasses import dataclass

from chronolect.corpus.sources.gutenberg import marks
from chronolect.corpus.sources.gutenberg.dates import FrontDate, front_dates
from chronolect.corpus.sources.gutenberg.front import drop_contents, drop_title_page
from chronolect.corpus.sources.gutenberg.licence import cut, drop_credits
from chronolect.corpus.sources.prose import Block, drop_page_numbers, join_cut, to_blocks, to_text

_GAP = (
    100  # of a run of more spaces or line ends no more is kept, so that no expression below has a long way back in it
)
_LONG_GAP = re.compile(rf"[ \t]{{{_GAP},}}+|\n{{{_GAP},}}+")


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What to keep of a text; each switch is a flag of `corpus import gutenberg`."""

    unwrap: bool = True
    front_matter: bool = False
    footnotes: bool = True
    emphasis: bool = False


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The words of a book, the dates its front stated, whether the project's header or footer was found, and whether it is copyrighted."""

    text: str
    dates: list[FrontDate]
    is_marked: bool
    is_copyrighted: bool


def clean(raw: str, title: str = "", people: str = "", how: Cleaning | None = None) -> Cleaned:
    """The book without what Project Gutenberg, its volunteers and the printer's page added.

    Args:
        raw: The whole file.
        title: Title in the catalogue: helps to know the title page.
        people: Names in the catalogue, for the same.
        how: What to keep.
    """
    how = how or Cleaning()
    parts = cut(
        _LONG_GAP.sub(lambda gap: gap[0][:_GAP], raw.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", ""))
    )
    dates = front_dates(to_blocks(marks.drop_page_marks(parts.book)), parts.header)
    text = marks.plain_breaks(parts.book)
    blocks = drop_credits(to_blocks(marks.drop_brackets(text, footnotes=how.footnotes)))
    blocks = _without_page_marks(blocks)
    if not how.front_matter:
        blocks = drop_title_page(drop_contents(drop_title_page(blocks, title, people)), title, people)
    blocks = _without_outer_rules(drop_page_numbers(blocks))
    text = marks.drop_footnote_signs(to_text(blocks, unwrap=how.unwrap))
    header = parts.header.lower()
    copyrighted = "copyrighted project gutenberg" in header or "copyrighted* project gutenberg" in header
    return Cleaned((text if how.emphasis else marks.drop_emphasis(text)).strip(), dates, parts.is_marked, copyrighted)


def _without_page_marks(blocks: list[Block]) -> list[Block]:
    """Page marks go, and a sentence that one stood inside of as a paragraph of its own is whole again."""
    found: list[tuple[Block, bool]] = []
    for block in blocks:
        lines = [stripped for line in block.lines if (stripped := marks.drop_page_marks(line)).strip()]
        found.append((Block(lines, block.gap), not lines))
    return join_cut(found)


def _without_outer_rules(blocks: list[Block]) -> list[Block]:
    """No `* * *` at the beginning or the end."""
    start, end = 0, len(blocks)
    while start < end and not any(map(str.isalnum, blocks[start].text)):
        start += 1
    while end > start and not any(map(str.isalnum, blocks[end - 1].text)):
        end -= 1
    return blocks[start:end]
