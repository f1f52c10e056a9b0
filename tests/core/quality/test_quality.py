from __future__ import annotations

import re
from math import inf

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import (
    mean_squared_error,
    peak_signal_noise_ratio,
    structural_similarity,
)

from napari_colorquant import Palette, apply_palette, measure_quality
from napari_colorquant.core.color.distinct import MAX_COUNTED
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.quality import ssim as similarity_module
from napari_colorquant.core.quality.quality import Quality, measure, psnr
from plain import Case, images


@pytest.fixture(scope="module")
def pictures(china):
    """china.jpg, and itself with few bits a channel."""
    return china, china & 0b11100000


def delta_e(a, b):
    return deltaE_ciede2000(rgb2lab(a), rgb2lab(b))


@pytest.mark.parametrize(
    ("error", "data_range", "decibels"),
    [
        (1.0, 255.0, 48.1308036086791),
        (1.0, 1.0, 0.0),
        (100.0, 1.0, -20.0),
        (0.0, 255.0, inf),
        (0.0, 0.0, inf),
        (1.0, 0.0, -inf),
        (1e-300, 1e-140, 20.0 * 10),
    ],
)
def test_psnr(error, data_range, decibels):
    assert psnr(error, data_range) == pytest.approx(decibels, rel=1e-12)


@pytest.mark.parametrize("tile_pixels", [1000, 2**18])
def test_the_measures_are_those_of_scikit_image(monkeypatch, pictures, tile_pixels):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
    quality = measure_quality(*pictures, ssim=True, delta_e=True)
    assert quality.n_colors_before == 96_615
    assert quality.n_colors_after == len(np.unique(pictures[1].reshape(-1, 3), axis=0))
    assert quality.mse == pytest.approx(3 * mean_squared_error(*pictures), rel=1e-12)
    assert quality.psnr == pytest.approx(peak_signal_noise_ratio(*pictures), rel=1e-12)
    assert quality.data_range == 255
    similarity = structural_similarity(*pictures, channel_axis=-1)
    assert quality.ssim == pytest.approx(similarity, rel=1e-12)
    differences = delta_e(*pictures)
    assert quality.delta_e == pytest.approx(differences.mean(), rel=1e-12)
    assert quality.delta_e_95 == pytest.approx(np.percentile(differences, 95), rel=1e-6)


@pytest.mark.parametrize("band_pixels", [1, 640 * 50, 640 * 421, 10**6])
def test_ssim_does_not_depend_on_the_bands(monkeypatch, pictures, band_pixels):
    monkeypatch.setattr(similarity_module, "_BAND_PIXELS", band_pixels)
    monkeypatch.setattr(similarity_module, "_LEAST_ROWS", 1)
    a, b = (picture[:, :9] for picture in pictures)
    similarity = structural_similarity(a, b, channel_axis=-1)
    assert measure_quality(a, b, ssim=True).ssim == pytest.approx(similarity, rel=1e-12)


@given(images())
def test_the_percentile_is_that_of_all_compared_pixels(case: Case):
    palette = Palette(case.colors[case.valid][[0, -1]])
    drawn = apply_palette(case.image, palette, **case.how).image
    quality = measure_quality(case.image, drawn, delta_e=None, **case.how)
    colors = [case.colors_of(p)[case.valid] for p in (case.image, drawn)]
    kind = case.image.dtype.kind
    low, high = colors[0].min(), colors[0].max()
    if colors[0].shape[1] != 3 or not (
        kind == "u" or (kind == "f" and low >= 0 and high <= 1)
    ):
        assert quality.delta_e is None
        assert quality.delta_e_95 is None
        return
    white = np.iinfo(case.image.dtype).max if kind == "u" else 1
    differences = delta_e(*(c.astype(np.float64) / white for c in colors))
    assert quality.delta_e == pytest.approx(differences.mean(), rel=1e-9, abs=1e-12)
    ninety_five = np.percentile(differences, 95)
    assert quality.delta_e_95 == pytest.approx(ninety_five, rel=1e-6, abs=1e-6)


