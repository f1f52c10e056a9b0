"""Two pictures side by side: the original and the redrawn one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.image.pixels import surely_finite
from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.core.palette.white import with_white

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.image.pixels import Pixels, Tile


def see_two(
    original: ArrayLike,
    redrawn: ArrayLike,
    channel_axis: int | None,
    mask: ArrayLike | None,
    data_range: float | None,
) -> tuple[Image, Image]:
    """Return the original with its mask and white, and the redrawn picture.

    Both are blocks if one is lazy. Raise as measure_quality.
    """
    lazily = is_lazy(original) or is_lazy(redrawn)
    before = see_image(original, channel_axis, mask, lazily=lazily)
    before = with_white(before, data_range)
    return before, see_image(redrawn, channel_axis, lazily=lazily)


def check_alike(before: Pixels, after: Pixels) -> None:
    """Raise ValueError if two pictures differ in shape or dtype."""
    if before.image.shape != after.image.shape or before.dtype != after.dtype:
        raise ValueError(
            f"the original has the shape {before.image.shape} and dtype "
            f"{before.dtype}, the redrawn image {after.image.shape} and {after.dtype}: "
            "pass two images of one shape and dtype."
        )


def compared(
    before: Pixels, after: Pixels, tile: Tile
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.bool_] | None]:
    """Return a tile's valid pixels of both pictures, each (n, C), and Pixels.valid.

    Raise ValueError if the redrawn picture is NaN or infinite at one of them.
    """
    valid = before.valid(tile)
    a, b = before.values(tile), after.values(tile)
    if valid is not None:
        a, b = a[valid], b[valid]
    if b.dtype.kind == "f" and not surely_finite(b) and not np.isfinite(b).all():
        raise ValueError(
            "the redrawn image is NaN or infinite where the original is not: pass a "
            "mask of the pixels to compare."
        )
    return a, b, valid
