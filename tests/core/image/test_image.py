"""One way for images in memory and lazy ones."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks, in_one
from napari_colorquant.core.image.image import (
    as_blocks,
    mapped,
    masked_as,
    see_image,
    set_white,
)
from napari_colorquant.core.image.pixels import Pixels

IMAGE = np.arange(4 * 6 * 3, dtype=np.uint16).reshape(4, 6, 3)
LABELS = np.arange(24, dtype=np.uint8).reshape(4, 6) % 5


def add_labels(image, labels):
    return in_one(image).sum(axis=-1) + labels


def add_to_channels(image, labels):
    return image + labels[..., np.newaxis]


def test_an_image_is_seen_as_what_it_is():
    assert isinstance(see_image(IMAGE), Pixels)
    assert isinstance(see_image(da.from_array(IMAGE)), Blocks)
    assert isinstance(see_image(IMAGE, lazily=True), Blocks)


@pytest.mark.parametrize("tile", [2, 7, 1000])
def test_a_function_of_blocks_gives_the_same_in_memory_and_lazily(monkeypatch, tile):
    monkeypatch.setattr("napari_colorquant.core.image.pixels.TILE_PIXELS", tile)
    lazy = see_image(da.from_array(IMAGE, chunks=(3, 2, 3)))
    told = []
    for function, channels, expected in (
        (add_labels, False, IMAGE.sum(axis=-1) + LABELS),
        (add_to_channels, True, IMAGE + LABELS[..., np.newaxis]),
    ):
        kind = {"dtype": np.uint32, "channels": channels}
        given = (function, see_image(IMAGE), LABELS, Monitor(told.append))
        assert np.array_equal(mapped(*given, **kind), expected)
        found = mapped(function, lazy, LABELS, Monitor(), **kind)
        assert (found.dtype, found.shape) == (np.uint32, expected.shape)
        assert np.array_equal(found.compute(), expected)
    assert told[-1] == ("assign", 1000, 1000)


def test_lazy_labels_make_it_lazy():
    labels = da.from_array(LABELS, chunks=(1, 6))
    found = mapped(add_labels, see_image(IMAGE), labels, Monitor(), dtype=np.uint32)
    assert np.array_equal(found.compute(), IMAGE.sum(axis=-1) + LABELS)


def test_it_is_written_where_it_is_asked_for():
    own = IMAGE.copy()
    given = (add_to_channels, see_image(own), LABELS, Monitor())
    found = mapped(*given, dtype=own.dtype, channels=True, out=own)
    assert found is own
    assert np.array_equal(own, IMAGE + LABELS[..., np.newaxis])


def test_an_image_as_blocks_keeps_its_masks_and_white():
    inside, learned = LABELS > 0, LABELS > 2
    pixels = set_white(see_image(IMAGE, -1, inside, learned), 4095.0)
    blocks = as_blocks(pixels)
    assert as_blocks(blocks) is blocks
    assert (blocks.n_blocks, blocks.outline.white) == (1, 4095.0)
    assert np.array_equal(blocks.mask.compute(), inside)
    assert np.array_equal(blocks.learn_mask.compute(), learned)
    assert np.array_equal(blocks.image.compute(), IMAGE)


@pytest.mark.parametrize("lazily", [False, True])
def test_masks_are_taken_from_another_image(lazily):
    other = see_image(IMAGE, -1, LABELS > 0, LABELS > 2, lazily=lazily)
    masked = masked_as(see_image(IMAGE[..., 0], None, lazily=lazily), other)
    assert masked.mask is other.mask
    assert masked.learn_mask is other.learn_mask
    assert getattr(masked, "reach", None) is getattr(other, "reach", None)
