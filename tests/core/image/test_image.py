"""One way for images in memory and lazy ones."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from lazies import Generated, noise
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks, see_blocks
from napari_colorquant.core.image.image import (
    as_blocks,
    channels_of,
    mapped,
    masked_as,
    see_image,
    set_white,
)
from napari_colorquant.core.image.pixels import Pixels
from napari_colorquant.core.image.validate import is_lazy

IMAGE = np.arange(4 * 6 * 3, dtype=np.uint16).reshape(4, 6, 3)
LABELS = np.arange(24, dtype=np.uint8).reshape(4, 6) % 5


def add_labels(image, labels):
    return image.sum(axis=-1) + labels


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
        (add_labels, None, IMAGE.sum(axis=-1) + LABELS),
        (add_to_channels, (2, 3), IMAGE + LABELS[..., np.newaxis]),
    ):
        kind = {"dtype": np.uint32, "channels": channels}
        found = mapped(
            function, see_image(IMAGE), LABELS, **kind, monitor=Monitor(told.append)
        )
        assert np.array_equal(found, expected)
        found = mapped(function, lazy, LABELS, **kind)
        assert (found.dtype, found.shape) == (np.uint32, expected.shape)
        assert np.array_equal(found.compute(), expected)
    assert told[-1] == ("assign", 1000, 1000)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_an_array_is_made_of_blocks_and_others(axis):
    image = Generated(((2, 2), (3, 2), (3,)), noise)
    blocks = see_blocks(image.array(), axis)
    rows = np.arange(np.prod(blocks.shape)).reshape(blocks.shape)
    lazy = da.from_array(rows, chunks=blocks.chunks)

    def first(image, rows):
        return np.take(image, 0, axis) + rows

    def scaled(image, rows):
        return image * np.expand_dims(rows, axis)

    plain = mapped(first, blocks, None, lazy, dtype="i8")
    channels = channels_of(blocks)
    picture = mapped(scaled, blocks, lazy, dtype="i8", channels=channels)
    assert image.computed == []
    assert (plain.dtype, plain.chunks) == (np.int64, blocks.chunks)
    assert (picture.dtype, picture.chunks) == (np.int64, blocks.image.chunks)
    values = image.array().compute()
    np.testing.assert_array_equal(plain, np.take(values, 0, axis) + rows)
    np.testing.assert_array_equal(picture, values * np.expand_dims(rows, axis))


def test_lazy_labels_make_it_lazy():
    labels = da.from_array(LABELS, chunks=(1, 6))
    found = mapped(add_labels, see_image(IMAGE), labels, dtype=np.uint32)
    assert found.chunks == labels.chunks
    assert np.array_equal(found.compute(), IMAGE.sum(axis=-1) + LABELS)


def test_it_is_written_where_it_is_asked_for():
    own = IMAGE.copy()
    seen = see_image(own)
    kind = {"dtype": own.dtype, "channels": channels_of(seen)}
    found = mapped(add_to_channels, seen, LABELS, **kind, out=own)
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


@pytest.mark.parametrize("lazily", [False, True])
def test_arrays_are_broadcast_and_channels_are_made(lazily):
    rows = np.arange(4)[:, np.newaxis]
    labels = da.from_array(LABELS, chunks=(1, 4)) if lazily else LABELS

    def pair(labels, rows):
        assert labels.size in (2, 4) or not lazily
        return np.stack([labels, np.broadcast_to(rows, labels.shape)])

    found = mapped(pair, labels, rows, dtype="u1", channels=(0, 2))
    assert is_lazy(found) == lazily
    assert np.array_equal(
        np.asarray(found), np.stack([LABELS, np.repeat(rows, 6, axis=1)])
    )
