"""Palette indices on disk: a PNG or a TIFF that shows its colours.

A value is a palette index, 0 to K - 1. A pixel that was not quantized has the value K,
as 0 is an entry here: it is transparent in a PNG, and black in a TIFF with colours.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from napari_colorquant.core.palette.appearance import appearance
from napari_colorquant.files.images.info import PictureInfo
from napari_colorquant.files.images.pictures import MAX_PNG_PIXELS, png_resolution
from napari_colorquant.files.images.tiff_write import write_tiff
from napari_colorquant.formats.file_io import replacing

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    from napari_colorquant.core.palette.palette import Palette


def indices_suffix(labels: NDArray[Any], palette: Palette) -> str:
    """Return ".png" where an indexed PNG holds the indices, else ".tif".

    PNG: two axes, at most MAX_PNG_PIXELS pixels, one or three channels, and 256 values
    (255 colours where some pixels were not quantized).
    """
    fits = (
        labels.ndim == 2
        and labels.size <= MAX_PNG_PIXELS
        and palette.n_channels in (1, 3)
        and _n_values(labels, palette) <= 256
    )
    return ".png" if fits else ".tif"


def write_indices(
    path: str | PathLike[str],
    labels: NDArray[Any],
    palette: Palette,
    shown: NDArray[np.uint8] | None = None,
    info: PictureInfo | None = None,
) -> None:
    """Write palette indices, shown in the palette's colours, as PNG or TIFF by suffix.

    TIFF 6.0, section 5: every page has the color map, 384 KB in 16 bits; there is none
    without 1 or 3 channels. contrast_limits: black and white, in the palette's units.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    check_labels(labels, palette, f"{path}: ")
    shown = appearance(palette) if shown is None else shown
    info = PictureInfo(None) if info is None else info
    info = replace(info, channel_axis=None, channels=())
    if suffix == ".png":
        if indices_suffix(labels, palette) != ".png":
            raise ValueError(
                f"{path}: PNG cannot hold indices of shape {labels.shape} into "
                f"{len(palette)} colors of {palette.n_channels} channels: use .tif."
            )
        with replacing(path) as stream:
            write_indexed_png(stream, labels, palette, shown, info)
    elif suffix in {".tif", ".tiff"}:
        values, color_map = _values(labels, palette), None
        if palette.n_channels in (1, 3):
            color_map = np.zeros((3, np.iinfo(values.dtype).max + 1), np.uint16)
            # The specification's color maps have 16 bits, where 255 is 65535.
            color_map[:, : len(palette)] = shown[:, :3].T.astype(np.uint16) * 257
        write_tiff(path, values, info, color_map)
    else:
        raise ValueError(
            f"{path}: the suffix {path.suffix!r} is none that indices are written in: "
            "use .png or .tif."
        )


def check_labels(labels: NDArray[Any], palette: Palette, start: str = "") -> None:
    """Raise ValueError, whose text begins with start, if a label has no entry."""
    if labels.max() > len(palette):
        raise ValueError(
            f"{start}the labels reach {labels.max()}, and the palette has "
            f"{len(palette)} colors: pass the palette of these labels."
        )


def write_indexed_png(
    stream: BinaryIO,
    labels: NDArray[Any],
    palette: Palette,
    shown: NDArray[np.uint8],
    info: PictureInfo | None = None,
) -> None:
    """Write palette indices as PNG to a stream; see write_indices.

    The labels must be such that indices_suffix is ".png".
    """
    from PIL import Image

    colors = np.zeros((_n_values(labels, palette), 3), np.uint8)
    colors[: len(palette)] = shown[:, :3]
    picture = Image.fromarray(_values(labels, palette))
    picture.putpalette(colors.tobytes())
    not_quantized = len(palette) if len(colors) > len(palette) else None
    picture.save(
        stream, format="PNG", transparency=not_quantized, **png_resolution(info)
    )


def _n_values(labels: NDArray[Any], palette: Palette) -> int:
    return len(palette) + bool((labels == 0).any())


def _values(labels: NDArray[Any], palette: Palette) -> NDArray[Any]:
    n_values = _n_values(labels, palette)
    dtype = np.uint8 if n_values <= 256 else np.uint16
    one = labels.dtype.type(1)
    values: NDArray[Any] = (labels - one).astype(dtype)  # a label 0 wraps around ...
    if n_values > len(palette):
        values[labels == 0] = len(palette)  # ... and is written over
    return values
