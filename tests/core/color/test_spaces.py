from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import hed2rgb, lab2rgb, rgb2hed, rgb2lab

from napari_colorquant.core.color import spaces as spaces_module
from napari_colorquant.core.color.spaces import check_weights, color_space
from napari_colorquant.formats.palette_data import COLOR_SPACES
from plain import rgb_to_hed

CONVERSIONS = {"lab": (rgb2lab, lab2rgb), "hed": (rgb_to_hed, hed2rgb)}
OF_LIGHT = COLOR_SPACES[1:]
WHITE = {"uint8": 255, "uint16": 65_535, "int16": 32_767, "float32": 1, "float64": 1}


def space_of(name, dtype="uint8", n_channels=3):
    return color_space(name, np.dtype(dtype), n_channels)


def some_colors(dtype, n=2000):
    """Return colours of a dtype: black, white, the pure ones, and others."""
    white = WHITE[dtype]
    pure = np.stack(np.meshgrid(*[[0, white]] * 3), axis=-1).reshape(-1, 3)
    others = np.random.default_rng(0).random((n, 3)) * white
    return np.concatenate([pure, others]).astype(dtype)


def test_the_names():
    assert COLOR_SPACES == ("rgb", "lab", "ab", "oklab", "hed")


@pytest.mark.parametrize("dtype", WHITE)
@pytest.mark.parametrize("name", CONVERSIONS)
def test_coordinates_are_scikit_images(name, dtype):
    colors = some_colors(dtype)
    expected = CONVERSIONS[name][0](colors.astype(np.float64) / WHITE[dtype])
    found = space_of(name, dtype).forward(colors)
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("name", CONVERSIONS)
def test_many_colors_are_converted_in_chunks(monkeypatch, name):
    colors = some_colors("uint8")
    whole = space_of(name).forward(colors)
    monkeypatch.setattr(spaces_module, "_CHUNK", 7)
    np.testing.assert_array_equal(space_of(name).forward(colors), whole)


@pytest.mark.parametrize("name", COLOR_SPACES)
def test_no_colors_have_no_coordinates(name):
    nothing = np.empty((0, 3))
    assert space_of(name).forward(nothing).shape == (0, 3)
    assert space_of(name).backward(nothing).shape == (0, 3)


@pytest.mark.parametrize("dtype", WHITE)
@pytest.mark.parametrize("name", ["rgb", "lab", "ab", "oklab"])
def test_there_and_back_again(name, dtype):
    colors = some_colors(dtype)
    space = space_of(name, dtype)
    back = space.backward(space.forward(colors))
    np.testing.assert_allclose(back / WHITE[dtype], colors / WHITE[dtype], 0, 1e-7)
    if dtype.startswith("uint"):
        np.testing.assert_array_equal(np.rint(back), colors)


def test_stains_are_scikit_images_where_these_are_above_0():
    colors = some_colors("uint8")
    theirs = rgb2hed(np.maximum(colors / 255, 1 / 512))
    ours = space_of("hed").forward(colors)
    np.testing.assert_allclose(ours[theirs > 0], theirs[theirs > 0], 0, 1e-12)
    assert (ours[theirs == 0] <= 1e-12).all()
    assert (ours < -0.1).any()  # and the others are kept: there is a way back


def test_all_bytes_come_back_from_stains():
    colors = np.stack(np.meshgrid(*[np.arange(0, 256, 15)] * 3), axis=-1).reshape(-1, 3)
    space = space_of("hed")
    back = space.backward(space.forward(colors))
    np.testing.assert_array_equal(np.rint(back), colors)


@pytest.mark.parametrize("name", OF_LIGHT)
@given(
    parts=hnp.arrays(
        np.float64, st.tuples(st.integers(0, 20), st.just(3)), elements=st.floats(0, 1)
    )
)
def test_any_coordinates_have_a_color_that_light_can_show(name, parts):
    """A mean may lie outside: neither a warning nor a colour beyond white."""
    space = space_of(name)
    low, high = {
        "lab": ([0, -128, -128], [100, 128, 128]),
        "oklab": ([0, -0.5, -0.5], [1, 0.5, 0.5]),
        "hed": (-2, 2),
    }["lab" if name == "ab" else name]
    low, high = (np.array(end) * (space.weights or 1) for end in (low, high))
    colors = space.backward(low + parts * (high - low))
    assert ((colors >= 0) & (colors <= 255)).all()


def test_lab_colors_of_no_blue_light_give_no_warning():
    lightness = np.linspace(0, 100, 10_001)
    lab = np.stack([lightness, 0 * lightness, 0 * lightness + 128], axis=1)
    assert (space_of("lab").backward(lab)[:, 2] == 0).all()


def test_backward_is_scikit_images():
    lab = np.array([[50.0, 20, -30], [70, -10, 40], [99, 0, 0], [5, 1, 1]])
    expected = np.clip(lab2rgb(lab), 0, 1) * 255
    np.testing.assert_allclose(space_of("lab").backward(lab), expected, 0, 1e-9)
    hed = np.array([[0.1, 0.05, 0.02], [0.0, 0.2, 0.1]])
    expected = np.clip(hed2rgb(hed), 0, 1) * 255
    np.testing.assert_allclose(space_of("hed").backward(hed), expected, 0, 1e-9)


