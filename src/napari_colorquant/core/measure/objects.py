"""The connected objects of each entry or class, and what they measure.

All objects are measured at once, axis by axis, and not one after another: images have
a hundred thousand of them. Only the surfaces of volumes are made one by one.
"""

from __future__ import annotations

from math import pi, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.arguments import shown, whole_number
from napari_colorquant.core.compute.wording import Argument, Sentence
from napari_colorquant.core.image.pixels import see_pixels, tiles_of
from napari_colorquant.core.image.validate import is_lazy, see_array
from napari_colorquant.core.measure.regions import check_numbers
from napari_colorquant.core.measure.rows import (
    check_by,
    check_measured,
    rows_of,
)
from napari_colorquant.core.measure.units import PixelSize, size_of_pixel
from napari_colorquant.core.palette.table import channel_names
from napari_colorquant.core.quantization.result import channel_axis_between

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.image.pixels import Tile
    from napari_colorquant.core.measure.rows import Rows
    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )

_TILE_PIXELS = 2**22
"""Pixels that are summed at once: each costs some numbers of 64 bits."""

# Benkrid and Crookes, "Design and FPGA implementation of a perimeter estimator", 2000,
# as scikit-image does it: a border pixel counts by how many others of the border are
# beside it (2 each) and at its corners (10 each).
_STRAIGHT = (5, 7, 15, 17, 25, 27)
_DIAGONAL = (21, 33)
_BETWEEN = (13, 23)


def measure_objects(
    q: Quantization | SliceQuantization,
    image: ArrayLike | None = None,
    *,
    min_pixels: int = 1,
    connectivity: int = 1,
    scale: float | Sequence[float] | None = None,
    units: str | Sequence[str] | None = None,
    by: str = "entry",
) -> tuple[NDArray[np.int32], pd.DataFrame]:
    """Find the connected objects of each palette entry, or class, and measure them.

    Objects are found by ``skimage.measure.label``: pixels of one entry, or class, that
    touch. Their numbers follow the place of their first pixel, row by row. Numbers of
    pixels, centroids, boxes, diameters, eccentricities and perimeters are those of
    ``skimage.measure.regionprops``.

    Parameters
    ----------
    q : Quantization or SliceQuantization
        What :func:`napari_colorquant.quantize`, ``apply_palette`` or
        ``quantize_slices`` returned, of two or three axes, in memory.
    image : array_like, optional
        An image in memory whose channels are averaged over each object: the one that
        was quantized, or another one of its shape without the channels.
    min_pixels : int
        Smaller objects are left out.
    connectivity : int
        How many steps along different axes lead to a neighbour: 1 for pixels that share
        a side, up to the number of axes for those that share a corner.
    scale : float or sequence of float, optional
        The size of a pixel: one for all axes, or one for each.
    units : str or sequence of str, optional
        The unit of `scale`, of length, as for :func:`measure_areas`.
    by : {"entry", "class"}
        What an object is of. Entries without a class stand alone by class, too.

    Returns
    -------
    labels : ndarray of int32
        Shape of the labels: the number of each object, from 1, and 0 elsewhere.
    table : pandas.DataFrame
        One row an object, with the columns

        - ``label``: its number;
        - ``entry``, ``name``, ``class``: of the palette, as in :func:`measure_areas`;
        - ``pixels``, ``area``, ``unit``: the area, or volume, and its unit;
        - ``centroid-0``, ...: the mean place of its pixels, from that of the first
          pixel of the image, in units of length;
        - ``perimeter`` (two axes): the length of a line through the centres of its
          border, empty (NaN) where pixels are not square; or ``surface`` (three axes):
          the area of the mesh that ``skimage.measure.marching_cubes`` makes of it at
          the level 0.5;
        - ``equivalent_diameter``: of a circle, or sphere, of its area;
        - ``eccentricity`` (two axes): of the ellipse with its second moments;
        - ``bbox-0``, ...: its first row, column, ..., and then the ends of these
          (exclusive), in pixels;
        - ``mean-NAME``: where the image is passed, the mean of each channel: red, green
          and blue, value, or channel 0, 1, ....

    Raises
    ------
    TypeError
        If `q` is no quantization, or something else is of a wrong type.
    ValueError
        If the labels are lazy, or of other than two or three axes, the image does not
        fit them, or a number, size or unit is out of range.

    Examples
    --------
    >>> q = edit(quantize(image, 4), image, Classify([0, 1], "nuclei"))
    >>> objects, table = measure_objects(q, image, min_pixels=20, by="class")
    """
    q = check_measured(q)
    ndim = q.labels.ndim
    if is_lazy(q.labels):
        raise ValueError(
            "the labels are lazy, and objects are found in memory: quantize a part of "
            "the image, or pass dataclasses.replace(q, labels=q.labels.compute())."
        )
    if ndim not in (2, 3):
        noun = "axis" if ndim == 1 else "axes"
        raise ValueError(
            f"the labels have {ndim} {noun}, and objects have two or three: quantize "
            "one image, or volume, of them."
        )
    size = _size_of(scale, units, ndim)
    least = _in_range(min_pixels, "min_pixels", 1, None)
    steps = _in_range(connectivity, "connectivity", 1, ndim)
    rows = rows_of(q.palette, check_by(by))
    channels = None if image is None else _channels_of(image, q)
    labels = see_array(q.labels, "labels")
    check_numbers(labels, "labels", "not quantized")

    n_colors = len(q.palette)
    entries = np.concatenate([[0], rows.labels[rows.row_of]]).astype(labels.dtype)
    near = np.take(entries, np.minimum(labels, n_colors))
    of_rows = np.where(labels > n_colors, labels, near)
    objects, pixels = _objects(of_rows, least, steps)
    entry = np.zeros(len(pixels) + 1, np.int64)
    entry[objects.reshape(-1)] = of_rows.reshape(-1)
    return objects, _table(objects, pixels, entry[1:], rows, size, channels)


