"""Which dask cluster there is: a client at hand, or one connected to by its address.

What is done with it is in :mod:`~napari_colorquant.core.workers`.
"""

from __future__ import annotations

import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.workers import Cluster, gone

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

EXTRA = "napari-colorquant[cluster]"
"""What to install for it."""
_TIMEOUT = 10
"""Seconds to find a scheduler in."""


class _Offered(threading.local):
    """What finds a client for the work of one thread."""

    find: Callable[[], Any] | None = None


_offered = _Offered()


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
        raise gone(client.scheduler.address if client.scheduler else "its address")
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
