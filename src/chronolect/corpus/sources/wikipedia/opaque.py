"""Elements whose content is no wikitext, taken out before anything else is looked at: comments, references, formulas,
code, galleries, `<nowiki>`.

Each is looked for only as far as the next one that begins, so that one which is never closed costs no more than its line.
"""

import re
from collections.abc import Callable

from chronolect.corpus.sources.wikipedia.formulas import formula_text
from chronolect.corpus.sources.wikipedia.markers import BREAK, DROPPED, VERBATIM, protect

_DROPPED_TAGS = (
    "ref|references|gallery|timeline|imagemap|score|graph|chart|templatedata|mapframe|maplink|syntaxhighlight|source|"
    "hiero|inputbox|categorytree|includeonly|templatestyles|indicator|style|script|math chem"
)


def _nothing(content: str) -> str:
    return DROPPED


def _preformatted(content: str) -> str:
    lines = (line.rstrip() for line in content.split("\n"))
    return "\n" + "\n".join(VERBATIM + protect(line) for line in lines if line) + "\n"


def _poem(content: str) -> str:
    return "\n\n" + re.sub(r"\n\s*\n", "\n\n", content.strip()).replace("\n", BREAK).replace(BREAK * 2, "\n\n") + "\n\n"


_CONTENT: dict[str, Callable[[str], str]] = {
    **dict.fromkeys(_DROPPED_TAGS.split("|"), _nothing),
    "nowiki": protect,
    "pre": _preformatted,
    "poem": _poem,
    "math": formula_text,
    "chem": formula_text,
    "ce": formula_text,
}
_OPENING = re.compile(rf"<(?:(!--)|({'|'.join(_CONTENT)})(?=[\s/>])([^<>]*)>)", re.IGNORECASE)
# The end of an element, or the beginning of the next of its kind, whichever comes first.
_NEXT = {tag: re.compile(rf"<(/?){tag}(?=[\s/>])[^<>]*>", re.IGNORECASE) for tag in _CONTENT}


def take_out(text: str, *, formulas: bool = True) -> str:
    """`text` without these elements, or with what they become (see `markers`)."""
    found = _OPENING.search(text)
    if found is None:
        return text
    pieces: list[str] = []
    place, unclosed = 0, set[str]()
    while found is not None:
        start, end = found.span()
        pieces.append(text[place:start])
        tag = "!--" if found[1] else found[2].lower()
        if tag == "!--":
            close = -1 if tag in unclosed else text.find("-->", end)
            place = close + 3 if close >= 0 else _line_end(text, end)
            if close < 0:
                unclosed.add(tag)
        elif found[3].endswith("/"):
            place = end
            pieces.append(DROPPED if tag == "ref" else "")
        else:
            after = None if tag in unclosed else _NEXT[tag].search(text, end)
            if after is not None and after[1]:
                place = after.end()
                content = _CONTENT[tag]
                drop = content is formula_text and not formulas
                pieces.append(DROPPED if drop else content(text[end : after.start()]))
            else:
                if after is None:
                    unclosed.add(tag)
                # Never closed: a reference is lost to the end of its line; of anything else only the tag is.
                line_end = _line_end(text, end)
                place = min(line_end, after.start() if after else line_end) if tag == "ref" else end
                pieces.append(DROPPED)
        found = _OPENING.search(text, place)
    pieces.append(text[place:])
    return "".join(pieces)


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end
