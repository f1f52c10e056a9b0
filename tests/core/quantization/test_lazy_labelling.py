"""Lazy results are edited as those in memory are, block by block."""

from __future__ import annotations

from dataclasses import replace

import dask.array
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lazies import Generated, chunkings, noise
from napari_colorquant import Merge, Palette, Recolor, Remove, Sort, edit, quantize
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import sampling as excerpt_module
from napari_colorquant.core.image.blocks import see_blocks
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.quantization.counts import estimate_counts
from napari_colorquant.core.quantization.edit import (
    IndexedImage,
    edit_labelling,
    redraw_picture,
)
from plain import edits_of, images

GREY = np.array([[10, 12, 20, 29], [30, 31, 40, 49]], np.uint16)
PALETTE = Palette([[10], [20], [30], [40]], counts=[2, 2, 2, 2])


def all_bytes(q):
    arrays = (q.palette.colors, q.palette.counts, q.labels, q.image)
    arrays = [np.asarray(array) for array in arrays]
    return [(a.dtype, a.shape, np.ascontiguousarray(a).tobytes()) for a in arrays]


@st.composite
def edited_images(draw):
    case = draw(images())
    n_colors = draw(st.integers(2, 7))
    chunks = draw(chunkings(case.image.shape))
    lazy = dask.array.from_array(case.image, chunks=chunks)
    return case, lazy, n_colors


@pytest.mark.filterwarnings("ignore:The image has only:UserWarning")
@settings(max_examples=20)
@given(edited_images(), st.data())
def test_edits_are_those_of_an_image_in_memory(drawn, data):
    case, lazy, n_colors = drawn
    expected = quantize(case.image, n_colors, **case.how)
    q = quantize(lazy, n_colors, channel_axis=case.channel_axis, mask=case.mask)
    before = all_bytes(q)
    edits, palette = [], expected.palette
    for _ in range(data.draw(st.integers(1, 4))):
        edits.append(data.draw(edits_of(palette)))
        in_memory = edit(expected, case.image, edits, channel_axis=case.channel_axis)
        palette = in_memory.palette
    edited = edit(q, lazy, edits, channel_axis=case.channel_axis)
    assert all_bytes(edited) == all_bytes(in_memory)
    assert edited.palette.as_dict() == in_memory.palette.as_dict()
    assert replace(edited.report, seconds={}, n_blocks=0, n_blocks_read=0) == (
        replace(in_memory.report, seconds={})
    )
    assert all_bytes(q) == before


def test_an_edit_computes_nothing_but_what_removing_counts(monkeypatch):
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 1000)
    monkeypatch.setattr(excerpt_module, "FEWEST_PARTS", 10)
    monkeypatch.setattr(excerpt_module, "_ENOUGH_PIXELS", 1)
    image = Generated(((20,) * 20, (20,) * 20), noise)
    array = image.array()
    q = quantize(array, 4, channel_axis=None)
    levels = (see_blocks(array, None),)
    first = IndexedImage(q.palette, (q.labels,), counts_are_estimates=True)
    image.computed.clear()
    merged = edit_labelling(first, Merge([1, 2]), levels, Monitor())
    assert edit_labelling(
        merged, Sort("population"), levels, Monitor()
    ).counts_are_estimates
    assert image.computed == []
    assert merged.counts_are_estimates
    assert merged.palette.counts.sum() == q.palette.counts.sum()

    progress = []
    removed = edit_labelling(merged, Remove([1]), levels, Monitor(progress.append))
    assert len(image.computed) == 10 == len(progress)
    assert removed.counts_are_estimates
    assert removed.palette.counts.sum() == 160_000
    values = noise((3, 4), (20, 20))[..., np.newaxis]
    found = removed.labels[0][60:80, 80:100].compute()
    kept = merged.labels[0][60:80, 80:100].compute()
    nearest = np.abs(values - removed.palette.colors[:, 0]).argmin(axis=-1) + 1
    was_removed = kept == 2
    np.testing.assert_array_equal(found[was_removed], nearest[was_removed])
    np.testing.assert_array_equal(found[kept == 1], 1)
    np.testing.assert_array_equal(found[kept == 3], 2)


