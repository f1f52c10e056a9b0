"""Lloyd's iterations over every pixel of an image, tile by tile.

For images whose colours are too many for a histogram. Sums are taken in whole numbers,
so that the result is the same to the last bit whatever the tiles and the threads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from napari_colorquant.core.palette import label_dtype
from napari_colorquant.core.parallel import map_in_order
from napari_colorquant.core.scale import power_of_two_scale

if TYPE_CHECKING:
    from collections.abc import Generator

    from numpy.typing import NDArray

    from napari_colorquant.core.pixels import Pixels, Tile
    from napari_colorquant.core.search import Searcher
    from napari_colorquant.core.survey import Survey

MAX_PASSES = 10
"""Most times that every pixel is looked at."""
_ONE = 2.0**40
"""What half the range of the values is counted as. A tile's sum fits into 64 bits."""
_LOW_BITS = 2**32


def refine_steps(
    pixels: Pixels,
    survey: Survey,
    searcher: Searcher,
    centroids: NDArray[np.float64],
    *,
    n_fixed: int,
    error: float,
    tolerance: float,
) -> Generator[float, None, NDArray[np.float64]]:
    """Move centroids to the means of the pixels nearest to them, again and again.

    Parameters
    ----------
    pixels : Pixels
        The image.
    survey : Survey
        What it is like.
    searcher : Searcher
        The space that colours are compared in, and its scale.
    centroids : ndarray of float64, shape (K, C)
        Where to start, scaled; the first `n_fixed` never move.
    n_fixed : int
        Centroids that may not move.
    error : float
        About the mean squared distance of a pixel, scaled.
    tolerance : float
        Fall of the error, as a fraction of it, that is too small to go on for.

    Yields
    ------
    float
        How much is done at least, 0 to 1, after each tile.

    Returns
    -------
    ndarray of float64, shape (K, C)
        The centroids.
    """
    tiles = pixels.tiles()
    n_colors, n_channels = centroids.shape
    dtype = label_dtype(n_colors)
    lows, highs = (corner * searcher.scale for corner in searcher.corners())
    center = lows / 2 + highs / 2
    unit = _ONE * power_of_two_scale(float((highs / 2 - lows / 2).max()))
    for turn in range(MAX_PASSES):
        search = searcher.search(centroids)

        def add_up(
            tile: Tile, search: Any = search
        ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
            values, valid = pixels.values(tile), pixels.valid(tile)
            coordinates = searcher.coordinates(values, valid)
            labels = np.empty(len(values), dtype)
            search(coordinates, valid, labels)
            sums = np.zeros((n_colors + 1, n_channels), np.int64)
            sizes = np.zeros(n_colors + 1, np.int64)
            _add_up(coordinates, searcher.scale, center, unit, labels, sums, sizes)
            return sums[1:], sizes[1:]

        high = np.zeros((n_colors, n_channels), np.int64)
        low, sizes = high.copy(), np.zeros(n_colors, np.int64)
        for done, (sums, counts) in enumerate(map_in_order(add_up, tiles), 1):
            high += sums // _LOW_BITS
            low += sums % _LOW_BITS
            sizes += counts
            yield (turn + done / len(tiles)) / MAX_PASSES
        moved = centroids.copy()
        for k in range(n_fixed, n_colors):
            if sizes[k] > 0:
                for c in range(n_channels):  # whole numbers of any length
                    total = int(high[k, c]) * _LOW_BITS + int(low[k, c])
                    moved[k, c] = total / int(sizes[k]) / unit + center[c]
        # What the error falls by when centroids move to the means, the pixels staying.
        fall = float(sizes @ ((moved - centroids) ** 2).sum(axis=1)) / survey.n_pixels
        centroids = moved
        if fall <= tolerance * error:
            break
    return centroids


@njit(nogil=True, cache=True)
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
