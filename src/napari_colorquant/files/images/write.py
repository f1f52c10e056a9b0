"""What is written of a result: its picture and palette indices, as PNG or TIFF.

An index is 0 to K - 1. A pixel that was not quantized has the value K, as 0 is an entry
here: it is transparent in a PNG, and black in a TIFF with colours.
"""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from napari_colorquant.core.palette.appearance import appearance
from napari_colorquant.files.images.info import AUTO, ChannelAxis, PictureInfo
from napari_colorquant.files.images.tiff_write import pixels_per_meter, write_tiff
from napari_colorquant.formats.file_io import replacing
from napari_colorquant.formats.rgb8 import one_line

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

    from napari_colorquant.core.palette.palette import Palette

MAX_PNG_PIXELS = 178_956_970
"""Pillow, and what is built on it, refuses to read a larger PNG: it could be a
small file that unpacks to fill the memory."""

_GREY_OF_PNG = tuple(map(np.dtype, ("bool", "uint8", "<u2", ">u2")))


# ---------------------------------------------------------------- pictures


def picture_suffix(image: NDArray[Any], channel_axis: ChannelAxis = AUTO) -> str:
    """Return ".png" where PNG holds the picture as it is, else ".tif".

    PNG: grey of 1, 8 or 16 bits, RGB and RGBA of 8 bits, at most MAX_PNG_PIXELS pixels.
    Pillow does not write RGB of 16 bits.
    """
    shape, dtype = image.shape, image.dtype
    is_grey = len(shape) == 2 and channel_axis in (AUTO, None)
    is_color = len(shape) == 3 and shape[2] in (3, 4) and channel_axis in (AUTO, -1)
    fits = (is_grey and dtype in _GREY_OF_PNG) or (is_color and dtype == np.uint8)
    return ".png" if fits and shape[0] * shape[1] <= MAX_PNG_PIXELS else ".tif"


def write_picture(
    path: str | PathLike[str], image: NDArray[Any], info: PictureInfo | None = None
) -> None:
    """Write a picture without loss as PNG or TIFF (compressed by deflate), by suffix.

    Raise ValueError for another suffix, or if PNG cannot hold the picture. PNG keeps
    only the resolution of info, TIFF all of it.
    """
    path = Path(path)
    if not _is_png(path, "pictures"):
        is_color = image.ndim > 2 and image.shape[-1] in (3, 4)
        write_tiff(path, image, info or PictureInfo(-1 if is_color else None))
        return
    if picture_suffix(image, AUTO if info is None else info.channel_axis) != ".png":
        raise ValueError(
            f"{path}: PNG cannot hold {image.dtype} of shape {image.shape}: use .tif."
        )
    with replacing(path) as stream:
        _write_png(stream, image, info)


def picture_bytes(image: NDArray[Any]) -> int | None:
    """Return the bytes of a picture as PNG; None where PNG cannot hold it."""
    if picture_suffix(image) != ".png":
        return None
    stream = BytesIO()
    _write_png(stream, image, None)
    return stream.getbuffer().nbytes


def _write_png(stream: BinaryIO, image: NDArray[Any], info: PictureInfo | None) -> None:
    from PIL import Image

    picture = Image.fromarray(image.astype(image.dtype.newbyteorder("="), copy=False))
    picture.save(stream, format="PNG", **_png_resolution(info))


def _png_resolution(info: PictureInfo | None) -> dict[str, Any]:
    """Return the resolution as an option of Pillow's; empty if it is unknown.

    It is also empty where PNG, with whole pixels a metre, would be off by more than a
    thousandth.
    """
    resolution = pixels_per_meter(info)
    if resolution is None or not all(500 <= one < 2**31 for one in resolution):
        return {}
    return {"dpi": tuple(one * 0.0254 for one in resolution)}


def _is_png(path: Path, what: str) -> bool:
    """Return whether a file is to be PNG; raise ValueError if it is no TIFF either."""
    if path.suffix.lower() not in {".png", ".tif", ".tiff"}:
        raise ValueError(
            f"{path}: the suffix {path.suffix!r} is none that {what} are written in: "
            "use .png or .tif."
        )
    return path.suffix.lower() == ".png"


