"""Ctrl+C and SIGTERM during training: finish the step, save, leave."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from chronolect.console import say


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop; a checkpoint is saved and the run can be resumed."""


class StopRequest:
    """Whether someone asked the run to stop."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextmanager
def graceful_stop() -> Iterator[StopRequest]:
    """Turn the first SIGINT or SIGTERM into a request; a second one acts as usual. Outside the main thread signals are
    left alone.
    """
    request = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return
    previous: dict[int, Any] = {}

    def note(number: int, frame: FrameType | None) -> None:
        request.signal = signal.Signals(number)
        say(f"{request.signal.name}: saving a checkpoint at the end of this step (once more to stop at once)")
        for one, handler in previous.items():
            signal.signal(one, handler)

    for number in (signal.SIGINT, signal.SIGTERM):
        previous[number] = signal.signal(number, note)
    try:
        yield request
    finally:
        for one, handler in previous.items():
            signal.signal(one, handler)
