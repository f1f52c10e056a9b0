"""Stains of images: estimated, measured, and redrawn as those of another slide."""

import re

import dask.array
import numpy as np
import pytest

from napari_colorquant import (
    estimate_stains,
    normalize_stains,
    quantize,
    stain_scales,
)
from stained_slides import HDAB, HE, INKS, OTHER_HE, cells, stained

AMOUNTS, NUCLEI = cells()
SLIDE, OTHER = stained(AMOUNTS, HE), stained(AMOUNTS, OTHER_HE, 0.45)
ONE_STAIN = stained(AMOUNTS * (1, 0), HDAB)


def in_blocks(array):
    return dask.array.from_array(array, (256, 256, 3)[: array.ndim])


def test_a_slide_has_the_same_stains_in_all_units():
    expected = estimate_stains(SLIDE)
    assert (expected.shape, expected.dtype) == ((2, 3), np.float64)
    np.testing.assert_allclose(np.linalg.norm(expected, axis=1), 1)
    for dtype, most in (("uint16", 0.01), ("float32", 0.01), ("float64", 0.01)):
        found = estimate_stains(stained(AMOUNTS, HE, dtype=dtype))
        np.testing.assert_allclose(found, expected, atol=most)
    twelve = stained(AMOUNTS, HE, dtype="uint16") >> 4
    np.testing.assert_allclose(estimate_stains(twelve), expected, atol=0.01)
    brighter = stained(AMOUNTS, HE, dtype="float64") * 3
    found = estimate_stains(brighter, data_range=3)
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_transparent_and_masked_pixels_do_not_count():
    opaque = np.full((256, 256, 1), 255, np.uint8)
    rgba = np.concatenate([SLIDE, opaque], axis=2)
    rgba[:99] = (*INKS["blue"], 0)
    outside = SLIDE.copy()
    outside[:99] = 0, 200, 200
    mask = np.arange(256)[:, np.newaxis] >= np.full(256, 99)
    expected = estimate_stains(SLIDE[99:])
    np.testing.assert_array_equal(estimate_stains(rgba), expected)
    np.testing.assert_array_equal(estimate_stains(outside, mask=mask), expected)


def test_lazy_slides_have_the_same_stains_and_pictures():
    lazy = dask.array.from_array(SLIDE, (100, 70, 3))
    np.testing.assert_array_equal(estimate_stains(lazy), estimate_stains(SLIDE))
    np.testing.assert_array_equal(stain_scales(lazy), stain_scales(SLIDE))
    redrawn = normalize_stains(lazy, OTHER)
    assert isinstance(redrawn, dask.array.Array)
    np.testing.assert_array_equal(redrawn, normalize_stains(SLIDE, OTHER))


def test_a_slide_larger_than_memory_has_nearly_the_same_stains():
    tiled = dask.array.tile(dask.array.from_array(SLIDE, (256, 256, 3)), (20, 20, 1))
    np.testing.assert_allclose(
        estimate_stains(tiled), estimate_stains(SLIDE), atol=0.002
    )


def test_a_slide_is_redrawn_as_another():
    redrawn = normalize_stains(SLIDE, OTHER).astype(float)
    expected = stained(AMOUNTS, OTHER_HE, 0.45)
    assert np.abs(SLIDE.astype(float) - expected).mean() > 30
    assert np.abs(redrawn - expected).mean() < 2
    given = normalize_stains(SLIDE, (OTHER_HE, [0.5, 0.25]), stains=HE)
    assert np.abs(given.astype(float) - expected).mean() < 3


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_slide_as_itself_stays(dtype):
    slide = stained(AMOUNTS, HE, dtype=dtype)
    slide[:20, :20] = slide[0, 0, ::-1]  # that is neither stain
    redrawn = normalize_stains(slide, slide)
    assert redrawn.dtype == dtype
    np.testing.assert_allclose(redrawn, slide, rtol=1e-5)


def test_what_is_no_stain_stays():
    slide = np.dstack([stained(AMOUNTS, HE, dtype="float64"), np.full((256, 256), 0.5)])
    slide[0, 0, 1], slide[1, 1, 0] = np.nan, np.inf
    before = slide.copy()
    redrawn = normalize_stains(slide, OTHER)
    np.testing.assert_array_equal(slide, before)
    np.testing.assert_array_equal(redrawn[..., 3], 0.5)
    np.testing.assert_array_equal(redrawn[[0, 1], [0, 1]], before[[0, 1], [0, 1]])
    assert not np.allclose(redrawn[5:, 5:], before[5:, 5:])


def test_three_stains_are_given():
    three = [*HE, HDAB[1]]
    amounts = np.dstack([AMOUNTS, NUCLEI[::-1] * 0.8])
    slide = stained(amounts, np.array(three))
    scales = stain_scales(slide, three)
    np.testing.assert_allclose(scales, [1.1, 0.56, 0.82], atol=0.03)
    redrawn = normalize_stains(slide, (three, scales / 2), stains=three).astype(float)
    expected = stained(amounts / 2, np.array(three))
    assert np.abs(redrawn - expected).mean() < 4


