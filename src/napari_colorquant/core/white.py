"""What white is in an image, and a palette in the image's own units.

The one rule, for scripts, the shell and the viewer. Three or four channels on the last
axis are colours of light, and have a white: what was passed as ``data_range``, else
that of a palette in the same units, else the largest integer of the dtype, or 1 for
floats; of 16 bits, that of the fewest of 8, 10, 12, 14 and 16 bits that hold the image.
A palette whose units are known is converted by both whites. Other channels are data:
they are never converted, and have a white only where one was passed.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from napari_colorquant.core.blocks import Blocks
from napari_colorquant.core.palette import Palette, check_white, white_of
from napari_colorquant.core.parallel import map_in_order
from napari_colorquant.core.pixels import Pixels
from napari_colorquant.core.wording import Sentence

if TYPE_CHECKING:
    from napari_colorquant.core.parameters import Parameters
    from napari_colorquant.core.pixels import Tile

S = TypeVar("S", bound=Pixels | Blocks)

_DEPTHS = (8, 10, 12, 14)
"""Bits that pictures, cameras and scanners have, and that are stored in 16."""
_ROUNDING = 1e-9
"""How far beyond white, as part of it, a converted colour may be."""
_WAY_OUT = "set {data_range} to the value of white in the image."
_SAYS = "white is taken to be "


def with_white(image: S, data_range: float | None) -> S:
    """Say what white is in an image, in memory or lazy, as far as it was passed.

    Parameters
    ----------
    image : Pixels or Blocks
        The image.
    data_range : float or None
        The value of white.

    Returns
    -------
    Pixels or Blocks
        The same image.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is no value that white can have.
    """
    if data_range is None:
        return image
    checked = check_white(data_range, image.dtype.name, "data_range")
    return cast("S", _with(image, checked))


def known_white(image: S, palette: Palette | None) -> S:
    """Say what white is in an image, as far as it is known before a pixel is read.

    Parameters
    ----------
    image : Pixels or Blocks
        The image.
    palette : Palette or None
        What it is quantized with.

    Returns
    -------
    Pixels or Blocks
        The same image.
    """
    outline = image.outline if isinstance(image, Blocks) else image
    if outline.white is not None or not _is_fitted(palette, outline):
        return image
    assert palette is not None  # or it were not fitted
    dtype = outline.dtype
    if _is_of(palette, dtype):
        # Of floats, white may be anything: 1 is not known before it was passed.
        known = palette.white if dtype.kind == "f" else palette.white_value
    else:
        known = None if dtype == np.uint16 else white_of(dtype.name)
    return image if known is None else cast("S", _with(image, known))


def find_white(
    pixels: Pixels, palette: Palette | None = None
) -> tuple[Pixels, tuple[str, ...]]:
    """Find what white is in an image, and whether it is white.

    Parameters
    ----------
    pixels : Pixels
        The image.
    palette : Palette, optional
        What it is quantized with.

    Returns
    -------
    pixels : Pixels
        The image, with its white where it has one.
    notes : tuple of str
        What the user should know.

    Raises
    ------
    ValueError
        If the image has values above white; or where a palette is converted to floats,
        below 0.
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


def is_guessed(image: Pixels | Blocks, palette: Palette | None) -> bool:
    """Return whether white is guessed of the values of an image.

    Parameters
    ----------
    image : Pixels or Blocks
        The image.
    palette : Palette or None
        What it is quantized with.

    Returns
    -------
    bool
        True for RGB in uint16 of which white is not known.
    """
    known = known_white(image, palette)
    outline = known.outline if isinstance(known, Blocks) else known
    return outline.is_light and outline.white is None and image.dtype == np.uint16


def highest(pixels: Pixels) -> float:
    """Return the largest value of an image of 16 bits.

    Parameters
    ----------
    pixels : Pixels
        The image.

    Returns
    -------
    float
        Minus infinity where no pixel is valid; where it uses all 16 bits, any value
        that does.
    """
    _, high = _reach(pixels, _top(_DEPTHS[-1]))
    return high


