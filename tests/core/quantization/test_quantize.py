from __future__ import annotations

import inspect
import os
import random
import subprocess
import sys
import threading
import tracemalloc
from dataclasses import asdict
from importlib.metadata import version

import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio

from napari_colorquant import (
    Palette,
    apply_palette,
    fit_palette,
    measure_quality,
    quantize,
)
from napari_colorquant.core.assign import assign as assign_module
from napari_colorquant.core.color import distinct
from napari_colorquant.core.compute import executor as parallel
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn.auto import MAX_TRIALS
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.learn.parameters import DEFAULTS, Parameters
from napari_colorquant.core.quantization.run import quantize_pixels
from napari_colorquant.formats.palette_data import COLOR_SPACES
from plain import nearest_by_search

RANDOM = np.random.default_rng(1)
UNIT = RANDOM.random((12, 15, 3))
"""A picture of 180 colours from 0 to 1."""


def threads_are(monkeypatch, n_threads):
    """Let the engine see so many cores, in all of its modules."""
    cores = range(n_threads)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: cores, raising=False)


def check(q, colors, valid=None, unit=1.0):
    """Check a result against a plain search; `colors` has its channels last."""
    valid = np.ones(colors.shape[:-1], bool) if valid is None else valid
    exponent = -np.frexp(unit)[1]  # so that no square is too large or too small
    nearest = nearest_by_search(
        np.ldexp(colors[valid].astype(np.float64), exponent),
        np.ldexp(q.palette.colors, exponent),
    )
    np.testing.assert_array_equal(q.labels[valid], nearest + 1)
    np.testing.assert_array_equal(q.labels[~valid], 0)
    np.testing.assert_array_equal(
        q.palette.counts, np.bincount(nearest, None, len(q.palette))
    )


# ------------------------------------------------------------------- data


@pytest.mark.parametrize(
    ("dtype", "low", "high"),
    [
        ("uint8", 0, 255),
        ("int8", -128, 127),
        ("uint16", 0, 65_535),
        ("int16", -32_768, 32_767),
        ("uint32", 0, 2**32 - 1),
        ("int32", -(2**31), 2**31 - 1),
        ("uint64", 2**52, 2**53 - 1),
        ("int64", -(2**53) + 1, 2**53 - 1),
        ("float16", -65_504, 65_504),
        ("float32", -3e38, 3e38),
        ("float64", -1e150, 1e150),
        (">u2", 0, 65_535),
        (">i8", -(2**40), 2**40),
        (">f4", 0, 1),
        ("<f8", 0, 1e-150),
    ],
)
@pytest.mark.parametrize("refine", [True, False])
def test_every_dtype_keeps_its_own_units(dtype, low, high, refine):
    image = (low + UNIT * (float(high) - low)).clip(low, high).astype(dtype)
    image[0, :2] = [low] * 3, [high] * 3
    q = quantize(image, 9, refine=refine)
    assert q.image.dtype == image.dtype
    assert q.image.shape == image.shape
    assert (q.labels.dtype, q.labels.shape) == (np.uint8, (12, 15))
    check(q, image)
    np.testing.assert_array_equal(q.image, q.palette.drawn(dtype)[q.labels - 1])
    data_range = float(high) - low
    assert q.report.data_range == pytest.approx(data_range, rel=1e-3)
    assert 15 < q.report.psnr < 25


@pytest.mark.parametrize("unit", [2.0**-1070, 1e-300, 1e-160, 1e160, 1e300])
@pytest.mark.parametrize("refine", [True, False])
def test_floats_of_any_magnitude(unit, refine):
    plain = np.rint(UNIT * 100)
    image = plain * unit
    q, small = (quantize(i, 9, refine=refine) for i in (image, plain))
    check(q, image, unit=unit)
    np.testing.assert_allclose(
        q.palette.colors / unit, small.palette.colors, rtol=1e-6, atol=1 / 16
    )
    assert q.report.psnr == pytest.approx(small.report.psnr, abs=0.1)
    assert "PSNR" in q.report.summary()


@pytest.mark.parametrize("exponent", [-900, -64, 64, 900])
@pytest.mark.parametrize("refine", [True, False])
def test_a_power_of_two_changes_the_unit_and_nothing_else(exponent, refine):
    q, scaled = (
        quantize(UNIT * unit, 9, refine=refine) for unit in (1.0, 2.0**exponent)
    )
    assert scaled.labels.tobytes() == q.labels.tobytes()
    np.testing.assert_array_equal(
        scaled.palette.colors, q.palette.colors * 2.0**exponent
    )
    assert scaled.report.psnr == pytest.approx(q.report.psnr, rel=1e-12)


