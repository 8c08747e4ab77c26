"""What our worker processes have in common: they end with their parent, and take their share of the cores."""

import ctypes
import multiprocessing
import os
import signal
import sys


def end_with_parent() -> None:
    """Have the system end this worker when its parent dies, however it dies (Linux; elsewhere the worker ends after its work)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
    parent = multiprocessing.parent_process()
    if parent is not None and os.getppid() != parent.pid:  # it died before the system was asked
        os._exit(1)


def available_cores() -> int:
    """Cores this process may use: what a recipe allots to its steps (`CHRONOLECT_THREADS`), else all it is allowed on."""
    allotted = os.environ.get("CHRONOLECT_THREADS")
    if allotted:
        return max(1, int(allotted))
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
