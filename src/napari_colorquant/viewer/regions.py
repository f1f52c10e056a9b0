"""Regions: labels and shapes as masks on the grid of an image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.arrays import is_lazy
from napari_colorquant.viewer.layer_parts import levels_of, one_channel, unread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels, Layer, Shapes
    from numpy.typing import NDArray

    from napari_colorquant.core.lazy_seeds import LazySeeds

_BLOCK = 2**20
"""Pixels whose places are computed at once."""
_TINY = 1e-9
"""Of a pixel: what rounding makes of places that are the same."""


def region_labels(
    region: Labels | Shapes, layer: Image, shape: Sequence[int] | None = None
) -> NDArray[np.int64]:
    """Return which label of a region each pixel of an image lies in.

    A pixel is where its centre is in the world; where layers have units that can be
    converted, they are. A region of fewer axes than the image applies to all slices.

    Parameters
    ----------
    region : napari.layers.Labels or napari.layers.Shapes
        Labels, of which the nearest pixel counts (of a multiscale layer, that of the
        largest level); or closed shapes, edges included: numbered from 1, the later
        ones on top. Shapes of more axes than two apply to the slices that they are in.
    layer : napari.layers.Image
        The image.
    shape : sequence of int, optional
        Shape of one of its levels, without channels; by default of the largest one.

    Returns
    -------
    ndarray of int64
        Of that shape; 0 outside. Read-only where all slices are the same.

    Raises
    ------
    TypeError
        If the region is no labels or shapes layer.
    ValueError
        If it has more axes than the image, or shapes that surround nothing.
    """
    grid = _on_grid(region, layer, _shape(layer) if shape is None else tuple(shape))
    return grid.labels(_whole(grid))


@dataclass(frozen=True, slots=True, eq=False)
class _Grid:
    """A region on the grid of an image, computed where it is asked for.

    Parameters
    ----------
    shape : tuple of int
        Of the grid.
    matrix : ndarray of float64, shape (m, n)
        From pixels of the grid, of n axes, to data of the region, of m.
    origin : ndarray of float64, shape (m,)
        Where the first pixel is.
    find : callable
        Takes m arrays of places in the region's data; returns the labels there.
    bounds : callable
        Returns where anything is in the region's data, the lowest and the highest
        places: two arrays of m, or None where nothing is.
    """

    shape: tuple[int, ...]
    matrix: NDArray[np.float64]
    origin: NDArray[np.float64]
    find: Callable[[list[Any]], NDArray[np.int64]]
    bounds: Callable[[], tuple[Any, Any] | None]

    @property
    def dtype(self) -> np.dtype[np.bool_]:
        """What the slices of a mask are made of."""
        return np.dtype(bool)

    @property
    def ndim(self) -> int:
        """Number of axes of the grid."""
        return len(self.shape)

    def __getitem__(self, tile: tuple[slice, ...]) -> NDArray[np.bool_]:
        """Return a part of the mask, as dask asks for it."""
        return self.labels(tile) > 0

    def labels(self, tile: tuple[slice, ...]) -> NDArray[np.int64]:
        """Return the labels of a part of the grid."""
        bounds = [part.indices(n)[:2] for part, n in zip(tile, self.shape, strict=True)]
        # Axes that make no difference are looked at once.
        reach = np.abs(self.matrix) * np.array(self.shape)
        matters = (reach > _TINY).any(axis=0)
        sizes = [end - start for start, end in bounds]
        reduced = [
            n if there else min(n, 1) for n, there in zip(sizes, matters, strict=True)
        ]
        found = np.zeros(reduced, np.int64)
        height = max(1, _BLOCK // max(1, int(np.prod(reduced[1:]))))
        for first in range(0, reduced[0], height):
            block = found[first : first + height]
            axes = list(np.ogrid[tuple(slice(0, n) for n in block.shape)])
            axes[0] = axes[0] + first
            axes = [axis + start for axis, (start, _) in zip(axes, bounds, strict=True)]
            # Of a layer that is not turned, a place depends on one axis: it is kept so.
            places = [
                sum(
                    (a * axis for a, axis in zip(row, axes, strict=True) if a),
                    start=np.full((1,) * block.ndim, at),
                )
                for row, at in zip(self.matrix, self.origin, strict=True)
            ]
            block[...] = self.find(places)
        return np.broadcast_to(found, sizes)

    def reach(self) -> tuple[slice, ...]:
        """Return a part of the grid outside of which nothing is."""
        bounds = self.bounds()
        if bounds is None:
            return (slice(0, 0),) * self.ndim
        whole = [slice(0, n) for n in self.shape]
        # What a place depends on; along other axes all slices are the same.
        axes = np.flatnonzero((np.abs(self.matrix) > _TINY).any(axis=0))
        matrix = self.matrix[:, axes]
        if matrix.shape[0] != matrix.shape[1] or not np.linalg.det(matrix):
            return tuple(whole)
        corners = np.array(list(product(*zip(*bounds, strict=True))))
        pixels = (corners - self.origin) @ np.linalg.inv(matrix).T
        lows = np.floor(pixels.min(axis=0)).astype(int)
        highs = np.ceil(pixels.max(axis=0)).astype(int) + 1
        for axis, low, high in zip(axes, lows, highs, strict=True):
            n = self.shape[axis]
            whole[axis] = slice(*np.clip((low, high), 0, n).tolist())
        return tuple(whole)


def _on_grid(region: Labels | Shapes, layer: Image, shape: tuple[int, ...]) -> _Grid:
    from napari.layers import Labels, Shapes

    if not isinstance(region, Labels | Shapes):
        name = getattr(region, "name", None)
        what = type(region).__name__ if name is None else repr(name)
        raise TypeError(
            f"{what} is no region: choose a labels layer or a shapes layer."
        )
    if region.ndim > layer.ndim:
        raise ValueError(
            f"the region {region.name!r} has {region.ndim} axes and the image "
            f"{layer.name!r} {layer.ndim}: choose a region of as many axes or fewer."
        )
    matrix, origin = _pixels_to_data(layer, region)
    steps = np.array(_shape(layer)) / np.array(shape)
    look = _found_labels if isinstance(region, Labels) else _in_shapes
    return _Grid(shape, matrix * steps, origin, *look(region))  # of a level's pixels


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A region as it was when it was taken, for the levels of an image.

    Taking it takes no time; computing it does, and may be done in any thread.

    Parameters
    ----------
    name : str
        The layer's name.
    grids : tuple
        The region on the grid of each level, the largest first, not computed yet.
    chunks : tuple
        Sizes of the blocks of each level that is lazy; None for the others.
    """

    name: str
    grids: tuple[_Grid, ...]
    chunks: tuple[Any, ...]

    def masks(self) -> list[Any]:
        """Compute where the region is.

        Returns
        -------
        list of ndarray of bool, or of dask.array.Array of bool
            True inside, one array a level, without channels. Lazy where the level is,
            in its blocks: a mask of a slide may be larger than memory.
        """
        return [
            grid[_whole(grid)] if chunks is None else _lazily(grid, chunks, bool)
            for grid, chunks in zip(self.grids, self.chunks, strict=True)
        ]

    def labels(self) -> NDArray[np.int64] | LazySeeds:
        """Compute which label each pixel of the largest level lies in.

        Returns
        -------
        ndarray of int64, or LazySeeds
            See :func:`region_labels`. Lazy where the level is, in its blocks.
        """
        grid, chunks = self.grids[0], self.chunks[0]
        if chunks is None:
            return grid.labels(_whole(grid))
        from napari_colorquant.core.lazy_seeds import LazySeeds

        return LazySeeds(_lazily(_Numbers(grid), chunks, np.int64), grid.reach())


