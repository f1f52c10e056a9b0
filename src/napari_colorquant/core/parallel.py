"""Work spread over threads, with the results in the order of the work."""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

T = TypeVar("T")
R = TypeVar("R")


def n_cores() -> int:
    """Return the number of cores that this process may use.

    Returns
    -------
    int
        At least 1.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def map_in_order(
    function: Callable[[T], R], items: Iterable[T], n_threads: int | None = None
) -> Iterator[R]:
    """Call a function on every item in a pool of threads.

    Parameters
    ----------
    function : callable
        Takes one item; must be safe to call from several threads.
    items : iterable
        The work. Only a few items are under way at once, so that closing the
        iterator stops the work within an item.
    n_threads : int, optional
        Size of the pool, by default :func:`n_cores`.

    Yields
    ------
    object
        The results, in the order of `items`.
    """
    n_threads = n_threads or n_cores()
    with ThreadPoolExecutor(n_threads) as pool:
        waiting: deque[Future[R]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(function, item))
                if len(waiting) > n_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


CHUNK = 2**17
"""Rows of a table that are worth a thread's while."""


def map_chunks(
    function: Callable[[int, int], R], n_rows: int, size: int = CHUNK
) -> list[R]:
    """Call a function on every chunk of a table's rows, in a pool of threads.

    Parameters
    ----------
    function : callable
        Takes the first and the last (exclusive) row; must be safe to call from several
        threads.
    n_rows : int
        Rows of the table.
    size : int
        Rows of a chunk: never a matter of how many threads there are.

    Returns
    -------
    list
        The results, in the order of the rows.
    """
    starts = range(0, n_rows, size)
    ends = [min(start + size, n_rows) for start in starts]
    if len(starts) < 2:
        return [function(start, end) for start, end in zip(starts, ends, strict=True)]
    with ThreadPoolExecutor(n_cores()) as pool:
        return list(pool.map(function, starts, ends))
