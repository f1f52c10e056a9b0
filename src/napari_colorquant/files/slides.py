"""Images that are read part by part: OME-Zarr, arrays of zarr, and TIFF."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from napari_colorquant.files.address import is_address
from napari_colorquant.files.ome_zarr_write import need_packages
from napari_colorquant.files.pictures import TIFF_MAGIC
from napari_colorquant.files.reading import check_regular
from napari_colorquant.files.slide_tiff import tiff_slide
from napari_colorquant.files.slide_zarr import zarr_slide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from os import PathLike

    from napari_colorquant.files.slide import Slide


def is_slide(source: str | PathLike[str]) -> bool:
    """Tell whether an image can be read part by part.

    Parameters
    ----------
    source : str or path-like
        A file, a folder or an address.

    Returns
    -------
    bool
        True for addresses and folders, which can only be zarr, and for TIFF.

    Raises
    ------
    ValueError
        If it is a pipe, a socket or a device.
    OSError
        If there is no such file, or it cannot be read.
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
) -> Iterator[Slide]:
    """Open an image to be read part by part.

    Of OME-Zarr all levels are opened; of a zarr that holds several images, as
    bioformats2raw makes them, those of one. Of TIFF, the levels of one series.

    Parameters
    ----------
    source : str or path-like
        A folder or an address of OME-Zarr (0.4 or 0.5) or of a zarr array, or a TIFF.
    channel_axis : int or "auto" or None
        Which axis holds the channels; by default what the file says. A zarr array says
        nothing: then there are none in two axes, and RGB or RGBA last in more.
    series : int, optional
        Which image or series, from 0; by default the first.

    Yields
    ------
    Slide
        The image, which can be read as long as the context lasts.

    Raises
    ------
    ImportError
        If the packages that it takes are not installed.
    ValueError
        If it is no such image, or a damaged one.
    OSError
        If there is no such file.
    """
    need_packages()
    if is_address(source) or Path(source).is_dir():
        yield zarr_slide(source, channel_axis, series)
        return
    with tiff_slide(source, channel_axis, series) as slide:
        yield slide
