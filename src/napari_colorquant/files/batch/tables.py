"""The table of all images of a batch: how much of each every entry or class takes."""

from __future__ import annotations

from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any

from napari_colorquant.formats.file_io import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from os import PathLike

    import pandas as pd

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )
    from napari_colorquant.files.images.info import PictureInfo

COLUMNS = (
    *("image", "slice", "region", "label", "name", "class"),
    *("hex", "pixels", "area", "unit", "percent", "estimated"),
)
"""Those of measure_areas."""
NOT_MEASURED = "not measured"
"""The name in the only row of an image that failed; all else of it is empty."""


def measured(
    name: str,
    result: Quantization | SliceQuantization,
    info: PictureInfo,
    monitor: Monitor,
    *,
    by: str = "entry",
    regions: Any = None,
    slice_axis: int | None = None,
) -> pd.DataFrame:
    """Return the rows of an image, in the sizes that its file says."""
    from napari_colorquant.core.measure.areas import measure_areas

    scale, units = sizes_of(info)
    return measure_areas(
        result,
        scale=scale,
        units=units,
        regions=regions,
        slice_axis=slice_axis,
        by=by,
        name=name,
        progress=monitor.part(0.0, 1.0, "measure").pass_on,
    )


def sizes_of(
    info: PictureInfo,
) -> tuple[tuple[float, ...] | None, tuple[str | None, ...] | None]:
    """Return a file's scale and units as they are measured in: time does not count."""
    units = info.units
    if info.axes is not None and "t" in info.axes:
        # An axis of time is known by its unit, which many files lack.
        known = units or (None,) * len(info.axes)
        units = tuple(
            unit or ("second" if axis == "t" else None)
            for axis, unit in zip(info.axes, known, strict=True)
        )
    return info.scale, units


def table_of_all(
    images: Sequence[str], tables: Sequence[pd.DataFrame | None]
) -> pd.DataFrame:
    """Return one table of all images; those without a table have a row that says so."""
    import pandas as pd

    # As those of measure_areas, but for numbers that may be missing.
    missing = dict.fromkeys(("slice", "region", "label", "pixels"), "Int64")
    missing |= {"area": "float64", "percent": "float64", "estimated": "boolean"}
    cells: dict[str, Any] = dict.fromkeys(COLUMNS, "")
    cells |= dict.fromkeys(missing) | {"name": NOT_MEASURED}
    known = [table for table in tables if table is not None]
    if len(known) == len(tables):
        return pd.concat(known, ignore_index=True)
    parts = [
        pd.DataFrame([cells | {"image": image}]) if table is None else table
        for image, table in zip(images, tables, strict=True)
    ]
    return pd.concat([part.astype(missing) for part in parts], ignore_index=True)


def write_table(path: str | PathLike[str], table: pd.DataFrame) -> None:
    """Write a table as CSV in UTF-8, whole or not at all.

    It begins with a byte order mark: without one, Excel takes µm² for other letters. R
    and pandas leave the mark out.
    """
    text = table.to_csv(index=False, lineterminator="\n")
    with replacing(path) as stream:
        # Names of files may be any bytes.
        stream.write(BOM_UTF8 + text.encode("utf-8", "surrogateescape"))
