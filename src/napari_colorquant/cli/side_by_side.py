"""Images that are worked on side by side, each in one of a few processes.

What a process is sent and sends is pickled; the results come in the order of the jobs.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli import interrupt
from napari_colorquant.cli.messages import progress_bar
from napari_colorquant.cli.one_image import attempted
from napari_colorquant.core.compute.progress import Progress

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from multiprocessing.connection import Connection

    from napari_colorquant.cli.one_image import Asked, Done
    from napari_colorquant.files.batch.outputs import Job

_ENDED = (
    "the process that worked on it ended, as it does where there is not enough memory: "
    "run it with fewer --jobs."
)


def side_by_side(
    jobs: Sequence[Job], arguments: argparse.Namespace, asked: Asked, high: float
) -> Iterator[tuple[Job, Done | str]]:
    """Yield each job with what came of it, as `attempted`, in their order."""
    from multiprocessing.connection import wait

    outcomes: dict[int, Done | str] = {}
    left = iter(range(len(jobs)))
    workers: dict[Connection, _Worker] = {}
    bar = progress_bar(f"{len(jobs)} images", is_quiet=arguments.quiet)
    try:
        with bar as progress:
            for number in left:
                worker = _Worker(arguments, asked, high)
                worker.start(number, jobs[number])
                workers[worker.pipe] = worker
                if len(workers) == arguments.jobs:
                    break
            for next_one, job in enumerate(jobs):
                while next_one not in outcomes:
                    for pipe in wait(list(workers)):
                        worker = workers.pop(pipe)  # type: ignore[call-overload]
                        outcomes[worker.number] = worker.outcome()
                        following = next(left, None)
                        if following is None:
                            worker.end()
                            continue
                        if not worker.is_alive:
                            worker = _Worker(arguments, asked, high)
                        worker.start(following, jobs[following])
                        workers[worker.pipe] = worker
                    progress(Progress("assign", len(outcomes), len(jobs)))
                yield job, outcomes[next_one]
                outcomes[next_one] = ""  # its rows are kept elsewhere
    finally:
        for worker in workers.values():
            worker.process.terminate()


class _Worker:
    """A process that does one job after another."""

    def __init__(self, *given: Any) -> None:
        # Nothing is shared but a pipe: semaphores would outlive an interrupted command.
        from multiprocessing import get_context

        context = get_context("spawn")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, *given), daemon=True)
        with interrupt.unheard_by_children():
            self.process.start()
        theirs.close()
        self.is_alive = True
        self.job: Any = None
        self.number = -1

    def start(self, number: int, job: Job) -> None:
        """Begin a job; the pipe is ready when it is done, or the process ended."""
        self.number, self.job = number, job
        with suppress(OSError):  # as it has ended, which the pipe tells, too
            self.pipe.send(job)

    def outcome(self) -> Done | str:
        """Return what came of the job."""
        try:
            outcome: Done | str = self.pipe.recv()
        except (EOFError, OSError):
            self.is_alive = False
            self.end()
            return f"{self.job.source}: {_ENDED}"
        return outcome

    def end(self) -> None:
        """Let the process end, as nothing more is to do."""
        self.pipe.close()


def _work(pipe: Any, arguments: argparse.Namespace, asked: Asked, high: float) -> None:
    """Do the jobs that come, in a process of its own."""
    interrupt.end_with_parent()
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(attempted(job, arguments, asked, high))
