"""A coarser view of a source."""

from __future__ import annotations

from math import ceil, prod

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from napari.layers import Image

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.viewer.layers.image_input import take_source
from napari_colorquant.viewer.layers.preview import _steps, coarse
from napari_colorquant.viewer.layers.result_layers import result_layers
from napari_colorquant.viewer.tasks.quantize import quantize_input

FEW = Parameters(n_colors=3)


@pytest.mark.parametrize(
    ("shape", "steps"),
    [
        ((100, 100), [1, 1]),
        ((1000, 1000), [1, 1]),
        ((1001, 1000), [2, 2]),
        ((4000, 3000), [4, 4]),
        ((50, 200, 400), [1, 2, 2]),
        ((3, 4000, 3000), [1, 6, 6]),
        ((500, 64, 64), [1, 2, 2]),
        ((5000, 64, 64), [6, 2, 2]),
        ((10, 500, 64, 64), [6, 1, 2, 2]),
        ((10, 10_000_000), [1, 100]),
        ((10_000_000, 10), [100, 1]),
        ((1, 10_000_000), [1, 10]),
    ],
)
def test_every_nth_pixel_in_the_plane_first(shape, steps):
    assert _steps(shape, 1_000_000) == steps


@given(
    st.lists(st.integers(1, 40), max_size=2),
    st.lists(st.integers(1, 100_000), min_size=2, max_size=2),
)
def test_a_view_is_bounded_whatever_the_shape(stack, plane):
    shape = (*stack, *plane)
    steps = _steps(shape, 2**16)
    left = prod(ceil(n / step) for n, step in zip(shape, steps, strict=True))
    assert left <= 2 * 2**16  # each axis is rounded up
    if prod(shape) <= 2**16:
        assert set(steps) == {1}


def test_a_small_picture_is_seen_as_it_is(tiny):
    source = take_source(Image(tiny, rgb=True))
    (level,) = coarse(source).pictures
    assert np.shares_memory(level.image, tiny)
    assert level.image.shape == tiny.shape


def test_a_coarse_view_is_in_the_same_place(china):
    layer = Image(china, rgb=True, scale=(2, 3), translate=(5, 7), name="china")
    view = coarse(take_source(layer), max_pixels=20_000)
    (level,) = view.pictures
    np.testing.assert_array_equal(level.image, china[::4, ::4])
    assert level.channel_axis == 2
    picture, labels = result_layers(view, quantize_input(view, FEW, Monitor()))
    for one in (picture, labels):
        assert one.data.shape[:2] == (107, 160)
        world = [one.data_to_world(place) for place in ((0, 0), (50, 100))]
        expected = [layer.data_to_world(place) for place in ((0, 0), (200, 400))]
        np.testing.assert_allclose(world, expected)


def test_a_coarse_view_of_opaque_pixels_and_of_one_channel(china):
    rgba = np.concatenate([china, np.full((427, 640, 1), 9, np.uint8)], axis=-1)
    (level,) = coarse(take_source(Image(rgba, rgb=True)), 20_000).pictures
    np.testing.assert_array_equal(level.alpha, rgba[::4, ::4, 3])
    (level,) = coarse(take_source(Image(china[..., 0])), 20_000).pictures
    np.testing.assert_array_equal(level.image, china[::4, ::4, 0])
    assert level.channel_axis is None


def test_a_coarse_view_of_a_pyramid_is_its_largest_level_that_is_small_enough(china):
    pyramid = [china, china[::2, ::2], china[::4, ::4], china[::8, ::8]]
    layer = Image(pyramid, rgb=True, multiscale=True, scale=(2, 2))
    view = coarse(take_source(layer), 20_000)
    (level,) = view.pictures
    np.testing.assert_array_equal(level.image, pyramid[2])
    np.testing.assert_allclose(view.spatial["scale"], [2 * 427 / 107, 2 * 640 / 160])
    view = coarse(take_source(layer), 1000)  # coarser than the last
    assert prod(view.pictures[0].shape) <= 1000
