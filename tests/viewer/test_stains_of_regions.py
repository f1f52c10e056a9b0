"""Stains that are painted in layers, for scripts."""

from __future__ import annotations

import re

import dask.array
import numpy as np
import pytest
from napari.layers import Image, Labels, Shapes

from napari_colorquant import estimate_stains, quantize, quantize_layer
from napari_colorquant.viewer.layers.metadata import METADATA_KEY as KEY
from napari_colorquant.viewer.session.script import script_of
from stained_slides import HE, cells, stained

CELLS, NUCLEI = cells()
SLIDE = stained(CELLS, HE)
PAINTED = np.where(NUCLEI, 1, 2)
PAINTED[:, 192:] = 0
SPACE = {"color_space": "stains"}
VECTORS = estimate_stains(SLIDE, regions=PAINTED)


@pytest.mark.parametrize("kind", ["memory", "lazy", "levels"])
def test_a_labels_layer_says_where_each_stain_is(kind):
    data = SLIDE
    if kind != "memory":
        data = dask.array.from_array(SLIDE, (100, 70, 3))
    if kind == "levels":
        data = [data, data[::2, ::2]]
    layer = Image(data, rgb=True, multiscale=kind == "levels", name="slide")
    picture, labels = quantize_layer(layer, 3, stains=Labels(PAINTED), **SPACE)
    expected = quantize(SLIDE, 3, stains=VECTORS, **SPACE)
    first = labels.data[0] if kind == "levels" else labels.data
    np.testing.assert_array_equal(first, expected.labels)
    drawn = picture.data[0] if kind == "levels" else picture.data
    np.testing.assert_array_equal(drawn, expected.image)
    found = labels.metadata[KEY]["parameters"]["stains"]
    np.testing.assert_allclose(found, VECTORS, rtol=1e-12)
    assert repr(found[0][0]) in script_of(labels.metadata[KEY])


def test_what_is_painted_counts_outside_of_where_it_is_quantized():
    within = np.zeros((256, 256), int)
    within[:40] = 1
    layer = Image(SLIDE, rgb=True)
    _, labels = quantize_layer(
        layer, 3, stains=Labels(PAINTED), within=Labels(within), **SPACE
    )
    expected = quantize(SLIDE, 3, stains=VECTORS, mask=within > 0, **SPACE)
    np.testing.assert_array_equal(labels.data, expected.labels)


def test_shapes_are_stains_in_their_order():
    slide = SLIDE.copy()
    slide[120:200, 10:60] = stained(np.full((80, 50, 2), (0, 0.6)), HE)
    slide[20:100, 100:160] = stained(np.full((80, 60, 2), (1, 0)), HE)
    boxes = [
        [[125, 15], [125, 55], [195, 55], [195, 15]],
        [[25, 105], [25, 155], [95, 155], [95, 105]],
    ]
    regions = np.zeros((256, 256), int)
    regions[126:195, 16:55], regions[26:95, 106:155] = 1, 2
    shapes = Shapes(boxes, shape_type="polygon")
    _, labels = quantize_layer(Image(slide, rgb=True), 3, stains=shapes, **SPACE)
    found = labels.metadata[KEY]["parameters"]["stains"]
    expected = estimate_stains(slide, regions=regions)
    np.testing.assert_allclose(found, expected, atol=0.005)


def test_three_stains_have_three_weights():
    slide, painted = SLIDE.copy(), PAINTED.copy()
    slide[:99, :99], painted[:99, :99] = (150, 90, 40), 3
    weights = (1.0, 2.0, 0.5)
    _, labels = quantize_layer(
        Image(slide, rgb=True), 3, stains=Labels(painted), weights=weights, **SPACE
    )
    vectors = estimate_stains(slide, regions=painted)
    expected = quantize(slide, 3, stains=vectors, weights=weights, **SPACE)
    assert len(vectors) == 3
    np.testing.assert_array_equal(labels.data, expected.labels)


@pytest.mark.parametrize(
    ("layer", "how", "sentence"),
    [
        (
            Image(SLIDE, rgb=True),
            {"color_space": "lab"},
            "stains is for color_space='stains', and color_space is 'lab': pass one or "
            "the other.",
        ),
        (
            Image(SLIDE[..., 0]),
            SPACE,
            "color_space 'stains' needs red, green and blue, and the image has 1 "
            "channel: pass color_space='rgb', which takes any channels.",
        ),
        (
            Image(SLIDE, rgb=True),
            {"stain_scale": (1, 1, 1), **SPACE},
            "stain_scale holds 3: pass 2 numbers, one for each stain.",
        ),
        (
            Image(SLIDE, rgb=True, translate=(500, 0)),
            SPACE,
            "nothing is painted in 'PAINTED' where 'SLIDE' lies: paint some pixels of "
            "each stain.",
        ),
    ],
)
def test_what_cannot_be_is_one_sentence(layer, how, sentence):
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        quantize_layer(layer, 3, stains=Labels(PAINTED), **how)
