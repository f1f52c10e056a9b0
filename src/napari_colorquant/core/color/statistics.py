"""One look at every pixel before learning: how many, how large, which colours."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.color.codes import has_codes
from napari_colorquant.core.color.distinct import DistinctCounter
from napari_colorquant.core.color.histogram import DistinctColors, Histogram
from napari_colorquant.core.color.marks import ColorMarks
from napari_colorquant.core.compute.executor import map_in_order, n_cores
from napari_colorquant.core.image.sampling import refuse_nothing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Pixels, Tile

_MOST_COUNTERS = 4
"""Threads that count colours at once: each takes up to 64 MB of its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """What the valid pixels of an image are like.

    valid_counts: of each tile; lows, highs: (C,), in uint8 of up to 3 channels 0 and
    255; n_colors: a lower bound if not exact; distinct: None where there are no codes.
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
        """Return white if known, else the values' range, times scale.

        The range of uint8 is 255. With the scale of `power_of_two_scale` the range of
        values that span all of a dtype does not overflow.
        """
        if self.white is not None:
            return self.white * scale
        if self.is_uint8:
            return 255.0 * scale
        # Plain floats, which overflow without a warning.
        return float(self.highs.max()) * scale - float(self.lows.min()) * scale


def statistics_of(
    pixels: Pixels,
    monitor: Monitor,
    most_colors: int | None = None,
    *,
    marks: bool = False,
) -> Statistics:
    """Look at every tile of an image, and return what it is like.

    most_colors: where colours have no codes, no more are counted; see DistinctCounter.
    marks: colours of 8 bits are marked, not counted, and distinct is None. Raises
    ValueError if no pixel is valid, or an integer is too large to be exact in float64.
    """
    kind = (pixels.work_dtype, pixels.n_channels)
    counters = _Counters(
        lambda: ColorMarks(*kind) if marks else color_counter(pixels, most_colors)
    )
    is_coded = has_codes(*kind)
    is_wide = pixels.dtype.kind in "iu" and pixels.dtype.itemsize == 8

    is_whole = pixels.mask is None and pixels.alpha is None

    def look(tile: Tile) -> _Seen | None:
        values, extremes = pixels.values(tile), None
        if is_whole and not is_coded:
            extremes = ranges(values)
        # Where the extremes are finite, all values are: that need not be looked for.
        if extremes is None or not np.isfinite(extremes).all():
            values = valid_values(pixels, tile)
            if not len(values):
                return None
            extremes = None if is_coded else ranges(values)
        # Where one counter has seen too many colours, no other need see them too.
        if all(counter.exact for counter in tuple(counters.made)):
            counters.add(values)
        if is_coded:  # the codes that are counted have a range
            return _Seen(len(values))
        largest = largest_integer(pixels, tile) if is_wide else 0
        return _Seen(len(values), extremes, largest)

    tiles = pixels.tiles()
    found = map_in_order(look, tiles, min(n_cores(), _MOST_COUNTERS))
    seen = list(monitor.over("survey", found, len(tiles)))
    valid_counts = [0 if tile is None else tile.n_valid for tile in seen]
    refuse_nothing(valid_counts)
    occupied = [tile for tile in seen if tile is not None]
    refuse_inexact(max(tile.largest for tile in occupied), pixels.dtype)
    counter, distinct = counters.merged(), None
    if not is_coded:
        lows, highs = joined_ranges([tile.ranges for tile in occupied])
    else:
        distinct = None if marks else counter.distinct()
        if distinct is None or pixels.dtype == np.uint8:
            lows, highs = np.zeros(pixels.n_channels), np.full(pixels.n_channels, 255.0)
        else:  # 16 bits of one channel: a code is the value
            lows, highs = (distinct.codes[[i]].astype(np.float64) for i in (0, -1))
    return Statistics(
        valid_counts=np.array(valid_counts, np.int64),
        lows=lows,
        highs=highs,
        n_colors=counter.count if distinct is None else len(distinct),
        n_colors_is_exact=counter.exact,
        distinct=distinct,
        is_uint8=pixels.dtype == np.uint8,
        white=pixels.white,
    )


class _Seen(NamedTuple):
    """What a tile of an image is like: lows and highs, and the largest integer."""

    n_valid: int
    ranges: Any = None
    largest: int = 0


def color_counter(
    pixels: Pixels, most_colors: int | None = None
) -> Histogram | DistinctCounter:
    """Return what counts distinct colours: add takes tiles, count is their number."""
    if has_codes(pixels.work_dtype, pixels.n_channels):
        return Histogram(pixels.work_dtype, pixels.n_channels, prod(pixels.shape))
    return DistinctCounter(most_colors)


class _Counters:
    """What counts colours in several threads, and is merged in the end.

    A thread takes a counter that no other is working with, or a new one of make.
    """

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._free: deque[Any] = deque()
        self.made: list[Any] = []

    def add(self, values: NDArray[Any]) -> None:
        """Count the colours of a tile."""
        try:
            counter = self._free.pop()
        except IndexError:
            counter = self._make()
            self.made.append(counter)
        counter.add(values)
        self._free.append(counter)

    def merged(self) -> Any:
        """Return one counter that has seen all tiles."""
        first, *others = self.made
        for other in others:
            first.merge(other)
        return first


def valid_values(pixels: Pixels, tile: Tile) -> NDArray[Any]:
    """Return a tile's valid pixels (n, C), contiguous, in reading order.

    They must not be written to.
    """
    values, valid = pixels.values(tile), pixels.valid(tile)
    return values if valid is None else values[valid]


def largest_integer(pixels: Pixels, tile: Tile) -> int:
    """Return the largest magnitude of a tile's integers, before they are rounded.

    At least one pixel of it is valid.
    """
    values, valid = (
        pixels.colors[tile].reshape(-1, pixels.n_channels),
        pixels.valid(tile),
    )
    values = values if valid is None else values[valid]
    return max(int(values.max()), -int(values.min()))


def refuse_inexact(largest: int, dtype: np.dtype[Any]) -> None:
    """Raise ValueError if the largest magnitude is beyond 2**53: float64 rounds it."""
    if largest > 2**53:
        raise ValueError(
            f"the image holds {dtype} values beyond 2**53, which are not exact "
            "in floating point: subtract an offset or divide them first."
        )


_ROWS = 64
"""Pixels compared at once: a row of so many is long enough for vector instructions."""
_CACHED = 2**19
"""Bytes that are read from memory once, and a second time from the cache."""


def ranges(values: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return lows and highs (C,) of one or more contiguous pixels; NaN of any NaN."""
    n_channels = values.shape[1]
    n_even = len(values) // _ROWS * _ROWS
    rows = values[:n_even].reshape(-1, _ROWS * n_channels)
    few = [values[n_even:]]
    step = max(1, _CACHED // (rows.itemsize * rows.shape[1]))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        few.append(block.min(axis=0).reshape(_ROWS, -1))
        few.append(block.max(axis=0).reshape(_ROWS, -1))
    together = np.concatenate(few)
    return together.min(axis=0), together.max(axis=0)


def joined_ranges(
    parts: Sequence[tuple[NDArray[Any], NDArray[Any]]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return lows and highs (C,), float64, over the ranges of one or more tiles."""
    lows, highs = zip(*parts, strict=True)
    return (
        np.min(lows, axis=0).astype(np.float64),
        np.max(highs, axis=0).astype(np.float64),
    )
