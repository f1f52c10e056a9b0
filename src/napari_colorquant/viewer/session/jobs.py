"""One run at a time in the background: started, watched, superseded, cancelled."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from napari.utils.notifications import show_info, show_warning
from psygnal import Signal

from napari_colorquant.core.compute.connection import connected_when_used
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.viewer.session.notify import complain, in_window
from napari_colorquant.viewer.session.qt_worker import Failure, Relay, make_worker
from napari_colorquant.viewer.session.warm_up import when_ready

if TYPE_CHECKING:
    from napari.layers import Layer

    from napari_colorquant.viewer.session.qt_worker import Worker

COMPILING = "Compiling the engine, once: the run follows …"
CANCELLED = "Cancelled: the layers are as they were."
UNDER_WAY = "A run is under way: wait for it, or press Cancel."
_WORTH_TELLING = 0.5
"""Seconds that a run had to wait for the engine."""


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """Work for the background, and what becomes of its result.

    work takes a Monitor; with a watch also, before it, a function that hands what is
    found to watch. show gets the result; both are called in the window's thread.
    Removal of one of layers cancels it. Any other run supersedes a live one.
    """

    doing: str
    work: Callable[..., Any]
    show: Callable[[Any], None]
    layers: tuple[Layer | None, ...] = ()
    watch: Callable[[Any], None] | None = None
    is_live: bool = False
    if_cancelled: str = CANCELLED

    def works_on(self, layer: Layer) -> bool:
        """Return whether the run is cancelled when this layer is removed."""
        return any(layer is own for own in self.layers)


class Runner:
    """Runs work in a thread, one run after another.

    cluster returns the address of the cluster that a run may use, empty for none.
    """

    busy_changed = Signal(bool)
    progressed = Signal(int, int)  # done, total
    said = Signal(str)
    noted = Signal(str)  # one more line below what was said

    def __init__(self, cluster: Callable[[], str] = str) -> None:
        self._cluster = cluster
        self._relay = Relay()
        self._relay.told.connect(self._on_found)
        self._worker: Worker | None = None
        self._run: Run | None = None
        self._next: Run | None = None
        self._cancelled = False
        self._why_cancelled = ""
        self._was_busy = False
        self._compiling = False
        self._total = 1

    @property
    def busy(self) -> bool:
        """Whether a run is under way, or about to be, that somebody asked for."""
        runs = (self._run, self._next)
        return any(run is not None and not run.is_live for run in runs)

    @property
    def is_live(self) -> bool:
        """Whether a live run is under way."""
        return self._run is not None and self._run.is_live

    def start(self, run: Run) -> bool:
        """Start a run, in place of a live one; return False if another is under way.

        The user is told then, unless this run is live.
        """
        if self.busy:
            if not run.is_live:
                show_warning(UNDER_WAY)
            return False
        if self._run is None:
            self._begin(run)
        else:
            self._next = run
            self._quit()
        self._tell()
        return True

    def cancel(self, why: str = "") -> None:
        """Stop the run; it ends within a tile, and shows nothing.

        why: what the user is told, by default what the run has to say.
        """
        self._next = None
        if self._run is not None:
            self.said.emit("Cancelling …")
            self._quit(why or self._run.if_cancelled)

    def forget(self, layer: Layer) -> None:
        """Cancel the run if it works on this layer, which was removed."""
        run, name = self._next or self._run, layer.name
        if run is not None and run.works_on(layer):
            self.cancel(f"Cancelled, as the layer {name!r} was removed.")

    def let_go(self) -> None:
        """Stop without a word: there is nobody to tell any more."""
        self._next = self._run = None
        if self._worker is not None:
            worker, self._worker = self._worker, None
            worker.quit()

    def _quit(self, why: str = "") -> None:
        if self._worker is not None:
            self._cancelled, self._why_cancelled = True, why
            self._worker.quit()

    def _tell(self) -> None:
        if self.busy != self._was_busy:
            self._was_busy = self.busy
            self.busy_changed.emit(self.busy)

    def _begin(self, run: Run) -> None:
        work = run.work
        if run.watch is not None:
            work = partial(work, self._relay.told.emit)
        work = partial(_on_cluster, self._cluster(), work)
        worker = make_worker(partial(when_ready, work), run.doing)
        worker.told.connect(self._on_progress)
        worker.returned.connect(self._on_returned)
        worker.finished.connect(self._on_finished)
        self._worker, self._run = worker, run
        self._cancelled, self._why_cancelled = False, ""
        self._compiling = False
        self.said.emit(f"{run.doing} …")
        worker.start()

    def _on_found(self, piece: Any) -> None:
        if self._run is None or self._cancelled:
            return
        if self._run.watch is not None:
            self._run.watch(piece)

    def _on_progress(self, piece: Progress) -> None:
        if self._run is None or self._cancelled:
            return
        self._total = piece.total
        self.progressed.emit(piece.done, piece.total)
        if (piece.step == "compile") != self._compiling:
            self._compiling = not self._compiling
            self.said.emit(COMPILING if self._compiling else f"{self._run.doing} …")

    def _on_returned(self, results: Any) -> None:
        if self._run is None or self._cancelled:
            return
        if isinstance(results, Failure):
            self._fail(results.error)
            return
        try:
            self._run.show(results.result)
        except Exception as error:  # noqa: BLE001, told as what it is
            self._fail(error)
            return
        if results.seconds > _WORTH_TELLING:
            self.noted.emit(
                f"It waited {results.seconds:.1f} s for the engine to be compiled, "
                "which is done once."
            )

    def _fail(self, error: Exception) -> None:
        self.said.emit(f"Failed: {in_window(error)}")
        complain(error)

    def _on_finished(self) -> None:
        if self._run is None:
            return
        why, following = self._why_cancelled, self._next
        self._worker = self._run = self._next = None
        if why:
            self.said.emit(why)
            if self._was_busy:
                show_info(why)
        self.progressed.emit(0, self._total)
        if following is not None:
            self._begin(following)
        self._tell()


def _on_cluster(address: str, work: Callable[[Monitor], Any], monitor: Monitor) -> Any:
    """Do work so that it can use the cluster at address, empty for none.

    It connects to it in the thread that does it.
    """
    with connected_when_used(address.strip()):
        return work(monitor)
