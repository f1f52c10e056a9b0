"""Find the value of white in an image that may be larger than memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from napari_colorquant.core.excerpt import excerpt_steps
from napari_colorquant.core.pixels import Pixels
from napari_colorquant.core.white import (
    S,
    find_white,
    is_guessed,
    known_white,
    with_white,
)

if TYPE_CHECKING:
    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.steps import Steps


def find_white_steps(
    image: S, palette: Palette | None = None, random_state: int = 0
) -> Steps[tuple[S, tuple[str, ...]]]:
    """Return an image with its white, if it has one, and notes for the user.

    Blocks are read only of lazy RGB in uint16 whose white is not known. Raise
    ValueError as find_white.
    """
    if isinstance(image, Pixels):
        return cast("tuple[S, tuple[str, ...]]", find_white(image, palette))
    image = known_white(image, palette)
    if not is_guessed(image, palette):
        return image, ()
    excerpt = yield from excerpt_steps(image, random_state)
    pixels, notes = find_white(excerpt.pixels, palette)
    return with_white(image, pixels.white), notes
