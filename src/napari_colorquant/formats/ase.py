"""Adobe Swatch Exchange, .ase: colours with names, for all of Adobe's programs.

Adobe never published it; see https://carl.camera/default.aspx?id=109 (C. Camera) and
http://www.selapa.net/swatches/colors/fileformats.php (O. Berten).
"""

from __future__ import annotations

from io import BytesIO
from math import isfinite
from reprlib import repr as shortened
from struct import pack
from typing import TYPE_CHECKING

from napari_colorquant.formats.palette_data import MAX_COLORS
from napari_colorquant.formats.rgb8 import (
    cmyk_error,
    colors_in_8_bits,
    lines_of,
    packed_name,
    palette_of,
    take,
    take_name,
    take_numbers,
)

if TYPE_CHECKING:
    from napari_colorquant.formats.palette_data import PaletteData

_MAGIC = b"ASEF"
_VERSION = (1, 0)
_COLOR = 0x0001
_GROUPS = (0xC001, 0xC002)  # start and end
_PROCESS = 2
_LONGEST_NAME = 2**16 - 2
# float32 holds 24 bits: beyond these decimals there is only its rounding.
_DECIMALS = 4


def encode(palette: PaletteData, title: str) -> bytes:
    """Return swatches in float32; entry i of the palette is the i-th.

    Raise ValueError if the palette is not RGB from black to white, or a name is too
    long.
    """
    colors = colors_in_8_bits(palette, "an Adobe Swatch Exchange file") / 255
    blocks = [
        _color_block(number, name, rgb)
        for number, (name, rgb) in enumerate(
            zip(lines_of(palette), colors.tolist(), strict=True), 1
        )
    ]
    return _MAGIC + pack(">HHI", *_VERSION, len(blocks)) + b"".join(blocks)


def decode(data: bytes) -> PaletteData:
    """Return the RGB palette of a file, 0 to 255, in units of uint8.

    Colours may be RGB, Gray and LAB; groups are passed over. Raise ValueError if the
    file is damaged, or a colour is CMYK.
    """
    if not data.startswith(_MAGIC):
        raise ValueError(
            f"it does not start with {_MAGIC.decode()!r}: this is no Adobe Swatch "
            "Exchange file, as others that end in .ase."
        )
    stream = BytesIO(data[len(_MAGIC) :])
    *version, n_blocks = take_numbers(stream, "HHI", "its head")
    if tuple(version) != _VERSION:
        raise ValueError(
            f"its version is {version[0]}.{version[1]}, and only 1.0 can be read."
        )
    colors: list[list[float]] = []
    names: list[str] = []
    in_lab: list[int] = []
    for number in range(1, n_blocks + 1):
        what = f"block {number:,}"
        kind, size = take_numbers(stream, "HI", what)
        body = take(stream, size, what)
        if kind in _GROUPS:
            continue
        if kind != _COLOR:
            raise ValueError(f"{what} has the kind {kind}, which the format has not.")
        if len(colors) == MAX_COLORS:
            raise ValueError(f"{what} is beyond {MAX_COLORS:,} colors.")
        name, model, values = _color_of(body, what)
        if model == b"LAB ":
            in_lab.append(len(colors))
        names.append(name)
        colors.append(values)
    if stream.read().strip(b"\0"):
        raise ValueError(
            f"more follows after the {n_blocks:,} blocks that it says it has: it is "
            "damaged."
        )
    if not colors:
        raise ValueError(f"there is no color in its {n_blocks:,} blocks.")
    return palette_of(colors, names, in_lab)


def _color_block(number: int, name: str, rgb: list[float]) -> bytes:
    text = packed_name(name)
    n_units = len(text) // 2
    if n_units - 1 > _LONGEST_NAME:
        raise ValueError(
            f"the name of color {number:,} is longer than {_LONGEST_NAME:,} "
            "characters, the most that an Adobe Swatch Exchange file holds: rename the "
            "color."
        )
    body = pack(">H", n_units) + text + b"RGB " + pack(">3fH", *rgb, _PROCESS)
    return pack(">HI", _COLOR, len(body)) + body


def _color_of(body: bytes, what: str) -> tuple[str, bytes, list[float]]:
    """Return name, model and values: red, green and blue to 255, or L*, a* and b*."""
    stream = BytesIO(body)
    (n_units,) = take_numbers(stream, "H", what)
    name = take_name(stream, n_units, what)
    model = take(stream, 4, what)
    if model == b"CMYK":
        raise cmyk_error(what)
    n_channels = {b"RGB ": 3, b"LAB ": 3, b"Gray": 1}.get(model)
    if n_channels is None:
        raise ValueError(
            f"{what} has the color model {shortened(model.decode('latin-1'))}, which "
            "the format has not."
        )
    values = take_numbers(stream, f"{n_channels}f", what)
    take(stream, 2, what)  # its use
    if model == b"LAB ":
        lightness, a, b = values
        if not (0 <= lightness <= 1 and abs(a) <= 128 and abs(b) <= 128):
            raise ValueError(f"{what} has Lab values that are no color.")
        return name, model, [100 * lightness, a, b]
    rgb = [round(255 * v, _DECIMALS) if isfinite(v) else v for v in values]
    if not all(0 <= value <= 255 for value in rgb):
        raise ValueError(f"{what} has a value that is not in the range 0 to 1.")
    return name, model, rgb if n_channels == 3 else 3 * rgb
