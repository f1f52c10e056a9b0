"""The workers of a dask cluster: what is sent to them, and what comes back in order.

A counterpart of :mod:`~napari_colorquant.core.parallel`, for a client of
dask.distributed. What is sent is a function of this package by its name, and with it
plain data or the graph of some blocks; what is large stays on the workers or comes
directly from them, never by way of the scheduler.
"""

from __future__ import annotations

import sys
import threading
from asyncio import CancelledError, run_coroutine_threadsafe
from collections import deque
from concurrent.futures import CancelledError as CancelledFuture
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator, Sequence

T = TypeVar("T")

EXTRA = "napari-colorquant[cluster]"
"""What to install for it."""
_PATIENCE = 0.25
"""Seconds that a result is waited for, before the run may be stopped again."""
_TIMEOUT = 10
"""Seconds to find a scheduler in."""
_AT_ONCE = 2
"""Jobs under way for each thread of the workers."""


class _Offered(threading.local):
    """What finds a client for the work of one thread."""

    find: Callable[[], Any] | None = None


_offered = _Offered()


class Cluster:
    """A client, and what it has under way for one run.

    Parameters
    ----------
    client : distributed.Client
        Connected to a scheduler; not asynchronous.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._address = client.scheduler.address
        self._started: dict[str, Any] = {}

    def compute(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function on a worker, with blocks that are computed there.

        Parameters
        ----------
        function : callable
            Of a module that the workers have, too.
        *arguments : object
            Plain data and dask arrays, also in lists; only the graph of the blocks
            that an array has is sent.

        Returns
        -------
        distributed.Future
            What the function returns, on the worker.
        """
        from dask.base import optimize
        from dask.delayed import delayed

        # Here, or the graph of all blocks would be sent with every job.
        (arguments,) = optimize(arguments)
        job = delayed(function, pure=False, traverse=True)(*arguments)
        with self._or_gone():
            return self._keep(self._client.compute(job, optimize_graph=False))

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Call a function on a worker, with what other jobs return.

        Parameters
        ----------
        function : callable
            Of a module that the workers have, too.
        *arguments : object
            Plain data and futures, also in lists.

        Returns
        -------
        distributed.Future
            What the function returns, on the worker.
        """
        with self._or_gone():
            return self._keep(self._client.submit(function, *arguments, pure=False))

    def submit_all(
        self, function: Callable[..., Any], items: Sequence[Any], **shared: Any
    ) -> list[Any]:
        """Call a function on the workers, once an item.

        Parameters
        ----------
        function : callable
            Of a module that the workers have, too.
        items : sequence
            Its argument in each call; futures or plain data.
        **shared : object
            Other arguments of every call; futures or plain data.

        Returns
        -------
        list of distributed.Future
            What it returns, on the workers.
        """
        with self._or_gone():
            futures = self._client.map(function, items, pure=False, **shared)
        return [self._keep(future) for future in futures]

    def persist(self, arrays: Sequence[Any]) -> list[Any]:
        """Compute whole arrays on the workers, and keep them there.

        Parameters
        ----------
        arrays : sequence of dask.array.Array
            The arrays.

        Returns
        -------
        list of dask.array.Array
            The same, of blocks that the workers hold.
        """
        with self._or_gone():
            held = self._client.persist(list(arrays))
            for future in self._futures_of(held):
                self._keep(future)
        return list(held)

    def map_in_order(
        self, start: Callable[[T], Any], items: Iterable[T]
    ) -> Iterator[Any]:
        """Start a job for every item and bring the results here.

        Parameters
        ----------
        start : callable
            Takes an item, and returns the future of its result.
        items : iterable
            The work. Only a few jobs for each worker are under way at once.

        Yields
        ------
        object
            The results, in the order of `items`; None whenever there is none after a
            moment, so that the run can be stopped.
        """
        waiting: deque[Any] = deque()
        most = yield from self._most_at_once()
        for item in items:
            waiting.append(start(item))
            while len(waiting) > most:
                for result in self.results([waiting[0]]):
                    yield result
                    if result is None:
                        most = yield from self._most_at_once()  # some may have come
                    else:
                        waiting.popleft()
        yield from self.results(waiting)

    def results(self, futures: Iterable[Any], *, keep: bool = False) -> Iterator[Any]:
        """Bring results here, directly from the workers.

        Parameters
        ----------
        futures : iterable of distributed.Future
            What is waited for.
        keep : bool
            True where the workers shall hold them, too.

        Yields
        ------
        object
            The results, in order; None whenever there is none after a moment.

        Raises
        ------
        ConnectionError
            If the scheduler is gone, or workers died of a job again and again.
        """
        for future in futures:
            yield from self._until_done(future)
            with self._or_gone(future):
                coming = self._client.gather(future, direct=True, asynchronous=True)
            result = yield from self._answer_of(coming, future)
            if not keep:
                self.release([future])
            yield result

    def done(self, futures: Iterable[Any]) -> Iterator[bool]:
        """Wait for jobs whose results stay where they are.

        Parameters
        ----------
        futures : iterable of distributed.Future
            What is waited for.

        Yields
        ------
        bool
            True after each, in order; False whenever nothing is done after a moment.

        Raises
        ------
        ConnectionError
            As :meth:`results`.
        """
        for future in futures:
            for _ in self._until_done(future):
                yield False
            yield True

    def release(self, held: Any) -> None:
        """Let go of results that nothing here needs any more.

        Parameters
        ----------
        held : object
            Futures, or arrays of :meth:`persist`; what other jobs need of them stays
            until these are done.
        """
        for future in self._futures_of(held):
            self._started.pop(future.key, None)
            future.release()

    def cancel(self) -> None:
        """Stop all that is under way, and let the workers forget all that they hold.

        A job that has begun is ended, and its result forgotten.
        """
        # Not by the client's cancel: up to 2026.8 at least, the scheduler stumbles over
        # a job that others of this run still need, and hangs up on the client.
        for future in reversed([*self._started.values()]):
            future.release()
        self._started.clear()

    def _keep(self, future: Any) -> Any:
        self._started[future.key] = future
        return future

    def _futures_of(self, held: Any) -> list[Any]:
        import distributed

        futures: list[Any] = distributed.futures_of(held)
        return futures

    def _most_at_once(self) -> Generator[None, None, int]:
        with self._or_gone():
            asked = self._client.nthreads(asynchronous=True)
        threads = yield from self._answer_of(asked)
        n_threads: int = sum(threads.values())
        return _AT_ONCE * max(1, n_threads)

    def _answer_of(self, asked: Any, future: Any = None) -> Generator[None, None, Any]:
        """Wait for what a client was asked, no longer than it has a scheduler.

        Its own calls go on for half a minute when that is gone, and cannot be stopped.
        """
        with self._or_gone(future):
            answer = run_coroutine_threadsafe(asked, self._client.loop.asyncio_loop)
        try:
            while True:
                with self._or_gone(future):
                    try:
                        return answer.result(timeout=_PATIENCE)
                    except TimeoutError:
                        if answer.done():
                            raise
                yield
        finally:
            answer.cancel()

    def _until_done(self, future: Any) -> Iterator[None]:
        """Wait for a job; raise what it raised."""
        from distributed import KilledWorker

        while future.status in ("pending", "lost"):
            with self._or_gone(future):
                try:
                    future.exception(timeout=_PATIENCE)
                except TimeoutError:
                    if self._client.status != "running":
                        raise
            if future.status in ("pending", "lost"):
                yield
        if future.status == "cancelled":  # not by us: all is cancelled when we end
            raise _gone(self._address)
        if future.status == "error":
            with self._or_gone(future):
                error = future.exception()
            if isinstance(error, KilledWorker):
                n_lost = error.allowed_failures + 1
                raise ConnectionError(
                    f"the dask cluster at {self._address} lost {n_lost} "
                    f"{'worker' if n_lost == 1 else 'workers'} over the same blocks: "
                    "look at their logs, and give them more memory if it was for want "
                    "of it."
                )
            raise error

    @contextmanager
    def _or_gone(self, future: Any = None) -> Iterator[None]:
        """Say in one sentence that the scheduler is gone."""
        if self._client.status != "running":
            raise _gone(self._address)
        try:
            yield
        # Those of a client that is closed, or finds nobody at the other end.
        except (OSError, TimeoutError, RuntimeError) as error:
            if future is not None and future.status == "error":
                raise  # of the job itself
            raise _gone(self._address) from error
        except (CancelledError, CancelledFuture) as error:
            raise _gone(self._address) from error


@contextmanager
def at_hand() -> Iterator[Cluster | None]:
    """Look for the cluster that is to be used, and end all work on it in the end.

    The client is that of :func:`offered`, or else dask's current one: the last that was
    made to be the default and is not closed. Within a task of a cluster none is,
    as the task would wait for its own worker.

    Yields
    ------
    Cluster or None
        None where there is no client: dask.distributed is not even imported.

    Raises
    ------
    ConnectionError
        If there is a client whose scheduler is gone, or as :func:`offered`.
    ModuleNotFoundError, ValueError
        As :func:`offered`.
    RuntimeError
        If the client is asynchronous.
    """
    client = _client()
    if client is None:
        yield None
        return
    if client.asynchronous:
        raise RuntimeError(
            "the dask client is asynchronous, and a run needs one that is not: make it "
            "with asynchronous=False, or close it to work on this machine."
        )
    if client.status != "running":
        raise _gone(client.scheduler.address if client.scheduler else "its address")
    cluster = Cluster(client)
    try:
        yield cluster
    finally:
        cluster.cancel()


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect to a cluster for a while: whatever dask computes is computed there.

    Parameters
    ----------
    address : str
        That of its scheduler, such as ``"tcp://10.0.0.7:8786"``; empty for this
        machine.

    Yields
    ------
    None
        While it is connected.

    Raises
    ------
    ConnectionError
        If no scheduler answers there within ten seconds.
    ModuleNotFoundError
        If dask.distributed is not installed.
    ValueError
        If it is no address.
    """
    with ExitStack() as stack:
        if address:
            _connect(address, stack, set_as_default=True)
        yield


