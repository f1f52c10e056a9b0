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
    """Return the colours of an RGB palette, black 0 and white 255, not rounded.

    Raise ValueError if it is not RGB, exceeds black or white by more than rounding, or
    has no units and fractions up to 1. what: the format in words.
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
    """Return three words as numbers from 0 to 255; else raise ValueError."""
    for word in words:
        # Not int() alone, which takes "+1", "1_0" and the digits of any script.
        if not (word.isascii() and word.isdigit() and len(word) <= 3):
            raise ValueError(f"line {line}: {complaint}")
        if int(word) > 255:
            raise ValueError(f"line {line}: {word} is not in the range 0 to 255.")
    return [int(word) for word in words]


def one_line(name: str) -> str:
    """Return a name with spaces for control characters, and none at its ends."""
    # Controls (Cc) would end the line; lone surrogates (Cs) are not Unicode text.
    return "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character
        for character in name
    ).strip()


def lines_of(palette: Palette) -> list[str]:
    """Return the name of each entry in one line; empty if it has none."""
    return [one_line(name) for name in palette.names or [""] * len(palette)]
