from __future__ import annotations

import re
from itertools import pairwise
from math import inf

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant import (
    Curve,
    CurvePoint,
    Palette,
    Parameters,
    error_curve,
    quantize,
    suggest_elbow,
)
from napari_colorquant.core.compute.progress import Monitor, Progress
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.quantization import curve as curve_module
from napari_colorquant.core.quantization.curve import curve_of, numbers_to_try

ALL_TO_64 = [*range(2, 17), *range(18, 33, 2), *range(36, 65, 4)]


@pytest.fixture(scope="module")
def small(china):
    return china[::6, ::7]


def point_of(q):
    return CurvePoint(len(q.palette), q.report.mse, q.report.psnr)


def drive(pixels, parameters, max_colors):
    """Return what a run tells, and what it returns."""
    told = []
    monitor, most = Monitor(told.append), {"max_colors": max_colors}
    return told, curve_of(pixels, parameters, told.append, monitor, **most)


# ----------------------------------------------------------------- the points


@pytest.mark.parametrize(
    ("make", "options"),
    [
        (lambda rgb: rgb, {}),
        (lambda rgb: rgb, {"method": "wu"}),
        (lambda rgb: rgb, {"method": "random", "random_state": 3}),
        (lambda rgb: rgb, {"refine": False, "n_samples": 500}),
        (lambda rgb: rgb, {"color_space": "lab"}),
        (lambda rgb: rgb[..., 0], {"channel_axis": None}),
        (
            lambda rgb: rgb[..., 0] * np.uint16(200) + rgb[..., 1],
            {"channel_axis": None},
        ),
        (lambda rgb: rgb, {"mask": np.arange(72 * 92).reshape(72, 92) % 3 > 0}),
    ],
    ids=["RGB", "wu", "random", "sample", "CIELAB", "grey", "16 bits", "mask"],
)
def test_where_colours_are_counted_errors_are_those_of_quantizing(small, make, options):
    image = make(small)
    curve = error_curve(image, max_colors=20, **options)
    assert [point.n_colors for point in curve.points] == [*range(2, 17), 18, 20]
    for point in curve.points[::5]:
        q = quantize(image, point.n_colors, **options)
        assert point == point_of(q)
    assert curve.elbow == suggest_elbow(curve.points)


@pytest.mark.parametrize("dtype", ["uint16", "float32", "int16"])
@pytest.mark.parametrize("color_space", ["rgb", "lab"])
def test_of_other_images_a_sample_is_measured(monkeypatch, small, dtype, color_space):
    """Here of every pixel, so that the error is that of quantizing, nearly."""
    white = 1 if dtype == "float32" else np.iinfo(dtype).max
    image = (small / 255 * white).astype(dtype)
    curve = error_curve(image, max_colors=12, color_space=color_space)
    for point in curve.points[::3]:
        q = quantize(image, point.n_colors, color_space=color_space, n_samples=None)
        assert point.mse == pytest.approx(q.report.mse, rel=0.05)
        assert point.psnr == pytest.approx(q.report.psnr, abs=0.2)
    monkeypatch.setattr(curve_module, "SAMPLE_PIXELS", 3000)
    sampled = error_curve(image, max_colors=12, color_space=color_space)
    again = error_curve(image, max_colors=12, color_space=color_space)
    assert sampled == again
    assert sampled != curve
    for point, other in zip(curve.points, sampled.points, strict=True):
        assert other.mse == pytest.approx(point.mse, rel=0.15)


def test_a_random_codebook_of_a_sample_has_the_error_that_it_has_there(small):
    """Every pixel is in the sample: the error is that of quantizing."""
    image = small / 255
    curve = error_curve(image, max_colors=5, method="random")
    for point in curve.points:
        report = quantize(image, point.n_colors, method="random").report
        assert point.mse == pytest.approx(report.mse, rel=1e-12)
        assert point.psnr == pytest.approx(report.psnr, rel=1e-12)


