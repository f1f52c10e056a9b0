"""Pixels that are farther than `max_distance` from every entry are left out."""

from __future__ import annotations

import re
from math import prod

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage.color import rgb2lab

from lazies import chunkings
from napari_colorquant import (
    Merge,
    Palette,
    Recolor,
    Remove,
    Sort,
    apply_palette,
    count_all,
    edit,
    measure_areas,
    measure_quality,
    quantize,
    quantize_channels,
    quantize_slices,
)
from napari_colorquant.core.compute import executor
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.quantization.levels import apply_to_levels
from napari_colorquant.core.quantization.report import Report

NOISE = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
LEGEND = Palette([[20, 20, 20], [200, 30, 30], [40, 160, 60], [220, 220, 210]])


def nearest(image, colors, max_distance):
    """Return labels and picture by the definition; the last axis holds channels."""
    steps = image[..., np.newaxis, :].astype(np.float64) - colors
    distances = np.sqrt((steps**2).sum(axis=-1))
    labels = distances.argmin(axis=-1) + 1
    labels[distances.min(axis=-1) > max_distance] = 0
    drawn = np.rint(colors) if image.dtype.kind in "iu" else colors
    own = drawn[labels - 1].astype(image.dtype)
    return labels, np.where(labels[..., np.newaxis] > 0, own, image)


# ---------------------------------------------------------------- what is left out


@st.composite
def images(draw):
    dtype = draw(st.sampled_from(["uint8", "uint16", "int32", "float32", "float64"]))
    n_channels = draw(st.sampled_from([1, 2, 3, 5]))
    shape = (draw(st.integers(1, 7)), draw(st.integers(1, 7)), n_channels)
    values = st.integers(0, 255)
    flat = draw(st.lists(values, min_size=prod(shape), max_size=prod(shape)))
    image = np.array(flat, dtype).reshape(shape)
    n_colors = draw(st.integers(2, 9))
    colors = [[draw(values) for _ in range(n_channels)] for _ in range(n_colors)]
    squared = draw(st.integers(1, 3 * 255**2))
    return image, np.array(colors, np.float64), np.sqrt(squared), draw(chunkings(shape))


@settings(max_examples=25)
@given(images())
def test_what_is_strictly_farther_is_left_out_in_memory_and_lazily(case):
    image, colors, farthest, chunks = case
    labels, picture = nearest(image, colors, farthest)
    how = {"channel_axis": 2, "max_distance": farthest}
    chunks = (*chunks[:2], image.shape[2])
    given = (image, da.from_array(image, chunks=chunks))
    found = []
    for one in given:
        if not (labels > 0).any():
            with pytest.warns(UserWarning, match="nothing is quantized"):
                found.append(apply_palette(one, Palette(colors), **how))
        else:
            found.append(apply_palette(one, Palette(colors), **how))
    for q in found:
        np.testing.assert_array_equal(np.asarray(q.labels), labels)
        np.testing.assert_array_equal(np.asarray(q.image), picture)
        assert q.report.n_unassigned == (labels == 0).sum()
        assert q.report.n_pixels == q.palette.counts.sum() == (labels > 0).sum()
        assert q.report.max_distance == farthest


@pytest.mark.parametrize("n_colors", [255, 256])
def test_labels_of_one_and_two_bytes_are_left_out_alike(n_colors):
    colors = np.random.default_rng(1).integers(0, 256, (n_colors, 3)).astype(float)
    labels, picture = nearest(NOISE, colors, 25)
    lazy = apply_palette(
        da.from_array(NOISE, chunks=(13, 17, 3)), Palette(colors), max_distance=25
    )
    for q in (apply_palette(NOISE, Palette(colors), max_distance=25), lazy):
        for _ in range(2):  # the second time from the table of colours that are known
            np.testing.assert_array_equal(np.asarray(q.labels), labels)
        np.testing.assert_array_equal(np.asarray(q.image), picture)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_the_distance_in_lab_is_a_delta_e_76(dtype):
    image = NOISE.astype(dtype) * (257 if dtype == "uint16" else 1)
    white = np.iinfo(dtype).max
    colors = LEGEND.colors * (257 if dtype == "uint16" else 1)
    q = apply_palette(image, Palette(colors, color_space="lab"), max_distance=30)
    steps = rgb2lab(image / white)[:, :, np.newaxis] - rgb2lab(colors / white)
    distances = np.sqrt((steps**2).sum(axis=-1))
    assert abs(distances.min(axis=-1) - 30).min() > 1e-6  # no pixel is at the limit
    expected = np.where(distances.min(axis=-1) > 30, 0, distances.argmin(axis=-1) + 1)
    np.testing.assert_array_equal(q.labels, expected)
    learned = quantize(image, 6, color_space="lab", max_distance=30)
    again = apply_palette(image, learned.palette, max_distance=30)
    np.testing.assert_array_equal(learned.labels, again.labels)
    assert 0 < learned.report.n_unassigned < again.labels.size