@pytest.mark.parametrize("offset", [-1e9, 1e9, 1e13])
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("method", ["kmeans", "wu"])
def test_floats_far_from_zero(offset, refine, method):
    near, q = (
        quantize(UNIT + o, 9, method=method, refine=refine) for o in (0.0, offset)
    )
    check(q, UNIT + offset)
    assert q.report.psnr == pytest.approx(near.report.psnr, abs=1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_floats_that_span_all_of_their_dtype(dtype):
    image = ((UNIT * 2 - 1) * np.finfo(dtype).max).astype(dtype)
    image[0, :9], image[1, :9] = np.finfo(dtype).min, np.finfo(dtype).max
    q = quantize(image, 9)
    assert np.isfinite(q.image).all()
    check(q, image, unit=np.finfo(dtype).max)
    assert 15 < q.report.psnr < 25


@pytest.mark.parametrize(
    "bits",
    [
        {"f2": 0x7C01, "f4": 0x7F800001, "f8": 0x7FF0000000000001},  # signalling NaN
        {"f2": 0xFE55, "f4": 0xFFC12345, "f8": 0xFFF8123456789ABC},  # with a payload
        {"f2": 0x7C00, "f4": 0x7F800000, "f8": 0x7FF0000000000000},  # infinity
        {"f2": 0xFC00, "f4": 0xFF800000, "f8": 0xFFF0000000000000},  # minus infinity
    ],
)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f4"])
def test_nan_and_infinity_are_label_0_and_unchanged_bit_for_bit(dtype, bits):
    image = UNIT.astype(dtype)
    raw = image.view(image.dtype.str.replace("f", "u"))
    raw[3, 4, 1] = bits[dtype[-2:]]
    q = quantize(image, 9)
    valid = np.ones((12, 15), bool)
    valid[3, 4] = False
    check(q, image, valid)
    assert q.image[3, 4].tobytes() == image[3, 4].tobytes()


def test_alpha_is_carried_over_and_the_transparent_is_left_alone():
    image = RANDOM.integers(0, 256, (12, 15, 4), np.uint8)
    image[:4, :, 3], image[4:8, :, 3], image[8:, :, 3] = 0, 1, 255
    q = quantize(image, 9)
    assert q.palette.n_channels == 3
    check(q, image[..., :3], image[..., 3] > 0)
    np.testing.assert_array_equal(q.image[..., 3], image[..., 3])
    np.testing.assert_array_equal(q.image[:4], image[:4])
    opaque = quantize(image[4:, :, :3], 9)
    np.testing.assert_array_equal(q.palette.colors, opaque.palette.colors)
    np.testing.assert_array_equal(q.image[4:, :, :3], opaque.image)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float64"])
def test_what_is_outside_the_mask_takes_no_part(dtype):
    image = (UNIT * 100).astype(dtype)
    mask = RANDOM.random((12, 15)) < 0.5
    q = quantize(image, 9, mask=mask)
    check(q, image, mask)
    np.testing.assert_array_equal(q.image[~mask], image[~mask])
    changed = np.where(mask[..., np.newaxis], image, 77)
    np.testing.assert_array_equal(
        quantize(changed, 9, mask=mask).palette.colors, q.palette.colors
    )


@pytest.mark.parametrize("value", [2**53 + 1, 2**63 - 1, -(2**63)])
def test_integers_outside_the_mask_stay_exact(value):
    image = np.arange(30).reshape(5, 6)
    image[2, 3] = value
    q = quantize(image, 4, channel_axis=None, mask=image != value)
    assert q.image[2, 3] == value
    assert q.labels[2, 3] == 0


@pytest.mark.parametrize(
    ("shape", "channel_axis"),
    [
        ((4, 12, 15, 3), -1),
        ((4, 12, 15, 4), -1),
        ((2, 4, 6, 5, 3), -1),
        ((4, 12, 15), None),
        ((2, 3, 4, 5), None),
        ((5, 12, 15), 0),
        ((12, 5, 15), 1),
        ((12, 15, 4), 2),
        ((2, 100), 0),
        ((4, 3, 12, 15), 1),
        ((4, 3, 12, 15), -3),
    ],
)
def test_stacks_and_channels_have_one_palette(shape, channel_axis):
    image = RANDOM.integers(1, 1000, shape).astype(np.uint16)
    colors = image[..., np.newaxis]
    if channel_axis is not None:
        colors = np.moveaxis(image, channel_axis, -1)
    if channel_axis == -1:
        colors = colors[..., :3]
    q = quantize(image, 9, channel_axis=channel_axis)
    assert q.palette.colors.shape == (9, colors.shape[-1])
    assert q.labels.shape == colors.shape[:-1]
    assert q.image.shape == shape
    check(q, colors)


def test_a_view_of_any_strides_gives_what_its_copy_gives():
    wide = RANDOM.integers(0, 256, (3, 40, 60), np.uint8)
    view = wide.transpose(2, 1, 0)[::-2, ::3]
    q, copied = quantize(view, 9), quantize(view.copy(), 9)
    np.testing.assert_array_equal(q.labels, copied.labels)
    np.testing.assert_array_equal(q.image, copied.image)


def test_the_picture_is_written_in_order_whatever_the_images_order():
    assert quantize(np.asfortranarray(UNIT), 9).image.flags.c_contiguous


def test_a_read_only_image():
    image = UNIT.copy()
    image.flags.writeable = False
    q = quantize(image, 9)
    assert q.image.flags.writeable
    check(q, image)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("n_samples", [None, 20, 10_000])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_as_many_colors_as_there_are_lose_nothing(dtype, method, n_samples, refine):
    image = np.arange(48, dtype=dtype).reshape(4, 4, 3).repeat(5, axis=0)
    if dtype == "float64":
        image /= 7
    q = quantize(image, 16, method=method, n_samples=n_samples, refine=refine)
    np.testing.assert_array_equal(q.image, image)
    assert len(q.palette) == 16
    assert q.report.notes == ()
    assert q.report.quality == "lossless"


def test_more_colors_than_there_are_give_those_and_a_warning():
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    with pytest.warns(UserWarning, match="^The image has only 16 colors: ") as warned:
        q = quantize(image, 17)
    assert [w.filename for w in warned] == [__file__]
    assert q.report.notes == (str(warned[0].message),)
    np.testing.assert_array_equal(q.image, image)


@pytest.mark.parametrize("value", [0, 7])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_an_image_of_one_colour(dtype, value):
    image = np.full((5, 6, 3), value, dtype)
    with pytest.warns(UserWarning, match="^The image has only 1 color"):
        q = quantize(image, 64)
    assert q.palette.colors.tolist() == [[value] * 3]
    assert q.palette.counts.tolist() == [30]
    assert (q.labels == 1).all()
    np.testing.assert_array_equal(q.image, image)
    assert (q.report.mse, q.report.psnr) == (0, np.inf)


@pytest.mark.parametrize("method", METHODS)
def test_an_image_of_nearly_all_background(method):
    image = np.zeros((200, 200), np.uint16)
    image[100, 100:120] = np.arange(1, 21) * 500
    q = quantize(image, 8, channel_axis=None, method=method, n_samples=100)
    assert len(np.unique(q.palette.colors)) == 8
    assert q.report.n_sampled == 40_000
    check(q, image[..., np.newaxis])


@pytest.mark.parametrize(
    ("n_colors", "labels_dtype", "indices_dtype"),
    [
        (2, np.uint8, np.uint8),
        (255, np.uint8, np.uint8),
        (256, np.uint16, np.uint8),
        (257, np.uint16, np.uint16),
        (65_535, np.uint16, np.uint16),
    ],
)
def test_labels_and_indices_are_as_small_as_can_be(
    n_colors, labels_dtype, indices_dtype
):
    palette = Palette(np.arange(n_colors)[:, np.newaxis])
    image = [[0, 1, n_colors - 2, n_colors - 1]]
    q = apply_palette(image, palette, channel_axis=None)
    assert (q.labels.dtype, q.indices.dtype) == (labels_dtype, indices_dtype)
    assert q.labels.tolist() == [[1, 2, n_colors - 1, n_colors]]
    assert q.indices.tolist() == image


def test_pixels_that_are_not_quantized_have_index_0():
    q = quantize(np.array([[1.0, np.nan, 3.0]]), 2, channel_axis=None)
    assert q.labels.tolist() == [[1, 0, 2]]
    assert q.indices.tolist() == [[0, 0, 1]]


# ------------------------------------------------------------------- palettes


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_samples", [None, 100, 10_000])
@pytest.mark.parametrize("color_space", COLOR_SPACES[:-1])
def test_palettes_are_sorted_dark_to_light(method, n_samples, color_space):
    options = {"method": method, "n_samples": n_samples, "color_space": color_space}
    colors = quantize(UNIT, 30, **options).palette.colors
    keys = [(color.mean(), *color) for color in colors]
    assert keys == sorted(keys)


def test_the_seed_changes_the_palette():
    first, second = (
        quantize(UNIT, 9, n_samples=50, refine=False, random_state=seed).palette.colors
        for seed in (0, 1)
    )
    assert not np.array_equal(first, second)


def test_a_random_codebook_is_of_the_images_colors():
    palette = fit_palette(UNIT, 20, method="random")
    assert {*map(tuple, palette.colors)} < {*map(tuple, UNIT.reshape(-1, 3))}


def test_fit_palette_learns_what_quantize_learns():
    palette = fit_palette(UNIT, 9)
    np.testing.assert_array_equal(palette.colors, quantize(UNIT, 9).palette.colors)
    assert palette.counts is None


def test_fit_palette_warns_of_too_few_colors():
    with pytest.warns(UserWarning, match="^The image has only 2 colors") as warned:
        palette = fit_palette([[1, 5]], channel_axis=None)
    assert warned[0].filename == __file__
    assert palette.colors.tolist() == [[1], [5]]


def test_a_palette_is_applied_in_its_own_order_with_the_images_counts():
    palette = Palette([[9.0], [0], [9], [400]], [5, 5, 5, 5], ["a", "b", "c", "d"])
    q = apply_palette(np.array([[0, 4, 5, 250]], np.uint8), palette, channel_axis=None)
    assert q.labels.tolist() == [[2, 2, 1, 4]]
    assert q.image.tolist() == [[0, 0, 9, 255]]
    assert q.palette.counts.tolist() == [1, 2, 0, 1]
    assert q.palette.names == ("a", "b", "c", "d")
    np.testing.assert_array_equal(q.palette.colors, palette.colors)
    assert palette.counts.tolist() == [5, 5, 5, 5]


def test_a_palette_of_one_entry():
    q = apply_palette(UNIT, Palette([[0.5, 0.5, 0.5]]))
    assert (q.labels == 1).all()
    assert (q.image == 0.5).all()
    assert q.report.mse == pytest.approx(((UNIT - 0.5) ** 2).sum(axis=-1).mean())


def test_a_palette_beyond_the_images_dtype_is_clipped():
    image = np.zeros((2, 2), np.float16)
    q = apply_palette(image, Palette([[1e6]]), channel_axis=None)
    assert (q.image == np.finfo(np.float16).max).all()


@pytest.mark.parametrize("far", [1e20, 1e100, 1e300, 1.7e308])
@pytest.mark.parametrize("n_channels", [3, 5])
def test_a_palette_far_larger_than_the_image_overflows_nowhere(far, n_channels):
    image = np.concatenate([UNIT, UNIT[..., : n_channels - 3]], axis=2)
    near = np.array([[0.5], [0.25]]).repeat(n_channels, axis=1)
    ends = np.array([[far], [-far]]).repeat(n_channels, axis=1)
    palette = Palette(np.concatenate([ends[:1], near, ends[1:]]))
    q = apply_palette(image, palette, channel_axis=2)
    expected = nearest_by_search(image.reshape(-1, n_channels), near) + 2
    np.testing.assert_array_equal(q.labels.reshape(-1), expected)
    alone = apply_palette(image, Palette(near), channel_axis=2)
    np.testing.assert_array_equal(q.image, alone.image)
    assert q.report.psnr == pytest.approx(alone.report.psnr)
    assert q.report.mse == pytest.approx(alone.report.mse)


def test_an_image_of_one_colour_in_another():
    q = apply_palette(np.full((2, 2), 5.0), Palette([[4]]), channel_axis=None)
    assert (q.report.mse, q.report.psnr) == (1, -np.inf)


# ------------------------------------------------------------------- report


def test_the_report_tells_what_was_done():
    image = (UNIT * 255).astype(np.uint8)
    q = quantize(image, 9, method="random", n_samples=50, random_state=3)
    report = q.report
    assert report.parameters == Parameters(
        n_colors=9, method="random", n_samples=50, random_state=3
    )
    assert (report.n_pixels, report.n_sampled) == (180, 50)
    assert report.n_colors_before == len(np.unique(image.reshape(-1, 3), axis=0))
    assert report.n_colors_before_is_exact
    assert report.n_colors_after == 9
    assert report.data_range == 255
    assert report.psnr == pytest.approx(peak_signal_noise_ratio(image, q.image))
    assert list(report.seconds) == ["survey", "learn", "assign"]
    assert min(report.seconds.values()) > 0
    assert report.tried == ()
    assert report.notes == ()
    assert report.version == version("napari-colorquant")


def test_the_report_of_a_ready_palette_has_no_learning():
    report = apply_palette(UNIT, Palette([[0, 0, 0], [1, 1, 1], [50, 50, 50]])).report
    assert report.parameters is None
    assert report.n_sampled == 0
    assert report.n_colors_after == 2
    assert list(report.seconds) == ["survey", "assign"]


def test_more_pixels_are_not_sampled_than_there_are():
    mask = np.arange(180).reshape(12, 15) < 100
    for options in ({}, {"n_samples": None}, {"refine": False, "n_samples": 500}):
        assert quantize(UNIT, 9, mask=mask, **options).report.n_sampled == 100


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize(
    ("method", "refine", "n_sampled"),
    [
        ("kmeans", True, 180),
        ("wu", True, 180),
        ("random", True, 50),
        ("kmeans", False, 50),
        ("wu", False, 50),
        ("random", False, 50),
    ],
)
def test_a_refined_palette_is_learned_from_every_pixel(
    dtype, method, refine, n_sampled
):
    image = (UNIT * 255).astype(dtype)
    q = quantize(image, 9, method=method, refine=refine, n_samples=50)
    assert q.report.n_sampled == n_sampled


def test_colors_too_many_to_count_are_learned_all_the_same(monkeypatch):
    monkeypatch.setattr(distinct, "MAX_COUNTED", 100)
    q = quantize(UNIT, 9)
    assert not q.report.n_colors_before_is_exact
    assert q.report.summary().startswith("over 100 → 9 colors")
    check(q, UNIT)


# ------------------------------------------------------------------- auto


@pytest.mark.parametrize("target", [26, 32.5])
@pytest.mark.parametrize("method", ["kmeans", "wu"])
def test_auto_finds_the_fewest_colors_of_a_psnr(china, target, method):
    q = quantize(china, "auto", target_psnr=target, method=method)
    tried = dict(q.report.tried)
    n_colors = len(q.palette)
    assert q.report.psnr == tried[n_colors] >= target > tried[n_colors - 1]
    assert q.report.psnr == pytest.approx(peak_signal_noise_ratio(china, q.image))
    assert q.report.parameters.n_colors == "auto"
    assert q.report.notes == ()
    for n in (n_colors, n_colors - 1):
        assert quantize(china, n, method=method).report.psnr == tried[n]
    alone = quantize(china, n_colors, method=method)
    assert alone.image.tobytes() == q.image.tobytes()
    assert alone.labels.tobytes() == q.labels.tobytes()
    palette = fit_palette(china, "auto", target_psnr=target, method=method)
    assert palette.colors.tobytes() == q.palette.colors.tobytes()
    assert palette.counts is None


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("masked", [False, True])
def test_auto_finds_the_fewest_colors_of_a_delta_e(china, dtype, masked):
    white = 1 if dtype == "float32" else np.iinfo(dtype).max
    image = (china[100:140, 100:160] / 255 * white).astype(dtype)
    mask = np.arange(2400).reshape(40, 60) % 7 < 5 if masked else None
    q = quantize(image, "auto", target_delta_e=4, mask=mask)
    tried = dict(q.report.tried)
    n_colors = len(q.palette)
    assert q.report.delta_e == tried[n_colors] <= 4 < tried[n_colors - 1]
    for n, delta_e in ((n_colors, q.report.delta_e), (16, tried[16])):
        redrawn = quantize(image, n, mask=mask).image
        quality = measure_quality(image, redrawn, mask=mask, delta_e=True)
        assert quality.delta_e == pytest.approx(delta_e, rel=1e-9)


@pytest.mark.parametrize(("name", "target"), [("rgb", 26), ("lab", 24), ("hed", 21)])
def test_auto_takes_any_space_and_keeps_the_fixed(china, name, target):
    fixed = Palette([[1.5, 2, 3], [250, 0, 250]], names=["ink", "pink"])
    options = {"color_space": name, "fixed": fixed}
    q = quantize(china[::5, ::5], "auto", target_psnr=target, **options)
    tried = dict(q.report.tried)
    assert tried[len(q.palette)] >= target > tried[len(q.palette) - 1]
    assert {"ink", "pink"} < {*q.palette.names}
    assert q.palette.color_space == name


def test_auto_needs_no_fewer_colors_than_are_fixed():
    fixed = RANDOM.random((20, 3))
    q = quantize(UNIT, "auto", target_psnr=1, fixed=fixed)
    assert len(q.palette) == 20
    assert min(n for n, _ in q.report.tried) == 20


def test_auto_of_few_colors_is_lossless():
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3) * 5
    q = quantize(image, "auto", target_psnr=500)
    assert len(q.palette) == 16
    assert q.report.notes == ()
    assert q.report.quality == "lossless"


