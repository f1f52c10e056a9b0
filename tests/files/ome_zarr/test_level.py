from __future__ import annotations

import numpy as np
import pytest

from napari_colorquant import Palette, apply_palette, quantize
from napari_colorquant.core.compute.cluster import computed_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.files.ome_zarr.level import (
    ArrayLevel,
    image_level,
    n_bytes,
    n_pixels,
)
from saved import Counted, noise


@pytest.mark.parametrize(
    ("image", "axis"),
    [
        (noise((20, 30, 3)), -1),
        (noise((20, 30, 4), highest=3), -1),
        (noise((3, 20, 30)), 0),
        (noise((2, 5, 20, 30), "uint16", highest=999), 1),
        (noise((20, 30), "float32"), None),
        (noise((20, 30, 3), "int64"), 2),
    ],
)
def test_an_image_is_assigned_as_it_is_read(image, axis):
    q = quantize(image, 5, channel_axis=axis)
    level = image_level(image, q.palette, axis, {"path": "a"})
    arrays = ArrayLevel(q.labels, q.image, None if axis is None else axis % image.ndim)
    for attribute in (
        *("shape", "chunks", "is_lazy", "channel_axis"),
        *("label_dtype", "picture_dtype", "n_channels"),
    ):
        assert getattr(level, attribute) == getattr(arrays, attribute)
    assert level.shape == q.labels.shape
    for tile in (
        tuple(slice(0, n) for n in level.shape),
        tuple(slice(n // 3, n - 1) for n in level.shape),
    ):
        for found, expected in zip(level.read(tile), arrays.part(tile), strict=True):
            assert found.dtype == expected.dtype
            assert np.array_equal(found, expected)


def test_labels_and_picture_of_a_lazy_image_are_read_once():
    image = Counted(noise((20, 30, 3)), (10, 10, 3))
    q = apply_palette(image.lazy(), Palette([[0, 0, 0], [255, 255, 255]]))
    image.reads.clear()
    level = ArrayLevel(q.labels, q.image)
    assert level.chunks == (10, 10)
    tile = (slice(0, 20), slice(10, 20))
    jobs = [(lambda labels, picture: (labels, picture), *level.part(tile))]
    ((labels, picture),) = computed_in_order(jobs, None, Monitor())
    assert sorted(image.reads) == [(0, 10, 0), (10, 10, 0)]
    assert (labels.shape, picture.shape) == ((20, 10), (20, 10, 3))


def test_what_is_others_has_another_identity():
    images = [noise((9, 8, 3), seed=seed) for seed in (0, 1)]
    palettes = [Palette([[50, 50, 50], [n, 200, 200]]) for n in (199, 200)]
    arrays = [
        ArrayLevel(q.labels, q.image).identity["arrays"]
        for q in (apply_palette(i, p) for i in images for p in palettes)
    ]
    assert len({*arrays}) == 4
    again = apply_palette(images[0].copy(), palettes[0])
    assert ArrayLevel(again.labels, again.image).identity["arrays"] == arrays[0]

    first = image_level(images[0], palettes[0], -1, {"path": "a"}).identity
    assert first == image_level(images[1], palettes[0], -1, {"path": "a"}).identity
    assert first != image_level(images[0], palettes[1], -1, {"path": "a"}).identity
    assert first != image_level(images[0], palettes[0], -1, {"path": "b"}).identity
    assert first != image_level(images[0], palettes[0], 2, {"path": "a"}).identity


def test_the_memory_of_a_pixel():
    q = quantize(noise((9, 8, 3)), 4)
    level = ArrayLevel(q.labels, q.image)
    assert (n_bytes(level), n_pixels(level)) == (4, 72)
    q = quantize(noise((40, 50), "uint16", highest=999), 300, channel_axis=None)
    assert n_bytes(ArrayLevel(q.labels, q.image)) == 4
