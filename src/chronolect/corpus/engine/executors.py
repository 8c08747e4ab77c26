"""Who runs the shards: this process, local processes, or Ray. All yield the numbers of finished shards, in any order."""

import itertools
import logging
import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, Protocol

import pyarrow as pa

from chronolect.corpus.engine.config import Engine
from chronolect.errors import UserError
from chronolect.processes import available_cores, end_with_parent

_WAITING_PER_WORKER = 2  # shards in flight: enough to keep a worker busy, few enough to bound memory


class Call(Protocol):
    """A shard's work: its number and description to its number."""

    def __call__(self, index: int, shard: Any) -> int: ...


def execute(task: Call, items: Iterable[tuple[int, Any]], engine: Engine) -> Iterator[int]:
    """Run the task over (number, shard) pairs with the chosen engine."""
    if engine.workers < 0:
        raise UserError(f"--workers {engine.workers}: give a number of processes, or 0 for one per core")
    if engine.engine == "ray":
        yield from _run_ray(task, items, engine)
        return
    workers = engine.workers or available_cores()
    items = iter(items)
    first = list(itertools.islice(items, 2))
    if workers == 1 or len(first) < 2:  # a pool would only cost its start
        for index, shard in itertools.chain(first, items):
            yield task(index, shard)
        return
    yield from _run_processes(task, itertools.chain(first, items), workers)


def _start_worker() -> None:
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops the work
    pa.set_cpu_count(1)


def _run_processes(task: Call, items: Iterable[tuple[int, Any]], workers: int) -> Iterator[int]:
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start_worker)
    pending: set[Future[int]] = set()
    try:
        for index, shard in items:
            pending.add(pool.submit(task, index, shard))
            if len(pending) >= workers * _WAITING_PER_WORKER:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    except BrokenProcessPool:
        raise RuntimeError(
            "a worker was killed, perhaps for want of memory; run this again (with fewer --workers) to continue"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _run_ray(task: Call, items: Iterable[tuple[int, Any]], engine: Engine) -> Iterator[int]:
    try:
        import ray
    except ImportError:
        raise UserError(
            "--engine ray: Ray is not installed; install the extra: pip install 'chronolect[ray]'"
        ) from None
    started = not ray.is_initialized()
    if started:
        local = engine.address == "local"
        try:
            ray.init(
                address="local" if local else engine.address,
                num_cpus=(engine.workers or available_cores()) if local else None,
                include_dashboard=False if local else None,
                log_to_driver=False,
                logging_level=logging.ERROR,
            )
        except (ConnectionError, ValueError) as error:
            raise UserError(
                f"--address {engine.address}: no Ray cluster there ({str(error).splitlines()[0]})"
            ) from None
    try:
        shared, folder = ray.put(task), os.getcwd()
        call = ray.remote(num_cpus=1, max_retries=0)(_in_folder)
        most = _WAITING_PER_WORKER * (engine.workers or max(1, int(ray.cluster_resources().get("CPU", 1))))
        pending: list[Any] = []
        for index, shard in items:
            pending.append(call.remote(folder, shared, index, shard))
            if len(pending) >= most:
                done, pending = ray.wait(pending)
                yield from ray.get(done)
        while pending:
            done, pending = ray.wait(pending)
            yield from ray.get(done)
    except ray.exceptions.RayTaskError as error:
        raise error.cause from None
    finally:
        if started:
            ray.shutdown()


def _in_folder(folder: str, task: Call, index: int, shard: Any) -> int:
    """Ray's workers start elsewhere: relative paths mean those of the command."""
    os.chdir(folder)
    pa.set_cpu_count(1)
    return task(index, shard)
