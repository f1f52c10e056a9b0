"""Stains from painted regions: one number for each stain, in memory and lazy."""

import re

import dask.array
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_colorquant import estimate_stains, quantize
from napari_colorquant.core.color.stains import degrees_between
from napari_colorquant.core.image import sampling
from stained_slides import HDAB, HE, cells, stained

CELLS, NUCLEI = cells()
THREE = np.array([*HE, HDAB[1]])
"""Haematoxylin, eosin and DAB."""
AMOUNTS = np.dstack([CELLS, np.zeros((256, 256))])
AMOUNTS[:99, :99] = (0, 0, 0.8)
AMOUNTS[99:150, :99] = (0.7, 0, 0)
SLIDE = stained(AMOUNTS, THREE)
REGIONS = np.zeros((256, 256), np.uint8)
REGIONS[100:149, 5:90] = 1
REGIONS[160:, 20:180][~NUCLEI[160:, 20:180]] = 2
REGIONS[5:60, 5:90] = 3


def within(found, expected, most=2):  # glass is not quite white
    angles = [degrees_between(*two) for two in zip(found, expected, strict=True)]
    return max(angles) < most


def test_each_region_has_the_vector_of_its_stain_in_the_order_of_the_numbers():
    found = estimate_stains(SLIDE, regions=REGIONS)
    assert (found.shape, found.dtype) == ((3, 3), np.float64)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1)
    assert within(found, THREE)
    two = np.array([0, 2, 0, 1], np.uint8)[REGIONS]
    assert within(estimate_stains(SLIDE, 2, regions=two), THREE[[2, 0]])


@pytest.mark.parametrize("vectors", [HE, HDAB, THREE[1:]], ids=["HE", "HDAB", "E-DAB"])
@settings(max_examples=8)
@given(
    amounts=st.tuples(st.floats(0.25, 2), st.floats(0.25, 2)),
    pixels=st.integers(30, 200),
)
def test_pure_pixels_give_the_vectors_that_they_are_drawn_with(
    vectors, amounts, pixels
):
    light = 10 ** -(np.diag(amounts) @ vectors)
    slide = np.repeat(light[:, np.newaxis], pixels, axis=1)
    regions = np.repeat([[1], [2]], pixels, axis=1)
    found = estimate_stains(slide, regions=regions)
    np.testing.assert_allclose(found, vectors, atol=1e-12)


def test_pixels_of_glass_in_a_region_do_not_count():
    expected = estimate_stains(SLIDE, regions=REGIONS)
    slide = SLIDE.copy()
    slide[100:149, 5:90][:, ::2] = (251, 252, 250)
    slide[5:60, 5:80] = (240, 238, 236)  # seven of eight pixels
    assert within(estimate_stains(slide, regions=REGIONS), expected, 0.1)


def test_a_few_pixels_of_another_stain_change_little():
    regions = REGIONS.copy()
    regions[149:160, 5:90] = 1  # a sixth of the region is eosin
    assert within(estimate_stains(SLIDE, regions=regions), THREE)


def test_a_painted_stain_may_have_the_color_of_ink():
    slide = SLIDE.copy()
    slide[5:60, 5:90] = (25, 60, 170)
    found = estimate_stains(slide, regions=REGIONS)[2]
    density = -np.log10(np.array((25, 60, 170)) / 255)
    np.testing.assert_allclose(found, density / np.linalg.norm(density))


@pytest.mark.parametrize("regions", [REGIONS, "dask", "zarr"], ids=str)
@pytest.mark.parametrize("image", ["memory", "dask", "zarr"])
def test_lazy_images_and_regions_give_the_same_stains(image, regions):
    def seen(kind, array, chunks):
        if kind == "dask":
            return dask.array.from_array(array, chunks)
        return zarr.array(array, chunks=chunks) if kind == "zarr" else array

    given_regions = REGIONS
    if isinstance(regions, str):
        given_regions = seen(regions, REGIONS, (64, 100))
    found = estimate_stains(seen(image, SLIDE, (90, 70, 3)), regions=given_regions)
    np.testing.assert_array_equal(found, estimate_stains(SLIDE, regions=REGIONS))


def test_of_an_image_larger_than_memory_nothing_but_painted_blocks_is_read(monkeypatch):
    monkeypatch.setattr(sampling, "MOST_PIXELS", 4096)

    def block(block_info):
        (rows, columns), _ = block_info[None]["array-location"][:2], None
        assert (REGIONS[slice(*rows), slice(*columns)] > 0).any()
        return SLIDE[slice(*rows), slice(*columns)]

    sizes = ((32,) * 8, (32,) * 8, (3,))
    lazy = dask.array.map_blocks(
        block, chunks=sizes, dtype=np.uint8, meta=np.empty((0, 0, 0), np.uint8)
    )
    assert within(estimate_stains(lazy, regions=REGIONS), THREE)