# ---------------------------------------------------------------- palette indices


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
    without 1 or 3 channels. shown: RGB(A) of the entries, by default the palette's.
    """
    path = Path(path)
    check_labels(labels, palette, f"{path}: ")
    shown = appearance(palette) if shown is None else shown
    info = PictureInfo(None) if info is None else info
    info = replace(info, channel_axis=None, channels=())
    if not _is_png(path, "indices"):
        values, color_map = _values(labels, palette), None
        if palette.n_channels in (1, 3):
            color_map = np.zeros((3, np.iinfo(values.dtype).max + 1), np.uint16)
            # The specification's color maps have 16 bits, where 255 is 65535.
            color_map[:, : len(palette)] = shown[:, :3].T.astype(np.uint16) * 257
        write_tiff(path, values, info, color_map, _names_in_words(palette))
        return
    if indices_suffix(labels, palette) != ".png":
        raise ValueError(
            f"{path}: PNG cannot hold indices of shape {labels.shape} into "
            f"{len(palette)} colors of {palette.n_channels} channels: use .tif."
        )
    with replacing(path) as stream:
        _write_indexed_png(stream, labels, palette, shown, info)


def indexed_bytes(labels: NDArray[Any], palette: Palette) -> int | None:
    """Return the bytes of palette indices as PNG; None where PNG cannot hold them.

    Contrast limits do not change them. Raise ValueError if a label has no entry.
    """
    check_labels(labels, palette)
    if indices_suffix(labels, palette) != ".png":
        return None
    stream = BytesIO()
    _write_indexed_png(stream, labels, palette, appearance(palette), None)
    return stream.getbuffer().nbytes


def _names_in_words(palette: Palette) -> str:
    """Return the names and classes of entries, a line each; empty if there are none."""
    unnamed = ("",) * len(palette)
    lines = [
        one_line(f"{entry} is {name or kind}" + (f" ({kind})" if name and kind else ""))
        for entry, (name, kind) in enumerate(
            zip(palette.names or unnamed, palette.classes or unnamed, strict=True)
        )
        if name or kind
    ]
    return "\n".join(["Palette indices:", *lines]) if lines else ""


def check_labels(labels: NDArray[Any], palette: Palette, start: str = "") -> None:
    """Raise ValueError, with a start, if labels have no entry in a palette."""
    if labels.max() > len(palette):
        raise ValueError(
            f"{start}the labels reach {labels.max()}, and the palette has "
            f"{len(palette)} colors: pass the palette of these labels."
        )


def _write_indexed_png(
    stream: BinaryIO,
    labels: NDArray[Any],
    palette: Palette,
    shown: NDArray[np.uint8],
    info: PictureInfo | None,
) -> None:
    from PIL import Image

    colors = np.zeros((_n_values(labels, palette), 3), np.uint8)
    colors[: len(palette)] = shown[:, :3]
    picture = Image.fromarray(_values(labels, palette))
    picture.putpalette(colors.tobytes())
    not_quantized = len(palette) if len(colors) > len(palette) else None
    picture.save(
        stream, format="PNG", transparency=not_quantized, **_png_resolution(info)
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


# ---------------------------------------------------------------- a table


def write_label_table(path: str | PathLike[str], labels: NDArray[Any]) -> None:
    """Write labels of shape (height, width) as CSV, one line a row of the picture.

    Raise ValueError for another number of axes. Spreadsheets read the file, and
    numpy.loadtxt(path, int, delimiter=",").
    """
    if labels.ndim != 2:
        raise ValueError(
            f"{Path(path)}: a table has two axes, and the labels have the shape "
            f"{labels.shape}: save them as .tif."
        )
    # Several times as fast as numpy.savetxt, which formats each number anew.
    texts = [str(label) for label in range(int(labels.max()) + 1)]
    with replacing(path) as stream:
        for row in labels:
            line = ",".join([texts[label] for label in row.tolist()])
            stream.write(f"{line}\n".encode("ascii"))
