"""Marks that transcribers put into the text of a book: page numbers, footnote signs, notes on illustrations, signs for italics."""

import re
from collections.abc import Callable, Iterator

_LONGEST_BRACKET = 20_000  # characters
_PAGE = re.compile(
    r"""(?P<space>[ \t]*)(?:\[\s*(?:pg\.?|p\.|pages?|seite|s\.)\s*(?:\d{1,4}|[ivxlc]{1,8})(?:\s*[-–,/]\s*\d{1,4})?[a-d]?\s*\]
              |\{\s*(?:(?:pg\.?|p\.|pages?)\s*)?(?:\d{1,4}|[ivxlc]{1,8})[a-d]?\s*\})(?=(?P<word>\w|["'“‘(_])?)""",
    re.IGNORECASE | re.VERBOSE,
)
_FOOTNOTE_SIGN = re.compile(r"[ \t]?\[(?:\d{1,4}|[A-Z]{1,2}|\*{1,3}|†|‡|#)\]")
_OPENING = re.compile(
    r"""\[\s*(?:
        (?P<dropped>illustrations?|illustration\s+caption|frontispiece|decoration|abbildung|tailpiece|headpiece|music|blank\s+page|sidenote|bild
          |transcri(?:ber|ption|pteur)|tr\.?\s*note|tn\b|note\s+(?:du|de|sur\s+la)\s+transcri|anmerkung(?:en)?\s+(?:zur|des)\s+transkri
          |e-?text\b|project\s+gutenberg|redactor|publisher'?s\s+device|hand\s+pointing|editor'?s\s+note:\s*this\s+e-?text|note:\s*this\s+e-?text)
      | (?P<note>footnotes?|fu(?:ß|ss)note|note)\s*(?:\d{1,4}|[A-Z]{1,2}|\*{1,3})?\s*[:.]\s*
      | (?P<unwrapped>greek|hebrew|latin|cyrillic|russian|arabic|french|german|gaelic|sanskrit)\s*:\s*
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_LIGATURES = {"[oe]": "œ", "[OE]": "Œ", "[ae]": "æ", "[AE]": "Æ", "[Oe]": "Œ", "[Ae]": "Æ"}
_LIGATURE = re.compile(r"\[(?:oe|OE|Oe|ae|AE|Ae)\]")
_ITALIC = re.compile(r"(?<![^\W_])_(?=\S)([^_]{1,600}?)(?<=\S)_(?![^\W_])")
_BOLD = re.compile(r"(?<![\w=])=(?=[^\s=])([^=\n]{1,200}?)(?<=[^\s=])=(?![\w=])")
_SPACED = re.compile(r"(?<![\w~])~(?=[^\s~])([^~\n]{1,200}?)(?<=[^\s~])~(?![\w~])")
_BREAK = re.compile(r"^[ \t]*(?:[*·.#~_—–-][ \t]*){3,}$", re.MULTILINE)


def drop_page_marks(text: str) -> str:
    """Leave out `[Pg 12]`, `[Page xii]`, `{12}` and the like."""
    return _PAGE.sub(lambda match: " " if match["space"] and match["word"] else "", text)


def drop_brackets(text: str, *, footnotes: bool) -> str:
    """Leave out bracketed notes of transcribers and notes on illustrations; footnotes become paragraphs of their own, or go as well.

    Brackets may lie inside each other. One that never closes is left alone.
    """
    return _replace_brackets(text, lambda match: _replacement(match, footnotes))


def drop_footnote_signs(text: str) -> str:
    """Leave out `[12]`, `[A]`, `[*]`."""
    return _FOOTNOTE_SIGN.sub("", text)


def drop_emphasis(text: str) -> str:
    """Leave out the signs for italics `_so_`, bold `=so=` and spaced letters `~so~`, and write `[oe]` as one letter."""
    text = _LIGATURE.sub(lambda match: _LIGATURES[match[0]], text)
    return _SPACED.sub(r"\1", _BOLD.sub(r"\1", _ITALIC.sub(r"\1", text)))


def plain_breaks(text: str) -> str:
    """Write every line of stars, dots or dashes as `* * *`."""
    return _BREAK.sub("* * *", text)


def _replacement(match: re.Match[str], footnotes: bool) -> Callable[[str], str]:
    if match["dropped"] or (match["note"] and not footnotes):
        return lambda _: ""
    return lambda content: content


def _replace_brackets(text: str, choose: Callable[[re.Match[str]], Callable[[str], str]]) -> str:
    return "".join(_pieces(text, choose))


def _pieces(text: str, choose: Callable[[re.Match[str]], Callable[[str], str]]) -> Iterator[str]:
    place = 0
    for match in _OPENING.finditer(text):
        if match.start() < place:
            continue  # inside one that has been dealt with
        close = _closing(text, match.start())
        if close is None:
            continue
        before = text[place : match.start()]
        content = choose(match)(text[match.end() : close])
        yield before
        yield drop_brackets(content, footnotes=bool(match["note"])) if "[" in content else content
        place = close + 1
    yield text[place:]


def _closing(text: str, opening: int) -> int | None:
    """The place of the bracket that closes this one."""
    depth = 0
    for match in re.finditer(r"[\[\]]", text[opening : opening + _LONGEST_BRACKET]):
        depth += 1 if match[0] == "[" else -1
        if not depth:
            return opening + match.start()
    return None