def test_masks_transparency_and_nan_are_not_counted_as_too_far():
    mask = np.ones(NOISE.shape[:2], bool)
    mask[:5] = False
    alpha = np.full((*mask.shape, 1), 255, np.uint8)
    alpha[5:9] = 0
    pictures = (NOISE, np.concatenate([NOISE, alpha], axis=2), NOISE.astype(float))
    pictures[2][9:12, 0] = np.nan
    for image in pictures:
        labels, _ = nearest(NOISE, LEGEND.colors, 60)
        invalid = ~mask
        invalid = invalid | np.isnan(image).any(axis=2)
        if image.shape[2] == 4:
            invalid = invalid | (alpha[..., 0] == 0)
        q = apply_palette(image, LEGEND, mask=mask, max_distance=60, data_range=255)
        np.testing.assert_array_equal(q.labels, np.where(invalid, 0, labels))
        assert q.report.n_unassigned == ((labels == 0) & ~invalid).sum()
        left = q.labels == 0
        np.testing.assert_array_equal(q.image[left], image[left])


def test_tiles_and_threads_do_not_matter(monkeypatch):
    results = [quantize(NOISE, 8, max_distance=40)]
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 70)
    results.append(quantize(NOISE, 8, max_distance=40))
    monkeypatch.setattr(executor, "n_cores", lambda: 1)
    results.append(quantize(NOISE, 8, max_distance=40))
    assert {q.labels.tobytes() + q.image.tobytes() for q in results} == {
        results[0].labels.tobytes() + results[0].image.tobytes()
    }
    assert len({q.report.mse for q in results}) == 1


@pytest.mark.parametrize(
    ("value", "error", "sentence"),
    [
        (0, ValueError, "max_distance is 0: pass a number above 0."),
        (-1.5, ValueError, "max_distance is -1.5: pass a number above 0."),
        (np.nan, ValueError, "max_distance is nan: pass a number above 0."),
        ("near", TypeError, "max_distance is 'near': pass a number."),
        (True, TypeError, "max_distance is True: pass a number."),
    ],
)
def test_what_is_no_distance_is_refused(value, error, sentence):
    for do, how in ((quantize, 4), (apply_palette, LEGEND)):
        with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
            do(NOISE, how, max_distance=value)


# --------------------------------------------------------- learning stays as it is


def test_the_palette_is_learned_as_without_a_limit():
    for how in ({"n_colors": 8}, {"n_colors": "auto", "target_psnr": 20}):
        free, limited = quantize(NOISE, **how), quantize(NOISE, **how, max_distance=30)
        np.testing.assert_array_equal(limited.palette.colors, free.palette.colors)
        assert limited.report.tried == free.report.tried
        near = limited.labels > 0
        np.testing.assert_array_equal(limited.labels[near], free.labels[near])
        assert 0 < near.mean() < 1


def test_errors_are_those_of_the_quantized_pixels():
    q = quantize(NOISE, "auto", target_delta_e=12, max_distance=30)
    quality = measure_quality(NOISE, q.image, mask=q.labels > 0, delta_e=True)
    assert q.report.mse == pytest.approx(quality.mse, rel=1e-12)
    assert q.report.psnr == pytest.approx(quality.psnr, rel=1e-12)
    assert q.report.delta_e == pytest.approx(quality.delta_e, rel=1e-12)
    assert dict(q.report.tried)[len(q.palette)] <= 12