def guessed_white(
    image: S, high: float, what: str = "image"
) -> tuple[S, tuple[str, ...]]:
    """Take the fewest bits that hold an image of 16 bits for all that there are.

    Parameters
    ----------
    image : Pixels or Blocks
        The image: RGB of uint16.
    high : float
        Its largest value; minus infinity where there is none.
    what : str
        Of what it is the largest value.

    Returns
    -------
    image : Pixels or Blocks
        The same image, with its white.
    notes : tuple of str
        A note where white is not the largest value of 16 bits.
    """
    bits = next((n for n in _DEPTHS if high <= _top(n)), 16)
    note = (
        f"The largest value of the {what} is {high:,.0f}: {_SAYS}{_top(bits):,.0f}, "
        f"the largest value of {bits} bits."
    )
    notes = (note,) if high > 0 and bits < 16 else ()
    return _with(image, _top(bits if high >= 0 else 16)), notes


def is_about_white(note: str) -> bool:
    """Return whether a note of a report only tells what white is.

    Parameters
    ----------
    note : str
        The note.

    Returns
    -------
    bool
        True for those of :func:`guessed_white`.
    """
    return _SAYS in note


def in_units_of(palette: Palette, image: Pixels, what: str = "palette") -> Palette:
    """Return a palette in the units of an image.

    Parameters
    ----------
    palette : Palette
        The palette.
    image : Pixels
        The image, with its white as far as it is known.
    what : str
        What the palette is called: ``"palette"`` or ``"fixed palette"``.

    Returns
    -------
    Palette
        Converted where both are RGB and the palette's units are known, and as it is
        where not.

    Raises
    ------
    ValueError
        If it is to be converted, and holds colours that are not from black to white.
    """
    if not _is_fitted(palette, image):
        return palette
    units, own = image.dtype.name, palette.white_value
    assert own is not None  # as its units are known
    is_of_image = _is_of(palette, image.dtype)
    white = image.white
    if white is None:
        white = own if is_of_image else white_of(units)
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


def fitted(
    pixels: Pixels, parameters: Parameters
) -> tuple[Pixels, Parameters, tuple[str, ...]]:
    """Return an image with its white, and the fixed colours of a run in its units.

    Parameters
    ----------
    pixels : Pixels
        The image.
    parameters : Parameters
        Of the run.

    Returns
    -------
    pixels : Pixels
        The image.
    parameters : Parameters
        Of the run.
    notes : tuple of str
        What the user should know.

    Raises
    ------
    ValueError
        As :func:`find_white` and :func:`in_units_of`.
    """
    fixed = parameters.fixed
    pixels, notes = find_white(pixels, fixed)
    if fixed is not None:
        own = in_units_of(fixed, pixels, "fixed palette")
        if own is not fixed:
            parameters = replace(parameters, fixed=own)
    return pixels, parameters, notes


def limit_of(image: Pixels) -> float | None:
    """Return what no value of an image may be above.

    Parameters
    ----------
    image : Pixels
        The image, with its white as far as it is known.

    Returns
    -------
    float or None
        White; None where it is not known, no value can be above it, or the image is no
        light.
    """
    white, dtype = image.white, image.dtype
    if not image.is_light or white is None:
        return None
    return white if dtype.kind == "f" or white < white_of(dtype.name) else None


def refuse_above_white(block: Pixels, tile: Tile, white: float) -> None:
    """Refuse a block with values that the blocks that were read do not have.

    Parameters
    ----------
    block : Pixels
        The block.
    tile : tuple of slice
        One of its tiles.
    white : float
        The value of white.

    Raises
    ------
    ValueError
        If some value is above white.
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


def _with(image: Any, white: float) -> Any:
    if isinstance(image, Blocks):
        return replace(image, outline=replace(image.outline, white=white))
    return replace(image, white=white)


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
    """Return the smallest and largest value of the valid pixels.

    Looking ends where one is above `enough`. Where no pixel is valid they are infinite.
    """
    if pixels.learn_mask is not None and pixels.mask is not None:
        # Of an excerpt, what is learned from lies outside the mask.
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
