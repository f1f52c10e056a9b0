"""Lazy images give what images in memory give, and read no more than they must."""

from __future__ import annotations

import os
import re
import warnings
from dataclasses import replace

import dask.array
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lazies import Generated, chunkings, noise, steps_of_gray
from napari_colorquant import (
    Palette,
    Parameters,
    apply_palette,
    error_curve,
    error_map,
    fit_palette,
    quantize,
)
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image import sampling as excerpt_module
from napari_colorquant.core.image.blocks import see_blocks
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.quantization.counts import count_all
from napari_colorquant.core.quantization.levels import (
    apply_to_levels,
    quantize_levels,
)
from plain import images

RUNS = st.fixed_dictionaries(
    {
        "n_colors": st.integers(2, 7),
        "method": st.sampled_from([*METHODS]),
        "refine": st.booleans(),
        "n_samples": st.sampled_from([7, 30, None]),
        "random_state": st.integers(0, 2**32 - 1),
    }
)


@pytest.fixture
def small(monkeypatch):
    """Bounds that a small image is beyond."""
    monkeypatch.setattr(excerpt_module, "MOST_PIXELS", 1000)
    monkeypatch.setattr(excerpt_module, "FEWEST_PARTS", 10)
    monkeypatch.setattr(excerpt_module, "_ENOUGH_PIXELS", 1)


def quietly(function, *args, **kwargs):
    """Run; images of few colours warn of it, which is not what is tested here."""
    with warnings.catch_warnings():
        warnings.filterwarnings(
            "ignore", "(The|Where it learns, the) (image|sample) has only", UserWarning
        )
        return function(*args, **kwargs)


def all_bytes(q):
    """Return a result as bytes: NaN, minus zero and the last bit count."""
    arrays = (q.palette.colors, q.palette.counts, q.labels, q.indices, q.image)
    arrays = [np.asarray(array) for array in arrays]
    return [(a.dtype, a.shape, np.ascontiguousarray(a).tobytes()) for a in arrays]


def of_the_image(report):
    """Leave out what a report says of the run: times, and blocks."""
    return replace(report, seconds={}, n_blocks_read=0, n_blocks=0)


@st.composite
def lazy_cases(draw):
    case = draw(images())
    image = dask.array.from_array(case.image, chunks=draw(chunkings(case.image.shape)))
    return case, image, draw(maybe_lazy(case.mask))


@st.composite
def maybe_lazy(draw, mask):
    if mask is None or draw(st.booleans()):
        return mask
    return dask.array.from_array(mask, chunks=draw(chunkings(mask.shape)))


@settings(max_examples=20)
@given(lazy_cases(), RUNS, st.sampled_from([3, 2**18]))
def test_a_lazy_image_gives_what_one_in_memory_gives(cases, run, tile_pixels):
    case, image, mask = cases
    expected = quietly(quantize, case.image, **run, **case.how)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
        q = quietly(quantize, image, channel_axis=case.channel_axis, mask=mask, **run)
        assert all_bytes(q) == all_bytes(expected)
    assert q.report.n_blocks_read == q.report.n_blocks
    assert not q.report.counts_are_estimates
    if tile_pixels == 2**18:
        assert of_the_image(q.report) == of_the_image(expected.report)
    assert q.palette.units == case.image.dtype.name


@given(lazy_cases(), st.integers(0, 99))
def test_a_ready_palette_is_applied_as_in_memory(cases, seed):
    case, image, mask = cases
    n_channels = case.colors.shape[-1]
    random = np.random.default_rng(seed)
    palette = Palette(random.integers(-50, 300, (5, n_channels)), names=[*"abcde"])
    expected = apply_palette(case.image, palette, **case.how)
    q = apply_palette(image, palette, channel_axis=case.channel_axis, mask=mask)
    assert all_bytes(q) == all_bytes(expected)
    assert q.palette.names == palette.names


@given(lazy_cases(), RUNS)
def test_a_palette_is_learned_as_in_memory(cases, run):
    case, image, mask = cases
    expected = quietly(fit_palette, case.image, **run, **case.how)
    palette = quietly(
        fit_palette, image, channel_axis=case.channel_axis, mask=mask, **run
    )
    assert palette.as_dict() == expected.as_dict()


