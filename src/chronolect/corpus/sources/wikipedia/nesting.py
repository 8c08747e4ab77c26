"""What nests in wikitext: templates, links with a namespace, and tables. One pass with a stack, linear in the text."""

import re
from collections.abc import Callable

from chronolect.corpus.sources.wikipedia.markers import DROPPED, HEADING

_TOKEN = re.compile(rf"\{{\{{|\}}\}}|\[\[|\]\]|\{{\||\|\}}(?!\}})|{HEADING}")
_OPENER = {"}}": "{{", "]]": "[[", "|}": "{|"}
_DEEPEST = 40  # MediaWiki expands no deeper; beyond it nothing is worth keeping
# What an opening that is never closed takes with it: its line, and the lines that are plainly its arguments.
_UNCLOSED = re.compile(r"[^\n]*(?:\n[ \t]*[|!}][^\n]*)*")
_UNCLOSED_FILE = re.compile(r"[^\n]*")


def resolve(text: str, template: Callable[[str], str], link: Callable[[str], str], table: Callable[[str], str]) -> str:
    """`text` with every template, link and table replaced by what the three functions make of what stands inside it.

    Inner ones come first. Nothing reaches across a heading, so that what is never closed costs no more than a few lines;
    and what closes without having been opened is left out.
    """
    functions = {"{{": template, "[[": link, "{|": table}
    pieces: list[str] = []
    stack: list[tuple[str, int]] = []  # an opening, and the number of pieces before it
    opened = {"{{": 0, "[[": 0, "{|": 0}
    place = 0
    for found in _TOKEN.finditer(text):
        token, start = found[0], found.start()
        if start < place:
            continue
        if token in opened:
            if token == "{|" and not _begins_line(text, start):
                continue
            pieces.append(text[place:start])
            stack.append((token, len(pieces)))
            opened[token] += 1
            place = start + 2
        elif token == HEADING:
            pieces.append(text[place:start])
            _give_up(pieces, stack, 0)
            opened = dict.fromkeys(opened, 0)
            place = start
        else:
            opener = _OPENER[token]
            if token == "|}" and not _begins_line(text, start):
                continue
            pieces.append(text[place:start])
            place = start + 2
            if not opened[opener]:
                continue
            depth = len(stack) - 1
            while stack[depth][0] != opener:
                opened[stack[depth][0]] -= 1
                depth -= 1
            _give_up(pieces, stack, depth + 1)
            _, first = stack.pop()
            opened[opener] -= 1
            content = "".join(pieces[first:])
            del pieces[first:]
            pieces.append(DROPPED if depth >= _DEEPEST else functions[opener](content))
    pieces.append(text[place:])
    _give_up(pieces, stack, 0)
    return "".join(pieces)


def _begins_line(text: str, place: int) -> bool:
    """Whether only blanks and list marks stand before `place` on its line (looked at no further than 20 characters)."""
    before = text[max(0, place - 20) : place].rpartition("\n")
    return not before[2].strip(f" \t:*#;{DROPPED}") and (bool(before[1]) or place < 20)


def _give_up(pieces: list[str], stack: list[tuple[str, int]], depth: int) -> None:
    """Take the openings from `depth` on for broken ones: their brackets go, their text stays but for the arguments."""
    if len(stack) == depth:
        return
    first = stack[depth][1]
    marks = {index: opener for opener, index in stack[depth:]}
    del stack[depth:]
    kept: list[str] = []
    skip: re.Pattern[str] | None = None
    for index in range(first, len(pieces)):
        piece = pieces[index]
        opener = marks.get(index, "")
        if opener == "[[":
            if ":" in piece[:12]:
                skip = _UNCLOSED_FILE
            else:
                piece = piece.rpartition("|")[2] if "|" in piece.partition("\n")[0] else piece
        elif opener:
            skip = _UNCLOSED
        if skip is not None:
            end = skip.match(piece).end()  # type: ignore[union-attr]  # both match everything
            if end < len(piece):
                skip, piece = None, piece[end:]
            else:
                piece = ""
        kept.append(piece)
    pieces[first:] = ["".join(kept)]
