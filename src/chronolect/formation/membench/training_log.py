"""`chrono_training.log`: what a run says, with the time, whatever of it the console shows."""

import io
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import TextIO

LOG = "chrono_training.log"
_SHOWN = {  # by level, the first words of the lines that are shown; None for all
    "DEBUG": None,
    "INFO": None,
    "WARNING": ("warning", "error"),
    "ERROR": ("error",),
}


@contextmanager
def logged(folder: Path, *, level: str) -> Iterator[None]:
    """Write every line said inside to the run folder's log too, from the moment that the folder is a run's.

    Args:
        folder: The run's folder. It belongs to the run once it holds `config.json`; lines from before are kept until then.
        level: Least important lines that the console shows: `DEBUG` (those of transformers too), `INFO`, `WARNING` or `ERROR`.
    """
    if level == "DEBUG":
        from transformers.utils import logging

        logging.set_verbosity_info()
    log = _Log(sys.stderr, folder, _SHOWN[level])
    with redirect_stderr(log):
        try:
            yield
        finally:
            log.settle()


class _Log(io.TextIOBase):
    """Standard error, copied line by line into a file."""

    def __init__(self, console: TextIO, folder: Path, shown: tuple[str, ...] | None) -> None:
        self.console, self.folder, self.shown = console, folder, shown
        self._line = ""
        self._waiting: list[str] = []

    def isatty(self) -> bool:
        """Whether progress may be drawn."""
        return self.shown is None and self.console.isatty()

    def write(self, text: str) -> int:
        """Pass on what is to be shown, and keep whole lines."""
        if self.shown is None:
            self.console.write(text)
        *lines, self._line = (self._line + text).split("\n")
        for line in lines:
            if self.shown is not None and line.lower().startswith(self.shown):
                self.console.write(f"{line}\n")
            if line.strip() and "\r" not in line:  # what was drawn over is no line
                self._waiting.append(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}\n")
        self.settle()
        return len(text)

    def flush(self) -> None:
        """Flush the console; the file is closed after each write."""
        self.console.flush()

    def settle(self) -> None:
        """Write the waiting lines, if the folder is a run's."""
        if self._waiting and (self.folder / "config.json").is_file():
            with open(self.folder / LOG, "a", encoding="utf-8") as file:
                file.writelines(self._waiting)
            self._waiting = []
