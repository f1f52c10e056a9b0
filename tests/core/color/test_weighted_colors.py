from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.color.histogram import Histogram
from napari_colorquant.core.color.sample import Sample
from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.color.weighted_colors import (
    common_scale,
    scaled_entries,
    weigh_colors,
    weigh_sample,
)
from napari_colorquant.formats.palette_data import COLOR_SPACES


def space_of(name, dtype="uint8", n_channels=3):
    return color_space(name, np.dtype(dtype), n_channels)


def rows_of(points, weights):
    """Return points and weights in an order that depends on nothing else."""
    rows = np.column_stack([points, weights])
    return rows[np.lexsort(rows.T)]


@st.composite
def samples(draw):
    """Draw samples of 1 to 30 channels, some of one value only."""
    n_channels = draw(st.sampled_from([1, 2, 3, 4, 5, 13, 24, 25, 30]))
    n = draw(st.integers(1, 60))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    colors = random.uniform(-1, 1, (n, n_channels))
    if draw(st.booleans()):
        colors = np.rint(colors * draw(st.integers(0, 3)))
    colors[:, 0] = colors[0, 0]
    weights = random.integers(1, 9, n) if draw(st.booleans()) else None
    return Sample(colors, weights, 1.0)


@pytest.mark.parametrize("name", COLOR_SPACES[:-1])
def test_colors_are_weighted_with_their_pixels(china, name):
    histogram = Histogram(np.dtype("uint8"), 3, 10**6)
    histogram.add(np.ascontiguousarray(china[::9, ::9]).reshape(-1, 3))
    distinct, space = histogram.distinct(), space_of(name)
    points = weigh_colors(distinct, space, 2.0**-8)
    expected = space.forward(distinct.colors()) * 2.0**-8
    np.testing.assert_array_equal(points.tree.points, expected)
    np.testing.assert_array_equal(points.tree.weights, distinct.counts)
    assert (points.space, points.scale) == (space, 2.0**-8)
    np.testing.assert_array_equal(points.forward(distinct.colors()), expected)


@pytest.mark.parametrize("name", ["rgb", "lab"])
def test_points_become_colors_again(name):
    colors = np.random.default_rng(0).integers(0, 256, (500, 3)) * 1.0
    points = weigh_sample(Sample(colors, None, 255.0), space_of(name), 2.0**-8)
    back = points.backward(points.forward(colors))
    np.testing.assert_allclose(back, colors, 0, 1e-5)
    np.testing.assert_array_equal(np.rint(back), colors)


@given(samples())
def test_every_row_of_a_sample_is_a_point(sample):
    n_channels = sample.colors.shape[1]
    space = space_of("rgb", "float64", n_channels)
    points = weigh_sample(sample, space, 0.25)
    weights = np.ones(len(sample.colors)) if sample.weights is None else sample.weights
    np.testing.assert_allclose(
        rows_of(points.backward(points.tree.points), points.tree.weights),
        rows_of(sample.colors, weights),
        *(1e-12, 1e-15),
    )


@given(samples(), st.integers(0, 2**32 - 1))
def test_points_do_not_depend_on_the_order_of_the_sample(sample, seed):
    """But for those of one small cell."""
    space = space_of("rgb", "float64", sample.colors.shape[1])
    order = np.random.default_rng(seed).permutation(len(sample.colors))
    weights = None if sample.weights is None else sample.weights[order]
    shuffled = Sample(sample.colors[order], weights, sample.scale)
    trees = [weigh_sample(s, space, 1.0).tree for s in (sample, shuffled)]
    np.testing.assert_array_equal(trees[0].spans, trees[1].spans)
    np.testing.assert_array_equal(trees[0].boxes, trees[1].boxes)


def test_close_points_are_close_in_the_tree():
    colors = np.random.default_rng(0).random((5000, 3))
    tree = weigh_sample(Sample(colors, None, 1.0), space_of("rgb", "float64"), 1.0).tree
    widths = np.diff(tree.boxes[: tree.levels[1]], axis=1)
    assert tree.levels[1] == 64
    assert widths.max() < 0.26 * np.ptp(tree.points, axis=0).max()


@pytest.mark.parametrize("offset", [0.0, 1e3, -1e12])
@pytest.mark.parametrize("width", [1e-3, 1.0, 1e3])
def test_points_far_from_0_and_close_to_one_another_keep_their_digits(offset, width):
    colors = offset + np.random.default_rng(0).random((100, 3)) * width
    space = space_of("rgb", "float64")
    scale = common_scale(space, float(np.abs(colors).max()), np.empty((0, 3)))
    points = weigh_sample(Sample(colors, None, 1.0), space, scale)
    assert 0.5 <= np.abs(points.tree.points).max() <= 1
    last_bit = np.spacing(np.abs(colors).max())
    back = points.backward(points.forward(colors))
    np.testing.assert_allclose(back, colors, 0, last_bit)
    np.testing.assert_allclose(
        points.scaled(points.forward(colors)), colors * scale, 0, last_bit * scale
    )


@pytest.mark.parametrize(
    ("name", "magnitude", "entries", "scale"),
    [
        ("rgb", 255.0, [], 2.0**-8),
        ("rgb", 255.0, [[-1.0, 5, 300]], 2.0**-9),
        ("rgb", 0.7, [[0.1, -3.0, 0.1]], 2.0**-2),
        ("lab", 255.0, [[1e9, 0, 0]], 2.0**-8),
        ("hed", 65_535.0, [], 2.0**-2),
        ("rgb", 1.0, [[1e300, 0, 0]], 2.0**-201),
        ("rgb", 1e308, [[1.7e308, 0, 0]], 2.0**-1000),
    ],
)
def test_the_scale_brings_all_to_1_at_most(name, magnitude, entries, scale):
    entries = np.array(entries, float).reshape(-1, 3)
    assert common_scale(space_of(name), magnitude, entries) == scale


@pytest.mark.parametrize("magnitude", [2.0**-1060, 1e-300, 1.0, 255.0, 1e300, 1e308])
def test_entries_beyond_all_measure_are_moved_to_where_they_can_be_squared(magnitude):
    space = space_of("rgb", "float64")
    largest = np.finfo(np.float64).max
    entries = np.array([[0.25, -0.5, 1]]) * magnitude
    far = np.concatenate([entries, [[largest, -largest, 0]]])
    scale = common_scale(space, magnitude, far)
    scaled = scaled_entries(space, far, scale)
    assert np.isfinite(scaled**2).all()
    np.testing.assert_array_equal(scaled[:1], entries * scale)
    assert (np.abs(scaled[1, :2]) >= np.abs(scaled[0]).max()).all()
    # What lies near is told apart all the same.
    assert ((scaled[0] ** 2) > 0).all()


@pytest.mark.parametrize("name", ["lab", "hed"])
def test_entries_in_a_space_are_where_it_puts_them(name):
    colors = np.random.default_rng(0).integers(0, 256, (99, 3))
    space = space_of(name)
    scale = common_scale(space, 255.0, colors)
    expected = space.forward(colors) * scale
    np.testing.assert_array_equal(scaled_entries(space, colors, scale), expected)
