"""Images that are read part by part: OME-Zarr, arrays of zarr, and TIFF."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_colorquant.files.images.read import TIFF_MAGIC
from napari_colorquant.files.ome_zarr.identity import is_address
from napari_colorquant.files.ome_zarr.write import need_packages
from napari_colorquant.files.slides.tiff import tiff_slide
from napari_colorquant.files.slides.zarr import zarr_slide
from napari_colorquant.formats.file_io import check_regular
from napari_colorquant.formats.log import LOGGER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from napari_colorquant.files.slides.slide import Slide


def is_slide(source: str | PathLike[str]) -> bool:
    """Return whether an image can be read part by part.

    True for addresses and folders, which can only be zarr, and for TIFF. Raise
    ValueError for a pipe, a socket or a device.
    """
    if is_address(source) or Path(source).is_dir():
        return True
    check_regular(source)
    with open(source, "rb") as stream:
        return stream.read(4) in TIFF_MAGIC


@contextmanager
def open_slide(
    source: str | PathLike[str],
    channel_axis: int | str | None = "auto",
    series: int | None = None,
    rgb: bool | None = None,
) -> Iterator[Slide]:
    """Yield an OME-Zarr, zarr array or TIFF, readable as long as the context lasts.

    Of a file with several images or series, one is opened, by default the first.
    "auto": a zarr array of two axes has no channels, of more axes RGB or RGBA last.
    rgb: whether the channels are red, green and blue, which are then moved to the last
    axis; by default what the file says.
    """
    need_packages()
    LOGGER.info("open %s", source)
    if is_address(source) or Path(source).is_dir():
        yield zarr_slide(source, channel_axis, series, rgb)
        return
    with tiff_slide(source, channel_axis, series, rgb) as slide:
        yield slide