def test_exact_counts_stay_exact_until_entries_are_removed(monkeypatch):
    lazy = dask.array.from_array(GREY, chunks=2)
    q = quantize(lazy, 4, channel_axis=None)
    first = IndexedImage(q.palette, (q.labels,))
    levels = (see_blocks(lazy, None),)
    removed = edit_labelling(first, Remove([0]), levels, Monitor())
    assert not removed.counts_are_estimates  # it is small: all of it was counted
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 4)
    removed = edit_labelling(first, Remove([0]), levels, Monitor())
    assert removed.counts_are_estimates


def test_what_is_painted_beyond_the_palette_stays():
    labels = dask.array.from_array(np.array([[1, 2, 3, 4], [9, 0, 255, 4]], np.uint8))
    first = IndexedImage(PALETTE, (labels,))
    merged = edit_labelling(first, Merge([0, 3]), (), Monitor())
    assert merged.labels[0].compute().tolist() == [[1, 2, 3, 1], [9, 0, 255, 1]]
    picture = see_blocks(GREY, None)
    drawn = redraw_picture(picture, merged.labels[0], merged.palette).compute()
    assert drawn.tolist() == [[25, 20, 30, 25], [30, 31, 40, 25]]
    assert drawn.dtype == np.uint16


def test_labels_in_memory_of_a_lazy_image_become_lazy():
    labels = np.array([[1, 1, 2, 2], [3, 3, 4, 4]], np.uint8)
    lazy = dask.array.from_array(GREY, chunks=2)
    for levels in ((see_blocks(lazy, None),), (see_pixels(GREY, None),)):
        removed = edit_labelling(
            IndexedImage(PALETTE, (labels,)), Remove([1]), levels, Monitor()
        )
        assert np.asarray(removed.labels[0]).tolist() == [[1, 1, 1, 2], [2, 2, 3, 3]]
        assert removed.palette.counts.tolist() == [3, 3, 2]
    dasks = dask.array.from_array(labels, chunks=3)
    removed = edit_labelling(
        IndexedImage(PALETTE, (dasks,)),
        Remove([1]),
        (see_pixels(GREY, None),),
        Monitor(),
    )
    assert removed.labels[0].compute().tolist() == [[1, 1, 1, 2], [2, 2, 3, 3]]


def test_removing_needs_the_image():
    labels = dask.array.ones((2, 4), dtype=np.uint8)
    with pytest.raises(ValueError, match=r"^removing needs the image"):
        edit_labelling(IndexedImage(PALETTE, (labels,)), Remove([1]), (), Monitor())
    with pytest.raises(ValueError, match=r"^the image has the shape \(3, 3\)"):
        edit(
            quantize(dask.array.from_array(GREY), 4, channel_axis=None),
            dask.array.zeros((3, 3), dtype=np.uint16),
            Recolor(0, [3]),
            channel_axis=None,
        )


def test_estimates_are_near_the_counts(monkeypatch):
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 4000)
    labels = dask.array.from_array(
        np.random.default_rng(0).choice(4, (200, 200), p=[0.1, 0.2, 0.3, 0.4]),
        chunks=20,
    ).astype(np.uint8)
    blocks = see_blocks(dask.array.zeros((200, 200), chunks=20, dtype=np.uint8), None)
    counts, is_exact = estimate_counts(blocks, labels, 3, Monitor())
    assert not is_exact
    assert counts.tolist() == pytest.approx([8000, 12_000, 16_000], rel=0.1)
    monkeypatch.undo()
    counts, is_exact = estimate_counts(blocks, labels, 3, Monitor())
    assert is_exact
    assert counts.tolist() == np.bincount(labels.compute().reshape(-1))[1:].tolist()
