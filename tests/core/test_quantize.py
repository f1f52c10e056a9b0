from __future__ import annotations

import inspect
import random
import subprocess
import sys
import threading
import tracemalloc
from dataclasses import asdict
from importlib.metadata import version

import numpy as np
import pytest
from plain import nearest_by_search
from skimage.metrics import peak_signal_noise_ratio

from napari_colorquant import Palette, apply_palette, fit_palette, quantize
from napari_colorquant.core import assign as assign_module
from napari_colorquant.core import distinct, parallel
from napari_colorquant.core import pixels as pixels_module
from napari_colorquant.core.parallel import map_in_order
from napari_colorquant.core.parameters import DEFAULTS, Parameters
from napari_colorquant.core.pixels import see_pixels
from napari_colorquant.core.quantize import quantize_steps

RANDOM = np.random.default_rng(1)
UNIT = RANDOM.random((12, 15, 3))
"""A picture of 180 colours from 0 to 1."""


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
def test_every_dtype_keeps_its_own_units(dtype, low, high):
    image = (low + UNIT * (float(high) - low)).clip(low, high).astype(dtype)
    image[0, :2] = [low] * 3, [high] * 3
    q = quantize(image, 9)
    assert q.image.dtype == image.dtype
    assert q.image.shape == image.shape
    assert (q.labels.dtype, q.labels.shape) == (np.uint8, (12, 15))
    check(q, image)
    np.testing.assert_array_equal(q.image, q.palette.drawn(dtype)[q.labels - 1])
    data_range = float(high) - low
    assert q.report.data_range == pytest.approx(data_range, rel=1e-3)
    assert 15 < q.report.psnr < 25


@pytest.mark.parametrize("unit", [2.0**-1070, 1e-300, 1e-160, 1e160, 1e300])
def test_floats_of_any_magnitude(unit):
    image = np.rint(UNIT * 100) * unit
    q, small = quantize(image, 9), quantize(np.rint(UNIT * 100), 9)
    check(q, image, unit=unit)
    np.testing.assert_allclose(
        q.palette.colors / unit, small.palette.colors, rtol=1e-6, atol=1 / 16
    )
    assert q.report.psnr == pytest.approx(small.report.psnr, abs=0.1)
    assert "PSNR" in q.report.summary()


@pytest.mark.parametrize("exponent", [-900, -64, 64, 900])
def test_a_power_of_two_changes_the_unit_and_nothing_else(exponent):
    q, scaled = quantize(UNIT, 9), quantize(UNIT * 2.0**exponent, 9)
    assert scaled.labels.tobytes() == q.labels.tobytes()
    np.testing.assert_array_equal(
        scaled.palette.colors, q.palette.colors * 2.0**exponent
    )
    assert scaled.report.psnr == pytest.approx(q.report.psnr, rel=1e-12)


@pytest.mark.parametrize("offset", [-1e9, 1e9])
def test_floats_far_from_zero(offset):
    q = quantize(UNIT + offset, 9)
    check(q, UNIT + offset)
    assert q.report.psnr == pytest.approx(quantize(UNIT, 9).report.psnr, abs=1)


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


@pytest.mark.parametrize("method", ["kmeans", "random"])
@pytest.mark.parametrize("n_samples", [None, 20, 10_000])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_as_many_colors_as_there_are_lose_nothing(dtype, method, n_samples):
    image = np.arange(48, dtype=dtype).reshape(4, 4, 3).repeat(5, axis=0)
    if dtype == "float64":
        image /= 7
    q = quantize(image, 16, method=method, n_samples=n_samples)
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


@pytest.mark.parametrize("method", ["kmeans", "random"])
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


@pytest.mark.parametrize("method", ["kmeans", "random"])
@pytest.mark.parametrize("n_samples", [None, 100, 10_000])
def test_palettes_are_sorted_dark_to_light(method, n_samples):
    colors = quantize(UNIT, 30, method=method, n_samples=n_samples).palette.colors
    keys = [(color.mean(), *color) for color in colors]
    assert keys == sorted(keys)


def test_the_seed_changes_the_palette():
    first, second = (
        quantize(UNIT, 9, n_samples=50, random_state=seed).palette.colors
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


def test_a_palette_far_larger_than_the_image_overflows_nowhere():
    q = apply_palette(UNIT, Palette([[1e300] * 3, [0.5] * 3, [-1e300] * 3]))
    assert (q.labels == 2).all()
    assert (q.image == 0.5).all()


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
    assert quantize(UNIT, 9, mask=mask).report.n_sampled == 100
    assert quantize(UNIT, 9, mask=mask, n_samples=None).report.n_sampled == 100


def test_colors_too_many_to_count_are_learned_all_the_same(monkeypatch):
    monkeypatch.setattr(distinct, "MAX_COUNTED", 100)
    q = quantize(UNIT, 9)
    assert not q.report.n_colors_before_is_exact
    assert q.report.summary().startswith("over 100 → 9 colors")
    check(q, UNIT)


# ------------------------------------------------------------------- manners


@pytest.mark.parametrize("function", [quantize, fit_palette])
def test_the_defaults_are_those_of_the_parameters(function):
    signature = inspect.signature(function).parameters
    defaults = asdict(DEFAULTS)
    assert {name: signature[name].default for name in defaults} == defaults
    first_keyword = list(signature).index("n_colors") + 1
    kinds = [parameter.kind for parameter in signature.values()]
    assert set(kinds[first_keyword:]) == {inspect.Parameter.KEYWORD_ONLY}


@pytest.mark.parametrize("method", ["kmeans", "random"])
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


def run_quantize(progress):
    return quantize(UNIT, 9, progress=progress)


def run_fit_palette(progress):
    return fit_palette(UNIT, 9, progress=progress)


def run_apply_palette(progress):
    return apply_palette(UNIT, Palette([[0, 0, 0], [1, 1, 1]]), progress=progress)


@pytest.fixture
def twelve_tiles(monkeypatch):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 15)


