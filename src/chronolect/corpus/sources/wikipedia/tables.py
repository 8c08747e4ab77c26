"""Tables as text, for those who ask for them: one row a line, cells parted by bars."""

import re

from chronolect.corpus.sources.wikipedia.markers import DROPPED, PIPE, VERBATIM

# `class="x" |` before the content of a cell. A template that was dropped may have stood for attributes as well.
_ATTRIBUTES = re.compile(r"^[^|\[\]]*?=[^|]*\|(?!\|)")


def table_text(content: str) -> str:
    """What stands between `{|` and `|}`, as lines that the layout keeps as they are; "" for a table without words.

    A table inside a cell has become lines already: they follow the row.
    """
    rows: list[list[str]] = [[]]
    inner: list[str] = []
    lines: list[str] = []

    def end_row() -> None:
        cells = [" ".join(cell.replace(DROPPED, "").split()) for cell in rows[-1]]
        if any(cells):
            lines.append(VERBATIM + f" {PIPE} ".join(cells).rstrip())
        lines.extend(inner)
        inner.clear()
        rows[-1] = []

    for line in content.split("\n")[1:]:
        text = line.strip()
        if text.startswith(VERBATIM):
            inner.append(text)
        elif text.startswith("|-"):
            end_row()
        elif text.startswith("|+"):
            end_row()
            rows[-1] = [_ATTRIBUTES.sub("", text[2:])]
            end_row()
        elif text[:1] in ("|", "!"):
            cells = re.split(r"\|\||!!" if text[0] == "!" else r"\|\|", text[1:])
            rows[-1].extend(_ATTRIBUTES.sub("", cell) for cell in cells)
        elif rows[-1] and text:
            rows[-1][-1] += f" {text.lstrip('*#:; ')}"
    end_row()
    return "\n" + "\n".join(lines) + "\n" if lines else ""