def test_the_percentile_of_a_tiny_image():
    """Of 0 and of black in place of white, which differ by 100."""
    image = np.zeros((3, 7, 3), np.uint8)
    redrawn = image.copy()
    image[0, :2] = 255  # 2 of 21: the 95th percentile is the second of them
    quality = measure_quality(image, redrawn, delta_e=True)
    assert quality.delta_e == pytest.approx(200 / 21, rel=1e-6)
    assert quality.delta_e_95 == pytest.approx(100, rel=1e-6)
    image[0, 1] = 0  # 1 of 21: it is the largest of those that are 0
    quality = measure_quality(image, redrawn, delta_e=True)
    assert quality.delta_e_95 == 0
    mask = np.zeros((3, 7), bool)
    mask[0] = True  # 1 of 7: seven tenths of the way from the last 0
    quality = measure_quality(image, redrawn, mask=mask, delta_e=True)
    assert quality.delta_e_95 == pytest.approx(70, rel=1e-6)


@pytest.mark.parametrize(
    ("shape", "dtype", "channel_axis", "measured"),
    [
        ((7, 7, 3), "uint8", -1, {"ssim", "delta_e"}),
        ((6, 7, 3), "uint8", -1, {"delta_e"}),
        ((7, 7), "uint8", None, {"ssim"}),
        ((7, 3), "uint8", 1, {"delta_e"}),
        ((7, 7, 3), "int16", -1, {"ssim"}),
        ((7, 7, 3), "float32", -1, {"ssim"}),
        ((7, 7, 2), "uint8", 2, {"ssim"}),
    ],
)
def test_judging_measures_what_applies(shape, dtype, channel_axis, measured):
    image = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    pixels = see_pixels(image, channel_axis)
    quality = measure(pixels, pixels, Monitor())
    assert {name for name in ("ssim", "delta_e") if getattr(quality, name)} == (
        measured - {"delta_e"}
    )
    assert (quality.delta_e is not None) == ("delta_e" in measured)
    assert (quality.delta_e_95 is not None) == ("delta_e" in measured)


@pytest.mark.parametrize("tile_pixels", [100, 2**18])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
@pytest.mark.parametrize("ssim", [None, False])
@pytest.mark.parametrize("delta_e", [None, False])
def test_judging_tells_how_far_it_is(
    monkeypatch, pictures, tile_pixels, dtype, ssim, delta_e
):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
    monkeypatch.setattr(similarity_module, "_BAND_PIXELS", 50)
    before, after = (see_pixels((p[:40, :50] / 255).astype(dtype)) for p in pictures)
    told = []
    measure(before, after, Monitor(told.append), ssim=ssim, delta_e=delta_e)
    assert {piece.step for piece in told} == {"judge"}
    assert {piece.total for piece in told} == {1000}
    done = [piece.done for piece in told]
    assert done == sorted(done)
    assert min(done) >= 1
    assert done[-1] == 1000
    if tile_pixels == 100:
        assert len(set(done)) > 20


@pytest.mark.parametrize(
    ("n_colors", "words"),
    [(96_615, "96,615"), (MAX_COUNTED, "over 1,048,576"), (5_000_000, "5,000,000")],
)
def test_colours_in_words(n_colors, words):
    quality = Quality(
        n_colors_before=n_colors,
        n_colors_after=n_colors,
        mse=0.0,
        psnr=inf,
        data_range=1.0,
        ssim=None,
        delta_e=None,
        delta_e_95=None,
    )
    assert quality.colors_before == quality.colors_after == words


def test_the_dear_measures_are_left_out_unless_asked_for(pictures):
    quality = measure_quality(*pictures)
    assert quality.ssim is None
    assert quality.delta_e is None
    assert quality.delta_e_95 is None


@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_other_dtypes_have_the_range_of_their_values(pictures, dtype):
    a, b = (picture[:99, :80].astype(dtype) * 100 for picture in pictures)
    data_range = float(a.max()) - float(a.min())
    quality = measure_quality(a, b, ssim=True)
    a, b = a.astype(np.float64), b.astype(np.float64)
    decibels = peak_signal_noise_ratio(a, b, data_range=data_range)
    similarity = structural_similarity(a, b, channel_axis=-1, data_range=data_range)
    assert quality.data_range == data_range
    assert quality.psnr == pytest.approx(decibels, rel=1e-12)
    assert quality.ssim == pytest.approx(similarity, rel=1e-9)


