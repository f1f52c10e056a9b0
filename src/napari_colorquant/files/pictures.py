"""Pictures on disk: what tifffile and imageio read, and PNG or TIFF to write."""

from __future__ import annotations

import logging
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import numpy as np

from napari_colorquant.files.reading import check_regular
from napari_colorquant.files.replace import replacing

if TYPE_CHECKING:
    from os import PathLike

    import tifffile
    from numpy.typing import NDArray

MAX_PNG_PIXELS = 178_956_970
"""Pillow, and what is built on it, refuses to read a larger PNG: it could be a
small file that unpacks to fill the memory."""

NO_CODECS = (
    "its compression needs a package that is not installed: run "
    "`pip install imagecodecs`."
)
"""What to say of an error that names the package."""

TIFF_MAGIC = {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}  # TIFF and BigTIFF
_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_OTHER_COLORS = {5: "CMYK", 8: "Lab", 9: "Lab", 10: "Lab"}  # TIFF tag 262
_SURELY_SMALL = 2**30  # bytes
_MOST_EXPANSION = 2000  # deflate packs at most 1032 bytes into one


class _RefusedError(ValueError):
    """A picture that can be decoded but would not be what the file shows."""


def read_picture(path: str | PathLike[str]) -> NDArray[Any]:
    """Read a picture or a stack of them, in its own dtype.

    TIFF goes through tifffile (its first series: all planes and channels), any
    other format through imageio. The values are those in the file: no orientation
    tag and no colour profile is applied, as in napari and scikit-image. Palettes
    are replaced by the colours that they show, but for those of TIFF, where they
    colour data. Transparency becomes an alpha channel. Of several frames, an
    animated GIF or PNG gives all, anything else the first.

    Parameters
    ----------
    path : str or path-like
        A file; its content tells the format, not its suffix.

    Returns
    -------
    ndarray
        Grey: shape (height, width). RGB and RGBA: channels last. TIFF: whatever
        axes the file has.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is no picture, damaged, or would not be read as it is: CMYK and Lab
        colours, and PNG with 16 bits a colour channel, which Pillow cuts to 8.
        Small files that unpack to fill the memory are refused, too.
    """
    path = Path(path)
    check_regular(path)
    with open(path, "rb") as stream:
        start = stream.read(26)
        stream.seek(0)
        try:
            # What decoders warn of are odd tags: what they cannot read they raise.
            with warnings.catch_warnings(action="ignore"):
                if start[:4] in TIFF_MAGIC:
                    return _read_tiff(path)
                return _read_other(stream, path.suffix, start)
        except _RefusedError as error:
            raise ValueError(f"{path}: {error}") from None
        except Exception as error:  # damage makes a decoder stumble anywhere
            raise ValueError(f"{path}: {_reason(error)}") from error


class LostPages(logging.Filter):
    """Silence tifffile's log, and learn from it what tifffile does not raise.

    The pages of a TIFF are a chain. Where a file was cut off, the chain leads out
    of it, and tifffile gives the pages before as if they were all.

    Attributes
    ----------
    are_lost : bool
        Whether that has happened since this was entered as a context.
    """

    def __init__(self) -> None:
        super().__init__()
        self.are_lost = False

    def filter(self, record: logging.LogRecord) -> bool:
        """Let no message through, and remember one of lost pages.

        Parameters
        ----------
        record : logging.LogRecord
            The message.

        Returns
        -------
        bool
            Always False.
        """
        self.are_lost |= "invalid page offset" in record.getMessage()
        return False

    def __enter__(self) -> Self:
        logging.getLogger("tifffile").addFilter(self)
        return self

    def __exit__(self, *_: object) -> None:
        logging.getLogger("tifffile").removeFilter(self)


def check_colors(series: tifffile.TiffPageSeries) -> None:
    """Refuse a TIFF whose colours are not red, green and blue.

    Parameters
    ----------
    series : tifffile.TiffPageSeries
        What is to be read of it.

    Raises
    ------
    ValueError
        If they are others.
    """
    if (colors := _OTHER_COLORS.get(series.keyframe.photometric)) is not None:
        raise _not_rgb(colors)


def picture_suffix(image: NDArray[Any]) -> str:
    """Choose the format for a picture.

    Parameters
    ----------
    image : ndarray
        The picture.

    Returns
    -------
    str
        ``".png"`` where PNG holds the picture as it is: grey of 8 or 16 bits, RGB
        and RGBA of 8 bits. ``".tif"`` for anything else: floats, other integers,
        stacks, other channels, and 16-bit RGB, which Pillow does not write.
    """
    shape, dtype = image.shape, image.dtype
    is_grey = len(shape) == 2
    is_color = len(shape) == 3 and shape[2] in (3, 4)
    fits = dtype.kind == "u" and (
        (dtype.itemsize == 1 and (is_grey or is_color))
        or (dtype.itemsize == 2 and is_grey)
    )
    return ".png" if fits and shape[0] * shape[1] <= MAX_PNG_PIXELS else ".tif"


