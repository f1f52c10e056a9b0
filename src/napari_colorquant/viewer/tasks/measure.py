"""The areas of a labels layer of a result, in regions that other layers show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from napari_colorquant.core.compute.arguments import flag, shown
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import number_of_axis
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.measure.units import TIMES, unit_name
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.core.quantization.result import Quantization, SliceQuantization
from napari_colorquant.viewer.layers.layer_properties import (
    levels_of,
    named_axis,
    unread,
)
from napari_colorquant.viewer.layers.metadata import record_in
from napari_colorquant.viewer.layers.rasterize import apart, lies_outside, to_world
from napari_colorquant.viewer.layers.region_masks import Region, region_on

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd
    from napari.layers import Labels, Shapes

    from napari_colorquant.viewer.layers.image_input import ImageInput

_TIME_LABELS = ("t", "time")
"""Labels of an axis of time whose unit may not say so."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What is measured, taken when it starts.

    scale, units: one an axis of the labels. regions: none for the whole image; else
    they do not overlap in one of them. numbered: a labels layer's largest level, or
    the numbers of all shapes: each has rows. nowhere: says that none has a pixel.
    """

    q: Quantization | SliceQuantization
    name: str
    scale: tuple[float, ...]
    units: tuple[str | None, ...]
    slice_axis: Any
    by: str
    estimate: bool
    regions: tuple[Region, ...] = ()
    numbered: Any = ()
    nowhere: str = ""

    def table(self, monitor: Monitor) -> pd.DataFrame:
        """Return the table of areas; raise as measure_areas."""
        if not self.regions:
            return self._measured(None, monitor)
        share = 1 / len(self.regions)
        tables = [
            self._measured(array, monitor.part(n * share, (n + 1) * share))
            for n, array in self._arrays()
        ]
        if not tables:
            raise ValueError(self.nowhere)
        return _complete(tables, _numbers(self.numbered))

    def _arrays(self) -> Iterator[tuple[int, Any]]:
        """Yield the arrays of the regions that have a pixel, with their place."""
        for n, region in enumerate(self.regions):
            grid, chunks = region.grids[0], region.chunks[0]
            if chunks is None:
                array: Any = grid[grid.whole]
                if array.any():
                    yield n, array
                continue
            ends = [np.cumsum((0, *sizes)) for sizes in chunks]
            blocks = (
                tuple(
                    slice(int(end[i]), int(end[i + 1]))
                    for end, i in zip(ends, block, strict=True)
                )
                for block in np.argwhere(grid.reached(chunks))
            )
            if any(grid[block].any() for block in blocks):
                yield n, region.lazy()

    def _measured(self, regions: Any, monitor: Monitor) -> pd.DataFrame:
        from napari_colorquant.core.measure.areas import measure_areas

        return measure_areas(
            self.q,
            scale=self.scale,
            units=self.units,
            regions=regions,
            slice_axis=self.slice_axis,
            by=self.by,
            name=self.name,
            estimate=self.estimate,
            progress=monitor.pass_on,
        )


def take_measured(
    layer: Labels,
    regions: Labels | Shapes | None = None,
    slice_axis: int | str | None = None,
    by: str = "entry",
    name: str | None = None,
    estimate: bool = False,
) -> Measured:
    """Return what is measured of a labels layer; raise as measure_layer."""
    from napari.layers import Labels

    if not isinstance(layer, Labels):
        raise TypeError(
            f"the layer is {shown(getattr(layer, 'name', layer))}: pass a labels layer."
        )
    if name is not None and not isinstance(name, str):
        raise TypeError(f"name is {shown(name)}: pass a string.")
    labels = unread(levels_of(layer)[0])
    axis: Any = named_axis(layer, slice_axis, "slice_axis")
    number = number_of_axis(axis, layer.ndim) if axis is not None else None
    measured = Measured(
        _quantization(layer, labels),
        layer.name if name is None else name,
        *_sizes(layer, number),
        axis,
        by,
        flag(estimate, "estimate"),
    )
    return measured if regions is None else _within(measured, layer, labels, regions)


def _quantization(layer: Labels, labels: Any) -> Quantization | SliceQuantization:
    """Return what a layer shows; ValueError if it is no result, or damaged."""
    record = record_in(
        layer.metadata,
        layer.name,
        f"{layer.name!r} shows no result of color quantization: pass the labels layer "
        "of one.",
    )
    palette = Palette.from_dict(record["palette"])
    report: Any = None  # nothing of it is measured
    if "palettes" not in record:
        return Quantization(palette, labels, labels, report)
    plain = map(Palette.from_dict, record["palettes"])
    # Edits are of what is shown, their mean.
    names, classes = palette.names, palette.classes
    palettes = tuple(replace(one, names=names, classes=classes) for one in plain)
    axis = _labels_axis(record)
    return SliceQuantization(palettes, labels, labels, (), report, axis)


def _labels_axis(record: Mapping[str, Any]) -> int:
    """Return the axis of the labels whose slices have palettes of their own."""
    channels: int | None = record.get("channel_axis")
    axis: int = record["slice_axis"]
    if channels is None:  # those of RGB come last
        return axis
    return axis - int(axis > channels % len(record["shape"]))


def sizes_of(
    image: ImageInput,
) -> tuple[tuple[float, ...], tuple[str | None, ...]]:
    """Return the size of a pixel of the labels of an input, and the units, by axes.

    ValueError if a unit is neither of length nor of time, or only some axes have one.
    """
    from napari.layers import Labels

    spatial = image.labels_spatial
    pixel = np.zeros((1,) * len(spatial["scale"]), np.uint8)
    return _sizes(Labels(pixel, name=image.name, **spatial), None)


def _sizes(
    layer: Labels, slice_axis: int | None
) -> tuple[tuple[float, ...], tuple[str | None, ...]]:
    is_time, units = _units(layer, slice_axis)
    space = [a for a in range(layer.ndim) if a != slice_axis and not is_time[a]]
    return _scale(layer, space), units


def _units(
    layer: Labels, slice_axis: int | None
) -> tuple[list[bool], tuple[str | None, ...]]:
    """Return which axes are of time, and the unit of each axis.

    ValueError if a unit is neither of length nor of time, or only some axes have one.
    """
    units: list[str | None] = []
    for axis, (unit, label) in enumerate(
        zip(layer.units, layer.axis_labels, strict=True)
    ):
        what = f"the unit of the axis {label} of {layer.name!r}"
        name = None if axis == slice_axis else unit_name(str(unit), what)
        is_time = str(label).lower() in _TIME_LABELS and name not in TIMES
        units.append("second" if is_time else name)
    is_time_of = [name in TIMES for name in units]
    space = [
        units[axis]
        for axis in range(layer.ndim)
        if axis != slice_axis and not is_time_of[axis]
    ]
    if None in space and any(space):
        listed = ", ".join(name or "pixel" for name in space)
        raise ValueError(
            f"the axes of {layer.name!r} have the units {listed}, and a length does "
            "not convert to pixels: set a unit of length for each axis."
        )
    return is_time_of, tuple(units)


def _scale(layer: Labels, axes: Sequence[int]) -> tuple[float, ...]:
    """Return the size of a pixel along each axis; their product is true along axes.

    An affine transform may change an area, which is then made that of the last axis.
    """
    scale = [abs(float(size)) for size in layer.scale]
    if axes:
        sides = to_world(layer)[:-1, :-1][:, list(axes)]
        area = float(np.sqrt(max(0.0, np.linalg.det(sides.T @ sides))))
        factor = area / prod(scale[axis] for axis in axes)
        if not np.isclose(factor, 1.0, rtol=1e-9):
            scale[axes[-1]] *= factor
    return tuple(scale)


def _within(
    measured: Measured, layer: Labels, labels: Any, regions: Labels | Shapes
) -> Measured:
    """Return what is measured in regions; raise if they do not meet the layer."""
    from napari.layers import Labels, Shapes

    groups: list[list[int] | None] = [None]
    numbered: Any = ()
    if isinstance(regions, Shapes):
        groups = list(apart(regions))
        numbered = tuple(range(1, len(regions.data) + 1))
        if not groups:
            raise ValueError(
                f"{regions.name!r} has no shape: draw one around each region, or "
                "pass another layer."
            )
    elif isinstance(regions, Labels):
        numbered = levels_of(regions)[0]
    taken = [region_on(regions, layer, [labels], group) for group in groups]
    nowhere = (
        f"the regions of {regions.name!r} have no pixel of {layer.name!r}: pass a "
        "layer with regions inside of it."
    )
    if lies_outside(regions, layer):
        raise ValueError(nowhere)
    return replace(measured, regions=tuple(taken), numbered=numbered, nowhere=nowhere)


def _numbers(numbered: Any) -> Sequence[int]:
    """Return the numbers of regions that have rows, as far as they are in memory."""
    if isinstance(numbered, tuple) or is_lazy(numbered):
        return numbered if isinstance(numbered, tuple) else ()
    numbers = np.unique(numbered)
    return cast("list[int]", numbers[numbers > 0].tolist())


def _complete(tables: Sequence[pd.DataFrame], numbers: Sequence[int]) -> pd.DataFrame:
    """Return tables of regions as one, with empty rows for regions without a pixel."""
    import pandas as pd

    first = tables[0]
    missing = sorted({*numbers}.difference(*(one["region"] for one in tables)))
    # Of the palette: labels beyond it, and what is not quantized, have no colour.
    rows = first[(first["region"] == first["region"].iloc[0]) & (first["hex"] != "")]
    empty = rows.assign(pixels=np.int64(0), area=0.0, percent=np.nan)
    parts = list(tables)
    if missing and len(empty):
        others = pd.concat([empty] * len(missing), ignore_index=True)
        of_rows = np.repeat(np.array(missing, np.int64), len(empty))
        parts.append(others.assign(region=pd.array(of_rows, dtype="Int64")))
    if len(parts) == 1:
        return first
    table = pd.concat(parts, ignore_index=True)
    order = ["slice", "region", "label"]
    return table.sort_values(order, kind="stable", ignore_index=True)
