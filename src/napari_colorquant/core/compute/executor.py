"""Spread work over threads, with the results in the order of the work."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor, wait
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator


F = TypeVar("F")
T = TypeVar("T")
R = TypeVar("R")

_PATIENCE = 0.25
"""Seconds that is waited for an answer, before the run may be stopped again."""


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
    way, so that closing the iterator stops the work within an item. A single item takes
    no thread: to start one takes longer than a small image.
    """
    n_threads = n_threads or n_cores()
    items = iter(items)
    first = list(islice(items, 2))
    if len(first) < 2:
        yield from map(function, first)
        return
    items = chain(first, items)
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


def waited_for(future: Future[T], check: Callable[[], object]) -> T:
    """Return a result; check is called now and then meanwhile, and may stop it."""
    while not wait([future], _PATIENCE).done:
        check()
    return future.result()


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
    return list(map_in_order(lambda i: function(i, min(i + size, n_rows)), starts))
