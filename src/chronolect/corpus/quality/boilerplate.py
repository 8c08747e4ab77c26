"""Lines of a document that are not its text: marks of digitising, library stamps, page numbers, running heads, navigation."""

import re
from collections import Counter
from functools import cache

import ahocorasick_rs

# Phrases that no text of its own uses: the line they stand in is boilerplate. Small letters; straight apostrophes.
PHRASES: dict[str, tuple[str, ...]] = {
    "digitisation": (
        "digitized by",
        "digitised by",
        "google-digitized",
        "google book search",
        "books.google.",
        "archive.org/details",
        "hathitrust",
        "generated on behalf of",
        "digital copy of a book that was preserved",
        "online distributed proofread",
        "distributed proofreading",
        "scanned by",
        "scanned and proofread",
        "e-text prepared by",
        "etext prepared by",
        "transcribed from the",
        "html version by",
        "project gutenberg",
        "gutenberg.org",
        "gutenberg.net",
        "early english books online",
        "text creation partnership",
        "biodiversity heritage library",
        "jstor.org",
        "microsoft corporation",
        "funding from the internet archive",
        "microfilmed by",
    ),
    "library": (
        "date due",
        "ex libris",
        "call number",
        "shelf mark",
        "shelfmark",
        "this book is due",
        "return to desk",
        "circulation department",
        "stamped below",
        "library bindery",
        "presented to the library",
    ),
    "navigation": (
        "jump to navigation",
        "jump to search",
        "skip to content",
        "skip to main content",
        "back to top",
        "return to top",
        "click here",
        "read more »",
        "read more...",
        "share this article",
        "share on facebook",
        "share on twitter",
        "follow us on",
        "main menu",
        "toggle navigation",
        "previous page",
        "next page",
        "sign up for our",
        "subscribe to our",
        "log in to",
        "leave a comment",
        "leave a reply",
        "posted in:",
        'retrieved from "http',
        "printer-friendly",
        "enable javascript",
        "javascript is disabled",
        "your browser does not",
    ),
    "notice": (
        "uses cookies",
        "use cookies",
        "accept cookies",
        "accept all cookies",
        "cookie policy",
        "privacy policy",
        "terms of use",
        "terms of service",
        "terms and conditions",
        "all rights reserved",
        "creative commons attribution",
    ),
}
# Whole lines, at most 80 characters.
_LINES = (
    # In small letters only: a Roman number in capitals is the heading of a chapter.
    ("page number", re.compile(r"\W*(?:[Pp](?:age|g|p)?\.?\s*)?(?:\d{1,4}|[ivxlc]{1,8})\W*")),
    ("page number", re.compile(r"[\[{(]\s*p(?:age|g)?\.?\s*\d{1,4}\s*[\]})]", re.IGNORECASE)),
    ("library", re.compile(r"\W*(?:THE )?(?:[A-Z.&']+ ){0,5}LIBRAR(?:Y|IES)(?: [A-Z.&']+){0,4}\W*")),
    ("library", re.compile(r"\W*UNIVERSITY OF [A-Z ]{3,40}\W*")),
    ("navigation", re.compile(r"(?:[\w' ]{2,24}\s*[|»›·]\s*){2,}[\w' ]{2,24}\W*")),
    ("navigation", re.compile(r"\W*(?:https?://|www\.)\S+\W*")),
    ("notice", re.compile(r"\W*(?:copyright|©|\(c\))\s*(?:©|\(c\))?\s*(?:19|20)\d\d\b.{0,60}", re.IGNORECASE)),
)
_LINE_LENGTH, _PHRASE_LINE_LENGTH = 80, 400
_HEAD_TIMES = 4
_NUMBERED = re.compile(r"\A\W*(?:\d{1,4}|[ivxlc]{1,7})\s+(?=\S)|\s+(?:\d{1,4}|[ivxlc]{1,7})\W*\Z")
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_GAP = re.compile(r"\n{3,}")


def mark_of(line: str) -> str | None:
    """What kind of boilerplate a line is by itself: "digitisation", "library", "navigation", "notice", "page number"; or `None`."""
    stripped = line.strip()
    if not stripped:
        return None
    if len(stripped) <= _PHRASE_LINE_LENGTH:
        matcher, kinds = _phrases()
        found = matcher.find_matches_as_indexes(stripped.lower().replace("’", "'"))
        if found:
            return kinds[found[0][0]]
    if len(stripped) <= _LINE_LENGTH:
        return next((kind for kind, pattern in _LINES if pattern.fullmatch(stripped)), None)
    return None


def marks(text: str) -> list[tuple[int, str]]:
    """The numbers of the lines of a text that are boilerplate, with their kinds; running heads are found by their repetition."""
    lines = text.split("\n")
    may_have_phrases = bool(_phrases()[0].find_matches_as_indexes(text.lower().replace("’", "'")))
    heads = _running_heads(lines)
    found = []
    for number, line in enumerate(lines):
        if not line or (len(line) > _LINE_LENGTH and not may_have_phrases):
            continue
        kind = mark_of(line)
        if kind is None and len(line) <= _LINE_LENGTH and _head_key(line) in heads:
            kind = "running head"
        if kind is not None:
            found.append((number, kind))
    return found


def without_marks(text: str) -> tuple[str, Counter[str]]:
    """The text without its boilerplate lines, and how many of each kind there were."""
    found = marks(text)
    if not found:
        return text, Counter()
    gone = {number for number, _ in found}
    left = "\n".join(line for number, line in enumerate(text.split("\n")) if number not in gone)
    return _GAP.sub("\n\n", left).strip("\n"), Counter(kind for _, kind in found)


def _running_heads(lines: list[str]) -> set[str]:
    """Keys of short lines that come back at least four times, most of them with a page number, or in capitals and of two words at least (one
    alone may be a speaker of a play).
    """
    times: Counter[str] = Counter()
    numbered: Counter[str] = Counter()
    capitals: Counter[str] = Counter()
    for line in lines:
        if not 4 <= len(line) <= _LINE_LENGTH or not (key := _head_key(line)):
            continue
        times[key] += 1
        numbered[key] += bool(_NUMBERED.search(line))
        capitals[key] += line.upper() == line and " " in key and line.rstrip()[-1] not in "!?:;,"
    return {
        key for key, count in times.items() if count >= _HEAD_TIMES and 2 * max(numbered[key], capitals[key]) > count
    }


def _head_key(line: str) -> str:
    return _NOT_LETTERS.sub(" ", _NUMBERED.sub("", line)).strip().casefold()


@cache
def _phrases() -> tuple[ahocorasick_rs.AhoCorasick, list[str]]:
    pairs = [(phrase, kind) for kind, phrases in PHRASES.items() for phrase in phrases]
    return ahocorasick_rs.AhoCorasick([phrase for phrase, _ in pairs]), [kind for _, kind in pairs]