@settings(max_examples=20)
@given(lazy_cases(), RUNS, st.data())
def test_a_part_is_learned_from_as_in_memory(cases, run, data):
    case, image, mask = cases
    shape = case.colors.shape[:-1]
    random = np.random.default_rng(data.draw(st.integers(0, 99)))
    learn_mask = random.random(shape) < 0.8
    how = {"channel_axis": case.channel_axis, "mask": mask, **run}
    try:
        expected = quietly(
            quantize, case.image, learn_mask=learn_mask, **run, **case.how
        )
    except ValueError as error:
        with pytest.raises(ValueError, match=f"^{re.escape(str(error))}$"):
            quietly(quantize, image, learn_mask=learn_mask, **how)
        return
    lazy_learn_mask = data.draw(maybe_lazy(learn_mask))
    q = quietly(quantize, image, learn_mask=lazy_learn_mask, **how)
    assert all_bytes(q) == all_bytes(expected)
    assert of_the_image(q.report) == of_the_image(expected.report)


def test_a_photograph_gives_the_same_in_any_blocks(china):
    expected = quantize(china, 64)
    for chunks in ((427, 640, 3), (100, 640, 1), (64, 64, 3)):
        q = quantize(dask.array.from_array(china, chunks=chunks), 64)
        assert all_bytes(q) == all_bytes(expected)
        assert q.labels.chunks == dask.array.core.normalize_chunks(
            chunks[:2], china.shape[:2]
        )
        assert q.image.chunks == (*q.labels.chunks, (3,))
        assert q.indices.chunks == q.labels.chunks


@pytest.mark.parametrize("target", [{"target_psnr": 27}, {"target_delta_e": 4}])
def test_a_target_is_reached_as_in_memory(china, target):
    image = china[::3, ::3]
    expected = quantize(image, "auto", **target)
    lazy = dask.array.from_array(image, chunks=(50, 50, 3))
    q = quantize(lazy, "auto", **target)
    assert all_bytes(q) == all_bytes(expected)
    assert q.report.tried == expected.report.tried
    assert fit_palette(lazy, "auto", **target).as_dict() == (
        expected.palette.uncounted().as_dict()
    )


def test_zarr_arrays_are_read_from_disk(tmp_path, china):
    zarr = pytest.importorskip("zarr")
    array = zarr.create_array(
        tmp_path / "china", shape=china.shape, chunks=(100, 200, 3), dtype="u1"
    )
    array[:] = china
    mask = zarr.create_array(
        tmp_path / "mask", shape=(427, 640), chunks=(427, 99), dtype=bool
    )
    mask[50:200] = True
    q = quantize(array, 16, mask=mask)
    assert all_bytes(q) == all_bytes(quantize(china, 16, mask=mask[:]))
    assert q.labels.chunks == ((100,) * 4 + (27,), (200,) * 3 + (40,))
    assert q.report.n_blocks == 20


def test_gigapixels_are_not_touched_beyond_the_sample():
    """Four gigapixels: 16,384 blocks, of which 64 are read, and one is looked at."""
    image = Generated(((512,) * 128, (512,) * 128), noise)
    q = quantize(image.array(), 16, channel_axis=None, refine=False)
    assert len(image.computed) == len(set(image.computed)) == 64
    assert (q.report.n_blocks_read, q.report.n_blocks) == (64, 16_384)
    assert q.report.counts_are_estimates
    assert q.report.n_pixels == pytest.approx(2**32, rel=1e-6)
    assert q.palette.counts.sum() == q.report.n_pixels
    assert str(q.report).splitlines()[1] == "blocks  64 of 16,384 read"
    image.computed.clear()
    values = noise((3, 4), (512, 512))[..., np.newaxis]
    expected = np.abs(values - q.palette.colors[:, 0]).argmin(axis=-1)
    found = q.indices[3 * 512 : 4 * 512, 4 * 512 : 5 * 512].compute()
    np.testing.assert_array_equal(found, expected)
    assert image.computed == [(3, 4)]