@pytest.mark.parametrize("dtype", WHITE)
@pytest.mark.parametrize("name", OF_LIGHT)
def test_no_coordinate_is_larger_than_the_largest(name, dtype):
    space = space_of(name, dtype)
    grid = np.linspace(0, 1, 18) * WHITE[dtype]
    colors = np.stack(np.meshgrid(grid, grid, grid), axis=-1).reshape(-1, 3)
    largest = np.abs(space.forward(colors.astype(dtype))).max()
    assert 0 < largest <= space.largest


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32"])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 7])
def test_rgb_is_the_channels_as_they_are(dtype, n_channels):
    space = space_of("rgb", dtype, n_channels)
    assert space.largest == 0
    colors = np.arange(-3, 5)[:, np.newaxis].repeat(n_channels, axis=1) * 100.0
    np.testing.assert_array_equal(space.forward(colors), colors)
    np.testing.assert_array_equal(space.backward(colors), colors)
    assert space.forward(colors.astype(np.int16)).dtype == np.float64


@pytest.mark.parametrize("name", OF_LIGHT)
@pytest.mark.parametrize(
    ("n_channels", "number"), [(1, "1 channel"), (2, "2 channels"), (5, "5 channels")]
)
def test_light_has_three_channels(name, n_channels, number):
    sentence = (
        f"color_space '{name}' needs red, green and blue, and the image has {number}: "
        "pass color_space='rgb', which takes any channels."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        space_of(name, "uint8", n_channels)


@pytest.mark.parametrize("name", CONVERSIONS)
@pytest.mark.parametrize(
    ("dtype", "low", "high", "said"),
    [
        ("float64", 0.0, 255.0, "from 0 to 1, and there are some from 0 to 255"),
        ("float32", -0.5, 1.0, "from 0 to 1, and there are some from -0.5 to 1"),
        ("float64", 0.0, 1.0625, "from 0 to 1, and there are some from 0 to 1.0625"),
        ("int16", -1, 5, "from 0 to 32767, and there are some from -1 to 5"),
        ("float64", 0.0, np.nan, "from 0 to 1, and there are some from nan to nan"),
    ],
)
def test_what_is_no_light_is_refused(name, dtype, low, high, said):
    colors = np.array([[low] * 3, [high] * 3], dtype)
    sentence = (
        f"colors as an eye or a stain has them need values {said}: divide by their "
        "range first, or compare in color_space='rgb'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        space_of(name, dtype).forward(colors)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        space_of(name, dtype).check(colors.min(axis=0), colors.max(axis=0))


@pytest.mark.parametrize("name", CONVERSIONS)
def test_black_and_white_are_light(name):
    for dtype, white in WHITE.items():
        space_of(name, dtype).check([0, 0, 0], [white] * 3)


# As CSS Color 4 has them, https://www.w3.org/TR/css-color-4 (sample values of 2022).
PUBLISHED = {
    (255, 255, 255): (1.0, 0.0, 0.0),
    (255, 0, 0): (0.62796, 0.22486, 0.12585),
    (0, 255, 0): (0.86644, -0.23389, 0.17950),
    (0, 0, 255): (0.45201, -0.03246, -0.31153),
    (0, 0, 0): (0.0, 0.0, 0.0),
}


def test_oklab_is_as_published():
    found = space_of("oklab").forward(np.array([*PUBLISHED], np.uint8))
    np.testing.assert_allclose(found, [*PUBLISHED.values()], 0, 6e-6)


def test_ab_is_lab_with_hardly_any_lightness():
    colors = some_colors("uint8")
    lab, ab = (space_of(name).forward(colors) for name in ("lab", "ab"))
    np.testing.assert_array_equal(ab, lab * [2.0**-24, 1, 1])


@pytest.mark.parametrize("name", COLOR_SPACES)
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_weights_multiply_coordinates(name, dtype):
    colors, weights = some_colors(dtype), (3.0, 0.7, 0.001)
    own = weights[1:] if name == "ab" else weights
    space = color_space(name, np.dtype(dtype), 3, weights=own)
    plain = space_of(name, dtype)
    expected = plain.forward(colors) * ([1, *own] if name == "ab" else weights)
    np.testing.assert_array_equal(space.forward(colors), expected)
    np.testing.assert_allclose(
        space.backward(expected), plain.backward(plain.forward(colors)), 1e-7, 1e-7
    )
    assert np.abs(expected).max() <= (space.largest or np.inf)


@pytest.mark.parametrize("name", COLOR_SPACES)
def test_weights_of_1_are_none(name):
    ones = [1, 1.0] if name == "ab" else np.ones(3)
    assert check_weights(ones, name, 3) is None
    assert color_space(name, np.dtype("uint8"), 3, weights=ones) == space_of(name)


@pytest.mark.parametrize(
    ("weights", "name", "n_channels", "error", "sentence"),
    [
        ("1,2", "rgb", 2, TypeError, "weights is '1,2': pass a list of numbers."),
        ([1, "2"], "rgb", 2, TypeError, "weights is '2': pass a number."),
        ([1, True], "rgb", 2, TypeError, "weights is True: pass a number."),
        *(
            (
                [1, wrong],
                "rgb",
                2,
                ValueError,
                f"weights hold {wrong:g}: pass numbers from 1e-06 to 1e+06.",
            )
            for wrong in (0, -1, 1e-7, 2e6)
        ),
        (
            [1, 2],
            "lab",
            None,
            ValueError,
            "weights hold 2 numbers: pass 3, one for each channel of lab, L*, a*, b*.",
        ),
        (
            [1],
            "ab",
            3,
            ValueError,
            "weights hold 1 number: pass 2, one for each channel of ab, a*, b*.",
        ),
        (
            [1, 2, 3],
            "rgb",
            4,
            ValueError,
            "weights hold 3 numbers: pass 4, one for each channel.",
        ),
    ],
)
def test_wrong_weights_are_refused(weights, name, n_channels, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        check_weights(weights, name, n_channels)


def test_weights_that_overflow_are_refused():
    space = color_space("rgb", np.dtype("float64"), 1, weights=[1e6])
    with pytest.raises(ValueError, match="largest number there is: pass smaller ones"):
        space.forward(np.array([[1e305]]))
