"""One palette a slice, of stacks that may be larger than memory."""

from __future__ import annotations

import warnings

import dask.array as da
import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_colorquant import count_all, quantize_slices
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import sampling as subset
from napari_colorquant.core.image.blocks import see_blocks
from napari_colorquant.core.image.image import see_slices
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.quantization.slices import quantize_stack


def same(lazy, plain):
    """Whether a lazy result is the one in memory, to the last byte."""
    assert isinstance(lazy.labels, da.Array)
    assert isinstance(lazy.image, da.Array)
    for one, other in (
        (lazy.labels, plain.labels),
        (lazy.image, plain.image),
        (lazy.indices, plain.indices),
    ):
        computed = one.compute()
        assert computed.dtype == one.dtype == other.dtype
        np.testing.assert_array_equal(computed, other)
    assert len(lazy.palettes) == len(plain.palettes)
    for one, other in zip(lazy.palettes, plain.palettes, strict=True):
        assert one.as_dict() == other.as_dict()
    assert lazy.slice_axis == plain.slice_axis
    assert lazy.report.n_pixels == plain.report.n_pixels
    assert lazy.report.mse == plain.report.mse


def movie(seed=0, shape=(4, 13, 11, 3), dtype="uint8"):
    random = np.random.default_rng(seed)
    levels = random.integers(0, 250, (6, shape[-1]))
    return levels[random.integers(0, 6, shape[:-1])].astype(dtype)


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32 - 1),
    dtype=st.sampled_from(["uint8", "uint16", "float32"]),
    chunks=st.tuples(*[st.integers(1, 4)] * 3),
    slice_axis=st.sampled_from([0, 1, -3]),
)
def test_a_lazy_stack_gives_what_it_gives_in_memory(seed, dtype, chunks, slice_axis):
    stack = movie(seed, (3, 4, 3, 3), dtype)
    how = {"slice_axis": slice_axis, "method": "wu"}
    lazily = da.from_array(stack, chunks=(*chunks, 3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a slice of few colors
        same(quantize_slices(lazily, 3, **how), quantize_slices(stack, 3, **how))


def test_a_stack_of_channels_on_disk_gives_what_it_gives_in_memory(tmp_path):
    stack = np.moveaxis(movie(dtype="uint16", shape=(5, 13, 11, 4)), -1, 1)
    on_disk = zarr.create_array(
        tmp_path / "movie.zarr", shape=stack.shape, chunks=(1, 2, 8, 8), dtype="uint16"
    )
    on_disk[:] = stack
    how = {"channel_axis": 1, "slice_axis": 0}
    same(quantize_slices(on_disk, 4, **how), quantize_slices(stack, 4, **how))


@pytest.mark.parametrize("lazily", [False, True])
@pytest.mark.parametrize("which", ["mask", "learn_mask"])
def test_masks_count_in_each_slice(which, lazily):
    stack = movie()
    mask = np.random.default_rng(1).random(stack.shape[:3]) < 0.5
    lazy = quantize_slices(
        da.from_array(stack, chunks=(2, 5, 5, 3)),
        3,
        **{which: da.from_array(mask, chunks=(1, 13, 11)) if lazily else mask},
    )
    same(lazy, quantize_slices(stack, 3, **{which: mask}))


@pytest.mark.parametrize(
    "lazy", [(), ("mask",), ("learn_mask",), ("mask", "learn_mask")]
)
def test_both_masks_count_in_each_slice(lazy):
    rows = np.arange(6, dtype=np.uint8)[:, np.newaxis] + np.zeros((6, 4), np.uint8)
    stack = da.from_array(np.stack([rows, rows + 10]), chunks=(1, 4, 3))
    masks = {"mask": stack % 10 > 0, "learn_mask": stack % 10 < 3}
    masks = {
        which: one if which in lazy else one.compute() for which, one in masks.items()
    }
    q = quantize_slices(stack, 2, channel_axis=None, **masks)
    assert [palette.colors.tolist() for palette in q.palettes] == [
        [[1], [2]],
        [[11], [12]],
    ]
    assert q.labels[:, :, 0].compute().tolist() == [[0, 1, 2, 2, 2, 2]] * 2


def test_rgba_keeps_its_opacity():
    stack = movie(shape=(3, 8, 9, 4))
    stack[1, :4, :, 3] = 0
    lazy = quantize_slices(da.from_array(stack, chunks=(1, 4, 9, 2)), 3)
    same(lazy, quantize_slices(stack, 3))
    assert (np.asarray(lazy.labels)[1] == 0).sum() >= 4 * 9


def test_of_a_large_slice_some_blocks_are_read(monkeypatch):
    monkeypatch.setattr(subset, "MOST_PIXELS", 2**12)
    monkeypatch.setattr(subset, "_ENOUGH_PIXELS", 2**8)
    read = []

    def block(block_info=None):
        places = block_info[None]["array-location"]
        read.append(tuple(start for start, _ in places))
        ramp = np.arange(32, dtype=np.uint8)
        return np.broadcast_to(ramp + 40 * places[0][0], (1, 32, 32))

    stack = da.map_blocks(
        block,
        chunks=((1,) * 2, (32,) * 16, (32,) * 16),
        dtype=np.uint8,
        meta=np.empty((0, 0, 0), np.uint8),
    )
    q = quantize_slices(stack, 4, channel_axis=None)
    n_read = len(read)
    assert n_read == 2 * subset.FEWEST_PARTS  # of 2 * 256
    assert {place[0] for place in read} == {0, 1}
    assert (q.report.n_blocks_read, q.report.n_blocks) == (n_read, 512)
    assert q.report.counts_are_estimates
    assert q.report.n_pixels == pytest.approx(2 * 512 * 512, rel=1e-3)
    counted = count_all(q.whole)
    assert not counted.report.counts_are_estimates
    labels = q.labels.compute()
    assert counted.palette.counts.tolist() == np.bincount(labels.ravel())[1:].tolist()


def test_of_a_large_slice_no_block_is_read_that_its_mask_is_not_in(monkeypatch):
    monkeypatch.setattr(subset, "MOST_PIXELS", 2**12)
    monkeypatch.setattr(subset, "FEWEST_PARTS", 8)
    read = set()

    def block(block_info=None):
        place = block_info[None]["chunk-location"]
        read.add(place)
        return np.full((2, 32, 32), place[1])

    stack = da.map_blocks(
        block, chunks=((2,), (32,) * 16, (32,) * 16), meta=np.empty((0, 0, 0), int)
    )
    mask = np.zeros(stack.shape, bool)
    mask[0, 70:80, 100:110] = mask[1, 230:240, 40:50] = True
    mask[:, 400, 400] = True
    q = quantize_slices(stack, 2, channel_axis=None, mask=mask)
    assert read == {(0, 2, 3), (0, 7, 1), (0, 12, 12)}
    assert [palette.colors.tolist() for palette in q.palettes] == [
        [[2], [12]],
        [[7], [12]],
    ]


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("lazily", [False, True])
def test_slices_without_pixels_are_as_in_memory(dtype, lazily):
    stack = movie(shape=(6, 13, 11, 3), dtype=dtype)
    if dtype == "float32":
        stack[4] = np.nan
    mask, learn_mask = np.ones((2, *stack.shape[:3]), bool)
    mask[2] = False
    learn_mask[:2] = False
    chunks = (2, 5, 5)
    masks = {"mask": mask, "learn_mask": learn_mask}
    lazy_masks = {
        which: da.from_array(one, chunks=chunks) if lazily else one
        for which, one in masks.items()
    }
    lazily_seen = da.from_array(stack, chunks=(*chunks, 3))
    with pytest.warns(UserWarning, match=r"^Slice [02]: no pixel "):
        lazy = quantize_slices(lazily_seen, 3, **lazy_masks)
    with pytest.warns(UserWarning, match=r"^Slice [02]: no pixel "):
        plain = quantize_slices(stack, 3, **masks)
    same(lazy, plain)
    assert lazy.report.notes == plain.report.notes
    assert not np.asarray(lazy.labels)[2].any()
    assert [report.n_pixels > 0 for report in lazy.reports] == [
        *(True, True, False, True, dtype == "uint8", True)
    ]
    assert {tuple(report.seconds) for report in lazy.reports} == {
        ("read", "survey", "learn", "assign")
    }


def test_a_stack_without_pixels_is_refused():
    stack = da.from_array(movie(), chunks=(1, 13, 11, 3))
    with pytest.raises(ValueError, match=r"^slice 0 of the stack: no pixel of the im"):
        quantize_slices(stack, 3, mask=np.zeros(stack.shape[:3], bool))


def test_pixels_that_were_not_read_are_assigned_in_the_palette_of_the_nearest(
    monkeypatch,
):
    monkeypatch.setattr(subset, "MOST_PIXELS", 2**12)
    monkeypatch.setattr(subset, "FEWEST_PARTS", 4)
    monkeypatch.setattr(subset, "_MOST_ROUNDS", 1)
    stack = np.full((2, 256, 256), np.nan, np.float32)
    stack[0] = np.arange(256) % 2
    blank = da.from_array(stack, chunks=(1, 8, 8))
    (blocks,) = see_slices(see_blocks(blank[1:], None), 0)
    # Of the second slice, a pixel is in a block that is not read.
    drawn = subset.Parts(blocks, 2**12).draw(np.random.RandomState(0), ())
    unread = min(set(range(1024)) - {block for block, _ in drawn})
    row, column = 8 * (unread // 32), 8 * (unread % 32)
    stack[1, row, column] = 0.9
    lazy = da.from_array(stack, chunks=(1, 8, 8))
    sentence = r"^Slice 1: no pixel that was read can be quantized\."
    with pytest.warns(UserWarning, match=sentence):
        q = quantize_slices(lazy, 2, channel_axis=None)
    assert q.palettes[1].counts.tolist() == [0, 0]
    assert q.reports[1].counts_are_estimates
    assert q.reports[1].n_blocks_read == len(drawn)
    labels = q.labels.compute()
    assert labels[1, row, column] == 2
    assert np.count_nonzero(labels[1]) == 1


@pytest.mark.parametrize("n_levels", [1, 2])
@pytest.mark.parametrize("n_colors", [3, "auto"])
@pytest.mark.parametrize("lazily", [False, True])
def test_the_progress_adds_up_where_slices_have_no_pixels(lazily, n_colors, n_levels):
    stack = movie(shape=(5, 12, 10, 3))
    mask, learn_mask = np.ones((2, *stack.shape[:3]), bool)
    mask[[0, 4]] = learn_mask[1] = False
    levels = []
    for step in (1, 2)[:n_levels]:
        one = stack[:, ::step, ::step]
        masks = [m[:, ::step, ::step] for m in (mask, learn_mask)]
        if lazily:
            chunked = da.from_array(one, chunks=(1, 5, 5, 3))
            levels.append(see_blocks(chunked, -1, *masks))
        else:
            levels.append(see_pixels(one, -1, *masks))
    target = 30.0 if n_colors == "auto" else None
    parameters = Parameters(n_colors=n_colors, target_psnr=target)
    told = []
    results = quantize_stack(levels, parameters, 0, Monitor(told.append))
    assert {progress.total for progress in told} == {1000}
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert done[-1] == 1000
    for result, level in zip(results, levels, strict=True):
        labels = np.asarray(result.labels)
        assert [bool(one.all()) for one in labels] == [False, *[True] * 3, False]
        assert not labels[[0, 4]].any()
        np.testing.assert_array_equal(
            np.asarray(result.image)[[0, 4]], np.asarray(level.image)[[0, 4]]
        )


@pytest.mark.parametrize("lazily", [False, True])
def test_a_smaller_level_may_have_no_pixel(lazily):
    stack = movie(shape=(2, 12, 10, 3))
    small = stack[:, ::2, ::2]
    mask = np.ones(small.shape[:3], bool)
    mask[1] = False
    if lazily:
        levels = [
            see_blocks(da.from_array(stack, chunks=(1, 5, 5, 3))),
            see_blocks(da.from_array(small, chunks=(1, 5, 5, 3)), -1, mask),
        ]
    else:
        levels = [see_pixels(stack), see_pixels(small, -1, mask)]
    results = quantize_stack(levels, Parameters(n_colors=4), 0, Monitor())
    assert np.asarray(results[0].labels).all()
    np.testing.assert_array_equal(np.asarray(results[1].labels) > 0, mask)
    np.testing.assert_array_equal(np.asarray(results[1].image)[1], small[1])
    assert results[0].report.notes == ()


@pytest.mark.parametrize("lazily", [False, True])
def test_levels_share_the_palettes_of_the_largest(lazily):
    stack = movie(shape=(3, 12, 10, 3))
    sizes = [stack, stack[:, ::2, ::2]]
    if lazily:
        levels = [see_blocks(da.from_array(one, chunks=(1, 5, 5, 3))) for one in sizes]
    else:
        levels = [see_pixels(one) for one in sizes]
    told = []
    parameters = Parameters(n_colors=4)
    results = quantize_stack(levels, parameters, 0, Monitor(told.append))
    largest = quantize_slices(stack, 4)
    np.testing.assert_array_equal(np.asarray(results[0].labels), largest.labels)
    for result in results:
        assert result.palettes == results[0].palettes
    np.testing.assert_array_equal(
        np.asarray(results[1].labels), largest.labels[:, ::2, ::2]
    )
    np.testing.assert_array_equal(
        np.asarray(results[1].image), largest.image[:, ::2, ::2]
    )
    assert {progress.total for progress in told} == {1000}
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert done[-1] == 1000


def test_levels_of_other_slices_are_refused():
    levels = [see_pixels(movie()), see_pixels(movie()[::2, ::2, ::2])]
    with pytest.raises(
        ValueError, match="have 4, 2 slices along axis 0, and a palette"
    ):
        quantize_stack(levels, Parameters(n_colors=3), 0, Monitor())
