"""How far a run has come, told to a function that may stop it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from napari_colorquant.core.compute.arguments import shown
from napari_colorquant.core.compute.memory import not_enough

if TYPE_CHECKING:
    from types import TracebackType

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
        self._step: str | None = None

    def part(self, first: float, last: float, step: str | None = None) -> Monitor:
        """Return the monitor of a part of this, between two shares of it, 0 to 1.

        step: what all of the part is told as, by default what it tells itself.
        """
        part = Monitor()
        part._told = self._told
        part._first, part._last = self._place(first), self._place(last)
        part._step = step or self._step
        return part

    def __call__(self, step: str, share: float) -> None:
        """Tell that a step is under way and which share, 0 to 1, of this is done."""
        told = self._told
        done = round(TOTAL * self._place(share))
        if told.last is not None:  # never backwards
            done = max(done, told.last.done)
        told.last = Progress(self._step or step, done, TOTAL)
        self.check()

    def pass_on(self, piece: Progress) -> None:
        """Tell how far another run has come that is all of this."""
        self(piece.step, piece.done / piece.total)

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


def check_progress(progress: object) -> None:
    """Raise TypeError if progress is neither None nor callable."""
    if progress is not None and not callable(progress):
        raise TypeError(
            f"progress is {shown(progress)}: pass None, or a function, which is called "
            "with each piece of work."
        )
