"""Stains that were painted: a folder with regions of each picture, one a stain."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from napari_colorquant.core.color.stains import Rows
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.image import Image


def check_stains_from(arguments: argparse.Namespace) -> None:
    """Raise ValueError if stains are learned from regions for nothing."""
    folder: Path | None = arguments.stains_from
    if folder is None:
        return
    if arguments.stains is not None:
        refuse_stains_from("--stains gives them")
    if arguments.shared:
        refuse_stains_from("--shared needs the same for all pictures, from --stains")
    if arguments.palette is None and arguments.color_space != "stains":
        refuse_stains_from(f"--color-space is {arguments.color_space}, and not stains")
    if not folder.is_dir():
        raise ValueError(f"--stains-from: {folder} is no folder.")


def refuse_stains_from(why: str) -> NoReturn:
    """Raise ValueError; why: what is given beside it."""
    raise ValueError(
        f"--stains-from learns the stains of each picture, and {why}: leave one of "
        "them out."
    )


def stains_painted_on(
    source: Path | str, folder: Path, seen: Image, monitor: Monitor
) -> Rows:
    """Return the vectors of stains in the regions of a picture, in their order.

    Raise ValueError as find_regions, read_labels and painted_stains.
    """
    from napari_colorquant.core.color.stains import as_rows
    from napari_colorquant.core.quantization.stained import painted_stains
    from napari_colorquant.files.regions.read import find_regions, read_labels

    labels = read_labels(find_regions(folder, source), seen.shape)
    return as_rows(painted_stains(seen, labels, monitor))
