from __future__ import annotations

import dataclasses
import re

import dask.array as da
import numpy as np
import pytest
from skimage.measure import label

from napari_colorquant import (
    Clean,
    Merge,
    Palette,
    Quantization,
    apply_palette,
    clean_labels,
    edit,
    measure_areas,
    measure_quality,
    quantize_slices,
)

COLORS = np.array([[30, 30, 30], [200, 40, 40], [40, 40, 200]], np.uint8)


def discs():
    """Return the drawn truth: labels of two kinds of discs on a ground."""
    y, x = np.mgrid[:120, :160]
    truth = np.ones((120, 160), np.uint8)
    for i, (row, column) in enumerate([(30, 30), (30, 90), (85, 50), (85, 120)]):
        truth[(y - row) ** 2 + (x - column) ** 2 <= 20**2] = 2 + i % 2
    return truth


def peppered(truth):
    """Return a picture in which single pixels, two apart, have wrong colors.

    They keep off the discs' borders, where a majority is not that of the truth.
    """
    random = np.random.default_rng(0)
    spots = np.zeros(truth.shape, bool)
    spots[::3, ::3] = random.random(spots[::3, ::3].shape) < 0.5
    for axis in (0, 1):
        for step in (-2, -1, 1, 2):
            spots &= np.roll(truth, step, axis) == truth
    wrong = truth % 3 + 1
    return COLORS[np.where(spots, wrong, truth) - 1], spots


TRUTH = discs()
IMAGE, SPOTS = peppered(TRUTH)
PALETTE = Palette(COLORS, names=["ground", "red", "blue"])


def n_regions(labels):
    return label(labels, background=0, connectivity=1, return_num=True)[1]


def test_the_drawn_truth_is_found_again_to_the_pixel():
    q = apply_palette(IMAGE, PALETTE)
    assert SPOTS.sum() > 500
    assert np.count_nonzero(q.labels != TRUTH) == SPOTS.sum()
    assert n_regions(q.labels) == 5 + SPOTS.sum()
    cleaned = clean_labels(q, IMAGE, min_region=2)
    np.testing.assert_array_equal(cleaned.labels, TRUTH)
    assert n_regions(cleaned.labels) == 5
    np.testing.assert_array_equal(cleaned.image, COLORS[TRUTH - 1])
    counts = np.bincount(TRUTH.reshape(-1))[1:].tolist()
    assert cleaned.palette.counts.tolist() == counts
    assert measure_areas(cleaned)["pixels"].tolist() == counts
    assert cleaned.palette.names == PALETTE.names
    assert cleaned.report.n_pixels == TRUTH.size
    assert cleaned.report.mse == measure_quality(IMAGE, cleaned.image).mse > 0


def test_the_majority_takes_out_all_of_the_salt_and_pepper():
    cleaned = clean_labels(apply_palette(IMAGE, PALETTE), IMAGE, majority=1)
    np.testing.assert_array_equal(cleaned.labels[SPOTS], TRUTH[SPOTS])
    # A disc of radius 1 shaves but the tips of drawn discs.
    assert np.count_nonzero(cleaned.labels != TRUTH) <= 16


def test_it_is_the_edit():
    q = apply_palette(IMAGE, PALETTE)
    ours = clean_labels(q, IMAGE, majority=2, min_region=30)
    theirs = edit(q, IMAGE, Clean(2, 30))
    np.testing.assert_array_equal(ours.labels, theirs.labels)
    assert ours.report == theirs.report
    both = edit(q, IMAGE, [Merge([1, 2], into_first=True), Clean(min_region=2)])
    np.testing.assert_array_equal(both.labels, np.minimum(TRUTH, 2))


