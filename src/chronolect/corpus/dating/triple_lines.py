"""RDF written one triple a line (N-Triples, and the Turtle of YAGO), of which only some lines are looked at."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LITERAL = rb'"(?:[^"\\]|\\.)*"(?:\^\^[^\s<]\S*?|\^\^<[^>]*>|@[\w-]+)?'
_TRIPLE = re.compile(
    rb"[ \t]*(<[^<>]*>|[^\s<\"'\[(]\S*)[ \t]+(<[^<>]*>|[^\s<]\S*)[ \t]+"
    rb"(<[^<>]*>|" + _LITERAL + rb"|[^\s<\"'\[(]\S*?)[ \t]*\.[ \t]*(?:#.*)?\r?"
)
# Lines that need not end in a full stop: blank ones, comments, directives, and triples about triples (RDF-star).
_NO_TRIPLE = (b"#", b"@prefix", b"@base", b"PREFIX", b"BASE", b"prefix", b"base", b"<<")
_ESCAPE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U([0-9A-Fa-f]{8})|\\(.)")
_ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


@dataclass(frozen=True, slots=True)
class TripleLine:
    """The three terms of a line, as they are written, and the number of the line."""

    line: int
    subject: str
    predicate: str
    object: str


@dataclass(frozen=True, slots=True)
class OddLine:
    """A line that is no single triple: broken, or written otherwise."""

    line: int
    text: bytes


def triple_lines(lines: bytes, first_line: int, marks: Sequence[bytes]) -> Iterator[TripleLine | OddLine]:
    """The lines in which one of the marks occurs, in order, and all that do not end as a triple does."""
    number, counted = first_line, 0
    for start in sorted(_marked(lines, marks) | _unended(lines)):
        number += lines.count(b"\n", counted, start)
        counted = start
        end = lines.find(b"\n", start)
        end = len(lines) if end < 0 else end
        found = _TRIPLE.fullmatch(lines, start, end)
        try:
            if found:
                subject, predicate, object = found.groups()
                yield TripleLine(number, subject.decode(), predicate.decode(), object.decode())
            elif not lines.startswith(_NO_TRIPLE, start):
                yield OddLine(number, lines[start:end])
        except UnicodeDecodeError:
            yield OddLine(number, lines[start:end])


def are_triple_lines(lines: bytes) -> bool:
    """Whether whole lines of Turtle are one triple each, but for broken ones: no statement goes on in another line."""
    if b'"""' in lines or b"'''" in lines:
        return False
    odd = (lines[start : lines.find(b"\n", start)].split() for start in _unended(lines))
    return not any(len(terms) == 1 or terms[-1].endswith((b";", b",", b"[", b"(")) for terms in odd)


def unescaped(text: str) -> str:
    """The content of a literal or an address without its escapes.

    >>> unescaped(r"Karel \\u010Capek")
    'Karel Čapek'
    """
    return _ESCAPE.sub(_unescape, text) if "\\" in text else text


def _unescape(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    if not code:
        return _ESCAPED.get(match[3], match[3])
    number = int(code, 16)
    return chr(number) if number < 0x110000 and not 0xD800 <= number < 0xE000 else "\ufffd"


def _marked(lines: bytes, marks: Sequence[bytes]) -> set[int]:
    """Where the lines begin in which a mark occurs."""
    starts = set()
    for mark in marks:
        position = lines.find(mark)
        while position >= 0:
            starts.add(lines.rfind(b"\n", 0, position) + 1)
            end = lines.find(b"\n", position)
            position = lines.find(mark, end) if end >= 0 else -1
    return starts


def _unended(lines: bytes) -> set[int]:
    """Where the lines begin that hold something but do not end as a triple does."""
    if lines.count(b".\n") + lines.count(b".\r\n") == lines.count(b"\n") and lines.endswith(b"\n"):
        return set()
    starts, start = set(), 0
    for line in lines.split(b"\n"):
        text = line.strip()
        if text and not text.endswith(b".") and not text.startswith(_NO_TRIPLE) and not _TRIPLE.fullmatch(line):
            starts.add(start)
        start += len(line) + 1
    return starts
