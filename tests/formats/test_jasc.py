from __future__ import annotations

import re

import pytest

from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.formats.jasc import decode, encode
from napari_colorquant.formats.palette_data import MAX_COLORS

HEAD = b"JASC-PAL\r\n0100\r\n"


def test_a_jasc_palette_to_the_byte():
    palette = Palette([[0, 10.5, 11.5], [254.6, 255, 9]], [7, 8], ["night", "sun"])
    assert encode(palette, "sky") == HEAD + b"2\r\n0 10 12\r\n255 255 9\r\n"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(
            HEAD + b"2\r\n1 2 3\r\n4 5 6\r\n", id="as Paint Shop Pro writes it"
        ),
        pytest.param(b"JASC-PAL\n0100\n2\n1 2 3\n4 5 6", id="without CR"),
        pytest.param(HEAD + b"2\r\n1 2 3 255\r\n4 5 6 255\r\n", id="with opacity"),
        pytest.param(HEAD + b"2 \r\n 1\t2  3\r\n\r\n4 5 6\r\n\r\n", id="spaces"),
        pytest.param(b"\xef\xbb\xbf" + HEAD + b"2\n1 2 3\n4 5 6\n", id="byte mark"),
    ],
)
def test_jasc_palettes_of_other_programs(data):
    palette = decode(data)
    assert palette.colors.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert (palette.names, palette.counts, palette.units) == (None, None, "uint8")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        *(
            (
                data,
                "line 1 is not 'JASC-PAL': this is no JASC palette, as others that end "
                "in .pal.",
            )
            for data in (b"", b"RIFF\x10\0\0\0PAL data", b"jasc-pal\n0100\n1\n1 2 3")
        ),
        *(
            (data, "line 2 is not '0100', the version that can be read.")
            for data in (b"JASC-PAL", b"JASC-PAL\n0200\n1\n1 2 3\n")
        ),
        *(
            (
                HEAD + number.encode() + b"\n1 2 3\n",
                f"line 3: {number!r} is no number of colors.",
            )
            for number in ("", "-1", "+1", "1.0", "one", "9" * 10)
        ),
        (
            HEAD + b"3\n1 2 3\n4 5 6\n",
            "line 3 says that there are 3 colors, and there are 2: the file was cut "
            "off or changed.",
        ),
        (
            HEAD + b"1\n1 2 3\n4 5 6\n",
            "line 3 says that there are 1 colors, and there are 2: the file was cut "
            "off or changed.",
        ),
        (HEAD + b"0\n", "there is no color in its 3 lines."),
        (HEAD + b"1\n1 2 256\n", "line 4: 256 is not in the range 0 to 255."),
        *(
            (
                HEAD + b"1\n" + line,
                f"line 4: {line.decode()!r} is not three whole numbers, red, green and "
                "blue.",
            )
            for line in (b"1 2", b"1 2 x", b"-1 2 3", b"1 2 3.5", b"1 2 3 4 5")
        ),
        *(
            (
                HEAD + b"2\n0 0 0\n1 2 3 %s\n" % opacity,
                f"line 5: the opacity is {opacity.decode()!r}, and only opaque colors "
                "can be read, 255: save the palette without opacity.",
            )
            for opacity in (b"0", b"254", b"x")
        ),
        (
            HEAD + b"65536\n" + b"0 0 0\n" * (MAX_COLORS + 1),
            "line 65539 is beyond 65,535 colors.",
        ),
    ],
)
def test_a_damaged_jasc_palette_is_an_error_that_names_the_line(data, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        decode(data)
