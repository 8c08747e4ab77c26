"""Where the lines of a chat come from: a script, a pipe, or a person at a terminal."""

import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from chronolect.errors import UserError


class Lines(Protocol):
    """A source of lines.

    Attributes:
        person: Whether a person types them, and may mend a mistake.
    """

    person: bool

    def read(self, wait_s: float | None) -> str | None:
        """The next line without its end, or None where there are no more.

        Args:
            wait_s: Longest wait; None for as long as it takes.

        Raises:
            TimeoutError: Where there is none in that time.
        """
        ...

    def where(self) -> str:
        """Which line was read last, for errors; empty where that goes without saying."""
        ...


class Script:
    """The lines of a file; empty ones and those that begin with `#` are left out."""

    person = False

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise UserError(f"--script {path}: no such file")
        self._path, self._number = path, 0
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise UserError(f"--script {path}: not UTF-8 text ({error.reason})") from None
        self._rows: Iterator[tuple[int, str]] = enumerate(text.splitlines(), start=1)

    def read(self, wait_s: float | None) -> str | None:
        """See `Lines`."""
        for number, row in self._rows:
            self._number = number
            if row.strip() and not row.startswith("#"):
                return row
        return None

    def where(self) -> str:
        """See `Lines`."""
        return f"{self._path}, line {self._number}: "


class Stream:
    """The lines of a file descriptor as they come, so that time can pass between them.

    Of a terminal, the kernel edits the line; `prompt` is written to stderr before each.
    """

    def __init__(self, descriptor: int, *, prompt: str = "") -> None:
        self.person = bool(prompt)
        self._descriptor, self._prompt = descriptor, prompt
        self._buffer = b""
        self._number = 0

    def read(self, wait_s: float | None) -> str | None:
        """See `Lines`."""
        if self._prompt:
            print(self._prompt, end="", file=sys.stderr, flush=True)
        while b"\n" not in self._buffer:
            if not select.select([self._descriptor], [], [], wait_s)[0]:
                raise TimeoutError
            some = os.read(self._descriptor, 65_536)
            if not some:
                rest, self._buffer = self._buffer, b""
                return self._text(rest) if rest else None
            self._buffer += some
        line, _, self._buffer = self._buffer.partition(b"\n")
        return self._text(line)

    def where(self) -> str:
        """See `Lines`."""
        return "" if self.person else f"line {self._number}: "

    def _text(self, line: bytes) -> str:
        self._number += 1
        return line.decode(errors="replace").rstrip("\r")


class Terminal:
    """Lines that a person edits, with the arrow keys and a history; it waits as long as it takes."""

    person = True

    def __init__(self, prompt: str) -> None:
        import readline  # noqa: F401 (its import is what lets `input` edit)

        self._prompt = prompt

    def read(self, wait_s: float | None) -> str | None:
        """See `Lines`."""
        try:
            return input(self._prompt)
        except EOFError:
            print(file=sys.stderr)
            return None

    def where(self) -> str:
        """Nothing: the line is before the person's eyes."""
        return ""


def open_lines(script: Path | None, *, in_time: bool) -> Lines:
    """The source of a chat's lines.

    Args:
        script: A file of lines; by default standard input.
        in_time: Whether something may be due while no line comes.
    """
    if script is not None:
        return Script(script)
    if not sys.stdin.isatty():
        return Stream(sys.stdin.fileno())
    if in_time or not sys.stdout.isatty():
        return Stream(sys.stdin.fileno(), prompt="you> ")
    return Terminal("you> ")
