"""A run in a thread of its own, which can be watched and cancelled."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TypeVar

from napari.qt.threading import GeneratorWorker, create_worker

from napari_colorquant.core.compute.progress import Progress, Steps

R = TypeVar("R")


class _ClosingWorker(GeneratorWorker):
    """A worker that ends its generator when it is cancelled.

    superqt's leaves it suspended, with the threads that it started, until the worker is
    collected.
    """

    def work(self) -> object:
        try:
            return super().work()
        finally:
            self._gen.close()


@dataclass(frozen=True, slots=True)
class Failure:
    """What a run returns that ended in an error."""

    error: Exception


def make_worker(steps: Steps[R], description: str) -> GeneratorWorker:
    """Return a worker that is not started; it returns the run's result, or a Failure.

    quit cancels it before the next piece of work. description: for napari's activity
    dock.
    """
    return create_worker(
        _guarded,
        steps,
        _start_thread=False,
        # Without a total: napari's bar would process events at each step, one step
        # within another, until the stack overflows. The widget has a bar of its own.
        _progress={"desc": description},
        _worker_class=_ClosingWorker,
    )


def _guarded(steps: Steps[R]) -> Generator[Progress, None, R | Failure]:
    try:
        return (yield from steps)
    # Every error, as superqt would take a RuntimeError for a deleted worker and
    # never finish, and napari would report any other one twice or not at all.
    except Exception as error:  # noqa: BLE001, as said above
        return Failure(error)
