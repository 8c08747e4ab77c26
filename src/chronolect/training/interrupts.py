"""How training ends early: by Ctrl+C and SIGTERM (finish the step, save, leave), or by the death of another process."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from chronolect.console import say


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop; a checkpoint is saved and the run can be resumed."""


class ProcessLost(RuntimeError):
    """Another process of a run on several ended, so this one cannot go on."""


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


# What gloo and NCCL say when the other end is gone.
_GONE = re.compile(
    r"Connection (closed|reset) by peer|Broken pipe|remote process exited|[Cc]ommunicator was aborted"
    r"|Connection was likely closed|recv.*timed out"
)


@contextmanager
def peers_needed(folder: Path) -> Iterator[None]:
    """Say in one line that another process of the run ended, in place of what the transport says of its socket.

    Raises:
        ProcessLost: Where an exchange inside failed because another process was gone.
    """
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, ProcessLost) or not _GONE.search(str(error)):
            raise
        raise ProcessLost(
            f"{folder}: another process of this run ended, so this one stops; the same command with --resume-latest "
            "goes on from the latest whole checkpoint"
        ) from error