@pytest.mark.parametrize("n_threads", [1, 3, 20])
@pytest.mark.parametrize(
    ("run", "steps"),
    [
        (run_quantize, ["survey"] * 12 + ["learn"] + ["assign"] * 12),
        (run_fit_palette, ["survey"] * 12 + ["learn"]),
        (run_apply_palette, ["survey"] * 12 + ["assign"] * 12),
    ],
)
@pytest.mark.usefixtures("twelve_tiles")
def test_progress_runs_from_1_to_the_total(monkeypatch, run, steps, n_threads):
    monkeypatch.setattr(parallel, "n_cores", lambda: n_threads)
    told = []
    run(told.append)
    total = len(steps)
    assert told == [(step, done, total) for done, step in enumerate(steps, 1)]


@pytest.fixture
def assigned(monkeypatch):
    """Tiles that were assigned, as they are."""
    tiles = []
    original = assign_module.assign_tile

    def noted(*arguments):
        tiles.append(len(arguments[0]))
        return original(*arguments)

    monkeypatch.setattr(assign_module, "assign_tile", noted)
    return tiles


@pytest.mark.parametrize("n_threads", [1, 3])
@pytest.mark.parametrize(
    ("run", "stop_at"),
    [
        *((run_quantize, done) for done in (1, 12, 13, 14, 20)),
        *((run_fit_palette, done) for done in (1, 13)),
        *((run_apply_palette, done) for done in (1, 12, 13, 20)),
    ],
)
@pytest.mark.usefixtures("twelve_tiles")
def test_what_progress_raises_stops_the_run_and_is_passed_on(
    monkeypatch, assigned, run, stop_at, n_threads
):
    monkeypatch.setattr(parallel, "n_cores", lambda: n_threads)
    told = []
    threads = threading.active_count()

    def stop(progress):
        told.append(progress)
        if progress.done == stop_at:
            raise InterruptedError("enough")

    with pytest.raises(InterruptedError, match="enough"):
        run(stop)
    assert len(told) == stop_at
    assert threading.active_count() == threads
    told_assigned = sum(piece.step == "assign" for piece in told)
    under_way = n_threads if told_assigned else 0
    assert len(assigned) <= told_assigned + under_way


@pytest.mark.parametrize("pieces", [0, 1, 12, 13, 14, 20, 25])
@pytest.mark.usefixtures("twelve_tiles")
def test_closing_the_steps_stops_the_work_and_its_threads(
    monkeypatch, assigned, pieces
):
    monkeypatch.setattr(parallel, "n_cores", lambda: 3)
    threads = threading.active_count()
    steps = quantize_steps(see_pixels(UNIT), Parameters(n_colors=9))
    for _ in range(pieces):
        next(steps)
    steps.close()
    assert threading.active_count() == threads
    assert len(assigned) <= max(0, pieces - 13 + 3)


def peak_memory(run):
    """Return the result and the most bytes that were in use at once for it."""
    tracemalloc.start()
    try:
        return run(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("channels_first_and_masked", [False, True])
def test_extra_memory_is_that_of_a_few_tiles(china, channels_first_and_masked):
    def run(picture):
        if not channels_first_and_masked:
            return quantize(picture, 16, n_samples=1000)
        image = picture.transpose(2, 0, 1)
        mask = np.ones(picture.shape[:2], bool)
        return quantize(image, 16, n_samples=1000, channel_axis=0, mask=mask)

    run(china)  # imports and compiles
    picture = np.tile(china, (5, 5, 1))[:2000, :3000]  # 6 megapixels
    q, peak = peak_memory(lambda: run(picture))
    bitmap = 2**24  # of all colours of 8-bit RGB; gone before the results are made
    known = 2**24  # the label of each colour, while they are assigned
    results = q.image.nbytes + q.labels.nbytes
    a_pixel = 3 + 3 + 2 + 1  # its colour, the redrawn one, its label, if it is valid
    tiles = (parallel.n_cores() + 1) * pixels_module.TILE_PIXELS * a_pixel
    mask = 6_000_000 if channels_first_and_masked else 0
    assert peak < max(bitmap, results + known) + tiles + mask


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
        (small, {"n_colors": 300, "n_samples": 2000}),
        (small, {"n_colors": 40, "method": "random"}),
        (small.astype(np.uint16) * 200, {"n_colors": 12}),
        (small.astype(np.float32), {"n_colors": 12}),
        (small[..., 0], {"n_colors": 12, "channel_axis": None}),
        (small, {"n_colors": 12, "channel_axis": 2}),
        (np.tile(small, (8, 8, 1)), {"n_colors": 12, "n_samples": 500}),
    ]
    alone = [quantize(image, **options) for image, options in cases]
    together = list(map_in_order(lambda case: quantize(case[0], **case[1]), cases, 8))
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.palette.colors.tobytes() == theirs.palette.colors.tobytes()
        assert ours.labels.tobytes() == theirs.labels.tobytes()
        assert ours.image.tobytes() == theirs.image.tobytes()
