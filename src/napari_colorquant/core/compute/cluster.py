"""The workers of a dask cluster: what is sent to them, and what comes back in order.

Sent are functions of this package by name, plain data and graphs of blocks. What is
large stays on the workers or comes directly from them, never by way of the scheduler.
"""

from __future__ import annotations

from asyncio import CancelledError, run_coroutine_threadsafe
from concurrent.futures import CancelledError as CancelledFuture
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from napari_colorquant.core.compute.connection import current_client, gone
from napari_colorquant.core.compute.executor import in_order, map_in_order, waited_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    Job = tuple[Callable[..., Any], *tuple[Any, ...]]

    from napari_colorquant.core.compute.progress import Monitor


T = TypeVar("T")

_UNREADABLE = "Error during deserialization"
"""What dask says where the scheduler lacks a module."""
_AT_ONCE = 2
"""Jobs under way for each thread of the workers."""


class Cluster:
    """A client of dask.distributed, not asynchronous, and its jobs for one run."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._address = client.scheduler.address
        self._started: dict[str, Any] = {}

    def map_in_order(
        self,
        jobs: Iterable[Job],
        monitor: Monitor,
        failed: Callable[[Exception], Any] | None = None,
    ) -> Iterator[Any]:
        """Call functions on the workers, and bring what they return here, in order.

        Only a few jobs for each worker are under way at once. Meanwhile the run can be
        stopped by the monitor. failed: returns what stands for a job that had an error;
        by default the error is raised, as it is where the scheduler is gone.
        """

        def result_of(future: Any) -> Any:
            try:
                return self._result_of(future, monitor)
            except Exception as error:  # whatever a job raises
                if failed is None or self._client.status != "running":
                    raise
                return failed(error)

        return in_order(
            jobs,
            lambda job: self._compute(*job),
            result_of,
            lambda: self._most_at_once(monitor),
        )

    def cancel(self) -> None:
        """Stop all that is under way: a job that has begun is ended, and forgotten."""
        # Not by the client's cancel: up to 2026.8 at least, the scheduler stumbles over
        # a job that others of this run still need, and hangs up on the client.
        for future in reversed([*self._started.values()]):
            future.release()
        self._started.clear()

    def _compute(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function on a worker, with blocks that are computed there.

        It is of a module that the workers have, too, or a partial one of such. Of dask
        arrays, only the graph of their blocks is sent, and what they share is computed
        once.
        """
        from dask.base import is_dask_collection

        places = [i for i, one in enumerate(arguments) if is_dask_collection(one)]
        if not places:
            return self._submit(function, *arguments)
        arrays = [arguments[i] for i in places]
        rest = [None if i in places else one for i, one in enumerate(arguments)]
        job = _job(partial(_call, function, rest, places), arrays)
        with self._or_gone():
            return self._keep(self._client.compute(job, optimize_graph=False))

    def _submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function on a worker, with plain data."""
        with self._or_gone():
            return self._keep(self._client.submit(function, *arguments, pure=False))

    def _keep(self, future: Any) -> Any:
        self._started[future.key] = future
        return future

    def _most_at_once(self, monitor: Monitor) -> int:
        with self._or_gone():
            asked = self._client.nthreads(asynchronous=True)
            n_threads: int = sum(self._answer_of(asked, monitor).values())
        return _AT_ONCE * max(1, n_threads)

    def _result_of(self, future: Any, monitor: Monitor) -> Any:
        """Bring a result here, directly from the worker, which then forgets it."""
        try:
            with self._or_gone(future):
                coming = self._client.gather(future, direct=True, asynchronous=True)
                result = self._answer_of(coming, monitor)
        except Exception as error:  # noqa: BLE001, it is told of in one sentence
            raise self._told(error) from error.__cause__
        self._started.pop(future.key)
        future.release()
        return result

    def _answer_of(self, asked: Any, monitor: Monitor) -> Any:
        """Wait for what a client was asked while it has a scheduler.

        Its own calls go on for half a minute without one, and cannot be stopped.
        """

        def check() -> None:
            monitor.check()
            if self._client.status != "running":
                raise gone(self._address)

        answer = run_coroutine_threadsafe(asked, self._client.loop.asyncio_loop)
        try:
            return waited_for(answer, check)
        finally:
            answer.cancel()

    def _told(self, error: Exception) -> Exception:
        """Return an error of one sentence if workers are at fault; others stay."""
        from distributed import KilledWorker

        if isinstance(error, ModuleNotFoundError) or _UNREADABLE in str(error):
            missing = getattr(error, "name", None) or "a module that the image needs"
            return ModuleNotFoundError(
                f"the dask cluster at {self._address} lacks {missing}: install on its "
                "scheduler and its workers what is installed here, in the same "
                "versions."
            )
        if isinstance(error, KilledWorker):
            n_lost = error.allowed_failures + 1
            return ConnectionError(
                f"the dask cluster at {self._address} lost {n_lost} "
                f"{'worker' if n_lost == 1 else 'workers'} over the same job: look "
                "at their logs, and give them more memory if it was for want of it."
            )
        return error

    @contextmanager
    def _or_gone(self, future: Any = None) -> Iterator[None]:
        """Raise ConnectionError in one sentence if the scheduler is gone."""
        if self._client.status != "running":
            raise gone(self._address)
        try:
            yield
        # Those of a client that is closed, or finds nobody at the other end.
        except (OSError, TimeoutError, RuntimeError) as error:
            if future is not None and future.status == "error":
                raise  # of the job itself
            raise gone(self._address) from error
        except (CancelledError, CancelledFuture) as error:
            dropped = future is not None and future.status == "cancelled"
            if self._client.status != "running" or not dropped:
                raise gone(self._address) from error
            raise self._reason_of_drop() from error

    def _reason_of_drop(self) -> Exception:
        """Return why a job was cancelled, but not by us: we do so when a run ends."""
        for other in self._started.values():
            if other.status == "error":  # it failed before it was known there
                error: Exception = other.exception()
                return error
        return ConnectionError(
            f"the dask cluster at {self._address} has dropped a job of this run, as it "
            "was restarted, or lacks a module that the image needs: look at the log of "
            "its scheduler, and run it again."
        )


def _call(
    function: Callable[..., T], rest: Sequence[Any], places: Sequence[int], *arrays: Any
) -> T:
    """Call a function with arrays at their places, each given as lists of blocks."""
    from dask.array.core import concatenate3  # unlike numpy's, it keeps the dtype

    arguments = [*rest]
    for place, blocks in zip(places, arrays, strict=True):
        arguments[place] = concatenate3(blocks)
    return function(*arguments)


def _job(function: Callable[..., Any], arrays: Sequence[Any]) -> Any:
    """Return a job of dask that calls a function with the blocks of arrays.

    All are in one graph that has nothing twice: dask would optimize each array by
    itself, and compute for each what they share.
    """
    from dask.delayed import delayed
    from dask.highlevelgraph import HighLevelGraph

    keys = [array.__dask_keys__() for array in arrays]
    graph = HighLevelGraph.merge(*(array.__dask_graph__() for array in arrays))
    graph = arrays[0].__dask_optimize__(graph, keys)
    blocks = []
    for array in arrays:
        rebuild, extra = array.__dask_postpersist__()
        one = rebuild(graph, *extra)
        blocks.append(one.to_delayed(optimize_graph=False).tolist())
    return delayed(function, pure=False)(*blocks)


def computed_in_order(
    jobs: Iterable[Job],
    cluster: Cluster | None,
    monitor: Monitor,
    n_threads: int | None = None,
) -> Iterator[Any]:
    """Yield what jobs return, in their order; a job is a function and its arguments.

    What dask arrays share is computed once. A cluster needs functions that its workers
    have; while they are busy the run can be stopped by the monitor.
    """
    if cluster is None:
        return map_in_order(_computed, jobs, n_threads)
    return cluster.map_in_order(jobs, monitor)


def _computed(job: Job) -> Any:
    from dask.base import compute

    function, *arguments = job
    # In this thread: there are several that do so, and a bounded number of blocks.
    return function(*compute(*arguments, traverse=False, scheduler="synchronous"))


@contextmanager
def active_cluster(monitor: Monitor, step: str) -> Iterator[Cluster | None]:
    """Yield the cluster of the current client; cancel its work at exit.

    The step is told while waiting for it. It is None, without importing distributed, if
    there is none, see current_client.
    """
    client = current_client(monitor, step)
    if client is None:
        yield None
        return
    if client.asynchronous:
        raise RuntimeError(
            "the dask client is asynchronous, and a run needs one that is not: "
            "make it with asynchronous=False, or close it to work on this machine."
        )
    if client.status != "running":
        raise gone(client.scheduler.address if client.scheduler else "its address")
    monitor(step, 0.0)  # which is repeated while its workers are busy
    cluster = Cluster(client)
    try:
        yield cluster
    finally:
        cluster.cancel()
