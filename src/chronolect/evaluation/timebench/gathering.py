"""Work that takes a server's time, several pieces at once; what is done is kept, whatever happens to the rest."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from typing import TypeVar

from chronolect.console import progress

T = TypeVar("T")
R = TypeVar("R")


def gather(
    items: Sequence[T], work: Callable[[T], R], keep: Callable[[T, R], None], *, workers: int, label: str
) -> None:
    """Do `work` on every item and hand each result to `keep`, in this thread and as soon as it is there.

    After an error, of `work` or of `keep`, nothing new is begun; what was under way is waited for and kept before the error goes on.

    Args:
        items: What to work on, begun in this order.
        work: Called in threads.
        keep: Called with an item and its result.
        workers: How many items at once.
        label: What a person sees.
    """
    with ThreadPoolExecutor(workers) as pool:
        pending: dict[Future[R], T] = {pool.submit(work, item): item for item in items}
        try:
            for future in progress(as_completed(list(pending)), label=label, total=len(pending)):
                keep(pending.pop(future), future.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            for future, item in pending.items():
                if not future.cancelled() and future.exception() is None:
                    keep(item, future.result())
            raise
