"""Images that are worked on side by side: by processes here, or by a cluster.

What a process or worker is sent and sends is pickled; the results come in the order of
the jobs.
"""

from __future__ import annotations

import os
from argparse import Namespace
from contextlib import closing, suppress
from dataclasses import replace
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli import interrupt
from napari_colorquant.cli.messages import complaint_of, progress_bar
from napari_colorquant.cli.one_image import attempted
from napari_colorquant.core.compute.progress import Monitor, Progress

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from napari_colorquant.cli.one_image import Asked, Done
    from napari_colorquant.files.batch.outputs import Job

_FOLDERS = ("regions", "stains_from")
"""What arguments name that is read with each picture."""
_ENDED = (
    "the process that worked on it ended, as it does where there is not enough memory: "
    "run it with fewer --jobs."
)


def side_by_side(
    jobs: Sequence[Job], arguments: Namespace, asked: Asked, high: float
) -> Iterator[tuple[Job, Done | str]]:
    """Yield each job with what came of it, as `attempted`, in their order."""
    from multiprocessing.connection import wait

    outcomes: dict[int, Done | str] = {}
    left = iter(range(len(jobs)))
    workers: dict[Any, _Worker] = {}
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
                        worker = workers.pop(pipe)
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


def _work(pipe: Any, arguments: Namespace, asked: Asked, high: float) -> None:
    """Do the jobs that come, in a process of its own."""
    interrupt.end_with_parent()
    while True:
        try:
            job = pipe.recv()
        except (EOFError, OSError):
            return
        pipe.send(attempted(job, arguments, asked, high))


# ---------------------------------------------------------------- on a cluster


def on_cluster(
    jobs: Sequence[Job], arguments: Namespace, asked: Asked, high: float
) -> Iterator[tuple[Job, Done | str]]:
    """Yield each job with what came of it on a worker, as `attempted`, in their order.

    Workers may run in another folder: they are sent full paths, and sentences of them
    are made what they are here.
    """
    here = Path.cwd()
    bar = progress_bar(f"{len(jobs)} images", is_quiet=arguments.quiet)
    found = _endless(_on_workers(jobs, here, arguments, asked, high))
    with bar as progress, closing(found) as outcomes:
        for done, job in enumerate(jobs, 1):
            outcome = next(outcomes)
            if isinstance(outcome, Exception):
                outcome = complaint_of(job.source, outcome)
            if isinstance(outcome, str):
                outcome = outcome.replace(f"{here}{os.sep}", "")
            else:
                files = tuple(job.output / path.name for path in outcome.files)
                outcome = replace(outcome, files=files)
            progress(Progress("assign", done, len(jobs)))
            yield job, outcome


def _endless(outcomes: Iterator[Any]) -> Generator[Any]:
    """Yield outcomes; where the scheduler is gone, that error for all that are left."""
    try:
        yield from outcomes
    except OSError as error:
        yield from repeat(error)


def _on_workers(
    jobs: Sequence[Job], here: Path, arguments: Namespace, *given: Any
) -> Iterator[Any]:
    """Yield what workers return for jobs, in order, or the error of a job."""
    from napari_colorquant.core.compute.cluster import active_cluster
    from napari_colorquant.formats.file_io import marked

    given_folders = {name: getattr(arguments, name) for name in _FOLDERS}
    folders = {name: path and here / path for name, path in given_folders.items()}
    there = Namespace(**(vars(arguments) | {"images": []} | folders))
    with (
        Monitor() as monitor,
        marked(here / arguments.output) as mark,
        active_cluster(monitor, "assign") as cluster,
    ):
        assert cluster is not None  # it is connected to
        sent = (_sent(job, here, mark, there, *given) for job in jobs)
        yield from cluster.map_in_order(sent, monitor, failed=lambda error: error)


def _sent(
    job: Job, here: Path, mark: Path, arguments: Namespace, asked: Asked, high: float
) -> tuple[Any, ...]:
    """Return what a worker is to call: with full paths, also of what it has to see."""
    name = str(job.source)
    job = replace(job, source=here / job.source, output=here / job.output)
    folders = [getattr(arguments, name) for name in _FOLDERS]
    seen = [path for path in (job.source, *folders) if path]
    seen = [mark, *filter(os.path.exists, seen)]
    return _on_worker, seen, name, job, arguments, asked, high


def _on_worker(
    seen: Sequence[Path],
    name: str,
    job: Job,
    arguments: Namespace,
    asked: Asked,
    high: float,
) -> Done | str:
    """Do a job on a worker that sees the files, as long as the first, a mark, is."""
    for path in seen:
        if not path.exists():
            what = job.output if path == seen[0] else path
            return (
                f"{job.source}: the workers of the cluster do not see {what}: put it "
                "where all of them do, or leave out --scheduler."
            )

    def check(_: Progress) -> None:
        if not seen[0].exists():  # the command has ended
            raise InterruptedError

    return attempted(job, arguments, asked, high, check, name)
