"""A run as a generator that yields its progress: shown, driven or stopped at will."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import NamedTuple, TypeVar

P = TypeVar("P")
R = TypeVar("R")


class Progress(NamedTuple):
    """How far a run has come.

    Parameters
    ----------
    step : str
        What is being done: ``"survey"``, ``"learn"``, ``"assign"`` or ``"judge"``; for
        a lazy image also ``"read"`` and ``"count"``.
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
    """
    try:
        while True:
            try:
                piece = next(steps)
            except StopIteration as end:
                result: R = end.value
                return result
            if progress is not None:
                progress(piece)
    finally:
        steps.close()


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
    try:
        while True:
            piece = next(steps)
            yield Progress(piece.step, before + piece.done, total)
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        steps.close()


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
    try:
        while True:
            piece = next(steps)
            if isinstance(piece, Progress):
                done = before * _HALF + _HALF * piece.done // piece.total
                yield Progress(piece.step, done, 2 * _HALF)
            else:
                yield piece
    except StopIteration as end:
        result: R = end.value
        return result
    finally:
        steps.close()
