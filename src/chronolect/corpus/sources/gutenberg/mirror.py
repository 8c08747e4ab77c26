"""Finding and reading a book's text in a local mirror: UTF-8 first, Latin-1 next, HTML last; plain, .gz or .zip."""

import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from chronolect.corpus.problems import Problem
from chronolect.corpus.sources.html import html_to_text
from chronolect.corpus.sources.text_files import LARGEST, decode, read_bytes


def folders(number: int) -> tuple[str, ...]:
    """Where the files of a book lie in the usual layouts: `1/2/3/1234`, `cache/epub/1234`, `files/1234`, `1234`, or all in one folder."""
    digits = str(number)
    split = "/".join([*digits[:-1], digits]) if len(digits) > 1 else f"0/{digits}"
    return split, f"cache/epub/{digits}", f"files/{digits}", digits, ""


def names(number: int) -> tuple[str, ...]:
    """The names of a book's text, best first."""
    return (
        f"{number}-0.txt",
        f"pg{number}.txt.utf8",
        f"pg{number}.txt",
        f"{number}.txt.utf-8",
        f"{number}-8.txt",
        f"{number}.txt",
        f"{number}-h/{number}-h.htm",
        f"{number}-h.htm",
        f"pg{number}-h.html",
        f"pg{number}-images.html",
        f"{number}.html",
    )


def find_text(mirror: Path, number: int) -> Path | None:
    """The best file of a book in a mirror; `None` if there is none."""
    present = [mirror / folder for folder in folders(number) if (mirror / folder).is_dir()]
    for name in names(number):
        zipped = name.partition("/")[0].rpartition(".")[0] if "/" not in name else name.partition("/")[0]
        for folder in present:
            for candidate in (name, f"{name}.gz", f"{zipped}.zip" if zipped else name):
                if (folder / candidate).is_file():
                    return folder / candidate
    return None


def read_text(file: Path) -> tuple[str, int] | Problem:
    """The text of a file and the number of bytes in it that are not in its encoding; a `Problem` for a damaged or huge one."""
    try:
        content, name = _content(file)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError) as error:
        return Problem(str(file), f"cannot be read ({' '.join(str(error).split()) or type(error).__name__})")
    if content is None:
        return Problem(str(file), "no text in this archive")
    if len(content) > LARGEST:
        return Problem(str(file), f"larger than {LARGEST >> 20} MB")
    if name.endswith((".htm", ".html")):
        return html_to_text(content), 0
    return decode(content)


def _content(file: Path) -> tuple[bytes | None, str]:
    name = file.name.lower()
    if not name.endswith(".zip"):
        return read_bytes(file), name.removesuffix(".gz")
    with zipfile.ZipFile(file) as archive:
        member = next(_text_members(archive), None)
        if member is None:
            return None, name
        with archive.open(member) as stream:
            return stream.read(LARGEST + 1), member.lower()


def _text_members(archive: zipfile.ZipFile) -> Iterator[str]:
    for suffixes in ((".txt",), (".htm", ".html")):
        yield from (member for member in archive.namelist() if member.lower().endswith(suffixes))
