from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.assign.exhaustive import search_all
from plain import WORK_DTYPES, nearest_by_search, scaled, searches

EVERY = np.empty(0, bool)


def search(values, palette, valid=EVERY):
    """Return the labels of a tile."""
    scale, _, entries = scaled(values, np.asarray(palette, np.float64))
    labels = np.full(len(values), 199, np.uint16)
    search_all(values, valid, scale, entries, labels)
    return labels


def search_plainly(values, palette):
    _, colors, entries = scaled(values, palette)
    return nearest_by_search(colors, entries) + 1


@given(searches(st.integers(1, 16)))
def test_labels_are_those_of_a_plain_search(case):
    np.testing.assert_array_equal(search(*case), search_plainly(*case))


@given(searches(st.integers(1, 16)), st.integers(0, 2**32 - 1))
def test_pixels_that_are_not_valid_have_the_label_0(case, seed):
    values, palette = case
    valid = np.random.default_rng(seed).random(len(values)) < 0.5
    expected = np.where(valid, search_plainly(values, palette), 0)
    scale, _, entries = scaled(values, palette)
    if values.dtype.kind == "f":
        values = values.copy()
        values[~valid, 0] = np.nan
        values[~valid, -1] = np.inf
    labels = np.full(len(values), 99, np.uint8)
    search_all(values, valid, scale, entries, labels)
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5, 8, 16])
@pytest.mark.parametrize("dtype", WORK_DTYPES)
def test_many_entries_of_random_floats_are_searched_to_the_last_bit(dtype, n_channels):
    """Entries that float32 cannot tell apart, and pixels near all of their borders."""
    random = np.random.default_rng(n_channels)
    top = {"uint8": 255, "uint16": 65_535}.get(dtype, 1)
    values = (random.random((2000, n_channels)) * top).astype(dtype)
    palette = random.random((100, n_channels)) * top
    palette = np.concatenate([palette, palette * (1 + 1e-9), palette])
    palette = random.permutation(palette)
    if dtype == "float64":
        first, second = random.integers(0, 300, (2, 2000))
        values = (palette[first] + palette[second]) / 2
    expected = search_plainly(values, palette)
    np.testing.assert_array_equal(search(values, palette), expected)


@pytest.mark.parametrize("unit", [2.0**-1070, 1e-300, 1e-40, 1e40, 1e300])
def test_magnitudes_do_not_matter(unit):
    random = np.random.default_rng(0)
    values, palette = random.random((300, 5)) * unit, random.random((20, 5)) * unit
    expected = search_plainly(values, palette)
    np.testing.assert_array_equal(search(values, palette), expected)


@pytest.mark.parametrize("apart", [2.0**-30, 2.0**-45, 2.0**-52, 2.0**-100, 5e-324])
@pytest.mark.parametrize("place", [0.0, 0.5])
@pytest.mark.parametrize("n_channels", [1, 3, 5])
def test_entries_that_lie_close_are_told_apart_as_float64_does(
    place, apart, n_channels
):
    """By pixels far from all of them, too, where float64 rounds them to ties."""
    random = np.random.default_rng(0)
    palette = place + apart * random.integers(0, 5, (9, n_channels))
    near = place + apart * random.integers(-3, 9, (500, n_channels)) / 2
    far = random.uniform(-1, 1, (500, n_channels))
    values = np.concatenate([near, far, far * 2.0**-20])
    expected = search_plainly(values, palette)
    np.testing.assert_array_equal(search(values, palette), expected)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", WORK_DTYPES)
def test_an_exact_tie_goes_to_the_lower_index(dtype, n_channels):
    values = np.full((3, n_channels), 5, dtype)
    palette = np.repeat([[9.0], [6], [4], [6], [4]], n_channels, axis=1)
    assert search(values, palette).tolist() == [2, 2, 2]


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", WORK_DTYPES)
def test_the_nearer_entry_wins_by_the_last_bits(dtype, n_channels):
    values = np.zeros((3, n_channels), dtype)
    palette = np.repeat([[1.0], [1 - 2.0**-50]], n_channels, axis=1)
    assert search(values, palette).tolist() == [2, 2, 2]


def test_a_palette_of_65535_entries_reaches_the_last_one():
    palette = np.arange(65_535.0)[:, None]
    values = np.array([[65_535], [65_534], [0]], np.uint16)
    assert search(values, palette).tolist() == [65_535, 65_535, 1]


def test_one_entry_is_nearest_to_all():
    assert search(np.arange(9.0).reshape(3, 3), [[1e9, -1, 0]]).tolist() == [1, 1, 1]


def test_no_pixels():
    assert search(np.empty((0, 4), np.uint8), np.ones((2, 4))).size == 0


@pytest.mark.parametrize("n_pixels", [1, 15, 16, 17, 255, 256, 257, 511, 513])
@pytest.mark.parametrize("n_channels", [1, 4, 7, 17, 33])
@pytest.mark.parametrize("n_colors", [1, 2, 4, 5])
def test_numbers_that_fill_no_block_are_searched_whole(n_pixels, n_channels, n_colors):
    random = np.random.default_rng(n_pixels)
    values = random.integers(0, 2**16, (n_pixels, n_channels), np.uint16)
    palette = random.uniform(0, 2**16, (n_colors, n_channels))
    expected = search_plainly(values, palette)
    np.testing.assert_array_equal(search(values, palette), expected)


@pytest.mark.parametrize("n_channels", [3, 4, 8, 16, 40])
@pytest.mark.parametrize("offset", [0.0, 0.75])
@pytest.mark.parametrize("has_outlier", [False, True])
def test_what_float32_mistakes_is_decided_in_float64(n_channels, offset, has_outlier):
    """Pixels midway between two entries, to a last bit of float32."""
    random = np.random.default_rng(n_channels)
    palette = offset + random.random((40, n_channels)) / 4
    if has_outlier:  # it takes what is rounded of products far from those of the others
        palette = np.concatenate([palette, np.full((1, n_channels), -1.0)])
    first, second = random.integers(0, 40, (2, 5000))
    values = ((palette[first] + palette[second]) / 2).astype(np.float32)
    expected = search_plainly(values, palette)
    entries = palette.astype(np.float32)
    scores = (entries**2).sum(axis=1) - 2 * values @ entries.T
    assert np.any(scores.argmin(axis=1) + 1 != expected)
    np.testing.assert_array_equal(search(values, palette), expected)


def test_what_is_not_valid_may_be_anything():
    """Also where all of a block is, and where float32 has no such number."""
    values = np.random.default_rng(0).random((2000, 4))
    valid = np.zeros(2000, bool)
    valid[[0, 300, 301, 1999]] = True
    palette = values[[300, 1999, 0]]
    values[~valid] = np.resize([np.nan, np.inf, -np.inf, 1e308, -1e308], (1996, 4))
    labels = np.full(2000, 99, np.uint8)
    search_all(values, valid, 1.0, palette, labels)
    assert labels[valid].tolist() == [
        3,
        1,
        nearest_by_search(values[[301]], palette)[0] + 1,
        2,
    ]
    assert not labels[~valid].any()
