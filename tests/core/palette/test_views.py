from __future__ import annotations

import logging
import pickle

import numpy as np
import pytest
from hypothesis import given

from html_tree import texts_of, tree_of
from napari_colorquant.core.palette.palette import Palette
from plain import palettes

RGB = Palette(
    [[0, 0, 0], [178, 34, 34], [255, 255, 255]],
    [1, 1, 2],
    ["night", "", "<b>day</b> & co"],
    units="uint8",
    locked=[1],
    learned_distance=12.5,
    learned_shares=[0.5, 0.25, 0.25],
)


# ---------------------------------------------------------------- a sequence


def test_a_palette_is_a_sequence_of_its_colors():
    assert [color.tolist() for color in RGB] == RGB.colors.tolist()
    assert RGB[1].tolist() == RGB[-2].tolist() == RGB[np.int64(1)].tolist()
    assert RGB[1].tolist() == [178, 34, 34]
    assert [color.tolist() for color in reversed(RGB)] == RGB.colors[::-1].tolist()
    assert [178, 34, 34] in RGB
    assert RGB[2] in RGB
    for other in ([178, 34, 35], [178, 34], 178, None, "red", object()):
        assert other not in RGB


def test_a_slice_is_a_palette_of_these_entries():
    assert RGB[1:] == RGB.select([1, 2])
    assert RGB[::-1] == RGB.select([2, 1, 0])
    assert RGB[:] == RGB
    assert RGB[1:].names == ("", "<b>day</b> & co")


@pytest.mark.parametrize("entry", [3, -4])
def test_there_is_no_entry_beyond_the_palette(entry):
    sentence = rf"^there is no entry {entry}: the palette has the entries 0 to 2\.$"
    with pytest.raises(IndexError, match=sentence):
        RGB[entry]


@pytest.mark.parametrize("entry", [1.0, "1", None, True, [1, 2], (0, 1)])
def test_an_entry_is_a_whole_number(entry):
    with pytest.raises(TypeError, match=r"^an entry is .*: pass a whole number"):
        RGB[entry]


def test_a_slice_without_an_entry_is_no_palette():
    with pytest.raises(ValueError, match=r"^the palette has 0 colors: pass 1 to"):
        RGB[3:]


# ---------------------------------------------------------------- by value


@given(palettes())
def test_palettes_that_hold_the_same_are_equal_and_one_key(palette):
    again = Palette.from_dict(palette.as_dict())
    assert palette == again
    assert hash(palette) == hash(again)
    assert len({palette, again, pickle.loads(pickle.dumps(palette))}) == 1


OTHERS = {
    "colors": RGB.colors + 1,
    "counts": [1, 2, 1],
    "names": None,
    "color_space": "lab",
    "units": "uint16",
    "locked": (),
    "white": 200,
    "classes": ["a", "", ""],
    "weights": [1, 1, 2],
    "background": [0, 0, 1],
    "learned_distance": None,
    "learned_shares": [0.25, 0.25, 0.5],
}


@pytest.mark.parametrize("name", OTHERS)
def test_palettes_that_differ_in_one_thing_are_not_equal(name):
    other = Palette(**{**RGB.as_dict(), name: OTHERS[name]})
    assert other != RGB
    assert not other == RGB  # noqa: SIM201, as the other operator
    assert len({other, RGB}) == 2


def test_every_field_makes_palettes_differ():
    assert {*OTHERS, "stains"} == {*Palette.__dataclass_fields__}
    stains = ([[0.6, 0.7, 0.3], [0.1, 0.9, 0.1]], [[0.6, 0.7, 0.3], [0.1, 0.8, 0.1]])
    one, other = (
        Palette([[1, 2, 3]], color_space="stains", stains=rows) for rows in stains
    )
    assert one != other


def test_zero_has_one_hash_with_either_sign():
    one, other = Palette([[0.0]]), Palette([[-0.0]])
    assert one == other
    assert hash(one) == hash(other)


def test_a_palette_is_equal_to_nothing_else():
    assert RGB != "RGB"
    assert RGB != None  # noqa: E711
    assert Palette([[1]]) != Palette([[1], [1]])


# ---------------------------------------------------------------- numpy, pandas


def test_numpy_makes_an_array_of_a_palette():
    array = np.asarray(RGB)
    assert array is RGB.colors  # not copied, and read-only
    copied = np.array(RGB)
    copied[:] = 1
    assert RGB[0].tolist() == [0, 0, 0]
    assert np.asarray(RGB, np.uint8).dtype == np.uint8
    assert np.asarray(RGB, np.uint8).tolist() == RGB.colors.tolist()


