"""Pictures that are read whole, by tifffile, Pillow and imageio."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from napari_colorquant.files.images.info import (
    AUTO,
    ChannelAxis,
    PictureInfo,
    RefusedError,
    axis_of_colors,
)
from napari_colorquant.files.images.tiff_info import LostPages, tiff_info
from napari_colorquant.files.images.write import MAX_PNG_PIXELS
from napari_colorquant.formats.file_io import check_regular
from napari_colorquant.formats.log import LOGGER

if TYPE_CHECKING:
    from os import PathLike

    from numpy.typing import NDArray

NO_CODECS = (
    "its compression needs a package that is not installed: run "
    "`pip install imagecodecs`."
)
"""What to say of an error that names the package."""

TIFF_MAGIC = {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}  # TIFF and BigTIFF
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_ANIMATED = {"GIF", "PNG", "WEBP", "AVIF"}
_SURELY_SMALL = 2**30  # bytes
_MOST_EXPANSION = 2000  # deflate packs at most 1032 bytes into one


def open_picture(
    path: str | PathLike[str],
    channel_axis: ChannelAxis = AUTO,
    series: int | None = None,
    rgb: bool | None = None,
) -> tuple[NDArray[Any], PictureInfo]:
    """Return the pixels of a picture or stack, and what its file says of it.

    No orientation tag and no colour profile is applied, as in napari and scikit-image.
    Colours are last; a TIFF's palette becomes RGB only for channel_axis "auto" and -1.
    rgb: whether its channels are red, green and blue, by default what the file says.
    """
    path = Path(path)
    check_regular(path)
    LOGGER.info("reading %s", path)
    with open(path, "rb") as stream:
        start = stream.read(26)
        stream.seek(0)
        try:
            # What decoders warn of are odd tags: what they cannot read they raise.
            with warnings.catch_warnings(action="ignore"):
                if start[:4] in TIFF_MAGIC:
                    return _read_tiff(path, channel_axis, series, rgb)
                if series:
                    raise RefusedError(
                        f"it holds one picture, and series {series} was asked for."
                    )
                image, is_color = _read_other(stream, path, start)
                found = channel_axis
                if channel_axis == AUTO:
                    found = -1 if is_color else None
                axis = found if isinstance(found, int) else None
                moved, axis = axis_of_colors(axis, image.shape, rgb)
        except RefusedError as error:
            raise ValueError(f"{path}: {error}") from None
        except Exception as error:  # damage makes a decoder stumble anywhere
            raise ValueError(f"{path}: {_reason(error)}") from error
    if moved is not None:
        image = np.moveaxis(image, moved, -1)
    n = image.ndim - (axis is not None)
    axes = "tyx" if n == 3 else "yx" if n == 2 else None
    return image, PictureInfo(axis, axes)


def _read_tiff(
    path: Path, channel_axis: ChannelAxis, number: int | None, rgb: bool | None
) -> tuple[NDArray[Any], PictureInfo]:
    import tifffile

    with LostPages() as pages, tifffile.TiffFile(path) as tiff:
        series, conversion, info = tiff_info(tiff, channel_axis, number, rgb)
        if _expands(series.nbytes, path):
            raise RefusedError(
                f"it claims to unpack to {series.nbytes / 2**30:,.0f} GB, which no "
                "file of its size does: it is damaged."
            )
        picture = tiff.asarray(series=info.chosen)
        if pages.are_lost:
            raise EOFError("the chain of pages leads out of the file")
        return conversion.apply(picture), info


def tiff_has_colors_of_16(
    path: Path, channel_axis: ChannelAxis, series: int | None, rgb: bool | None
) -> bool:
    """Return whether a TIFF has RGB of 16 bits and does not say what white is.

    No pixel is read. Of one that is damaged it is False.
    """
    import tifffile

    try:
        with LostPages(), tifffile.TiffFile(path) as tiff:
            found, _, info = tiff_info(tiff, channel_axis, series, rgb)
    except Exception:  # noqa: BLE001, damage makes a decoder stumble anywhere
        return False
    is_color = info.channel_axis == -1 and info.data_range is None
    return is_color and np.dtype(found.dtype) == np.uint16


def _expands(n_bytes: int, path: Path) -> bool:
    return n_bytes > max(_SURELY_SMALL, _MOST_EXPANSION * path.stat().st_size)


def _refuse_frames(n_bytes: int, path: Path, frames: str) -> None:
    if _expands(n_bytes, path):
        raise RefusedError(
            f"its {frames} unpack to {n_bytes / 2**30:,.0f} GB, more than is read of a "
            "file of its size: save those that are wanted as TIFF."
        )


def _read_other(
    stream: BinaryIO, path: Path, start: bytes
) -> tuple[NDArray[Any], bool]:
    """Return pixels of what is no TIFF, and whether the last axis holds colours.

    An animation gives all frames; another file that Pillow reads gives the first.
    """
    from PIL import Image, UnidentifiedImageError

    if start.startswith(_PNG_MAGIC) and start[24] == 16 and start[25] != 0:
        raise RefusedError(
            "a PNG with 16 bits a color channel, which would be read with 8: "
            "convert it to TIFF first."
        )
    try:
        file = Image.open(stream)
    except UnidentifiedImageError:
        stream.seek(0)
        image = _read_by_imageio(stream, path)
        return image, image.ndim > 2
    with file:
        # Counting them decodes none, but for the first.
        n_frames = getattr(file, "n_frames", 1) if file.format in _ANIMATED else 1
        if n_frames == 1:
            image = _decoded(file)
            return image, image.ndim > 2
        frame_bytes = 4 * file.width * file.height
        _refuse_frames(n_frames * frame_bytes, path, f"{n_frames:,} frames")
        frames = []
        for number in range(n_frames):
            file.seek(number)
            frames.append(_decoded(file))
    return _stacked(frames)


def _read_by_imageio(stream: BinaryIO, path: Path) -> NDArray[Any]:
    """Read frame by frame, so that no more is read than may be."""
    import imageio.v3 as iio

    # The suffix is but a hint which decoder to try first.
    with iio.imopen(stream, "r", extension=path.suffix or ".png") as file:
        frames, n_bytes = [], 0
        for frame in file.iter():
            frames.append(np.asarray(frame))
            n_bytes += frames[-1].nbytes
            _refuse_frames(n_bytes, path, "frames")
    return frames[0] if len(frames) == 1 else np.stack(frames)


def _decoded(file: Any) -> NDArray[Any]:
    """Return the pixels of a frame of Pillow: grey, RGB or RGBA."""
    mode, clear = file.mode, file.info.get("transparency")
    if mode in {"CMYK", "LAB", "HSV"}:
        raise RefusedError(f"its colors are {mode}, not RGB: convert it to RGB first.")
    if mode in {"P", "PA", "LA", "La", "RGBa"} or (
        mode in {"1", "L", "RGB"} and clear is not None
    ):
        is_clear = clear is not None or mode not in {"P"}
        return np.asarray(file.convert("RGBA" if is_clear else "RGB"))
    if mode == "1":
        return np.asarray(file.convert("L"))
    if mode in {"YCbCr", "RGBX"}:
        return np.asarray(file.convert("RGB"))
    image = np.asarray(file)
    if mode == "I" and file.format == "PNG":  # of 16 bits, in older Pillow
        image = image.astype(np.uint16)
    if image.dtype.kind not in "f" and image.dtype.byteorder == ">":
        image = image.astype(image.dtype.newbyteorder("="))
    if image.ndim == 2 and isinstance(clear, int) and image.dtype == np.uint16:
        opacity = np.where(image == clear, 0, 65535).astype(np.uint16)
        image = np.stack([image, image, image, opacity], axis=-1)
    return image


def _stacked(frames: list[NDArray[Any]]) -> tuple[NDArray[Any], bool]:
    """Put frames together, which may differ in having colours and opacity."""
    widest = max(_n_samples(frame) for frame in frames)
    return np.stack([_widened(frame, widest) for frame in frames]), widest > 1


def _n_samples(frame: NDArray[Any]) -> int:
    return 1 if frame.ndim == 2 else int(frame.shape[-1])


def _widened(frame: NDArray[Any], n: int) -> NDArray[Any]:
    if frame.ndim == 2 and n > 1:
        frame = np.repeat(frame[..., np.newaxis], 3, axis=-1)
    if n == 4 and _n_samples(frame) == 3:
        opaque = np.full_like(frame[..., :1], np.iinfo(frame.dtype).max)
        frame = np.concatenate([frame, opaque], axis=-1)
    return frame


def _reason(error: Exception) -> str:
    from PIL.Image import DecompressionBombError

    if isinstance(error, DecompressionBombError):
        return (
            f"it has more than {MAX_PNG_PIXELS:,} pixels, the most that is read of "
            "this format: convert it to TIFF first."
        )
    if isinstance(error, MemoryError):
        return "there is not enough memory to read it."
    if "imagecodecs" in str(error):
        return NO_CODECS
    return (
        "cannot be read as a picture: it is damaged, or of a format that neither "
        "tifffile nor imageio reads."
    )
