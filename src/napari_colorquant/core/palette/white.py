"""What white is in an image, and a palette in the image's own units: the one rule.

Light (3 or 4 channels on the last axis) has a white: passed, else of a palette in its
units, else of its dtype, of uint16 by its values. Others are data, never converted.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.image import AnyImage, Image, set_white
from napari_colorquant.core.image.pixels import Pixels
from napari_colorquant.core.image.sampling import read_subset
from napari_colorquant.core.palette.checks import check_white
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.palette_data import white_of

if TYPE_CHECKING:
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Tile
    from napari_colorquant.core.palette.palette import Palette

_DEPTHS = (8, 10, 12, 14)
"""Bits that pictures, cameras and scanners have, and that are stored in 16."""
_ROUNDING = 1e-9
"""How far beyond white, as part of it, a converted colour may be."""
_WAY_OUT = "set {data_range} to the value of white in the image."
_SAYS = "white is taken to be "


def with_white(image: AnyImage, data_range: float | None) -> AnyImage:
    """Return an image with the white that was passed; raise if it cannot have it.

    Channels of data have a white only where it was passed.
    """
    if data_range is None:
        return image
    checked = check_white(data_range, image.dtype.name, "data_range")
    return set_white(image, checked)


def known_white(image: AnyImage, palette: Palette | None) -> AnyImage:
    """Return the same image with white as far as known before a pixel is read.

    What was passed stays. Else a palette of light in the same units gives its own (of
    floats, only one that was set), one in others the dtype's, except of uint16.
    """
    outline = image.outline
    if outline.white is not None or not _is_fitted(palette, outline):
        return image
    assert palette is not None  # or it were not fitted
    dtype = outline.dtype
    if _is_of(palette, dtype):
        # Of floats, white may be anything: 1 is not known before it was passed.
        known = palette.white if dtype.kind == "f" else palette.white_value
    else:
        known = None if dtype == np.uint16 else white_of(dtype.name)
    return image if known is None else set_white(image, known)


def find_white(
    pixels: Pixels, palette: Palette | None = None
) -> tuple[Pixels, tuple[str, ...]]:
    """Return the image with its white, where it has one, and notes for the user.

    Raises ValueError if it has values above white; or where a palette is converted to
    floats, below 0.
    """
    was_passed = pixels.white is not None
    pixels = known_white(pixels, palette)
    if not _is_fitted(palette, pixels):
        palette = None  # it says nothing of white, and is taken as it is
    if not pixels.is_light:
        return pixels, ()
    if is_guessed(pixels, palette):
        return guessed_white(pixels, highest(pixels))
    white = limit_of(pixels)
    if white is None:
        return pixels, ()
    low, high = _reach(pixels)
    if high > white:
        where = " in the palette"
        if was_passed or palette is None:
            where = ""
        elif not _is_of(palette, pixels.dtype):
            where = f" where a palette of {palette.units} is converted"
        raise ValueError(
            Sentence(
                "the image has values up to {high:g}, and white is {white:g}{where}: "
                + _WAY_OUT,
                high=high,
                white=white,
                where=where,
            )
        )
    is_converted = palette is not None and not _is_of(palette, pixels.dtype)
    if palette is not None and is_converted and low < 0 and not was_passed:
        raise ValueError(
            Sentence(
                "the image has values from {low:g} to {high:g}, and a palette of "
                "{units} is converted to values from 0 to {white:g}: " + _WAY_OUT,
                low=low,
                high=high,
                units=palette.units,
                white=white,
            )
        )
    return pixels, ()


def is_guessed(image: Image, palette: Palette | None) -> bool:
    """Return whether white is guessed from values: RGB of uint16, white not known."""
    outline = known_white(image, palette).outline
    return outline.is_light and outline.white is None and image.dtype == np.uint16


def highest(pixels: Pixels) -> float:
    """Return the largest valid value of 16 bits; minus infinity where none is valid.

    Of an image that uses all 16 bits it is any value that does.
    """
    _, high = _reach(pixels, _top(_DEPTHS[-1]))
    return high


def is_of_16_bits(high: float) -> bool:
    """Return whether a value is more than 14 bits hold: white is guessed the same."""
    return high > _top(_DEPTHS[-1])


def guessed_white(
    image: AnyImage, high: float, what: str = "image"
) -> tuple[AnyImage, tuple[str, ...]]:
    """Return RGB of uint16 with the white of the fewest bits for it, and notes.

    high: the largest value of what; minus infinity for none, where white is 65535.
    There is no note for 16 bits, nor where high is 0.
    """
    bits = next((n for n in _DEPTHS if high <= _top(n)), 16)
    note = (
        f"The largest value of the {what} is {high:,.0f}: {_SAYS}{_top(bits):,.0f}, "
        f"the largest value of {bits} bits."
    )
    notes = (note,) if high > 0 and bits < 16 else ()
    return set_white(image, _top(bits if high >= 0 else 16)), notes


def is_about_white(note: str) -> bool:
    """Return whether a note only tells what white is, as of `guessed_white`."""
    return _SAYS in note


def in_units_of(palette: Palette, image: Pixels, what: str = "palette") -> Palette:
    """Return a palette in an image's units: only RGB of known units is converted.

    Raises ValueError if colours to convert are not from black to white. what: its name
    in the error.
    """
    if not _is_fitted(palette, image):
        return palette
    units, own = image.dtype.name, palette.white_value
    assert own is not None  # as its units are known
    is_of_image = _is_of(palette, image.dtype)
    white = own if is_of_image and image.white is None else image.white_value
    if is_of_image and white == own:
        return palette
    low, high = float(palette.colors.min()), float(palette.colors.max())
    if low < 0 or high > own * (1 + _ROUNDING):
        raise ValueError(
            f"the {what} has values from {low:g} to {high:g}, and is converted from "
            f"{palette.units}, where white is {own:g}: correct its colors, or the "
            "value of white in it."
        )
    return palette.in_units(units, white)


def limit_of(image: Pixels) -> float | None:
    """Return white where a value of light could be above it, else None."""
    white, dtype = image.white, image.dtype
    if not image.is_light or white is None:
        return None
    return white if dtype.kind == "f" or white < white_of(dtype.name) else None


def refuse_above_white(block: Pixels, tile: Tile, white: float) -> None:
    """Raise ValueError if a tile of a block has a value above white.

    White is that of the blocks that were read first.
    """
    _, high = _reach_of(block, tile)
    if high > white:
        raise ValueError(
            Sentence(
                "a block of the image has values up to {high:g}, and white is "
                "{white:g}, as in the blocks that were read first: " + _WAY_OUT,
                high=high,
                white=white,
            )
        )


def _top(bits: int) -> float:
    return float(2**bits - 1)


def _is_fitted(palette: Palette | None, image: Pixels) -> bool:
    """Return whether a palette and an image are both of light, in known units."""
    return (
        palette is not None
        and palette.units is not None
        and image.is_light
        and palette.n_channels == image.n_channels
    )


def _is_of(palette: Palette, dtype: np.dtype[Any]) -> bool:
    """Return whether a palette's units are those of a dtype; all floats are alike."""
    assert palette.units is not None
    own = np.dtype(palette.units)
    return own == dtype.newbyteorder("=") or (own.kind == dtype.kind == "f")


