"""One look at every pixel before learning: how many, how large, which colours."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar

import numpy as np

from napari_colorquant.core.codes import has_codes
from napari_colorquant.core.distinct import DistinctCounter
from napari_colorquant.core.histogram import DistinctColors, Histogram
from napari_colorquant.core.parallel import map_in_order, n_cores
from napari_colorquant.core.steps import Progress, Steps

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.pixels import Pixels, Tile

R = TypeVar("R")

_MOST_COUNTERS = 4
"""Threads that count colours at once: each takes up to 64 MB of its own."""


class NothingValidError(ValueError):
    """No pixel of an image, or of what was read of it, can be quantized.

    Parameters
    ----------
    sentence : str
        What is said of it.
    n_blocks_read : int
        Blocks that were read in vain where an image is not read whole.
    """

    def __init__(self, sentence: str, n_blocks_read: int = 0) -> None:
        super().__init__(sentence)
        self.n_blocks_read = n_blocks_read


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
    white : float or None
        The value of white, as far as it is known.
    """

    valid_counts: NDArray[np.int64]
    lows: NDArray[np.float64]
    highs: NDArray[np.float64]
    n_colors: int
    n_colors_is_exact: bool
    distinct: DistinctColors | None
    is_uint8: bool
    white: float | None = None

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
        """Return the range of the values: from 0 to white where that is known.

        For uint8 it is that of the dtype, 0 to 255.

        Parameters
        ----------
        scale : float
            What the values are multiplied by; with that of
            :func:`~napari_colorquant.core.scale.power_of_two_scale`, the range of
            values that span all of a dtype does not overflow.

        Returns
        -------
        float
            White, or the highest less the lowest value.
        """
        if self.white is not None:
            return self.white * scale
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


def _empty_histogram(pixels: Pixels) -> Histogram:
    return Histogram(pixels.work_dtype, pixels.n_channels, prod(pixels.shape))


class _Counter(Protocol):
    def add(self, values: NDArray[Any]) -> None: ...

    def merge(self, other: Self) -> None: ...


C = TypeVar("C", bound=_Counter)


class _Counters(Generic[C]):
    """What counts colours in several threads, and is merged in the end.

    Parameters
    ----------
    make : callable
        Returns a new counter: a thread takes one that no other is working with.
    """

    def __init__(self, make: Callable[[], C]) -> None:
        self._make = make
        self._free: deque[C] = deque()
        self.made: list[C] = []

    def add(self, values: NDArray[Any]) -> None:
        """Count the colours of a tile."""
        try:
            counter = self._free.pop()
        except IndexError:
            counter = self._make()
            self.made.append(counter)
        counter.add(values)
        self._free.append(counter)

    def merged(self) -> C:
        """Return one counter that has seen all tiles."""
        first, *others = self.made
        for other in others:
            first.merge(other)
        return first


def valid_values(pixels: Pixels, tile: Tile) -> NDArray[Any]:
    """Return the valid pixels of a tile.

    Parameters
    ----------
    pixels : Pixels
        The image.
    tile : tuple of slice
        One of its tiles.

    Returns
    -------
    ndarray, shape (n, C)
        Contiguous, in reading order; not to be written to.
    """
    values, valid = pixels.values(tile), pixels.valid(tile)
    return values if valid is None else values[valid]


def _in_threads(look: Callable[[Tile], R], pixels: Pixels) -> Steps[list[R]]:
    """Look at every tile."""
    tiles = pixels.tiles()
    n_threads = min(n_cores(), _MOST_COUNTERS)
    seen = []
    for done, found in enumerate(map_in_order(look, tiles, n_threads), 1):
        seen.append(found)
        yield Progress("survey", done, len(tiles))
    return seen


def _count_colors(pixels: Pixels) -> Steps[Survey]:
    """Survey an image whose colours have codes: by its histogram."""
    histograms = _Counters(lambda: _empty_histogram(pixels))

    def count(tile: Tile) -> int:
        values = valid_values(pixels, tile)
        histograms.add(values)
        return len(values)

    valid_counts = yield from _in_threads(count, pixels)
    refuse_nothing(valid_counts)
    distinct = histograms.merged().distinct()
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
        white=pixels.white,
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
    counters = _Counters(DistinctCounter)
    is_wide = pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 8

    def look(tile: Tile) -> _Seen | None:
        values = valid_values(pixels, tile)
        if not len(values):
            return None
        # Where one counter has seen too many colours, no other need see them too.
        if all(counter.exact for counter in tuple(counters.made)):
            counters.add(values)
        largest = largest_integer(pixels, tile) if is_wide else 0
        return _Seen(len(values), *ranges(values), largest)

    seen = yield from _in_threads(look, pixels)
    valid_counts = [0 if one is None else one.n_valid for one in seen]
    refuse_nothing(valid_counts)
    tiles = [one for one in seen if one is not None]
    refuse_inexact(max(one.largest for one in tiles), pixels.dtype)
    lows, highs = joined_ranges([(one.lows, one.highs) for one in tiles])
    counter = counters.merged()
    return Survey(
        valid_counts=np.array(valid_counts, np.int64),
        lows=lows,
        highs=highs,
        n_colors=counter.count,
        n_colors_is_exact=counter.exact,
        distinct=None,
        is_uint8=pixels.dtype == np.uint8,
        white=pixels.white,
    )


def largest_integer(pixels: Pixels, tile: Tile) -> int:
    """Return the largest magnitude of a tile's integers, before they are rounded.

    Parameters
    ----------
    pixels : Pixels
        An image of integers.
    tile : tuple of slice
        One of its tiles, with at least one valid pixel.

    Returns
    -------
    int
        The magnitude.
    """
    values, valid = (
        pixels.colors[tile].reshape(-1, pixels.n_channels),
        pixels.valid(tile),
    )
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
    NothingValidError
        If there are none.
    """
    if not any(valid_counts):
        raise NothingValidError(
            "no pixel of the image can be quantized: all are outside the mask, "
            "transparent, NaN or infinite."
        )


def error_of_learning(error: ValueError) -> ValueError:
    """Say of an error that it is in the part of an image that is learned from.

    Parameters
    ----------
    error : ValueError
        What was raised there.

    Returns
    -------
    ValueError
        What to raise; a :class:`NothingValidError` where it is one.
    """
    kind = NothingValidError if isinstance(error, NothingValidError) else ValueError
    return kind(f"where the palette is learned, {error}")


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


def joined_ranges(
    parts: Sequence[tuple[NDArray[Any], NDArray[Any]]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the range of each channel over several tiles.

    Parameters
    ----------
    parts : sequence of (ndarray, ndarray)
        What :func:`ranges` returned of each, at least one.

    Returns
    -------
    lows, highs : ndarray of float64, shape (C,)
        Smallest and largest values.
    """
    lows, highs = zip(*parts, strict=True)
    return (
        np.min(lows, axis=0).astype(np.float64),
        np.max(highs, axis=0).astype(np.float64),
    )
