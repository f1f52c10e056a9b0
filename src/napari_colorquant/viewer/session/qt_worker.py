"""A worker with a thread of its own, whose signals arrive in the window's thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from napari.qt.threading import FunctionWorker, create_worker
from qtpy.QtCore import (  # type: ignore[attr-defined] # Signal is made by qtpy
    QCoreApplication,
    QObject,
    QTimer,
    Signal,
)

from napari_colorquant.core.compute.progress import Progress
from napari_colorquant.viewer.session.jobs import Cancelled, Work, attempt
from napari_colorquant.viewer.tasks.warm_up import stop_warming_up, warm_up

_MOMENT = 20
"""Milliseconds in which the window can draw and answer."""


class _Relay(QObject):
    """Takes in any thread what its slots get in the window's."""

    found = Signal(object)
    told = Signal(object)


class QtWorker(FunctionWorker):
    """Works in a thread; see SyncWorker for its signals and for quit."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        self._relay = _Relay()
        self.found, self.told = self._relay.found, self._relay.told

    def work(self) -> Any:
        """Do the work, in the worker's thread.

        It never raises: superqt would take a RuntimeError for a deleted worker and
        never finish, and napari would report any other error twice or not at all.
        """
        return attempt(self._func, self.found.emit, self._tell)

    def _tell(self, progress: Progress) -> None:
        if self.abort_requested:
            raise Cancelled
        self.told.emit(progress)


def make_qt_worker(work: Work, description: str) -> QtWorker:
    """Return a worker that is not started. description: for napari's activity dock."""
    worker: QtWorker = create_worker(
        work,
        _start_thread=False,
        # Without a total: napari's bar would process events at each step, one step
        # within another, until the stack overflows. The widget has a bar of its own.
        _progress={"desc": description},
        _worker_class=QtWorker,
    )
    return worker


def warm_up_until_quit() -> None:
    """Warm up the engine, or until the application ends."""
    warm_up()
    if (application := QCoreApplication.instance()) is not None:
        application.aboutToQuit.connect(stop_warming_up)


def after_drawing(do: Callable[[], object]) -> None:
    """Call a function once the window has drawn."""
    QTimer.singleShot(_MOMENT, do)
