from __future__ import annotations

import json
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_colorquant.core.color.spaces import dark_to_light
from napari_colorquant.core.palette.edits import Classify
from napari_colorquant.core.palette.palette import (
    Palette,
    first_of_class,
)
from napari_colorquant.core.palette.table import columns_of
from napari_colorquant.formats.palette_data import (
    COLOR_SPACES,
    MAX_COLORS,
    UNITS,
    white_of,
)
from plain import palettes


def test_a_palette_is_read_only_and_independent_of_what_it_was_made_from():
    colors, counts = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5, 6])
    palette = Palette(colors, counts, ["a", "b"])
    colors[:], counts[:] = 0, 0
    assert palette.colors.tolist() == [[1, 2], [3, 4]]
    assert palette.counts.tolist() == [5, 6]
    assert palette.names == ("a", "b")
    for array in (palette.colors, palette.counts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 9


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", ">f4", "float64"])
def test_colors_become_float64(dtype):
    palette = Palette(np.array([[1, 2, 3]], dtype))
    assert palette.colors.dtype == np.float64
    assert palette.colors.tolist() == [[1, 2, 3]]


def test_counts_and_names_are_optional():
    palette = Palette([[1, 2, 3], [4, 5, 6]])
    assert (len(palette), palette.n_channels) == (2, 3)
    assert palette.counts is None
    assert palette.names is None
    assert palette.color_space == "rgb"
    assert palette.units is None
    assert palette.locked == ()
    assert palette.classes is None


def test_entries_share_a_class_by_its_name():
    palette = Palette([[1], [2], [3], [4]], classes=["b", "", "a", "b"], units="uint8")
    assert palette.classes == ("b", "", "a", "b")
    assert first_of_class(palette).tolist() == [0, 1, 2, 0]
    assert palette.select([3, 1]).classes == ("b", "")
    assert palette.in_units("uint16").classes == palette.classes
    assert Palette.from_dict(palette.as_dict()).classes == palette.classes
    assert columns_of(palette)["class"] == ["b", "", "a", "b"]


def test_spaces_around_a_class_are_no_part_of_its_name(tmp_path):
    palette = Palette([[1], [2], [3]], classes=["DAB", " DAB\t", " "])
    assert palette.classes == ("DAB", "DAB", "")
    assert Classify([1], " DAB ") == Classify([1], "DAB")
    path = tmp_path / "a.csv"
    path.write_text("index,class,v\n0,DAB,1\n1,DAB ,2\n")
    assert Palette.load(path).classes == ("DAB", "DAB")


def test_no_class_is_said_in_one_way():
    palette = Palette([[1], [2]], classes=["", " "])
    assert palette.classes is None
    assert first_of_class(palette).tolist() == [0, 1]
    assert "classes" not in palette.as_dict()
    assert "class" not in columns_of(palette)


@pytest.mark.parametrize("color_space", COLOR_SPACES[:-1])
def test_a_palette_that_was_not_applied_has_no_counts(color_space):
    palette = Palette(
        [[1, 2, 3], [4, 5, 6]], [7, 8], ["a", "b"], color_space, "uint8", [1]
    )
    before = palette.uncounted()
    assert (before.units, before.locked) == ("uint8", (1,))
    assert before.counts is None
    assert before.names == ("a", "b")
    assert before.color_space == palette.color_space == color_space
    np.testing.assert_array_equal(before.colors, palette.colors)
    assert palette.counts.tolist() == [7, 8]


@pytest.mark.parametrize("n_colors", [1, MAX_COLORS])
def test_the_smallest_and_the_largest_palette(n_colors):
    assert len(Palette(np.zeros((n_colors, 3)))) == n_colors


@pytest.mark.parametrize(
    ("arguments", "error", "sentence"),
    [
        (
            ([["a"]],),
            TypeError,
            "palette colors have the dtype <U1: pass real numbers.",
        ),
        (
            ([[True]],),
            TypeError,
            "palette colors have the dtype bool: pass real numbers.",
        ),
        (
            ([[1j]],),
            TypeError,
            "palette colors have the dtype complex128: pass real numbers.",
        ),
        (
            ([1, 2, 3],),
            ValueError,
            "palette colors have the shape (3,): pass one row a color and one column a "
            "channel.",
        ),
        (
            (np.zeros((2, 0)),),
            ValueError,
            "palette colors have the shape (2, 0): pass one row a color and one column "
            "a channel.",
        ),
        (
            (np.zeros((0, 3)),),
            ValueError,
            "the palette has 0 colors: pass 1 to 65,535.",
        ),
        (
            (np.zeros((65_536, 3)),),
            ValueError,
            "the palette has 65,536 colors: pass 1 to 65,535.",
        ),
        (
            ([[0.0, np.nan]],),
            ValueError,
            "palette colors must be finite: remove NaN and infinity.",
        ),
        (
            ([[-np.inf]],),
            ValueError,
            "palette colors must be finite: remove NaN and infinity.",
        ),
        (
            ([[1], [2]], [3]),
            ValueError,
            "palette counts have the shape (1,): pass one count for each of the 2 "
            "colors.",
        ),
        (
            ([[1], [2]], None, ["a"]),
            ValueError,
            "the palette has 1 names: pass one name for each of the 2 colors.",
        ),
        (
            ([[1], [2]], None, None, "rgb", None, (), None, ["a"]),
            ValueError,
            "the palette has 1 classes: pass one class for each of the 2 colors.",
        ),
        (
            ([[1]], None, None, "rgb", None, (), None, [1]),
            TypeError,
            "a class is 1: pass a string.",
        ),
        *(
            (
                ([[1], [2]], None, None, color_space),
                ValueError,
                f"color_space {color_space!r} is unknown: pass one of 'rgb', 'lab', "
                "'ab', 'oklab', 'hed', 'stains'.",
            )
            for color_space in ("Lab", "", None, ["rgb"])
        ),
        *(
            (
                ([[1], [2]], counts),
                ValueError,
                "palette counts must be whole numbers of pixels: pass integers from 0.",
            )
            for counts in ([1.0, 2.0], [1, -1], ["a", "b"], [True, False])
        ),
        *(
            (
                ([[1], [2]], None, None, "rgb", units),
                ValueError,
                f"the palette's units are {units!r}: pass the dtype of an image, one "
                "of bool, uint8, uint16, uint32, uint64, int8, int16, int32, int64, "
                "float16, float32, float64.",
            )
            for units in ("boolean", "uint 8", ">u2", "", 8)
        ),
        *(
            (
                ([[1], [2]], None, None, "rgb", None, locked),
                ValueError,
                f"the entries {locked} are locked, and the palette has the entries 0 "
                "to 1.",
            )
            for locked in ([-1], [0, 2])
        ),
    ],
)
def test_what_is_no_palette_is_refused(arguments, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        Palette(*arguments)


@pytest.mark.parametrize(
    ("dtype", "drawn"),
    [
        ("uint8", [0, 0, 2, 2, 200, 255]),
        ("int8", [-100, 0, 2, 2, 127, 127]),
        ("uint16", [0, 0, 2, 2, 200, 65_535]),
        (">u2", [0, 0, 2, 2, 200, 65_535]),
        ("int32", [-100, 0, 2, 2, 200, 1_000_000]),
        ("uint32", [0, 0, 2, 2, 200, 1_000_000]),
        ("int64", [-100, 0, 2, 2, 200, 1_000_000]),
        ("uint64", [0, 0, 2, 2, 200, 1_000_000]),
        ("float32", [-100, 0.5, 1.5, 2.5, 200, 1_000_000]),
        (">f8", [-100, 0.5, 1.5, 2.5, 200, 1_000_000]),
    ],
)
def test_drawn_colors_are_rounded_half_to_even_and_clipped(dtype, drawn):
    palette = Palette([[-100], [0.5], [1.5], [2.5], [200], [1_000_000]])
    colors = palette.drawn(dtype)
    assert colors.dtype == np.dtype(dtype)
    assert colors[:, 0].tolist() == drawn


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
def test_drawn_colors_stay_within_64_bits(dtype):
    lowest, highest = Palette([[-1e30], [1e30]]).drawn(dtype)[:, 0].tolist()
    assert lowest == np.iinfo(dtype).min
    assert 0 <= np.iinfo(dtype).max - highest < 2**12  # the next float64 below


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_drawn_colors_stay_finite(dtype):
    assert np.isfinite(Palette([[-1e300], [1e300]]).drawn(dtype)).all()


def test_sorting_goes_by_the_mean_and_then_by_the_channels_in_order():
    colors = np.array([[9.0, 0, 0], [1, 1, 1], [0, 9, 0], [0, 0, 9], [2, 0, 1]])
    expected = [[1, 1, 1], [2, 0, 1], [0, 0, 9], [0, 9, 0], [9, 0, 0]]
    assert colors[dark_to_light(colors)].tolist() == expected


@given(
    hnp.arrays(
        np.int64,
        st.tuples(st.integers(1, 30), st.integers(1, 5)),
        elements=st.integers(-9, 9),
    )
)
def test_sorting_is_that_of_tuples(colors):
    expected = sorted(colors.tolist(), key=lambda color: (sum(color), color))
    order = dark_to_light(colors.astype(np.float64))
    assert sorted(order) == list(range(len(colors)))
    assert colors[order].tolist() == expected


@pytest.mark.parametrize("largest", [1e-300, 1e300, np.finfo(float).max])
def test_sorting_works_in_any_range(largest):
    colors = np.array([[1.0, 1.0, 1.0], [0.5, 0.5, 1.0], [-1.0, -1.0, -1.0]]) * largest
    assert dark_to_light(colors).tolist() == [2, 1, 0]


def test_locked_entries_are_sorted_and_named_once():
    assert Palette(np.eye(4), locked=[3, 0, 3]).locked == (0, 3)
    assert Palette(np.eye(4), locked=np.array([2], np.uint8)).locked == (2,)


def test_some_entries_are_a_palette_in_the_order_wanted():
    palette = Palette(
        [[1], [2], [3], [4]], [5, 6, 7, 8], list("abcd"), "rgb", "uint8", locked=[0, 3]
    )
    assert palette.select([3, 1, 0]).as_dict() == {
        "colors": [[4], [2], [1]],
        "counts": [8, 6, 5],
        "names": ["d", "b", "a"],
        "color_space": "rgb",
        "units": "uint8",
        "locked": [0, 2],
    }
    plain = Palette([[1], [2]]).select([1])
    assert (plain.counts, plain.names, plain.locked) == (None, None, ())


def test_an_entry_that_there_is_not_cannot_be_selected():
    with pytest.raises(IndexError):
        Palette([[1], [2]]).select([2])


@pytest.mark.parametrize(
    ("units", "white"),
    [
        ("uint8", 255.0),
        ("int8", 127.0),
        ("uint16", 65_535.0),
        ("int32", 2.0**31 - 1),
        ("uint64", 2.0**64),
        ("float16", 1.0),
        ("float64", 1.0),
    ],
)
def test_white_is_the_largest_integer_or_one(units, white):
    assert white_of(units) == white
    black_and_white = Palette([[0.0], [255.0]], units="uint8").in_units(units)
    assert black_and_white.colors.ravel().tolist() == [0.0, white]
    assert black_and_white.units == units


def test_only_the_colors_change_with_the_units():
    palette = Palette(
        [[0, 51, 255], [1, 2, 3]], [4, 5], ["a", "b"], "lab", "uint8", [1]
    )
    as_float = palette.in_units("float32")
    assert as_float.as_dict() == palette.as_dict() | {
        "colors": [[0, 51 / 255, 1], [1 / 255, 2 / 255, 3 / 255]],
        "units": "float32",
    }
    wide = palette.in_units("uint16")
    assert wide.colors.tolist() == [[0, 51 * 257, 65_535], [257, 514, 771]]


@given(palettes(), st.sampled_from(UNITS), st.sampled_from(UNITS))
def test_units_lead_there_and_back(palette, one, other):
    palette = Palette(palette.colors, units=one)
    there = palette.in_units(other)
    np.testing.assert_allclose(there.in_units(one).colors, palette.colors, rtol=1e-15)
    assert palette.in_units(one).colors.tobytes() == palette.colors.tobytes()


@pytest.mark.parametrize(
    ("own", "wanted", "sentence"),
    [
        (
            None,
            "uint8",
            "the palette's units are not known: make it with units='uint8', or those "
            "that its colors have.",
        ),
        (
            "uint8",
            "complex64",
            "the units are 'complex64': pass one of bool, uint8, uint16, uint32, "
            "uint64, int8, int16, int32, int64, float16, float32, float64.",
        ),
    ],
)
def test_what_units_cannot_be_converted(own, wanted, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Palette([[1]], units=own).in_units(wanted)


@given(palettes())
def test_plain_data_make_the_palette_again_also_from_json(palette):
    plain = palette.as_dict()
    read = json.loads(json.dumps(plain))
    assert read == plain
    again = Palette.from_dict(read)
    assert again.as_dict() == plain
    assert again.colors.tobytes() == palette.colors.tobytes()


def test_plain_data_may_hold_the_colors_alone_or_more_than_is_known():
    expected = Palette([[1, 2]]).as_dict()
    assert Palette.from_dict({"colors": [[1, 2]]}).as_dict() == expected
    more = expected | {"title": "two"}
    assert Palette.from_dict(more).as_dict() == expected


@pytest.mark.parametrize(
    ("plain", "error", "sentence"),
    [
        ({}, ValueError, "there are no colors."),
        ({"colours": [[1]]}, ValueError, "there are no colors."),
        (
            {"colors": "red"},
            TypeError,
            "palette colors have the dtype <U3: pass real numbers.",
        ),
        (
            {"colors": [[1]], "locked": [5]},
            ValueError,
            "the entries [5] are locked, and the palette has the entries 0 to 0.",
        ),
    ],
)
def test_damaged_plain_data_are_refused(plain, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        Palette.from_dict(plain)
