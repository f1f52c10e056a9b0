from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.assign.grid import code_search, make_cells, search_cells
from napari_colorquant.core.color.codes import decode
from napari_colorquant.core.color.spaces import power_of_two_scale
from plain import WORK_DTYPES, nearest_by_search, scaled, searches

EVERY = np.empty(0, bool)


def cells_of(values, palette, n_pixels=10**6):
    """Return the cells of the box of all values."""
    _, colors, entries = scaled(values, palette)
    return make_cells(entries, colors.min(axis=0), colors.max(axis=0), n_pixels)


def search(values, palette, n_pixels=10**6):
    """Return the labels of a tile."""
    cells = cells_of(values, palette, n_pixels)
    scale, _, entries = scaled(values, palette)
    labels = np.full(len(values), 199, np.uint16)
    search_cells(values, EVERY, scale, entries, *cells, labels)
    return labels


def search_plainly(values, palette):
    _, colors, entries = scaled(values, palette)
    return nearest_by_search(colors, entries) + 1


@given(searches(st.integers(1, 3)), st.sampled_from([1, 1000, 10**9]))
def test_labels_are_those_of_a_plain_search(case, n_pixels):
    np.testing.assert_array_equal(search(*case, n_pixels), search_plainly(*case))


@given(searches(st.integers(1, 3)), st.integers(0, 2**32 - 1))
def test_pixels_that_are_not_valid_have_the_label_0(case, seed):
    values, palette = case
    valid = np.random.default_rng(seed).random(len(values)) < 0.5
    expected = np.where(valid, search_plainly(values, palette), 0)
    scale, _, entries = scaled(values, palette)
    cells = cells_of(values, palette)
    if values.dtype.kind == "f":
        values = values.copy()
        values[~valid, 0] = np.nan
    labels = np.full(len(values), 99, np.uint8)
    search_cells(values, valid, scale, entries, *cells, labels)
    np.testing.assert_array_equal(labels, expected)


@given(searches(st.integers(1, 3)), st.floats(0, 0.9), st.floats(0.1, 1))
def test_colors_outside_the_box_are_searched_too(case, low, high):
    """The box may be one that most colours are in, not all."""
    values, palette = case
    scale, colors, entries = scaled(values, palette)
    lows, reach = colors.min(axis=0), np.ptp(colors, axis=0)
    box = lows + low * reach, lows + max(low, high) * reach
    cells = make_cells(entries, *box, 10**6)
    labels = np.zeros(len(values), np.uint16)
    search_cells(values, EVERY, scale, entries, *cells, labels)
    np.testing.assert_array_equal(labels, search_plainly(values, palette))


@pytest.mark.parametrize("n_channels", [1, 2, 3])
@pytest.mark.parametrize("dtype", WORK_DTYPES)
def test_colors_at_the_borders_of_cells_find_theirs(dtype, n_channels):
    """And one last bit to either side, where rounding may put them elsewhere."""
    random = np.random.default_rng(n_channels)
    n_cells = {1: 4096, 2: 128, 3: 32}[n_channels]
    borders = np.linspace(0, 1, n_cells + 1)
    if dtype in ("float32", "float64"):
        borders = (0.3 + borders / 3).astype(dtype)
        borders = np.concatenate([np.nextafter(borders, b) for b in (-1, 0.5, 2)])
    else:
        borders = np.rint(borders * {"uint8": 255, "uint16": 65_535}[dtype])
    values = random.choice(borders, (5000, n_channels)).astype(dtype)
    entries = random.choice(values, 200).astype(np.float64)
    palette = np.concatenate([entries, (entries[::2] + entries[1::2]) / 2])
    expected = search_plainly(values, palette)
    np.testing.assert_array_equal(search(values, palette), expected)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
@pytest.mark.parametrize("width", [0.0, 5e-324, 1e-310, 1e-200, 2.0**-52])
def test_channels_of_hardly_any_width(width, n_channels):
    """Cells of a width that has no reciprocal, or none at all."""
    random = np.random.default_rng(0)
    values = random.random((500, n_channels))
    values[:, -1] = (0.5 if width == 2.0**-52 else 0.0) + width * random.integers(
        0, 3, 500
    )
    palette = random.choice(values, 30)
    palette[::3] = random.random(palette[::3].shape)
    expected = search_plainly(values, palette)
    np.testing.assert_array_equal(search(values, palette), expected)


@pytest.mark.parametrize("n_channels", [1, 2, 3])
def test_one_pixel_of_one_color(n_channels):
    values = np.full((1, n_channels), 7, np.uint16)
    palette = np.array([[0.0], [6], [8], [7.5]]).repeat(n_channels, axis=1)
    assert search(values, palette, 1).tolist() == [4]
    assert search(values, palette[:3], 1).tolist() == [2]
    assert search(values, palette[:1], 1).tolist() == [1]


def test_a_palette_of_65535_entries_reaches_the_last_one():
    palette = np.arange(65_535.0)[:, None]
    values = np.array([[65_535], [65_534], [0]], np.uint16)
    assert search(values, palette).tolist() == [65_535, 65_535, 1]


@given(searches(st.integers(1, 3)), st.sampled_from([1, 1000, 10**9]))
def test_a_cell_has_few_candidates_and_the_nearest_is_one(case, n_pixels):
    values, palette = case
    _, colors, _ = scaled(values, palette)
    cells = cells_of(values, palette, n_pixels)
    n_cells = len(cells.starts) - 1
    assert n_cells == cells.spread.shape[1] ** palette.shape[1]
    assert cells.starts[0] == 0
    assert cells.starts[-1] == len(cells.candidates)
    lists = np.split(cells.candidates, cells.starts[1:-1])
    # Ascending, so that the first of equals is the lower index.
    assert all(len(own) and (np.diff(own) > 0).all() for own in lists)
    places = (colors - cells.lows) * cells.per_unit
    places = np.clip(places, 0, cells.spread.shape[1] - 1).astype(int)
    numbers = sum(cells.spread[c][places[:, c]] for c in range(palette.shape[1]))
    for number, label in zip(numbers, search_plainly(values, palette), strict=True):
        assert label - 1 in lists[number]


def test_candidates_are_a_small_part_of_a_palette():
    random = np.random.default_rng(0)
    values = random.integers(0, 256, (10_000, 3), np.uint8)
    palette = random.uniform(0, 255, (256, 3))
    assert np.diff(cells_of(values, palette).starts).mean() < 10
    expected = search_plainly(values, palette)
    np.testing.assert_array_equal(search(values, palette), expected)


@given(
    st.sampled_from([(8, 1), (8, 2), (8, 3), (16, 1)]),
    st.integers(1, 70),
    st.sampled_from([1.0, 3.0]),
    st.integers(0, 2**32 - 1),
)
def test_codes_have_the_labels_of_their_colors(kind, n_colors, reach, seed):
    n_bits, n_channels = kind
    random = np.random.default_rng(seed)
    n_codes = 2 ** (n_bits * n_channels)
    codes = np.unique(random.integers(0, n_codes, 300)).astype(np.uint32)
    colors = decode(codes, n_bits, n_channels)
    # Also beyond the colours there are, twice the same, and midway between two.
    entries = random.integers(0, int(reach * 2**n_bits), (n_colors, n_channels)) / 2
    entries[::7] = entries[0]
    scale = power_of_two_scale(max(2.0**n_bits - 1, np.abs(entries).max()))
    labels = np.empty(len(codes), np.uint8)
    code_search(entries * scale, n_bits, scale)(codes, labels)
    expected = nearest_by_search(colors * scale, entries * scale) + 1
    np.testing.assert_array_equal(labels, expected)