def test_auto_of_one_color_is_that_color():
    q = quantize(np.full((5, 6, 3), 9, np.uint8), "auto", target_psnr=30)
    assert q.palette.colors.tolist() == [[9, 9, 9]]
    assert q.report.psnr == np.inf


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"target_psnr": 90}, r"PSNR 90 dB, is not reached: 1,024 colors, .* dB\.$"),
        ({"target_delta_e": 0.01}, r"ΔE2000 0\.01, is not reached: 1,024 colors, "),
    ],
)
@pytest.mark.parametrize("function", [quantize, fit_palette])
def test_a_target_out_of_reach_is_told(function, options, sentence):
    image = RANDOM.integers(0, 256, (40, 40, 3), np.uint8)
    options |= {"method": "random", "n_samples": 1600}  # the quickest
    with pytest.warns(UserWarning, match=f"^The target, {sentence}") as warned:
        result = function(image, "auto", **options)
    assert [w.filename for w in warned] == [__file__]
    if function is quantize:
        assert result.report.notes == (str(warned[0].message),)
        assert 1024 in dict(result.report.tried)
        result = result.palette
    assert len(result) == 1024


# ------------------------------------------------------------------- manners


@pytest.mark.parametrize("function", [quantize, fit_palette])
def test_the_defaults_are_those_of_the_parameters(function):
    signature = inspect.signature(function).parameters
    defaults = asdict(DEFAULTS)
    if function is fit_palette:
        del defaults["max_distance"]  # it is of assigning
    assert {name: signature[name].default for name in defaults} == defaults
    first_keyword = list(signature).index("n_colors") + 1
    kinds = [parameter.kind for parameter in signature.values()]
    assert set(kinds[first_keyword:]) == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n_samples", [None, 100])
