"""GIMP palettes, ``.gpl``: 8-bit RGB colours with names, as text.

The format is that of https://developer.gimp.org/core/standards/gpl/; Inkscape,
Krita and many others read it too. The readers' freedoms are GIMP's own: the
header may be missing, and text that is not UTF-8 is taken as Latin-1. A colour
space that is not RGB is said in a comment above the colours, which other programs
pass over.
"""

from __future__ import annotations

import re
import unicodedata
from reprlib import repr as shortened

import numpy as np

from napari_colorquant.core.palette import MAX_COLORS, Palette
from napari_colorquant.files.palette_space import PLAIN_SPACE, known_space

_MAGIC = "GIMP Palette"
_SPACE_COMMENT = "# Color space:"
_HEADER_FIELD = re.compile(r"([A-Za-z]+):(.*)")


def encode(palette: Palette, title: str) -> bytes:
    """Write a palette as a GIMP palette.

    Parameters
    ----------
    palette : Palette
        Colours of three channels that round to 0..255 (half to even). Control
        characters in names become spaces, and spaces at their ends are dropped.
    title : str
        Name of the palette.

    Returns
    -------
    bytes
        The file; entry *i* is the *i*-th colour line. Counts are not in it.

    Raises
    ------
    ValueError
        If the palette is not RGB from 0 to 255, or shows by fractions up to 1 that
        it counts from 0 to 1.
    """
    if palette.n_channels != 3:
        raise ValueError(
            f"a GIMP palette holds RGB colors, and this palette has "
            f"{palette.n_channels} channels: save it as .csv."
        )
    colors = np.rint(palette.colors)
    low, high = palette.colors.min(), palette.colors.max()
    if colors.min() < 0 or colors.max() > 255:
        raise ValueError(
            f"a GIMP palette holds colors from 0 to 255, and this palette's reach from "
            f"{low:g} to {high:g}: save it as .csv, or scale its colors first."
        )
    if high <= 1 and (colors != palette.colors).any():
        raise ValueError(
            "a GIMP palette holds colors from 0 to 255, and this palette's are "
            "fractions up to 1: save it as .csv, or multiply its colors by 255 first."
        )
    names = palette.names or ("",) * len(palette)
    lines = [_MAGIC, f"Name: {_one_line(title)}", "Columns: 16", "#"]
    if palette.color_space != PLAIN_SPACE:
        lines.append(f"{_SPACE_COMMENT} {palette.color_space}")
    for (red, green, blue), name in zip(
        colors.astype(int).tolist(), names, strict=True
    ):
        lines.append(f"{red:3} {green:3} {blue:3}\t{_one_line(name)}".rstrip())
    return "\n".join([*lines, ""]).encode()


def decode(data: bytes) -> Palette:
    """Read a GIMP palette.

    Parameters
    ----------
    data : bytes
        The file, however damaged.

    Returns
    -------
    Palette
        Colours from 0 to 255, without counts; names where any colour has one.

    Raises
    ------
    ValueError
        If the file is no GIMP palette, a line is wrong, or there are no colours
        or too many.
    """
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
    return Palette(colors, None, names if any(names) else None, space)


def _check_header(key: str, value: str, number: int) -> None:
    # Aseprite's variant has a column for the opacity, which would pass for a name.
    if key == "Channels" and value != "RGB":
        raise ValueError(
            f"line {number}: the channels are {shortened(value)}, and only RGB "
            "can be read: save the palette without opacity."
        )


def _color_line(text: str, number: int) -> tuple[list[int], str]:
    red, green, blue, name = (*text.split(maxsplit=3), "", "", "", "")[:4]
    color = []
    for value in (red, green, blue):
        # Not int() alone, which takes "+1", "1_0" and the digits of any script.
        if not (value.isascii() and value.isdigit() and len(value) <= 3):
            raise ValueError(
                f"line {number}: {shortened(text)} does not start with three whole "
                "numbers, red, green and blue."
            )
        if int(value) > 255:
            raise ValueError(f"line {number}: {value} is not in the range 0 to 255.")
        color.append(int(value))
    return color, name


def _text(line: bytes) -> str:
    try:
        return line.decode().strip()
    except UnicodeDecodeError:
        return line.decode("latin-1").strip()


def _one_line(name: str) -> str:
    # Controls (Cc) would end the line; lone surrogates (Cs) are not Unicode text.
    return "".join(
        " " if unicodedata.category(character) in {"Cc", "Cs"} else character
        for character in name
    ).strip()
