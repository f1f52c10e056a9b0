"""How far a run has come, told to a function that may stop it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from napari_colorquant.core.compute.arguments import shown
from napari_colorquant.core.compute.memory import not_enough

if TYPE_CHECKING:
    from types import TracebackType

P = TypeVar("P")
Q = TypeVar("Q")
R = TypeVar("R")


class Progress(NamedTuple):
    """How far a run has come.

    Parameters
    ----------
    step : str
        What is being done: ``"survey"``, ``"learn"``, ``"assign"`` or ``"judge"``; for
        a lazy image also ``"read"`` and ``"count"``; of saving ``"write"``.
    done : int
        How much of the run is done, 0 to `total`.
    total : int
        What `done` is at the end: 1000.
    """

    step: str
    done: int
    total: int


TOTAL = 1000
"""Of each Progress: how finely a run is told of."""


class Stopped(BaseException):
    """Ends a run, past all that handles errors of the work, for what `tell` raised."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(reason)
        self.reason = reason


class _Told:
    """What all parts of a run share: the function that is told, and the last piece."""

    def __init__(self, tell: Callable[[Progress], object] | None) -> None:
        self.tell = tell
        self.last: Progress | None = None


class Monitor:
    """Tells a function how far a run, or a part of it, has come.

    What tell raises stops the run. `with Monitor(tell) as monitor:` is where a run
    starts: it passes on what tell raised, and makes a MemoryError one sentence. All in
    it calls the monitor in one thread.
    """

    def __init__(self, tell: Callable[[Progress], object] | None = None) -> None:
        check_progress(tell)
        self._told = _Told(tell)
        self._first, self._last = 0.0, 1.0

    def part(self, first: float, last: float) -> Monitor:
        """Return the monitor of a part of this, between two shares of it, 0 to 1."""
        part = Monitor()
        part._told = self._told
        part._first, part._last = self._place(first), self._place(last)
        return part

    def __call__(self, step: str, share: float) -> None:
        """Tell that a step is under way and which share, 0 to 1, of this is done."""
        told = self._told
        done = round(TOTAL * self._place(share))
        if told.last is not None:  # never backwards
            done = max(done, told.last.done)
        told.last = Progress(step, done, TOTAL)
        self.check()

    def check(self) -> None:
        """Tell the last again, so that the run can be stopped here; else nothing."""
        told = self._told
        if told.tell is None or told.last is None:
            return
        try:
            told.tell(told.last)
        except BaseException as error:
            raise Stopped(error) from error

    def over(self, step: str, results: Iterable[R], n: int) -> Iterator[R]:
        """Yield n results, and tell after each; close what they come from at the end.

        Also an error in the loop that takes them closes it.
        """
        iterator = iter(results)
        try:
            for done, result in enumerate(iterator, 1):
                yield result
                self(step, done / n)
        finally:
            if isinstance(iterator, Generator):
                iterator.close()

    def drive(
        self,
        steps: Generator[P | Progress, None, R],
        found: Callable[[P], object] | None = None,
    ) -> R:
        """Run what still yields its Progress, as this part; found gets all else."""
        with closing(steps):
            while True:
                try:
                    piece = next(steps)
                except StopIteration as end:
                    result: R = end.value
                    return result
                if isinstance(piece, Progress):
                    self(piece.step, piece.done / piece.total)
                elif found is not None:
                    found(piece)

    def __enter__(self) -> Monitor:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Stopped):
            raise error.reason from None
        if isinstance(error, MemoryError):
            raise not_enough(error) from error

    def _place(self, share: float) -> float:
        return self._first + share * (self._last - self._first)


Steps = Generator[Progress, None, R]
"""A run that is not converted yet; closing it stops the work."""

_HALF = 1000
"""Pieces of half a run."""
BOTH_HALVES = 2 * _HALF
"""Pieces of work of a run of two halves."""


def run(
    steps: Generator[P, None, R], progress: Callable[[P], object] | None = None
) -> R:
    """Drive a run to its end, close it, and return what it returns.

    progress is called with all that the run yields; what it raises stops the run. A
    MemoryError is raised again as one sentence.
    """
    try:
        check_progress(progress)
        while True:
            try:
                piece = next(steps)
            except StopIteration as end:
                result: R = end.value
                return result
            except MemoryError as error:
                raise not_enough(error) from error
            if progress is not None:
                progress(piece)
    finally:
        steps.close()


def check_progress(progress: object) -> None:
    """Raise TypeError if progress is neither None nor callable."""
    if progress is not None and not callable(progress):
        raise TypeError(
            f"progress is {shown(progress)}: pass None, or a function, which is called "
            "with each piece of work."
        )


def complete(steps: Generator[object, None, R]) -> R:
    """Drive work to its end, ignore what it yields, and return what it returns."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: R = end.value
            return result


def retold(
    steps: Generator[P, None, R], tell: Callable[[P], Q]
) -> Generator[Q, None, R]:
    """Yield what tell returns for each piece of a run; the run is closed with it."""
    try:
        while True:
            try:
                piece = next(steps)
            except StopIteration as end:
                result: R = end.value
                return result
            yield tell(piece)
    finally:
        steps.close()


def standing(steps: Generator[object, None, R], piece: Q) -> Generator[Q, None, R]:
    """Yield the same piece for all that a run yields, so that it can be stopped."""
    return retold(steps, lambda _: piece)


def part_of(steps: Steps[R], before: int, total: int) -> Steps[R]:
    """Count a run as part of a longer one: before pieces of total come before it."""
    return retold(steps, lambda piece: Progress(piece.step, before + piece.done, total))


def half_of(
    steps: Generator[P | Progress, None, R], before: int
) -> Generator[P | Progress, None, R]:
    """Count a run as half of a longer one, in thousandths; before is 0 or 1.

    For runs whose pieces of work are not known from the start. What is no Progress is
    yielded as it is.
    """

    def tell(piece: P | Progress) -> P | Progress:
        if not isinstance(piece, Progress):
            return piece
        done = before * _HALF + _HALF * piece.done // piece.total
        return Progress(piece.step, done, BOTH_HALVES)

    return retold(steps, tell)
