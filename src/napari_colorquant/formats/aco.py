"""Photoshop's color swatches, .aco: colours with names, big-endian.

"Color Swatches" in https://www.adobe.com/devnet-apps/photoshop/fileformatashtml/. A
file holds version 1, version 2 (with names), or both; groups are passed over.
"""

from __future__ import annotations

from colorsys import hsv_to_rgb
from io import BytesIO
from struct import pack
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.formats.rgb8 import (
    cmyk_error,
    colors_in_8_bits,
    lines_of,
    packed_name,
    palette_of,
    take_name,
    take_numbers,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari_colorquant.formats.palette_data import PaletteData

_RGB, _HSB, _CMYK, _LAB, _GRAY, _WIDE_CMYK = 0, 1, 2, 7, 8, 9
_FULL = 2**16 - 1
_STEPS = _FULL // 255
"""Of 16 bits, in one of 8."""
_GROUPS = b"8BIM"

_Swatch = tuple[int, list[int], str]
"""The space, the four values and the name of a colour."""


def encode(palette: PaletteData, title: str) -> bytes:
    """Return swatches in version 1 and then 2; entry i of the palette is the i-th.

    Colours are rounded half to even to 16 bits, which hold those of 8 bits exactly.
    Raise ValueError if the palette is not RGB from black to white.
    """
    colors = colors_in_8_bits(palette, "a Photoshop swatch file")
    values = np.rint(_STEPS * colors).astype(int).tolist()
    swatches = [pack(">5H", _RGB, *rgb, 0) for rgb in values]
    names = [packed_name(name) for name in lines_of(palette)]
    named = [
        swatch + pack(">I", len(name) // 2) + name
        for swatch, name in zip(swatches, names, strict=True)
    ]
    n = len(palette)
    return b"".join([pack(">HH", 1, n), *swatches, pack(">HH", 2, n), *named])


def decode(data: bytes) -> PaletteData:
    """Return the RGB palette of a file, 0 to 255 and not rounded, in units of uint8.

    Colours may be RGB, HSB, Lab and gray. Raise ValueError if the file is damaged, or a
    colour is CMYK or of a book of inks.
    """
    stream = BytesIO(data)
    version, n_colors = take_numbers(stream, "HH", "its head")
    if version not in (1, 2):
        raise ValueError(
            f"its version is {version}, and 1 and 2 can be read: this is no file of "
            "Photoshop swatches, or a damaged one."
        )
    swatches = _swatches(stream, n_colors, version)
    if version == 1 and not _at_end(stream):
        version, n_named = take_numbers(stream, "HH", "the head of its second list")
        if (version, n_named) != (2, n_colors):
            raise ValueError(
                f"its second list is of version {version} and has {n_named:,} colors, "
                f"where version 2 and {n_colors:,} colors must follow: it is damaged."
            )
        swatches = _swatches(stream, n_named, version)
    if not _at_end(stream):
        raise ValueError(
            f"more follows after the {n_colors:,} colors that it says it has: it is "
            "damaged."
        )
    if not swatches:
        raise ValueError("there is no color in it.")
    return palette_of(
        [_channels(f"color {n:,}", *one[:2]) for n, one in enumerate(swatches, 1)],
        [name for *_, name in swatches],
        in_lab=[i for i, (space, *_) in enumerate(swatches) if space == _LAB],
    )


def _at_end(stream: BytesIO) -> bool:
    rest = stream.getvalue()[stream.tell() :]
    return not rest or rest.startswith(_GROUPS)


def _swatches(stream: BytesIO, n_colors: int, version: int) -> list[_Swatch]:
    swatches = []
    for number in range(1, n_colors + 1):
        what, name = f"color {number:,} of version {version}", ""
        space, *values = take_numbers(stream, "5H", what)
        if version == 2:
            (n_units,) = take_numbers(stream, "I", what)
            name = take_name(stream, n_units, what)
        swatches.append((space, values, name))
    return swatches


def _channels(place: str, space: int, values: Sequence[int]) -> Sequence[float]:
    """Return red, green and blue to 255, or L*, a* and b*.

    In files of Photoshop, a gray of 0 is white and one of 10,000 is black, which the
    specification leaves open.
    """
    first, second, third, _ = values
    if space == _RGB:
        return first / _STEPS, second / _STEPS, third / _STEPS
    if space == _HSB:
        # A hue of 2**16 would be that of 0, so that the last one is not full.
        hsb = first / (_FULL + 1), second / _FULL, third / _FULL
        return [255 * channel for channel in hsv_to_rgb(*hsb)]
    if space == _LAB:
        a, b = (value - 2**16 if value >= 2**15 else value for value in (second, third))
        if first > 10_000 or not (-12_800 <= a <= 12_800 and -12_800 <= b <= 12_800):
            raise ValueError(f"{place} has Lab values that are no color.")
        return first / 100, a / 100, b / 100
    if space == _GRAY:
        if first > 10_000:
            raise ValueError(f"{place} has a gray that is no color.")
        return 3 * [255 * (1 - first / 10_000)]
    if space in (_CMYK, _WIDE_CMYK):
        raise cmyk_error(place)
    raise ValueError(
        f"{place} is of the color space {space}, that of a book of inks or "
        "none: convert the swatches to RGB first."
    )
