"""Records of Gutenberg's RDF catalogue, one small XML file a book, out of an archive or a folder. Entities are never expanded."""

import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from lxml import etree

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.gutenberg.book import Book
from chronolect.corpus.sources.lives import Contributor, lifetime
from chronolect.errors import UserError
from chronolect.timeline import Span

_LARGEST = 16 << 20  # bytes of one record; real ones have some tens of kilobytes
_ARCHIVES = (".tar.bz2", ".tar.gz", ".tgz", ".tar.xz", ".tar", ".zip")
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_TERMS = "{http://purl.org/dc/terms/}"
_PG = "{http://www.gutenberg.org/2009/pgterms/}"
_DCAM = "{http://purl.org/dc/dcam/}"
_RELATORS = "{http://id.loc.gov/vocabulary/relators/}"
_ROLES = {
    "adp": "Adapter",
    "aft": "Author of afterword",
    "ann": "Annotator",
    "art": "Artist",
    "aui": "Author of introduction",
    "cmm": "Commentator",
    "cmp": "Composer",
    "com": "Compiler",
    "ctb": "Contributor",
    "edt": "Editor",
    "ill": "Illustrator",
    "pbl": "Publisher",
    "pht": "Photographer",
    "prt": "Printer",
    "trc": "Transcriber",
    "trl": "Translator",
    "unk": "Unknown role",
}
_NOT_AUTHORS = frozenset({"pbl", "prt", "trc", "pro", "dub", "res"})  # make the book or the file, not its words


def is_rdf(catalogue: Path) -> bool:
    """Whether a path is an RDF catalogue: a folder, an archive or one record."""
    return catalogue.is_dir() or catalogue.name.lower().endswith((*_ARCHIVES, ".rdf"))


def read_rdf(catalogue: Path) -> Iterator[Book | Problem]:
    """Stream the books of an RDF catalogue; a record that cannot be read is a `Problem`."""
    try:
        for name, content in _records(catalogue):
            yield content if isinstance(content, Problem) else parse_record(content, name)
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, ValueError) as error:
        if isinstance(error, UserError):
            raise
        yield Problem(
            str(catalogue), f"cannot be read further ({' '.join(str(error).split()) or type(error).__name__})"
        )


