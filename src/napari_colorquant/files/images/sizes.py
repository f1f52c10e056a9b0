"""The size of a picture on disk, found without writing a file."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.palette.appearance import appearance
from napari_colorquant.files.images.indices import (
    check_labels,
    indices_suffix,
    write_indexed_png,
)
from napari_colorquant.files.images.pictures import picture_suffix, write_png

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.palette.palette import Palette


def picture_bytes(image: NDArray[Any]) -> int | None:
    """Return the bytes of a picture as PNG; None where PNG cannot hold it."""
    if picture_suffix(image) != ".png":
        return None
    stream = BytesIO()
    write_png(stream, image)
    return stream.getbuffer().nbytes


def indexed_bytes(labels: NDArray[Any], palette: Palette) -> int | None:
    """Return the bytes of palette indices as PNG; None where PNG cannot hold them.

    Contrast limits do not change them. Raise ValueError if a label has no entry.
    """
    check_labels(labels, palette)
    if indices_suffix(labels, palette) != ".png":
        return None
    stream = BytesIO()
    write_indexed_png(stream, labels, palette, appearance(palette))
    return stream.getbuffer().nbytes
