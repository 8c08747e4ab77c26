"""Reading TEI P5 as a stream: headers as small trees, texts as blocks of plain text. Entities are never expanded, nothing is fetched."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from lxml import etree

_CHUNK = 1 << 18
_CLOSING = 200  # characters between chapters that make no section of their own
_TEI = "{http://www.tei-c.org/ns/1.0}"
_DECLARATIONS = tuple(
    "<!ENTITY".encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be")
)
XML = "{http://www.w3.org/XML/1998/namespace}"

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "head p ab l label trailer speaker stage item row salute signed dateline byline opener closer argument epigraph docTitle titlePart "
        "docAuthor docImprint docDate imprimatur lg list table sp div div1 div2 div3 div4 div5 text body front back group castItem postscript "
        "floatingText cit figure",
    )
)
_STANZAS = {"l": "lg", "item": "list", "row": "table"}  # lines that stand together, and what they stand together in
_DROPPED = frozenset(
    ("note", "figure", "figDesc", "graphic", "fw", "del", "gap", "noteGrp", "app", "listBibl", "facsimile", "standOff")
)
_DROPPED_DIVS = frozenset(
    ("notes", "footnotes", "contents", "toc", "index", "advertisement", "advert", "ads", "bibliography")
)
_TITLE_PAGES = frozenset(("titlepage", "title_page", "half-title", "halftitle", "imprint"))
_IN_CHOICE = frozenset(
    ("sic", "reg", "expan")
)  # of an alternative the old spelling and the corrected misprint are taken
_NOTE_SIGN = re.compile(r"[\s\[({]*(?:\d{1,4}|[a-z]{1,2}|[*†‡§#¶]{1,3})[\s\])}.]*", re.IGNORECASE)
_BARE_SIGN = re.compile(r"\[\d{1,4}\]")


@dataclass(slots=True)
class Section:
    """A chapter, what stands between chapters, or a whole text: the headings of the parts it is in, its own, and its blocks (paragraphs,
    headings, stanzas), of which `heads` are headings.
    """

    parts: tuple[str, ...] = ()
    headings: list[str] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    heads: int = 0

    @property
    def text(self) -> str:
        """The blocks with a blank line between them."""
        return "\n\n".join(self.blocks)


@dataclass(frozen=True, slots=True)
class TeiText:
    """One TEI element: its header (a tree, or `None`), xml:id, language, and its sections (one if the text is not cut into chapters)."""

    header: etree._Element | None
    id: str
    language: str
    sections: list[Section]


@dataclass(frozen=True, slots=True)
class Reading:
    """What to take of a text."""

    chapters: bool = False
    chapter_type: str = "chapter"
    front: bool = False
    notes: bool = False


class TeiError(ValueError):
    """What is wrong with a file."""


def read_tei(stream: BinaryIO, reading: Reading) -> Iterator[TeiText]:
    """The TEI elements of a file as they end; memory holds one of them.

    Raises:
        TeiError: Not XML, broken off, entities declared, nested too deeply, or no TEI in it.
    """
    target = _Target(reading)
    parser = etree.XMLParser(target=target, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    before = b""
    try:
        while chunk := stream.read(_CHUNK):
            # libxml2 expands internal entities for a parser target whatever `resolve_entities` says; they stand before the first element.
            if not target.has_begun and any(declaration in before + chunk for declaration in _DECLARATIONS):
                raise TeiError("it declares entities, which are never expanded; write it without")
            before = chunk[-64:]
            parser.feed(chunk)
            while target.finished:
                yield target.finished.pop(0)
        if not before:
            raise TeiError("the file is empty")
        parser.close()
    except etree.XMLSyntaxError as error:
        raise TeiError(f"broken XML ({str(error).splitlines()[0]})") from None
    if not target.found:
        raise TeiError("no TEI element in it")


class _Target:
    """Builds texts from parser events (lxml's parser target interface)."""

    def __init__(self, reading: Reading) -> None:
        self.reading = reading
        self.finished: list[TeiText] = []
        self.found = 0
        self.has_begun = False
        self._open: list[str] = []
        self._skipped = 0
        self._header_builder: etree.TreeBuilder | None = None
        self._reset({})

    def _reset(self, attributes: dict[str, str]) -> None:
        self._id, self._language = attributes.get(f"{XML}id", ""), attributes.get(f"{XML}lang", "")
        self._header: etree._Element | None = None
        self._sections = [Section()]
        self._current = self._sections[0]
        self._chapter_depth = 0  # how many elements are open outside the chapter; 0 outside of chapters
        self._parts: list[tuple[int, str]] = []
        self._buffer: list[str] = []
        self._last = ""
        self._references: list[int] = []

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        name = tag.removeprefix(_TEI)
        self.has_begun = True
        if self._header_builder is not None:
            self._header_builder.start(tag, dict(attributes))
            return
        self._open.append(name)
        if self._skipped or self._is_dropped(name, attributes):
            self._skipped += 1
        elif name == "TEI":
            self._reset(attributes)
            self.found += 1
        elif name == "teiHeader":
            self._open.pop()
            self._header_builder = etree.TreeBuilder()
            self._header_builder.start(tag, dict(attributes))
        elif name in _BLOCKS:
            self._begin_block(name, attributes)
        elif name == "lb":
            self._buffer.append("" if attributes.get("break") == "no" else " ")
        elif name == "milestone" and "p" not in self._open:
            self._flush("")
            self._add_break()
        elif name in ("quote", "q") and "p" not in self._open and "l" not in self._open:
            self._flush("")
        elif name == "ref":
            self._references.append(len(self._buffer))

    def end(self, tag: str) -> None:
        """An element ends."""
        name = tag.removeprefix(_TEI)
        if self._header_builder is not None:
            self._header_builder.end(tag)
            if name == "teiHeader":
                header = self._header_builder.close()
                self._header_builder = None
                if "TEI" in self._open:
                    self._header = header
            return
        self._open.pop()
        if self._skipped:
            self._skipped -= 1
        elif name == "TEI":
            self._flush("")
            self.finished.append(TeiText(self._header, self._id, self._language, _whole(self._sections)))
            self._reset({})
        elif name in _BLOCKS:
            self._end_block(name)
        elif name in ("quote", "q") and "p" not in self._open and "l" not in self._open:
            self._flush("p")
        elif name == "ref":
            begin = self._references.pop()
            if _NOTE_SIGN.fullmatch("".join(self._buffer[begin:])):
                del self._buffer[begin:]

    def data(self, text: str) -> None:
        """Characters."""
        if self._header_builder is not None:
            self._header_builder.data(text)
        elif not self._skipped:
            self._buffer.append(text)

    def close(self) -> None:
        """The file has ended."""

    def _is_dropped(self, name: str, attributes: dict[str, str]) -> bool:
        if name in ("front", "back"):
            return not (self.reading.front if name == "front" else self.reading.notes)
        if name in ("div", "titlePage"):
            kind = attributes.get("type", "").lower() if name == "div" else "titlepage"
            return (kind in _TITLE_PAGES and not self.reading.front) or (
                kind in _DROPPED_DIVS and not (kind == "notes" and self.reading.notes)
            )
        if name in _IN_CHOICE:
            return len(self._open) > 1 and self._open[-2] == "choice"
        return name in _DROPPED and not (name == "note" and self.reading.notes)

    def _begin_block(self, name: str, attributes: dict[str, str]) -> None:
        self._flush("p" if "p" in self._open[:-1] else "")
        if name in _STANZAS.values():
            self._last = ""
        if name.startswith("div"):
            if self._is_chapter(attributes):
                self._chapter_depth = len(self._open)
                self._current = Section(tuple(heading for _, heading in self._parts))
                self._sections.append(self._current)
            elif not self._chapter_depth:
                self._parts.append((len(self._open), ""))

    def _end_block(self, name: str) -> None:
        self._flush(name)
        if name in _STANZAS.values():
            self._last = ""
        if name.startswith("div"):
            depth = len(self._open) + 1
            if depth == self._chapter_depth:
                self._chapter_depth = 0
                self._current = Section()
                self._sections.append(self._current)
            elif self._parts and self._parts[-1][0] == depth:
                self._parts.pop()

    def _is_chapter(self, attributes: dict[str, str]) -> bool:
        return self.reading.chapters and not self._chapter_depth and attributes.get("type") == self.reading.chapter_type

    def _flush(self, name: str) -> None:
        """Make a block of the characters met since the last one; `name` is the element they stood in."""
        text = " ".join("".join(self._buffer).split())
        self._buffer.clear()
        self._references = [0] * len(self._references)
        if not text or _BARE_SIGN.fullmatch(text):
            return
        blocks = self._current.blocks
        if name in _STANZAS and self._last == name and blocks:
            blocks[-1] += f"\n{text}"
        else:
            if name == "head":
                self._add_heading(text)
                self._current.heads += 1
            blocks.append(text)
        self._last = name

    def _add_heading(self, text: str) -> None:
        if self._chapter_depth:
            if len(self._current.headings) == len(self._current.blocks):
                self._current.headings.append(text)
        elif self._parts:
            depth, before = self._parts[-1]
            self._parts[-1] = (depth, f"{before} {text}".strip())

    def _add_break(self) -> None:
        """A pause in the text, unless a heading or another one stands before it."""
        blocks = self._current.blocks
        if blocks and blocks[-1] != "* * *" and self._last != "head":
            blocks.append("* * *")
            self._last = ""


def _whole(sections: list[Section]) -> list[Section]:
    """Sections with text: what only heads a part stands with its chapters already, and a closing line belongs to the chapter before it."""
    kept: list[Section] = []
    for section in sections:
        if len(section.blocks) == section.heads:
            continue
        if kept and not section.headings and not section.heads and len(section.text) < _CLOSING:
            kept[-1].blocks += section.blocks
        else:
            kept.append(section)
    return kept