@pytest.mark.parametrize(
    ("dtype", "white"), [("uint16", 65_535), ("float32", 1.0), ("float64", 1.0)]
)
def test_colour_differences_take_the_dtypes_white(pictures, dtype, white):
    a, b = ((p[:99, :80] / 255 * white).astype(dtype) for p in pictures)
    quality = measure_quality(a, b, delta_e=True)
    a, b = a.astype(np.float64) / white, b.astype(np.float64) / white
    assert quality.delta_e == pytest.approx(delta_e(a, b).mean(), rel=1e-6)


def test_only_pixels_inside_the_mask_are_compared(monkeypatch, pictures):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 2000)  # some tiles are empty
    mask = np.zeros(pictures[0].shape[:2], bool)
    mask[100:200, 300:400] = True
    a, b = (picture[100:200, 300:400] for picture in pictures)
    quality = measure_quality(*pictures, mask=mask, delta_e=True)
    assert quality.mse == pytest.approx(3 * mean_squared_error(a, b), rel=1e-12)
    assert quality.delta_e == pytest.approx(delta_e(a, b).mean(), rel=1e-12)
    assert quality.n_colors_before == len(np.unique(a.reshape(-1, 3), axis=0))
    assert quality.n_colors_after == len(np.unique(b.reshape(-1, 3), axis=0))


@pytest.mark.parametrize("band_pixels", [2**16, 50 * 20])
def test_ssim_inside_a_mask_is_that_of_the_pixels_cut_out(
    monkeypatch, pictures, band_pixels
):
    monkeypatch.setattr(similarity_module, "_BAND_PIXELS", band_pixels)
    monkeypatch.setattr(similarity_module, "_LEAST_ROWS", 3)
    crop = np.s_[10:41, 5:30]
    a, b = (picture[100:160, 100:150].copy() for picture in pictures)
    expected = structural_similarity(a[crop], b[crop], channel_axis=-1)
    mask = np.zeros(a.shape[:2], bool)
    mask[crop] = True
    b[~mask] = a[~mask]  # as a masked result has them
    quality = measure_quality(a, b, mask=mask, ssim=True)
    assert quality.ssim == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("rows", [slice(20, 26), slice(20, 21)])
def test_ssim_inside_a_narrow_mask_is_that_around_its_pixels(pictures, rows):
    a, b = (picture[:50, :50].copy() for picture in pictures)
    mask = np.zeros((50, 50), bool)
    mask[rows] = True
    quality = measure_quality(a, b, mask=mask, ssim=True)
    a[~mask] = b[~mask] = 0
    _, each = structural_similarity(a, b, channel_axis=-1, full=True)
    assert quality.ssim == pytest.approx(each[rows, 3:-3].mean(), rel=1e-9)


def test_ssim_has_no_window_at_the_edge_of_a_plane(pictures):
    a, b = (picture[:50, :50] for picture in pictures)
    mask = np.zeros((50, 50), bool)
    mask[:3] = True
    assert measure_quality(a, b, mask=mask, ssim=True).ssim is None


def test_nan_is_not_compared():
    a = np.linspace(0, 1, 300).reshape(10, 10, 3)
    b = a + 0.5
    a[3, 4, 1] = np.nan
    quality = measure_quality(a, b, ssim=True, delta_e=True)
    assert quality.mse == pytest.approx(0.75)
    assert np.isfinite([quality.ssim, quality.delta_e]).all()


def test_a_stack_has_the_mean_similarity_of_its_planes(pictures):
    stacks = [
        np.stack([picture[:60, :50], picture[60:120, :50]]) for picture in pictures
    ]
    planes = [
        structural_similarity(a, b, channel_axis=-1)
        for a, b in zip(*stacks, strict=True)
    ]
    quality = measure_quality(*stacks, ssim=True)
    assert quality.ssim == pytest.approx(np.mean(planes), rel=1e-12)


def test_a_grey_image(pictures):
    a, b = (picture[..., 0] for picture in pictures)
    quality = measure_quality(a, b, channel_axis=None, ssim=True)
    assert quality.mse == pytest.approx(mean_squared_error(a, b), rel=1e-12)
    assert quality.ssim == pytest.approx(structural_similarity(a, b), rel=1e-12)


