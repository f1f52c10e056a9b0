from __future__ import annotations

import re
from struct import pack

import pytest

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.aco import decode, encode

RGB, HSB, CMYK, PANTONE, LAB, GRAY, WIDE_CMYK = 0, 1, 2, 3, 7, 8, 9


def first_list(*swatches, n=None):
    n = len(swatches) if n is None else n
    return pack(">HH", 1, n) + b"".join(packed(swatch) for swatch in swatches)


def second_list(*named, n=None):
    """A list of swatches, each one with its name at the end."""
    n = len(named) if n is None else n
    parts = [pack(">HH", 2, n)]
    for *swatch, name in named:
        text = f"{name}\0".encode("utf-16-be")
        parts += [packed(swatch), pack(">I", len(text) // 2), text]
    return b"".join(parts)


def packed(swatch):
    space, *values = swatch
    values = [value % 2**16 for value in values] + [0] * (4 - len(values))
    return pack(">5H", space, *values)


def test_swatches_to_the_byte():
    palette = Palette([[255, 0, 51], [0, 0, 0.5]], [7, 8], ["Ä1", ""], "lab")
    assert encode(palette, "sky") == (
        b"\0\1\0\2"
        b"\0\0\xff\xff\0\0\x33\x33\0\0"
        b"\0\0\0\0\0\0\0\x80\0\0"
        b"\0\2\0\2"
        b"\0\0\xff\xff\0\0\x33\x33\0\0\0\0\0\3\0\xc4\0\x31\0\0"
        b"\0\0\0\0\0\0\0\x80\0\0\0\0\0\1\0\0"
    )


@pytest.mark.parametrize(
    ("data", "colors", "names"),
    [
        pytest.param(
            first_list((RGB, 65_535, 0, 257)), [[255, 0, 1]], None, id="version 1"
        ),
        pytest.param(
            second_list((RGB, 65_535, 0, 257, "a"), (RGB, 0, 0, 0, "")),
            [[255, 0, 1], [0, 0, 0]],
            ("a", ""),
            id="version 2",
        ),
        pytest.param(
            first_list((RGB, 65_535, 0, 257)) + second_list((RGB, 0, 0, 257, "🌊")),
            [[0, 0, 1]],
            ("🌊",),
            id="both, of which the second counts",
        ),
        pytest.param(
            first_list((GRAY, 0), (GRAY, 2500), (GRAY, 10_000)),
            [[255, 255, 255], [191.25, 191.25, 191.25], [0, 0, 0]],
            None,
            id="gray, in percent of black",
        ),
        pytest.param(
            first_list(
                (HSB, 0, 65_535, 65_535),
                (HSB, 21_845, 65_535, 65_535),
                (HSB, 0, 0, 32_768),
            ),
            [[255, 0, 0], [0.01, 255, 0], [127.5, 127.5, 127.5]],
            None,
            id="HSB",
        ),
        pytest.param(
            first_list((LAB, 10_000, 0, 0), (LAB, 0, 0, 0), (LAB, 5000, -1, 0)),
            [[255, 255, 255], [0, 0, 0], [118.9, 118.92, 118.92]],
            None,
            id="Lab",
        ),
        pytest.param(
            first_list((RGB, 0, 0, 0)) + b"8BIMphry\0\0\2\xd9",
            [[0, 0, 0]],
            None,
            id="groups after version 1",
        ),
        pytest.param(
            first_list((RGB, 0, 0, 0))
            + second_list((RGB, 0, 0, 0, "ink"))
            + b"8BIMphry\0\0\2\xd9",
            [[0, 0, 0]],
            ("ink",),
            id="groups after version 2",
        ),
        pytest.param(
            pack(">HH", 2, 1) + packed((RGB, 0, 0, 0)) + bytes(4),
            [[0, 0, 0]],
            None,
            id="a name without even a zero",
        ),
    ],
)
def test_swatches_of_photoshop(data, colors, names):
    palette = decode(data)
    assert palette.colors.round(2).tolist() == colors
    assert palette.names == names
    assert (palette.units, palette.color_space) == ("uint8", "rgb")


CUT = "it ends within {}: it was cut off, or a size is wrong."
SECOND = (
    "its second list is of version {} and has {} colors, where version 2 and 1 colors "
    "must follow: it is damaged."
)
MORE = "more follows after the 1 colors that it says it has: it is damaged."
NO_GRAY = "color 1 has a gray that is no color."
NO_LAB = "color 1 has Lab values that are no color."
CONVERT = "convert the swatches to RGB first."
BLACK = first_list((RGB, 0, 0, 0))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", CUT.format("its head")),
        (
            b"ASEF\0\1\0\0",
            "its version is 16723, and 1 and 2 can be read: this is no file of "
            "Photoshop swatches, or a damaged one.",
        ),
        (first_list(), "there is no color in it."),
        (first_list() + second_list(), "there is no color in it."),
        (
            first_list((RGB, 0, 0, 0), n=65_535),
            CUT.format("color 2 of version 1"),
        ),
        (
            BLACK + second_list((RGB, 0, 0, 0, "a"), n=2),
            SECOND.format(2, 2),
        ),
        (BLACK + BLACK, SECOND.format(1, 1)),
        (BLACK + b"\0", CUT.format("the head of its second list")),
        (
            pack(">HH", 2, 1) + packed((RGB, 0, 0, 0)) + b"\xff\xff\xff\xff\0a\0\0",
            CUT.format("color 1 of version 2"),
        ),
        (second_list((RGB, 0, 0, 0, "a")) + b"\0", MORE),
        (BLACK + second_list((RGB, 0, 0, 0, "a")) + b"\0\1", MORE),
        (first_list((GRAY, 10_001)), NO_GRAY),
        *(
            (first_list((LAB, *lab)), NO_LAB)
            for lab in [(10_001, 0, 0), (0, 12_801, 0), (0, 0, -12_801)]
        ),
        *(
            (
                first_list((RGB, 0, 0, 0), (space, 0, 0, 0, 0)),
                f"color 2 is a CMYK color, which looks different on every printer: "
                f"{CONVERT}",
            )
            for space in (CMYK, WIDE_CMYK)
        ),
        *(
            (
                first_list((space, 0, 0, 0)),
                f"color 1 is of the color space {space}, that of a book of inks or "
                f"none: {CONVERT}",
            )
            for space in (PANTONE, 10, 65_535)
        ),
    ],
)
def test_damaged_swatches_are_an_error_that_names_the_color(data, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        decode(data)
