from __future__ import annotations

from math import prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from plain import DTYPES, images


@pytest.mark.parametrize(
    ("shape", "channel_axis", "seen", "n_channels"),
    [
        ((5, 6, 3), -1, (5, 6), 3),
        ((5, 6, 4), -1, (5, 6), 3),
        ((7, 5, 6, 3), -1, (7, 5, 6), 3),
        ((2, 7, 5, 6, 4), -1, (2, 7, 5, 6), 3),
        ((5, 6), None, (5, 6), 1),
        ((5, 6, 3), None, (5, 6, 3), 1),
        ((3, 5, 6), 0, (5, 6), 3),
        ((5, 2, 6), 1, (5, 6), 2),
        ((5, 6, 4), 2, (5, 6), 4),
        ((5, 6, 9), 2, (5, 6), 9),
        ((5, 2, 6), -2, (5, 6), 2),
        ((2, 50), 0, (50,), 2),
    ],
)
def test_the_channel_axis_says_what_a_pixel_is(shape, channel_axis, seen, n_channels):
    pixels = see_pixels(np.zeros(shape), channel_axis)
    assert pixels.shape == seen
    assert pixels.n_channels == n_channels


@pytest.mark.parametrize(
    ("shape", "channel_axis", "has_alpha"),
    [((5, 6, 3), -1, False), ((5, 6, 4), -1, True), ((5, 6, 4), 2, False)],
)
def test_only_the_fourth_channel_of_a_picture_is_an_opacity(
    shape, channel_axis, has_alpha
):
    pixels = see_pixels(np.zeros(shape), channel_axis)
    assert (pixels.alpha is not None) == has_alpha


@given(images())
def test_pixels_are_views_of_the_image(case):
    pixels = see_pixels(case.image, **case.how)
    assert np.shares_memory(pixels.colors, case.image)
    np.testing.assert_array_equal(pixels.colors, case.colors)


@pytest.mark.parametrize(
    ("dtype", "work_dtype"),
    [
        ("uint8", "uint8"),
        ("uint16", "uint16"),
        (">u2", "uint16"),
        ("float16", "float32"),
        ("float32", "float32"),
        (">f4", "float32"),
        ("float64", "float64"),
        (">f8", "float64"),
        ("int8", "float64"),
        ("int16", "float64"),
        ("int32", "float64"),
        (">i4", "float64"),
        ("int64", "float64"),
        ("uint32", "float64"),
        ("uint64", "float64"),
    ],
)
def test_kernels_see_a_dtype_that_is_exact_and_of_this_machine(dtype, work_dtype):
    work = see_pixels(np.zeros((2, 2), dtype), None).work_dtype
    assert work == np.dtype(work_dtype)
    assert work.isnative


@given(images(), st.integers(1, 100))
def test_tiles_hand_out_every_value_and_every_valid_pixel_in_order(case, size):
    pixels = see_pixels(case.image, **case.how)
    values, valid = [], []
    for tile in pixels.tiles(size):
        part = pixels.values(tile)
        assert part.dtype == pixels.work_dtype
        assert part.flags.c_contiguous
        assert part.flags.writeable
        inside = pixels.valid(tile)
        values.append(part)
        valid.append(np.ones(len(part), bool) if inside is None else inside)
    expected = case.colors.reshape(-1, pixels.n_channels)
    np.testing.assert_array_equal(np.concatenate(values), expected)
    np.testing.assert_array_equal(np.concatenate(valid), case.valid.reshape(-1))


@given(hnp.array_shapes(max_dims=4, max_side=8), st.integers(1, 200))
def test_tiles_cover_every_pixel_once_in_reading_order(shape, size):
    number = np.arange(prod(shape)).reshape(shape)
    pixels = see_pixels(number[..., np.newaxis], len(shape))
    covered = [number[tile].reshape(-1) for tile in pixels.tiles(size)]
    assert max(len(part) for part in covered) <= size
    assert np.concatenate(covered).tolist() == list(range(number.size))


@pytest.mark.parametrize(
    ("shape", "size", "tile_shapes"),
    [
        ((4, 5), 10, [(2, 5)] * 2),
        ((4, 5), 19, [(3, 5), (1, 5)]),
        ((2, 5), 3, [(1, 3), (1, 2), (1, 3), (1, 2)]),
        ((3, 4, 5), 40, [(2, 4, 5), (1, 4, 5)]),
        ((2, 3, 4), 8, [(1, 2, 4), (1, 1, 4)] * 2),
        ((1, 1), 1, [(1, 1)]),
    ],
)
def test_tiles_are_whole_rows_and_planes_where_they_fit(shape, size, tile_shapes):
    pixels = see_pixels(np.zeros(shape), None)
    assert [np.zeros(shape)[tile].shape for tile in pixels.tiles(size)] == tile_shapes


def test_tiles_are_of_tile_pixels_by_default(monkeypatch):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 20)
    assert len(see_pixels(np.zeros((10, 10)), None).tiles()) == 5


@pytest.mark.parametrize("dtype", [d for d in DTYPES if np.dtype(d).kind != "f"])
def test_every_integer_is_valid(dtype):
    assert see_pixels(np.zeros((2, 2), dtype), None).valid((slice(0, 2),)) is None


@pytest.mark.parametrize(
    ("pixel", "valid"),
    [
        ([0.0, 0.0, 0.0, 1.0], True),
        ([0.0, 0.0, 0.0, 1e-7], True),
        ([0.0, 0.0, 0.0, 0.0], False),
        ([0.0, 0.0, 0.0, -1.0], False),
        ([0.0, 0.0, 0.0, np.nan], False),
        ([0.0, np.nan, 0.0, 1.0], False),
        ([np.inf, 0.0, 0.0, 1.0], False),
        ([0.0, 0.0, -np.inf, 1.0], False),
    ],
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_a_valid_pixel_is_opaque_and_finite_in_every_channel(dtype, pixel, valid):
    pixels = see_pixels(np.array([[pixel]], dtype))
    assert pixels.valid(pixels.tiles()[0]).tolist() == [valid]


@pytest.mark.parametrize(
    ("image", "is_any"),
    [
        ([[7]], True),
        ([[0.0, 1.0]], True),
        ([[np.nan, 1.0]], True),
        ([[np.nan, np.inf]], False),
    ],
)
def test_whether_any_pixel_is_valid(image, is_any):
    assert see_pixels(image, None).any_valid() is is_any
    assert not see_pixels(image, None, np.zeros(np.shape(image), bool)).any_valid()


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64"])
def test_a_mask_may_be_booleans_or_integers(dtype):
    mask = np.array([[0, 1], [1, 0]], dtype)
    pixels = see_pixels(np.zeros((2, 2)), None, mask)
    assert pixels.valid(pixels.tiles()[0]).tolist() == [False, True, True, False]


def test_a_list_is_an_image_too():
    assert see_pixels([[1, 2], [3, 4]], None).shape == (2, 2)
