"""Stains of colours: amounts and back, vectors and scales."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_colorquant.core.color.stains import (
    Stains,
    check_scales,
    check_stains,
    check_vectors,
    density_of,
)
from stained_slides import HE, OTHER_HE

THREE = ((0.65, 0.70, 0.29), (0.07, 0.99, 0.11), (0.27, 0.57, 0.78))


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
