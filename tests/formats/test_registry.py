from __future__ import annotations

import re
from io import BytesIO, StringIO

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import GimpPaletteFile

from any_palette import palettes
from napari_colorquant.core.palette.palette import Palette, palette_of
from napari_colorquant.core.palette.table import columns_of
from napari_colorquant.formats.palette_data import COLOR_SPACES, MAX_COLORS, UNITS
from napari_colorquant.formats.registry import FORMATS, save_palette

GPL = b"GIMP Palette\nName: sky\nColumns: 16\n#\n"
CSV = b"label,index,name,hex,red,green,blue,pixels,percent\r\n"
SUFFIXES = sorted(FORMATS)
# The formats of other programs in the words of a sentence, and how far from the colours
# of 8 bits they are.
FOREIGN = {
    ".aco": ("a Photoshop swatch file", 1 / 500),
    ".ase": ("an Adobe Swatch Exchange file", 1e-4),
    ".gpl": ("a GIMP palette", 0.5),
    ".pal": ("a JASC palette", 0.5),
}


def encoded(palette, suffix, title="sky"):
    columns = [columns_of(palette)] if suffix == ".csv" else []
    return FORMATS[suffix].encode(palette, title, *columns)


def decoded(data, suffix):
    return palette_of(FORMATS[suffix].decode(data))


def is_sentence(text):
    """Whether an error reads as one, and not as the log of a decoder."""
    return len(text) < 200 and text.endswith(".") and "\n" not in text


def parts(palette):
    counts = None if palette.counts is None else palette.counts.tolist()
    return palette.colors.tolist(), counts, palette.names


# ---------------------------------------------------------------- GIMP palettes


def test_a_gimp_palette_to_the_byte():
    palette = Palette([[0, 10.5, 11.5], [254.6, 255, 9]], [7, 8], ["night", "Gelb ü"])
    assert encoded(palette, ".gpl") == GPL + (
        b"  0  10  12\tnight\n255 255   9\tGelb \xc3\xbc\n"
    )


def test_a_gimp_palette_without_names_to_the_byte():
    assert encoded(Palette([[0, 1, 200]]), ".gpl") == GPL + b"  0   1 200\n"


def test_a_gimp_palette_says_its_space_in_a_comment():
    data = encoded(Palette([[0, 1, 200]], color_space="lab"), ".gpl")
    assert data == GPL + b"# Color space: lab\n  0   1 200\n"


@pytest.mark.skipif(
    not hasattr(GimpPaletteFile.GimpPaletteFile, "frombytes"),
    reason="Pillow's reader makes up entries before 11.2",
)
@pytest.mark.parametrize("space", COLOR_SPACES[:-1])
def test_pillow_reads_our_gimp_palette(space):
    colors = np.arange(48, dtype=np.uint8).reshape(16, 3) * 5
    names = [f"color {i}" for i in range(16)]
    data = encoded(Palette(colors, names=names, color_space=space), ".gpl")
    read, mode = GimpPaletteFile.GimpPaletteFile(BytesIO(data)).getpalette()
    assert mode == "RGB"
    assert read[:48] == colors.tobytes()


@given(
    hnp.arrays(np.uint8, st.tuples(st.integers(1, 20), st.just(3))),
    st.data(),
)
def test_gimp_palettes_keep_8_bit_colors_and_one_line_names(colors, data):
    names = data.draw(
        st.lists(st.text(max_size=8), min_size=len(colors), max_size=len(colors))
    )
    space = data.draw(st.sampled_from(COLOR_SPACES[:-1]))
    palette = Palette(colors, names=names, color_space=space)
    back = decoded(encoded(palette, ".gpl"), ".gpl")
    assert back.colors.tolist() == colors.tolist()
    assert back.counts is None
    assert back.color_space == space
    assert back.units == "uint8"
    kept = tuple(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name).strip() for name in names)
    assert back.names == (kept if any(kept) else None)


