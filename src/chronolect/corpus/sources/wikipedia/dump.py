"""Dumps of a wiki (`pages-articles` XML: plain, .bz2, .gz, .zst) cut into shards of whole pages, in bounded memory.

What can be read from the middle is cut into ranges of bytes that the workers read themselves: a plain file anywhere, and a
"multistream" bzip2 file where one of its streams begins. Where that is, the file itself tells: every stream begins with the
same ten bytes, so the index that is published beside the dump is not needed. All else (one bzip2 stream, gzip, zstd) is
decompressed in order, and the shards carry their pages.

A page belongs to the range in which it begins, so streams may end in the middle of one (`pbzip2`). No XML parser runs: in
a dump `<` within content is always escaped, and entities are never declared; a file that declares any is refused.
"""

import bz2
import html
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import rapidgzip

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.line_blocks import read_chunks as read_chunks
from chronolect.errors import UserError

# `enwiki-20240401-pages-articles1.xml-p1p41242.bz2` is the usual form of a name.
_NAME = re.compile(r"\.xml(?:-[\w-]+)?(?:\.bz2|\.gz|\.zst)?$|\.parquet$", re.IGNORECASE)
_PACKED = (".bz2", ".gz", ".zst")
RANGE_BYTES = 32 << 20  # of plain XML: about 12 MB of text
STREAM_BYTES = 4 << 20  # of bzip2 streams: about 15 MB of XML
BLOCK_BYTES = 12 << 20  # of XML that travels to the workers
DAMAGED, CUT_OFF, TOO_LARGE = "damaged file", "dump cut off", "page too large"

_READ = 1 << 16
_CHUNK = 1 << 20
_HEAD_BYTES = 4 << 20
_STREAM = re.compile(rb"BZh[1-9]1AY&SY")
_BEGIN, _END, _CLOSE = b"<page>", b"</page>", b"</mediawiki>"


@dataclass(frozen=True, slots=True)
class Wiki:
    """What a dump says of its wiki; the names of namespaces by number."""

    name: str
    language: str
    base: str
    namespaces: tuple[tuple[int, str], ...]

    def names(self, number: int) -> tuple[str, ...]:
        """The name of a namespace, if the dump has told it."""
        return tuple(name for key, name in self.namespaces if key == number and name)


@dataclass(frozen=True, slots=True)
class Shard:
    """Some pages of a dump: those that begin in a range of the file, or these."""

    file: Path
    wiki: Wiki
    start: int = 0
    stop: int = 0
    pages: bytes | None = None
    problems: tuple[tuple[str, Problem], ...] = ()


@dataclass(frozen=True, slots=True)
class Damage:
    """What could not be read, with its kind."""

    kind: str
    problem: Problem


def read_wiki(file: Path) -> Wiki:
    """The head of a dump. `UserError` for what is no dump, or declares entities."""
    head = b""
    for chunk in _decoded(file, 0, None) if file.suffix.lower() == ".bz2" else read_chunks(file):
        if isinstance(chunk, Problem):
            if not head:
                raise UserError(str(chunk))
            break
        head += chunk
        if _BEGIN in head or len(head) > _HEAD_BYTES:
            break
    head = head.partition(_BEGIN)[0]
    if b"<!DOCTYPE" in head or b"<!ENTITY" in head:
        raise UserError(
            f"{file}: declares XML entities, which no dump of a wiki does and which can exhaust memory; refused"
        )
    root = re.search(rb"<mediawiki\b[^>]*>", head)
    if root is None:
        raise UserError(f"{file}: not a dump of a wiki (no <mediawiki> at its beginning); expected pages-articles XML")
    language = _text(re.search(rb'xml:lang="([^"]*)"', root[0]))
    found = re.findall(rb'<namespace key="(-?\d+)"[^>]*?(?:/>|>([^<]*)</namespace>)', head)
    return Wiki(
        name=_text(re.search(rb"<dbname>([^<]*)</dbname>", head)) or f"{language or 'unknown'}wiki".replace("-", "_"),
        language=language,
        base=_text(re.search(rb"<base>([^<]*)</base>", head)),
        namespaces=tuple((int(key), html.unescape(name.decode("utf-8", "replace"))) for key, name in found),
    )