def _size_of(scale: Any, units: Any, ndim: int) -> PixelSize:
    size = size_of_pixel(scale, units, ndim)
    if len(size.axes) < ndim:
        raise ValueError(
            Sentence(
                "{units} is {passed}, with an axis of time, and objects are measured "
                "in space: quantize one image of the series.",
                passed=shown(units),
            )
        )
    return size


def _in_range(value: Any, what: str, least: int, most: int | None) -> int:
    number = whole_number(value, Argument(what))
    if number < least or (most is not None and number > most):
        limits = f"{least} or more" if most is None else f"from {least} to {most}"
        raise ValueError(
            Sentence(
                "{what} is {number}: pass a whole number, {limits}.",
                what=Argument(what),
                number=shown(number),
                limits=limits,
            )
        )
    return number


def _channels_of(
    image: ArrayLike, q: Quantization | SliceQuantization
) -> dict[str, NDArray[Any]]:
    """Return the channels of an image by their names; raise if it does not fit."""
    array = see_array(image, "image")
    try:
        axis = channel_axis_between(q.labels.shape, array.shape, q.palette.n_channels)
    except ValueError:
        raise ValueError(
            f"the image has the shape {array.shape} and the labels {q.labels.shape}: "
            "pass an image of the labels' shape, with or without channels."
        ) from None
    colors = see_pixels(array, axis).colors
    names = channel_names(colors.shape[-1])
    return {name: colors[..., i] for i, name in enumerate(names)}