def test_a_title_or_name_cannot_break_a_line():
    name = "a\nb\r1\t\x00\ud800c"
    data = encoded(Palette([[1, 2, 3]], names=[name]), ".gpl", "x\ny")
    assert data == GPL.replace(b"sky", b"x y") + b"  1   2   3\ta b 1   c\n"


@pytest.mark.parametrize(
    ("data", "colors", "names"),
    [
        pytest.param(b"GIMP Palette\n1 2 3\n", [[1, 2, 3]], None, id="old format"),
        pytest.param(GPL + b"1 2 3 a  b \n", [[1, 2, 3]], ("a  b",), id="spaces"),
        pytest.param(GPL + b"\t1\t2\t3\ta\tb", [[1, 2, 3]], ("a\tb",), id="tabs"),
        pytest.param(
            GPL + b"1 2 3\r\n4 5 6\r\n", [[1, 2, 3], [4, 5, 6]], None, id="CR"
        ),
        pytest.param(
            GPL + b"1 2 3\n\n  \n# 9 9 9\n4 5 6 a\n",
            [[1, 2, 3], [4, 5, 6]],
            ("", "a"),
            id="comments and empty lines",
        ),
        pytest.param(
            b"GIMP Palette\nChannels: RGB\nAuthor: me\n1 2 3\n",
            [[1, 2, 3]],
            None,
            id="other header fields",
        ),
        pytest.param(
            b"\xef\xbb\xbf" + GPL + b"1 2 3 #", [[1, 2, 3]], ("#",), id="byte mark"
        ),
        pytest.param(GPL + b"1 2 3 \xfc", [[1, 2, 3]], ("ü",), id="Latin-1"),
        pytest.param(
            GPL + b"# Color spaces are hard\n1 2 3\n# Color space: dreams\n",
            [[1, 2, 3]],
            None,
            id="other comments",
        ),
    ],
)
def test_gimp_palettes_of_other_programs(data, colors, names):
    assert decoded(data, ".gpl").color_space == "rgb"
    assert parts(decoded(data, ".gpl")) == (colors, None, names)


# ---------------------------------------------------------------- other programs


@pytest.mark.parametrize("suffix", FOREIGN)
@pytest.mark.parametrize(
    ("palette", "sentence"),
    [
        (
            Palette([[1.0, 2.0]]),
            "{} holds RGB colors, and this palette has 2 channels: save it as .csv or "
            ".json.",
        ),
        (
            Palette([[1.0]], units="uint8"),
            "{} holds RGB colors, and this palette has 1 channel: save it as .csv or "
            ".json.",
        ),
        (
            Palette([[0, 1, 255.6]]),
            "{} holds colors from 0 to 255, and this palette's reach from 0 to 255.6: "
            "save it as .csv or .json, or scale its colors first.",
        ),
        (
            Palette([[-0.6, 1, 2]]),
            "{} holds colors from 0 to 255, and this palette's reach from -0.6 to 2: "
            "save it as .csv or .json, or scale its colors first.",
        ),
        (
            Palette([[0, 1, 4000]], units="float32"),
            "{} holds colors from 0 to 1, and this palette's reach from 0 to 4000: "
            "save it as .csv or .json, or scale its colors first.",
        ),
        (
            Palette([[0, 0.5, 1]]),
            "{} holds colors from 0 to 255, and this palette's are fractions up to 1: "
            "save it as .csv or .json, or multiply its colors by 255 first.",
        ),
    ],
)
def test_what_other_programs_cannot_hold(tmp_path, suffix, palette, sentence):
    what, _ = FOREIGN[suffix]
    with pytest.raises(ValueError, match=f"^{re.escape(sentence.format(what))}$"):
        palette.save(tmp_path / f"a{suffix}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", FOREIGN)