def test_counts_of_a_sample_are_estimates_until_all_is_counted(small):
    image = Generated(((1,) * 20, (20,) * 5, (20,) * 5), steps_of_gray)
    q = quietly(quantize, image.array(), 32, channel_axis=None)
    assert len(image.computed) == 10
    assert q.report.n_pixels == q.palette.counts.sum() == 20 * 100 * 100
    assert q.report.n_colors_before == len(q.palette) < 20
    assert not q.report.n_colors_before_is_exact
    assert q.report.is_estimated
    assert q.report.quality == "about lossless"
    assert (np.diff(q.palette.counts % 4000) == 0).all()

    image.computed.clear()
    progress = []
    counted = count_all(q, progress=progress.append)
    assert sorted(image.computed) == sorted(set(image.computed))
    assert len(image.computed) == 500
    assert [piece.done for piece in progress] == [*range(2, 1001, 2)]
    labels = q.labels.compute()
    expected = np.bincount(labels.reshape(-1), minlength=len(q.palette) + 1)[1:]
    np.testing.assert_array_equal(counted.palette.counts, expected)
    assert counted.report.n_pixels == 200_000
    assert counted.report.n_colors_after == np.count_nonzero(expected)
    assert not counted.report.counts_are_estimates
    assert counted.report.is_estimated  # the error
    assert count_all(counted) is counted


def test_pixels_outside_are_not_in_the_estimates(small):
    image = Generated(((20,) * 20, (20,) * 20), noise)
    mask = np.zeros((400, 400), bool)
    mask[:200, ::2] = True
    q = quantize(image.array(), 4, channel_axis=None, mask=mask)
    assert q.report.n_pixels == pytest.approx(40_000, rel=1e-3)
    assert {place[0] < 10 for place in image.computed} == {True}
    assert (q.labels[:20].compute() > 0).tolist() == mask[:20].tolist()


@pytest.mark.parametrize("is_lazy", [True, False])
def test_a_small_part_of_a_large_image_is_learned_from(small, is_lazy):
    """One block of 1,600 to learn from, and counts of all of them."""
    chunks = (10,) * 40
    image = Generated((chunks, chunks), lambda place, shape: np.full(shape, place[0]))
    learn_mask = np.zeros((400, 400), bool)
    learn_mask[70:80, 30:40] = True
    learn_mask[210:212, 110:113] = True
    mask = np.ones((400, 400), bool)
    mask[210:212] = False
    q = quietly(
        quantize,
        image.array(),
        4,
        channel_axis=None,
        mask=dask.array.from_array(mask, chunks=99) if is_lazy else mask,
        learn_mask=learn_mask,
    )
    assert q.palette.colors.tolist() == [[7]]
    assert q.report.n_sampled == 100
    assert q.report.n_pixels == pytest.approx(400 * 398, rel=0.02)
    assert q.palette.counts.tolist() == [q.report.n_pixels]
    assert q.report.notes == (
        "Where it learns, the sample has only 1 color: all are kept, instead of the 4 "
        "that were asked for.",
    )
    assert len(set(image.computed)) == q.report.n_blocks_read <= 12
    assert (q.labels[205:215].compute() > 0).tolist() == mask[205:215].tolist()


def test_progress_is_even_where_it_is_read_for_two(small):
    image = Generated(((20,) * 20, (20,) * 20), noise)
    seen = []
    q = quantize(
        image.array(),
        "auto",
        target_psnr=20,
        channel_axis=None,
        learn_mask=np.arange(400)[:, np.newaxis] < np.full(400, 100),
        progress=seen.append,
    )
    assert q.report.psnr >= 20
    done = [piece.done for piece in seen]
    assert done == sorted(done)
    assert {piece.total for piece in seen} == {done[-1]}


@pytest.mark.parametrize("is_lazy", [True, False])
def test_a_large_image_needs_pixels_to_learn_from(small, is_lazy):
    image = Generated(((20,) * 20, (20,) * 20), noise)
    nowhere = np.zeros((400, 400), bool)
    if is_lazy:
        nowhere = dask.array.from_array(nowhere)
    with pytest.raises(ValueError, match=r"^where the palette is learned, no pixel of"):
        quantize(image.array(), 4, channel_axis=None, learn_mask=nowhere)
    assert is_lazy or image.computed == []


def test_few_colors_of_a_sample_are_told_as_such(small):
    image = Generated(((20,) * 20, (20,) * 20), lambda _, shape: np.ones(shape))
    with pytest.warns(UserWarning, match=r"^The sample has only 1 color: all are kept"):
        quantize(image.array(), 4, channel_axis=None)


