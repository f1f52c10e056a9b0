"""One look at every pixel before learning: how many, how large, which colours."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.codes import has_codes
from napari_colorquant.core.distinct import DistinctCounter
from napari_colorquant.core.histogram import DistinctColors, Histogram
from napari_colorquant.core.parallel import map_in_order, n_cores
from napari_colorquant.core.steps import Progress, Steps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.pixels import Pixels, Tile

_MOST_COUNTERS = 4
"""Threads that count colours at once: each takes up to 64 MB of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """What the valid pixels of an image are like.

    Parameters
    ----------
    valid_counts : ndarray of int64, shape (n_tiles,)
        Valid pixels of each tile.
    lows, highs : ndarray of float64, shape (C,)
        Smallest and largest value of each channel; for uint8 of up to three channels
        those of the dtype.
    n_colors : int
        Number of distinct colours, or a lower bound.
    n_colors_is_exact : bool
        False where the colours were too many to count.
    distinct : DistinctColors or None
        All colours and their pixels, where colours have codes.
    is_uint8 : bool
        Whether the values are bytes, which range from 0 to 255 whatever occurs.
    """

    valid_counts: NDArray[np.int64]
    lows: NDArray[np.float64]
    highs: NDArray[np.float64]
    n_colors: int
    n_colors_is_exact: bool
    distinct: DistinctColors | None
    is_uint8: bool

    @property
    def n_pixels(self) -> int:
        """Number of valid pixels."""
        return int(self.valid_counts.sum())

    @property
    def magnitude(self) -> float:
        """Largest magnitude of any value, or 1 where all are 0; 255 for uint8."""
        if self.is_uint8:
            return 255.0
        return float(max(np.abs(self.lows).max(), np.abs(self.highs).max())) or 1.0

    def scaled_range(self, scale: float) -> float:
        """Return the range of the values; for uint8 that of the dtype, 0 to 255.

        Parameters
        ----------
        scale : float
            What the values are multiplied by; with that of
            :func:`~napari_colorquant.core.scale.power_of_two_scale`, the range of
            values that span all of a dtype does not overflow.

        Returns
        -------
        float
            The highest less the lowest value.
        """
        if self.is_uint8:
            return 255.0 * scale
        # Plain floats, which overflow without a warning.
        return float(self.highs.max()) * scale - float(self.lows.min()) * scale


def survey_steps(pixels: Pixels) -> Steps[Survey]:
    """Look at every tile of an image.

    Parameters
    ----------
    pixels : Pixels
        The image.

    Yields
    ------
    Progress
        After each tile.

    Returns
    -------
    Survey
        The survey.

    Raises
    ------
    ValueError
        If no pixel is valid, or an integer is too large to be exact in float64.
    """
    look = _count_colors if has_codes(pixels.work_dtype, pixels.n_channels) else _look
    survey = yield from look(pixels)
    return survey


def color_counter(pixels: Pixels) -> Histogram | DistinctCounter:
    """Return what counts the distinct colours of an image.

    Parameters
    ----------
    pixels : Pixels
        The image.

    Returns
    -------
    Histogram or DistinctCounter
        Its ``add`` takes tiles; its ``count`` is the number of colours so far.
    """
    if has_codes(pixels.work_dtype, pixels.n_channels):
        return _empty_histogram(pixels)
    return DistinctCounter()


def _n_threads() -> int:
    return min(n_cores(), _MOST_COUNTERS)


def _empty_histogram(pixels: Pixels) -> Histogram:
    return Histogram(pixels.work_dtype, pixels.n_channels, prod(pixels.shape))