@pytest.mark.parametrize(
    ("call", "where", "instead"),
    [
        (
            lambda: estimate_stains(ONE_STAIN),
            "the tissue",
            "an image that has both, or regions that are painted over each.",
        ),
        (
            lambda: stain_scales(ONE_STAIN),
            "the tissue",
            "stains of a slide that has both.",
        ),
        (
            lambda: normalize_stains(ONE_STAIN, OTHER),
            "the tissue",
            "stains of a slide that has both.",
        ),
        (
            lambda: normalize_stains(SLIDE, ONE_STAIN),
            "the tissue of the slide to match",
            "the vectors and scales of two stains.",
        ),
        (
            lambda: quantize(ONE_STAIN, 3, color_space="stains"),
            "the tissue",
            "stains of a slide that has both, or compare in color_space='lab'.",
        ),
    ],
    ids=["estimate", "scales", "normalize", "match", "quantize"],
)
def test_one_stain_alone_is_refused_with_what_can_be_passed_there(call, where, instead):
    sentence = (
        rf"^{where} has one stain alone: its colors lie within \d.\d degrees, and two "
        rf"stains are 10 or more apart: pass {re.escape(instead)}$"
    )
    with pytest.raises(ValueError, match=sentence):
        call()


def test_a_stain_that_is_not_there_is_not_stretched():
    with pytest.warns(UserWarning, match=r"^Stain 2 has an optical density of 0.02 in"):
        scales = stain_scales(ONE_STAIN, HDAB)
    assert scales[0] == pytest.approx(scales[1])
    with pytest.warns(UserWarning, match=r"^Stain 2 has an optical density of 0.02 in"):
        redrawn = normalize_stains(ONE_STAIN, (HDAB, scales), stains=HDAB)
    np.testing.assert_allclose(redrawn, ONE_STAIN, atol=1)


@pytest.mark.parametrize("value", [-0.01, 1.01])
@pytest.mark.parametrize("kind", [np.asarray, in_blocks], ids=["memory", "lazy"])
def test_every_pixel_that_is_redrawn_is_checked(value, kind):
    slide = np.tile(stained(AMOUNTS, HE, dtype="float64"), (5, 1, 1))
    slide[1000, 7, 1] = value  # among more pixels than are drawn to estimate from
    mask = np.arange(1280)[:, np.newaxis] < np.full(256, 900)
    sentence = r"^stains need values from 0 to 1, and the image has some from .* to "
    with pytest.raises(ValueError, match=sentence):
        np.asarray(normalize_stains(kind(slide), (HE, [1, 1]), mask=mask))
    with pytest.raises(ValueError, match=sentence):
        np.asarray(normalize_stains(kind(slide), (HE, [1, 1])))
    with pytest.raises(ValueError, match=sentence):
        estimate_stains(slide)
    slide[1000, 7, 1] = np.nan
    redrawn = np.asarray(normalize_stains(kind(slide), (HE, [1, 1])))
    assert np.isnan(redrawn[1000, 7, 1])


def test_a_slide_to_match_has_a_white_of_its_own():
    bright = stained(AMOUNTS, OTHER_HE, 0.45, dtype="float64") * 2
    sentence = (
        f"stains need values from 0 to 1, and the slide to match has some from "
        f"{bright.min():g} to {bright.max():g}: divide by their range first, or pass "
        "the vectors and scales of its stains."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        normalize_stains(SLIDE, bright)
    stains = estimate_stains(bright, data_range=2)
    scales = stain_scales(bright, stains, data_range=2)
    expected = normalize_stains(SLIDE, bright / 2)
    np.testing.assert_array_equal(normalize_stains(SLIDE, (stains, scales)), expected)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: estimate_stains(SLIDE, 3),
            ValueError,
            "n_stains is 3: two stains can be estimated; of three, pass regions.",
        ),
        (
            lambda: estimate_stains(SLIDE[..., 0]),
            ValueError,
            "the image has the shape (256, 256): pass one with red, green and blue on "
            "its last axis.",
        ),
        (
            lambda: estimate_stains(SLIDE * 1.0),
            ValueError,
            "stains need values from 0 to 1, and the image has some from 27 to 254: "
            "divide by their range first, or pass the value of white as data_range.",
        ),
        (
            lambda: normalize_stains(SLIDE, OTHER[..., 0]),
            ValueError,
            "the slide to match has the shape (256, 256): pass one with red, green and "
            "blue on its last axis.",
        ),
        (
            lambda: normalize_stains(SLIDE, (HE, [1, 1]), stains=np.eye(3)),
            ValueError,
            "the image has 3 stains, and to has 2: pass the vectors of as many as "
            "stains.",
        ),
        (
            lambda: normalize_stains(SLIDE, (HE, [1])),
            ValueError,
            "to holds 1: pass 2 numbers, one for each stain.",
        ),
        (
            lambda: normalize_stains(SLIDE, ("HE", [1, 1])),
            TypeError,
            "to is 'HE': pass a list of stains, each of three optical densities.",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()
