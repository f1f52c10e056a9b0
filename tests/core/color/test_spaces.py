from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from skimage.color import hed2rgb, lab2rgb, rgb2hed, rgb2lab

from napari_colorquant.core.color import spaces as spaces_module
from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.formats.palette_data import COLOR_SPACES
from plain import rgb_to_hed

CONVERSIONS = {"lab": (rgb2lab, lab2rgb), "hed": (rgb_to_hed, hed2rgb)}
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
    assert COLOR_SPACES == ("rgb", "lab", "hed")


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
@pytest.mark.parametrize("name", ["rgb", "lab"])
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


@pytest.mark.parametrize("name", CONVERSIONS)
@given(
    parts=hnp.arrays(
        np.float64, st.tuples(st.integers(0, 20), st.just(3)), elements=st.floats(0, 1)
    )
)
def test_any_coordinates_have_a_color_that_light_can_show(name, parts):
    """A mean may lie outside: neither a warning nor a colour beyond white."""
    low, high = {"lab": ([0, -128, -128], [100, 128, 128]), "hed": (-2, 2)}[name]
    low, high = np.array(low), np.array(high)
    colors = space_of(name).backward(low + parts * (high - low))
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
@pytest.mark.parametrize("name", CONVERSIONS)
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


@pytest.mark.parametrize("name", CONVERSIONS)
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
