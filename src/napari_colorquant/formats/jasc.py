"""JASC palettes, .pal: 8-bit RGB colours, as text.

The format of Paint Shop Pro, which many programs read; Rohan Bernett described it
(JASC_PAL.TXT). Some programs add the opacity.
"""

from __future__ import annotations

from reprlib import repr as shortened

import numpy as np

from napari_colorquant.formats.palette_data import MAX_COLORS, PaletteData
from napari_colorquant.formats.rgb8 import UNITS, color_of, colors_in_8_bits

_HEAD = ("JASC-PAL", "0100")


def encode(palette: PaletteData, title: str) -> bytes:
    """Return a JASC palette, rounded half to even; entry i is the i-th colour line."""
    colors = np.rint(colors_in_8_bits(palette, "a JASC palette")).astype(int)
    lines = [*_HEAD, str(len(palette))]
    lines.extend(f"{red} {green} {blue}" for red, green, blue in colors.tolist())
    return "\r\n".join([*lines, ""]).encode("ascii")


def decode(data: bytes) -> PaletteData:
    """Return the colours of a JASC palette, 0 to 255, in units of uint8.

    Raise ValueError if a colour is not opaque, or the number of colours is another one.
    """
    lines = [_text(line) for line in data.removeprefix(b"\xef\xbb\xbf").splitlines()]
    if lines[:1] != [_HEAD[0]]:
        raise ValueError(
            f"line 1 is not {_HEAD[0]!r}: this is no JASC palette, as others that end "
            "in .pal."
        )
    if lines[1:2] != [_HEAD[1]]:
        raise ValueError(f"line 2 is not {_HEAD[1]!r}, the version that can be read.")
    said = "".join(lines[2:3])
    if not (said.isascii() and said.isdigit() and len(said) <= 9):
        raise ValueError(f"line 3: {shortened(said)} is no number of colors.")
    colors: list[list[int]] = []
    for number, text in enumerate(lines[3:], 4):
        if not text:
            continue
        if len(colors) == MAX_COLORS:
            raise ValueError(f"line {number} is beyond {MAX_COLORS:,} colors.")
        colors.append(_color_line(text, number))
    if len(colors) != int(said):
        raise ValueError(
            f"line 3 says that there are {int(said):,} colors, and there are "
            f"{len(colors):,}: the file was cut off or changed."
        )
    if not colors:
        raise ValueError(f"there is no color in its {len(lines)} lines.")
    return PaletteData(np.array(colors, np.float64), units=UNITS)


def _color_line(text: str, number: int) -> list[int]:
    words = text.split()
    complaint = f"{shortened(text)} is not three whole numbers, red, green and blue."
    if len(words) not in (3, 4):
        raise ValueError(f"line {number}: {complaint}")
    color = color_of(words[:3], number, complaint)
    if words[3:] not in ([], ["255"]):
        raise ValueError(
            f"line {number}: the opacity is {shortened(words[3])}, and only opaque "
            "colors can be read, 255: save the palette without opacity."
        )
    return color


def _text(line: bytes) -> str:
    return line.decode("ascii", "replace").strip()
