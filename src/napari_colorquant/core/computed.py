"""Functions of blocks, which are computed for them in threads or by a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from napari_colorquant.core.parallel import map_in_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from napari_colorquant.core.workers import Cluster, Job


def computed_in_order(
    jobs: Iterable[Job], cluster: Cluster | None, n_threads: int | None = None
) -> Iterator[Any]:
    """Yield what jobs return, in their order; a job is a function and its arguments.

    What dask arrays share is computed once. A cluster needs functions that its workers
    have, takes futures, and yields None at times, for the run to be stopped.
    """
    if cluster is None:
        yield from map_in_order(_call, jobs, n_threads)
    else:
        yield from cluster.map_in_order(jobs)


def _call(job: Job) -> Any:
    from dask.base import compute

    function, *arguments = job
    # In this thread: there are several that do so, and a bounded number of blocks.
    return function(*compute(*arguments, traverse=False, scheduler="synchronous"))