@pytest.mark.parametrize(
    ("colors", "units", "expected"),
    [
        ([[0, 128, 255]], None, [[0, 128, 255]]),
        ([[0, 0, 1]], None, [[0, 0, 1]]),
        ([[0, 0, 1]], "uint8", [[0, 0, 1]]),
        ([[0, 32_896, 65_535]], "uint16", [[0, 128, 255]]),
        ([[0, 2**32 - 1, 2**31]], "uint32", [[0, 255, 127.5]]),
        ([[0, 32_767, 0]], "int16", [[0, 255, 0]]),
        ([[0.0, 0.2, 1.0]], "float32", [[0, 51, 255]]),
        ([[0.0, 0.6, 1.0]], "float64", [[0, 153, 255]]),
    ],
)
def test_other_programs_get_black_and_white(suffix, colors, units, expected):
    _, tolerance = FOREIGN[suffix]
    back = decoded(encoded(Palette(colors, units=units), suffix), suffix)
    np.testing.assert_allclose(back.colors, expected, rtol=0, atol=tolerance)
    assert back.units == "uint8"


@given(data=st.data())
@pytest.mark.parametrize("suffix", FOREIGN)
def test_other_programs_keep_8_bits_exactly_and_more_as_far_as_they_do(suffix, data):
    _, tolerance = FOREIGN[suffix]
    shape = st.tuples(st.integers(1, 20), st.just(3))
    exact = Palette(data.draw(hnp.arrays(np.uint8, shape)), units="uint8")
    back = decoded(encoded(exact, suffix), suffix)
    assert back.colors.tolist() == exact.colors.tolist()

    units = data.draw(st.sampled_from(UNITS))
    fractions = data.draw(hnp.arrays(np.float64, shape, elements=st.floats(0, 1)))
    finer = Palette(fractions, units="float64").in_units(units)
    back = decoded(encoded(finer, suffix), suffix)
    np.testing.assert_allclose(back.colors, 255 * fractions, rtol=0, atol=tolerance)
    assert back.colors.min() >= 0
    assert back.colors.max() <= 255


@given(data=st.data())
@pytest.mark.parametrize("suffix", [".aco", ".ase"])
def test_swatches_keep_one_line_names(suffix, data):
    names = data.draw(st.lists(st.text(max_size=8), min_size=1, max_size=8))
    back = decoded(
        encoded(Palette([[1, 2, 3]] * len(names), names=names), suffix), suffix
    )
    kept = tuple(re.sub(r"[\x00-\x1f\x7f-\x9f]", " ", name).strip() for name in names)
    assert back.names == (kept if any(kept) else None)


def test_rounding_errors_of_a_mean_stay_in_range():
    palette = Palette([[-1e-14, 255 + 1e-13, 0.5]])
    assert decoded(encoded(palette, ".gpl"), ".gpl").colors.tolist() == [[0, 255, 0]]


# ---------------------------------------------------------------- tables


def test_a_table_to_the_byte():
    palette = Palette([[0.1, 2, 1e300], [-0.0, 5e-324, 3]], [7, 0], ['a "b", c', "d"])
    assert encoded(palette, ".csv") == CSV + (
        b'1,0,"a ""b"", c",#0000ff,0.1,2.0,1e+300,7,100.0\r\n'
        b"2,1,d,#000000,-0.0,5e-324,3.0,0,0.0\r\n"
    )


def test_a_table_says_a_space_that_is_not_rgb_in_every_line():
    palette = Palette([[1, 2, 3], [4, 5, 6]], [7, 1], ["a", "b"], "hed", "uint8")
    assert encoded(palette.uncounted(), ".csv") == (
        b"label,index,name,hex,color_space,units,red,green,blue,pixels,percent\r\n"
        b"1,0,a,#010203,hed,uint8,1.0,2.0,3.0,,\r\n"
        b"2,1,b,#040506,hed,uint8,4.0,5.0,6.0,,\r\n"
    )


def test_a_table_says_units_that_are_known_in_every_line():
    palette = Palette([[1], [2]], [3, 1], color_space="rgb", units="uint16")
    assert encoded(palette, ".csv") == (
        b"label,index,name,hex,units,value,pixels,percent\r\n"
        b"1,0,,#000000,uint16,1.0,3,75.0\r\n2,1,,#ffffff,uint16,2.0,1,25.0\r\n"
    )


