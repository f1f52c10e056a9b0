"""What holds for every image, of any dtype, shape, layout and mask."""

from __future__ import annotations

import os
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.metrics import mean_squared_error, peak_signal_noise_ratio

from napari_colorquant import Palette, apply_palette, fit_palette, quantize
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.learn.methods import METHODS
from plain import images, nearest_by_search

RUNS = st.fixed_dictionaries(
    {
        "n_colors": st.integers(2, 7),
        "method": st.sampled_from([*METHODS]),
        "refine": st.booleans(),
        "n_samples": st.sampled_from([7, 30, None]),
        "random_state": st.integers(0, 2**32 - 1),
    }
)


def quantized(case, run, *, tile_pixels=2**18, n_threads=1):
    """Quantize; images of few colours warn of it, which is not what is tested here."""
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The image has only", UserWarning)
        patch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
        patch.setattr(os, "sched_getaffinity", lambda _: range(n_threads), False)
        return quantize(case.image, **run, **case.how)


def all_bytes(q):
    """Return a result as bytes: NaN, minus zero and the last bit count."""
    arrays = (q.palette.colors, q.palette.counts, q.labels, q.indices, q.image)
    return [(a.dtype, a.shape, np.ascontiguousarray(a).tobytes()) for a in arrays]


@given(images(), RUNS)
def test_every_valid_pixel_has_its_nearest_entry(case, run):
    q = quantized(case, run)
    nearest = nearest_by_search(case.colors[case.valid], q.palette.colors)
    np.testing.assert_array_equal(q.labels[case.valid], nearest + 1)
    np.testing.assert_array_equal(q.indices[case.valid], nearest)
    np.testing.assert_array_equal(q.labels[~case.valid], 0)


@given(images(), RUNS)
def test_the_picture_is_the_drawn_palette_at_the_indices(case, run):
    q = quantized(case, run)
    assert (q.image.dtype, q.image.shape) == (case.image.dtype, case.image.shape)
    expected = case.colors.copy()
    drawn = q.palette.drawn(case.image.dtype)
    expected[case.valid] = drawn[q.indices[case.valid]]
    assert case.colors_of(q.image).tobytes() == expected.tobytes()
    if case.channel_axis == -1 and case.image.shape[-1] == 4:
        np.testing.assert_array_equal(q.image[..., 3], case.image[..., 3])


@given(images(), RUNS)
def test_counts_are_of_the_valid_pixels(case, run):
    q = quantized(case, run)
    expected = np.bincount(q.indices[case.valid], minlength=len(q.palette))
    np.testing.assert_array_equal(q.palette.counts, expected)
    assert q.report.n_pixels == np.count_nonzero(case.valid)
    assert q.report.n_colors_after == np.count_nonzero(expected)


@given(images(), RUNS)
def test_the_errors_are_scikit_images(case, run):
    q = quantized(case, run)
    before, after = (
        colors[case.valid].astype(np.float64)
        for colors in (case.colors, case.colors_of(q.image))
    )
    data_range = 255.0 if case.image.dtype == np.uint8 else before.max() - before.min()
    assert q.report.data_range == data_range
    mse = mean_squared_error(before, after)
    assert q.report.mse == pytest.approx(mse * before.shape[-1], rel=1e-9)
    if mse == 0:
        assert q.report.psnr == np.inf
    else:
        expected = peak_signal_noise_ratio(before, after, data_range=data_range)
        assert q.report.psnr == pytest.approx(expected, rel=1e-9)


@given(images(), RUNS)
def test_the_palette_has_the_number_asked_for_or_every_color(case, run):
    q = quantized(case, run)
    colors = {*map(tuple, case.colors[case.valid].astype(np.float64).tolist())}
    assert q.report.n_colors_before == len(colors)
    if len(colors) > run["n_colors"]:
        assert len(q.palette) == run["n_colors"]
    else:
        assert {*map(tuple, q.palette.colors.tolist())} == colors
        np.testing.assert_array_equal(case.colors_of(q.image), case.colors)
    assert (q.report.notes == ()) == (len(colors) >= run["n_colors"])


@given(images(), RUNS, st.integers(1, 50), st.integers(1, 4))
def test_tiles_and_threads_change_no_byte(case, run, tile_pixels, n_threads):
    q = quantized(case, run)
    cut = quantized(case, run, tile_pixels=tile_pixels, n_threads=n_threads)
    assert all_bytes(cut) == all_bytes(q)
    again = quantized(case, run, tile_pixels=tile_pixels, n_threads=n_threads + 1)
    reports = [replace(result.report, seconds={}) for result in (cut, again)]
    assert reports[0] == reports[1]
    assert cut.report.mse == pytest.approx(q.report.mse, rel=1e-12)


@given(images(), RUNS)
def test_the_image_and_the_mask_are_not_changed(case, run):
    before = case.image.tobytes(), None if case.mask is None else case.mask.tobytes()
    q = quantized(case, run)
    after = case.image.tobytes(), None if case.mask is None else case.mask.tobytes()
    assert after == before
    assert not np.shares_memory(q.image, case.image)


@given(images(), RUNS)
def test_to_apply_the_palette_learned_is_to_quantize(case, run):
    q = quantized(case, run)
    applied = apply_palette(case.image, q.palette, **case.how)
    assert all_bytes(applied) == all_bytes(q)
    assert applied.report.mse == q.report.mse
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The image has only", UserWarning)
        palette = fit_palette(case.image, **run, **case.how)
    assert palette.colors.tobytes() == q.palette.colors.tobytes()


@given(images(), st.integers(1, 12), st.integers(0, 2**32 - 1))
def test_any_palette_is_assigned_by_a_plain_search(case, n_colors, seed):
    """Some entries come twice, some are the image's colours, some beyond its range."""
    valid = case.colors[case.valid].astype(np.float64)
    random = np.random.default_rng(seed)
    reach = np.ptp(valid) or 1.0
    entries = np.concatenate(
        [valid, valid.mean(axis=0) + reach * random.normal(size=(5, 1))]
    )
    palette = Palette(random.choice(entries, n_colors))
    q = apply_palette(case.image, palette, **case.how)
    nearest = nearest_by_search(valid, palette.colors)
    np.testing.assert_array_equal(q.labels[case.valid], nearest + 1)
    drawn = palette.drawn(case.image.dtype)
    np.testing.assert_array_equal(case.colors_of(q.image)[case.valid], drawn[nearest])
