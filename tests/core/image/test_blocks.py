from __future__ import annotations

import re

import dask.array
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lazies import Generated, noise
from napari_colorquant.core.image.blocks import (
    block_tiles,
    occupied,
    see_blocks,
)
from napari_colorquant.core.image.validate import is_lazy

RGB = np.arange(4 * 5 * 3, dtype=np.uint8).reshape(4, 5, 3)


def test_nothing_is_computed_to_see_blocks():
    image = Generated(((2, 2), (5,), (1, 1, 1)), noise)
    mask = Generated(((4,), (3, 2)), noise)
    blocks = see_blocks(image.array(), -1, mask.array())
    assert blocks.shape == (4, 5)
    assert blocks.chunks == ((2, 2), (5,))
    assert (blocks.n_blocks, blocks.n_pixels) == (2, 20)
    assert blocks.mask.chunks == blocks.chunks
    assert blocks.mask.dtype == bool
    assert image.computed == mask.computed == []


@pytest.mark.parametrize("axis", [0, 1, 2, -2, -3])
def test_all_channels_are_in_one_block(axis):
    image = dask.array.from_array(RGB, chunks=2)
    blocks = see_blocks(image, axis)
    assert blocks.image.chunks[axis] == (RGB.shape[axis],)
    assert blocks.axes == tuple(np.delete(np.arange(3), axis))
    assert blocks.shape == tuple(np.delete(RGB.shape, axis))


def test_a_part_is_read_with_its_mask():
    mask = np.arange(20).reshape(4, 5) % 2 == 0
    blocks = see_blocks(dask.array.from_array(RGB, chunks=2), -1, mask)
    tiles = [(slice(1, 4), slice(0, 2)), (slice(0, 1), slice(4, 5))]
    parts = blocks.read(tiles)
    for part, tile in zip(parts, tiles, strict=True):
        np.testing.assert_array_equal(part.colors, RGB[tile])
        np.testing.assert_array_equal(part.mask, mask[tile])


def test_what_parts_share_is_computed_once():
    image = Generated(((2, 2), (5,), (3,)), noise)
    blocks = see_blocks(image.array())
    blocks.read([(slice(0, 1), slice(0, 2)), (slice(1, 2), slice(2, 4))])
    assert image.computed == [(0, 0, 0)]


def test_empty_blocks_are_left_out():
    image = dask.array.from_array(RGB, chunks=((0, 3, 1, 0), (5,), (3,)))
    blocks = see_blocks(image)
    assert blocks.chunks == ((3, 1), (5,))


def test_blocks_come_in_reading_order():
    tiles = list(block_tiles(((2, 1), (3, 4))))
    assert tiles == [
        (slice(0, 2), slice(0, 3)),
        (slice(0, 2), slice(3, 7)),
        (slice(2, 3), slice(0, 3)),
        (slice(2, 3), slice(3, 7)),
    ]


def test_zarr_arrays_keep_their_chunks(tmp_path):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(tmp_path / "a", shape=(9, 7), chunks=(4, 5), dtype="u2")
    assert is_lazy(array)
    assert see_blocks(array, None).chunks == ((4, 4, 1), (5, 2))


def test_blocks_of_unknown_sizes_are_refused():
    image = dask.array.from_array(RGB, chunks=2)
    unknown = image[image[:, 0, 0] > 3]
    sentence = (
        "the image is a dask array whose blocks have unknown sizes: call its "
        "compute_chunk_sizes() first."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        see_blocks(unknown)


def test_masked_blocks_are_refused():
    image = dask.array.ma.masked_less(dask.array.from_array(RGB, chunks=2), 9)
    sentence = r"^block \(0, 0, 1\) of the image is a masked array: "
    with pytest.raises(TypeError, match=sentence):
        see_blocks(image).read([(slice(0, 1), slice(0, 2))])


@given(
    st.integers(0, 2**32 - 1),
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
    st.lists(st.integers(1, 4), min_size=1, max_size=4),
)
def test_occupied_blocks_are_those_that_hold_anything(seed, rows, columns):
    random = np.random.default_rng(seed)
    array = random.integers(-1, 2, (sum(rows), sum(columns)))
    array[random.random(array.shape) < 0.7] = 0
    blocks = dask.array.from_array(array, chunks=(tuple(rows), tuple(columns)))
    expected = [
        [bool((blocks.blocks[i, j].compute() != 0).any()) for j in range(len(columns))]
        for i in range(len(rows))
    ]
    assert occupied(array, (rows, columns)).tolist() == expected