def write_picture(path: str | PathLike[str], image: NDArray[Any]) -> None:
    """Write a picture without loss.

    Parameters
    ----------
    path : str or path-like
        Ending in ``.png``, ``.tif`` or ``.tiff``; a file of that name is replaced.
        TIFF is compressed by deflate.
    image : ndarray
        The picture, with a dtype that quantization gives: an integer or float of
        up to 64 bits.

    Raises
    ------
    ValueError
        If the suffix is another one, or PNG cannot hold the picture (see
        :func:`picture_suffix`).
    OSError
        If the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix == ".png":
        if picture_suffix(image) != ".png":
            raise ValueError(
                f"{path}: PNG cannot hold {image.dtype} of shape {image.shape}: "
                "use .tif."
            )
        with replacing(path) as stream:
            write_png(stream, image)
    elif suffix in {".tif", ".tiff"}:
        write_tiff(path, image, image.ndim > 2 and image.shape[-1] in (3, 4))
    else:
        raise ValueError(
            f"{path}: the suffix {path.suffix!r} is none that pictures are written in: "
            "use .png or .tif."
        )


def write_png(stream: BinaryIO, image: NDArray[Any]) -> None:
    """Write a picture as PNG.

    Parameters
    ----------
    stream : file object
        Open for writing bytes.
    image : ndarray
        A picture whose :func:`picture_suffix` is ``".png"``.
    """
    from PIL import Image

    picture = Image.fromarray(image.astype(image.dtype.newbyteorder("="), copy=False))
    picture.save(stream, format="PNG")


def write_tiff(
    path: Path,
    image: NDArray[Any],
    is_color: bool,
    color_map: NDArray[np.uint16] | None = None,
) -> None:
    """Write an array of any shape as TIFF, compressed by deflate.

    Parameters
    ----------
    path : Path
        File to write; replaced if it exists.
    image : ndarray
        The array; one of a single axis becomes a picture of one row.
    is_color : bool
        Mark the last axis, of 3 or 4 entries, as RGB or RGBA.
    color_map : ndarray of uint16, shape (3, 2**bits), optional
        Mark the image, of 8 or 16 bits, as indices of these colours.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    import tifffile

    without_colors = "minisblack" if color_map is None else "palette"
    with replacing(path) as stream:
        tifffile.imwrite(
            stream,
            np.atleast_2d(image),
            photometric="rgb" if is_color else without_colors,
            colormap=color_map,
            extrasamples=["unassalpha"] if is_color and image.shape[-1] == 4 else None,
            compression="zlib",
        )


def _read_tiff(path: Path) -> NDArray[Any]:
    import tifffile

    with LostPages() as pages, tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        check_colors(series)
        if series.nbytes > max(_SURELY_SMALL, _MOST_EXPANSION * path.stat().st_size):
            raise _RefusedError(
                f"it claims to unpack to {series.nbytes / 2**30:,.0f} GB, which no "
                "file of its size does: it is damaged."
            )
        picture = tiff.asarray()
        if pages.are_lost:
            raise EOFError("the chain of pages leads out of the file")
        return picture


def _read_other(stream: BinaryIO, suffix: str, start: bytes) -> NDArray[Any]:
    import imageio.v3 as iio
    from imageio.plugins.pillow import PillowPlugin

    if start.startswith(_PNG_MAGIC) and start[24] == 16 and start[25] != 0:
        raise _RefusedError(
            "a PNG with 16 bits a color channel, which would be read with 8: "
            "convert it to TIFF first."
        )
    # The suffix is but a hint which decoder to try first.
    with iio.imopen(stream, "r", extension=suffix or ".png") as file:
        if not isinstance(file, PillowPlugin):
            return np.asarray(file.read())
        about = file.metadata(exclude_applied=False)
        mode = about["mode"]
        if mode in {"CMYK", "LAB"}:
            raise _not_rgb(mode)
        has_clear_color = mode in {"L", "P", "RGB"} and "transparency" in about
        if mode in {"LA", "PA"} or has_clear_color:
            image = file.read(mode="RGBA")
        else:
            image = file.read()
        # imageio gives a GIF as a row of frames, also where there is only one.
        is_row_of_one = len(image) == 1 and file.properties().is_batch
    return image[0] if is_row_of_one else image


def _not_rgb(colors: str) -> _RefusedError:
    return _RefusedError(f"its colors are {colors}, not RGB: convert it to RGB first.")


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