@pytest.mark.parametrize(
    ("channels", "columns"),
    [
        (None, ["channel 0", "channel 1"]),
        (["dapi", "gfp"], ["dapi", "gfp"]),
        (["dapi", "dapi"], ["channel 0", "channel 1"]),
        (["dapi", " Label "], ["channel 0", "channel 1"]),  # read as no channel
    ],
)
def test_the_columns_of_channels(tmp_path, channels, columns):
    palette = Palette([[3, 4], [5, 6]])
    save_palette(palette, tmp_path / "a.csv", columns_of(palette, channels))
    table = pd.read_csv(tmp_path / "a.csv")
    assert list(table)[4:-2] == columns
    assert Palette.load(tmp_path / "a.csv").colors.tolist() == [[3, 4], [5, 6]]


def test_pandas_reads_our_table():
    palette = Palette(
        np.random.default_rng(0).random((9, 4)), range(9), list("abcdefghi"), "lab"
    )
    text = StringIO(encoded(palette, ".csv").decode(), newline="")
    table = pd.read_csv(text, dtype=str)  # older pandas are off by one bit in floats
    assert table["index"].astype(int).tolist() == list(range(9))
    assert table["label"].astype(int).tolist() == list(range(1, 10))
    channels = [f"channel {number}" for number in range(4)]
    assert table[channels].astype(float).to_numpy().tolist() == palette.colors.tolist()
    assert table["pixels"].astype(int).tolist() == palette.counts.tolist()
    assert table["percent"].astype(float).sum() == pytest.approx(100)
    assert tuple(table["name"]) == palette.names
    assert set(table["color_space"]) == {"lab"}


def test_a_table_says_the_limits_of_a_background_in_every_line():
    palette = Palette([[1, 2], [3, 4]], background=(0.5, 1 / 3))
    lines = encoded(palette, ".csv").splitlines()
    assert b",background_limits," in lines[0]
    assert all(b'"0.5, 0.3333333333333333"' in line for line in lines[1:])
    data = b'label,background_limits,x,y\n1,"1,2",3,4\n2,"1,3",3,4\n'
    sentence = "line 3: the limits of the background are '1, 3', and '1, 2' above"
    with pytest.raises(ValueError, match=f"^{sentence}"):
        decoded(data, ".csv")


def test_a_table_says_weights_in_every_line():
    palette = Palette([[1, 2, 3]], color_space="ab", weights=(1, 2 / 3))
    assert encoded(palette, ".csv").splitlines() == [
        b"label,index,name,hex,color_space,weights,red,green,blue,pixels,percent",
        b'1,0,,#010203,ab,"1, 0.6666666666666666",1.0,2.0,3.0,,',
    ]
    data = b"label,weights,x,y\n1,1;2,3,4\n"
    with pytest.raises(ValueError, match=r"^line 2: the weights '1;2' are no numbers"):
        decoded(data, ".csv")
    data = b'label,weights,x,y\n1,"1,2",3,4\n2,"1,3",3,4\n'
    with pytest.raises(
        ValueError, match=r"^line 3: the weights are '1, 3', and '1, 2'"
    ):
        decoded(data, ".csv")


@given(palettes(locks=False))
def test_tables_keep_everything(palette):
    back = decoded(encoded(palette, ".csv"), ".csv")
    assert back.colors.tobytes() == palette.colors.tobytes()
    *_, counts, names = parts(palette)
    # An empty cell of a table is no name.
    assert parts(back)[1:] == (counts, names if any(names or ()) else None)
    assert back.classes == palette.classes
    assert (back.color_space, back.units) == (palette.color_space, palette.units)
    assert back.weights == palette.weights


