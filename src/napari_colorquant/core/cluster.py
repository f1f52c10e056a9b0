"""The dask cluster to use: a client at hand, or one connected to by its address."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future, wait
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar

from napari_colorquant.core.workers import Cluster, gone

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

P = TypeVar("P")

EXTRA = "napari-colorquant[cluster]"
"""What to install for it."""
_TIMEOUT = 10
"""Seconds to find a scheduler in."""
_PATIENCE = 0.25
"""Seconds that it is waited for, before the run may be stopped."""


class _Offered(threading.local):
    """What finds a client for the work of one thread."""

    find: Callable[[Any], Generator[Any, None, Any]] | None = None


_offered = _Offered()


@contextmanager
def at_hand() -> Iterator[Callable[[P], Generator[P, None, Cluster | None]]]:
    """Yield a finder of the offered client, or dask's current one; cancel work at exit.

    It yields piece while waiting, and returns None, without importing distributed, if
    there is none. Within a task it skips dask's: a task would wait for its own worker.
    """
    found: list[Cluster] = []

    def find(piece: P) -> Generator[P, None, Cluster | None]:
        client = yield from _client_steps(piece)
        if client is None:
            return None
        if client.asynchronous:
            raise RuntimeError(
                "the dask client is asynchronous, and a run needs one that is not: "
                "make it with asynchronous=False, or close it to work on this machine."
            )
        if client.status != "running":
            raise gone(client.scheduler.address if client.scheduler else "its address")
        found.append(Cluster(client))
        return found[-1]

    try:
        yield find
    finally:
        for cluster in found:
            cluster.cancel()


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect to a cluster for a while: whatever dask computes is computed there.

    address: such as ``"tcp://10.0.0.7:8786"``, or empty for this machine. Raise
    ConnectionError, ModuleNotFoundError (no distributed) or ValueError (no address).
    """
    if not address:
        yield
        return
    client = _connect(address, set_as_default=True)
    try:
        yield
    finally:
        client.close(timeout=_TIMEOUT)


@contextmanager
def offered(address: str) -> Iterator[None]:
    """Offer a cluster to this thread's runs; it is connected to when it is used.

    What else dask computes, say for a viewer, is computed as before; pictures in memory
    wait for no scheduler. An empty address offers none. A run raises as connected.
    """
    if not address:
        yield
        return
    before = _offered.find
    with ExitStack() as stack:
        connecting: Future[Any] | None = None

        def find(piece: P) -> Generator[P, None, Any]:
            nonlocal connecting
            if connecting is None or (connecting.done() and connecting.exception()):
                connecting = _connecting(address)
                # At once, or when it comes to be after all.
                stack.callback(connecting.add_done_callback, _close)
            while not wait([connecting], _PATIENCE).done:
                yield piece
            return connecting.result()

        _offered.find = find
        try:
            yield
        finally:
            _offered.find = before


def _connecting(address: str) -> Future[Any]:
    """Connect in a thread of its own, which can be left alone with it."""
    client: Future[Any] = Future()

    def connect() -> None:
        try:
            client.set_result(_connect(address, set_as_default=False))
        except Exception as error:  # noqa: BLE001, it is raised where it is waited for
            client.set_exception(error)

    threading.Thread(target=connect, daemon=True).start()
    return client


def _close(client: Future[Any]) -> None:
    if client.exception() is None:
        client.result().close(timeout=_TIMEOUT)


def _connect(address: str, *, set_as_default: bool) -> Any:
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
    from ssl import SSLError

    try:
        return Client(address, timeout=_TIMEOUT, set_as_default=set_as_default)
    except (FileNotFoundError, SSLError, TypeError) as error:
        raise ConnectionError(
            f"dask has no certificate that fits {address}: set distributed.comm.tls in "
            "its configuration, or pass an address of tcp://."
        ) from error
    except (OSError, TimeoutError) as error:
        raise ConnectionError(
            f"no dask scheduler answers at {address}: start one, or pass the address "
            "of another, such as tcp://10.0.0.7:8786."
        ) from error


def _client_steps(piece: P) -> Generator[P, None, Any]:
    if _offered.find is not None:
        return (yield from _offered.find(piece))
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        distributed.get_worker()
    except ValueError:  # not within a task
        with suppress(ValueError):  # there is none
            return distributed.Client.current()
    return None
