"""A picture in the colours of a palette whose mixtures look like other colours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.arguments import is_word, shown
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.quantization.result import (
    Quantization,
    SliceQuantization,
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


def dithered(
    image: NDArray[Any], quantization: Quantization | SliceQuantization
) -> NDArray[np.uint8]:
    """Return the redrawn picture, dithered after Floyd and Steinberg (1976).

    Planes of a stack are dithered one by one. What was not quantized stays as it is.
    Raise ValueError if slices have palettes of their own, the image is not the one that
    was quantized, is no grey or RGB of 8 bits, or the palette has too many colours.
    """
    from PIL import Image

    if isinstance(quantization, SliceQuantization):
        raise ValueError(
            "slices with palettes of their own are not dithered: quantize the stack "
            "with one palette, or save it without."
        )
    palette, labels = quantization.palette, np.asarray(quantization.labels)
    redrawn = np.array(quantization.image)
    n_channels, is_color = palette.n_channels, redrawn.ndim > labels.ndim
    if image.dtype != np.uint8 or n_channels != (3 if is_color else 1):
        raise ValueError(
            "dithering is for grey and RGB pictures of 8 bits, and this one has "
            f"{n_channels} {'channel' if n_channels == 1 else 'channels'} of "
            f"{image.dtype}: save it without."
        )
    if len(palette) > _MOST_COLORS:
        raise ValueError(
            f"dithering takes at most {_MOST_COLORS} colors, and the palette has "
            f"{len(palette)}: save the picture without, or quantize to fewer."
        )
    if image.shape != redrawn.shape:
        raise ValueError(
            Sentence(
                "{image} has the shape {other}, and what was quantized {own}: pass "
                "the same image.",
                other=image.shape,
                own=redrawn.shape,
            )
        )
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
