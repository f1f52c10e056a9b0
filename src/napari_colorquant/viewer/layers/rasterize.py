"""Labels and shapes on the grid of an image, computed where it is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.blocks import occupied
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.viewer.layers.layer_properties import levels_of, unread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels, Layer, Shapes
    from numpy.typing import NDArray

_BLOCK = 2**20
"""Pixels whose places are computed at once."""
_SIDE = 32
"""Pixels of the sides of the boxes that labels are looked for in."""
_TINY = 1e-9
"""Of a pixel: what rounding makes of places that are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """A region on the grid of an image, computed where it is asked for.

    matrix (m, n) and origin (m,) lead from pixels to the region's data. find takes m
    arrays of places there; boxes returns lows and highs (n_boxes, m) around all labels.
    """

    shape: tuple[int, ...]
    matrix: NDArray[np.float64]
    origin: NDArray[np.float64]
    find: Callable[[list[Any]], NDArray[np.int64]]
    boxes: Callable[[], tuple[NDArray[Any], NDArray[Any]]]

    @property
    def dtype(self) -> np.dtype[np.int64]:
        """The dtype of the labels."""
        return np.dtype(np.int64)

    @property
    def ndim(self) -> int:
        """Number of axes of the grid."""
        return len(self.shape)

    @property
    def whole(self) -> tuple[slice, ...]:
        """All of the grid."""
        return tuple(slice(0, n) for n in self.shape)

    def __getitem__(self, tile: tuple[slice, ...]) -> NDArray[np.int64]:
        """Return the labels of a part of the grid, read-only, as dask asks for them."""
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

    def reached(self, chunks: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
        """Return a bool for each block of these sizes: False outside of all boxes."""
        found = np.zeros([len(sizes) for sizes in chunks], bool)
        ends = [np.cumsum(sizes) for sizes in chunks]
        starts = [end - sizes for end, sizes in zip(ends, chunks, strict=True)]
        lows, highs = self._boxes_on_grid()
        bounds = [*zip(ends, lows.T, strict=True), *zip(starts, highs.T, strict=True)]
        numbers = [np.searchsorted(a, places, side="right") for a, places in bounds]
        # Many boxes lie in the same blocks.
        for first, stop in np.unique(np.transpose(numbers), axis=0).reshape(
            -1, 2, self.ndim
        ):
            found[tuple(map(slice, first, stop))] = True
        return found

    def _boxes_on_grid(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the first and the last pixels of the boxes, each (n_boxes, n)."""
        lows, highs = self.boxes()
        firsts = np.zeros((len(lows), self.ndim))
        lasts = firsts + np.array(self.shape) - 1
        # What a place depends on; along other axes all slices are the same.
        axes = np.flatnonzero((np.abs(self.matrix) > _TINY).any(axis=0))
        matrix = self.matrix[:, axes]
        if matrix.shape[0] == matrix.shape[1] and np.linalg.det(matrix):
            back = np.linalg.inv(matrix)
            one, two = (
                back * (corners - self.origin)[:, np.newaxis]
                for corners in (lows, highs)
            )
            # The box around a turned box.
            firsts[:, axes] = np.floor(np.minimum(one, two).sum(axis=2))
            lasts[:, axes] = np.ceil(np.maximum(one, two).sum(axis=2))
        return firsts, lasts


def on_grid(
    region: Labels | Shapes,
    layer: Image | Labels,
    shape: Sequence[int] | None = None,
    numbers: Sequence[int] | None = None,
) -> Grid:
    """Return a region on the grid of an image, not computed yet.

    shape: of a level without channels, the largest by default. numbers: of the shapes
    that count, from 1, by default all. ValueError if the region has more axes than the
    image or open shapes, TypeError if it is of another type.
    """
    from napari.layers import Labels, Shapes

    if not isinstance(region, Labels | Shapes):
        name = getattr(region, "name", None)
        what = type(region).__name__ if name is None else repr(name)
        raise TypeError(f"{what} is no region: pass a labels layer or a shapes layer.")
    if region.ndim > layer.ndim:
        raise ValueError(
            f"the region {region.name!r} has {region.ndim} axes and the image "
            f"{layer.name!r} {layer.ndim}: pass a region of as many axes or fewer."
        )
    matrix, origin = _pixels_to_data(layer, region)
    largest = tuple(levels_of(layer)[0].shape[: layer.ndim])
    shape = largest if shape is None else tuple(shape)
    steps = np.array(largest) / np.array(shape)
    if isinstance(region, Labels):
        find, boxes = _found_labels(region)
    else:
        find, boxes = _in_shapes(region, numbers)
    return Grid(shape, matrix * steps, origin, find, boxes)  # of a level's pixels


def apart(region: Shapes) -> list[list[int]]:
    """Return the numbers of all shapes, from 1, in groups that do not overlap."""
    corners = [np.asarray(one, np.float64) for one in region.data]
    # A shape reaches half a pixel further: into the slice that is nearest.
    boxes = [(one.min(axis=0) - 0.5, one.max(axis=0) + 0.5) for one in corners]
    groups: list[list[int]] = []
    for number, (low, high) in enumerate(boxes, 1):
        for group in groups:
            others = [boxes[other - 1] for other in group]
            lows, highs = (np.array(ends) for ends in zip(*others, strict=True))
            if not ((lows <= high) & (low <= highs)).all(axis=1).any():
                group.append(number)
                break
        else:
            groups.append([number])
    return groups


def lies_outside(region: Labels | Shapes, layer: Image | Labels) -> bool:
    """Return whether the boxes of a region and of an image are apart; compute nothing.

    True also if the region has more axes, False if nothing has been drawn yet. The
    image must be without an axis of channels.
    """
    if region.ndim > layer.ndim:
        return True
    matrix, origin = _pixels_to_data(layer, region)
    ends = matrix * (np.array(levels_of(layer)[0].shape[: layer.ndim]) - 1)
    lows = origin + np.minimum(ends, 0).sum(axis=1)
    highs = origin + np.maximum(ends, 0).sum(axis=1)
    firsts, lasts = region.extent.data
    # What is nearer than half a pixel is inside.
    return bool(np.any(lows > lasts + 0.5) or np.any(highs < firsts - 0.5))


def to_world(layer: Layer) -> NDArray[np.float64]:
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
    layer: Image | Labels, region: Layer
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the way from pixels of an image to a region's: a matrix, and a shift."""
    ndim = region.ndim
    units = np.array(
        [_factor(a, b) for a, b in zip(layer.units[-ndim:], region.units, strict=True)]
    )
    in_world = to_world(layer)[-ndim - 1 : -1] * units[:, np.newaxis]
    to_data = np.linalg.inv(to_world(region))
    matrix = to_data[:-1, :-1] @ in_world
    return matrix[:, :-1], matrix[:, -1] + to_data[:-1, -1]


def _factor(unit: Any, other: Any) -> float:
    """Return one unit in another; 1 where they measure different things.

    The viewer does the same: it then shows numbers as they are.
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
_Boxes = Callable[[], "tuple[NDArray[Any], NDArray[Any]]"]


def _found_labels(region: Labels) -> tuple[_Find, _Boxes]:
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

    def boxes() -> tuple[NDArray[Any], NDArray[Any]]:
        shape = np.array(data.shape)
        if is_lazy(data) or 0 in data.shape:
            return np.full((1, data.ndim), -1), shape[np.newaxis]
        sides = [np.diff(np.r_[0:n:_SIDE, n]).tolist() for n in data.shape]
        corners = _SIDE * np.argwhere(occupied(data, sides))
        # A label reaches half a pixel further.
        return corners - 1, np.minimum(corners + _SIDE, shape)

    return find, boxes


def _in_shapes(region: Shapes, numbers: Sequence[int] | None) -> tuple[_Find, _Boxes]:
    if open_ones := {"line", "path"}.intersection(region.shape_type):
        raise ValueError(
            f"the region {region.name!r} has a shape of the type {min(open_ones)!r}, "
            "which surrounds nothing: draw polygons, rectangles or ellipses."
        )
    pairs = zip(region.shape_type, region.data, strict=True)
    shapes = [
        (number, kind, np.asarray(corners, np.float64))
        for number, (kind, corners) in enumerate(pairs, 1)
        if numbers is None or number in numbers
    ]

    def find(places: list[NDArray[np.float64]]) -> NDArray[np.int64]:
        found = np.zeros(_joint_shape(places), np.int64)
        for number, kind, corners in shapes:
            found[_inside(kind, corners, places)] = number
        return found

    def boxes() -> tuple[NDArray[Any], NDArray[Any]]:
        # Shapes of many axes are in whole slices.
        lows = [corners.min(axis=0) - 1 for *_, corners in shapes]
        highs = [corners.max(axis=0) + 1 for *_, corners in shapes]
        empty = (len(shapes), region.ndim)
        return np.reshape(lows, empty), np.reshape(highs, empty)

    return find, boxes


def _inside(
    kind: str, corners: NDArray[np.float64], places: list[NDArray[np.float64]]
) -> NDArray[np.bool_]:
    """Return which places lie in a shape, edges included."""
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
