from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import rgb2lab

from napari_colorquant.core.assign.search import box_in, coordinates_in, search_for
from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.color.statistics import statistics_of
from napari_colorquant.core.color.weighted_colors import common_scale
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from plain import images, nearest_by_search, rgb_to_hed

CONVERSIONS = {"lab": rgb2lab, "hed": rgb_to_hed}


def searched(image, palette, name="rgb", **how):
    """Return the labels that a search gives, tile by tile."""
    pixels = see_pixels(image, **how)
    statistics = statistics_of(pixels, Monitor())
    space = color_space(name, pixels.dtype, pixels.n_channels)
    scale = common_scale(space, statistics.magnitude, palette)
    box = box_in(space, statistics.lows, statistics.highs)
    entries = space.forward(palette) * scale
    search = search_for(entries, scale, box, statistics.n_pixels)
    found = []
    for tile in pixels.tiles():
        values, valid = pixels.values(tile), pixels.valid(tile)
        labels = np.full(len(values), 99, np.uint16)
        search(coordinates_in(space, values, valid), valid, labels)
        found.append(labels)
    return np.concatenate(found)


@given(images(), st.integers(1, 12) | st.just(80), st.integers(0, 2**32 - 1))
def test_pixels_of_any_image_find_their_entries(case, n_colors, seed):
    valid = case.colors[case.valid].astype(np.float64)
    random = np.random.default_rng(seed)
    others = valid + np.ptp(valid) * random.normal(size=valid.shape)
    palette = random.choice(np.concatenate([valid, others]), n_colors)
    labels = searched(case.image, palette, **case.how).reshape(case.valid.shape)
    expected = nearest_by_search(valid, palette) + 1
    np.testing.assert_array_equal(labels[case.valid], expected)
    np.testing.assert_array_equal(labels[~case.valid], 0)


@pytest.mark.parametrize("n_colors", [40, 100])  # all are compared, or few
@pytest.mark.parametrize("name", CONVERSIONS)
@pytest.mark.parametrize(
    ("dtype", "white"),
    [("uint8", 255), ("uint16", 65_535), ("float32", 1), ("float64", 1)],
)
def test_colors_are_compared_in_the_space(name, dtype, white, n_colors):
    random = np.random.default_rng(0)
    image = (random.random((50, 60, 3)) * white).astype(dtype)
    image[:5], image[5:9] = 0, white
    palette = random.random((n_colors, 3)) * white
    half = n_colors // 2
    palette[half:] = palette[:half]  # exact ties
    convert = CONVERSIONS[name]
    expected = nearest_by_search(
        convert(image.astype(np.float64) / white).reshape(-1, 3),
        convert(palette / white),
    )
    np.testing.assert_array_equal(searched(image, palette, name), expected + 1)


@pytest.mark.parametrize("name", CONVERSIONS)
@pytest.mark.parametrize("nothing", [np.nan, np.inf, -np.inf, 1e9])
def test_pixels_that_are_no_colors_are_not_converted(name, nothing):
    image = np.random.default_rng(0).random((5, 6, 3))
    image[2, 3, 1] = nothing
    mask = np.ones((5, 6), bool)
    mask[2, 3] = False
    labels = searched(image, image[0], name, mask=mask)
    assert np.flatnonzero(labels == 0).tolist() == [15]


@pytest.mark.parametrize("name", CONVERSIONS)
@pytest.mark.parametrize("low", [0.0, 0.4999])
def test_colors_beyond_the_box_that_was_guessed_find_their_entries(name, low):
    """A space is bent: the box of some grid of colours does not hold all of them."""
    random = np.random.default_rng(1)
    image = low + random.random((40, 50, 3)) ** 8 * (1 - 2 * low)
    image[0, :3] = np.eye(3) * (1 - 2 * low) + low
    palette = random.choice(image.reshape(-1, 3), 80)
    expected = nearest_by_search(
        CONVERSIONS[name](image).reshape(-1, 3), CONVERSIONS[name](palette)
    )
    np.testing.assert_array_equal(searched(image, palette, name), expected + 1)
