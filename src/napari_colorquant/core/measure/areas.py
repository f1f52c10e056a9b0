"""How much of an image each entry or class takes, in its regions and slices."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_colorquant.core.compute.arguments import flag, shown
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.pixels import number_of_axis
from napari_colorquant.core.measure.counts import Counts, count_pixels
from napari_colorquant.core.measure.regions import see_regions
from napari_colorquant.core.measure.rows import (
    Rows,
    check_by,
    check_measured,
    hexes_of,
    rows_of,
)
from napari_colorquant.core.measure.units import size_of_pixel
from napari_colorquant.core.quantization.result import (
    Quantization,
    SliceQuantization,
    channel_axis_of,
)

if TYPE_CHECKING:
    from pandas import DataFrame

    from napari_colorquant.core.palette.palette import Palette
else:  # hints resolve without loading it
    DataFrame = Any

NOT_QUANTIZED = "not quantized"
"""The name of the row of label 0."""


def measure_areas(
    q: Quantization | SliceQuantization,
    *,
    scale: float | Sequence[float] | None = None,
    units: str | Sequence[str | None] | None = None,
    regions: ArrayLike | Sequence[ArrayLike] | None = None,
    slice_axis: int | None = None,
    by: str = "entry",
    name: str = "",
    estimate: bool = False,
    progress: Callable[[Progress], object] | None = None,
) -> DataFrame:
    """Measure the area of each palette entry, or class, as a tidy table.

    No row is missing: each entry has one for every region and slice, also where it has
    no pixel. Labels that were painted beyond the palette have rows where they have
    pixels. Rows are in the order of slice, region and label.

    Labels larger than memory are counted block by block, on the workers of a dask
    cluster where one is active. Blocks that no region in memory reaches are not read.

    Parameters
    ----------
    q : Quantization or SliceQuantization
        What :func:`napari_colorquant.quantize`, ``apply_palette`` or
        ``quantize_slices`` returned.
    scale : float or sequence of float, optional
        The size of a pixel: one for all axes of space, or one for each of them, or for
        each axis of the labels. Axes of space are all axes of the labels but
        `slice_axis` and those whose unit is one of time.
    units : str or sequence of str, optional
        The unit of `scale`, as pint reads it (``"um"``, ``"µm"``, ``"micrometer"``):
        one for all axes but `slice_axis`, or one for each of these, or of all axes.
        Different units of length are converted to that of the last axis. By default the
        unit is called pixel.
    regions : array_like of int or bool, or list of array_like of bool, optional
        Where to measure, in memory or lazy: numbers of regions, 0 outside; a mask,
        which is region 1; or a list of masks, numbered from 1, which may overlap, and
        not one array of them. Each has the shape of the labels, or of their last axes:
        then it is the same along the first ones. By default, the whole image counts.
    slice_axis : int, optional
        An axis of the image, as for :func:`napari_colorquant.quantize_slices`: each of
        its slices has rows of its own. It may not hold the channels.
    by : {"entry", "class"}
        What a row is of. Entries without a class have their own rows by class, too.
    name : str
        What the column ``image`` says, to tell the rows of several images apart.
    estimate : bool
        Of labels larger than memory, with more pixels than are read to learn from,
        count only parts from all over, and scale the counts to the whole.
    progress : callable, optional
        Called with a :class:`Progress` after every part. What it raises stops the run
        and is passed on.

    Returns
    -------
    pandas.DataFrame
        The columns

        - ``image``: `name`;
        - ``slice``, ``region``: position on the axis and number of the region, Int64,
          empty (NA) where not asked for;
        - ``label``: of the entry, or the smallest of the class; 0 for all that is not
          quantized, a row that is there only where there is any such pixel;
        - ``name``, ``class``, ``hex``: of the entry, empty if there is none; by class,
          the name of the class and the mean colour of its pixels;
        - ``pixels``: int64;
        - ``area``: pixels times the size of one, in ``unit``, such as ``"µm²"``: a
          length, area or volume by the number of axes of space;
        - ``percent``: of the pixels of that slice and region whose label is not 0, not
          rounded, so that they add up to 100; empty (NaN) for label 0, and where there
          are no such pixels;
        - ``estimated``: whether pixels are estimates.

    Raises
    ------
    TypeError
        If `q` is no quantization, regions are neither whole numbers nor masks, or
        something else is of a wrong type.
    ValueError
        If regions do not fit the labels, have numbers below 0 or none above it, there
        is no such axis, sizes or units are none or do not convert, or, by class, an
        entry without a class has the name of one.
    ConnectionError
        If the scheduler of an active cluster is gone.

    Examples
    --------
    >>> q = quantize(image, 4)
    >>> table = measure_areas(q, scale=0.5, units="um", regions=glands)
    >>> table[["region", "label", "area", "unit", "percent"]]  # doctest: +SKIP
    """
    q = check_measured(q)
    axis = _own_axis(q, slice_axis)
    size = size_of_pixel(scale, units, q.labels.ndim, axis)
    arrays = see_regions(regions, q.labels.shape)
    rows = rows_of(q.palette, check_by(by))
    estimate = flag(estimate, "estimate")
    if not isinstance(name, str):
        raise TypeError(f"name is {shown(name)}: pass a string.")
    with Monitor(progress) as monitor:
        counts, is_exact = count_pixels(
            q.labels, arrays, axis, len(q.palette), monitor, estimate=estimate
        )
    palettes: tuple[Palette, ...] = (q.palette,)
    if isinstance(q, SliceQuantization) and slice_axis is not None:
        is_own_axis = int(slice_axis) % q.image.ndim == q.slice_axis
        palettes = q.palettes if is_own_axis else palettes
    table = _columns(counts, rows, [hexes_of(one, rows) for one in palettes])
    import pandas as pd

    def position(column: str, is_asked: bool) -> Any:
        numbers = table[column]
        return pd.arrays.IntegerArray(numbers, np.full(numbers.shape, not is_asked))

    n_rows = len(table["label"])
    return pd.DataFrame(
        {
            "image": [name] * n_rows,
            "slice": position("slice", axis is not None),
            "region": position("region", bool(arrays)),
            "label": table["label"],
            "name": table["name"],
            "class": table["class"],
            "hex": table["hex"],
            "pixels": table["pixels"],
            "area": table["pixels"] * size.area,
            "unit": [size.symbol()] * n_rows,
            "percent": table["percent"],
            "estimated": np.full(n_rows, not is_exact),
        }
    )


def _own_axis(q: Quantization | SliceQuantization, slice_axis: Any) -> int | None:
    """Return the labels' axis, from 0, of an axis of the image; None for None."""
    if slice_axis is None:
        return None
    ndim = q.image.ndim
    number = number_of_axis(slice_axis, ndim)
    channels = channel_axis_of(q, None if number is None else number % ndim)
    held = None if channels is None else channels % ndim
    axes = [axis for axis in range(ndim) if axis != held]
    if number is None or number % ndim not in axes or len(axes) < 2:
        listed = ", ".join(map(str, axes))
        raise ValueError(
            Sentence(
                "{slice_axis} is {value}, and the image has the shape {shape}: pass "
                "the axis of slices, {axes}.",
                value=shown(slice_axis),
                shape=q.image.shape,
                axes="which has two or more without that of the channels"
                if len(axes) < 2
                else f"one of {listed}",
            )
        )
    return axes.index(number % ndim)


