from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given

from any_palette import palettes
from napari_colorquant.core.palette.palette import Palette, palette_of
from napari_colorquant.formats.json_palette import decode, encode
from napari_colorquant.formats.palette_data import MAX_COLORS, UNITS


def decoded(data):
    return palette_of(decode(data))


def file_of(**palette):
    return json.dumps({"format": "napari-colorquant", "palette": palette}).encode()


def test_a_palette_to_the_byte():
    palette = Palette([[0.1, 2], [3, 1e300]], [7, 0], ["ü", ""], "rgb", "uint8", [1])
    assert encode(palette, "sky") == (
        b'{\n"format": "napari-colorquant",\n"palette": {"colors": [[0.1, 2.0], '
        b'[3.0, 1e+300]], "counts": [7, 0], "names": ["\\u00fc", ""], "color_space": '
        b'"rgb", "units": "uint8", "locked": [1]}\n}\n'
    )


@given(palettes(locks=True))
def test_palettes_keep_everything(palette):
    back = decoded(encode(palette, ""))
    assert back.colors.tobytes() == palette.colors.tobytes()
    assert back.as_dict() == palette.as_dict()


def test_a_name_may_be_no_text():
    palette = Palette([[1]], names=["a\ud800\n\0"])
    assert decode(encode(palette, "")).names == palette.names


def test_the_largest_palette():
    palette = Palette(np.random.default_rng(0).random((MAX_COLORS, 4)))
    assert np.array_equal(decode(encode(palette, "")).colors, palette.colors)


def test_only_the_colors_must_be_there():
    palette = decoded(b"\xef\xbb\xbf" + file_of(colors=[[1, 2], [3, 4.5]], more=[1]))
    assert palette.as_dict() == Palette([[1, 2], [3, 4.5]]).as_dict()


NOT_OURS = (
    'it does not say "format": "napari-colorquant": this is no palette or record of '
    "napari-colorquant."
)
NO_PALETTE = "there is no palette in it."
NO_COLOR = "there is no color in its palette."
NO_COUNTS = "the palette's counts are no list of whole numbers from 0 to 2**63 - 1."
NO_NAMES = "the palette's names are no list of text."
NO_WEIGHTS = "the palette's weights are no list of numbers."
NO_CLASSES = "the palette's classes are no list of text."
NO_LOCKS = "the palette's locks are no list of its entries, which are 0 to 0."


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"[]", NOT_OURS),
        (b"{}", NOT_OURS),
        (b'{"format": ["napari-colorquant"]}', NOT_OURS),
        (b'{"format": "napari-colorquant"}', NO_PALETTE),
        (b'{"format": "napari-colorquant", "palette": [[1]]}', NO_PALETTE),
        (file_of(), NO_COLOR),
        *((file_of(colors=colors), NO_COLOR) for colors in ([], None, 3, "red", {})),
        *(
            (
                file_of(colors=[[1, 2], row]),
                f"the palette's color 1 is {row!r}: each must be a list of numbers, as "
                "many as there are channels.",
            )
            for row in ([1], [1, 2, 3], 5, [1, True], ["1", 2], [1, None], {"a": 1})
        ),
        (
            file_of(colors=[[]]),
            "palette colors have the shape (1, 0): pass one row a color and one column "
            "a channel.",
        ),
        (file_of(colors=[[float("nan")]]), "NaN is no number of JSON."),
        (
            file_of(colors=[[0]] * (MAX_COLORS + 1)),
            "the palette has 65,536 colors: pass 1 to 65,535.",
        ),
        *(
            (file_of(colors=[[1]], counts=counts), NO_COUNTS)
            for counts in (5, [-1], [1.0], [True], ["1"], [2**63], {"0": 1})
        ),
        (
            file_of(colors=[[1]], counts=[1, 2]),
            "palette counts have the shape (2,): pass one count for each of the 1 "
            "colors.",
        ),
        *(
            (file_of(colors=[[1]], names=names), NO_NAMES)
            for names in ("a", [1], [None], [["a"]])
        ),
        (file_of(colors=[[1]], classes=[None]), NO_CLASSES),
        *(
            (file_of(colors=[[1]], weights=weights), NO_WEIGHTS)
            for weights in (2, "2", ["2"], [True], [None])
        ),
        (
            file_of(colors=[[1]], weights=[1, 2]),
            "weights hold 2 numbers: pass 1, one for each channel.",
        ),
        *(
            (
                file_of(colors=[[1]], background=limits),
                "the palette's background is no list of numbers.",
            )
            for limits in (2, "otsu", ["2"], [True], [None])
        ),
        (
            file_of(colors=[[1]], background=[1, 2]),
            "background holds 2 numbers, and the palette has 1 channel: pass one "
            "number, or one for each channel.",
        ),
        (
            file_of(colors=[[1]], classes=[]),
            "the palette has 0 classes: pass one class for each of the 1 colors.",
        ),
        (
            file_of(colors=[[1]], names=[]),
            "the palette has 0 names: pass one name for each of the 1 colors.",
        ),
        *(
            (
                file_of(colors=[[1]], color_space=space),
                f"the color space {space!r} is unknown: it must be one of rgb, lab, "
                "ab, oklab, hed, stains.",
            )
            for space in ("luv", "", None, 3, ["lab"])
        ),
        *(
            (
                file_of(colors=[[1]], units=units),
                f"the units {units!r} are unknown: it must be one of "
                f"{', '.join(UNITS)}.",
            )
            for units in ("logical", "", 3, ["uint8"])
        ),
        *(
            (file_of(colors=[[1]], locked=locked), NO_LOCKS)
            for locked in (0, None, [1], [-1], [0.0], [False], ["0"], [2**63])
        ),
    ],
)
def test_a_damaged_palette_is_an_error(data, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        decoded(data)
