from __future__ import annotations

import pickle

import dask.array
import numpy as np
import pytest
from dask.base import tokenize

from napari_colorquant import Palette
from napari_colorquant.core.assign.color_map import (
    ColorMap,
    draw_block,
    label_block,
)
from napari_colorquant.core.image.blocks import see_blocks
from napari_colorquant.core.image.pixels import see_pixels

GRAYS = Palette([[0], [100], [200]])


def gray_map(dtype, known):
    blocks = see_blocks(dask.array.zeros((2, 6), dtype=dtype), None)
    return ColorMap.of(GRAYS, blocks, see_pixels(np.array([known], dtype), None))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "int64"])
def test_values_beyond_those_known_are_labelled_all_the_same(dtype):
    color_map = gray_map(dtype, (3, 4))
    block = np.array([[0, 49, 51, 149, 151, 250]], dtype)
    labels = label_block(color_map, block)
    assert labels.tolist() == [[1, 1, 2, 2, 3, 3]]
    picture = draw_block(color_map, block, labels)
    assert picture.dtype == dtype
    assert picture.tolist() == [[0, 0, 100, 100, 200, 200]]


@pytest.mark.parametrize("dtype", ["uint16", "float32", "int64"])
def test_values_far_beyond_those_known_are_labelled_all_the_same(dtype):
    block = np.array([[60_000, 0]], dtype)
    assert label_block(gray_map(dtype, (3, 4)), block).tolist() == [[3, 1]]


def test_what_is_outside_the_mask_is_left_as_it_is():
    color_map = gray_map("uint8", (0, 9))
    block = np.array([[10, 90, 210]], np.uint8)
    labels = label_block(color_map, block, np.array([[True, False, True]]))
    assert labels.tolist() == [[1, 0, 3]]
    assert draw_block(color_map, block, labels).tolist() == [[0, 90, 200]]
    assert block.tolist() == [[10, 90, 210]]


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_the_table_of_a_palette_serves_all_images_of_its_kind(dtype):
    assert gray_map(dtype, (3, 4)) == gray_map(dtype, (0, 200))


def test_the_range_is_that_of_the_valid_pixels_that_are_known():
    known = np.array([[-7.5, np.nan, 3, 2, np.inf]], np.float32)
    color_map = gray_map("float32", known[0])
    assert (color_map.lows, color_map.highs) == ((-7.5,), (3.0,))


def test_a_color_map_is_small_plain_data():
    """No table of a search is part of a graph."""
    blocks = see_blocks(dask.array.zeros((4, 4, 3), dtype="uint8"))
    colors = np.arange(768).reshape(256, 3)
    color_map = ColorMap.of(Palette(colors), blocks, see_pixels(np.zeros((1, 1, 3))))
    label_block(color_map, np.zeros((4, 4, 3), np.uint8))
    assert len(pickle.dumps(color_map)) < 256 * 3 * 8 + 1000
    again = pickle.loads(pickle.dumps(color_map))
    assert again == color_map
    assert hash(again) == hash(color_map)
    assert tokenize(again) == tokenize(color_map)
