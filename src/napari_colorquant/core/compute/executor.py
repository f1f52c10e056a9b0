"""Spread work over threads or a cluster, with the results in the order of the work."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from napari_colorquant.core.compute.cluster import Cluster, Job
    from napari_colorquant.core.compute.progress import Monitor


F = TypeVar("F")
T = TypeVar("T")
R = TypeVar("R")


def n_cores() -> int:
    """Return the number of cores that this process may use, at least 1."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_order(
    function: Callable[[T], R], items: Iterable[T], n_threads: int | None = None
) -> Generator[R, None, None]:
    """Yield a function's results for all items, in their order, from a pool of threads.

    The function must be safe to call from several threads. Only a few items are under
    way, so that closing the iterator stops the work within an item.
    """
    n_threads = n_threads or n_cores()
    with ThreadPoolExecutor(n_threads) as pool:
        try:
            yield from in_order(
                items,
                lambda item: pool.submit(function, item),
                Future.result,
                lambda: n_threads,
            )
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def in_order(
    items: Iterable[T],
    start: Callable[[T], F],
    result_of: Callable[[F], R],
    most_at_once: Callable[[], int],
) -> Iterator[R]:
    """Yield the results of what is started for each item, in order, a few at once.

    most_at_once: how many may be under way, asked whenever a result was taken.
    """
    under_way: deque[F] = deque()
    most = most_at_once()
    for item in items:
        under_way.append(start(item))
        while len(under_way) > most:
            yield result_of(under_way.popleft())
            most = most_at_once()
    while under_way:
        yield result_of(under_way.popleft())


CHUNK = 2**17
"""Rows of a table that are worth a thread's while."""


def map_chunks(
    function: Callable[[int, int], R], n_rows: int, size: int = CHUNK
) -> list[R]:
    """Return a function's results for all chunks of rows, in order, from threads.

    It takes the first and last row (exclusive) and must be safe to call from several
    threads. Chunks do not depend on how many threads there are.
    """
    starts = range(0, n_rows, size)
    ends = [min(start + size, n_rows) for start in starts]
    if len(starts) < 2:
        return [function(start, end) for start, end in zip(starts, ends, strict=True)]
    with ThreadPoolExecutor(n_cores()) as pool:
        return list(pool.map(function, starts, ends))


def computed_in_order(
    jobs: Iterable[Job],
    cluster: Cluster | None,
    monitor: Monitor,
    n_threads: int | None = None,
) -> Iterator[Any]:
    """Yield what jobs return, in their order; a job is a function and its arguments.

    What dask arrays share is computed once. A cluster needs functions that its workers
    have, and takes futures; while they are busy the run can be stopped by the monitor.
    """
    if cluster is None:
        return map_in_order(_call, jobs, n_threads)
    return cluster.map_in_order(jobs, monitor)


def _call(job: Job) -> Any:
    from dask.base import compute

    function, *arguments = job
    # In this thread: there are several that do so, and a bounded number of blocks.
    return function(*compute(*arguments, traverse=False, scheduler="synchronous"))