def test_random_states_are_left_alone(method, n_samples):
    before = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002, it is looked at
    quantize(UNIT, 9, method=method, n_samples=n_samples)
    after = np.random.get_state()[1].tolist(), random.getstate()  # noqa: NPY002, it is looked at
    assert after == before


def test_runs_in_several_threads_do_not_disturb_each_other():
    images = [np.roll(UNIT, i, axis=-1) ** (i + 1) for i in range(4)]
    expected = [quantize(image, 9) for image in images]
    results = list(parallel.map_in_order(lambda image: quantize(image, 9), images, 4))
    for result, alone in zip(results, expected, strict=True):
        assert result.image.tobytes() == alone.image.tobytes()


def run_quantize(progress, image):
    return quantize(image, 9, progress=progress)


def run_auto(progress, image):
    return quantize(image, "auto", target_psnr=20, progress=progress)


def run_fit_palette(progress, image):
    return fit_palette(image, 9, progress=progress)


def run_apply_palette(progress, image):
    return apply_palette(image, Palette([[0, 0, 0], [1, 1, 1]]), progress=progress)


@pytest.fixture
def twelve_tiles(monkeypatch):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 15)


RUNS = {
    run_quantize: ["survey", "learn", "assign"],
    run_fit_palette: ["survey", "learn"],
    run_apply_palette: ["survey", "assign"],
}
"""Each step has 12 pieces of work."""