def test_equal_pictures(china):
    quality = measure_quality(china, china, ssim=True, delta_e=True)
    assert (quality.mse, quality.psnr, quality.delta_e) == (0, inf, 0)
    assert quality.ssim == pytest.approx(1)


def test_pictures_of_one_colour():
    a = np.full((8, 8), 5.0)
    quality = measure_quality(a, a, channel_axis=None, ssim=True)
    assert (quality.mse, quality.psnr, quality.ssim) == (0, inf, 1)


@pytest.mark.parametrize("unit", [1e-300, 1e300])
def test_psnr_and_ssim_do_not_depend_on_the_unit(unit):
    a = np.random.default_rng(0).random((9, 9, 3))
    plain = measure_quality(a, a[::-1], ssim=True)
    scaled = measure_quality(a * unit, a[::-1] * unit, ssim=True)
    assert scaled.psnr == pytest.approx(plain.psnr)
    assert scaled.ssim == pytest.approx(plain.ssim)


@pytest.mark.parametrize(
    ("shapes", "dtypes", "options", "sentence"),
    [
        (
            [(9, 9, 3), (9, 8, 3)],
            ["uint8", "uint8"],
            {},
            "the original has the shape (9, 9, 3) and dtype uint8, the redrawn image "
            "(9, 8, 3) and uint8: pass two images of one shape and dtype.",
        ),
        (
            [(9, 9, 3), (9, 9, 4)],
            ["uint8", "uint8"],
            {},
            "the original has the shape (9, 9, 3) and dtype uint8, the redrawn image "
            "(9, 9, 4) and uint8: pass two images of one shape and dtype.",
        ),
        (
            [(9, 9, 3), (9, 9, 3)],
            ["uint8", "float64"],
            {},
            "the original has the shape (9, 9, 3) and dtype uint8, the redrawn image "
            "(9, 9, 3) and float64: pass two images of one shape and dtype.",
        ),
        (
            [(9, 9), (9, 9)],
            ["uint8", "uint8"],
            {"channel_axis": None, "delta_e": True},
            "ΔE2000 needs RGB, and the image has 1 channel: ask for PSNR in its place.",
        ),
        (
            [(9, 6, 3), (9, 6, 3)],
            ["uint8", "uint8"],
            {"ssim": True},
            "SSIM needs planes of at least 7 x 7 pixels, and the image has the shape "
            "(9, 6): leave ssim out.",
        ),
        (
            [(2, 50), (2, 50)],
            ["uint8", "uint8"],
            {"channel_axis": 0, "ssim": True},
            "SSIM needs planes of at least 7 x 7 pixels, and the image has the shape "
            "(50,): leave ssim out.",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(shapes, dtypes, options, sentence):
    pictures = [np.zeros(s, d) for s, d in zip(shapes, dtypes, strict=True)]
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        measure_quality(*pictures, **options)


@pytest.mark.parametrize(
    ("values", "dtype", "sentence"),
    [
        (
            [0, 2.5],
            "float32",
            "ΔE2000 needs values from 0 to 1, and there are some from 0 to 2.5: divide "
            "by their range first, or pass delta_e=False.",
        ),
        (
            [-7, 9],
            "int16",
            "ΔE2000 needs values from 0 to 32767, and there are some from -7 to 9: "
            "divide by their range first, or pass delta_e=False.",
        ),
    ],
)
def test_values_that_are_no_light_have_no_delta_e(values, dtype, sentence):
    image = np.resize(np.array(values, dtype), (8, 8, 3))
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        measure_quality(image, image, delta_e=True)
    assert measure_quality(image, image, delta_e=None).delta_e is None


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("is_lazy", [False, True])
def test_a_redrawn_picture_with_no_number_where_the_original_has_one_is_refused(
    value, is_lazy
):
    a = np.linspace(0, 1, 12 * 14 * 3).reshape(12, 14, 3)
    b = a.copy()
    b[3, 4, 1] = value
    pair = [da.from_array(one, chunks=(6, 7, 3)) if is_lazy else one for one in (a, b)]
    with pytest.raises(
        ValueError, match=r"^the redrawn image is NaN or infinite where"
    ):
        measure_quality(*pair)
    mask = np.ones((12, 14), bool)
    mask[3, 4] = False
    assert measure_quality(*pair, mask=mask).mse == 0
