"""Palette indices on disk: a PNG or a TIFF that shows its colours.

The value of a pixel is its palette index, 0 to K - 1. Where some pixels were not
quantized, they have the value K, one past the last entry: labels say that with
their 0, which here is an entry. In a PNG the value K is transparent, in a TIFF that
shows its colours it is black.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from napari_colorquant.core.appearance import appearance
from napari_colorquant.files.picture_info import PictureInfo
from napari_colorquant.files.pictures import MAX_PNG_PIXELS, png_resolution
from napari_colorquant.files.replace import replacing
from napari_colorquant.files.tiff_write import write_tiff

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    from napari_colorquant.core.palette import Palette


def indices_suffix(labels: NDArray[Any], palette: Palette) -> str:
    """Choose the format for palette indices.

    Parameters
    ----------
    labels : ndarray of unsigned int
        Labels of a quantization.
    palette : Palette
        Its palette.

    Returns
    -------
    str
        ``".png"`` for two axes, a palette of one or three channels, and up to 256
        values (255 colours where some pixels were not quantized). ``".tif"`` for
        anything else.
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
    """Write the palette index of every pixel, shown in the palette's colours.

    A TIFF is a palette-colour image of the specification (revision 6.0, section 5): its
    color map has an entry for each value of the pixels' 8 or 16 bits. It is in every
    page, so that those of 16 bits are larger by 384 KB each. Of a palette of other than
    one or three channels, the TIFF shows the indices themselves.

    Parameters
    ----------
    path : str or path-like
        Ending in ``.png`` (entry *i* of the file's palette is entry *i* of
        `palette`), ``.tif`` or ``.tiff`` (uint8 up to 256 values, uint16 above);
        a file of that name is replaced.
    labels : ndarray of unsigned int
        Palette index + 1; 0 where not quantized. In a TIFF any number of axes.
    palette : Palette
        The colours. One channel is shown as grey.
    shown : ndarray of uint8, shape (K, 3) or (K, 4), optional
        The entries as they are shown, by default their
        :func:`~napari_colorquant.core.appearance.appearance`.
    info : PictureInfo, optional
        What is known of the picture: axes, pixel sizes and units.

    Raises
    ------
    ValueError
        If a label has no palette entry, the suffix is another one, or PNG cannot
        hold the indices (see :func:`indices_suffix`).
    OSError
        If the file cannot be written.
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
    """Refuse labels that are not of a palette.

    Parameters
    ----------
    labels : ndarray of unsigned int
        Palette index + 1; 0 where not quantized.
    palette : Palette
        The colours.
    start : str
        What the sentence starts with, such as a file's name.

    Raises
    ------
    ValueError
        If a label has no palette entry.
    """
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
    """Write the palette index of every pixel as PNG.

    Parameters
    ----------
    stream : file object
        Open for writing bytes.
    labels : ndarray of unsigned int
        Labels of `palette` whose :func:`indices_suffix` is ``".png"``.
    palette : Palette
        The colours.
    shown : ndarray of uint8, shape (K, 3) or (K, 4)
        The entries as they are shown.
    info : PictureInfo, optional
        What is known of the picture.
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
