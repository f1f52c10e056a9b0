from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.color import distinct
from napari_colorquant.core.color.distinct import DistinctCounter, distinct_colors
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from plain import images

WORK_DTYPES = ("uint8", "uint16", "float32", "float64")


@st.composite
def tiles(draw):
    """Draw one to four tiles of 1 to 5 channels, of colours that come again."""
    dtype = np.dtype(draw(st.sampled_from(WORK_DTYPES)))
    n_channels = draw(st.integers(1, 5))
    if dtype.kind == "f":
        numbers = st.floats(
            allow_nan=False, allow_infinity=False, width=dtype.itemsize * 8
        )
    else:
        numbers = st.integers(0, np.iinfo(dtype).max)
    levels = np.array(draw(st.lists(numbers, min_size=1, max_size=9)), dtype)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(0, 60), min_size=1, max_size=4))
    return [random.choice(levels, (size, n_channels)) for size in sizes]


def colors_of(parts):
    return {tuple(color) for part in parts for color in part.tolist()}


@given(tiles())
def test_count_is_that_of_a_set_of_colors(parts):
    counter = DistinctCounter()
    for part in parts:
        counter.add(part)
    assert counter.count == len(colors_of(parts))
    assert counter.exact


@pytest.mark.parametrize(
    ("dtype", "n_channels", "n_levels"),
    [
        ("uint8", 1, 256),
        ("uint8", 2, 256),
        ("uint8", 3, 64),
        ("uint16", 1, 65_536),
        ("uint8", 4, 20),
        ("uint16", 2, 300),
        ("float32", 1, 90_000),
        ("float32", 3, 40),
        ("float64", 1, 90_000),
        ("float64", 2, 300),
    ],
)
def test_every_color_of_a_grid_is_counted_once(dtype, n_channels, n_levels):
    levels = np.linspace(0, 255 if dtype == "uint8" else 65_535, n_levels).astype(dtype)
    grid = np.stack(np.meshgrid(*[levels] * n_channels), axis=-1).reshape(
        -1, n_channels
    )
    counter = DistinctCounter()
    counter.add(grid)
    counter.add(grid[::-1].copy())
    assert counter.count == n_levels**n_channels


def test_china_has_96615_colors(china):
    counter = DistinctCounter()
    counter.add(china.reshape(-1, 3))
    assert counter.count == 96_615 == len(np.unique(china.reshape(-1, 3), axis=0))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n_channels", [1, 3])
def test_minus_zero_is_zero(dtype, n_channels):
    counter = DistinctCounter()
    zeros = np.array([[0.0] * n_channels, [-0.0] * n_channels], dtype)
    counter.add(zeros)
    assert counter.count == 1
    assert np.signbit(zeros[1]).all()


@pytest.mark.parametrize(
    ("n_colors", "count", "exact"), [(7, 7, True), (8, 8, False), (9, 8, False)]
)
def test_counting_stops_at_max_counted(monkeypatch, n_colors, count, exact):
    monkeypatch.setattr(distinct, "MAX_COUNTED", 8)
    counter = DistinctCounter()
    colors = np.arange(n_colors, dtype=np.float32)[:, np.newaxis]
    counter.add(colors)
    counter.add(colors)
    assert (counter.count, counter.exact) == (count, exact)
    counter.add(colors + 100)
    assert counter.count == 8


@given(images(), st.sampled_from([1, 5, 1000]))
def test_distinct_colors_are_those_of_the_valid_pixels_in_order(case, tile_pixels):
    pixels = see_pixels(case.image, **case.how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
        colors, counts = distinct_colors(pixels)
    valid = case.colors[case.valid].astype(np.float64)
    expected = sorted(Counter(map(tuple, valid.tolist())).items())
    assert list(zip(map(tuple, colors.tolist()), counts, strict=True)) == expected
    assert colors.dtype == np.float64


@given(tiles(), st.integers(0, 4))
def test_merged_counters_count_the_colors_of_both(parts, n_first):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(distinct, "_FIRST", 1)  # so that the sets grow
        first, second = DistinctCounter(), DistinctCounter()
        for part in parts[:n_first]:
            first.add(part)
        for part in parts[n_first:]:
            second.add(part)
        first.merge(second)
    assert first.count == len(colors_of(parts))
    assert first.exact


def test_merging_stops_at_max_counted(monkeypatch):
    monkeypatch.setattr(distinct, "MAX_COUNTED", 8)
    first, second = DistinctCounter(), DistinctCounter()
    colors = np.arange(10, dtype=np.uint16)[:, np.newaxis]
    first.add(colors[:5])
    second.add(colors[4:])
    first.merge(second)
    assert (first.count, first.exact) == (8, False)
    assert (second.count, second.exact) == (6, True)


def test_a_counter_may_count_fewer_than_others():
    counter = DistinctCounter(most=3)
    counter.add(np.array([[1], [2], [1]]))
    assert (counter.count, counter.exact) == (2, True)
    counter.add(np.array([[3], [4], [5]]))
    assert (counter.count, counter.exact) == (3, False)
