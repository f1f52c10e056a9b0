"""A picture in the colours of a palette whose mixtures look like other colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.arguments import is_word, shown
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.quantization.result import (
    Quantization,
    SliceQuantization,
    channel_axis_of,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray


DITHERS = ("floyd-steinberg",)
_MOST_COLORS = 256
"""Of a palette of Pillow's."""


def check_dither(dither: object) -> None:
    """Raise ValueError if a way to dither is unknown."""
    if dither is not None and not is_word(dither, DITHERS):
        known = ", ".join(map(repr, DITHERS))
        raise ValueError(f"dither is {shown(dither)}: pass None or {known}.")


def check_dithered(
    image: NDArray[Any], quantization: Quantization | SliceQuantization
) -> Quantization:
    """Return what can be dithered.

    Raise ValueError if slices have palettes of their own, the image is not the one that
    was quantized, is no grey or RGB of 8 bits, or the palette has too many colours.
    """
    if isinstance(quantization, SliceQuantization):
        raise ValueError(
            "slices with palettes of their own are not dithered: quantize the stack "
            "with one palette, or save it without."
        )
    palette, axis = quantization.palette, channel_axis_of(quantization)
    n_channels = palette.n_channels
    if image.dtype != np.uint8 or (axis, n_channels) not in ((-1, 3), (None, 1)):
        raise ValueError(
            "dithering is for grey and RGB pictures of 8 bits, and this one has "
            f"{n_channels} {'channel' if n_channels == 1 else 'channels'} of "
            f"{image.dtype}: save it without dithering."
        )
    if len(palette) > _MOST_COLORS:
        raise ValueError(
            f"dithering takes at most {_MOST_COLORS} colors, and the palette has "
            f"{len(palette)}: save the picture without, or quantize to fewer."
        )
    if image.shape != quantization.image.shape:
        raise ValueError(
            Sentence(
                "{image} has the shape {other}, and what was quantized {own}: pass "
                "the same image.",
                other=image.shape,
                own=quantization.image.shape,
            )
        )
    return quantization


def dithered(
    image: NDArray[Any], quantization: Quantization | SliceQuantization
) -> NDArray[np.uint8]:
    """Return the redrawn picture, dithered after Floyd and Steinberg (1976).

    Planes of a stack are dithered one by one. What was not quantized stays as it is.
    Raise as check_dithered.
    """
    from PIL import Image

    quantization = check_dithered(image, quantization)
    palette, labels = quantization.palette, np.asarray(quantization.labels)
    redrawn = np.array(quantization.image)
    n_channels, is_color = palette.n_channels, redrawn.ndim > labels.ndim
    colors = redrawn[..., :3] if is_color else redrawn[..., np.newaxis]
    given = image[..., :3] if is_color else image[..., np.newaxis]
    entries = np.broadcast_to(palette.drawn(np.uint8), (len(palette), 3))
    book = Image.new("P", (1, 1))
    book.putpalette(entries.tobytes())
    plane = (-1, *labels.shape[-2:])
    for pixels, mask, result in zip(
        given.reshape(*plane, n_channels),
        labels.reshape(plane) > 0,
        colors.reshape(*plane, n_channels),
        strict=True,
    ):
        # What is left as it is has an entry's colour, and so no error of its own.
        known = np.where(mask[..., np.newaxis], pixels, entries[0])
        picture = Image.fromarray(np.ascontiguousarray(known.astype(np.uint8)))
        made = picture.quantize(palette=book, dither=Image.Dither.FLOYDSTEINBERG)
        drawn = entries[np.asarray(made)][..., :n_channels]
        result[mask] = drawn[mask]
    return redrawn
