"""Several images as one table of colours, from which one palette is learned."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.distance import spread_ranks
from napari_colorquant.core.compute.arguments import is_word, shown
from napari_colorquant.core.image.image import Image, see_image
from napari_colorquant.core.image.pixels import Pixels, valid_colors
from napari_colorquant.core.image.sampling import (
    Subset,
    colors_as_pixels,
    most_pixels,
    read_subset,
    refuse_nothing,
)
from napari_colorquant.core.palette.white import (
    guessed_white,
    highest,
    is_guessed,
    with_white,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.palette.palette import Palette

WEIGHTS = ("pixel", "image")
"""What counts the same when one palette is learned of several images."""
_MOST_KEPT = 2**28
"""Bytes of colours that are kept until all images are known; others are read again."""


def are_several(image: object) -> bool:
    """Return whether these are several images: a list or tuple of arrays with axes."""
    return (
        isinstance(image, list | tuple)
        and len(image) > 0
        and all(getattr(one, "ndim", 0) > 1 for one in image)
    )


def see_several(
    images: Sequence[Any], channel_axis: int | None, mask: Any, data_range: float | None
) -> list[Image]:
    """Check images, each with its mask if any; raise if they have no palette together.

    TypeError or ValueError name the place of the image in the list, from 0.
    """
    masks = [None] * len(images) if mask is None else mask
    if not isinstance(masks, list | tuple) or len(masks) != len(images):
        raise ValueError(
            f"there are {len(images)} images: pass a list of as many masks, None for "
            "an image without one."
        )
    seen: list[Image] = []
    for number, (image, own) in enumerate(zip(images, masks, strict=True)):
        try:
            one = with_white(see_image(image, channel_axis, own), data_range)
        except (TypeError, ValueError) as error:
            raise type(error)(f"image {number}: {error}") from error
        seen.append(one)
        first, last = seen[0].outline, one.outline
        if (first.dtype, first.n_channels) != (last.dtype, last.n_channels):
            raise ValueError(
                f"image 0 has {first.n_channels} channels of {first.dtype}, and image "
                f"{number} {last.n_channels} of {last.dtype}: pass images of the same "
                "channels and dtype, or convert them first."
            )
    return seen


def of_several(palette: Palette) -> Palette:
    """Return a palette of several images: one of them need not have all entries."""
    return replace(palette, learned_shares=None)


def check_weight(weight: object) -> None:
    """Raise ValueError unless weight is one of WEIGHTS."""
    if not is_word(weight, WEIGHTS):
        raise ValueError(f"weight is {shown(weight)}: pass 'pixel' or 'image'.")


def pool(
    images: Sequence[Image],
    weight: str,
    fixed: Palette | None,
    random_state: int,
    monitor: Monitor,
) -> tuple[Pixels, tuple[str, ...]]:
    """Return the valid colours of images in one table, and notes on white.

    By "pixel", each pixel counts the same; by "image", each image, whose colours are
    repeated evenly. The table is no larger than a subset of one image: beyond it, as
    many of each image's pixels are drawn as are its share. images: they may be opened
    as they are taken, one after another, and again. Raise ValueError if an image has no
    valid pixel.
    """
    first, n_images = images[0], len(images)
    most = most_pixels(first)
    sizes = [np.prod(image.shape, dtype=np.float64) for image in images]
    kept: list[NDArray[Any] | None] = []
    there: list[int] = []
    n_valid: list[float] = []
    high, n_bytes = -np.inf, 0

    def colors_of(number: int, image: Image, part: Monitor) -> tuple[Subset, Any]:
        share = sizes[number] / sum(sizes) if weight == "pixel" else 1 / n_images
        try:
            subset = read_subset(image, random_state, part, max(1, int(most * share)))
            own = valid_colors(subset.pixels)
            refuse_nothing([len(own)])
        except ValueError as error:
            raise type(error)(f"image {number}: {error}") from error
        return subset, own

    for number, image in enumerate(images):
        part = monitor.part(number / n_images, (number + 1) / n_images)
        subset, own = colors_of(number, image, part)
        if is_guessed(image, fixed):
            high = max(high, highest(subset.pixels))
        there.append(len(own))
        n_valid.append(len(own) / subset.share)
        n_bytes += own.nbytes
        kept.append(own if n_bytes <= _MOST_KEPT else None)
        part("read", 1.0)
        del image, subset, own  # or two images were in memory
    random = np.random.RandomState(random_state)
    lengths = _lengths(there, n_valid, most, weight)
    drawn = []
    for number, length in enumerate(lengths):
        again = kept[number]
        if again is None:
            _, again = colors_of(number, images[number], monitor.part(1.0, 1.0))
        drawn.append(again[spread_ranks(len(again), length, random)])
        kept[number] = again = None
    outline = first.outline
    table = replace(
        colors_as_pixels(drawn), is_light=outline.is_light, white=outline.white
    )
    if is_guessed(table, fixed):
        return guessed_white(table, high, "images")
    return table, ()


def _lengths(
    there: Sequence[int], n_valid: Sequence[float], most: int, weight: str
) -> list[int]:
    """Return how many rows of the table each image has.

    there: colours that were read of each; n_valid: valid pixels that it has.
    """
    if weight == "image":
        return [max(1, min(most // len(there), max(there)))] * len(there)
    shares = [n / all_of_it for n, all_of_it in zip(there, n_valid, strict=True)]
    part = min(1.0, most / sum(n_valid), *shares)
    return [max(1, round(part * n)) for n in n_valid]
