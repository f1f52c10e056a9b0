"""What the formats of other programs share: colours from black to white, and names."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.palette import white_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.palette import Palette

UNITS = "uint8"
"""The units of the palettes that are read from these formats."""


def colors_in_8_bits(palette: Palette, what: str) -> NDArray[np.float64]:
    """Return the colours of a palette for a format that knows black and white only.

    Parameters
    ----------
    palette : Palette
        RGB. Without units, its colours must be those of 8-bit images.
    what : str
        The format in words that begin a sentence, such as ``"a GIMP palette"``.

    Returns
    -------
    ndarray of float64, shape (K, 3)
        Black is 0, white 255; not rounded.

    Raises
    ------
    ValueError
        If the palette is not RGB, reaches beyond black or white by more than rounding
        does, or has no units and shows by fractions up to 1 that it counts from 0 to 1.
    """
    if palette.n_channels != 3:
        noun = "channel" if palette.n_channels == 1 else "channels"
        raise ValueError(
            f"{what} holds RGB colors, and this palette has {palette.n_channels} "
            f"{noun}: save it as .csv or .json."
        )
    white = palette.white_value or white_of(UNITS)
    low, high = palette.colors.min(), palette.colors.max()
    colors = palette.in_units(UNITS).colors if palette.units else palette.colors
    rounded = np.rint(colors)
    if rounded.min() < 0 or rounded.max() > 255:
        raise ValueError(
            f"{what} holds colors from 0 to {white:g}, and this palette's reach from "
            f"{low:g} to {high:g}: save it as .csv or .json, or scale its colors first."
        )
    if palette.units is None and high <= 1 and (rounded != colors).any():
        raise ValueError(
            f"{what} holds colors from 0 to 255, and this palette's are fractions up "
            "to 1: save it as .csv or .json, or multiply its colors by 255 first."
        )
    return np.clip(colors, 0.0, 255.0)


def color_of(words: Sequence[str], line: int, complaint: str) -> list[int]:
    """Return the colour that a line of text begins with.

    Parameters
    ----------
    words : sequence of str
        Red, green and blue.
    line : int
        Number of the line, from 1.
    complaint : str
        What to say if they are no whole numbers.

    Returns
    -------
    list of int
        Three numbers from 0 to 255.

    Raises
    ------
    ValueError
        If they are not.
    """
    for word in words:
        # Not int() alone, which takes "+1", "1_0" and the digits of any script.
        if not (word.isascii() and word.isdigit() and len(word) <= 3):
            raise ValueError(f"line {line}: {complaint}")
        if int(word) > 255:
            raise ValueError(f"line {line}: {word} is not in the range 0 to 255.")
    return [int(word) for word in words]


def one_line(name: str) -> str:
    """Return a name that fits into a line of text.

    Parameters
    ----------
    name : str
        Any name.

    Returns
    -------
    str
        Control characters are spaces, and there are none at the ends.
    """
    # Controls (Cc) would end the line; lone surrogates (Cs) are not Unicode text.
    return "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character
        for character in name
    ).strip()


def lines_of(palette: Palette) -> list[str]:
    """Return the names of a palette's entries, each in one line.

    Parameters
    ----------
    palette : Palette
        The palette.

    Returns
    -------
    list of str
        One name an entry; empty where it has none.
    """
    return [one_line(name) for name in palette.names or [""] * len(palette)]
