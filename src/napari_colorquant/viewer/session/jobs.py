"""One job at a time in the background: started, watched, superseded, cancelled."""

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
from napari_colorquant.viewer.tasks.warm_up import when_ready

if TYPE_CHECKING:
    from napari.layers import Layer

COMPILING = "Compiling the engine, once: the run follows …"
CANCELLED = "Cancelled: the layers are as they were."
UNDER_WAY = "A run is under way: wait for it, or press Cancel."
_WORTH_TELLING = 0.5
"""Seconds that a job had to wait for the engine."""

Work = Callable[[Callable[[Any], object], Monitor], Any]
"""What a worker calls: with a function that hands out what is found, and a Monitor."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a worker returns where the work ended in an error."""

    error: Exception


class Cancelled(BaseException):
    """Ends the work of a job that is cancelled."""


def attempt(
    work: Work, found: Callable[[Any], object], tell: Callable[[Progress], object]
) -> Any:
    """Return the result of work, a Failure, or None where tell raises Cancelled."""
    try:
        with Monitor(tell) as monitor:
            return work(found, monitor)
    except Cancelled:
        return None
    except Exception as error:  # noqa: BLE001, told as what it is
        return Failure(error)


class SyncWorker:
    """Works at once, in this thread and without an event loop: for tests and scripts.

    found emits what the work hands out, told each Progress. quit ends the work when its
    monitor is called next.
    """

    found = Signal(object)
    told = Signal(object)
    returned = Signal(object)
    finished = Signal()

    def __init__(self, work: Work, _description: str = "") -> None:
        self._work = work
        self._is_cancelled = False

    def start(self) -> None:
        """Do the work; return when it has ended."""
        self.returned.emit(attempt(self._work, self.found.emit, self._tell))
        self.finished.emit()

    def quit(self) -> None:
        """End the work early."""
        self._is_cancelled = True

    def _tell(self, progress: Progress) -> None:
        if self._is_cancelled:
            raise Cancelled
        self.told.emit(progress)


# Without a repr: napari takes that of what a worker does, and it would show all arrays.
@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Job:
    """Work for the background, and what becomes of its result.

    work takes a Monitor; with a watch also, before it, a function that hands what is
    found to watch. show gets the result; both are called in the window's thread.
    Removal of one of layers cancels it. Any other job supersedes a live one.
    """

    doing: str
    work: Callable[..., Any]
    show: Callable[[Any], None]
    layers: tuple[Layer | None, ...] = ()
    watch: Callable[[Any], None] | None = None
    is_live: bool = False
    if_cancelled: str = CANCELLED

    def works_on(self, layer: Layer) -> bool:
        """Return whether the job is cancelled when this layer is removed."""
        return any(layer is own for own in self.layers)


class JobQueue:
    """Runs jobs in workers, one after another.

    make_worker returns a worker that is not started, of Work and a description, such as
    SyncWorker. cluster returns the address of the cluster that a job may use, or ''.
    """

    busy_changed = Signal(bool)
    progressed = Signal(int, int)  # done, total
    message = Signal(str)
    note = Signal(str)  # one more line below the message

    def __init__(
        self,
        make_worker: Callable[[Work, str], Any] = SyncWorker,
        cluster: Callable[[], str] = str,
    ) -> None:
        self._make_worker, self._cluster = make_worker, cluster
        self._worker: Any = None
        self._job: Job | None = None
        self._next: Job | None = None
        self._cancelled = False
        self._why_cancelled = ""
        self._was_busy = False
        self._compiling = False
        self._total = 1

    @property
    def busy(self) -> bool:
        """Whether a job is under way, or about to be, that somebody asked for."""
        jobs = (self._job, self._next)
        return any(job is not None and not job.is_live for job in jobs)

    @property
    def is_live(self) -> bool:
        """Whether a live job is under way."""
        return self._job is not None and self._job.is_live

    def put(self, job: Job) -> str:
        """Start a job, in place of a live one; return why not if another is under way.

        The user is told then, unless this job is live.
        """
        if self.busy:
            return UNDER_WAY if job.is_live else self.refuse_while_busy()
        if self._job is None:
            self._begin(job)
        else:
            self._next = job
            self._quit()
            self._tell()
        return ""

    def refuse_while_busy(self) -> str:
        """Tell the user that a job is under way, and return it; '' where none is."""
        if not self.busy:
            return ""
        show_warning(UNDER_WAY)
        return UNDER_WAY

    def cancel(self, why: str = "") -> None:
        """Stop the job; it ends within a tile, and shows nothing.

        why: what the user is told, by default what the job has to say.
        """
        self._next = None
        if self._job is not None:
            self.message.emit("Cancelling …")
            self._quit(why or self._job.if_cancelled)

    def on_layer_removed(self, layer: Layer) -> None:
        """Cancel the job if it works on this layer, which was removed."""
        job, name = self._next or self._job, layer.name
        if job is not None and job.works_on(layer):
            self.cancel(f"Cancelled, as the layer {name!r} was removed.")

    def close(self) -> None:
        """Stop without a word: there is nobody to tell any more."""
        self._next = self._job = None
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

    def _begin(self, job: Job) -> None:
        worker = self._make_worker(partial(_do, job, self._cluster()), job.doing)
        worker.found.connect(self._on_found)
        worker.told.connect(self._on_progress)
        worker.returned.connect(self._on_returned)
        worker.finished.connect(self._on_finished)
        self._worker, self._job = worker, job
        self._cancelled, self._why_cancelled = False, ""
        self._compiling = False
        self.message.emit(f"{job.doing} …")
        self._tell()
        worker.start()

    def _on_found(self, piece: Any) -> None:
        if self._job is None or self._cancelled:
            return
        if self._job.watch is not None:
            self._job.watch(piece)

    def _on_progress(self, piece: Progress) -> None:
        if self._job is None or self._cancelled:
            return
        self._total = piece.total
        self.progressed.emit(piece.done, piece.total)
        if (piece.step == "compile") != self._compiling:
            self._compiling = not self._compiling
            self.message.emit(COMPILING if self._compiling else f"{self._job.doing} …")

    def _on_returned(self, results: Any) -> None:
        if self._job is None or self._cancelled:
            return
        if isinstance(results, Failure):
            self._fail(results.error)
            return
        try:
            self._job.show(results.result)
        except Exception as error:  # noqa: BLE001, told as what it is
            self._fail(error)
            return
        if results.seconds > _WORTH_TELLING:
            self.note.emit(
                f"It waited {results.seconds:.1f} s for the engine to be compiled, "
                "which is done once."
            )

    def _fail(self, error: Exception) -> None:
        self.message.emit(f"Failed: {in_window(error)}")
        complain(error)

    def _on_finished(self) -> None:
        if self._job is None:
            return
        why, following = self._why_cancelled, self._next
        self._worker = self._job = self._next = None
        if why:
            self.message.emit(why)
            if self._was_busy:
                show_info(why)
        self.progressed.emit(0, self._total)
        if following is not None:
            self._begin(following)
        else:
            self._tell()


def _do(
    job: Job, address: str, found: Callable[[Any], object], monitor: Monitor
) -> Any:
    """Do the work of a job once the engine is ready, with the cluster at address.

    An empty address means none. It connects to it in the thread that works.
    """

    def work(monitor: Monitor) -> Any:
        given = () if job.watch is None else (found,)
        with connected_when_used(address.strip()):
            return job.work(*given, monitor)

    return when_ready(work, monitor)