def take_region(
    region: Labels | Shapes | None, layer: Image, channel_axis: int | None = None
) -> Region | None:
    """Take a region for the levels of an image.

    Parameters
    ----------
    region : napari.layers.Labels or napari.layers.Shapes, or None
        See :func:`region_labels`; None for none.
    layer : napari.layers.Image
        The image.
    channel_axis : int, optional
        Axis of the image that holds channels, which the region's grids have not.

    Returns
    -------
    Region or None
        A copy of what is painted or drawn, so that the user may go on.

    Raises
    ------
    TypeError
        As :func:`region_labels`.
    ValueError
        As :func:`region_labels`, or if there is no such axis.
    """
    if region is None:
        return None
    if channel_axis is not None:
        layer = one_channel(layer, channel_axis)
    grids, chunks = [], []
    for level in levels_of(layer):
        grids.append(_on_grid(region, layer, tuple(level.shape[: layer.ndim])))
        lazy = is_lazy(level)
        chunks.append(unread(level).chunks[: layer.ndim] if lazy else None)
    return Region(region.name, tuple(grids), tuple(chunks))


def _whole(grid: _Grid) -> tuple[slice, ...]:
    return tuple(slice(0, n) for n in grid.shape)


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The labels of a region, as dask asks for them."""

    grid: _Grid

    @property
    def shape(self) -> tuple[int, ...]:
        return self.grid.shape

    @property
    def dtype(self) -> np.dtype[np.int64]:
        return np.dtype(np.int64)

    @property
    def ndim(self) -> int:
        return self.grid.ndim

    def __getitem__(self, tile: tuple[slice, ...]) -> NDArray[np.int64]:
        return self.grid.labels(tile)


def _lazily(grid: _Grid | _Numbers, chunks: Any, dtype: Any) -> Any:
    import dask.array as da

    return da.from_array(
        grid,
        chunks=chunks,
        name=False,  # or it would try to tell grids apart by what they hold
        asarray=False,
        meta=np.empty((0,) * grid.ndim, dtype),
    )


def _shape(layer: Image) -> tuple[int, ...]:
    return tuple(levels_of(layer)[0].shape[: layer.ndim])


def _to_world(layer: Layer) -> NDArray[np.float64]:
    """Return the matrix from a layer's pixels to the world."""
    from napari.utils.transforms import CompositeAffine

    own = CompositeAffine(
        scale=layer.scale,
        translate=layer.translate,
        rotate=layer.rotate,
        shear=layer.shear,
        ndim=layer.ndim,
    )
    matrix: NDArray[np.float64] = layer.affine.affine_matrix @ own.affine_matrix
    return matrix


