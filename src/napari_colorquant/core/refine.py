"""Lloyd's iterations over every pixel of an image, tile by tile.

For images whose colours are too many for a histogram. Sums are whole numbers, so the
result is the same to the last bit for any tiles and threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compiled import kernel
from napari_colorquant.core.palette import label_dtype
from napari_colorquant.core.scale import power_of_two_scale
from napari_colorquant.core.search import Searcher, searcher_between
from napari_colorquant.core.steps import retold
from napari_colorquant.core.tiled import Work, fold_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.pixels import Pixels, Tile
    from napari_colorquant.core.spaces import ColorSpace
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
    """Move centroids to the means of their nearest pixels; return them, (K, C).

    Centroids and error are scaled; the first n_fixed stay. It ends where the error
    falls by tolerance * error or less. Yields how much is done at least, 0 to 1.
    """
    n_tiles = len(pixels.tiles())
    n_colors, n_channels = centroids.shape
    for turn in range(MAX_PASSES):
        work = _Sums(
            searcher.space,
            searcher.scale,
            tuple(survey.lows.tolist()),
            tuple(survey.highs.tolist()),
            survey.n_pixels,
            centroids.tobytes(),
        )
        center, unit = work.units(searcher)
        folded = fold_steps(pixels, work)
        tell = partial(_part_done, turn, n_tiles)
        high, low, sizes = yield from retold(folded, tell)
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


def _part_done(turn: int, n_tiles: int, n_done: int) -> float:
    return (turn + n_done / n_tiles) / MAX_PASSES


@dataclass(frozen=True, slots=True)
class _Sums(Work["tuple[NDArray[np.int64], ...]"]):
    """Sums of the pixels nearest to each centroid, in whole numbers.

    scale: that of the searcher; lows, highs: of each channel of the image; n_pixels:
    valid ones; centroids: scaled, float64 as bytes.
    """

    space: ColorSpace
    scale: float
    lows: tuple[float, ...]
    highs: tuple[float, ...]
    n_pixels: int
    centroids: bytes

    def units(self, searcher: Searcher) -> tuple[NDArray[np.float64], float]:
        """Return the scaled center to subtract, and the factor to whole numbers."""
        lows, highs = (corner * self.scale for corner in searcher.corners())
        unit = _ONE * power_of_two_scale(float((highs / 2 - lows / 2).max()))
        return lows / 2 + highs / 2, unit

    def prepare(self) -> Callable[[Pixels, Tile], tuple[NDArray[np.int64], ...]]:
        """Return what sums a tile: high and low parts (K, C), and sizes (K,)."""
        n_channels = len(self.lows)
        # A copy: to a compiler, a read-only array is another type.
        centroids = np.frombuffer(self.centroids).reshape(-1, n_channels).copy()
        searcher = searcher_between(
            self.space, self.scale, self.lows, self.highs, self.n_pixels
        )
        search = searcher.search(centroids)
        center, unit = self.units(searcher)
        n_labels = len(centroids) + 1
        dtype = label_dtype(len(centroids))

        def add_up(pixels: Pixels, tile: Tile) -> tuple[NDArray[np.int64], ...]:
            values, valid = pixels.values(tile), pixels.valid(tile)
            coordinates = searcher.coordinates(values, valid)
            labels = np.empty(len(values), dtype)
            search(coordinates, valid, labels)
            sums = np.zeros((n_labels, n_channels), np.int64)
            sizes = np.zeros(n_labels, np.int64)
            _add_up(coordinates, self.scale, center, unit, labels, sums, sizes)
            return sums[1:] // _LOW_BITS, sums[1:] % _LOW_BITS, sizes[1:]

        return add_up

    def merge(
        self, parts: Sequence[tuple[NDArray[np.int64], ...]]
    ) -> tuple[NDArray[np.int64], ...]:
        """Return the sums of all parts: exact, so the same in any order."""
        return tuple(reduce(np.add, arrays) for arrays in zip(*parts, strict=True))


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
