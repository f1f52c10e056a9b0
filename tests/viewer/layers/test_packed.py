"""Masks as plain data."""

from __future__ import annotations

import json
from base64 import b64decode
from math import prod
from zlib import decompress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from napari_colorquant.viewer.layers.metadata import LONGEST, packed_mask

SHAPES = array_shapes(min_dims=2, max_dims=4, max_side=9)


@given(arrays(bool, SHAPES, elements=st.booleans()))
def test_a_mask_is_kept_to_the_last_pixel(mask):
    plain = json.loads(json.dumps(packed_mask(mask)))
    bits = np.frombuffer(decompress(b64decode(plain["bits"])), np.uint8)
    again = np.unpackbits(bits, count=prod(plain["shape"])).reshape(plain["shape"])
    np.testing.assert_array_equal(again > 0, mask)


def test_a_region_of_a_large_image_takes_few_characters():
    mask = np.zeros((4000, 5000), bool)
    mask[1000:2000, 700:3000] = True
    assert len(packed_mask(mask)["bits"]) < LONGEST / 10


@pytest.mark.parametrize(
    "mask", [None, np.random.default_rng(0).random((2000, 1000)) < 0.5]
)
def test_nothing_is_kept_of_none_and_of_noise(mask):
    assert packed_mask(mask) is None
