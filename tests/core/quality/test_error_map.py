from __future__ import annotations

import os
import re

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import deltaE_ciede2000, rgb2lab

from napari_colorquant import Palette, apply_palette, error_map, quantize
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.quality import delta_e as delta_e_module
from napari_colorquant.core.quality.error_map import map_errors
from plain import Case, images


def delta_e(a, b, white=255):
    return deltaE_ciede2000(rgb2lab(a / white), rgb2lab(b / white))


@pytest.fixture(scope="module")
def small(china):
    return china[::6, ::7]


# -------------------------------------------------------------------- ΔE2000


def test_black_in_place_of_white_and_of_itself():
    image = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    errors = error_map(image, np.zeros_like(image))
    assert errors.dtype == np.float32
    assert errors.shape == (1, 2)
    np.testing.assert_allclose(errors, [[0, 100]], rtol=1e-6)


@pytest.mark.parametrize("tile_pixels", [77, 2**18])
@pytest.mark.parametrize("chunk", [50, 2**14])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_the_map_is_that_of_scikit_image(monkeypatch, small, tile_pixels, chunk, dtype):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
    monkeypatch.setattr(delta_e_module, "_CHUNK", chunk)
    white = np.iinfo(dtype).max if dtype.startswith("u") else 1
    image = (small / 255 * white).astype(dtype)
    redrawn = quantize(image, 7).image
    expected = delta_e(image.astype(float), redrawn.astype(float), white)
    np.testing.assert_allclose(error_map(image, redrawn), expected, rtol=1e-6)


def test_colours_that_are_redrawn_in_many(china):
    """As by dithering: more pairs than colours."""
    image = china[:60, :70] & 0b11110000
    noise = np.random.default_rng(0).integers(0, 60, image.shape, np.uint8)
    redrawn = image // 2 + noise
    expected = delta_e(image, redrawn)
    np.testing.assert_allclose(error_map(image, redrawn), expected, rtol=1e-6)


@given(seed=st.integers(0, 2**32 - 1), n_levels=st.integers(1, 6))
def test_pairs_of_colours_that_come_again(seed, n_levels):
    random = np.random.default_rng(seed)
    levels = random.integers(0, 256, n_levels)
    image, redrawn = random.choice(levels, (2, 9, 11, 3)).astype(np.uint8)
    expected = delta_e(image, redrawn)
    np.testing.assert_allclose(
        error_map(image, redrawn), expected, rtol=1e-5, atol=1e-5
    )


def test_the_map_is_the_same_however_it_is_cut(monkeypatch, small):
    def all_bytes():
        return error_map(small, small[::-1]).tobytes()

    whole = all_bytes()
    for tile_pixels, n_threads in ((300, 1), (1000, 3)):
        monkeypatch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
        cores = range(n_threads)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, c=cores: c, False)
        assert all_bytes() == whole


# ------------------------------------------------------------------ distance


