"""Arrays as TIFF that says what it holds: OME-TIFF, ImageJ's format, or plain TIFF."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.measure.units import METERS, PREFIXES, TIMES
from napari_colorquant.formats.file_io import replacing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from napari_colorquant.files.images.info import PictureInfo

_OF_OME = {"u1", "u2", "u4", "i1", "i2", "i4", "f4", "f8"}
_OF_IMAGEJ = {"u1", "u2", "f4"}
SYMBOLS = {
    **{unit: letters for unit, (letters, _) in METERS.items()},
    **{"minute": "min", "hour": "h", "day": "d"},
    **{f"{prefix}second": f"{letter}s" for prefix, (letter, _) in PREFIXES.items()},
}
"""How OME spells the units of OME-NGFF; of both, the same are known."""


def pixels_per_meter(info: PictureInfo | None) -> tuple[float, float] | None:
    """Return the resolution along x and y; None if the length of a pixel is unknown."""
    if info is None or info.scale is None or info.units is None:
        return None
    units = [unit for unit in info.units[-2:] if unit is not None and unit in METERS]
    if len(units) < 2:
        return None
    y, x = (
        1 / (size * float(METERS[unit][1]))
        for size, unit in zip(info.scale[-2:], units, strict=True)
    )
    return x, y


def write_tiff(
    path: Path,
    image: NDArray[Any],
    info: PictureInfo,
    color_map: NDArray[np.uint16] | None = None,
    about: str = "",
) -> None:
    """Write an array as TIFF, compressed by deflate, with what is known of it.

    One axis becomes one row. It is in ImageJ's format if info is of ImageJ and that
    fits. color_map: uint16, (3, 2**bits), makes it indices of these colours. about:
    what other programs show as the description, where the format has a place for it.
    """
    import tifffile

    image = np.atleast_2d(image)
    is_color = info.channel_axis == -1
    options: dict[str, Any] = {
        "photometric": "rgb"
        if is_color
        else "minisblack"
        if color_map is None
        else "palette",
        "colormap": color_map,
        "extrasamples": ["unassalpha"] if is_color and image.shape[-1] == 4 else None,
        "compression": "zlib",
        **_said(path.stem, image, info, color_map is not None, about),
    }
    with replacing(path) as stream:
        tifffile.imwrite(stream, image, **options)


def _said(
    name: str, image: NDArray[Any], info: PictureInfo, is_indexed: bool, about: str
) -> dict[str, Any]:
    """Return what tifffile is to write beside the pixels."""
    axes = _axes_of(image, info)
    resolution = pixels_per_meter(info)
    said: dict[str, Any] = {}
    if resolution is not None and max(resolution) < 1e11:  # 32 bits a centimetre
        said = {
            "resolution": tuple(one / 100 for one in resolution),
            "resolutionunit": "CENTIMETER",
        }
    if axes is None:
        return said
    if axes.endswith("S") and info.channel_axis != -1:
        said["planarconfig"] = "contig"
    dtype = f"{image.dtype.kind}{image.dtype.itemsize}"
    sizes = dict(zip((info.axes or "").upper(), info.scale or (), strict=False))
    units = dict(zip((info.axes or "").upper(), info.units or (), strict=False))
    if info.is_imagej and dtype in _OF_IMAGEJ and _fits_imagej(image, axes, units):
        return _of_imagej(image, axes, sizes, units, info.channels, is_indexed, about)
    has_more = sizes or info.channels or about
    if dtype not in _OF_OME or not (has_more or 1 not in image.shape):
        return said
    # Axes of one entry are left out of OME-TIFF by those who read it.
    metadata = _of_ome(name, axes, sizes, units, info)
    if about:
        metadata["Description"] = about
    return {**said, "ome": True, "metadata": metadata}


def _axes_of(image: NDArray[Any], info: PictureInfo) -> str | None:
    """Name every axis as OME and ImageJ do; None where they have no name."""
    axis = info.channel_axis
    n = image.ndim - (axis is not None)
    if info.axes is None or len(info.axes) != n or not info.axes.endswith("yx"):
        return None
    names = info.axes.upper()
    if axis is None:
        return names
    if axis % image.ndim == n:
        return f"{names}S"
    axis %= image.ndim
    return f"{names[:axis]}C{names[axis:]}" if axis <= n - 2 else None


def _of_ome(
    name: str,
    axes: str,
    sizes: dict[str, float],
    units: dict[str, str | None],
    info: PictureInfo,
) -> dict[str, Any]:
    said: dict[str, Any] = {"axes": axes, "Name": name}
    for axis, size in sizes.items():
        what = "TimeIncrement" if axis == "T" else f"PhysicalSize{axis}"
        unit = units.get(axis)
        if (unit in TIMES) == (axis == "T") and unit is not None:
            said |= {what: size, f"{what}Unit": SYMBOLS[unit]}
        elif axis != "T" and size != 1:
            said |= {what: size, f"{what}Unit": "pixel"}
    if info.channels and "C" in axes:
        said["Channel"] = {"Name": list(info.channels)}
    return said


def _fits_imagej(image: NDArray[Any], axes: str, units: dict[str, str | None]) -> bool:
    """Return whether ImageJ's format holds it: one unit, and its order of axes."""
    order = [axis for axis in "TZCYXS" if axis in axes]
    lengths = {units.get(axis) for axis in "ZYX" if axis in axes}
    is_rgb = axes[-1] != "S" or (image.dtype == np.uint8 and image.shape[-1] == 3)
    is_time = units.get("T") in (None, "second")
    return list(axes) == order and len(lengths) == 1 and is_rgb and is_time


def _of_imagej(
    image: NDArray[Any],
    axes: str,
    sizes: dict[str, float],
    units: dict[str, str | None],
    channels: Sequence[str],
    is_indexed: bool,
    about: str,
) -> dict[str, Any]:
    import tifffile

    said: dict[str, Any] = {"axes": axes}
    options: dict[str, Any] = {}
    if unit := units.get("X"):
        said["unit"] = "micron" if unit == "micrometer" else unit
    if unit and "X" in sizes and "Y" in sizes:
        options["resolution"] = (1 / sizes["X"], 1 / sizes["Y"])
    if "Z" in axes and "Z" in sizes:
        said["spacing"] = sizes["Z"]
    if "T" in axes and units.get("T"):
        said["finterval"] = sizes["T"]
    if channels and "C" in axes:
        n_planes = int(np.prod(image.shape[: axes.index("Y")]))
        said["Labels"] = [*channels] * (n_planes // len(channels))
    if not is_indexed:
        return {**options, "imagej": True, "metadata": said}
    # tifffile writes palettes, but not in this format: ImageJ does.
    del said["axes"]
    if about:
        options["extratags"] = tifffile.imagej_metadata_tag(
            {"Info": about}, "<" if sys.byteorder == "little" else ">"
        )
    description = tifffile.imagej_description(
        image.shape, axes, rgb=False, colormapped=True, **said
    )
    return {**options, "description": description, "metadata": None}
