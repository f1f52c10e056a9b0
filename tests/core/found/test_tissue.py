"""Tissue of a slide, and the stains and scales that are found in it."""

import re

import numpy as np
import pytest

from napari_colorquant.core.color.stains import as_rows, degrees_between
from napari_colorquant.core.found.tissue import scales_in, tissue_of, vectors_in
from stained_slides import HDAB, HE, INKS, OTHER_HE, cells, stained

AMOUNTS, _ = cells()


def light_of(vectors, staining=1.0):
    return stained(AMOUNTS, vectors, staining).reshape(-1, 3) / 255


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