def test_a_table_of_another_program():
    data = b"\xef\xbb\xbfindex, DAPI , pixels\n0, 1.5 ,3\n\n1,2,4\n"
    assert parts(decoded(data, ".csv")) == ([[1.5], [2.0]], [3, 4], None)
    assert decoded(data, ".csv").color_space == "rgb"


@given(palettes(locks=False), st.randoms())
def test_a_table_is_read_in_the_order_of_its_numbers(palette, random):
    header, *lines = encoded(palette, ".csv").decode().split("\r\n")[:-1]
    names = palette.names or ()
    if any(character in name for name in names for character in '\r\n"'):
        return  # a line is no line then
    random.shuffle(lines)
    columns = [line.split(",", 2) for line in (header, *lines)]
    for kept in ([0, 1, 2], [0, 2], [1, 2]):
        text = "\n".join(",".join(line[i] for i in kept) for line in columns)
        back = decoded(text.encode(), ".csv")
        assert back.colors.tobytes() == palette.colors.tobytes()
        assert parts(back)[1] == parts(palette)[1]
        assert back.names == (palette.names if any(names) else None)


def test_a_table_made_by_hand_has_its_columns_in_any_order():
    data = b"DAPI,Name,Label,GFP\n3,dark,2,4\n1,,1,2\n"
    back = decoded(data, ".csv")
    assert parts(back) == ([[1, 2], [3, 4]], None, ("", "dark"))


@pytest.mark.parametrize("units", UNITS)
def test_a_table_may_say_any_units(units):
    data = f"index, units ,x\n0, {units} ,1\n1,{units},2".encode()
    assert decoded(data, ".csv").units == units
    assert decoded(data, ".csv").colors.tolist() == [[1], [2]]


@pytest.mark.parametrize("space", COLOR_SPACES[:-1])
def test_a_table_may_say_any_space(space):
    data = f"index, color_space ,x,y,z\n0, {space} ,1,2,3\n".encode()
    assert decoded(data, ".csv").color_space == space
    assert decoded(data, ".csv").colors.tolist() == [[1, 2, 3]]