def cut_dump(file: Path, *, page_bytes: int, limit: int | None = None) -> Iterator[Shard]:
    """The shards of a dump in order. Pages of more than `page_bytes` are left out, each a problem. With `limit`, only that
    many pages, from the beginning.
    """
    wiki = read_wiki(file)
    if limit is None and file.suffix.lower() not in _PACKED:
        size = file.stat().st_size
        for start in range(0, size, RANGE_BYTES):
            yield Shard(file.absolute(), wiki, start, min(start + RANGE_BYTES, size))
    elif limit is None and file.suffix.lower() == ".bz2" and _is_multistream(file):
        starts = _stream_starts(file)
        start = next(starts)
        for stop in starts:
            if stop - start >= STREAM_BYTES:
                yield Shard(file.absolute(), wiki, start, stop)
                start = stop
        yield Shard(file.absolute(), wiki, start, file.stat().st_size)
    else:
        yield from _blocks(file, wiki, page_bytes, limit)


def pages_of(shard: Shard, *, page_bytes: int) -> Iterator[bytes | Damage]:
    """The pages of a shard as XML, and what could not be read, in order."""
    for kind, problem in shard.problems:
        yield Damage(kind, problem)
    chunks: Iterable[bytes | Problem | None]
    if shard.pages is not None:
        chunks = [shard.pages, _CLOSE]
    elif shard.file.suffix.lower() == ".bz2":
        chunks = _streams(shard)
    else:
        chunks = _range(shard)
    yield from split_pages(chunks, shard.file, page_bytes)


def split_pages(chunks: Iterable[bytes | Problem | None], file: Path, page_bytes: int) -> Iterator[bytes | Damage]:
    """Every `<page>…</page>` of a stream that may begin in the middle of one.

    `None` among the chunks is the end of the range: of what follows, only the end of a page that has begun is wanted.
    Holds one page of at most `page_bytes`.
    """
    held: list[bytes] = []  # of a page whose end has not been met
    size = 0
    rest = b""  # the end of what was read, where `<page>` or `</page>` may have been cut
    last = b""
    beyond = too_large = False
    for chunk in chunks:
        if chunk is None:
            beyond = True
            if not held and not rest:
                return
            continue
        if isinstance(chunk, Problem):
            yield Damage(DAMAGED, chunk)
            held, size, rest, last, too_large = [], 0, b"", _CLOSE, False
            continue
        data = rest + chunk
        place, rest = 0, b""
        while place < len(data):
            if not held:
                begin = data.find(_BEGIN, place)
                if begin < 0:
                    if beyond and not _BEGIN.startswith(data):
                        return
                    rest = _cut_mark(data[place:], _BEGIN)
                    break
                if beyond and begin:
                    return
                held, size, place, too_large = [b""], 0, begin, False
            end = data.find(_END, place)
            if end < 0:
                rest = _cut_mark(data, _END)
                part = data[place : len(data) - len(rest)]
                size += len(part)
                if size <= page_bytes:
                    held.append(part)
                elif not too_large:
                    too_large = True
                    held = [b"".join(held)[:4096] + part[:4096]]
                break
            end += len(_END)
            size += end - place
            if size > page_bytes:
                title = _text(re.search(rb"<title>([^<]*)</title>", held[0] + held[-1] + data[place : place + 4096]))
                what = f"a page of {size:,} bytes, more than --max-page-mb {page_bytes >> 20}"
                yield Damage(TOO_LARGE, Problem(f"{file}: {title or 'page without a title'}", what))
            elif len(held) == 1:
                yield data[place:end]
            else:
                held.append(data[place:end])
                yield b"".join(held)
            held, size, place = [], 0, end
            if beyond:
                return
        if beyond and not held and not rest:
            return
        last = (last + data)[-64:]
    if held:
        title = _text(re.search(rb"<title>([^<]*)</title>", b"".join(held)[:8192]))
        yield Damage(CUT_OFF, Problem(f"{file}: {title or 'last page'}", "the dump ends in the middle of this page"))
    elif not beyond and _CLOSE not in last and not _CLOSE.endswith(last.strip()):
        yield Damage(CUT_OFF, Problem(str(file), "the dump ends without </mediawiki>"))


def _cut_mark(data: bytes, mark: bytes) -> bytes:
    """The longest end of `data` with which `mark` may begin."""
    return next((mark[:size] for size in range(len(mark) - 1, 0, -1) if data.endswith(mark[:size])), b"")


def _blocks(file: Path, wiki: Wiki, page_bytes: int, limit: int | None) -> Iterator[Shard]:
    pages: list[bytes] = []
    problems: list[tuple[str, Problem]] = []
    size = number = 0
    for page in split_pages(read_chunks(file), file, page_bytes):
        if isinstance(page, Damage):
            problems.append((page.kind, page.problem))
            continue
        pages.append(page)
        size += len(page)
        number += 1
        if size >= BLOCK_BYTES or number == limit:
            yield Shard(file, wiki, pages=b"".join(pages), problems=tuple(problems))
            pages, problems, size = [], [], 0
        if number == limit:
            return
    if pages or problems:
        yield Shard(file, wiki, pages=b"".join(pages), problems=tuple(problems))


