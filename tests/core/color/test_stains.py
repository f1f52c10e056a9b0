"""Stains of colours: amounts and back, tissue, vectors and scales."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_colorquant.core.color.stains import (
    Stains,
    as_rows,
    check_scales,
    check_stains,
    check_vectors,
    degrees_between,
    density_of,
)
from napari_colorquant.core.found.tissue import scales_in, tissue_of, vectors_in
from stained_slides import HDAB, HE, INKS, OTHER_HE, cells, stained

AMOUNTS, NUCLEI = cells()
THREE = ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78))


def light_of(vectors, staining=1.0):
    return stained(AMOUNTS, vectors, staining).reshape(-1, 3) / 255


@pytest.mark.parametrize("vectors", [HE.tolist(), OTHER_HE.tolist(), THREE])
@given(light=arrays(np.float64, (5, 3), elements=st.floats(1 / 512, 1)))
def test_light_comes_back_from_amounts(vectors, light):
    stains = Stains.of(check_vectors(vectors), [0.5, 1.5, 2.5][: len(vectors)])
    np.testing.assert_allclose(stains.light(stains.amounts(light)), light, rtol=1e-9)


def test_amounts_are_parts_of_full_staining():
    stains = Stains.of(HE, (1.5, 0.5))
    light = 10 ** -(np.array([[1.5, 0.25], [0, 0.5], [0, 0]]) @ HE)
    expected = [[1, 0.5, 0], [0, 1, 0], [0, 0, 0]]
    np.testing.assert_allclose(stains.amounts(light), expected, atol=1e-12)


def test_what_neither_of_two_stains_has_is_the_third_amount():
    stains = Stains(((1.0, 0.0, 0.0), (0.0, 1.0, 0.0)))
    amounts = stains.amounts(np.array([[0.1, 0.01, 0.001]]))
    expected = [[1, 2, -np.log10(1 / 512)]]
    np.testing.assert_allclose(amounts, expected)


@pytest.mark.parametrize("staining", [1.0, 0.45, 0.3])
@pytest.mark.parametrize("vectors", [HE, OTHER_HE, HDAB], ids=["HE", "other", "HDAB"])
def test_two_stains_are_found_in_slides_that_are_pale_too(vectors, staining):
    found = vectors_in(tissue_of(light_of(vectors, staining)))
    nucleus = (1, 0.15) @ vectors  # as it is drawn
    nucleus /= np.linalg.norm(nucleus)
    assert degrees_between(found[0], nucleus) < 2
    assert degrees_between(found[1], vectors[1]) < 3


@pytest.mark.parametrize("ink", INKS)
def test_ink_changes_nothing(ink):
    slide = stained(AMOUNTS, HE, 0.45)
    expected = vectors_in(tissue_of(slide.reshape(-1, 3) / 255))
    # Of a fifth of the glass, and a third of the tissue with its share of nuclei.
    slide[:, 200:210] = slide[::3] = INKS[ink]
    found = vectors_in(tissue_of(slide.reshape(-1, 3) / 255))
    angles = [degrees_between(*two) for two in zip(expected, found, strict=True)]
    assert max(angles) < 0.3


@pytest.mark.parametrize("glass", [(255, 255, 255), (230, 230, 228), (215, 217, 214)])
def test_glass_is_no_tissue(glass):
    light = np.concatenate([light_of(HE), np.full((10**6, 3), glass) / 255])
    np.testing.assert_array_equal(tissue_of(light), tissue_of(light_of(HE)))


@pytest.mark.parametrize(
    ("color", "sentence"),
    [
        (
            (250, 250, 248),
            "only 0 of 400 pixels are tissue, and stains are estimated from 100 or "
            "more: pass an image of stained tissue in front of bright glass, or the "
            "value of white as data_range.",
        ),
        (
            INKS["blue"],
            "400 pixels have the color of blue, green or black ink, and only 0 that of "
            "other stains: leave the ink out, by a mask of tissue or by cutting "
            "it off.",
        ),
    ],
    ids=["glass", "ink"],
)
def test_no_tissue_is_an_error(color, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        tissue_of(np.full((400, 3), color) / 255)


def test_scales_are_the_99th_percentile_of_tissue():
    first = np.linspace(0.2, 1.2, 101)
    second = np.linspace(0.5, 0.3, 101)
    scales, notes = scales_in(np.stack([first, second], axis=1) @ HE, as_rows(HE))
    np.testing.assert_allclose(scales, [1.19, 0.498])
    assert notes == ()


def test_a_stain_that_is_not_there_is_not_stretched():
    tissue = tissue_of(stained(AMOUNTS * (1, 0), HDAB).reshape(-1, 3) / 255)
    scales, notes = scales_in(tissue, as_rows(HDAB))
    assert scales[0] == scales[1] == pytest.approx(1.1, abs=0.02)
    assert notes == (
        "Stain 2 has an optical density of 0.02 in the tissue, less than 0.15: it is "
        "not stretched to full staining.",
    )


def test_black_is_no_infinite_density():
    np.testing.assert_allclose(density_of(np.zeros((1, 3))), np.log10(512))


@pytest.mark.parametrize(
    ("stains", "sentence"),
    [
        ([[1, 2, 3]], "stains hold 1 row of 3 numbers: pass two or three stains"),
        ([[1, 2], [3, 4]], "stains hold 2 rows of 2 numbers: pass two or three stains"),
        ([], "stains hold 0 rows: pass two or three stains, each with"),
        ([[1, 2, -3], [1, 0, 0]], "stains hold -3: pass optical densities of 0 or mo"),
        ([[0, 0, 0], [1, 0, 0]], "stains hold 0: pass optical densities of 0 or more"),
        ([[1, 2, 3], [2, 4, 6]], "stains are so much alike that their amounts cannot"),
        ([[1, 0, 0], [0, 1, 0], [1, 1, 0]], "stains are so much alike that their amo"),
    ],
)
def test_vectors_that_are_no_stains_are_refused(stains, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}"):
        check_vectors(stains)


def test_vectors_have_the_length_1():
    assert check_stains([[3, 0, 4], [0, 2, 0]]) == ((3, 0, 4), (0, 2, 0))
    assert check_vectors([[3, 0, 4], [0, 2, 0]]) == ((0.6, 0, 0.8), (0, 1, 0))


def test_scales_are_one_for_each_stain():
    assert check_scales([1, 2.5], 2) == (1.0, 2.5)
    with pytest.raises(ValueError, match=r"^stain_scale holds 1: pass 2 numbers, one"):
        check_scales([1], 2)
    with pytest.raises(ValueError, match=r"^stain_scale holds 0.001: pass optical "):
        check_scales([1, 0.001], 2)
    with pytest.raises(ValueError, match=r"^stain_scale is 0: pass a number above 0"):
        check_scales([1, 0], 2)
