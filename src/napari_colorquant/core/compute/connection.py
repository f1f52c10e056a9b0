"""Connect to a dask cluster, for a while or for the runs of one thread."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.compute.executor import waited_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from napari_colorquant.core.compute.progress import Monitor

EXTRA = "napari-colorquant[cluster]"
"""What to install for it."""
_TIMEOUT = 10
"""Seconds to find a scheduler in."""


class _OfThread(threading.local):
    """What finds a client for the work of one thread."""

    find: Callable[[Monitor, str], Any] | None = None


_of_thread = _OfThread()


def gone(address: str) -> ConnectionError:
    """Return an error that says in one sentence that a scheduler is gone."""
    return ConnectionError(
        f"the dask scheduler at {address} is gone: start it again and connect to it "
        "anew, or disconnect to work on this machine."
    )


@contextmanager
def connected(address: str) -> Iterator[None]:
    """Connect to a cluster for a while: whatever dask computes is computed there.

    address: such as ``"tcp://10.0.0.7:8786"``, or empty for this machine. Raise
    ConnectionError, ModuleNotFoundError (no distributed) or ValueError (no address).
    """
    if not address:
        yield
        return
    client = _connect(address)
    try:
        # Not as the default: a client that fails to connect would stay it.
        with client.as_current():
            yield
    finally:
        client.close(timeout=_TIMEOUT)


@contextmanager
def connected_when_used(address: str) -> Iterator[None]:
    """Offer a cluster to this thread's runs; it is connected to when it is used.

    What else dask computes, say for a viewer, is computed as before; pictures in memory
    wait for no scheduler. An empty address offers none. A run raises as connected.
    """
    if not address:
        yield
        return
    before = _of_thread.find
    with ExitStack() as stack:
        connecting: Future[Any] | None = None

        def find(monitor: Monitor, step: str) -> Any:
            nonlocal connecting
            if connecting is None or (connecting.done() and connecting.exception()):
                connecting = _connecting(address)
                # At once, or when it comes to be after all.
                stack.callback(connecting.add_done_callback, _close)
            return waited_for(connecting, lambda: monitor(step, 0.0))

        _of_thread.find = find
        try:
            yield
        finally:
            _of_thread.find = before


def _connecting(address: str) -> Future[Any]:
    """Connect in a thread of its own, which can be left alone with it."""
    client: Future[Any] = Future()

    def connect() -> None:
        try:
            client.set_result(_connect(address))
        except Exception as error:  # noqa: BLE001, it is raised where it is waited for
            client.set_exception(error)

    threading.Thread(target=connect, daemon=True).start()
    return client


def _close(client: Future[Any]) -> None:
    if client.exception() is None:
        client.result().close(timeout=_TIMEOUT)


def _connect(address: str) -> Any:
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
        return Client(address, timeout=_TIMEOUT, set_as_default=False)
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


def current_client(monitor: Monitor, step: str) -> Any:
    """Return the client of this thread's runs, or else dask's current one, or None.

    Within a task it is not dask's: a task would wait for its own worker.
    """
    if _of_thread.find is not None:
        return _of_thread.find(monitor, step)
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return None
    try:
        distributed.get_worker()
    except ValueError:  # not within a task
        with suppress(ValueError):  # there is none
            return distributed.Client.current()
    return None
