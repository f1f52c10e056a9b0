"""Painted classes of images that may be larger than memory."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_colorquant import quantize
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import sampling as subset
from napari_colorquant.core.image.blocks import see_blocks
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.quantization.painted import LazySeeds
from napari_colorquant.core.quantization.seeds import learn_classes


def painted(shape, seed=0, n_classes=3):
    """Paint some rectangles, and a lone pixel of each class so that it has one."""
    random = np.random.default_rng(seed)
    seeds = np.zeros(shape, int)
    for number in range(1, n_classes + 1):
        corner = [random.integers(0, n) for n in shape]
        size = [random.integers(1, 1 + n // 2) for n in shape]
        seeds[tuple(map(slice, corner, np.add(corner, size)))] = number
    for number in range(1, n_classes + 1):
        seeds.flat[number * 7 % seeds.size] = number
    return seeds


def same(lazy, plain):
    np.testing.assert_array_equal(lazy.palette.colors, plain.palette.colors)
    assert lazy.palette.names == plain.palette.names
    np.testing.assert_array_equal(np.asarray(lazy.labels), plain.labels)
    np.testing.assert_array_equal(np.asarray(lazy.image), plain.image)
    fixed, expected = (q.report.parameters.fixed for q in (lazy, plain))
    assert fixed.as_dict() == expected.as_dict()


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from(["uint8", "uint16", "float32"]),
    chunks=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    per_class=st.integers(1, 2),
    is_lazy=st.booleans(),
)
def test_classes_are_those_of_the_image_in_memory(
    seed, dtype, chunks, per_class, is_lazy
):
    random = np.random.default_rng(seed)
    image = (random.random((8, 9, 3)) * 250).astype(dtype)
    seeds = painted(image.shape[:2], seed)
    how = {"per_class": per_class, "method": "wu"}
    lazy = quantize(
        da.from_array(image, chunks=(*chunks, 2)),
        9,
        seeds=da.from_array(seeds, chunks=4) if is_lazy else seeds,
        **how,
    )
    same(lazy, quantize(image, 9, seeds=seeds, **how))


@pytest.mark.parametrize("color_space", ["rgb", "lab"])
def test_means_are_summed_in_the_tiles_of_memory(china, color_space, tmp_path):
    image = (china / np.float32(255)).astype(np.float32)
    seeds = painted(china.shape[:2])
    on_disk = zarr.create_array(
        tmp_path / "china", shape=image.shape, chunks=(60, 70, 3), dtype="float32"
    )
    on_disk[:] = image
    how = {"color_space": color_space, "seeds": seeds}
    same(quantize(on_disk, 8, **how), quantize(image, 8, **how))


def test_masks_transparency_and_nan_leave_pixels_out():
    random = np.random.default_rng(2)
    image = random.integers(0, 250, (30, 40, 4), np.uint8)
    image[:5, :, 3] = 0
    mask = random.random((30, 40)) < 0.6
    seeds = np.zeros((30, 40), int)
    seeds[2:20, :9], seeds[8:25, 12:20], seeds[25:, 30:] = 1, 2, 3
    how = {"mask": mask, "seeds": seeds}
    same(quantize(da.from_array(image, chunks=11), 6, **how), quantize(image, 6, **how))
    gaps = image[..., 0].astype(float)
    gaps[random.random(gaps.shape) < 0.2] = np.nan
    how = {"seeds": seeds, "channel_axis": None}
    same(quantize(da.from_array(gaps, chunks=11), 6, **how), quantize(gaps, 6, **how))


def test_channels_of_data():
    image = np.random.default_rng(3).integers(0, 4000, (5, 20, 21), np.uint16)
    how = {"seeds": painted((20, 21)), "channel_axis": 0}
    same(quantize(da.from_array(image, chunks=7), 6, **how), quantize(image, 6, **how))


class Counted:
    """An image whose blocks say which of them are computed."""

    def __init__(self, n=64, block=16):
        self.computed = []

        def make(block_info=None):
            place = block_info[None]["chunk-location"]
            self.computed.append(place)
            shape = block_info[None]["chunk-shape"]
            return np.random.default_rng(place).integers(0, 250, shape).astype("uint8")

        self.image = da.map_blocks(
            make,
            chunks=((block,) * (n // block),) * 2,
            dtype=np.uint8,
            meta=np.empty((0, 0), np.uint8),
        )


def classes_of(image, seeds, progress=None, **parameters):
    blocks = see_blocks(image, None)
    given = (blocks, Parameters(n_colors=9, **parameters), seeds, 1)
    with Monitor(progress) as monitor:
        return learn_classes(*given, monitor).fixed


def test_only_blocks_are_read_in_which_something_is_painted():
    counted, told = Counted(), []
    seeds = np.zeros(counted.image.shape, int)
    seeds[20:40, 3] = 2
    seeds[50, 50] = 1
    fixed = classes_of(counted.image, seeds, told.append)
    assert sorted(counted.computed) == [(1, 0), (2, 0), (3, 3)]
    values = counted.image.compute()
    assert fixed.colors.tolist() == [
        [values[50, 50]],
        [values[20:40, 3].astype(float).mean()],
    ]
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert done[-1] == told[-1].total


def test_labels_are_looked_through_where_they_reach():
    seen = []

    def look(block_info=None):
        place = block_info[None]["chunk-location"]
        seen.append(place)
        return np.full(block_info[None]["chunk-shape"], int(place == (1, 2)))

    image = Counted().image
    labels = da.map_blocks(
        look, chunks=image.chunks, dtype=int, meta=np.empty((0, 0), int)
    )
    reached = np.zeros((4, 4), bool)
    reached[1:3, 1:3] = True
    fixed = classes_of(image, LazySeeds(labels, lambda _: reached))
    assert set(seen) == {(1, 1), (1, 2), (2, 1), (2, 2)}
    assert fixed.colors.tolist() == [[image.blocks[1, 2].compute().mean()]]


def test_of_what_is_painted_beyond_bounds_each_class_gives_its_share(monkeypatch):
    monkeypatch.setattr(subset, "MOST_PIXELS", 600)
    counted = Counted()
    values = counted.image.compute().astype(float)
    counted.computed.clear()
    seeds = np.ones(values.shape, int)
    seeds[:, 32:] = 2
    seeds[25, 25] = 3
    fixed = classes_of(counted.image, seeds)
    assert len(counted.computed) == 16
    assert fixed.names == ("class 1", "class 2", "class 3")
    assert fixed.colors[2, 0] == values[25, 25]
    for number in (1, 2):  # the means of 200 of 2,048 pixels, and not of all
        off = abs(fixed.colors[number - 1, 0] - values[seeds == number].mean())
        assert 0 < off < 6 * values.std() / 200**0.5
    again = classes_of(counted.image, seeds)
    assert again.as_dict() == fixed.as_dict()
    # However the same seeds come, and however many blocks are looked through for them.
    lazily = da.from_array(seeds, chunks=19)
    assert classes_of(counted.image, lazily).as_dict() == fixed.as_dict()
    seeds[:16] = 0
    known = classes_of(counted.image, seeds).as_dict()
    for first in (0, 1):
        reached = np.ones((4, 4), bool)
        reached[:first] = False
        some = LazySeeds(da.from_array(seeds, chunks=16), lambda _, r=reached: r)
        assert classes_of(counted.image, some).as_dict() == known
    other = classes_of(counted.image, seeds, random_state=1)
    assert other.as_dict() != known


IMAGE = da.from_array(np.arange(64.0).reshape(8, 8), chunks=3)


@pytest.mark.parametrize(
    ("seeds", "error", "sentence"),
    [
        (np.zeros((8, 8)), TypeError, "the seeds have the dtype float64: pass the wh"),
        (np.ones((8, 7), int), ValueError, "the seeds have the shape .8, 7.: pass the"),
        (np.eye(8, dtype=int) * -2, ValueError, "the seeds are -2 somewhere: pass cl"),
        (np.zeros((8, 8), int), ValueError, "the seeds are 0 everywhere: paint some"),
    ],
)
@pytest.mark.parametrize("is_lazy", [False, True])
def test_seeds_that_do_not_fit_are_refused(seeds, error, sentence, is_lazy):
    seeds = da.from_array(seeds, chunks=3) if is_lazy else seeds
    with pytest.raises(error, match=f"^{sentence}"):
        quantize(IMAGE, 3, seeds=seeds, channel_axis=None)


@pytest.mark.parametrize(
    ("seeds", "error", "sentence"),
    [
        ([[1], [2, 3]], ValueError, "the seeds are not an array of one shape: "),
        (np.ma.masked_array(np.eye(8, dtype=int)), TypeError, "the seeds are a masked"),
        (IMAGE[IMAGE[:, 0] > 9], ValueError, "the seeds are a dask array whose blocks"),
    ],
)
def test_what_is_no_array_of_seeds_is_refused(seeds, error, sentence):
    with pytest.raises(error, match=f"^{sentence}"):
        quantize(IMAGE, 3, seeds=seeds, channel_axis=None)


def test_a_class_outside_the_mask_is_refused():
    mask = np.ones((8, 8), bool)
    mask[3] = False
    seeds = np.zeros((8, 8), int)
    seeds[0, 0], seeds[3, 3] = 1, 4
    sentence = "^class 4 of the seeds has no pixel to learn from: paint it where"
    with pytest.raises(ValueError, match=sentence):
        quantize(IMAGE, 3, seeds=seeds, mask=mask, channel_axis=None)
    gaps = np.arange(64.0).reshape(8, 8)
    gaps[3] = np.nan
    with pytest.raises(ValueError, match=sentence):
        quantize(da.from_array(gaps, chunks=3), 3, seeds=seeds, channel_axis=None)
