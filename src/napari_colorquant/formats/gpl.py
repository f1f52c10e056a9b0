"""GIMP palettes, .gpl: 8-bit RGB colours with names, as text.

https://developer.gimp.org/core/standards/gpl/. As in GIMP, header fields may be missing
and what is not UTF-8 is Latin-1. A comment names any colour space that is not RGB.
"""

from __future__ import annotations

import re
from reprlib import repr as shortened

import numpy as np

from napari_colorquant.formats.palette_data import (
    MAX_COLORS,
    PLAIN_SPACE,
    PaletteData,
    known_space,
)
from napari_colorquant.formats.rgb8 import (
    UNITS,
    color_of,
    colors_in_8_bits,
    lines_of,
    one_line,
)

_MAGIC = "GIMP Palette"
_SPACE_COMMENT = "# Color space:"
_HEADER_FIELD = re.compile(r"([A-Za-z]+):(.*)")


def encode(palette: PaletteData, title: str) -> bytes:
    """Return a GIMP palette; entry i is the i-th colour line.

    Colours are rounded half to even. Raise ValueError if the palette is not RGB from
    black to white. Counts are left out.
    """
    colors = np.rint(colors_in_8_bits(palette, "a GIMP palette"))
    lines = [_MAGIC, f"Name: {one_line(title)}", "Columns: 16", "#"]
    # Without its stains, nobody could tell what that space is.
    if palette.color_space != PLAIN_SPACE and palette.stains is None:
        lines.append(f"{_SPACE_COMMENT} {palette.color_space}")
    for (red, green, blue), name in zip(
        colors.astype(int).tolist(), lines_of(palette), strict=True
    ):
        lines.append(f"{red:3} {green:3} {blue:3}\t{name}".rstrip())
    return "\n".join([*lines, ""]).encode()


def decode(data: bytes) -> PaletteData:
    """Return the colours, 0 to 255 in units of uint8, and names of a GIMP palette."""
    lines = data.removeprefix(b"\xef\xbb\xbf").splitlines()
    if not lines or not lines[0].startswith(_MAGIC.encode()):
        raise ValueError(
            f"line 1 does not start with {_MAGIC!r}: this is no GIMP palette."
        )
    colors: list[list[int]] = []
    names: list[str] = []
    space = PLAIN_SPACE
    for number, line in enumerate(lines[1:], 2):
        text = _text(line)
        if not colors and text.startswith(_SPACE_COMMENT):
            space = known_space(text.removeprefix(_SPACE_COMMENT).strip(), number)
            continue
        if not text or text.startswith("#"):
            continue
        if not colors and (field := _HEADER_FIELD.fullmatch(text)):
            _check_header(field[1], field[2].strip(), number)
            continue
        if len(colors) == MAX_COLORS:
            raise ValueError(f"line {number} is beyond {MAX_COLORS:,} colors.")
        color, name = _color_line(text, number)
        colors.append(color)
        names.append(name)
    if not colors:
        raise ValueError(f"there is no color in its {len(lines)} lines.")
    known = tuple(names) if any(names) else None
    return PaletteData(np.array(colors, np.float64), None, known, space, UNITS)


def _check_header(key: str, value: str, number: int) -> None:
    # Aseprite's variant has a column for the opacity, which would pass for a name.
    if key == "Channels" and value != "RGB":
        raise ValueError(
            f"line {number}: the channels are {shortened(value)}, and only RGB "
            "can be read: save the palette without opacity."
        )


def _color_line(text: str, number: int) -> tuple[list[int], str]:
    red, green, blue, name = (*text.split(maxsplit=3), "", "", "", "")[:4]
    complaint = (
        f"{shortened(text)} does not start with three whole numbers, red, green and "
        "blue."
    )
    return color_of((red, green, blue), number, complaint), name


def _text(line: bytes) -> str:
    try:
        return line.decode().strip()
    except UnicodeDecodeError:
        return line.decode("latin-1").strip()
