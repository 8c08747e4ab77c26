"""Bytes of text files, plain or .gz, and the text in them whatever its encoding."""

import gzip
import re
from pathlib import Path
from typing import BinaryIO, cast

LARGEST = 128 << 20  # bytes of one book's text; the largest have about 20 MB
_DECLARED = re.compile(rb"^\s*(?:character set encoding|charset)\s*:\s*([\w.-]+)", re.IGNORECASE | re.MULTILINE)


def read_bytes(file: Path) -> bytes:
    """The content of a file, unpacked if it is a .gz; at most one byte more than `LARGEST`, which tells that it is too large.

    Raises:
        OSError, EOFError, zlib.error: It cannot be read, or is damaged.
    """
    with cast(BinaryIO, gzip.open(file) if file.name.lower().endswith(".gz") else open(file, "rb")) as stream:
        return stream.read(LARGEST + 1)


def decode(content: bytes) -> tuple[str, int]:
    """Text from bytes: UTF-8 if they are; else the encoding that the header names, or Windows-1252, the widest used of the old ones.

    A text that says it is UTF-8, or is so nearly everywhere, keeps what can be read; the number of bad places is returned.
    """
    try:
        return content.decode("utf-8-sig"), 0
    except UnicodeDecodeError:
        pass
    declared = _DECLARED.search(content[:8_000])
    encoding = declared[1].decode("ascii").lower() if declared else ""
    text = content.decode("utf-8-sig", errors="replace")
    bad = text.count("\ufffd")
    multibyte = sum(character > "\x7f" for character in text) - bad
    if encoding.startswith("utf") or multibyte > 4 * bad:
        return text, bad
    for candidate in (encoding, "cp1252", "latin-1"):
        try:
            return content.decode(candidate).replace("\x00", ""), 0
        except (LookupError, UnicodeDecodeError):
            continue
    return text, bad