def test_without_the_image_a_note_says_of_when_the_errors_are():
    q = apply_palette(IMAGE, PALETTE)
    alone = clean_labels(q, min_region=2)
    with_image = clean_labels(q, IMAGE, min_region=2)
    np.testing.assert_array_equal(alone.labels, with_image.labels)
    np.testing.assert_array_equal(alone.image, with_image.image)
    assert alone.palette.as_dict() == with_image.palette.as_dict()
    assert alone.report.mse == q.report.mse == 0
    assert alone.report.notes == (
        "The errors are those before the labels were cleaned: pass the image to "
        "measure them again.",
    )
    assert clean_labels(q) is q
    assert clean_labels(q, min_region=1) is q


def test_what_is_left_out_is_neither_lost_nor_found():
    far = IMAGE.copy()
    far[50:60, :] = 255
    far[5, 5] = 255
    q = apply_palette(far, PALETTE, max_distance=50)
    cleaned = clean_labels(q, far, majority=1, min_region=20)
    np.testing.assert_array_equal(cleaned.labels == 0, q.labels == 0)
    assert cleaned.report.n_unassigned == q.report.n_unassigned == 10 * 160 + 1
    assert cleaned.report.n_pixels == q.report.n_pixels
    assert (cleaned.image[50:60] == 255).all()


@pytest.mark.parametrize("with_image", [True, False])
@pytest.mark.parametrize("how", [{"majority": 2}, {"majority": 1, "min_region": 9}])
def test_lazy_images_give_the_same(how, with_image):
    lazy = da.from_array(IMAGE, chunks=(50, 60, 3))
    q, ours = apply_palette(lazy, PALETTE), apply_palette(IMAGE, PALETTE)
    cleaned = clean_labels(q, lazy if with_image else None, **how)
    expected = clean_labels(ours, IMAGE if with_image else None, **how)
    assert cleaned.labels.chunks == q.labels.chunks
    assert cleaned.image.chunks == q.image.chunks
    np.testing.assert_array_equal(cleaned.labels.compute(), expected.labels)
    np.testing.assert_array_equal(cleaned.image.compute(), expected.image)
    assert cleaned.palette.as_dict() == expected.palette.as_dict()
    assert cleaned.report.mse == expected.report.mse
    assert not cleaned.report.counts_are_estimates


def test_channels_in_front_and_grey_stacks():
    front = np.moveaxis(IMAGE, -1, 0)
    q = apply_palette(front, PALETTE, channel_axis=0)
    cleaned = clean_labels(q, front, min_region=2)
    np.testing.assert_array_equal(np.moveaxis(cleaned.image, 0, -1), COLORS[TRUTH - 1])

    grey = np.full((5, 9, 9), 10, np.uint8)
    grey[2, 4, 4] = grey[1:4, 2, 2] = 90  # a voxel, and a column of three
    q = apply_palette(grey, Palette([[10], [90]]), channel_axis=None)
    planes = clean_labels(q, grey, min_region=2)
    assert (planes.labels == 1).all()
    volume = clean_labels(q, grey, min_region=2, ndim=3)
    assert np.argwhere(volume.labels == 2).tolist() == [[i, 2, 2] for i in (1, 2, 3)]


def test_what_is_no_quantization_of_one_palette():
    stack = np.stack([IMAGE, IMAGE])
    q = quantize_slices(stack, 3)
    sentence = (
        "quantization is a SliceQuantization: pass what `quantize` or `apply_palette` "
        "returned, or the `whole` of what `quantize_slices` did."
    )
    with pytest.raises(TypeError, match=f"^{re.escape(sentence)}$"):
        clean_labels(q, majority=1)
    with pytest.raises(
        ValueError, match=r"^majority is 101: pass a whole number, from"
    ):
        clean_labels(q.whole, majority=101)


def test_painted_labels_beyond_the_palette_stay_and_take_no_part():
    q = apply_palette(IMAGE, PALETTE)
    labels = q.labels.copy()
    labels[60, 60] = 9
    painted = dataclasses.replace(q, labels=labels)
    assert isinstance(painted, Quantization)
    cleaned = clean_labels(painted, min_region=2)
    assert cleaned.labels[60, 60] == 9
    assert np.count_nonzero(cleaned.labels != TRUTH) == 1