def test_a_table_has_a_row_an_entry():
    table = RGB.to_dataframe()
    assert table.to_dict("list") == {
        "label": [1, 2, 3],
        "index": [0, 1, 2],
        "name": ["night", "", "<b>day</b> & co"],
        "class": ["", "", ""],
        "hex": ["#000000", "#b22222", "#ffffff"],
        "red": [0, 178, 255],
        "green": [0, 34, 255],
        "blue": [0, 34, 255],
        "pixels": [1, 1, 2],
        "percent": [25, 25, 50],
        "learned_percent": [50, 25, 25],
    }
    assert table.dtypes.astype(str)[["pixels", "percent"]].tolist() == [
        "Int64",
        "float64",
    ]


def test_what_nobody_knows_is_missing_in_the_table():
    table = Palette([[1, 2]], classes=["a"]).to_dataframe()
    assert [*table] == [
        *("label", "index", "name", "class", "hex", "channel 0", "channel 1"),
        *("pixels", "percent"),
    ]
    assert table["class"].tolist() == ["a"]
    assert table[["pixels", "percent"]].isna().all(axis=None)


# ---------------------------------------------------------------- on a screen


def test_hex_is_how_a_screen_shows_the_colors():
    assert RGB.hex == ["#000000", "#b22222", "#ffffff"]
    assert RGB.in_units("float32").hex == RGB.hex
    assert Palette([[0], [4095]], units="uint16").hex == ["#000000", "#ffffff"]


def test_a_colormap_draws_the_palette_indices():
    colormap = RGB.to_colormap()
    drawn = colormap(np.array([[0, 1], [2, 1]]), bytes=True)
    expected = RGB.drawn(np.uint8)[[[0, 1], [2, 1]]]
    np.testing.assert_array_equal(drawn[..., :3], expected)
    assert (drawn[..., 3] == 255).all()
    assert colormap.N == 3


def test_a_palette_is_one_line_where_it_is_part_of_something():
    assert repr(RGB) == "Palette(#000000, #b22222, #ffffff; 3 channels, uint8)"
    many = Palette(np.zeros((20, 1)), units="uint16", white=4095)
    assert repr(many) == (
        f"Palette({'#000000, ' * 8}and 12 more; 1 channel, uint16, white 4095)"
    )


def test_a_palette_prints_as_a_table():
    assert str(RGB).splitlines() == [
        "3 colors: 3 channels, uint8",
        "learned from pixels at a distance of 12.5",
        "label  name             hex      pixels  percent  learned %  locked",
        "    1  night            #000000       1    25.00      50.00",
        "    2                   #b22222       1    25.00      25.00  locked",
        "    3  <b>day</b> & co  #ffffff       2    50.00      25.00",
    ]
    weighed = Palette([[1, 2]], weights=[1, 0.5], background=[3, 4])
    assert str(weighed).splitlines()[:3] == [
        "1 color: 2 channels",
        "weights 1, 0.5",
        "background up to 3, 4",
    ]


def test_a_long_palette_says_how_many_entries_are_not_shown():
    lines = str(Palette(np.zeros((100, 3)))).splitlines()
    assert len(lines) == 2 + 32 + 1
    assert lines[-1] == "and 68 more: to_dataframe() has all entries"
    html = tree_of(Palette(np.zeros((100, 3)))._repr_html_())
    assert len(html.findall(".//tbody/tr")) == 64
    assert texts_of(html, ".//p")[-1] == "and 36 more: to_dataframe() has all entries"


def test_a_notebook_shows_swatches_and_names_as_they_are():
    html = tree_of(RGB._repr_html_())
    swatches = [one.get("style") for one in html.findall(".//tbody//span")]
    assert [style.rpartition("background:")[2] for style in swatches] == RGB.hex
    heads = texts_of(html, ".//thead//th")
    assert heads == [
        *("", "label", "name", "hex", "pixels", "percent", "learned %", "locked"),
    ]
    third = texts_of(html.findall(".//tbody/tr")[2], "td")
    assert third == ["", "3", "<b>day</b> & co", "#ffffff", "2", "50.00", "25.00", ""]
    assert html.find(".//b") is None  # a name is no markup


def test_html_has_the_colors_of_the_page():
    html = RGB._repr_html_()
    for swatch in RGB.hex:
        html = html.replace(f"background:{swatch}", "")
    assert "background" not in html
    assert ";color" not in html
    assert '"color' not in html


# ---------------------------------------------------------------- the log


def test_the_log_tells_what_is_written_and_read(tmp_path, caplog):
    path = tmp_path / "palette.json"
    with caplog.at_level(logging.INFO, "napari_colorquant"):
        RGB.save(path)
        assert Palette.load(path) == RGB
    assert caplog.messages == [f"wrote {path}", f"read {path}"]


def test_the_log_is_silent_unless_it_is_asked_for(tmp_path, capfd):
    RGB.save(tmp_path / "palette.json")
    assert capfd.readouterr() == ("", "")
