"""The table of all images of a command: how much of each every entry or class takes."""

from __future__ import annotations

import csv
import io
import os
from typing import TYPE_CHECKING

from napari_colorquant.cli.outputs import jobs_of, make_folder
from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

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


def check_summary(arguments: argparse.Namespace) -> None:
    """Raise ValueError if there can be no table, or what is asked of it has none."""
    summary: Path | None = arguments.summary
    is_one = arguments.palette is not None or arguments.shared
    if summary is None:
        for option, value in (
            ("--by", arguments.by),
            ("--regions", arguments.regions),
            ("--slice-axis", arguments.slice_axis if is_one else None),
        ):
            if value is not None:
                raise ValueError(
                    f"{option} is of the table of --summary: name that file too."
                )
        return
    if arguments.regions is not None and not arguments.regions.is_dir():
        raise ValueError(f"--regions: {arguments.regions} is no folder.")
    if summary.suffix.lower() != ".csv":
        raise ValueError(f"--summary is {summary}: name a file that ends in .csv.")
    real = os.path.realpath(summary)
    jobs = jobs_of(arguments)
    read = [*(job.source for job in jobs), arguments.fixed, arguments.palette]
    for one in read:
        if one is None or is_address(one):
            continue
        if os.path.realpath(one) == real:
            raise ValueError(
                f"the table {summary} would overwrite the input {one}: name another."
            )
    for job in jobs:
        if real in map(os.path.realpath, job.targets()):
            raise ValueError(
                f"the table {summary} has the name of a result of {job.source}: name "
                "another."
            )
    is_earlier = arguments.skip_existing and _is_table(summary)
    if os.path.lexists(summary) and not (arguments.force or is_earlier):
        raise ValueError(f"{summary} exists already: add --force to overwrite it.")
    make_folder(summary.parent)


def _is_table(path: Path) -> bool:
    """Return whether a file begins as such a table."""
    begin = ",".join(COLUMNS).encode() + b"\n"
    try:
        with path.open("rb") as stream:
            return path.is_file() and stream.read(len(begin)) == begin
    except OSError:
        return False


def regions_of(source: Path | str, folder: Path | None, shape: tuple[int, ...]) -> Any:
    """Return the regions of a picture as measure_areas takes them; None for no folder.

    shape: of the picture, without channels.
    """
    if folder is None:
        return None
    from napari_colorquant.files.regions.read import find_regions, read_regions

    return read_regions(find_regions(folder, source), shape)


def measured(
    name: str,
    result: Quantization | SliceQuantization,
    info: PictureInfo,
    arguments: argparse.Namespace,
    regions: Any,
    monitor: Monitor,
) -> str:
    """Return the rows of an image as lines of CSV, without the names of columns."""
    from napari_colorquant.core.measure.areas import measure_areas

    scale, units = sizes_of(info)
    table = measure_areas(
        result,
        scale=scale,
        units=units,
        regions=regions,
        slice_axis=arguments.slice_axis,
        by=arguments.by or "entry",
        name=name,
        progress=lambda progress: monitor("measure", progress.done / progress.total),
    )
    return table.to_csv(index=False, header=False, lineterminator="\n")


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


def write_summary(
    path: Path, images: list[Path | str], rows: Mapping[Path | str, str]
) -> None:
    """Write the table of all images in their order; rows: of those measured."""
    from napari_colorquant.formats.file_io import replacing

    left = dict(rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for image in images:
        # An image that is named twice has been done once.
        known = left.pop(image, None)
        if known is None:
            cells = {"image": str(image), "name": NOT_MEASURED}
            writer.writerow([cells.get(column, "") for column in COLUMNS])
        else:
            text.write(known)
    with replacing(path) as stream:
        stream.write(text.getvalue().encode("utf-8", "surrogateescape"))
