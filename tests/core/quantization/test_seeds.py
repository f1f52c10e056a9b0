"""Painted classes get entries of their own."""

from __future__ import annotations

import numpy as np
import pytest

from napari_colorquant import Palette, quantize

GREY = np.array([[10, 20, 30, 40], [100, 110, 200, 210], [5, 7, 250, 251]], np.uint8)
SEEDS = np.array([[0, 0, 7, 7], [2, 2, 0, 0], [0, 0, 0, 0]])


def grey(n_colors=5, seeds=SEEDS, **options):
    return quantize(GREY, n_colors, seeds=seeds, channel_axis=None, **options)


def test_the_mean_of_each_class_is_an_entry():
    q = grey()
    colors = dict(zip(q.palette.names, q.palette.colors[:, 0].tolist(), strict=True))
    assert colors["class 7"] == 35
    assert colors["class 2"] == 105
    assert len(q.palette) == 5


def test_entries_are_sorted_as_always_and_told_by_their_names():
    q = grey()
    assert q.palette.colors[:, 0].tolist() == sorted(q.palette.colors[:, 0])
    assert [name for name in q.palette.names if name] == ["class 7", "class 2"]
    assert q.palette.locked == ()


def test_the_others_are_learned_around_them():
    q = grey()
    fixed = Palette([[105], [35]], names=["class 2", "class 7"])
    again = quantize(GREY, 5, fixed=fixed, channel_axis=None)
    np.testing.assert_array_equal(q.palette.colors, again.palette.colors)
    np.testing.assert_array_equal(q.labels, again.labels)
    kept = q.report.parameters
    assert kept.fixed.as_dict() == fixed.as_dict()


@pytest.mark.parametrize("options", [{}, {"method": "wu"}, {"refine": False}])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_means_are_taken_of_any_image(china, options, dtype):
    image = china.astype(dtype)
    seeds = np.zeros(china.shape[:2], int)
    seeds[:40, :50] = 3
    seeds[200:, 100:130] = 1
    q = quantize(image, 10, seeds=seeds, **options)
    for number in (1, 3):
        color = q.palette.colors[q.palette.names.index(f"class {number}")]
        np.testing.assert_allclose(color, china[seeds == number].mean(axis=0))


def test_means_are_taken_in_the_colour_space(china):
    from skimage.color import lab2rgb, rgb2lab

    seeds = np.zeros(china.shape[:2], int)
    seeds[300:340, 300:400] = 1
    q = quantize(china, 6, seeds=seeds, color_space="lab")
    mean = rgb2lab(china[seeds == 1] / 255).mean(axis=0)
    color = q.palette.colors[q.palette.names.index("class 1")]
    np.testing.assert_allclose(color, 255 * lab2rgb(mean), rtol=1e-6)


def test_a_class_may_have_several_entries():
    image = np.array([[10, 12, 90, 92, 200], [10, 12, 90, 92, 0]], np.uint8)
    seeds = np.array([[4, 4, 4, 4, 0], [4, 4, 4, 4, 9]])
    q = quantize(image, 4, seeds=seeds, per_class=2, channel_axis=None)
    assert q.palette.colors[:, 0].tolist() == [0, 11, 91, 200]
    assert q.palette.names == ("class 9", "class 4", "class 4", "")


def test_colors_that_were_fixed_stay_so():
    fixed = Palette([[222]], names=["mine"], units="uint8", locked=[0])
    q = grey(fixed=fixed)
    assert {"mine", "class 2", "class 7"} <= set(q.palette.names)
    assert q.palette.locked == (q.palette.names.index("mine"),)
    with pytest.raises(ValueError, match=r"^there are 3 fixed colors and at most 2 in"):
        grey(2, fixed=fixed)
    with pytest.raises(ValueError, match=r"^the fixed colors have 2 channels and the"):
        grey(fixed=[[1, 2]])


def test_only_pixels_that_are_quantized_count():
    image = GREY.astype(float)
    image[0, 2] = np.nan
    mask = np.ones(GREY.shape, bool)
    mask[1, 0] = False
    q = quantize(image, 5, seeds=SEEDS, mask=mask, channel_axis=None)
    colors = dict(zip(q.palette.names, q.palette.colors[:, 0].tolist(), strict=True))
    assert colors["class 7"] == 40
    assert colors["class 2"] == 110


def test_the_progress_is_that_of_all_pieces():
    for per_class in (1, 2):
        seen = []
        how = {"seeds": SEEDS, "per_class": per_class, "progress": seen.append}
        quantize(GREY, 6, channel_axis=None, **how)
        assert [piece.done for piece in seen] == sorted(piece.done for piece in seen)
        assert {piece.total for piece in seen} == {seen[-1].done} == {1000}


@pytest.mark.parametrize(
    ("seeds", "error", "said"),
    [
        (SEEDS[:2], ValueError, r"^the seeds have the shape \(2, 4\): pass the shape"),
        (SEEDS * 1.0, TypeError, "^the seeds have the dtype float64: pass the whole"),
        (SEEDS > 0, TypeError, "^the seeds have the dtype bool: pass the whole"),
        (-SEEDS, ValueError, "^the seeds are -7 somewhere: pass classes from 1, and 0"),
        (0 * SEEDS, ValueError, "^the seeds are 0 everywhere: paint some pixels of"),
        ([[1], [2, 3]], ValueError, "^the seeds are not an array of one shape: "),
        (
            np.ma.masked_array(SEEDS, SEEDS == 7),
            TypeError,
            "^the seeds are a masked array: pass its data, filled with 0 where nothing",
        ),
    ],
)
def test_what_are_no_seeds_is_refused(seeds, error, said):
    with pytest.raises(error, match=said):
        grey(seeds=seeds)


def test_a_class_without_a_pixel_is_named():
    mask = SEEDS != 7
    with pytest.raises(
        ValueError, match=r"^class 7 of the seeds has no pixel to learn"
    ):
        grey(mask=mask)


def test_the_number_of_entries_may_be_one_of_numpy():
    assert grey(per_class=np.uint8(2)).palette.as_dict() == (
        grey(per_class=2).palette.as_dict()
    )


@pytest.mark.parametrize(
    ("per_class", "error"), [(0, ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_what_is_no_number_of_entries_is_refused(per_class, error):
    with pytest.raises(error, match=f"^per_class is {per_class}: pass"):
        grey(per_class=per_class)
