"""The connected objects of each entry or class, and what they measure.

All but the surface of volumes is measured by scikit-image.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.compute.arguments import in_range, shown
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.image.validate import is_lazy, see_array
from napari_colorquant.core.measure.regions import check_numbers
from napari_colorquant.core.measure.rows import (
    check_by,
    check_measured,
    rows_of,
)
from napari_colorquant.core.measure.units import PixelSize, size_of_pixel
from napari_colorquant.core.palette.table import channel_names
from napari_colorquant.core.quantization.result import (
    Quantization,
    SliceQuantization,
    channel_axis_between,
)

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_colorquant.core.measure.rows import Rows
else:  # hints resolve without loading it
    DataFrame = Any

_AT_ONCE = 256
"""Objects that are measured between two times that a run can be stopped."""


def measure_objects(
    q: Quantization | SliceQuantization,
    image: ArrayLike | None = None,
    *,
    min_pixels: int = 1,
    connectivity: int = 1,
    scale: float | Sequence[float] | None = None,
    units: str | Sequence[str | None] | None = None,
    by: str = "entry",
    progress: Callable[[Progress], object] | None = None,
) -> tuple[NDArray[np.int32], DataFrame]:
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
    progress : callable, optional
        Called with a :class:`Progress` when the objects are found, and after every part
        of them that is measured. What it raises stops the run and is passed on.

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
        fit them, a number, size or unit is out of range, or, by class, an entry without
        a class has the name of one.

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
    least = in_range(min_pixels, "min_pixels", 1, None)
    steps = in_range(connectivity, "connectivity", 1, ndim)
    rows = rows_of(q.palette, check_by(by))
    channels = None if image is None else _channels_of(image, q)
    labels = see_array(q.labels, "labels")
    check_numbers(labels, "labels", "not quantized")

    n_colors = len(q.palette)
    entries = np.concatenate([[0], rows.labels[rows.row_of]]).astype(labels.dtype)
    near = np.take(entries, np.minimum(labels, n_colors))
    of_rows = np.where(labels > n_colors, labels, near)
    with Monitor(progress) as monitor:
        monitor("count", 0.0)
        objects, pixels = _objects(of_rows, least, steps)
        entry = np.zeros(len(pixels) + 1, np.int64)
        entry[objects.reshape(-1)] = of_rows.reshape(-1)
        measured = monitor.part(0.2, 1.0)
        table = _table(objects, pixels, entry[1:], rows, size, channels, measured)
        monitor("count", 1.0)
    return objects, table


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
    monitor: Monitor,
) -> DataFrame:
    import pandas as pd

    n, ndim = len(pixels), objects.ndim
    row = np.searchsorted(rows.labels, entry).clip(max=len(rows.labels) - 1)
    is_known = rows.labels[row] == entry
    row[~is_known] = len(rows.labels)
    columns: dict[str, Any] = {
        "label": np.arange(1, n + 1),
        "entry": entry,
        "name": np.array([*rows.names, ""], object)[row],
        "class": np.array([*rows.classes, ""], object)[row],
        "pixels": pixels,
        "area": pixels * size.area,
        "unit": np.full(n, size.symbol(), object),
    }
    found = _properties(objects, n, size.sizes, channels, monitor)
    boxes = np.stack([found[f"bbox-{i}"] for i in range(2 * ndim)], axis=1)
    if ndim == 3:
        found["surface"] = _surfaces(objects, boxes, size.sizes)
    elif size.sizes[0] != size.sizes[1]:
        found["perimeter"] = np.full(n, np.nan)
    names = [*(f"centroid-{axis}" for axis in range(ndim))]
    names += ["perimeter" if ndim == 2 else "surface", "equivalent_diameter"]
    names += ["eccentricity"] if ndim == 2 else []
    names += [f"bbox-{i}" for i in range(2 * ndim)]
    names += [f"mean-{name}" for name in channels or ()]
    return pd.DataFrame({**columns, **{name: found[name] for name in names}})


def _properties(
    objects: NDArray[np.int32],
    n: int,
    sizes: tuple[float, ...],
    channels: dict[str, NDArray[Any]] | None,
    monitor: Monitor,
) -> dict[str, NDArray[Any]]:
    """Return what scikit-image measures of each of n objects, under our names."""
    from skimage.measure import regionprops

    ndim = objects.ndim
    image = np.stack([*channels.values()], axis=-1) if channels else None
    names = [*(f"centroid-{i}" for i in range(ndim)), "equivalent_diameter"]
    names += [*(f"bbox-{i}" for i in range(2 * ndim))]
    names += ["eccentricity"] if ndim == 2 else []
    # It refuses pixels that are not square.
    has_perimeter = ndim == 2 and sizes[0] == sizes[1]
    names += ["perimeter"] if has_perimeter else []
    names += [f"mean-{name}" for name in channels or ()]
    values = np.zeros((n, len(names)))
    for i, one in enumerate(regionprops(objects, image, spacing=sizes)):
        if i % _AT_ONCE == 0:
            monitor("count", i / n)
        values[i] = (
            *one.centroid,
            one.equivalent_diameter_area,
            *one.bbox,
            *([one.eccentricity] if ndim == 2 else []),
            *([one.perimeter] if has_perimeter else []),
            *(one.intensity_mean if channels else []),
        )
    return {
        name: column.astype(np.int64) if name.startswith("bbox") else column
        for name, column in zip(names, values.T.copy(), strict=True)
    }


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
