"""Control characters that stand for structure while wikitext is being cleaned. XML cannot hold any of them, and none is
left in a cleaned text.
"""

import re

DROPPED = "\x00"  # something was removed here, so punctuation around it may have lost its words
BREAK = "\x01"  # a line break inside a paragraph
QUOTE, UNQUOTE = "\x02", "\x03"  # a block quotation, each on a line of its own
HEADING = "\x04"  # begins the line of a heading; then one digit, its level, then its words
VERBATIM = "\x05"  # begins a line that is kept as it is

# Characters that mean something in wikitext, where they are meant as themselves (<nowiki>, `{{!}}`): exchanged for a guard,
# which is quickly found, and one of Unicode's noncharacters, which no text that is interchanged holds.
_GUARD = "\x06"
_MEANINGFUL = "{}[]|<>'=*#:;_-~!"
_PROTECT = {ord(character): f"{_GUARD}{chr(0xFDD0 + place)}" for place, character in enumerate(_MEANINGFUL)}
_PROTECTED = re.compile(f"{_GUARD}([\ufdd0-\ufde0])")


def protect(text: str) -> str:
    """`text` with every character that means something in wikitext exchanged for one that means nothing."""
    return text.translate(_PROTECT)


def restore(text: str) -> str:
    """The inverse of `protect`, for a text of which parts are protected."""
    return _PROTECTED.sub(lambda found: _MEANINGFUL[ord(found[1]) - 0xFDD0], text) if _GUARD in text else text


PIPE = protect("|")