def _columns(
    counts: Counts, rows: Rows, hexes: Sequence[Sequence[str]]
) -> dict[str, NDArray[Any]]:
    """Return the columns of a table that follow from counts, in the order of rows.

    hexes: of each row, one list for all slices or one a slice.
    """
    regions = np.array(sorted(counts.known), np.int64)
    n_slices, n_rows = counts.shape[0], len(rows.labels)
    all_known = np.stack([counts.known[int(number)] for number in regions], axis=1)
    by_row = np.zeros((n_rows, n_slices, len(regions)), np.int64)
    np.add.at(by_row, rows.row_of, np.moveaxis(all_known[..., 1:], -1, 0))
    known = np.moveaxis(by_row, 0, -1)
    nothing = np.argwhere(all_known[..., 0] > 0)
    beyond = [(s, r, label, n) for (s, r, label), n in counts.beyond.items()]
    others = np.array(beyond, np.int64).reshape(-1, 4).T

    places = np.indices(known.shape).reshape(3, -1)
    slices = np.concatenate([places[0], nothing[:, 0], others[0]])
    region = np.concatenate([regions[places[1]], regions[nothing[:, 1]], others[1]])
    row = np.concatenate([places[2], np.full(len(nothing) + others.shape[1], n_rows)])
    labels = np.concatenate([rows.labels, [0]])[row]
    labels[known.size + len(nothing) :] = others[2]
    at_nothing = all_known[..., 0][tuple(nothing.T)]
    pixels = np.concatenate([known.reshape(-1), at_nothing, others[3]])

    order = np.lexsort((labels, region, slices))
    slices, region, labels = slices[order], region[order], labels[order]
    row, pixels = row[order], pixels[order]
    group = slices * len(regions) + np.searchsorted(regions, region)
    quantized = np.where(labels > 0, pixels, 0)
    total = np.zeros(n_slices * len(regions), np.int64)
    np.add.at(total, group, quantized)
    percent = np.full(len(labels), np.nan)
    some = (labels > 0) & (total[group] > 0)
    percent[some] = 100.0 * pixels[some] / total[group][some]
    names = np.array([*rows.names, ""], object)[row]
    names[labels == 0] = NOT_QUANTIZED
    shown_hex = np.array([[*one, ""] for one in hexes], object)
    return {
        "slice": slices,
        "region": region,
        "label": labels,
        "name": names,
        "class": np.array([*rows.classes, ""], object)[row],
        "hex": shown_hex[slices if len(hexes) > 1 else 0, row],
        "pixels": pixels,
        "percent": percent,
    }