@pytest.mark.parametrize("dtype", ["uint8", "float64", "int32"])
@pytest.mark.parametrize("n_colors", [2, 3, 5, 21])
def test_an_image_of_few_colours_ends_the_curve(dtype, n_colors):
    values = np.arange(n_colors) * 12
    image = np.resize(values, (7, 9, 1)).repeat(3, axis=2).astype(dtype)
    curve = error_curve(image)
    numbers = [point.n_colors for point in curve.points]
    assert numbers == sorted({n for n in ALL_TO_64 if n < n_colors} | {n_colors})
    assert curve.points[-1] == (n_colors, 0, inf)
    assert all(point.mse > 0 for point in curve.points[:-1])


def test_an_image_of_one_colour():
    curve = error_curve(np.full((4, 4, 3), 7, np.uint8))
    assert curve == Curve((CurvePoint(1, 0.0, inf),), 1, 1)


def test_fixed_colours_are_in_every_palette(small):
    fixed = Palette([[255.0, 0, 0], [0, 255.0, 0], [0, 0, 255.0]])
    parameters = Parameters(n_colors=3, fixed=fixed)
    _, curve = drive(see_pixels(small), parameters, 8)
    assert [point.n_colors for point in curve.points] == [3, 4, 5, 6, 7, 8]
    assert curve.points[2] == point_of(quantize(small, 5, fixed=fixed))

    few = np.resize(np.array([0, 255], np.uint8), (8, 8, 3))
    few[..., 1:] = 0  # black and red: with green and blue, four
    _, curve = drive(see_pixels(few), parameters, 8)
    assert [point.n_colors for point in curve.points] == [3, 4]
    assert curve.points[-1].psnr == inf

    sentence = (
        "there are 3 fixed colors and the curve ends at 2: pass at least as many "
        "colors as fixed ones."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        drive(see_pixels(small), parameters, 2)


def test_background_that_hides_the_other_colours_does_not_end_the_curve(monkeypatch):
    monkeypatch.setattr(curve_module, "SAMPLE_PIXELS", 100)
    image = np.zeros((100, 100))
    image[0, :5] = [1, 2, 3, 4, 5]
    curve = error_curve(image, channel_axis=None)
    assert [point.n_colors for point in curve.points] == [2, 3, 4, 5, 6]
    # 1 goes with the many 0, 2 with 3, 4 with 5: about 1 + 1 / 2 + 1 / 2.
    assert curve.points[1].mse == pytest.approx(2 / 10_000, rel=1e-3)


# -------------------------------------------------------------------- the run


def test_numbers_to_try():
    numbers = numbers_to_try(2, 64)
    assert numbers[:6] == [2, 4, 8, 16, 32, 64]
    assert numbers[6:11] == [48, 24, 40, 56, 12]
    assert sorted(numbers) == ALL_TO_64
    assert numbers_to_try(2, 5) == [2, 4, 5, 3]
    assert numbers_to_try(1, 1) == [1]
    assert sorted(numbers_to_try(2, 21))[-4:] == [16, 18, 20, 21]
    assert sorted(numbers_to_try(19, 40)) == [19, 20, 22, 24, 26, 28, 30, 32, 36, 40]
    assert sorted(numbers_to_try(100, 1024))[:5] == [100, 104, 112, 120, 128]


@given(st.integers(1, 200), st.integers(0, 2000))
def test_numbers_to_try_are_close_and_few(first, more):
    last = first + more
    numbers = numbers_to_try(first, last)
    in_order = sorted(numbers)
    assert len(set(numbers)) == len(numbers) <= 15 + 8 * 8
    assert (in_order[0], in_order[-1]) == (first, last)
    for a, b in pairwise(in_order):
        assert b - a == 1 or b / a <= 1.125


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_points_come_coarse_to_fine_between_progress(monkeypatch, small, dtype):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 1000)
    pixels = see_pixels(small.astype(dtype))
    told, curve = drive(pixels, Parameters(), 24)
    points = [piece for piece in told if isinstance(piece, CurvePoint)]
    assert [point.n_colors for point in points] == numbers_to_try(2, 24)
    assert tuple(sorted(points)) == curve.points
    progress = [piece for piece in told if isinstance(piece, Progress)]
    assert len(points) + len(progress) == len(told)
    total = len(pixels.tiles()) + len(points)
    assert {piece.total for piece in progress} == {1000}
    done = [piece.done for piece in progress]
    assert done == sorted(done)
    assert set(done) == {round(1000 * n / total) for n in range(1, total + 1)}
    assert {piece.step for piece in progress} == {"survey", "learn"}


