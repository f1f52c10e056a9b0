"""One palette of several images."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_colorquant import fit_palette
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import sampling
from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.quantization.pool import pool

DARK, BRIGHT = np.full((2, 3), 10, np.uint8), np.full((4, 6), 250, np.uint8)
MIXED = np.array([[10, 250, 250, 250]], np.uint8)


def pooled(images, weight="pixel", masks=None, seed=0):
    masks = masks or [None] * len(images)
    seen = [see_image(*pair) for pair in zip(images, [None] * 9, masks, strict=False)]
    table, notes = pool(seen, weight, None, seed, Monitor())
    return table.colors[:, 0].tolist(), notes


@pytest.mark.parametrize("lazily", [False, True])
def test_each_pixel_counts_the_same(lazily):
    images = [da.from_array(one, chunks=2) if lazily else one for one in (DARK, BRIGHT)]
    assert pooled(images)[0] == [10] * 6 + [250] * 24


def test_each_image_counts_the_same():
    found, _ = pooled([DARK, BRIGHT, MIXED], "image")
    assert found == [10] * 24 + [250] * 24 + [10] * 6 + [250] * 18


def test_what_is_outside_of_a_mask_does_not_count():
    masks = [None, np.arange(24).reshape(4, 6) < 5]
    assert pooled([DARK, BRIGHT], masks=masks)[0] == [10] * 6 + [250] * 5
    assert pooled([DARK, BRIGHT], "image", masks)[0] == [10] * 6 + [250] * 6


@pytest.mark.parametrize("lazily", [False, True])
@pytest.mark.parametrize("weight", ["pixel", "image"])
def test_a_bounded_number_of_pixels_is_drawn(monkeypatch, lazily, weight):
    monkeypatch.setattr(sampling, "MOST_PIXELS", 1000)
    monkeypatch.setattr(sampling, "_ENOUGH_PIXELS", 1)
    images = [np.full((100, 30), 10, np.uint8), np.full((100, 90), 250, np.uint8)]
    if lazily:
        images = [da.from_array(one, chunks=10) for one in images]
    found, _ = pooled(images, weight)
    part = 0.25 if weight == "pixel" else 0.5
    assert found == sorted(found)
    assert 700 < len(found) <= 1000
    assert found.count(10) / len(found) == pytest.approx(part, abs=0.001)
    assert found == pooled(images, weight)[0]  # always the same


def test_the_palette_is_that_of_the_images_side_by_side(china):
    flower = 255 - china[:100]
    whole = np.concatenate([china, flower])
    for asked in ({"n_colors": 16}, {"n_colors": "auto", "target_psnr": 24}):
        one = fit_palette(whole, **asked)
        several = fit_palette([china, flower], **asked)
        np.testing.assert_array_equal(several.colors, one.colors)
    part = flower[:50, :70]
    table = np.concatenate([one.reshape(-1, 3) for one in (china, part)])
    expected = fit_palette(table[np.newaxis], 16).colors
    lazy = [da.from_array(one, chunks=(100, 100, 3)) for one in (china, part)]
    for images in ([china, part], (china, part), lazy):
        np.testing.assert_array_equal(fit_palette(images, 16).colors, expected)


def test_a_small_image_has_its_say_where_images_count():
    rare = np.full((5, 5, 3), [200, 0, 0], np.uint8)
    noise = np.random.default_rng(0).integers(0, 60, (200, 200, 3), np.uint8)
    by_pixel = fit_palette([noise, rare], 2)
    by_image = fit_palette([noise, rare], 2, weight="image")
    assert by_pixel.colors.max() < 60
    np.testing.assert_allclose(by_image.colors[1], [200, 0, 0])


def test_white_is_that_of_all_images():
    twelve = np.full((4, 4, 3), 100, np.uint16)
    sixteen = np.full((4, 4, 3), 5000, np.uint16)
    assert fit_palette([twelve, sixteen], 2).white == 16383
    assert fit_palette([twelve, sixteen], 2, data_range=65535).white_value == 65535


@pytest.mark.parametrize(
    ("images", "options", "sentence"),
    [
        (
            [DARK, BRIGHT.astype(np.uint16)],
            {},
            "image 0 has 1 channels of uint8, and image 1 1 of uint16: pass images of "
            "the same channels and dtype, or convert them first.",
        ),
        (
            [DARK, BRIGHT],
            {"mask": [None]},
            "there are 2 images: pass a list of as many masks, None for an image "
            "without one.",
        ),
        (
            [DARK, BRIGHT],
            {"mask": [None, BRIGHT < 9]},
            "image 1: no pixel of the image can be quantized: all are outside the "
            "mask, transparent, NaN or infinite.",
        ),
        (
            [DARK, BRIGHT],
            {"mask": [None, DARK > 9]},
            "image 1: the mask has the shape (2, 3): pass the shape of the image "
            "without its channels, (4, 6).",
        ),
        ([DARK], {"weight": "size"}, "weight is 'size': pass 'pixel' or 'image'."),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(images, options, sentence):
    with pytest.raises(ValueError) as error:  # noqa: PT011, all of it is compared
        fit_palette(images, 2, channel_axis=None, **options)
    assert str(error.value) == sentence