def test_the_seed_decides_what_is_read(small):
    def read(seed):
        image = Generated(((20,) * 20, (20,) * 20), noise)
        q = quantize(image.array(), 4, channel_axis=None, random_state=seed)
        return set(image.computed), q.palette.colors.tobytes()

    assert read(1) == read(1)
    assert read(1)[0] != read(2)[0]


def test_progress_goes_from_reading_to_the_end(small):
    image = Generated(((20,) * 20, (20,) * 20), noise)
    seen = []
    quantize(image.array(), 4, channel_axis=None, progress=seen.append)
    assert [*dict.fromkeys(piece.step for piece in seen)] == [
        "read",
        "survey",
        "learn",
        "assign",
    ]
    done = [piece.done for piece in seen]
    assert done == sorted(done)
    assert {piece.total for piece in seen} == {done[-1]}


def test_a_run_can_be_stopped_while_it_reads(small, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(2), False)
    image = Generated(((20,) * 20, (20,) * 20), noise)

    def stop(piece):
        raise InterruptedError

    with pytest.raises(InterruptedError):
        quantize(image.array(), 4, channel_axis=None, progress=stop)
    assert len(image.computed) <= 4


@pytest.mark.parametrize(
    ("how", "sentence"),
    [
        ({"fixed": [[1]]}, "the fixed colors have 1 channel and the image 3"),
        ({"channel_axis": 0, "color_space": "lab"}, "color_space 'lab' needs red"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_read(how, sentence):
    image = Generated(((2, 2), (5,), (3,)), noise)
    for function in (quantize, fit_palette):
        with pytest.raises(ValueError, match=f"^{sentence}"):
            function(image.array(), 4, **how)
    with pytest.raises(ValueError, match=r"^the palette has 1 channels"):
        apply_palette(image.array(), Palette([[1]]))
    assert image.computed == []


def test_an_error_curve_is_that_of_what_is_read(small, china):
    image = china[:25, :40]
    lazy = dask.array.from_array(image, chunks=(20, 20, 3))
    seen = []
    curve = error_curve(lazy, max_colors=8, progress=seen.append)
    assert curve == error_curve(image, max_colors=8)
    done = [piece.done for piece in seen]
    assert done == sorted(done)
    assert done[-1] == seen[-1].total


@pytest.mark.parametrize("delta_e", [True, False, None])
def test_an_error_map_is_lazy_too(china, delta_e):
    before = china[:30, :40].astype(np.float32) / 255
    before[3, 4] = np.nan
    mask = np.ones((30, 40), bool)
    mask[:10, :10] = False
    after = quantize(before, 5).image
    lazy = [dask.array.from_array(a, chunks=(10, 10, 1)) for a in (before, after)]
    expected = error_map(before, after, delta_e=delta_e, mask=mask)
    found = error_map(*lazy, delta_e=delta_e, mask=mask)
    assert found.chunks == ((10,) * 3, (10,) * 4)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape)
    np.testing.assert_allclose(found.compute(), expected, rtol=1e-6)
    half_lazy = error_map(lazy[0], after, delta_e=delta_e, mask=mask)
    np.testing.assert_array_equal(half_lazy.compute(), found.compute())


@pytest.mark.parametrize("how", ["quantize", "apply"])
def test_of_a_pyramid_the_largest_level_is_read(small, how):
    levels = [Generated(((20,) * n, (20,) * n), noise) for n in (20, 10, 5)]
    blocks = [see_blocks(level.array(), None) for level in levels]
    palette = Palette([[10], [200], [240]])
    if how == "quantize":
        results = quantize_levels(blocks, Parameters(n_colors=3), Monitor())
    else:
        results = apply_to_levels(blocks, palette, Monitor())
    assert [len(level.computed) for level in levels] == [10, 0, 0]
    palette = results[0].palette
    assert palette.counts.sum() == 400 * 400
    for result, level in zip(results, levels, strict=True):
        assert result.report is results[0].report
        assert result.labels.shape == result.image.shape == level.array().shape
        level.computed.clear()
        part = result.image[20:40, :20].compute()
        assert level.computed == [(1, 0)]
        expected = apply_palette(noise((1, 0), (20, 20)), palette, channel_axis=None)
        np.testing.assert_array_equal(part, expected.image.astype(np.uint8))
        labels = result.labels[20:40, :20].compute()
        np.testing.assert_array_equal(labels, expected.labels)
    assert [result.palette.counts is None for result in results] == [False, True, True]
