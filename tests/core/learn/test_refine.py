from __future__ import annotations

import os
from itertools import pairwise

import numpy as np
import pytest

from napari_colorquant import quantize
from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.color.statistics import statistics_of
from napari_colorquant.core.color.weighted_colors import common_scale
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn import refine as refine_module
from napari_colorquant.core.learn.refine import MAX_PASSES, refine
from plain import clusters_by_search, error_by_search

RANDOM = np.random.default_rng(2)
LUMPS = RANDOM.random((6, 3)) * 0.8 + 0.1
PICTURE = (
    LUMPS[RANDOM.integers(0, 6, (40, 50))] + RANDOM.normal(0, 0.05, (40, 50, 3))
).clip(0, 1)
"""A picture of 2000 colours from 0 to 1, in six lumps."""
FIVE = np.concatenate([PICTURE, PICTURE[::-1, :, :2] ** 2], axis=2)

CASES = {
    "uint16": ((PICTURE * 65_535).astype(np.uint16), {}),
    "float32": (PICTURE.astype(np.float32), {}),
    "float64": (PICTURE - 0.5, {}),
    "5 channels": ((FIVE * 255).astype(np.uint8), {"channel_axis": 2}),
    "2 channels": (FIVE[..., 3:], {"channel_axis": 2}),
    "int16": ((PICTURE * 60_000 - 30_000).astype(np.int16), {}),
}


def refined(image, start, *, n_fixed=0, tolerance=1e-9, name="rgb", mask=None, **how):
    """Return what refining gives in scaled units, the scale, and what was told."""
    pixels = see_pixels(image, how.get("channel_axis", -1), mask)
    statistics = statistics_of(pixels, Monitor())
    space = color_space(name, pixels.dtype, pixels.n_channels)
    scale = common_scale(space, statistics.magnitude, start)
    told = []
    centroids = refine(
        *(pixels, space, scale, statistics),
        space.forward(start) * scale,
        Monitor(lambda piece: told.append(piece.done / piece.total)),
        **{"n_fixed": n_fixed, "error": 1e-3, "tolerance": tolerance},
    )
    return centroids, scale, told


@pytest.mark.parametrize(("image", "how"), CASES.values(), ids=CASES)
def test_centroids_become_means_of_the_pixels_nearest_to_them(image, how):
    colors = image.reshape(-1, image.shape[-1]).astype(np.float64)
    start = colors[:7]
    centroids, scale, told = refined(image, start, tolerance=np.inf, **how)
    assert told == [1 / MAX_PASSES]
    sizes, sums, _ = clusters_by_search(colors * scale, np.ones(2000), start * scale)
    np.testing.assert_allclose(centroids, sums / sizes[:, None], 0, 2.0**-40)


@pytest.mark.parametrize(("image", "how"), CASES.values(), ids=CASES)
def test_it_ends_where_they_are_the_means_or_after_ten_passes(image, how):
    colors = image.reshape(-1, image.shape[-1]).astype(np.float64)
    centroids, scale, told = refined(image, colors[:5], **how)
    assert len(told) <= MAX_PASSES
    sizes, sums, _ = clusters_by_search(colors * scale, np.ones(2000), centroids)
    shift = np.abs(sums / sizes[:, None] - centroids).max()
    assert shift < 1e-3 or len(told) == MAX_PASSES
    first = error_by_search(colors * scale, np.ones(2000), colors[:5] * scale)
    assert error_by_search(colors * scale, np.ones(2000), centroids) < first


def test_every_pass_lowers_the_error(monkeypatch):
    colors = PICTURE.reshape(-1, 3)
    errors = []
    for n_passes in range(1, 6):
        monkeypatch.setattr(refine_module, "MAX_PASSES", n_passes)
        centroids, scale, _ = refined(PICTURE, colors[:9], tolerance=-1.0)
        errors.append(error_by_search(colors * scale, np.ones(2000), centroids))
    assert all(after < before for before, after in pairwise(errors))