def test_a_name_that_is_no_text_is_refused():
    sentence = (
        r"a color's name holds '\ud800', which is no Unicode text: rename the color."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        encoded(Palette([[1]], names=["a\ud800"]), ".csv")


# ---------------------------------------------------------------- damage

HEADER = (
    "line 1 is not a palette's header: it must have label (from 1) or index (from 0) "
    "and one column a channel, and may have name, class, color_space, units and "
    "pixels."
)


@pytest.mark.parametrize(
    ("suffix", "data", "sentence"),
    [
        (
            ".gpl",
            b"",
            "line 1 does not start with 'GIMP Palette': this is no GIMP palette.",
        ),
        (
            ".gpl",
            b"JASC-PAL\n",
            "line 1 does not start with 'GIMP Palette': this is no GIMP palette.",
        ),
        (".gpl", GPL, "there is no color in its 4 lines."),
        (".gpl", GPL + b"1 2 256\n", "line 5: 256 is not in the range 0 to 255."),
        *(
            (
                ".gpl",
                GPL + b"0 0 0\n" + line,
                f"line 6: {line.decode()!r} does not start with three whole numbers, "
                "red, green and blue.",
            )
            for line in (b"1 2", b"1 2 x", b"-1 2 3", b"1 2 3.5", b"+1 2 3", b"Name: a")
        ),
        (
            ".gpl",
            b"GIMP Palette\nChannels: RGBA\n1 2 3 255 red",
            "line 2: the channels are 'RGBA', and only RGB can be read: save the "
            "palette without opacity.",
        ),
        *(
            (
                ".gpl",
                GPL + b"# Color space: %s\n1 2 3\n" % space,
                f"line 5: the color space {space.decode().strip()!r} is unknown: it "
                "must be one of rgb, lab, ab, oklab, hed, stains.",
            )
            for space in (b"", b" luv ", b"LAB", b"lab,", b"\xc3\xbc")
        ),
        (
            ".gpl",
            GPL + b"0 0 0\n" * (MAX_COLORS + 1),
            "line 65540 is beyond 65,535 colors.",
        ),
        (".csv", b"", HEADER),
        (".csv", b"red,green,blue\n1,2,3\n", HEADER),
        (".csv", b"index,pixels\n0,1\n", HEADER),
        (".csv", b"index,name,pixels\n0,a,1\n", HEADER),
        (".csv", b"index,color_space,pixels\n0,lab,1\n", HEADER),
        *(
            (
                ".csv",
                b"index,color_space,grey\n0,%s,1\n" % space,
                f"line 2: the color space {space.decode()!r} is unknown: it must be "
                "one of rgb, lab, ab, oklab, hed, stains.",
            )
            for space in (b"", b"luv", b"LAB", b"3")
        ),
        (
            ".csv",
            b"index,color_space,grey\n0,lab,1\n1,rgb,2\n",
            "line 3: the color space is 'rgb', and 'lab' above: a palette has only "
            "one.",
        ),
        (".csv", b"index,units,pixels\n0,uint8,1\n", HEADER),
        (
            ".csv",
            b"index,units,grey\n0,logical,1\n",
            "line 2: the units 'logical' are unknown: it must be one of "
            f"{', '.join(UNITS)}.",
        ),
        (
            ".csv",
            b"index,units,grey\n0,uint8,1\n1,uint16,1\n",
            "line 3: the units are 'uint16', and 'uint8' above: a palette has only "
            "one.",
        ),
        (".csv", b"index,grey\n", "there is no color below the header."),
        (".csv", CSV + b"1,0,a\n", "line 2: there are 3 values for the 9 columns."),
        (".csv", b"index,grey\n0,1e999\n", "line 2: '1e999' is no finite number."),
        (".csv", b"index,grey\n0,nan\n", "line 2: 'nan' is no finite number."),
        (".csv", b"index,grey\n0,1_0\n", "line 2: '1_0' is no finite number."),
        (".csv", b"index,grey\n0,\n", "line 2: '' is no finite number."),
        *(
            (
                ".csv",
                b"index,grey,pixels\n0,1,%s\n" % count,
                f"line 2: '{count.decode()}' is no whole number from 0 to 2**63 - 1.",
            )
            for count in (b"-1", b"1.5", b"9223372036854775808")
        ),
        (
            ".csv",
            b"index,grey,pixels\n0,1,2\n1,1,\n",
            "line 3: '' is no whole number from 0 to 2**63 - 1.",
        ),
        (
            ".csv",
            b"index,grey\n1,5\n3,6\n",
            "the index 0 is missing: number the 2 entries from 0 to 1.",
        ),
        (
            ".csv",
            b"label,grey\n1,5\n4,6\n2,7\n",
            "the label 3 is missing: number the 3 entries from 1 to 3.",
        ),
        (
            ".csv",
            b"label,index,grey\n2,1,5\n1,0,6\n2,1,7\n",
            "line 4: the label 2 is in line 2, too: number the entries from 1.",
        ),
        (
            ".csv",
            b"index,grey\n0,5\n0,6\n",
            "line 3: the index 0 is in line 2, too: number the entries from 0.",
        ),
        (
            ".csv",
            b"label,grey\n0,5\n1,6\n",
            "line 2: the label is 0, which is no entry's: number the entries from 1.",
        ),
        (
            ".csv",
            b"index,label,grey\n0,1,5\n2,2,6\n",
            "line 3: the label 2 and the index 2 contradict each other: a label is its "
            "index plus 1. Correct one, or remove a column.",
        ),
        (
            ".csv",
            b"index,Index,grey\n0,0,5\n",
            "line 1: 'index' stands above two columns: give each column a name of its "
            "own.",
        ),
        (
            ".csv",
            b",label,grey\n0,1,5\n",
            "line 1: a title is empty: give each column a name of its own.",
        ),
        (
            ".csv",
            b'index,name,grey\n0,"a,5\n',
            "line 2: unexpected end of data.",
        ),
        (
            ".csv",
            b"index,name,grey\n0,a,5\n1,\xff,6\n",
            "line 3 is no UTF-8 text: save it as UTF-8.",
        ),
        (
            ".csv",
            b"index,grey\n" + b"".join(b"%d,0\n" % i for i in range(MAX_COLORS + 1)),
            "line 65537 is beyond 65,535 colors.",
        ),
    ],
)
def test_a_damaged_file_is_an_error_that_names_file_and_line(
    tmp_path, suffix, data, sentence
):
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=f"^{re.escape(f'{path}: {sentence}')}$"):
        Palette.load(path)


