"""What is asked of the table of all images of a command: its file, and regions."""

from __future__ import annotations

import os
from codecs import BOM_UTF8
from typing import TYPE_CHECKING, Any

from napari_colorquant.cli.outputs import jobs_of
from napari_colorquant.files.batch.outputs import make_folder
from napari_colorquant.files.batch.tables import COLUMNS
from napari_colorquant.files.ome_zarr.identity import is_address

if TYPE_CHECKING:
    import argparse
    from pathlib import Path


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
            found = stream.read(len(BOM_UTF8) + len(begin)).removeprefix(BOM_UTF8)
            return path.is_file() and found.startswith(begin)
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