def _count_colors(pixels: Pixels) -> Steps[Survey]:
    """Survey an image whose colours have codes: by its histogram."""
    histograms: deque[Histogram] = deque()  # those that no thread is working with
    made = []

    def count(tile: Tile) -> int:
        values, valid = pixels.values(tile), pixels.valid(tile)
        if valid is not None:
            values = values[valid]
        try:
            histogram = histograms.pop()
        except IndexError:
            histogram = _empty_histogram(pixels)
            made.append(histogram)
        histogram.add(values)
        histograms.append(histogram)
        return len(values)

    tiles = pixels.tiles()
    valid_counts = []
    for done, n_valid in enumerate(map_in_order(count, tiles, _n_threads()), 1):
        valid_counts.append(n_valid)
        yield Progress("survey", done, len(tiles))
    refuse_nothing(valid_counts)
    histogram = made[0]
    for other in made[1:]:
        histogram.merge(other)
    distinct = histogram.distinct()
    if pixels.dtype == np.uint8:
        lows, highs = np.zeros(pixels.n_channels), np.full(pixels.n_channels, 255.0)
    else:  # 16 bits of one channel: a code is the value
        lows, highs = (distinct.codes[[i]].astype(np.float64) for i in (0, -1))
    return Survey(
        valid_counts=np.array(valid_counts, np.int64),
        lows=lows,
        highs=highs,
        n_colors=len(distinct),
        n_colors_is_exact=True,
        distinct=distinct,
        is_uint8=pixels.dtype == np.uint8,
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a tile of an image is like."""

    n_valid: int
    lows: NDArray[Any]
    highs: NDArray[Any]
    largest: int


def _look(pixels: Pixels) -> Steps[Survey]:
    """Survey any other image."""
    counters: deque[DistinctCounter] = deque()  # those that no thread is working with
    made: list[DistinctCounter] = []
    is_wide = pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 8

    def look(tile: Tile) -> _Seen | None:
        values, valid = pixels.values(tile), pixels.valid(tile)
        if valid is not None:
            values = values[valid]
        if not len(values):
            return None
        # Where one counter has seen too many colours, no other need see them too.
        if all(counter.exact for counter in tuple(made)):
            try:
                counter = counters.pop()
            except IndexError:
                counter = DistinctCounter()
                made.append(counter)
            counter.add(values)
            counters.append(counter)
        largest = largest_integer(pixels, tile, valid) if is_wide else 0
        return _Seen(len(values), *ranges(values), largest)

    lows = np.full(pixels.n_channels, np.inf)
    highs = -lows
    valid_counts = []
    largest = 0
    tiles = pixels.tiles()
    for done, seen in enumerate(map_in_order(look, tiles, _n_threads()), 1):
        valid_counts.append(0 if seen is None else seen.n_valid)
        if seen is not None:
            np.minimum(lows, seen.lows, out=lows)
            np.maximum(highs, seen.highs, out=highs)
            largest = max(largest, seen.largest)
        yield Progress("survey", done, len(tiles))
    refuse_nothing(valid_counts)
    refuse_inexact(largest, pixels.dtype)
    counter = max(made, key=lambda counter: counter.count)
    for other in made:
        if other is not counter:
            counter.merge(other)
    return Survey(
        valid_counts=np.array(valid_counts, np.int64),
        lows=lows,
        highs=highs,
        n_colors=counter.count,
        n_colors_is_exact=counter.exact,
        distinct=None,
        is_uint8=pixels.dtype == np.uint8,
    )


def largest_integer(pixels: Pixels, tile: Tile, valid: NDArray[np.bool_] | None) -> int:
    """Return the largest magnitude of a tile's integers, before they are rounded.

    Parameters
    ----------
    pixels : Pixels
        An image of integers.
    tile : tuple of slice
        One of its tiles.
    valid : ndarray of bool, shape (n,), or None
        Its valid pixels, of which there is at least one.

    Returns
    -------
    int
        The magnitude.
    """
    values = pixels.colors[tile].reshape(-1, pixels.n_channels)
    values = values if valid is None else values[valid]
    return max(int(values.max()), -int(values.min()))


def refuse_inexact(largest: int, dtype: np.dtype[Any]) -> None:
    """Refuse integers that float64 rounds.

    Parameters
    ----------
    largest : int
        Their largest magnitude.
    dtype : dtype
        The image's.

    Raises
    ------
    ValueError
        If it is beyond ``2**53``.
    """
    if largest > 2**53:
        raise ValueError(
            f"the image holds {dtype} values beyond 2**53, which are not exact "
            "in floating point: subtract an offset or divide them first."
        )


def refuse_nothing(valid_counts: list[int]) -> None:
    """Refuse an image of which nothing is quantized.

    Parameters
    ----------
    valid_counts : list of int
        Valid pixels of each tile.

    Raises
    ------
    ValueError
        If there are none.
    """
    if not any(valid_counts):
        raise ValueError(
            "no pixel of the image can be quantized: all are outside the mask, "
            "transparent, NaN or infinite."
        )


_ROWS = 64
"""Pixels compared at once: a row of so many is long enough for vector instructions."""


def ranges(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the smallest and the largest value of each channel.

    Parameters
    ----------
    values : ndarray, shape (n, C)
        Contiguous pixels, at least one, none of them NaN.

    Returns
    -------
    lows, highs : ndarray, shape (C,)
        In the dtype of `values`.
    """
    n_channels = values.shape[1]
    n_even = len(values) // _ROWS * _ROWS
    parts = [values[n_even:]]
    if n_even:
        rows = values[:n_even].reshape(-1, _ROWS * n_channels)
        parts += [
            extremes.reshape(_ROWS, n_channels)
            for extremes in (rows.min(axis=0), rows.max(axis=0))
        ]
    few = np.concatenate(parts)
    return few.min(axis=0), few.max(axis=0)