# How many bytes may be missing at the end without a trace: the end of the last line,
# and of Photoshop's swatches all of the second list, as the first comes alone, too.
UNSEEN_CUTS = {
    ".aco": {4 + 2 * 10 + 2 * 4 + 16 + 4},
    ".ase": set(),
    ".json": {1},
    ".pal": {1, 2},
}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_cut_off_anywhere_is_a_palette_or_an_error(tmp_path, suffix):
    palette = Palette([[0, 10, 200], [3, 4, 5]], [9, 12], ['"ü"\n, x', "b"], "lab")
    data = encoded(palette, suffix)
    path = tmp_path / f"cut{suffix}"
    readable = set()
    for n_missing in range(1, len(data) + 1):
        path.write_bytes(data[:-n_missing])
        try:
            read = Palette.load(path)
        except ValueError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017, both may happen
            assert is_sentence(str(error).removeprefix(f"{path}: "))  # noqa: PT017, as above
        else:
            readable.add(n_missing)
            assert len(read) <= 2
            assert read.n_channels == 3
            if suffix in (".csv", ".gpl", ".json"):
                assert read.color_space == "lab"
    if suffix in UNSEEN_CUTS:
        assert readable == UNSEEN_CUTS[suffix]
    else:  # a line a colour, and no word of how many there are: the first is needed
        assert len(data) - max(readable) > data.index(b"200")


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.data())
def test_any_bytes_are_a_palette_or_an_error(suffix, data):
    space = data.draw(st.sampled_from(COLOR_SPACES[:-1]))
    palette = Palette([[0, 10, 200], [3, 4, 5]], [9, 12], ["ü", "b"], space)
    start = encoded(palette, suffix)[: data.draw(st.integers(0, 80))]
    lines = st.sampled_from(
        [
            b"\n",
            b"\r",
            b",",
            b'"',
            b"#",
            b" ",
            b"\0",
            b"1",
            b"255",
            b"-1",
            b"1e9",
            b"\xff",
            b"[",
            b"{",
            b":",
            b"\0\1",
        ]
    )
    rest = st.binary(max_size=60) | st.lists(lines, max_size=60).map(b"".join)
    check_that_it_is_a_palette_or_an_error(start + data.draw(rest), suffix)


@pytest.mark.parametrize("suffix", SUFFIXES)
@given(data=st.data())
def test_flipped_bits_are_a_palette_or_an_error(suffix, data):
    palette = Palette([[0, 10, 200], [3, 4, 5]], [9, 12], ["ü", "b"], "hed", "uint8")
    damaged = bytearray(encoded(palette, suffix))
    places = st.lists(st.integers(0, len(damaged) - 1), min_size=1, max_size=4)
    for place in data.draw(places):
        damaged[place] ^= data.draw(st.integers(1, 255))
    check_that_it_is_a_palette_or_an_error(bytes(damaged), suffix)


def check_that_it_is_a_palette_or_an_error(data, suffix):
    try:
        read = decoded(data, suffix)
    except ValueError as error:
        assert is_sentence(str(error)), str(error)  # noqa: PT017, both may happen
    else:
        assert isinstance(read, Palette)


