"""What the formats of other programs share: colours, names and binary numbers."""

from __future__ import annotations

import unicodedata
from struct import calcsize, unpack
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.formats.palette_data import PaletteData, white_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from io import BytesIO

    from numpy.typing import NDArray


UNITS = "uint8"
"""The units of the palettes that are read from these formats."""


def colors_in_8_bits(palette: PaletteData, what: str) -> NDArray[np.float64]:
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
    own = palette.white_value
    white = white_of(UNITS) if own is None else own
    low, high = palette.colors.min(), palette.colors.max()
    colors = palette.colors if own is None else palette.colors * white_of(UNITS) / own
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


def palette_of(
    colors: Sequence[Sequence[float]], names: Sequence[str], in_lab: Sequence[int]
) -> PaletteData:
    """Return a palette of RGB from 0 to 255; in_lab: entries in CIELAB under D50."""
    array = np.array(colors, np.float64)
    if in_lab:
        array[in_lab] = rgb_of_lab(array[in_lab])
    return PaletteData(array, None, tuple(names) if any(names) else None, units=UNITS)


def cmyk_error(place: str) -> ValueError:
    """Return the error of a colour that has no RGB; place: such as "color 3"."""
    return ValueError(
        f"{place} is a CMYK color, which looks different on every printer: convert the "
        "swatches to RGB first."
    )


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


def lines_of(palette: PaletteData) -> list[str]:
    """Return the name of each entry in one line; empty if it has none."""
    return [one_line(name) for name in palette.names or [""] * len(palette)]


_BRADFORD = np.array(
    [
        [0.9555766, -0.0230393, 0.0631636],
        [-0.0282895, 1.0099416, 0.0210077],
        [0.0122982, -0.0204830, 1.3299098],
    ]
)
"""From XYZ under D50 to XYZ under D65, by the Bradford method (B. Lindbloom, "Chromatic
Adaptation", http://www.brucelindbloom.com)."""


def rgb_of_lab(lab: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sRGB from 0 to 255, not rounded, of (n, 3) CIELAB colours under D50.

    D50 is the white of Adobe's programs; scikit-image's lab2rgb and the colour space
    "lab" have D65. What lies outside of sRGB is clipped, channel by channel.
    """
    from skimage.color import lab2xyz, xyz2rgb

    inside = lab.copy()
    # Z below 0 is no light: scikit-image would warn of it, and set it to 0. A little
    # less, as rounding may carry it beyond.
    inside[:, 2] = np.minimum(lab[:, 2], 200 * ((lab[:, 0] + 16) / 116) - 1e-9)
    rgb = xyz2rgb(lab2xyz(inside, illuminant="D50") @ _BRADFORD.T)
    colors: NDArray[np.float64] = np.clip(255 * rgb, 0.0, 255.0)
    return colors


def take(stream: BytesIO, size: int, what: str) -> bytes:
    """Read size bytes; raise ValueError if the stream ends before."""
    data = stream.read(size)
    if len(data) < size:
        raise ValueError(f"it ends within {what}: it was cut off, or a size is wrong.")
    return data


def take_numbers(stream: BytesIO, form: str, what: str) -> tuple[Any, ...]:
    """Read big-endian numbers; form is of struct, without the byte order."""
    return unpack(f">{form}", take(stream, calcsize(f">{form}"), what))


def take_name(stream: BytesIO, n_units: int, what: str) -> str:
    """Read n_units units of UTF-16; return the text up to its zero, in one line.

    n_units counts the closing zero, too. What is no text becomes U+FFFD.
    """
    text = take(stream, 2 * n_units, what).decode("utf-16-be", "replace")
    return one_line(text.partition("\0")[0])


def packed_name(name: str) -> bytes:
    """Return a name in big-endian UTF-16, with a closing zero."""
    return f"{name}\0".encode("utf-16-be")
