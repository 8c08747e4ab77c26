"""What a person sees while work goes on: progress bars on a terminal, plain lines otherwise, all on stderr."""

import sys
from collections.abc import Iterable, Iterator
from time import monotonic
from typing import TypeVar

T = TypeVar("T")


def say(message: str) -> None:
    """Print one line to stderr (stdout is for results)."""
    print(message, file=sys.stderr, flush=True)


def progress(items: Iterable[T], *, label: str, total: int | None = None, every_s: float = 10.0) -> Iterator[T]:
    """Yield `items`, with a bar on a terminal and a plain line every `every_s` seconds elsewhere."""
    if sys.stderr.isatty():
        from tqdm import tqdm

        yield from tqdm(items, desc=label, total=total, leave=False, file=sys.stderr)
        return
    last = monotonic()
    for done, item in enumerate(items):
        if monotonic() - last >= every_s:
            last = monotonic()
            say(f"{label}: {done:,}" + (f" of {total:,}" if total else ""))
        yield item
