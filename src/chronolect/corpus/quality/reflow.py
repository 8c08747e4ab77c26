"""Lines as the printer broke them, put together again: words hyphenated at line ends, and paragraphs wrapped at a fixed width."""

import re
from itertools import accumulate, pairwise

_BREAK = re.compile(r"([^\W\d_]+)-[ \t]*\n[ \t]*([a-zà-öø-ÿ]+)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_NARROWEST, _WIDEST = 40, 120
_ITEM = re.compile(r"\s|[-*•]\s|\d+[.)]\s")


def join_hyphens(text: str) -> tuple[str, int]:
    """Join words that are parted by a hyphen at the end of a line, and how many they were.

    The text itself decides whether the hyphen belongs to the word: it stays where only the hyphenated form stands elsewhere.
    """
    if "-\n" not in text and not _BREAK.search(text):
        return text, 0
    words = {word.casefold() for word in _WORD.findall(_BREAK.sub(" ", text))}

    def join(match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        hyphenated = f"{first}-{second}"
        if f"{first}{second}".casefold() not in words and hyphenated.casefold() in words:
            return hyphenated
        return first + second

    return _BREAK.subn(join, text)


def unwrap(text: str) -> str:
    """Join the lines of paragraphs that were wrapped at a fixed width; verse, lists and headings keep their lines.

    A line was broken by the printer if the first word of the next would not have fitted within the width; a line that
    ends before, ends there on purpose. The width is the one that explains the most line ends of the text; where none
    explains half of them, nothing is joined.
    """
    lines = [line.rstrip() for line in text.split("\n")]
    width = _wrap_width(lines)
    if width is None:
        return text
    pieces = [lines[0]]
    for line, following in pairwise(lines):
        wrapped = _may_continue(line, following) and _longer(line, following) > width
        pieces.append(f" {following.strip()}" if wrapped else f"\n{following}")
    return "".join(pieces)


def _may_continue(line: str, following: str) -> bool:
    return bool(line and following) and not _ITEM.match(following)


def _longer(line: str, following: str) -> int:
    """How long the line would be with the first word of the next."""
    return len(line) + 1 + len(following.split(None, 1)[0])


def _wrap_width(lines: list[str]) -> int | None:
    votes = [0] * (_WIDEST + 2)
    ends = 0
    for line, following in pairwise(lines):
        if _may_continue(line, following):
            ends += 1
            if _NARROWEST <= len(line) <= _WIDEST:
                votes[len(line)] += 1  # widths from here
                votes[min(_longer(line, following), _WIDEST + 1)] -= 1  # to before here explain this end
    explained = list(accumulate(votes))
    width = max(range(len(explained)), key=explained.__getitem__)
    return width if 2 * explained[width] > ends > 0 else None
