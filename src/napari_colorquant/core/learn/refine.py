"""Lloyd's iterations over every pixel of an image, tile by tile.

For images whose colours are too many for a histogram. Sums are whole numbers, so the
result is the same to the last bit for any tiles and threads.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.search import box_in, coordinates_in, search_for
from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.core.compute.compiled import kernel
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.palette.palette import label_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.assign.search import Search
    from napari_colorquant.core.color.spaces import ColorSpace
    from napari_colorquant.core.color.statistics import Statistics
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Pixels, Tile

MAX_PASSES = 10
"""Most times that every pixel is looked at."""
_ONE = 2.0**40
"""What half the range of the values is counted as. A tile's sum fits into 64 bits."""
_LOW_BITS = 2**32


def refine(
    pixels: Pixels,
    space: ColorSpace,
    scale: float,
    statistics: Statistics,
    centroids: NDArray[np.float64],
    monitor: Monitor,
    *,
    n_fixed: int,
    error: float,
    tolerance: float,
) -> NDArray[np.float64]:
    """Move centroids to the means of their nearest pixels; return them, (K, C).

    scale: brings coordinates in the space to 1 at most. Centroids and error are scaled;
    the first n_fixed stay. It ends where the error falls by tolerance * error or less.
    """
    tiles = pixels.tiles()
    n_pixels = statistics.n_pixels
    box = box_in(space, statistics.lows, statistics.highs)
    n_colors, n_channels = centroids.shape
    lows, highs = (corner * scale for corner in box)
    center = lows / 2 + highs / 2
    unit = _ONE * power_of_two_scale(float((highs / 2 - lows / 2).max()))
    for turn in range(MAX_PASSES):
        search = search_for(centroids, scale, box, n_pixels)
        given = (pixels, space, scale, search, n_colors, center, unit)
        sum_tile = partial(_sum_tile, *given)
        high, low = np.zeros((2, n_colors, n_channels), np.int64)
        sizes = np.zeros(n_colors, np.int64)
        part = monitor.part(turn / MAX_PASSES, (turn + 1) / MAX_PASSES)
        summed = map_in_order(sum_tile, tiles)
        for sums, found in part.over("learn", summed, len(tiles)):
            high += sums // _LOW_BITS
            low += sums % _LOW_BITS
            sizes += found
        moved = centroids.copy()
        for k in range(n_fixed, n_colors):
            if sizes[k] > 0:
                for c in range(n_channels):  # whole numbers of any length
                    total = int(high[k, c]) * _LOW_BITS + int(low[k, c])
                    moved[k, c] = total / int(sizes[k]) / unit + center[c]
        # What the error falls by when centroids move to the means, the pixels staying.
        fall = float(sizes @ ((moved - centroids) ** 2).sum(axis=1)) / n_pixels
        centroids = moved
        if fall <= tolerance * error:
            break
    return centroids


def _sum_tile(
    pixels: Pixels,
    space: ColorSpace,
    scale: float,
    search: Search,
    n_colors: int,
    center: NDArray[np.float64],
    unit: float,
    tile: Tile,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sum, shape (K, C), and count, shape (K,), the pixels nearest to each centroid.

    The sums are those of scaled coordinates minus `center`, in units of 1 / `unit`.
    """
    values, valid = pixels.values(tile), pixels.valid(tile)
    coordinates = coordinates_in(space, values, valid)
    labels = np.empty(len(values), label_dtype(n_colors))
    search(coordinates, valid, labels)
    sums = np.zeros((n_colors + 1, pixels.n_channels), np.int64)
    sizes = np.zeros(n_colors + 1, np.int64)
    _add_up(coordinates, scale, center, unit, labels, sums, sizes)
    return sums[1:], sizes[1:]


@kernel
def _add_up(
    coordinates: Any,
    scale: float,
    center: Any,
    unit: float,
    labels: Any,
    sums: Any,
    sizes: Any,
) -> None:
    for i in range(coordinates.shape[0]):
        label = labels[i]
        if label != 0:
            sizes[label] += 1
            for c in range(coordinates.shape[1]):
                x = coordinates[i, c] * scale - center[c]
                sums[label, c] += np.int64(np.rint(x * unit))