@pytest.mark.parametrize(
    ("image", "redrawn", "channel_axis", "expected"),
    [
        ([[0, 255]], [[0, 250]], None, [[0, 5]]),
        ([[[3, 0]], [[4, 0]]], [[[0, 0]], [[0, 9]]], 0, [[5, 9]]),
        ([[[0, 0], [1, 2]]], [[[3, 4], [1, 2]]], 2, [[5, 0]]),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64"])
def test_other_channels_have_a_distance(image, redrawn, channel_axis, expected, dtype):
    pictures = [np.array(picture, dtype) for picture in (image, redrawn)]
    errors = error_map(*pictures, channel_axis=channel_axis)
    assert errors.dtype == np.float32
    assert errors.tolist() == expected


def test_three_channels_may_have_a_distance_too(small):
    redrawn = small & 0b11100000
    expected = np.linalg.norm(small.astype(float) - redrawn, axis=-1)
    errors = error_map(small, redrawn, delta_e=False)
    np.testing.assert_allclose(errors, expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("unit", "expected"), [(1e-30, 5e-30), (1e30, 5e30), (1e300, np.inf), (1e-300, 0)]
)
def test_distances_that_float32_cannot_hold(unit, expected):
    image = np.array([[[3.0, 4.0], [0.0, 0.0]]]) * unit
    errors = error_map(image, image * 0, channel_axis=2)
    np.testing.assert_allclose(errors, [[expected, 0]], rtol=1e-6)


def test_a_lazy_map_has_every_error_of_finite_floats():
    before, after = np.array([[[0.0, 1.0], [5.0, np.nan]], [[3.0, 1.0], [5.0, 6.0]]])
    lazy = [da.from_array(picture, chunks=(1, 2)) for picture in (before, after)]
    errors = error_map(*lazy, channel_axis=None).compute()
    np.testing.assert_array_equal(errors, [[3.0, 0.0], [0.0, np.nan]])


# ------------------------------------------------------------- what is compared


@given(images())
def test_what_is_not_compared_is_nan(case: Case):
    palette = Palette(case.colors[case.valid][[0, -1]])
    drawn = apply_palette(case.image, palette, **case.how).image
    errors = error_map(case.image, drawn, delta_e=False, **case.how)
    a, b = (case.colors_of(p)[case.valid].astype(float) for p in (case.image, drawn))
    assert errors.shape == case.valid.shape
    assert np.isnan(errors[~case.valid]).all()
    expected = np.linalg.norm(a - b, axis=1)
    np.testing.assert_allclose(errors[case.valid], expected, rtol=1e-6)


def test_masked_pixels_and_transparent_ones_are_not_compared(small):
    redrawn = small & 0b11100000
    alpha = np.full((*small.shape[:2], 1), 255, np.uint8)
    alpha[0] = 0
    mask = np.ones(small.shape[:2], bool)
    mask[:, 0] = False
    pictures = [np.concatenate([p, alpha], axis=2) for p in (small, redrawn)]
    errors = error_map(*pictures, mask=mask)
    assert np.isnan(errors[0]).all()
    assert np.isnan(errors[:, 0]).all()
    expected = delta_e(small, redrawn)[1:, 1:]
    np.testing.assert_allclose(errors[1:, 1:], expected, rtol=1e-6)


# ------------------------------------------------------------------- the run


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("measure", [True, False])
def test_the_map_tells_how_far_it_is_and_can_be_stopped(
    monkeypatch, small, dtype, measure
):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 1000)
    before = see_pixels(small.astype(dtype))
    after = see_pixels((small & 0b11100000).astype(dtype))
    n_tiles = len(before.tiles())
    told = []
    map_errors(before, after, measure, Monitor(told.append))
    assert {(piece.step, piece.total) for piece in told} == {("judge", 1000)}
    done = [piece.done for piece in told]
    assert done == sorted(done)
    assert done[0] == round(1000 / (3 * n_tiles))
    assert done[-1] == 1000

    for n in range(len(told)):
        places = iter(range(n))
        with pytest.raises(StopIteration), Monitor(lambda _, i=places: next(i)) as m:
            map_errors(before, after, measure, m)


@pytest.mark.parametrize(
    ("image", "redrawn", "options", "sentence"),
    [
        (
            np.zeros((9, 9, 3)),
            np.zeros((9, 8, 3)),
            {},
            "the original has the shape (9, 9, 3) and dtype float64, the redrawn image "
            "(9, 8, 3) and float64: pass two images of one shape and dtype.",
        ),
        (
            np.zeros((9, 9)),
            np.zeros((9, 9)),
            {"channel_axis": None, "delta_e": True},
            "ΔE2000 needs RGB, and the image has 1 channel: ask for PSNR in its place.",
        ),
        (
            np.full((9, 9, 3), 7.5),
            np.zeros((9, 9, 3)),
            {},
            "ΔE2000 needs values from 0 to 1, and there are some from 7.5 to 7.5: "
            "divide by their range first, or pass delta_e=False.",
        ),
        (
            np.full((9, 9, 3), np.nan),
            np.zeros((9, 9, 3)),
            {},
            "no pixel of the image can be quantized: all are outside the mask, "
            "transparent, NaN or infinite.",
        ),
    ],
)
def test_what_has_no_map_is_refused(image, redrawn, options, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        error_map(image, redrawn, **options)
