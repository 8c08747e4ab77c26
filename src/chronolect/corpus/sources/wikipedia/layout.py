"""The lines of a page that has lost its markup, as paragraphs, headings, lists and quotations."""

from chronolect.corpus.sources.wikipedia.markers import BREAK, DROPPED, HEADING, QUOTE, UNQUOTE, VERBATIM

_BEFORE, _AFTER = " ,;:–—-/", " ,;:–—"


def close_gaps(text: str) -> str:
    """Mend the punctuation around what was dropped, and only there.

    >>> close_gaps("Plato (\\x00; born 428 BC) wrote \\x00 much \\x00. And (\\x00) more (in prose, \\x00).")
    'Plato (born 428 BC) wrote much. And more (in prose).'
    """
    pieces = text.split(DROPPED)
    out = [pieces[0]]
    for right in pieces[1:]:
        left = out[-1]
        if left[-1:] in "( \t,;:\n" or right[:1] in ") ,.;:":
            bare = left.rstrip(" \t")
            right_bare = right.lstrip(" \t")
            if bare.endswith("("):
                inside = right_bare.lstrip(_BEFORE)
                if inside.startswith(")"):
                    bare, right = bare[:-1].rstrip(" \t"), inside[1:]
                    if right[:1].isalnum():
                        right = f" {right}"
                else:
                    right = inside
                left = bare
            elif right_bare.startswith(")"):
                left, right = bare.rstrip(_AFTER), right_bare
            elif right_bare[:1] in (",", ".", ";", ":"):
                doubled = bare[-1:] in (",", ";", ":") and right_bare[0] in (",", ";")
                left, right = bare, right_bare[1:] if doubled else right_bare
            elif left[-1:] in ("", " ", "\t", "\n"):
                right = right_bare
            out[-1] = left
        if not out[-1] and len(out) > 1:
            out.pop()
        if right:
            out.append(right)
    return "".join(out)


def lay_out(text: str) -> str:
    """Blocks parted by blank lines. Headings become `## X` (left out where nothing stands below them), items `- x`."""
    page = _Page()
    for raw in text.split("\n"):
        first = raw[:1]
        if first and first in _LIST_MARKS:
            page.item(raw)
        elif first == HEADING:
            page.heading(int(raw[1]), _line(raw[2:]))
        elif first == VERBATIM:
            page.line(raw[1:].replace(BREAK, " "), "verbatim")
        elif first in (QUOTE, UNQUOTE):
            page.quotation(first == QUOTE)
        elif first == " " and raw.strip():
            page.line(_line(raw), "preformatted")
        else:
            words = _line(raw)
            if not words:
                page.end_block()
            elif words[0] == "|" or words[:2] in ("{|", "}}", "|}"):
                page.end_block()  # left by a table that was never opened, or never closed
            elif words.startswith("----"):
                page.end_block()
                if rest := words.lstrip("-").strip():
                    page.line(rest, "paragraph")
            else:
                page.line(words, "paragraph")
    return page.text()


_LIST_MARKS = "*#:;"


def _line(raw: str) -> str:
    line = raw.strip()
    return " ".join(line.split()) if "  " in line or "\t" in line else line


class _Page:
    """Blocks so far, each with the level of its heading (0: none), and the block at work."""

    def __init__(self) -> None:
        self.blocks: list[tuple[int, str]] = []
        self.lines: list[str] = []
        self.kind = ""
        self.quoting = False
        self.numbers: dict[int, int] = {}

    def line(self, words: str, kind: str) -> None:
        if kind != self.kind:
            self.end_block()
            self.kind = kind
        self.numbers = {}
        self.lines.append(words)

    def item(self, raw: str) -> None:
        words = raw.lstrip(_LIST_MARKS)
        marks = raw[: len(raw) - len(words)]
        words = _line(words.replace(BREAK, " "))
        if not words or words[0] == "|":
            return
        depth = len(marks)
        indent = "  " * (depth - 1)
        mark = marks[-1]
        if mark == "*":
            words = f"{indent}- {words}"
        elif mark == "#":
            self.numbers = {level: count for level, count in self.numbers.items() if level <= depth}
            self.numbers[depth] = self.numbers.get(depth, 0) + 1
            words = f"{indent}{self.numbers[depth]}. {words}"
        elif mark == ";":
            words = words.replace(" : ", ": ", 1)
        elif any(other in "*#" for other in marks):
            words = f"{indent}{words}"  # goes on with an item
        if mark != "#" and depth == 1:
            self.numbers = {}
        if self.kind != "list":
            self.end_block()
            self.kind = "list"
        self.lines.append(words)

    def heading(self, level: int, title: str) -> None:
        self.end_block()
        self.quoting = False
        self.numbers = {}
        if title:
            self.blocks.append((level, f"{'#' * level} {title}"))

    def quotation(self, begins: bool) -> None:
        self.end_block()
        self.quoting = begins

    def end_block(self) -> None:
        if not self.lines:
            return
        if self.kind == "paragraph":
            text = " ".join(self.lines)
            if BREAK in text:
                text = "\n".join(filter(None, (part.strip() for part in text.split(BREAK))))
        else:
            text = "\n".join(self.lines).replace(BREAK, " ")
        self.lines = []
        self.kind = ""
        if text:
            if self.quoting:
                text = "> " + text.replace("\n", "\n> ")
            self.blocks.append((0, text))

    def text(self) -> str:
        self.end_block()
        kept: list[str] = []
        below = 0  # level of the heading that was kept last, going upwards; 7 for text
        for level, block in reversed(self.blocks):
            if level == 0 or below > level:
                kept.append(block)
                below = 7 if level == 0 else level
        return "\n\n".join(reversed(kept))