def shares(first, last, total):
    """Return what is told after pieces of work, both included, of a total."""
    return [round(1000 * n / total) for n in range(first, last + 1)]


@pytest.mark.parametrize("n_threads", [1, 3, 20])
@pytest.mark.parametrize(("run", "steps"), RUNS.items())
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.usefixtures("twelve_tiles")
def test_progress_never_falls_and_ends_at_the_total(
    monkeypatch, dtype, run, steps, n_threads
):
    threads_are(monkeypatch, n_threads)
    told = []
    run(told.append, (UNIT * 255).astype(dtype))
    total = 12 * len(steps)
    done = [piece.done for piece in told]
    assert {piece.total for piece in told} == {1000}
    assert done == sorted(done)
    assert (done[0], done[-1]) == (*shares(1, 1, total), 1000)
    for i, step in enumerate(steps):
        own = [piece.done for piece in told if piece.step == step]
        if step == "learn":  # the same may be told again, wherever it may be stopped
            first, *_, last = shares(12 * i, 12 * i + 12, total)
            assert first <= own[0] <= own[-1] == last
        else:
            assert own == shares(12 * i + 1, 12 * i + 12, total)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.usefixtures("twelve_tiles")
def test_progress_of_auto_has_room_for_the_most_trials(dtype):
    told = []
    q = run_auto(told.append, (UNIT * 255).astype(dtype))
    total = 12 * (1 + 2 * MAX_TRIALS)
    done = [piece.done for piece in told]
    assert {piece.total for piece in told} == {1000}
    assert done == sorted(done)
    assert (done[0], done[-1]) == (*shares(1, 1, total), 1000)
    n_trials = len(q.report.tried)
    assert 2 <= n_trials <= MAX_TRIALS
    n_done = 12 * (1 + 2 * n_trials)
    assert [max(done[:-1])] == shares(n_done, n_done, total)


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.usefixtures("twelve_tiles")
def test_learning_may_be_stopped_at_many_places(dtype):
    told = []
    run_fit_palette(told.append, (UNIT * 255).astype(dtype))
    assert sum(piece.step == "learn" for piece in told) > 20