def _objects(
    labels: NDArray[Any], least: int, connectivity: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return numbered objects of at least so many pixels, and the pixels of each."""
    from skimage.measure import label

    found, n = label(labels, background=0, return_num=True, connectivity=connectivity)
    pixels = np.bincount(found.reshape(-1), minlength=n + 1)
    kept = pixels >= least
    kept[0] = False
    numbers = np.zeros(n + 1, np.int32)
    numbers[kept] = np.arange(1, np.count_nonzero(kept) + 1)
    return np.take(numbers, found), pixels[kept]


def _table(
    objects: NDArray[np.int32],
    pixels: NDArray[np.int64],
    entry: NDArray[np.int64],
    rows: Rows,
    size: PixelSize,
    channels: dict[str, NDArray[Any]] | None,
) -> pd.DataFrame:
    import pandas as pd

    n, ndim = len(pixels), objects.ndim
    area = pixels * size.area
    centers = _centers(objects, pixels)
    boxes = _boxes(objects, n)
    row = np.searchsorted(rows.labels, entry).clip(max=len(rows.labels) - 1)
    is_known = rows.labels[row] == entry
    row[~is_known] = len(rows.labels)
    columns: dict[str, Any] = {
        "label": np.arange(1, n + 1),
        "entry": entry,
        "name": np.array([*rows.names, ""], object)[row],
        "class": np.array([*rows.classes, ""], object)[row],
        "pixels": pixels,
        "area": area,
        "unit": np.full(n, size.symbol(), object),
    }
    for axis in range(ndim):
        columns[f"centroid-{axis}"] = centers[axis] * size.sizes[axis]
    if ndim == 2:
        is_square = size.sizes[0] == size.sizes[1]
        perimeter = _perimeters(objects, n) * size.sizes[0]
        columns["perimeter"] = perimeter if is_square else np.full(n, np.nan)
    else:
        columns["surface"] = _surfaces(objects, boxes, size.sizes)
    columns["equivalent_diameter"] = (2 * ndim * area / pi) ** (1 / ndim)
    if ndim == 2:
        columns["eccentricity"] = _eccentricities(objects, pixels, centers, size.sizes)
    for i in range(2 * ndim):
        columns[f"bbox-{i}"] = boxes[:, i]
    for name, values in (channels or {}).items():
        columns[f"mean-{name}"] = _summed(objects, n, lambda t: values[t]) / pixels  # noqa: B023, called at once
    return pd.DataFrame(columns)


def _summed(objects: NDArray[np.int32], n: int, weights_of: Any) -> NDArray[np.float64]:
    """Return the sum over each of n objects of what weights_of gives for a tile."""
    total = np.zeros(n + 1)
    for tile in tiles_of(objects.shape, _TILE_PIXELS):
        numbers = objects[tile].reshape(-1)
        weights = np.broadcast_to(weights_of(tile), objects[tile].shape).reshape(-1)
        inside = numbers > 0
        total += np.bincount(numbers[inside], weights[inside], n + 1)
    return total[1:]


def _along(tile: Tile, axis: int) -> NDArray[np.int64]:
    """Return the places of a tile's pixels along an axis, to be broadcast."""
    shape = [1] * len(tile)
    shape[axis] = -1
    return np.arange(tile[axis].start, tile[axis].stop).reshape(shape)


def _centers(
    objects: NDArray[np.int32], pixels: NDArray[np.int64]
) -> list[NDArray[np.float64]]:
    """Return the mean place of each object along each axis, in pixels."""
    return [
        _summed(objects, len(pixels), lambda tile, axis=axis: _along(tile, axis))
        / pixels
        for axis in range(objects.ndim)
    ]


def _eccentricities(
    objects: NDArray[np.int32],
    pixels: NDArray[np.int64],
    centers: Sequence[NDArray[np.float64]],
    sizes: Sequence[float],
) -> NDArray[np.float64]:
    """Return the eccentricity of the ellipse with each object's second moments."""
    padded = [np.concatenate([[0.0], center]) for center in centers]

    def off(tile: Tile, axis: int) -> NDArray[np.float64]:
        place = _along(tile, axis) - padded[axis][objects[tile]]
        moved: NDArray[np.float64] = place * sizes[axis]
        return moved

    n = len(pixels)
    rows = _summed(objects, n, lambda tile: off(tile, 0) ** 2) / pixels
    columns = _summed(objects, n, lambda tile: off(tile, 1) ** 2) / pixels
    both = _summed(objects, n, lambda tile: off(tile, 0) * off(tile, 1)) / pixels
    half, apart = (rows + columns) / 2, np.hypot((rows - columns) / 2, both)
    longer, shorter = half + apart, np.maximum(half - apart, 0.0)
    is_point = longer == 0
    ratio = shorter / np.where(is_point, 1.0, longer)
    return np.where(is_point, 0.0, np.sqrt(1 - ratio))


def _boxes(objects: NDArray[np.int32], n: int) -> NDArray[np.int64]:
    """Return the first places and the ends of each object along the axes, (n, 2D)."""
    from scipy.ndimage import find_objects

    places = find_objects(objects, n)
    boxes = [[p.start for p in place] + [p.stop for p in place] for place in places]
    return np.array(boxes, np.int64).reshape(n, 2 * objects.ndim)


def _perimeters(objects: NDArray[np.int32], n: int) -> NDArray[np.float64]:
    """Return the perimeter of each object in pixels, as skimage.measure.perimeter."""
    beside = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    corners = [(-1, -1), (-1, 1), (1, -1), (1, 1)]
    is_inner = np.ones(objects.shape, bool)
    for step in beside:
        is_inner &= _moved(objects, step) == objects
    border = np.where(is_inner, 0, objects)
    codes = np.ones(objects.shape, np.uint8)
    for weight, steps in ((2, beside), (10, corners)):
        for step in steps:
            codes += np.uint8(weight) * (_moved(border, step) == border)
    numbers, codes = border[border > 0], codes[border > 0]
    perimeters = np.zeros(n)
    for kinds, length in (
        (_STRAIGHT, 1.0),
        (_DIAGONAL, sqrt(2)),
        (_BETWEEN, (1 + sqrt(2)) / 2),
    ):
        own = numbers[np.isin(codes, kinds)]
        perimeters += length * np.bincount(own, minlength=n + 1)[1:]
    return perimeters


def _moved(array: NDArray[np.int32], step: tuple[int, int]) -> NDArray[np.int32]:
    """Return an array whose pixels are those one step away; 0 beyond the edge."""
    rows, columns = step
    padded = np.pad(array, 1)
    height, width = array.shape
    return padded[1 + rows : 1 + rows + height, 1 + columns : 1 + columns + width]


def _surfaces(
    objects: NDArray[np.int32], boxes: NDArray[np.int64], sizes: tuple[float, ...]
) -> NDArray[np.float64]:
    """Return the area of each object's mesh at the level 0.5."""
    from skimage.measure import marching_cubes, mesh_surface_area

    surfaces = np.zeros(len(boxes))
    for i, box in enumerate(boxes.tolist()):
        place = tuple(slice(a, b) for a, b in zip(box[:3], box[3:], strict=True))
        solid = np.pad(objects[place] == i + 1, 1).astype(np.float32)
        vertices, faces, *_ = marching_cubes(solid, 0.5, spacing=sizes)
        surfaces[i] = mesh_surface_area(vertices, faces)
    return surfaces
