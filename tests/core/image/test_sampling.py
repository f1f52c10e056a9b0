from __future__ import annotations

import os
import re

import numpy as np
import pytest

from lazies import Generated, noise, steps_of_gray
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import sampling as excerpt_module
from napari_colorquant.core.image.blocks import see_blocks
from napari_colorquant.core.image.sampling import Parts, read_subset


@pytest.fixture
def small(monkeypatch):
    """Bounds that a small image is beyond."""
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 1000)
    monkeypatch.setattr(excerpt_module, "FEWEST_PARTS", 10)
    monkeypatch.setattr(excerpt_module, "_ENOUGH_PIXELS", 1)


def grid(n_blocks, size):
    return (size,) * n_blocks


def test_up_to_the_bound_all_is_read(small):
    image = Generated((grid(4, 5), grid(5, 10), (3,)), noise)
    subset = read_subset(see_blocks(image.array()), 0, Monitor())
    assert sorted(image.computed) == [(i, j, 0) for i in range(4) for j in range(5)]
    assert (subset.n_blocks_read, subset.share, subset.is_whole) == (20, 1, True)
    np.testing.assert_array_equal(subset.pixels.image, image.array().compute())


def test_a_lazy_mask_is_read_with_it(small):
    image, mask = (Generated((grid(4, 5), grid(5, 10)), noise) for _ in range(2))
    blocks = see_blocks(image.array(), None, mask.array() > 99)
    subset = read_subset(blocks, 0, Monitor())
    np.testing.assert_array_equal(subset.pixels.mask, mask.array().compute() > 99)


@pytest.mark.parametrize(
    ("size", "n_parts", "n_pixels"),
    [(10, 10, 1000), (40, 10, 800), (5, 40, 1000), (1, 50, 50)],
)
def test_above_it_a_bounded_number_of_parts_is_read(
    small, monkeypatch, size, n_parts, n_pixels
):
    monkeypatch.setattr(excerpt_module, "MOST_PARTS", 50)
    image = Generated((grid(40, size), grid(50, size)), noise)
    subset = read_subset(see_blocks(image.array(), None), 0, Monitor())
    assert len(image.computed) == len(set(image.computed)) == n_parts
    assert subset.n_blocks_read == n_parts
    assert subset.pixels.shape == (n_pixels,)
    assert subset.share == n_pixels / (40 * 50 * size**2)
    assert not subset.is_whole


def test_large_pixels_are_fewer(small, monkeypatch):
    monkeypatch.setattr(excerpt_module, "MOST_BYTES", 4000)
    image = Generated((grid(40, 5), grid(50, 5), (8,)), noise, "uint16")
    subset = read_subset(see_blocks(image.array(), 2), 0, Monitor())
    assert subset.pixels.shape == (4000 // 16 // 25 * 25,)


def test_parts_of_one_block_are_read_at_once(small):
    image = Generated((grid(1, 100), grid(1, 100)), noise)
    subset = read_subset(see_blocks(image.array(), None), 0, Monitor())
    assert image.computed == [(0, 0)]
    assert subset.n_blocks_read == 1
    assert 500 < len(subset.pixels.colors) <= 1000


def test_it_is_spread_over_all_axes(small, monkeypatch):
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 6400)
    chunks = (grid(4, 1), grid(8, 1), grid(20, 10), grid(20, 10))
    image = Generated(chunks, noise)
    read_subset(see_blocks(image.array(), None), 0, Monitor())
    t, z, y, x = (set(places) for places in zip(*image.computed, strict=True))
    assert t == set(range(4))
    assert z == set(range(8))
    assert len(y) >= 15
    assert len(x) >= 15


def test_large_blocks_are_the_likelier():
    image = Generated(((10, 90), (100,)), noise)
    parts = Parts(see_blocks(image.array(), None), most=6400)
    drawn = [
        block
        for seed in range(20)
        for block, numbers in parts.draw(np.random.RandomState(seed), set())
        for _ in numbers
    ]
    assert np.bincount(drawn)[0] / len(drawn) == pytest.approx(0.1, abs=0.05)


def test_the_tiles_of_the_blocks_are_the_image():
    image = Generated(((3, 4), (5, 2), (2, 1)), noise)
    parts = Parts(see_blocks(image.array(), None), most=400)
    seen = np.zeros((7, 7, 3), int)
    for block in range(8):
        for tile in parts.tiles(block):
            seen[tile] += 1
            assert seen[tile].size <= 400 // excerpt_module.FEWEST_PARTS
    assert (seen == 1).all()


def test_the_seed_decides(small):
    def read(seed):
        image = Generated((grid(40, 10), grid(50, 10)), noise)
        subset = read_subset(see_blocks(image.array(), None), seed, Monitor())
        return set(image.computed), subset.pixels.colors.tobytes()

    assert read(3) == read(3)
    assert read(3)[0] != read(4)[0]