def test_seeds_channels_and_slices_have_limits_too():
    seeds = np.zeros(NOISE.shape[:2], int)
    seeds[0, 0], seeds[5, 5] = 1, 2
    q = quantize(NOISE, 2, seeds=seeds, max_distance=50)
    expected, _ = nearest(NOISE, q.palette.colors, 50)
    np.testing.assert_array_equal(q.labels, expected)

    channels = [NOISE[..., 0], NOISE[..., 1]]
    joint = quantize_channels(channels, 4, scaling=[(0, 255)] * 2, max_distance=0.1)
    scaled = np.float32(NOISE[..., :2] / 255)
    expected, _ = nearest(scaled, joint.palette.colors / 255, 0.1)
    assert (joint.labels == expected).mean() > 0.995  # float32 may round across it
    left = joint.labels == 0
    np.testing.assert_array_equal(joint.image[left], NOISE[..., :2][left])

    stack = np.stack([NOISE, NOISE[::-1] // 2])
    q = quantize_slices(stack, 4, max_distance=30)
    for number, palette in enumerate(q.palettes):
        expected, _ = nearest(stack[number], palette.colors, 30)
        np.testing.assert_array_equal(q.labels[number], expected)
    assert q.report.n_unassigned == (q.labels == 0).sum()
    assert q.report.n_pixels == (q.labels > 0).sum()


def test_all_levels_have_the_limit():
    pyramid = [NOISE, NOISE[::2, ::2]]
    lazy = [da.from_array(level, chunks=(20, 20, 3)) for level in pyramid]
    for levels in (pyramid, lazy):
        seen = [see_image(level) for level in levels]
        found = apply_to_levels(seen, LEGEND, Monitor(), 60.0)
        for q, level in zip(found, pyramid, strict=True):
            expected, picture = nearest(level, LEGEND.colors, 60)
            np.testing.assert_array_equal(np.asarray(q.labels), expected)
            np.testing.assert_array_equal(np.asarray(q.image), picture)


def test_what_is_left_out_of_a_lazy_image_is_estimated(monkeypatch):
    monkeypatch.setattr("napari_colorquant.core.image.sampling.MOST_PIXELS", 1000)
    tall = np.concatenate([NOISE] * 4)
    lazy = da.from_array(tall, chunks=(20, 25, 3))
    q = apply_palette(lazy, LEGEND, max_distance=60)
    expected, _ = nearest(tall, LEGEND.colors, 60)
    assert q.report.counts_are_estimates
    assert q.report.left_out.startswith("about ")
    n_far = (expected == 0).sum()
    assert abs(q.report.n_unassigned - n_far) < 0.2 * n_far
    np.testing.assert_array_equal(np.asarray(q.labels), expected)
    counted = count_all(q).report
    assert counted.n_pixels == (expected > 0).sum()
    assert counted.left_out.startswith("about ")


# ------------------------------------------------------------------ what is told


def test_nothing_is_quantized_where_all_is_too_far():
    sentence = (
        "Every pixel is farther than 0.25 from every color, and left out: nothing is "
        "quantized."
    )
    with pytest.warns(UserWarning, match=sentence):
        q = apply_palette(NOISE, Palette([[0.5, 0, 0], [9.5, 0, 0]]), max_distance=0.25)
    assert not q.labels.any()
    np.testing.assert_array_equal(q.image, NOISE)
    assert q.palette.counts.tolist() == [0, 0]
    assert q.report.quality == "nothing quantized"
    assert q.report.left_out == "100.0 % left out"
    edited = edit(q, NOISE, Sort())
    assert edited.report.quality == "nothing quantized"


def test_the_report_says_what_was_left_out():
    q = apply_palette(NOISE, LEGEND, max_distance=60)
    n_far = int((q.labels == 0).sum())
    assert f"{q.report.left_out}: {n_far:,} pixels, farther than 60 from" in str(
        q.report
    )
    assert f"{100 * n_far / 2000:.1f} % left out" in q.report.summary()
    plain = q.report.as_dict()
    assert Report.from_dict(plain) == q.report
    for name in ("max_distance", "n_unassigned"):  # as in earlier records
        del plain[name]
    assert Report.from_dict(plain).left_out == ""
    assert apply_palette(NOISE, LEGEND).report.left_out == ""
    assert apply_palette(NOISE, LEGEND, max_distance=999).report.n_unassigned == 0


def test_a_rounded_share_says_neither_nothing_nor_all():
    image = np.zeros((100, 100, 3), np.uint8)
    image[0, 0] = 255
    black, white = Palette([[0, 0, 0]]), Palette([[255, 255, 255]])
    few = apply_palette(image, black, max_distance=1).report
    assert few.left_out == "under 0.1 % left out"
    most = apply_palette(image, white, max_distance=1).report
    assert most.left_out == "over 99.9 % left out"


def test_areas_have_a_row_of_what_was_left_out():
    q = apply_palette(NOISE, LEGEND, max_distance=60)
    table = measure_areas(q)
    rows = dict(zip(table["label"], table["pixels"], strict=True))
    assert rows[0] == q.report.n_unassigned
    assert table.loc[table["label"] == 0, "percent"].isna().all()
    assert table["percent"].sum() == pytest.approx(100)


# --------------------------------------------------------------------- edits


def test_edits_leave_out_what_was_left_out():
    q = apply_palette(NOISE, LEGEND, max_distance=60)
    left = q.labels == 0
    for one in (Merge([0, 1]), Recolor(2, [0, 0, 0]), Sort("population")):
        edited = edit(q, NOISE, one)
        np.testing.assert_array_equal(edited.labels == 0, left)
        np.testing.assert_array_equal(edited.image[left], NOISE[left])
        assert edited.report.n_unassigned == q.report.n_unassigned


@pytest.mark.parametrize("lazily", [False, True])
def test_pixels_of_a_removed_entry_stay_within_the_limit(lazily):
    image = da.from_array(NOISE, chunks=(20, 20, 3)) if lazily else NOISE
    q = apply_palette(image, LEGEND, max_distance=120)
    removed = edit(q, image, Remove([1]))
    expected, picture = nearest(NOISE, LEGEND.colors[[0, 2, 3]], 120)
    before, _ = nearest(NOISE, LEGEND.colors, 120)
    assert ((before > 0) & (expected == 0)).any()
    np.testing.assert_array_equal(np.asarray(removed.labels), expected)
    np.testing.assert_array_equal(np.asarray(removed.image), picture)
    assert removed.report.n_unassigned == (expected == 0).sum()
    assert removed.report.n_pixels == (expected > 0).sum()