def test_masked_and_transparent_pixels_do_not_count():
    expected = estimate_stains(SLIDE, regions=REGIONS)
    slide = SLIDE.copy()
    slide[100:130, 5:90] = (200, 10, 10)
    mask = np.ones((256, 256), bool)
    mask[100:130] = False
    rgba = np.dstack([slide, np.where(mask, 255, 0).astype(np.uint8)])
    for found in (
        estimate_stains(slide, regions=REGIONS, mask=mask),
        estimate_stains(rgba, regions=REGIONS),
        estimate_stains(
            dask.array.from_array(slide, (90, 70, 3)), regions=REGIONS, mask=mask
        ),
    ):
        assert within(found, expected, 0.1)


def test_values_of_other_ranges_have_the_same_stains():
    expected = estimate_stains(SLIDE, regions=REGIONS)
    twelve = stained(AMOUNTS, THREE, dtype="uint16") >> 4
    assert within(estimate_stains(twelve, regions=REGIONS), expected, 0.1)
    lazy = dask.array.from_array(twelve, (90, 70, 3))
    assert within(estimate_stains(lazy, regions=REGIONS), expected, 0.1)
    bright = stained(AMOUNTS, THREE, dtype="float64") * 3
    found = estimate_stains(bright, regions=REGIONS, data_range=3)
    assert within(found, expected, 0.1)
    with pytest.raises(
        ValueError, match=r"^stains need values from 0 to 1, and the im"
    ):
        estimate_stains(bright, regions=REGIONS)


def test_three_painted_stains_are_told_apart():
    vectors = estimate_stains(SLIDE, regions=REGIONS)
    q = quantize(SLIDE, 4, color_space="stains", stains=vectors)
    brown = np.zeros((256, 256), bool)
    brown[:99, :99] = True
    shares = [(q.labels[brown] == n).mean() for n in range(1, 5)]
    assert max(shares) == 1
    assert (q.labels[~brown] == 1 + np.argmax(shares)).mean() < 0.001


def one_number(regions):
    return estimate_stains(SLIDE, regions=regions)


DARK_AND_PALE = np.zeros((256, 256), int)
DARK_AND_PALE[160:, :60], DARK_AND_PALE[160:, 70:130] = 1, 2
MIXED = np.dstack([CELLS[..., 0] * 0, CELLS[..., 0] * 0, CELLS[..., 0] * 0])
MIXED[:60], MIXED[60:120], MIXED[120:] = (1, 0, 0), (0, 1, 0), (0.6, 0.6, 0)
MIXED = stained(MIXED, THREE)
ROWS = np.repeat(np.repeat([1, 2, 3], [60, 60, 136])[:, np.newaxis], 256, axis=1)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (
            lambda: one_number(REGIONS * 0),
            ValueError,
            "the regions of stains are 0 everywhere: paint some pixels of each stain.",
        ),
        (
            lambda: one_number(REGIONS == 1),
            TypeError,
            "the regions of stains have the dtype bool: pass the whole numbers of "
            "stains, 0 where nothing was painted.",
        ),
        (
            lambda: one_number((REGIONS == 1).astype(int)),
            ValueError,
            "the painted stains have the numbers 1: number them 1 and 2 or 1, 2 and 3, "
            "one for each stain.",
        ),
        (
            lambda: one_number(REGIONS * 2),
            ValueError,
            "the painted stains have the numbers 2, 4, 6: number them 1 and 2 or 1, 2 "
            "and 3, one for each stain.",
        ),
        (
            lambda: estimate_stains(SLIDE, 2, regions=REGIONS),
            ValueError,
            "the painted stains have the numbers 1, 2, 3: number them 1 and 2, one for "
            "each stain.",
        ),
        (
            lambda: one_number(REGIONS.astype(int) - 1),
            ValueError,
            "the regions of stains are -1 somewhere: pass stains from 1, and 0 where "
            "nothing was painted.",
        ),
        (
            lambda: one_number(REGIONS[:99]),
            ValueError,
            "the regions of stains have the shape (99, 256): pass the shape of the "
            "image without its channels, (256, 256).",
        ),
        (
            lambda: estimate_stains(SLIDE, regions=REGIONS, mask=REGIONS != 2),
            ValueError,
            "stain 2 of the regions of stains has no pixel to learn from: paint it "
            "where the image is quantized, inside the mask, opaque and finite.",
        ),
        (
            lambda: one_number(np.where(np.arange(256) > 200, 2, REGIONS == 1)),
            ValueError,
            "only 0 of the 14,080 pixels that are painted for stain 2 are stained, and "
            "20 or more are needed: paint it where the stain is, and not on glass.",
        ),
        (
            lambda: estimate_stains(MIXED, regions=ROWS),
            ValueError,
            "the painted stains are nearly mixtures of one another: one is 0.1 degrees "
            "from what the other two mix to, and 5 or more are needed: paint each "
            "where it is alone.",
        ),
        (
            lambda: estimate_stains(SLIDE, 4, regions=REGIONS),
            ValueError,
            "n_stains is 4: pass 2 or 3.",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(call, error, sentence):
    with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
        call()


def test_one_stain_that_is_painted_twice_is_refused_with_the_angle():
    sentence = (
        r"^stains 1 and 2 are painted on nearly the same color: their optical "
        r"densities are 0\.\d degrees apart, and 5 or more are needed: paint each "
        r"where it is alone\.$"
    )
    with pytest.raises(ValueError, match=sentence):
        one_number(DARK_AND_PALE)