def _pixels_to_data(
    layer: Image, region: Layer
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the way from pixels of an image to a region's: a matrix, and a shift."""
    ndim = region.ndim
    units = np.array(
        [_factor(a, b) for a, b in zip(layer.units[-ndim:], region.units, strict=True)]
    )
    to_world = _to_world(layer)[-ndim - 1 : -1] * units[:, np.newaxis]
    to_data = np.linalg.inv(_to_world(region))
    matrix = to_data[:-1, :-1] @ to_world
    return matrix[:, :-1], matrix[:, -1] + to_data[:-1, -1]


def _factor(unit: Any, other: Any) -> float:
    """Return one unit in another; 1 where they measure different things.

    So does the viewer: it then shows numbers as they are.
    """
    from pint import DimensionalityError

    try:
        return float((1.0 * unit).to(other).magnitude)
    except (DimensionalityError, ValueError):
        return 1.0


def _nearest(places: NDArray[np.float64]) -> NDArray[np.int64]:
    """Round halves up, all of them: `rint` would make stripes of them."""
    return np.floor(places + (0.5 + _TINY)).astype(np.int64)


def _joint_shape(places: Sequence[NDArray[np.float64]]) -> tuple[int, ...]:
    return np.broadcast_shapes(*(place.shape for place in places))


_Find = Callable[[list[Any]], "NDArray[np.int64]"]
_Bounds = Callable[[], "tuple[Any, Any] | None"]


def _found_labels(region: Labels) -> tuple[_Find, _Bounds]:
    largest = levels_of(region)[0]
    # The user may go on painting while it is looked up.
    data: Any = unread(largest) if is_lazy(largest) else np.array(largest)

    def look_up(pixels: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        if not is_lazy(data):
            return np.asarray(data[tuple(pixels)])
        # Read no more than there is between them.
        lows = [int(pixel.min()) for pixel in pixels]
        highs = [int(pixel.max()) + 1 for pixel in pixels]
        part = data[tuple(map(slice, lows, highs))].compute(scheduler="synchronous")
        near = tuple(pixel - low for pixel, low in zip(pixels, lows, strict=True))
        return np.asarray(part[near])

    def find(places: list[NDArray[np.float64]]) -> NDArray[np.int64]:
        if 0 in data.shape:
            return np.zeros((), np.int64)
        index, outside = [], np.zeros((), bool)
        for place, n in zip(places, data.shape, strict=True):
            pixel = _nearest(place)
            index.append(np.clip(pixel, 0, n - 1))
            outside = outside | (pixel != index[-1])
        return np.where(outside, 0, look_up(index))

    def bounds() -> tuple[Any, Any] | None:
        if is_lazy(data):
            return np.full(data.ndim, -1), np.array(data.shape)
        painted = data != 0
        lows, highs = [], []
        for axis in range(data.ndim):
            others = tuple(i for i in range(data.ndim) if i != axis)
            places = np.flatnonzero(painted.any(axis=others))
            if not len(places):
                return None
            lows.append(places[0] - 1)  # a label reaches half a pixel further
            highs.append(places[-1] + 1)
        return np.array(lows), np.array(highs)

    return find, bounds


def _in_shapes(region: Shapes) -> tuple[_Find, _Bounds]:
    if open_ones := {"line", "path"}.intersection(region.shape_type):
        raise ValueError(
            f"the region {region.name!r} has a shape of the type {min(open_ones)!r}, "
            "which surrounds nothing: draw polygons, rectangles or ellipses."
        )
    shapes = [
        (kind, np.asarray(corners, np.float64))
        for kind, corners in zip(region.shape_type, region.data, strict=True)
    ]

    def find(places: list[NDArray[np.float64]]) -> NDArray[np.int64]:
        found = np.zeros(_joint_shape(places), np.int64)
        for number, (kind, corners) in enumerate(shapes, 1):
            found[_inside(kind, corners, places)] = number
        return found

    def bounds() -> tuple[Any, Any] | None:
        if not shapes:
            return None
        corners = np.concatenate([corners for _, corners in shapes])
        # Shapes of many axes are in whole slices.
        return corners.min(axis=0) - 1, corners.max(axis=0) + 1

    return find, bounds


def _inside(
    kind: str, corners: NDArray[np.float64], places: list[NDArray[np.float64]]
) -> NDArray[np.bool_]:
    """Tell which places lie in a shape, edges included."""
    from skimage.measure import points_in_poly

    lows, highs = corners.min(axis=0), corners.max(axis=0)
    flat = [axis for axis in range(len(lows)) if highs[axis] > lows[axis]]
    plane = flat[-2:] if len(flat) > 1 else list(range(len(lows)))[-2:]
    inside = np.ones(_joint_shape(places), bool)
    for axis, place in enumerate(places):
        if axis in plane:
            inside &= (place >= lows[axis] - _TINY) & (place <= highs[axis] + _TINY)
        else:  # the slices that it is in
            pixel = _nearest(place)
            first, last = _nearest(lows[[axis]])[0], _nearest(highs[[axis]])[0]
            inside &= (pixel >= first) & (pixel <= last)
    whole = [np.broadcast_to(places[axis], inside.shape) for axis in plane]
    points = np.stack([place[inside] for place in whole], axis=1)
    corners = corners[:, plane]
    if kind == "ellipse":
        center = corners.mean(axis=0)
        # In units of its half axes, an ellipse is a circle.
        axes = np.stack([corners[1] - corners[0], corners[3] - corners[0]], axis=1) / 2
        circle = (points - center) @ np.linalg.pinv(axes).T
        within = (circle**2).sum(axis=1) <= 1 + _TINY
    else:
        within = np.asarray(points_in_poly(points, corners), bool)
    inside[inside] = within
    return inside
