"""A run in a thread of its own, which can be watched and cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from napari.qt.threading import FunctionWorker, create_worker
from qtpy.QtCore import (  # type: ignore[attr-defined] # Signal is made by qtpy
    QObject,
    Signal,
)

from napari_colorquant.core.compute.progress import Monitor, Progress


@dataclass(frozen=True, slots=True)
class Failure:
    """What a run returns that ended in an error."""

    error: Exception


class Relay(QObject):
    """Takes in any thread what its slots get in the window's."""

    told = Signal(object)


class Cancelled(BaseException):
    """Ends a run that is cancelled."""


class Worker(FunctionWorker):
    """Calls a function with a Monitor; told emits each Progress in the window's thread.

    It returns the function's result, or a Failure. quit ends the run when its monitor
    is called next.
    """

    def __init__(self, function: Callable[[Monitor], Any]) -> None:
        super().__init__(function)
        self._relay = Relay()
        self.told = self._relay.told

    def work(self) -> Any:
        """Call the function, in the worker's thread."""
        try:
            with Monitor(self._tell) as monitor:
                return self._func(monitor)
        except Cancelled:
            return None
        # Every error, as superqt would take a RuntimeError for a deleted worker and
        # never finish, and napari would report any other one twice or not at all.
        except Exception as error:  # noqa: BLE001, as said above
            return Failure(error)

    def _tell(self, progress: Progress) -> None:
        if self.abort_requested:
            raise Cancelled
        self.told.emit(progress)


def make_worker(function: Callable[[Monitor], Any], description: str) -> Worker:
    """Return a worker that is not started. description: for napari's activity dock."""
    worker: Worker = create_worker(
        function,
        _start_thread=False,
        # Without a total: napari's bar would process events at each step, one step
        # within another, until the stack overflows. The widget has a bar of its own.
        _progress={"desc": description},
        _worker_class=Worker,
    )
    return worker
