"""The rows of a table as the engine sees them: centers learned, found and measured.

A table of N rows and F columns is an image of one axis with F channels of data. Equal
rows are merged, as equal pixels are, and their weights are added up.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.color_map import ColorMap
from napari_colorquant.core.color.codes import spread_bits
from napari_colorquant.core.color.sample import Sample
from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.core.color.weighted_colors import (
    WeightedColors,
    common_scale,
    weigh_colors,
    weigh_sample,
)
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.learn.fit import Fit, FitResult, prepare
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.palette.palette import Palette, label_dtype

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_TILE = 2**15
"""Rows that a thread works on at once."""


def learn_centers(
    rows: NDArray[Any], weights: NDArray[np.float64] | None, n_clusters: int, seed: int
) -> FitResult:
    """Learn centers of rows, (N, F); fewer where there are fewer distinct rows.

    weights: of each row, 0 or more, one of them above 0; None for 1. Every distinct row
    takes part, as with n_samples=None.
    """
    if weights is not None:
        takes_part = weights > 0
        rows, weights = rows[takes_part], weights[takes_part]
    # A palette has two colours at least, but one can be learned all the same.
    n_colors = max(n_clusters, 2)
    parameters = Parameters(n_colors=n_colors, n_samples=None, random_state=seed)
    learner = prepare(_see(rows), parameters, Monitor())
    if weights is not None:
        # A power of two, by which sums of weights stay exact and do not overflow.
        scaled = weights * power_of_two_scale(float(weights.max()))
        learner = replace(learner, points=_merged(rows, scaled, learner))
    return learner.learn(n_clusters, Monitor())


def _see(rows: NDArray[Any]) -> Pixels:
    return see_pixels(rows, channel_axis=1)


def _merged(
    rows: NDArray[Any], weights: NDArray[np.float64], learner: Fit
) -> WeightedColors:
    """Return distinct rows as points whose weights are sums, in place of counts."""
    statistics, space = learner.statistics, learner.space
    scale = common_scale(space, statistics.magnitude, learner.fixed)
    distinct = statistics.distinct
    if distinct is not None:
        codes = np.zeros(len(rows), np.uint32)
        spread = spread_bits(distinct.n_bits, distinct.n_channels)
        for column, of_column in zip(rows.T, spread, strict=True):
            codes |= of_column[column]
        places = np.searchsorted(distinct.codes, codes)
        sums = np.bincount(places, weights).astype(np.float64)
        return weigh_colors(replace(distinct, counts=sums), space, scale)
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    is_first = np.ones(len(rows), bool)
    is_first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    starts = np.flatnonzero(is_first)
    sums = np.add.reduceat(weights[order], starts)
    colors = ordered[starts].astype(np.float64)
    return weigh_sample(Sample(colors, sums, statistics.magnitude), space, scale)


def nearest_centers(
    rows: NDArray[Any], centers: NDArray[np.float64]
) -> NDArray[np.int32]:
    """Return the index of each row's nearest center, (N,); the lower one of ties."""
    pixels = _see(rows)
    color_map = ColorMap.of(Palette(centers), pixels, pixels)
    search = replace(color_map, n_pixels=len(rows)).pixel_search()
    labels = np.empty(len(rows), label_dtype(len(centers)))

    def find(tile: Tile) -> None:
        search(pixels.values(tile), None, labels[tile])

    for _ in map_in_order(find, pixels.tiles(_TILE)):
        pass
    return labels.astype(np.int32) - 1


def squared_error(
    rows: NDArray[Any],
    weights: NDArray[np.float64] | None,
    centers: NDArray[np.float64],
    nearest: NDArray[np.int32],
) -> float:
    """Return the sum of weighted squared distances of rows from their centers.

    nearest: the index of each row's center.
    """
    scale, scaled = _scaled(rows, centers)
    total = 0.0
    for part in _parts(len(rows)):
        apart = rows[part] * scale - scaled[nearest[part]]
        squares = np.einsum("ij,ij->i", apart, apart)
        total += float(squares.sum() if weights is None else squares @ weights[part])
    return total / scale / scale


def distances_from(
    rows: NDArray[Any], centers: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the Euclidean distance of each row from each center, (N, K)."""
    from scipy.spatial.distance import cdist

    scale, scaled = _scaled(rows, centers)
    distances = np.empty((len(rows), len(centers)))
    for part in _parts(len(rows)):
        cdist(rows[part] * scale, scaled, out=distances[part])
    with np.errstate(over="ignore"):  # of the largest floats it is infinite
        distances /= scale
    return distances


def _scaled(
    rows: NDArray[Any], centers: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return a power of two with which no square overflows, and the centers times it.

    The type of the scale is that of Python: rows of integers times it are float64.
    """
    largest = max(abs(float(end)) for end in (rows.max(), rows.min()))
    scale = power_of_two_scale(max(largest, float(np.abs(centers).max())))
    return scale, centers * scale


def _parts(n_rows: int) -> Iterator[slice]:
    for start in range(0, n_rows, _TILE):
        yield slice(start, start + _TILE)