@pytest.fixture
def assigned(monkeypatch):
    """Tiles that were assigned, as they are."""
    tiles = []

    def noted(original):
        def note(*arguments):
            tiles.append(1)
            return original(*arguments)

        return note

    assign_tile = noted(assign_module._assign_tile)
    monkeypatch.setattr(assign_module, "_assign_tile", assign_tile)
    return tiles


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize(
    ("run", "stop_at"),
    [
        *((run_quantize, done) for done in (1, 12, 13, 24, 25, 30)),
        *((run_auto, done) for done in (1, 13, 24, 30, 45)),
        *((run_fit_palette, done) for done in (1, 13, 24)),
        *((run_apply_palette, done) for done in (1, 12, 13, 20)),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.usefixtures("twelve_tiles")
def test_what_progress_raises_stops_the_run_and_is_passed_on(
    monkeypatch, assigned, dtype, run, stop_at, n_threads
):
    threads_are(monkeypatch, n_threads)
    told = []
    threads = threading.active_count()
    total = 12 * (1 + 2 * MAX_TRIALS if run is run_auto else len(RUNS[run]))
    (stop_at,) = shares(stop_at, stop_at, total)

    def stop(progress):
        told.append(progress)
        if progress.done >= stop_at:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        run(stop, (UNIT * 255).astype(dtype))
    assert [piece.done for piece in told[:-1] if piece.done >= stop_at] == []
    assert threading.active_count() == threads
    told_assigned = sum(piece.step == "assign" for piece in told)
    under_way = n_threads if told_assigned else 0
    assert len(assigned) <= told_assigned + under_way


@pytest.mark.parametrize("pieces", [1, 12, 13, 14, 20, -12, -11, -5])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.usefixtures("twelve_tiles")
def test_a_stop_anywhere_ends_the_work_and_its_threads(
    monkeypatch, assigned, dtype, pieces
):
    threads_are(monkeypatch, 3)
    image = (UNIT * 255).astype(dtype)

    given = (see_pixels(image), Parameters(n_colors=9))
    told = []
    quantize_pixels(*given, Monitor(told.append))
    n_pieces = len(told)
    assigned.clear()
    told.clear()
    threads = threading.active_count()
    pieces %= n_pieces  # -12: the last ones are those that assign

    def stop(piece):
        told.append(piece)
        if len(told) == pieces:
            raise InterruptedError

    with pytest.raises(InterruptedError), Monitor(stop) as monitor:
        quantize_pixels(*given, monitor)
    assert threading.active_count() == threads
    assert len(assigned) <= max(0, pieces - (n_pieces - 12)) + 3 * (
        pieces > n_pieces - 12
    )


def peak_memory(run):
    """Return the result and the most bytes that were in use at once for it."""
    tracemalloc.start()
    try:
        return run(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("layout", ["RGB", "channels first and masked", "float32"])
def test_extra_memory_is_that_of_the_colors_and_a_few_tiles(monkeypatch, china, layout):
    """Not of the pixels: twice as many take as much beside the results."""

    def peak_of(height):
        picture = np.tile(china, (10, 5, 1))[:height, :3000]
        options = {"n_colors": 16, "n_samples": 1000}
        if layout == "float32":
            picture = picture.astype(np.float32)
        elif layout != "RGB":
            picture = picture.transpose(2, 0, 1)
            options["mask"] = np.ones(picture.shape[1:], bool)
            options["channel_axis"] = 0
        q, peak = peak_memory(lambda: quantize(picture, **options))
        return q.image.nbytes + q.labels.nbytes, peak

    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 2**14)
    peak_of(400)  # imports and compiles
    # A tile in work: its colours, the redrawn ones, its labels, if they are valid, and
    # as much again for what is put in place of what.
    a_pixel = 2 * (2 * 3 * (4 if layout == "float32" else 1) + 2)
    tiles = (parallel.n_cores() + 2) * pixels_module.TILE_PIXELS * a_pixel + 2**20
    results, peak = peak_of(2000)  # 6 megapixels
    if layout == "float32":
        # A set of colours a thread, and the one of a quarter that it grew out of; gone
        # before the results are made.
        sets = min(parallel.n_cores(), 4) * 5 / 4 * 2 * 8 * distinct.MAX_COUNTED
        assert peak < max(sets, results) + tiles
        return
    # What is learned from takes as much at any size, and more or less as threads meet
    # colours: of pictures this large, the results and the tiles take more.
    results_of_twice, peak_of_twice = peak_of(4000)
    assert peak_of_twice - results_of_twice < peak - results + tiles
    # A row of counts for every cell of 64 colours, and as many to grow into, in every
    # thread; nodes of a tree, some 200 bytes each, and as many while they are made; and
    # for each colour its code, its pixels, its point and its label.
    colors = np.unique(china.reshape(-1, 3), axis=0)
    n_cells = len(np.unique(colors >> 2, axis=0))
    histograms = min(parallel.n_cores(), 4) * (2**20 + 2 * 256 * n_cells)
    of_colors = histograms + 2 * 200 * 8 // 7 * n_cells + 50 * len(colors)
    assert peak < results + tiles + of_colors


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_auto_keeps_no_more_than_two_pictures(china, dtype):
    """The best so far, and the one that is tried."""
    image = np.tile(china, (4, 4, 1)).astype(dtype)
    options = {"method": "wu", "refine": False, "n_samples": 1024}

    def run(image, n_colors, **target):
        return peak_memory(lambda: quantize(image, n_colors, **target, **options))

    run(image[:99], "auto", target_psnr=29)  # imports and compiles
    q, peak = run(image, "auto", target_psnr=29)
    _, peak_of_one = run(image, len(q.palette))
    assert len(q.report.tried) > 3
    assert peak < peak_of_one + 1.5 * (q.image.nbytes + q.labels.nbytes)


def test_the_engine_loads_nothing_of_the_viewer():
    code = (
        "import sys, numpy as np, napari_colorquant as n\n"
        "n.quantize(np.arange(300.0).reshape(10, 10, 3), 4)\n"
        "print([m for m in ('napari', 'qtpy', 'PyQt6', 'dask') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("[]\n", "")


def test_eight_runs_at_once_give_what_each_gives_alone(china):
    small = china[::3, ::3]
    cases = [
        (small, {"n_colors": 5}),
        (small, {"n_colors": 300, "n_samples": 2000, "refine": False}),
        (small, {"n_colors": 40, "color_space": "lab"}),
        (small.astype(np.uint16) * 200, {"n_colors": 12}),
        (small.astype(np.float32) / 255, {"n_colors": 12, "color_space": "lab"}),
        (small[..., 0], {"n_colors": "auto", "channel_axis": None, "target_psnr": 30}),
        (small, {"n_colors": 12, "channel_axis": 2, "method": "wu"}),
        (np.tile(small, (8, 8, 1)), {"n_colors": 12, "method": "random"}),
    ]
    alone = [quantize(image, **options) for image, options in cases]
    together = list(map_in_order(lambda case: quantize(case[0], **case[1]), cases, 8))
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.palette.colors.tobytes() == theirs.palette.colors.tobytes()
        assert ours.labels.tobytes() == theirs.labels.tobytes()
        assert ours.image.tobytes() == theirs.image.tobytes()


# ---------------------------------------------------------------- where it learns


def test_a_palette_is_learned_where_both_masks_are(china):
    mask, learn_mask = np.zeros((2, *china.shape[:2]), bool)
    mask[:300] = True
    learn_mask[200:] = True
    q = quantize(china, 16, mask=mask, learn_mask=learn_mask)
    learned = fit_palette(china, 16, mask=mask & learn_mask)
    applied = apply_palette(china, learned, mask=mask)
    np.testing.assert_array_equal(q.palette.colors, learned.colors)
    np.testing.assert_array_equal(q.labels, applied.labels)
    np.testing.assert_array_equal(q.image, applied.image)
    assert q.report.n_pixels == np.count_nonzero(mask)
    assert q.report.n_sampled == np.count_nonzero(mask & learn_mask)
    assert q.report.n_colors_before == applied.report.n_colors_before
    assert q.report.mse == applied.report.mse


@pytest.mark.parametrize("options", [{}, {"method": "wu", "refine": False}])
def test_a_palette_of_floats_is_learned_where_it_is_said(china, options):
    image = china.astype(np.float32) / 3
    learn_mask = np.zeros(china.shape[:2], bool)
    learn_mask[200:, 100:] = True
    q = quantize(image, 12, learn_mask=learn_mask, **options)
    learned = fit_palette(image, 12, mask=learn_mask, **options)
    np.testing.assert_array_equal(q.palette.colors, learned.colors)
    assert (q.labels > 0).all()


def test_to_learn_everywhere_is_to_learn_as_always(china):
    everywhere = np.ones(china.shape[:2], bool)
    q = quantize(china, 8, learn_mask=everywhere)
    np.testing.assert_array_equal(q.image, quantize(china, 8).image)


def test_a_target_is_one_of_all_that_is_quantized(china):
    learn_mask = np.zeros(china.shape[:2], bool)
    learn_mask[::2] = True
    seen = []
    q = quantize(
        china, "auto", target_psnr=30, learn_mask=learn_mask, progress=seen.append
    )
    assert 30 <= q.report.psnr < 31
    assert q.report.n_pixels == learn_mask.size
    done = [piece.done for piece in seen]
    assert done == sorted(done)
    assert {piece.total for piece in seen} == {seen[-1].done}


def test_few_colors_where_it_learns_are_told_so():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    learn_mask = image < 3
    with pytest.warns(UserWarning, match=r"^Where it learns, the image has only 3 col"):
        q = quantize(image, 5, learn_mask=learn_mask, channel_axis=None)
    assert q.palette.colors[:, 0].tolist() == [0, 1, 2]
    assert q.palette.counts.tolist() == [1, 1, 14]


def test_there_must_be_pixels_to_learn_from():
    image = np.arange(16, dtype=np.uint8).reshape(4, 4)
    with pytest.raises(ValueError, match=r"^where the palette is learned, no pixel of"):
        quantize(image, 5, mask=image < 8, learn_mask=image > 7, channel_axis=None)
    with pytest.raises(ValueError, match=r"^the learn_mask has the shape \(4,\): pass"):
        quantize(image, 5, learn_mask=np.ones(4, bool), channel_axis=None)