def test_pixels_come_in_the_order_of_their_blocks(small):
    image = Generated((grid(25, 1), grid(10, 10), grid(10, 10)), steps_of_gray)
    subset = read_subset(see_blocks(image.array(), None), 0, Monitor())
    colors = subset.pixels.colors[:, 0]
    assert (np.diff(colors.astype(int)) >= 0).all()


def test_only_valid_pixels_are_taken(small):
    def make(place, shape):
        values = noise(place, shape).astype(float)
        values[::2] = np.nan
        return values

    image = Generated((grid(40, 10), grid(50, 10), (3,)), make, "float32")
    subset = read_subset(see_blocks(image.array()), 0, Monitor())
    assert np.isfinite(subset.pixels.colors).all()
    assert subset.pixels.shape == (500,)
    assert subset.share == 1000 / 200_000


def test_transparent_pixels_are_not_taken(small):
    def make(place, shape):
        values = noise(place, shape)
        values[..., 3] = 0
        values[0, 0] = (1, 2, 3, 255)
        return values

    image = Generated((grid(40, 10), grid(50, 10), (4,)), make)
    subset = read_subset(see_blocks(image.array()), 0, Monitor())
    assert subset.pixels.colors.tolist() == [[1, 2, 3]] * 10


def test_more_blocks_are_read_until_there_are_pixels(small):
    def make(place, shape):
        return np.full(shape, np.nan if sum(place) % 40 else 1.0)

    image = Generated((grid(40, 10), grid(50, 10)), make, "float32")
    progress = []
    monitor = Monitor(progress.append)
    subset = read_subset(see_blocks(image.array(), None), 1, monitor)
    assert 10 < len(image.computed) < 80
    assert subset.n_blocks_read == len(set(image.computed)) == len(image.computed)
    assert len(subset.pixels.colors) % 100 == 0
    assert {piece.total for piece in progress} == {1000}
    assert [piece.done for piece in progress[:11]] == [*range(100, 1001, 100), 1000]


def test_it_gives_up_in_one_sentence(small):
    image = Generated((grid(400, 10), grid(50, 10)), noise)
    outside = image.array() > 999
    image.computed.clear()
    with pytest.raises(ValueError, match=r"^no pixel of the ") as caught:
        read_subset(see_blocks(image.array(), None, outside), 0, Monitor())
    assert re.fullmatch(
        r"no pixel of the (7\d|80) blocks that were read, of 20,000, can be quantized: "
        "learn the palette from a part of the image where pixels are inside the mask, "
        r"opaque and finite\.",
        str(caught.value),
    )


def test_blocks_outside_a_mask_in_memory_are_not_read(small):
    image = Generated((grid(40, 10), grid(50, 10)), noise)
    mask = np.zeros((400, 500), bool)
    mask[203:207, 311:315] = True  # in one block
    subset = read_subset(see_blocks(image.array(), None, mask), 0, Monitor())
    assert set(image.computed) == {(20, 31)}
    np.testing.assert_array_equal(
        subset.pixels.colors.reshape(4, 4), image.array()[203:207, 311:315].compute()
    )
    assert subset.share == 1


def test_a_lazy_mask_to_learn_in_is_read_only_where_it_is_learned(small):
    image = Generated((grid(40, 10), grid(50, 10)), noise)
    learn_mask = Generated((grid(40, 10), grid(50, 10)), steps_of_gray)
    lazy = learn_mask.array() > -1
    learn_mask.computed.clear()
    blocks = see_blocks(image.array(), None, learn_mask=lazy)
    subset = read_subset(blocks, 0, Monitor())
    assert (len(image.computed), len(learn_mask.computed)) == (20, 10)
    assert subset.pixels.learn_mask.sum() == 500


def test_a_mask_of_nothing_is_refused_before_anything_is_read(small):
    image = Generated((grid(40, 10), grid(50, 10)), noise)
    blocks = see_blocks(image.array(), None, np.zeros((400, 500), bool))
    with pytest.raises(ValueError, match=r"^no pixel of the image can be quantized: "):
        read_subset(blocks, 0, Monitor())
    assert image.computed == []


def stop(_piece):
    raise InterruptedError


@pytest.mark.parametrize("n_blocks", [4, 40])
def test_it_stops_between_blocks(small, monkeypatch, n_blocks):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2), False)
    image = Generated((grid(n_blocks, 10), grid(2, 10)), noise)
    with pytest.raises(InterruptedError), Monitor(stop) as monitor:
        read_subset(see_blocks(image.array(), None), 0, monitor)
    assert len(image.computed) <= 4  # one told, and those under way
