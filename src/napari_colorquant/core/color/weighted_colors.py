"""Colours with their pixels, to learn from: in their space, scaled, in a tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.codes import spread_bits
from napari_colorquant.core.color.spaces import power_of_two_scale
from napari_colorquant.core.color.tree import PointTree, build_tree

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.histogram import DistinctColors
    from napari_colorquant.core.color.sample import Sample
    from napari_colorquant.core.color.spaces import ColorSpace
    from napari_colorquant.core.color.votes import Votes

_MOST_BITS = 8
_CODE_BITS = 24
_FARTHEST = 2.0**200
"""Of the largest magnitude of the colours: an entry is taken to be no farther."""
_LEAST_SCALE = 2.0**-1000
"""Of the largest numbers there are: scaled, they are larger than 1."""


@dataclass(frozen=True, slots=True, eq=False)
class WeightedColors:
    """Hold colours in a space as points, which are (space * scale - center) * zoom.

    scale and zoom are powers of two. center and zoom let colours far from 0 and close
    to one another keep their digits when they are squared.
    """

    tree: PointTree
    space: ColorSpace
    scale: float
    center: NDArray[np.float64]
    zoom: float

    def forward(self, colors: NDArray[Any]) -> NDArray[np.float64]:
        """Return the points, (n, C), of colours in the image's own units."""
        scaled = scaled_entries(self.space, colors, self.scale)
        return (scaled - self.center) * self.zoom

    def backward(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the colours, in the image's own units, of points."""
        return self.space.backward(self.scaled(points) / self.scale)

    def scaled(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return points as scaled coordinates, as a search compares them."""
        return points / self.zoom + self.center


def weigh_colors(
    distinct: DistinctColors,
    space: ColorSpace,
    scale: float,
    votes: Votes | None = None,
) -> WeightedColors:
    """Return all colours of an image as points; scale: a power of two."""
    if space.is_plain:
        points = distinct.colors(scale)
    else:
        points = space.forward(distinct.colors()) * scale
    n_bits = distinct.n_bits * distinct.n_channels
    weights = distinct.counts
    if votes is not None:
        weights = weights * votes.of(distinct.colors())
    tree = build_tree(points, weights, distinct.codes, n_bits)
    return WeightedColors(tree, space, scale, np.zeros(points.shape[1]), 1.0)


def common_scale(
    space: ColorSpace, magnitude: float, entries: NDArray[np.float64]
) -> float:
    """Return the power of two that brings colours and entries to about 1 at most.

    magnitude: largest of the image's values. Entries more than 2^200 times as large do
    not count.
    """
    if space.largest:
        return power_of_two_scale(space.largest)
    farthest = min(float(np.abs(entries).max(initial=0)), magnitude * _FARTHEST)
    scale = power_of_two_scale(max(magnitude, farthest))
    if space.weights is None:
        return scale
    # A product of two scales, as that of two magnitudes may be infinite.
    return scale * power_of_two_scale(max(space.weights))


def scaled_entries(
    space: ColorSpace, entries: NDArray[Any], scale: float
) -> NDArray[np.float64]:
    """Return entries, (K, C), as scaled coordinates in a space, clipped to -1 and 1.

    Entries beyond 1 are nearest to no colour, and at their scale colours could not be
    told apart. At the smallest scale, nothing is clipped.
    """
    coordinates = space.forward(entries)
    if scale > _LEAST_SCALE:
        coordinates = np.clip(coordinates, -1 / scale, 1 / scale)
    return coordinates * scale


def weigh_sample(sample: Sample, space: ColorSpace, scale: float) -> WeightedColors:
    """Return a sample as points, ordered by codes of their places in their range."""
    points = space.forward(sample.colors) * scale
    center = points.min(axis=0) / 2 + points.max(axis=0) / 2
    points -= center
    zoom = power_of_two_scale(float(np.abs(points).max()))
    points *= zoom
    n_channels = points.shape[1]
    n_bits = max(1, min(_MOST_BITS, _CODE_BITS // n_channels))
    lows, highs = points.min(axis=0), points.max(axis=0)
    span = np.where(highs > lows, highs - lows, 1.0)
    places = ((points - lows) / span * (2**n_bits - 1)).astype(np.int64)
    coded = min(n_channels, _CODE_BITS)  # more channels than bits: the first ones
    spread = spread_bits(n_bits, coded)
    codes = np.zeros(len(points), np.uint32)
    for c in range(coded):
        codes |= spread[c][places[:, c]]
    order = np.argsort(codes, kind="stable")
    weights = np.ones(len(points)) if sample.weights is None else sample.weights
    tree = build_tree(points[order], weights[order], codes[order], n_bits * coded)
    return WeightedColors(tree, space, scale, center, zoom)
