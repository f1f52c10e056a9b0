"""A run as a generator that yields its progress: shown, driven or stopped at will."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple, TypeVar

from napari_colorquant.core.arguments import shown
from napari_colorquant.core.memory import not_enough

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
    """Drive a run to its end.

    Parameters
    ----------
    steps : generator of Progress
        The run.
    progress : callable, optional
        Called with each :class:`Progress`, and what else the run yields. What it raises
        stops the run and is passed on.

    Returns
    -------
    object
        What the run returns.

    Raises
    ------
    MemoryError
        If the run takes more than there is; see :mod:`napari_colorquant.core.memory`.
    TypeError
        If `progress` cannot be called.
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
    """Refuse what cannot be told of the progress of a run.

    Parameters
    ----------
    progress : callable or None
        What was passed.

    Raises
    ------
    TypeError
        If it cannot be called.
    """
    if progress is not None and not callable(progress):
        raise TypeError(
            f"progress is {shown(progress)}: pass None, or a function, which is called "
            "with each piece of work."
        )


def complete(steps: Generator[object, None, R]) -> R:
    """Drive work to its end that tells nothing on its way.

    Parameters
    ----------
    steps : generator
        The work.

    Returns
    -------
    object
        What it returns.
    """
    while True:
        try:
            next(steps)
        except StopIteration as end:
            result: R = end.value
            return result


def retold(
    steps: Generator[P, None, R], tell: Callable[[P], Q]
) -> Generator[Q, None, R]:
    """Let a run tell of its work in other words.

    Parameters
    ----------
    steps : generator
        The run; closed together with what is returned.
    tell : callable
        Takes what the run yields, and returns what is yielded in its place.

    Yields
    ------
    object
        What `tell` returns.

    Returns
    -------
    object
        What the run returns.
    """
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
    """Let a run be stopped where it can, and tell of no progress meanwhile.

    Parameters
    ----------
    steps : generator
        The run; closed together with what is returned.
    piece : object
        How far things have come.

    Yields
    ------
    object
        `piece`, whatever the run yields.

    Returns
    -------
    object
        What the run returns.
    """
    return retold(steps, lambda _: piece)


def part_of(steps: Steps[R], before: int, total: int) -> Steps[R]:
    """Count a run as part of a longer one.

    Parameters
    ----------
    steps : generator of Progress
        The part.
    before : int
        Pieces of work of the longer run that come before it.
    total : int
        Pieces of work of the longer run.

    Yields
    ------
    Progress
        The part's pieces of work, counted in the longer run.

    Returns
    -------
    object
        What the part returns.
    """
    return retold(steps, lambda piece: Progress(piece.step, before + piece.done, total))


def half_of(
    steps: Generator[P | Progress, None, R], before: int
) -> Generator[P | Progress, None, R]:
    """Count a run as half of a longer one.

    For runs of which it is not known from the start how many pieces of work they have.

    Parameters
    ----------
    steps : generator of Progress
        The half.
    before : int
        Halves that come before it: 0 or 1.

    Yields
    ------
    Progress
        What has been done, in thousandths of either half; and what else it yields.

    Returns
    -------
    object
        What the half returns.
    """

    def tell(piece: P | Progress) -> P | Progress:
        if not isinstance(piece, Progress):
            return piece
        done = before * _HALF + _HALF * piece.done // piece.total
        return Progress(piece.step, done, BOTH_HALVES)

    return retold(steps, tell)
