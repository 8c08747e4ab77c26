"""Large files of lines (plain, .bz2, .gz, .zst) cut into blocks of whole lines, for work in parallel in bounded memory.

A plain file is cut into ranges which whoever works on them reads himself; of a compressed one, the blocks carry their
lines. Where the cuts are depends on the content alone.

bzip2 is decompressed by several threads (rapidgzip). gzip is not: there rapidgzip keeps state for the whole file (0.7 GB
at 0.8 GB of text) and passes over a cut-off end in silence, and zlib alone outruns what follows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import rapidgzip

from chronolect.corpus.problems import Problem
from chronolect.processes import available_cores

RANGE_BYTES = 32 << 20  # of a plain file
BLOCK_BYTES = 16 << 20  # of a compressed file: these travel to the workers
LINE_BYTES = 64 << 20  # the longest line that is read
_CHUNK = 1 << 20

_PACKINGS = {"": None, ".bz2": "bz2", ".gz": "gzip", ".zst": "zstd"}
TOO_LONG, DAMAGED = "line too long", "damaged file"


@dataclass(frozen=True, slots=True)
class Block:
    """Whole lines of a file: where they begin and, if the file is compressed, the lines themselves.

    `problems` (each with its kind) are what was met in the file up to the end of this block.
    """

    file: Path
    start: int
    size: int
    first_line: int
    lines: bytes | None = None
    problems: tuple[tuple[str, Problem], ...] = ()

    def read(self) -> bytes:
        """The lines, with their ends; the last line of a file may have none."""
        if self.lines is not None:
            return self.lines
        with open(self.file, "rb") as stream:
            stream.seek(self.start)
            return stream.read(self.size)


def read_blocks(
    files: Sequence[Path],
    *,
    range_bytes: int = RANGE_BYTES,
    block_bytes: int = BLOCK_BYTES,
    line_bytes: int = LINE_BYTES,
) -> Iterator[Block]:
    """The files in order, cut into blocks. Lines longer than `line_bytes` are left out, each a problem; a damaged file
    is read as far as it goes.
    """
    for file in files:
        if _packing(file):
            yield from _cut(file, block_bytes, line_bytes)
        else:
            yield from _mark(file, range_bytes, line_bytes)


def bare_suffix(file: Path) -> str:
    """The suffix that tells what the lines are, in lower case, without that of the compression.

    >>> bare_suffix(Path("latest-all.json.bz2")), bare_suffix(Path("yago-facts.ttl"))
    ('.json', '.ttl')
    """
    return (Path(file.stem) if _packing(file) else file).suffix.lower()


def open_stream(file: Path) -> pa.NativeFile:
    """The decompressed content of a file as one stream; reading a file that is cut off raises `OSError`."""
    return pa.input_stream(str(file), compression=_PACKINGS[_packing(file)])


def _packing(file: Path) -> str:
    suffix = file.suffix.lower()
    return suffix if suffix in _PACKINGS else ""


def _cut(file: Path, size: int, line_bytes: int) -> Iterator[Block]:
    """Gather chunks until a block is full and cut it behind its last line end.

    What follows the cut waits for the next block, unless it is too long for a line: then it is dropped up to the next
    line end.
    """
    waiting: list[bytes] = []
    held = start = line = 0  # bytes waiting; where they begin in the file; the number of lines before them
    dropping = False
    problems: list[tuple[str, Problem]] = []

    def block(lines: bytes) -> Block:
        nonlocal problems
        found, problems = tuple(problems), []
        return Block(file, start, len(lines), line + 1, lines, found)

    for chunk in read_chunks(file):
        if isinstance(chunk, Problem):
            problems.append((DAMAGED, chunk))
            continue
        if dropping:
            end = chunk.find(b"\n") + 1
            start += end or len(chunk)
            if not end:
                continue
            chunk, dropping, line = chunk[end:], False, line + 1
        waiting.append(chunk)
        held += len(chunk)
        if held < size:
            continue
        end = chunk.rfind(b"\n") + 1
        if end:
            lines = b"".join([*waiting[:-1], chunk[:end]])
            yield block(lines)
            start += len(lines)
            line += lines.count(b"\n")
            waiting, held = [chunk[end:]], len(chunk) - end
        elif held > line_bytes:
            lines = b"".join(waiting)
            end = lines.rfind(b"\n") + 1
            if end:  # whole lines precede the long one
                lines = lines[:end]
                yield block(lines)
                start += end
                line += lines.count(b"\n")
                held -= end
                waiting = [b"".join(waiting)[end:]]
            if held > line_bytes:
                problems.append((TOO_LONG, Problem(f"{file}:{line + 1}", f"a line of more than {line_bytes:,} bytes")))
                start += held
                waiting, held, dropping = [], 0, True
    if held or problems:
        yield block(b"".join(waiting))


def _mark(file: Path, size: int, line_bytes: int) -> Iterator[Block]:
    """The ranges of a plain file that `_cut` would cut; only a chunk of it is held."""
    start = end = position = 0  # of the range; behind its last line end; behind what was read
    line = lines = 0  # lines before the range, and in it
    problems: list[tuple[str, Problem]] = []

    def block(stop: int) -> Block:
        nonlocal problems
        found, problems = tuple(problems), []
        return Block(file, start, stop - start, line + 1, None, found)

    dropping = False
    for chunk in read_chunks(file):
        if isinstance(chunk, Problem):
            problems.append((DAMAGED, chunk))
            continue
        first = chunk.find(b"\n") + 1
        if dropping and first:
            start = end = position + first
            line, lines, dropping = line + 1, -1, False
        if first and not dropping:
            lines += chunk.count(b"\n")
            end = position + chunk.rfind(b"\n") + 1
        position += len(chunk)
        if dropping:
            continue
        if end - start >= size or (position - end > line_bytes and end > start):
            yield block(end)
            start, line, lines = end, line + lines, 0
        if position - end > line_bytes:
            problems.append((TOO_LONG, Problem(f"{file}:{line + 1}", f"a line of more than {line_bytes:,} bytes")))
            dropping = True
    if not dropping and position > start:
        yield block(position)
    elif problems:
        start = position
        yield block(position)


def read_chunks(file: Path) -> Iterator[bytes | Problem]:
    """The decompressed content; if it cannot be read to the end, what can be, and then the problem."""
    done = 0
    if _packing(file) == ".bz2":
        try:
            with rapidgzip.IndexedBzip2File(str(file), parallelization=available_cores()) as stream:
                while chunk := _exactly(stream, _CHUNK):
                    done += len(chunk)
                    yield chunk
            return
        except (OSError, RuntimeError, ValueError):
            pass  # the plain reader says what is wrong, and always gets equally far
    try:
        with open_stream(file) as plain:
            skip = done
            while chunk := plain.read(_CHUNK):
                if skip:
                    skip -= len(chunk)
                else:
                    done += len(chunk)
                    yield chunk
    except OSError as error:
        yield Problem(str(file), f"cannot be read beyond byte {done:,} ({' '.join(str(error).split())})")


def _exactly(stream: BinaryIO, size: int) -> bytes:
    """As many bytes as asked for, unless the file ends: the cuts must not depend on what threads have ready."""
    parts = []
    while size and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