def _reach(pixels: Pixels, enough: float = np.inf) -> tuple[float, float]:
    """Return the smallest and largest valid value; infinite where none is valid.

    Looking ends where one is above enough.
    """
    if pixels.learn_mask is not None and pixels.mask is not None:
        # Of a subset, what is learned from lies outside the mask.
        pixels = replace(pixels, mask=pixels.mask | pixels.learn_mask)

    low, high = np.inf, -np.inf
    for of_tile in map_in_order(partial(_reach_of, pixels), pixels.tiles()):
        low, high = min(low, of_tile[0]), max(high, of_tile[1])
        if high > enough:
            break
    return low, high


def _reach_of(pixels: Pixels, tile: Tile) -> tuple[float, float]:
    values, valid = pixels.colors[tile], pixels.valid(tile)
    if valid is not None:
        values = values.reshape(-1, pixels.n_channels)[valid]
    if not values.size:
        return np.inf, -np.inf
    return float(values.min()), float(values.max())


def look_for_white(
    image: AnyImage, palette: Palette | None, random_state: int, monitor: Monitor
) -> tuple[AnyImage, tuple[str, ...]]:
    """Return an image with its white, if it has one, and notes for the user.

    Blocks are read only of lazy RGB in uint16 whose white is not known. Raise
    ValueError as find_white.
    """
    if not isinstance(image, Pixels):  # whose values are looked at in any case
        image = known_white(image, palette)
        if not is_guessed(image, palette):
            return image, ()
    subset = read_subset(image, random_state, monitor)
    pixels, notes = find_white(subset.pixels, palette)
    return set_white(image, pixels.white), notes
