"""How far the pixels of an image are from the nearest of a few colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from napari_colorquant.core.color.sample import gather
from napari_colorquant.core.color.weighted_colors import common_scale, scaled_entries

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.spaces import ColorSpace
    from napari_colorquant.core.color.statistics import Statistics
    from napari_colorquant.core.image.pixels import Pixels

_MOST = 2**12
"""Pixels that are looked at: their mean squared distance is within some 3 % of all."""


class Nearest(NamedTuple):
    """The root of the mean squared distance in a space, and each entry's share, (K,).

    Both are of the pixels that are within a limit; the distance is None where none is.
    """

    distance: float | None
    shares: NDArray[np.float64]


def nearest_of(
    pixels: Pixels,
    statistics: Statistics,
    space: ColorSpace,
    colors: NDArray[np.float64],
    space_of_colors: ColorSpace | None = None,
    limit: float | None = None,
) -> Nearest:
    """Return how far valid pixels are from the nearest of some colours, (K, C).

    Of more than 4,096 pixels, as many are taken, spread over the image. limit: pixels
    that are farther do not count. space_of_colors: where the colours are, if that is
    not the space of the pixels, as of stains.
    """
    from scipy.spatial import cKDTree

    n_pixels = statistics.n_pixels
    ranks = spread_ranks(n_pixels, min(n_pixels, _MOST), np.random.RandomState(0))
    values = gather(pixels, statistics.valid_counts, ranks)
    scale = common_scale(space, statistics.magnitude, colors)
    entries = scaled_entries(space_of_colors or space, colors, scale)
    found, nearest = cKDTree(entries).query(space.forward(values) * scale)
    distances = found / scale
    if limit is not None:
        distances, nearest = distances[distances <= limit], nearest[distances <= limit]
    shares = np.bincount(nearest, minlength=len(colors)) / max(1, len(nearest))
    if not len(distances):
        return Nearest(None, shares)
    return Nearest(float(np.sqrt(np.mean(distances**2))), shares)


def spacing_of(space: ColorSpace, colors: NDArray[np.float64]) -> float:
    """Return how far colours, (K, C), are from the nearest other one: the median.

    It is 0 for one colour.
    """
    from scipy.spatial import cKDTree

    if len(colors) < 2:
        return 0.0
    scale = common_scale(space, float(np.abs(colors).max()), colors)
    entries = scaled_entries(space, colors, scale)
    found, _ = cKDTree(entries).query(entries, 2)
    return float(np.median(found[:, 1])) / scale


def spread_ranks(
    n: int, wanted: int, random: np.random.RandomState
) -> NDArray[np.int64]:
    """Return numbers below n in order: each as often as others, or one of each run."""
    if wanted >= n:
        return np.arange(wanted) * n // wanted
    places = (np.arange(wanted) + random.random_sample(wanted)) * (n / wanted)
    return np.minimum(places.astype(np.int64), n - 1)
