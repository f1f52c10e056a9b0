from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from plain import nearest_by_search

from napari_colorquant.core.nearest import assign_tile, squared_error
from napari_colorquant.core.scale import power_of_two_scale

WORK_DTYPES = ("uint8", "uint16", "float32", "float64")


def assign(values, palette, valid=None, memory=()):
    """Return labels, picture, counts and the squared error of a tile."""
    palette = np.asarray(palette, np.float64)
    largest = max(np.abs(palette).max(), np.abs(values.astype(np.float64)).max())
    scale = power_of_two_scale(float(largest))
    labels = np.full(len(values), 999, np.uint16)
    picture = np.full_like(values, 99)
    counts = np.full(len(palette), 9, np.int64)
    assign_tile(
        values,
        np.empty(0, bool) if valid is None else valid,
        np.ascontiguousarray(palette.T * scale),
        scale,
        palette.astype(values.dtype),
        np.asarray(memory, np.uint16),
        labels,
        picture,
        counts,
    )
    error = squared_error(values, picture, labels, scale)
    return labels, picture, counts, error / scale / scale


@st.composite
def searches(draw):
    """Draw pixels and a palette on a coarse grid: equal entries, and exact ties."""
    dtype = np.dtype(draw(st.sampled_from(WORK_DTYPES)))
    n_channels = draw(st.integers(1, 5))
    n_colors = draw(st.integers(1, 40))
    n_pixels = draw(st.integers(1, 600))
    n_levels = draw(st.sampled_from([2, 4, 30, 256]))
    outside = draw(st.sampled_from([0, 100]))  # entries beyond the pixels' range
    rounded = draw(st.booleans())
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    values = random.integers(0, n_levels, (n_pixels, n_channels)).astype(dtype)
    palette = random.uniform(-outside, n_levels + outside, (n_colors, n_channels))
    if dtype.kind == "u":
        palette = palette.clip(0, 255)
    if dtype.kind == "f" and not rounded:
        values /= 7
    return values, np.rint(palette) if rounded else palette


@given(searches())
def test_labels_are_those_of_a_plain_search(search):
    values, palette = search
    labels, _, _, _ = assign(values, palette)
    np.testing.assert_array_equal(labels, nearest_by_search(values, palette) + 1)


@given(searches())
def test_the_picture_the_counts_and_the_error_follow_from_the_labels(search):
    values, palette = search
    labels, picture, counts, error = assign(values, palette)
    drawn = palette.astype(values.dtype)
    np.testing.assert_array_equal(picture, drawn[labels - 1])
    np.testing.assert_array_equal(counts, np.bincount(labels - 1, None, len(palette)))
    difference = values.astype(np.float64) - picture
    assert error == pytest.approx((difference**2).sum(), rel=1e-12)


@pytest.mark.parametrize(
    ("dtype", "n_channels"), [("uint8", 1), ("uint8", 2), ("uint8", 3), ("uint16", 1)]
)
def test_what_is_remembered_is_what_a_search_finds(dtype, n_channels):
    random = np.random.default_rng(0)
    values = random.integers(0, 12, (3000, n_channels)).astype(dtype)
    palette = np.rint(random.uniform(0, 12, (9, n_channels)))  # with exact ties
    memory = np.zeros(2 ** (8 * values.itemsize * n_channels), np.uint16)
    valid = random.random(3000) < 0.9
    expected = assign(values, palette, valid)
    for _ in range(2):  # while it learns, and when it knows all
        got = assign(values, palette, valid, memory)
        for ours, theirs in zip(got, expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
    # One place a colour, and none for those that are not valid.
    colors, first = np.unique(values[valid], axis=0, return_index=True)
    known = memory[memory > 0]
    assert len(known) == len(colors)
    assert sorted(known) == sorted(expected[0][valid][first])


def test_squared_error_of_bytes_is_exact_at_its_largest():
    values = np.zeros((2**18, 3), np.uint8)
    picture = np.full_like(values, 255)
    labels = np.ones(2**18, np.uint8)
    labels[:5] = 0
    assert squared_error(values, picture, labels, 1.0) == (2**18 - 5) * 3 * 255**2


@given(searches(), st.integers(0, 2**32 - 1))
def test_pixels_that_are_not_valid_are_left_alone(search, seed):
    values, palette = search
    valid = np.random.default_rng(seed).random(len(values)) < 0.5
    labels, picture, counts, _ = assign(values, palette, valid)
    expected = np.where(valid, nearest_by_search(values, palette) + 1, 0)
    np.testing.assert_array_equal(labels, expected)
    assert (picture[~valid] == 99).all()
    assert counts.sum() == valid.sum()


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", WORK_DTYPES)
def test_an_exact_tie_goes_to_the_lower_index(dtype, n_channels):
    values = np.full((3, n_channels), 5, dtype)
    palette = np.repeat([[9.0], [6], [4], [6], [4]], n_channels, axis=1)
    assert assign(values, palette)[0].tolist() == [2, 2, 2]


@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("dtype", WORK_DTYPES)
def test_the_nearer_entry_wins_by_the_last_bits(dtype, n_channels):
    values = np.zeros((3, n_channels), dtype)
    palette = np.repeat([[1.0], [1 - 2.0**-50]], n_channels, axis=1)
    assert assign(values, palette)[0].tolist() == [2, 2, 2]


def test_a_palette_of_65535_entries_reaches_the_last_one():
    palette = np.arange(65_535.0)[:, None]
    values = np.array([[65_535], [65_534], [0]], np.uint16)
    assert assign(values, palette)[0].tolist() == [65_535, 65_535, 1]


@pytest.mark.parametrize(
    ("largest", "scale"),
    [
        (0.0, 1.0),
        (1.0, 0.5),
        (0.75, 1.0),
        (255.0, 2.0**-8),
        (256.0, 2.0**-9),
        (1e300, 2.0**-997),
        (np.finfo(float).max, 2.0**-1000),
        (5e-324, 2.0**1000),
    ],
)
def test_power_of_two_scale(largest, scale):
    assert power_of_two_scale(largest) == scale


@given(st.floats(2.0**-999, 2.0**999))
def test_a_scale_is_exact_and_brings_the_largest_below_1(largest):
    scale = power_of_two_scale(largest)
    assert 0.5 <= largest * scale < 1
    assert largest * scale / scale == largest