@pytest.mark.parametrize("n_fixed", [1, 3, 6])
def test_fixed_ones_do_not_move(n_fixed):
    start = PICTURE.reshape(-1, 3)[:6]
    centroids, scale, _ = refined(PICTURE, start, n_fixed=n_fixed)
    np.testing.assert_array_equal(centroids[:n_fixed], start[:n_fixed] * scale)
    assert (centroids[n_fixed:] != start[n_fixed:] * scale).all()


def test_those_of_no_pixels_stay():
    start = np.concatenate([PICTURE.reshape(-1, 3)[:3], [[-5.0, 9, 0.5]]])
    centroids, scale, _ = refined(PICTURE, start)
    np.testing.assert_array_equal(centroids[3], start[3] * scale)


def test_pixels_outside_the_mask_and_nan_take_no_part():
    image = PICTURE.copy()
    image[:10] = np.nan
    image[30:] = 1e6
    mask = np.arange(40)[:, np.newaxis].repeat(50, axis=1) < 30
    start = PICTURE[15, :5]
    scale = common_scale(color_space("rgb", image.dtype, 3), 1.0, start)
    ours, unit, _ = refined(image, start, mask=mask)
    alone, own_unit, _ = refined(PICTURE[10:30], start)
    assert unit == own_unit == scale
    assert ours.tobytes() == alone.tobytes()


@pytest.mark.parametrize("tile_pixels", [1, 7, 50, 333])
@pytest.mark.parametrize("n_threads", [1, 4])
@pytest.mark.parametrize("name", ["rgb", "lab"])
def test_tiles_and_threads_change_no_bit(monkeypatch, name, n_threads, tile_pixels):
    start = PICTURE.reshape(-1, 3)[:8]
    whole, _, _ = refined(PICTURE[:8], start, name=name)
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(n_threads), False)
    cut, _, told = refined(PICTURE[:8], start, name=name)
    assert cut.tobytes() == whole.tobytes()
    assert told == sorted(told)
    assert 0 < told[-1] <= 1


def test_sums_are_whole_numbers_of_any_length():
    """Of more than 64 bits and either sign: a mean is off by its rounding alone."""
    image = np.full((600, 700), -1.0)
    image[300:] = 0.75
    image[0, 0], image[599, 699] = -1 + 2.0**-40, 0.75 - 2.0**-40
    centroids, scale, _ = refined(image, np.array([[-0.9], [0.9]]), channel_axis=None)
    expected = np.array([-1 + 2.0**-40 / 210_000, 0.75 - 2.0**-40 / 210_000])
    np.testing.assert_allclose(centroids[:, 0] / scale, expected, 0, 2.0**-40)


# ------------------------------------------------------------------- as a whole


@pytest.mark.parametrize(("image", "how"), CASES.values(), ids=CASES)
def test_a_refined_palette_has_a_lower_error(image, how):
    plain, polished = (
        quantize(image, 16, refine=refine, n_samples=100, **how)
        for refine in (False, True)
    )
    assert polished.report.mse < 0.97 * plain.report.mse
    assert (plain.report.n_sampled, polished.report.n_sampled) == (100, 2000)


@pytest.mark.parametrize(("image", "how"), CASES.values(), ids=CASES)
def test_a_refined_palette_is_where_iterating_ends(image, how):
    q = quantize(image, 4, n_samples=500, **how)
    colors = image.reshape(-1, image.shape[-1]).astype(np.float64)
    sizes, sums, _ = clusters_by_search(colors, np.ones(2000), q.palette.colors)
    shift = np.abs(sums / sizes[:, None] - q.palette.colors).max()
    assert shift < 0.02 * np.ptp(colors)
    np.testing.assert_array_equal(sizes, q.palette.counts)


@pytest.mark.parametrize("offset", [2.0**20, -(2.0**30), 2.0**40])
def test_a_refined_palette_far_from_zero_is_none_worse(offset):
    """There, coordinates of 1 have few digits left for what tells colours apart."""
    image = np.rint(PICTURE * 2**12) / 2**12 + offset  # exact at any offset
    plain, near, far = (
        quantize(i, 12, refine=r, n_samples=500)
        for i, r in ((image, False), (image - offset, True), (image, True))
    )
    assert far.report.psnr > plain.report.psnr
    assert far.report.psnr == pytest.approx(near.report.psnr, abs=0.1)
