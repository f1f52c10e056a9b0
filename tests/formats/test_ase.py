from __future__ import annotations

import re
from math import inf, nan
from struct import pack

import pytest

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.ase import decode, encode
from napari_colorquant.formats.palette_data import MAX_COLORS


def file_of(*blocks, version=(1, 0), n_blocks=None):
    n_blocks = len(blocks) if n_blocks is None else n_blocks
    return b"ASEF" + pack(">HHI", *version, n_blocks) + b"".join(blocks)


def block(kind, body, size=None):
    return pack(">HI", kind, len(body) if size is None else size) + body


def color(model, *values, name="", n_units=None, use=2):
    text = f"{name}\0".encode("utf-16-be")
    n_units = len(text) // 2 if n_units is None else n_units
    floats = pack(f">{len(values)}f", *values)
    return block(1, pack(">H", n_units) + text + model + floats + pack(">H", use))


def group(*blocks, name="warm"):
    text = f"{name}\0".encode("utf-16-be")
    start = block(0xC001, pack(">H", len(text) // 2) + text)
    return [start, *blocks, block(0xC002, b"")]


def test_swatches_to_the_byte():
    palette = Palette([[255, 0, 51], [0, 0, 0]], [7, 8], ["Ä1", ""], "lab")
    assert encode(palette, "sky") == (
        b"ASEF\0\1\0\0\0\0\0\2"
        b"\0\1\0\0\0\x1a\0\3\0\xc4\0\x31\0\0"
        b"RGB \x3f\x80\0\0\0\0\0\0\x3e\x4c\xcc\xcd\0\2"
        b"\0\1\0\0\0\x16\0\1\0\0RGB \0\0\0\0\0\0\0\0\0\0\0\0\0\2"
    )


@pytest.mark.parametrize(
    ("data", "colors", "names"),
    [
        pytest.param(
            file_of(color(b"RGB ", 0, 0.5, 1)), [[0, 127.5, 255]], None, id="RGB"
        ),
        pytest.param(
            file_of(color(b"Gray", 0), color(b"Gray", 0.2), color(b"Gray", 1)),
            [[0, 0, 0], [51, 51, 51], [255, 255, 255]],
            None,
            id="Gray",
        ),
        pytest.param(
            file_of(color(b"LAB ", 1, 0, 0), color(b"LAB ", 0, 0, 0)),
            [[255, 255, 255], [0, 0, 0]],
            None,
            id="LAB",
        ),
        pytest.param(
            file_of(
                color(b"RGB ", 0, 0, 0, name="ink"),
                *group(
                    color(b"RGB ", 1, 0, 0, name="red", use=0),
                    color(b"RGB ", 1, 1, 0, use=1),
                ),
                color(b"RGB ", 0, 0, 1, name="🌊 blue"),
            ),
            [[0, 0, 0], [255, 0, 0], [255, 255, 0], [0, 0, 255]],
            ("ink", "red", "", "🌊 blue"),
            id="groups",
        ),
        pytest.param(
            file_of(block(0xC001, b""), color(b"RGB ", 0, 0, 0)),
            [[0, 0, 0]],
            None,
            id="a group without name or end",
        ),
        pytest.param(
            file_of(color(b"RGB ", 0, 0, 0, name="a\0b\n")),
            [[0, 0, 0]],
            ("a",),
            id="what follows a name's zero",
        ),
        pytest.param(
            file_of(block(1, b"\0\1\xd8\0RGB " + bytes(12) + b"\0\2")),
            [[0, 0, 0]],
            ("\ufffd",),
            id="half a character",
        ),
        pytest.param(
            file_of(block(1, b"\0\0Gray" + bytes(4) + b"\0\2" + b"more")),
            [[0, 0, 0]],
            None,
            id="no name, and more than is known",
        ),
        pytest.param(
            file_of(color(b"RGB ", 0, 0, 0)) + bytes(5), [[0, 0, 0]], None, id="padding"
        ),
        pytest.param(
            file_of(color(b"RGB ", -1e-9, 1 + 1e-7, 0.5)),
            [[0, 255, 127.5]],
            None,
            id="rounding errors",
        ),
    ],
)
def test_swatches_of_other_programs(data, colors, names):
    palette = decode(data)
    assert palette.colors.round(2).tolist() == colors
    assert palette.names == names
    assert (palette.units, palette.color_space) == ("uint8", "rgb")


NO_SWATCHES = (
    "it does not start with 'ASEF': this is no Adobe Swatch Exchange file, as others "
    "that end in .ase."
)
CUT = "it ends within {}: it was cut off, or a size is wrong."
OUTSIDE = "block 2 has a value that is not in the range 0 to 1."
NO_COLOR = "block 2 has Lab values that are no color."
BLACK = color(b"RGB ", 0, 0, 0)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", NO_SWATCHES),
        (b"\x80\0\0\0\xe0\xa5\1\0", NO_SWATCHES),  # a sprite of Aseprite
        (b"ASEF\0\1", CUT.format("its head")),
        (
            file_of(BLACK, version=(2, 1)),
            "its version is 2.1, and only 1.0 can be read.",
        ),
        (file_of(), "there is no color in its 0 blocks."),
        (file_of(*group()), "there is no color in its 2 blocks."),
        (file_of(BLACK, n_blocks=2**32 - 1), CUT.format("block 2")),
        (
            file_of(BLACK, BLACK, n_blocks=1),
            "more follows after the 1 blocks that it says it has: it is damaged.",
        ),
        (
            file_of(BLACK, block(7, b"abc")),
            "block 2 has the kind 7, which the format has not.",
        ),
        (file_of(BLACK, block(1, bytes(24), size=2**32 - 1)), CUT.format("block 2")),
        (file_of(BLACK, block(1, b"")), CUT.format("block 2")),
        (
            file_of(BLACK, color(b"RGB ", 0, 0, 0, n_units=2**16 - 1)),
            CUT.format("block 2"),
        ),
        (file_of(BLACK, color(b"RGB ", 0, 0)), CUT.format("block 2")),
        (
            file_of(BLACK, color(b"GRAY", 0)),
            "block 2 has the color model 'GRAY', which the format has not.",
        ),
        (
            file_of(BLACK, color(b"CMYK", 0, 0, 0, 1)),
            "block 2 is a CMYK color, which looks different on every printer: convert "
            "the swatches to RGB first.",
        ),
        *(
            (file_of(BLACK, color(b"RGB ", 0, value, 0)), OUTSIDE)
            for value in (-0.01, 1.01, 255, nan, inf, -inf, 3e38)
        ),
        (file_of(BLACK, color(b"Gray", -1)), OUTSIDE),
        *(
            (file_of(BLACK, color(b"LAB ", *lab)), NO_COLOR)
            for lab in [
                (1.1, 0, 0),
                (-0.1, 0, 0),
                (nan, 0, 0),
                (0.5, 129, 0),
                (0.5, 0, -129),
                (0.5, 0, nan),
                (0.5, nan, 0),
                (0.5, inf, 0),
            ]
        ),
        (file_of(*[BLACK] * (MAX_COLORS + 1)), "block 65,536 is beyond 65,535 colors."),
    ],
)
def test_damaged_swatches_are_an_error_that_names_the_block(data, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        decode(data)


def test_the_longest_name():
    palette = Palette([[1, 2, 3]], names=["x" * 65_534])
    assert decode(encode(palette, "")).names == palette.names
    sentence = (
        "the name of color 2 is longer than 65,534 characters, the most that an Adobe "
        "Swatch Exchange file holds: rename the color."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        encode(Palette([[1, 2, 3]] * 2, names=["", "x" * 65_535]), "")