def parse_record(content: bytes, name: str) -> Book | Problem:
    """One record; `name` is its file, for messages."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        return Problem(name, f"broken XML ({str(error).splitlines()[0]})")
    if root.getroottree().docinfo.internalDTD is not None:
        return Problem(name, "it declares a document type, which a record of the catalogue never does")
    ebook = root.find(f"{_PG}ebook")
    about = ebook.get(f"{_RDF}about", "") if ebook is not None else ""
    number = about.rpartition("/")[2]
    if ebook is None or not (number.isascii() and number.isdigit()):
        return Problem(name, "no pgterms:ebook with a number in it")
    people = tuple(_contributors(ebook))
    publication, year = _text(ebook, f"{_PG}marc260"), _text(ebook, f"{_PG}marc906")
    return Book(
        number=int(number),
        title=" ".join(_text(ebook, f"{_TERMS}title").split()),
        type=next(iter(_values(ebook, f"{_TERMS}type")), ("", "Text"))[1],
        issued=_day(_text(ebook, f"{_TERMS}issued")),
        languages=tuple(value for _, value in _values(ebook, f"{_TERMS}language")),
        authors="; ".join(heading for heading, _ in people),
        contributors=tuple(person for _, person in people),
        subjects=tuple(value for scheme, value in _values(ebook, f"{_TERMS}subject") if not scheme.endswith("LCC")),
        classes=tuple(value for scheme, value in _values(ebook, f"{_TERMS}subject") if scheme.endswith("LCC")),
        bookshelves=tuple(value for _, value in _values(ebook, f"{_PG}bookshelf")),
        rights=" ".join(_text(ebook, f"{_TERMS}rights").split()),
        published=_year_in(year) or _year_in(publication),
        publication=" ".join((publication or year).split()),
        where=f"{PurePosixPath(name).name} #{int(number)}",
    )


def _records(catalogue: Path) -> Iterator[tuple[str, bytes | Problem]]:
    if catalogue.is_dir():
        files = sorted(file for file in catalogue.rglob("*.rdf") if file.is_file())
        if not files:
            raise UserError(f"{catalogue}: no .rdf file in it")
        for file in files:
            with open(file, "rb") as stream:
                yield file.name, _limited(stream, file.name)
    elif catalogue.name.lower().endswith(".rdf"):
        with open(catalogue, "rb") as stream:
            yield catalogue.name, _limited(stream, catalogue.name)
    elif catalogue.name.lower().endswith(".zip"):
        yield from _from_zip(catalogue)
    else:
        with tarfile.open(catalogue, "r|*") as archive:
            yield from _from_tar(archive)


def _from_zip(catalogue: Path) -> Iterator[tuple[str, bytes | Problem]]:
    with zipfile.ZipFile(catalogue) as archive:
        for member in archive.infolist():
            if member.filename.endswith(".tar"):  # rdf-files.tar.zip
                with archive.open(member) as stream, tarfile.open(fileobj=stream, mode="r|") as inner:
                    yield from _from_tar(inner)
            elif member.filename.endswith(".rdf"):
                with archive.open(member) as stream:
                    yield member.filename, _limited(stream, member.filename)


def _from_tar(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes | Problem]]:
    for member in archive:
        stream = archive.extractfile(member) if member.isfile() and member.name.endswith(".rdf") else None
        if stream is not None:
            yield member.name, _limited(stream, member.name)


def _limited(stream: IO[bytes], name: str) -> bytes | Problem:
    content = stream.read(_LARGEST + 1)
    return content if len(content) <= _LARGEST else Problem(name, f"larger than {_LARGEST >> 20} MB")


def _contributors(ebook: etree._Element) -> Iterator[tuple[str, Contributor]]:
    """The people whose words may be in the book, each with the heading that a catalogue table would have."""
    agents = {agent.get(f"{_RDF}about"): agent for agent in ebook.iter(f"{_PG}agent") if agent.get(f"{_RDF}about")}
    for element in ebook:
        if not isinstance(element.tag, str):
            continue
        code = element.tag.removeprefix(_RELATORS) if element.tag.startswith(_RELATORS) else ""
        if element.tag != f"{_TERMS}creator" and (not code or code in _NOT_AUTHORS):
            continue
        role = _ROLES.get(code, code) if code else "Author"
        agent = element.find(f"{_PG}agent")
        if agent is None:
            agent = agents.get(element.get(f"{_RDF}resource"))
        name = " ".join(_text(agent, f"{_PG}name").split()) if agent is not None else ""
        born, died = (_text(agent, f"{_PG}{end}date") if agent is not None else "" for end in ("birth", "death"))
        heading = f"{name}, {born}-{died}" if born or died else name
        yield (
            heading if role == "Author" else f"{heading} [{role}]",
            Contributor(name, role, lifetime(_year(born), _year(died))),
        )


def _values(ebook: etree._Element, tag: str) -> Iterator[tuple[str, str]]:
    """The (scheme, value) pairs of a property that is wrapped in an rdf:Description."""
    for element in ebook.iterfind(tag):
        value = element.find(f".//{_RDF}value")
        scheme = element.find(f".//{_DCAM}memberOf")
        if value is not None and value.text:
            yield scheme.get(f"{_RDF}resource", "") if scheme is not None else "", value.text.strip()


def _text(element: etree._Element, tag: str) -> str:
    return (element.findtext(tag) or "").strip()


def _year(text: str) -> Span | None:
    """A year of the catalogue: an integer, negative before our era."""
    digits = text.removeprefix("-")
    return Span.year(int(text)) if digits.isascii() and digits.isdigit() and len(digits) <= 4 and int(digits) else None


def _year_in(text: str) -> int | None:
    years = [
        int(word)
        for word in text.replace(",", " ").replace(".", " ").split()
        if word.isdigit() and 1400 <= int(word) <= 2100
    ]
    return max(years, default=None)


def _day(text: str) -> Span | None:
    try:
        return Span.parse(text) if text else None
    except UserError:
        return None