def _is_multistream(file: Path) -> bool:
    """Whether a second stream begins in the first megabytes (the streams of a dump hold 100 pages, those of pbzip2 less)."""
    with open(file, "rb") as stream:
        head = stream.read(_HEAD_BYTES)
    return len(_STREAM.findall(head)) > 1


def _stream_starts(file: Path, place: int = 0) -> Iterator[int]:
    """Where the streams of a bzip2 file begin, from `place` on."""
    overlap = 9
    with open(file, "rb") as stream:
        before = stream.seek(place)  # bytes of the file in front of `data`
        data = b""
        while chunk := stream.read(_HEAD_BYTES):
            keep = data[-overlap:]
            before += len(data) - len(keep)
            data = keep + chunk
            yield from (before + found.start() for found in _STREAM.finditer(data))


def _streams(shard: Shard) -> Iterator[bytes | Problem | None]:
    """What the streams of a range hold, then `None`, then what follows.

    rapidgzip decodes a third faster than Python's bz2, but does not get past damage.
    """
    done = 0
    with open(shard.file, "rb") as stream:
        stream.seek(shard.start)
        packed = io.BytesIO(stream.read(shard.stop - shard.start))
    try:
        with rapidgzip.IndexedBzip2File(packed, parallelization=1) as fast:
            while chunk := fast.read(_CHUNK):
                done += len(chunk)
                yield chunk
    except (OSError, RuntimeError, ValueError):
        for part in _decoded(shard.file, shard.start, shard.stop):
            if isinstance(part, Problem):
                yield part
            else:
                yield part[done:]
                done -= min(done, len(part))
    if shard.stop < shard.file.stat().st_size:
        yield None
        yield from (part for part in _decoded(shard.file, shard.stop, None) if not isinstance(part, Problem))


def _decoded(file: Path, start: int, stop: int | None) -> Iterator[bytes | Problem]:
    """What the bzip2 streams hold that begin from `start` to `stop`; a damaged one is passed over."""
    with open(file, "rb") as stream:
        begin = stream.seek(start)  # of the stream at work
        decoder = bz2.BZ2Decompressor()
        data = b""
        while stop is None or begin < stop:
            if not data and decoder.needs_input:
                data = stream.read(_READ)
                if not data:
                    yield Problem(f"{file}: byte {begin:,}", "cannot be read to its end: a bzip2 stream is cut off")
                    return
            try:
                yield decoder.decompress(data, _CHUNK)
                data = b""
            except OSError:
                yield Problem(f"{file}: byte {begin:,}", "cannot be read: a damaged bzip2 stream, passed over")
                later = next(_stream_starts(file, begin + 1), None)
                if later is None:
                    return
                begin, data, decoder = stream.seek(later), b"", bz2.BZ2Decompressor()
                continue
            if decoder.eof:
                data = decoder.unused_data or stream.read(_READ)
                if not data:
                    return
                begin, decoder = stream.tell() - len(data), bz2.BZ2Decompressor()


def _range(shard: Shard) -> Iterator[bytes | None]:
    with open(shard.file, "rb") as stream:
        stream.seek(shard.start)
        left = shard.stop - shard.start
        while left > 0 and (chunk := stream.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk
        if shard.stop < stream.seek(0, 2):
            stream.seek(shard.stop)
            yield None
            while chunk := stream.read(_READ):
                yield chunk


def _text(found: re.Match[bytes] | None) -> str:
    return html.unescape(found[1].decode("utf-8", "replace")).strip() if found else ""


def find_dumps(paths: Sequence[Path]) -> list[Path]:
    """The dump files of these paths in order: files as they are, of a folder those of a known kind.

    An index of a multistream dump may stand among them; it is not needed, and passed over.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
        found = [path] if path.is_file() else sorted(file for file in path.rglob("*") if _NAME.search(file.name))
        if not found:
            raise UserError(f"{path}: no dump in it (*.xml, .xml.bz2, .xml.gz, .xml.zst or .parquet)")
        if path.is_file() and path.suffix.lower() not in _PACKED and not _NAME.search(path.name):
            raise UserError(f"{path}: unknown kind of file; expected .xml, .xml.bz2, .xml.gz, .xml.zst or .parquet")
        files += [file for file in found if "-index" not in file.name]
    if not files:
        raise UserError("nothing to import: name at least one dump (an index alone holds no pages)")
    return files
