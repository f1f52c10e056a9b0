"""Round numbers for the axes of a plot."""

from __future__ import annotations

from math import ceil, floor, log10


def decimal_ticks(low: float, high: float, most: int) -> list[float]:
    """Return evenly spaced round numbers that enclose a range.

    Parameters
    ----------
    low, high : float
        The range; `low` is at most `high`, and 1 is taken where they are the same.
    most : int
        Spaces between them that there may be, at least 2: a range may lie about 0.

    Returns
    -------
    list of float
        Two or more, ascending, 1, 2 or 5 times a power of ten apart: the first at most
        `low`, the last at least `high`.
    """
    # Values that differ in their last digits alone are one: no steps tell them apart.
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        high = low + 1
    power = floor(log10((high - low) / most)) - 1
    for step in (10.0 ** (power + i) * m for i in range(4) for m in (1, 2, 5)):
        first, last = floor(low / step), ceil(high / step)
        if last - first <= most:
            break
    return [n * step for n in range(first, last + 1)]


def binary_ticks(low: int, high: int, most: int) -> list[int]:
    """Return multiples of a power of two within a range.

    Parameters
    ----------
    low, high : int
        The range.
    most : int
        How many there may be, at least 1.

    Returns
    -------
    list of int
        Ascending; those of the smallest power of two that gives no more than `most`.
    """
    step = 1
    while high // step - (low - 1) // step > most:
        step *= 2
    return list(range(ceil(low / step) * step, high + 1, step))
