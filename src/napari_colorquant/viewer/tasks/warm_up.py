"""What the first run in a process would wait for, done when the widget opens."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache, partial
from threading import Event, Thread, main_thread
from time import perf_counter
from typing import NamedTuple

import numpy as np

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.viewer.layers.palette_display import label_colormap

_READY = Event()
"""Cleared while the engine is being loaded and compiled."""
_READY.set()
_QUIT = Event()
"""Set when the application ends: what is not compiled yet need not be."""
_BLINK = 0.05
"""Seconds until a waiting run looks whether it was cancelled."""


class Waited(NamedTuple):
    """What a run returned, and the seconds until the engine was ready."""

    result: object
    seconds: float


@cache
def warm_up() -> None:
    """Load and compile the engine in a thread, and napari's own part here; only once.

    napari's part takes a second at the first labels; it must not run in two threads at
    once. The thread ends with the application; a run meets its errors again.
    """
    # First, as compilers take turns: the window would wait for the thread.
    label_colormap(np.ones((1, 4))).map(np.zeros(1, np.uint8))
    _READY.clear()
    work = partial(_get_ready, _READY)
    Thread(target=work, name="napari-colorquant warm-up").start()


def stop_warming_up() -> None:
    """Compile no more than what is being compiled: the application ends."""
    _QUIT.set()


def when_ready(work: Callable[[Monitor], object], monitor: Monitor) -> Waited:
    """Do work once the engine is ready, and return the time that was waited.

    Meanwhile the step "compile" is told, so that it can be cancelled.
    """
    start = perf_counter()
    while not _READY.wait(_BLINK):
        monitor("compile", 0.0)
    seconds = perf_counter() - start
    return Waited(work(monitor), seconds)


def _get_ready(ready: Event) -> None:
    try:
        with suppress(Exception):
            from napari_colorquant.core.compute.compiled import before_each

            with before_each(_go_on):
                _run_the_engine()
    finally:  # without it a run would wait for ever for what it can do itself
        ready.set()


def _go_on() -> None:
    # A script may end without an application that tells of it.
    if _QUIT.is_set() or not main_thread().is_alive():
        raise InterruptedError("the application ends.")


def _run_the_engine() -> None:
    from napari_colorquant.core.warm_up import compile_for_pictures

    compile_for_pictures()