@contextmanager
def offered(address: str) -> Iterator[None]:
    """Offer a cluster to the runs of this thread; it is connected to when it is used.

    Whatever else dask computes meanwhile, say for a viewer in another thread, is
    computed as before; and pictures in memory do not wait for a scheduler.

    Parameters
    ----------
    address : str
        That of its scheduler; empty to offer none.

    Yields
    ------
    None
        While it is offered.

    Raises
    ------
    ConnectionError, ModuleNotFoundError, ValueError
        As :func:`connected`, by the run that would use it.
    """
    if not address:
        yield
        return
    before = _offered.find
    with ExitStack() as stack:

        @cache
        def find() -> Any:
            return _connect(address, stack, set_as_default=False)

        _offered.find = find
        try:
            yield
        finally:
            _offered.find = before


def _connect(address: str, stack: ExitStack, *, set_as_default: bool) -> Any:
    try:
        from distributed import Client
        from distributed.comm.addressing import get_address_host_port
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"a cluster needs dask.distributed: pip install '{EXTRA}'."
        ) from error
    try:
        # Before a client stumbles over it, which would be the default by then.
        get_address_host_port(address)
    except ValueError as error:
        raise ValueError(
            f"{address!r} is no address of a dask scheduler: pass one such as "
            "tcp://10.0.0.7:8786."
        ) from error
    try:
        client = Client(address, timeout=_TIMEOUT, set_as_default=set_as_default)
    except (OSError, TimeoutError) as error:
        raise ConnectionError(
            f"no dask scheduler answers at {address}: start one, or pass the address "
            "of another, such as tcp://10.0.0.7:8786."
        ) from error
    stack.callback(client.close, timeout=_TIMEOUT)
    return client


def _client() -> Any:
    if _offered.find is not None:
        return _offered.find()
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        distributed.get_worker()
    except ValueError:  # not within a task
        with suppress(ValueError):  # there is none
            return distributed.Client.current()
    return None


def _gone(address: str) -> ConnectionError:
    return ConnectionError(
        f"the dask scheduler at {address} is gone: start it again and make a new "
        "client, or close the client to work on this machine."
    )
