"""A run as a generator that yields its progress: shown, driven or stopped at will."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple, TypeVar

from napari_colorquant.core.compute.arguments import shown
from napari_colorquant.core.compute.memory import not_enough

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
        Pieces of work done, 1 to `total`.
    total : int
        Pieces of work in all; known from the start.
    """

    step: str
    done: int
    total: int


Steps = Generator[Progress, None, R]
"""A run; closing it stops the work."""

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
