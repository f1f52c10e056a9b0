from __future__ import annotations

import os

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from napari_colorquant import Palette, apply_palette, fit_palette
from napari_colorquant.core.assign.assign import assign
from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.color.statistics import statistics_of
from napari_colorquant.core.color.weighted_colors import weigh_colors
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.palette.palette import label_dtype
from plain import nearest_by_search, rgb_to_hed

RANDOM = np.random.default_rng(4)
PALETTE = Palette(RANDOM.uniform(-20, 280, (50, 3)))
CONVERSIONS = {"lab": rgb2lab, "hed": rgb_to_hed}


def check(q, image, palette=PALETTE):
    """Check a picture of all valid pixels against a plain search."""
    nearest = nearest_by_search(image.reshape(-1, 3), palette.colors)
    np.testing.assert_array_equal(q.labels.reshape(-1), nearest + 1)
    drawn = palette.drawn(image.dtype)[nearest]
    np.testing.assert_array_equal(q.image.reshape(-1, 3), drawn)


@pytest.mark.parametrize("width", range(1, 18))
def test_pixels_of_any_number_are_redrawn(width):
    """Those of 8-bit RGB are redrawn by four, and the last ones one by one."""
    image = RANDOM.integers(0, 256, (1, width, 3), np.uint8)
    check(apply_palette(image, PALETTE), image)


@pytest.mark.parametrize("tile_pixels", [1, 2, 3, 4, 5, 7, 8])
@pytest.mark.parametrize("n_threads", [1, 3])
def test_tiles_that_begin_anywhere_are_redrawn(monkeypatch, tile_pixels, n_threads):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(n_threads), False)
    image = RANDOM.integers(0, 256, (4, 23, 3), np.uint8)
    check(apply_palette(image, PALETTE), image)


@pytest.mark.parametrize(("n_colors", "dtype"), [(255, np.uint8), (256, np.uint16)])
@pytest.mark.parametrize("image_dtype", ["uint8", "float32"])
def test_labels_of_either_size(n_colors, dtype, image_dtype):
    palette = Palette(RANDOM.uniform(0, 255, (n_colors, 3)))
    assert label_dtype(len(palette)) == dtype
    image = RANDOM.integers(0, 256, (40, 50, 3)).astype(image_dtype)
    q = apply_palette(image, palette)
    assert q.labels.dtype == dtype
    check(q, image, palette)


@pytest.mark.parametrize("unit", [1, 257, 1 / 255])
@pytest.mark.parametrize("n_channels", [1, 2, 3, 4, 16])
def test_the_error_is_that_of_the_redrawn_picture(unit, n_channels):
    dtype = {1: np.uint8, 257: np.uint16, 1 / 255: np.float64}[unit]
    image = (RANDOM.integers(0, 256, (20, 30, n_channels)) * unit).astype(dtype)
    palette = Palette(RANDOM.uniform(0, 255, (9, n_channels)) * unit)
    q = apply_palette(image, palette, channel_axis=2)
    squared = ((image.astype(float) - q.image) ** 2).sum(axis=-1)
    assert q.report.mse == pytest.approx(squared.mean(), rel=1e-12)
    np.testing.assert_array_equal(
        q.palette.counts, np.bincount(q.labels.reshape(-1) - 1, minlength=9)
    )


@pytest.mark.parametrize("name", CONVERSIONS)
@pytest.mark.parametrize(
    ("dtype", "white"),
    [("uint8", 255), ("uint16", 65_535), ("float32", 1), ("float64", 1)],
)
def test_the_space_of_the_palette_is_where_colors_are_compared(name, dtype, white):
    image = (RANDOM.random((60, 70, 3)) * white).astype(dtype)
    palette = Palette(RANDOM.random((40, 3)) * white, color_space=name)
    q = apply_palette(image, palette)
    convert = CONVERSIONS[name]
    nearest = nearest_by_search(
        convert(image.astype(np.float64) / white).reshape(-1, 3),
        convert(palette.colors / white),
    )
    np.testing.assert_array_equal(q.labels.reshape(-1), nearest + 1)
    drawn = palette.drawn(dtype)[nearest].reshape(image.shape)
    np.testing.assert_array_equal(q.image, drawn)
    # The error is measured in the image's own units all the same.
    squared = ((image.astype(float) - q.image) ** 2).sum(axis=-1)
    assert q.report.mse == pytest.approx(squared.mean(), rel=1e-9)
    assert q.palette.color_space == name


@pytest.mark.parametrize("name", ["rgb", "lab", "hed"])
def test_weighted_colors_may_be_used_again(china, name):
    """Or not, where the palette needs another space or scale than they have."""
    pixels = see_pixels(china[::5, ::5])
    statistics = statistics_of(pixels, Monitor())
    for color_space_name, largest in ((name, 255), ("rgb", 1000)):
        colors = RANDOM.uniform(0, 255, (20, 3))
        colors[0] = largest if color_space_name == "rgb" else 255
        palette = Palette(colors, color_space=color_space_name)
        space = color_space(name, np.dtype("uint8"), 3)
        weighted = weigh_colors(statistics.distinct, space, 2.0**-8)
        results = [
            assign(pixels, palette, statistics, points, Monitor())
            for points in (None, weighted)
        ]
        assert results[0].labels.tobytes() == results[1].labels.tobytes()
        assert results[0].image.tobytes() == results[1].image.tobytes()
        assert results[0].mse == pytest.approx(results[1].mse, rel=1e-12)


def test_each_color_is_labelled_as_its_pixels_are(china):
    pixels = see_pixels(china[::5, ::5])
    statistics = statistics_of(pixels, Monitor())
    palette = Palette(RANDOM.uniform(0, 255, (20, 3)))
    assigned = assign(pixels, palette, statistics, None, Monitor())
    nearest = nearest_by_search(statistics.distinct.colors(), palette.colors)
    np.testing.assert_array_equal(assigned.color_labels, nearest + 1)
    floats = see_pixels(china[::5, ::5].astype(np.float32))
    statistics = statistics_of(floats, Monitor())
    assert assign(floats, palette, statistics, None, Monitor()).color_labels is None


def test_no_pixel_has_another_color_nearer_to_it_as_it_may_have_in_pillow(china):
    palette = Palette(fit_palette(china, 64).drawn("uint8"))
    pixels = china.reshape(-1, 3).astype(np.int64)

    def n_nearest(labels):
        """Count the pixels whose entry is as near as any."""
        own = ((pixels - palette.colors[labels.reshape(-1)]) ** 2).sum(axis=1)
        return int((own == least).sum())

    nearest = nearest_by_search(pixels, palette.colors)
    least = ((pixels - palette.colors[nearest]) ** 2).sum(axis=1)
    assert n_nearest(apply_palette(china, palette).indices) == len(pixels)

    paper = Image.new("P", (1, 1))
    paper.putpalette(palette.drawn("uint8").tobytes())
    theirs = Image.fromarray(china).quantize(palette=paper, dither=Image.Dither.NONE)
    assert 0.5 * len(pixels) < n_nearest(np.asarray(theirs)) < len(pixels)
