"""Control characters that stand for structure while wikitext is being cleaned. XML cannot hold any of them, and none is
left in a cleaned text.
"""

import re

DROPPED = "\x00"  # something was removed here, so punctuation around it may have lost its words
BREAK = "\x01"  # a line break inside a paragraph
QUOTE, UNQUOTE = "\x02", "\x03"  # a block quotation, each on a line of its own
HEADING = "\x04"  # begins the line of a heading; then one digit, its level, then its words
VERBATIM = "\x05"  # begins a line that is kept as it is

# Characters that mean something in wikitext, where they are meant as themselves (<nowiki>, `{{!}}`): exchanged for
# Unicode's noncharacters, which no text that is interchanged holds.
_MEANINGFUL = "{}[]|<>'=*#:;_-~!"
_PROTECT = {ord(character): 0xFDD0 + place for place, character in enumerate(_MEANINGFUL)}
_PROTECTED = re.compile("[\ufdd0-\ufdef]")
_RESTORE = {private: meant for meant, private in _PROTECT.items()}
PIPE = chr(_PROTECT[ord("|")])


def protect(text: str) -> str:
    """`text` with every character that means something in wikitext exchanged for one that means nothing."""
    return text.translate(_PROTECT)


def restore(text: str) -> str:
    """The inverse of `protect`."""
    return text.translate(_RESTORE) if not text.isascii() and _PROTECTED.search(text) else text