def test_a_script_is_told_progress_only(small):
    told = []
    error_curve(small, max_colors=4, progress=told.append)
    assert {type(piece) for piece in told} == {Progress}
    assert told[-1].done == told[-1].total


def test_the_image_is_surveyed_once(monkeypatch, small):
    surveyed = []
    original = curve_module.prepare

    def prepare(pixels, *given):
        surveyed.append(pixels)
        return original(pixels, *given)

    monkeypatch.setattr(curve_module, "prepare", prepare)
    error_curve(small, max_colors=6)
    assert len(surveyed) == 1


def test_it_can_be_stopped_after_a_point(small):
    points = []

    def stop(_piece):
        if points:
            raise InterruptedError

    with pytest.raises(InterruptedError), Monitor(stop) as monitor:
        curve_of(see_pixels(small), Parameters(), points.append, monitor)
    assert len(points) == 1


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        (
            {"max_colors": 1},
            ValueError,
            "max_colors is 1: pass a number from 2 to 65,535.",
        ),
        (
            {"max_colors": 2.5},
            TypeError,
            "max_colors is 2.5: pass a whole number.",
        ),
        (
            {"method": "median"},
            ValueError,
            "method 'median' is unknown: pass one of 'kmeans', 'wu', 'random'.",
        ),
    ],
)
def test_what_has_no_curve_is_refused(small, options, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        error_curve(small, **options)


# ------------------------------------------------------------------ the elbow


def points_of(decibels, first=2):
    return [CurvePoint(first + i, 1.0, db) for i, db in enumerate(decibels)]


@pytest.mark.parametrize(
    ("decibels", "elbow"),
    [
        ([10, 20, 21, 22], 3),
        ([10, 11, 30, 31, 32], 4),
        ([10, 20, 30, 40], 5),  # no bend
        ([10, 11, 13, 40], 5),  # the other way
        ([10, 20, inf], 4),
        ([10, 57, inf], 3),  # nearly without error before
        ([60, 90, 91, inf], 3),
        ([inf], 2),
        ([10], 2),
        ([10, 20], 3),
        ([inf, inf], 2),
        ([10, 10, 10], 2),
        ([20, 15, 10], 2),
        ([-inf, 10, 11, 12], 3),
    ],
)
def test_the_elbow_is_farthest_beyond_the_chord(decibels, elbow):
    assert suggest_elbow(points_of(decibels)) == elbow


@given(
    start=st.floats(-5, 25),
    rise=st.floats(1, 6),
    bend=st.integers(3, 60),
    part=st.floats(0, 0.9),
)
def test_the_elbow_of_two_lines_is_where_they_meet(start, rise, bend, part):
    """Steeper before than after, by whatever slopes."""
    decibels = [
        start + rise / 10 * (min(n, bend) + part * max(0, n - bend))
        for n in range(2, 65)
    ]
    assert suggest_elbow(points_of(decibels)) == bend


@pytest.mark.parametrize("n_colors", [3, 4, 5, 8, 12])
@pytest.mark.parametrize("noise", [1, 4, 12])
def test_the_number_of_colours_that_are_well_apart_is_found(n_colors, noise):
    random = np.random.default_rng(0)
    grid = np.stack(np.meshgrid(*[[40, 128, 215]] * 3), axis=-1).reshape(-1, 3)
    colors = random.permutation(grid)[:n_colors]
    image = random.choice(colors, (50, 50)) + random.normal(0, noise, (50, 50, 3))
    assert error_curve(image.astype(np.uint8)).elbow == n_colors


def test_the_elbow_of_a_photograph(china):
    assert 10 <= error_curve(china).elbow <= 24


def test_no_points_have_no_elbow():
    with pytest.raises(ValueError, match=r"^a curve without points has no elbow: pass"):
        suggest_elbow([])