@given(st.binary(max_size=80))
@example(b"GIMP Palette\n" + b"9" * 1000 + b" 2 3")
@example(b"index,grey\n0," + b"9" * 200_000)
@example(b"index,grey\n" + b"9" * 5000 + b",1")
@example(b"index,color_space,grey\n0," + b"x" * 5000 + b",1")
@example(b"GIMP Palette\n# Color space: " + b"x" * 5000)
@example(b"index,units,grey\n0," + b"x" * 5000 + b",1")
@example(b"JASC-PAL\n0100\n" + b"9" * 5000)
@example(b"JASC-PAL\n0100\n1\n" + b"9" * 5000)
@example(b"JASC-PAL\n0100\n1\n1 2 3 " + b"9" * 5000)
@example(b"ASEF\0\1\0\0" + b"\xff" * 5000)
@example(b"\0\2" + b"\xff" * 5000)
@example(b"9" * 5000)
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"' + b"x" * 5000 + b'": 1, "' + b"x" * 5000 + b'": 2}')
@example(b"1" + b"0" * 5000 + b".5e" + b"9" * 5000)
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_errors_are_short_sentences(suffix, data):
    check_that_it_is_a_palette_or_an_error(data, suffix)


# ---------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("a.json", {"names", "color_space", "units", "counts", "locked"}),
        ("a.JSON", {"names", "color_space", "units", "counts", "locked"}),
        ("a.csv", {"names", "color_space", "units", "counts"}),
        ("a.CSV", {"names", "color_space", "units", "counts"}),
        ("b.gpl", {"names", "color_space", "units"}),
        ("b.Gpl", {"names", "color_space", "units"}),
        ("c.ase", {"names", "units"}),
        ("d.aco", {"names", "units"}),
        ("e.PAL", {"units"}),
    ],
)
def test_a_palette_saves_and_loads_itself(tmp_path, name, kept):
    palette = Palette(
        [[0, 10, 200], [3, 4, 5]], [1, 2], ["a", "b"], "hed", "uint8", locked=[1]
    )
    palette.save(tmp_path / name)
    loaded = Palette.load(str(tmp_path / name)).as_dict()
    said, nothing = palette.as_dict(), Palette([[0, 0, 0]]).as_dict()
    assert loaded == {
        key: said[key] if key in kept | {"colors"} else nothing[key] for key in said
    }
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.txt", "a", ".csv"])
def test_an_unknown_suffix_is_an_error(tmp_path, name):
    path = tmp_path / name
    sentence = (
        f"{path}: the suffix {path.suffix!r} names no palette format: use one of .csv, "
        ".gpl, .pal, .ase, .aco, .json."
    )
    for call in (
        lambda: Palette([[1]]).save(path),
        lambda: Palette.load(path),
    ):
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            call()
    assert not path.exists()


@pytest.mark.parametrize(
    ("suffix", "megabytes"),
    [*((s, 8) for s in (".gpl", ".pal", ".ase", ".aco")), (".csv", 32), (".json", 32)],
)
def test_a_huge_file_is_not_read(tmp_path, suffix, megabytes):
    path = tmp_path / f"a{suffix}"
    with path.open("wb") as stream:
        stream.truncate(2**43)  # it takes no room on the disk, but all memory
    sentence = f"{path}: larger than {megabytes} MB, which is no palette."
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Palette.load(path)


@pytest.mark.parametrize("suffix", FORMATS)
def test_the_largest_palette_is_read(tmp_path, suffix):
    n = MAX_COLORS
    colors = np.random.default_rng(0).integers(0, 255, (n, 3)).astype(float)
    if suffix not in FOREIGN:  # the project's own have all digits
        colors += np.random.default_rng(1).random((n, 3))
    names = [f"a color that is called {i}" for i in range(n)]
    palette = Palette(colors, None, names, units="uint8")
    palette.save(tmp_path / f"a{suffix}")
    assert Palette.load(tmp_path / f"a{suffix}").colors.tolist() == colors.tolist()


def test_a_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Palette.load(tmp_path / "a.csv")
