"""Functions of blocks, which are computed for them in threads or by a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_colorquant.core.parallel import map_in_order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from napari_colorquant.core.workers import Cluster

    Job = tuple[Callable[..., Any], *tuple[Any, ...]]


def computed_in_order(
    jobs: Iterable[Job], cluster: Cluster | None, n_threads: int | None = None
) -> Iterator[Any]:
    """Call functions with blocks that are computed for each call.

    Parameters
    ----------
    jobs : iterable of tuple
        A function and its arguments: dask arrays, of which what they share is computed
        once, and plain data. For a cluster, a function of a module that the workers
        have, too, or a partial one of such; futures also.
    cluster : Cluster or None
        What computes them; None for threads of this process.
    n_threads : int, optional
        How many threads, by default one for each core.

    Yields
    ------
    object
        What the functions return, in the order of the jobs. Of a cluster also None,
        whenever there is nothing after a moment: so that the run can be stopped.
    """
    if cluster is None:
        yield from map_in_order(_call, jobs, n_threads)
    else:
        yield from cluster.map_in_order(lambda job: cluster.compute(*job), jobs)


def _call(job: Job) -> Any:
    from dask.base import compute

    function, *arguments = job
    # In this thread: there are several that do so, and a bounded number of blocks.
    return function(*compute(*arguments, traverse=False, scheduler="synchronous"))
