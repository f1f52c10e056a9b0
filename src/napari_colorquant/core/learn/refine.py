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
    from napari_colorquant.core.color.votes import Votes
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Pixels, Tile

MAX_PASSES = 10
"""Most times that every pixel is looked at."""
_ONE = 2.0**40
"""What half the range of the values is counted as. A tile's sum fits into 64 bits."""
_LOW_BITS = 2**32
_ALL_ALIKE = np.empty(0)
"""The votes where every pixel counts the same."""


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
    votes: Votes | None = None,
) -> NDArray[np.float64]:
    """Move centroids to the means of their nearest pixels; return them, (K, C).

    scale: brings coordinates in the space to 1 at most; votes: what pixels count, None
    for 1. Centroids and error are scaled; the first n_fixed stay. It ends where the
    error falls by tolerance * error or less.
    """
    tiles = pixels.tiles()
    box = box_in(space, statistics.lows, statistics.highs)
    n_colors, n_channels = centroids.shape
    lows, highs = (corner * scale for corner in box)
    center = lows / 2 + highs / 2
    unit = _ONE * power_of_two_scale(float((highs / 2 - lows / 2).max()))
    one = 1 if votes is None else 2**40  # what a vote of 1 is counted as
    for turn in range(MAX_PASSES):
        search = search_for(centroids, scale, box, statistics.n_pixels)
        given = (pixels, space, scale, votes, search, n_colors, center, unit, one)
        sum_tile = partial(_sum_tile, *given)
        high, low = np.zeros((2, n_colors, n_channels + 1), np.int64)
        part = monitor.part(turn / MAX_PASSES, (turn + 1) / MAX_PASSES)
        summed = map_in_order(sum_tile, tiles)
        for sums in part.over("learn", summed, len(tiles)):
            high += sums // _LOW_BITS
            low += sums % _LOW_BITS
        totals = high.astype(object) * _LOW_BITS + low  # whole numbers of any length
        sizes = totals[:, -1]
        moved = centroids.copy()
        for k in range(n_fixed, n_colors):
            if sizes[k] > 0:
                for c in range(n_channels):
                    moved[k, c] = totals[k, c] * one / sizes[k] / unit + center[c]
        # What the error falls by when centroids move to the means, the pixels staying.
        steps = ((moved - centroids) ** 2).sum(axis=1)
        fall = float((sizes / one).astype(np.float64) @ steps) / (sizes.sum() / one)
        centroids = moved
        if fall <= tolerance * error:
            break
    return centroids


def _sum_tile(
    pixels: Pixels,
    space: ColorSpace,
    scale: float,
    votes: Votes | None,
    search: Search,
    n_colors: int,
    center: NDArray[np.float64],
    unit: float,
    one: float,
    tile: Tile,
) -> NDArray[np.int64]:
    """Sum the pixels nearest to each centroid, times their votes: (K, C + 1).

    The sums are those of scaled coordinates minus `center`, in units of 1 / `unit`, and
    in the last column those of the votes, in units of 1 / `one`.
    """
    values, valid = pixels.values(tile), pixels.valid(tile)
    coordinates = coordinates_in(space, values, valid)
    labels = np.empty(len(values), label_dtype(n_colors))
    search(coordinates, valid, labels)
    sums = np.zeros((n_colors + 1, coordinates.shape[1] + 1), np.int64)
    counted = _ALL_ALIKE if votes is None else votes.of(values)
    _add_up(coordinates, counted, scale, center, unit, one, labels, sums)
    return sums[1:]


@kernel
def _add_up(
    coordinates: Any,
    votes: Any,
    scale: float,
    center: Any,
    unit: float,
    one: float,
    labels: Any,
    sums: Any,
) -> None:
    n_channels = coordinates.shape[1]
    for i in range(coordinates.shape[0]):
        label = labels[i]
        if label != 0:
            vote = 1.0 if len(votes) == 0 else votes[i]
            sums[label, n_channels] += np.int64(np.rint(vote * one))
            for c in range(n_channels):
                x = coordinates[i, c] * scale - center[c]
                sums[label, c] += np.int64(np.rint(x * unit * vote))
