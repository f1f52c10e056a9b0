"""A palette that does not fit says so: pixels far from entries, entries without any."""

from __future__ import annotations

import pickle
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from skimage.color import rgb2lab

from napari_colorquant import (
    Classify,
    Clean,
    Lock,
    Merge,
    Palette,
    Recolor,
    Remove,
    Rename,
    Sort,
    apply_palette,
    count_all,
    edit,
    fit_palette,
    quantize,
    quantize_channels,
    quantize_slices,
)
from napari_colorquant.core.image import sampling
from napari_colorquant.core.palette.apply_edit import edit_palette
from napari_colorquant.core.quantization.report import Report

NEAR = np.tile(np.array([46, 54, 86, 94], np.uint8), (8, 5))
"""Of 50 and 90, each pixel 4 away from its own."""
FAR = np.tile(np.array([34, 66, 74, 106], np.uint8), (8, 5))
"""The same, each pixel 16 away."""
GREY = {"channel_axis": None}
LEARNED = quantize(NEAR, 2, **GREY)
WORDS = "4.0 times as far as where learned"
SENTENCE = (
    "The palette does not fit: its pixels are 16 from their colors (root mean square), "
    "4.0 times as far as those that it was learned from: learn one from this image, or "
    "see whether it is the right one."
)


def rgb(grey, dtype=np.uint8):
    return np.repeat(grey[..., np.newaxis], 3, axis=-1).astype(dtype)


def applied(image, palette, **how):
    with pytest.warns(UserWarning, match="The palette does not fit: ") as warned:
        q = apply_palette(image, palette, **how)
    assert [str(one.message) for one in warned] == list(q.report.notes)
    return q


# ---------------------------------------------------------------- what is learned


def test_a_palette_knows_how_far_pixels_were_where_it_was_learned():
    palette = LEARNED.palette
    assert palette.colors.tolist() == [[50], [90]]
    assert LEARNED.report.distance == palette.learned_distance == 4
    assert palette.learned_shares == (0.5, 0.5)
    assert (LEARNED.report.most_distance, LEARNED.report.unfit) == (None, "")


def test_fit_palette_knows_the_same():
    palette = fit_palette(NEAR, 2, **GREY)
    assert palette.learned_distance == pytest.approx(4, rel=1e-12)
    assert palette.learned_shares == (0.5, 0.5)
    both = fit_palette([rgb(NEAR), rgb(NEAR[:2])], 2)
    assert both.learned_distance == pytest.approx(4 * 3**0.5, rel=1e-12)
    assert both.learned_shares is None  # one of them may lack an entry


def test_it_is_what_was_learned_from_and_not_what_was_quantized():
    image = np.concatenate([NEAR, FAR])
    where = np.arange(len(image))[:, np.newaxis] < len(NEAR)
    learn_mask = np.broadcast_to(where, image.shape)
    q = quantize(image, 2, learn_mask=learn_mask, **GREY)
    assert q.palette.learned_distance == pytest.approx(4, rel=1e-12)
    assert q.report.distance == pytest.approx(((16 + 256) / 2) ** 0.5)
    limited = quantize(image, 2, max_distance=5, learn_mask=learn_mask, **GREY)
    assert limited.palette.learned_distance == pytest.approx(4, rel=1e-12)
    assert limited.report.distance == 4


@pytest.mark.parametrize(
    "how", [{"color_space": "lab"}, {"color_space": "lab", "weights": [0.5, 1, 2]}]
)
def test_the_distance_is_that_of_the_space(how):
    noise = np.random.default_rng(0).integers(0, 256, (50, 60, 3)).astype(np.uint8)
    q = quantize(noise, 5, **how)
    entries = rgb2lab(q.palette.colors[np.newaxis] / 255)[0]
    steps = (rgb2lab(noise) - entries[q.labels - 1]) * how.get("weights", 1)
    truth = np.sqrt((steps**2).sum(axis=-1).mean())
    assert q.report.distance == pytest.approx(truth, rel=1e-9)
    assert q.palette.learned_distance == q.report.distance
    again = apply_palette(noise, q.palette)
    assert again.report.distance == pytest.approx(truth, rel=1e-9)
    assert again.report.most_distance == pytest.approx(1.6 * truth, rel=1e-9)
    assert again.report.unfit == ""


# ---------------------------------------------------------------- pixels that are far


@pytest.mark.parametrize("lazily", [False, True])
def test_pixels_that_are_far_are_told(lazily):
    image = da.from_array(FAR, chunks=(3, 7)) if lazily else FAR
    q = applied(image, LEARNED.palette, **GREY)
    assert (q.report.distance, q.report.most_distance) == (16, 8)  # a fifth of 40
    assert q.report.unfit == WORDS
    assert q.report.notes == (SENTENCE,)
    assert f" · does not fit: {WORDS} · " in q.report.summary()
    assert SENTENCE in str(q.report)
    assert q.palette.learned_distance == 4  # where it was learned, as before
    assert Report.from_dict(q.report.as_dict()) == q.report


def test_what_fits_is_not_told():
    q = apply_palette(NEAR[:, ::-1], LEARNED.palette, **GREY)
    assert (q.report.distance, q.report.unfit, q.report.notes) == (4, "", ())
    assert "fit" not in q.report.summary()


def test_up_to_a_fifth_of_what_is_between_entries_pixels_are_clear():
    drawing = np.where(np.arange(40) % 2, 90, 50).astype(np.uint8)[np.newaxis]
    palette = quantize(drawing, 2, **GREY).palette
    assert palette.learned_distance == 0
    steps = np.where(np.arange(40) % 4 < 2, 1, -1)
    clear = (drawing + 8 * steps).astype(np.uint8)
    assert apply_palette(clear, palette, **GREY).report.unfit == ""
    far = (drawing + 9 * steps).astype(np.uint8)
    unfit = applied(far, palette, **GREY).report.unfit
    assert unfit == "9 from the colors, where learned 0"


def test_a_palette_that_does_not_know_says_nothing():
    for palette in (
        LEARNED.palette.unlearned(),
        Palette(LEARNED.palette.colors),
    ):
        q = apply_palette(FAR, palette, **GREY)
        assert (q.report.most_distance, q.report.unfit) == (None, "")
        assert q.report.distance == 16


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_a_palette_of_8_bits_is_compared_in_the_units_of_the_image(dtype):
    palette = quantize(rgb(NEAR), 2).palette
    scale = {"uint8": 1, "uint16": 257, "float32": 1 / 255}[dtype]
    near, far = (rgb(grey * scale, dtype) for grey in (NEAR * 1.0, FAR * 1.0))
    how = {"data_range": 65535} if dtype == "uint16" else {}
    assert apply_palette(near, palette, **how).report.unfit == ""
    q = applied(far, palette, **how)
    assert q.report.unfit == WORDS
    assert q.report.distance == pytest.approx(16 * 3**0.5 * scale, rel=1e-5)
    assert q.palette.learned_distance == pytest.approx(4 * 3**0.5 * scale, rel=1e-9)


# ---------------------------------------------------------------- entries without any


@pytest.mark.parametrize("lazily", [False, True])
def test_an_entry_that_gets_nothing_is_told(lazily):
    dark = np.where(NEAR > 70, 46, NEAR).astype(np.uint8)
    image = da.from_array(dark, chunks=(3, 7)) if lazily else dark
    q = applied(image, LEARNED.palette, **GREY)
    assert q.report.unfit == "no label 2"
    assert q.report.notes == (
        "The palette does not fit: no pixel has label 2, which 50 % had where it was "
        "learned: learn one from this image, or see whether it is the right one.",
    )


def test_several_entries_and_pixels_that_are_far_are_one_sentence():
    shares = (0.25, 0.25, 0.1, 0.4)
    palette = Palette(
        [[0], [40], [80], [120]], learned_distance=4, learned_shares=shares
    )
    far = np.full((2, 3), 60, np.uint8)  # in the middle: the lower entry has it
    q = applied(far, palette, **GREY)
    assert q.report.unfit == (
        "5.0 times as far as where learned and no labels 1, 3 and 4"
    )
    assert q.report.notes[0].count("The palette does not fit: ") == 1
    assert "; no pixel has the labels 1, 3 and 4, which 75 % had" in q.report.notes[0]


def test_an_entry_that_was_rare_is_not_missed():
    def empty(share):
        shares = (1 - share, share)
        palette = replace(LEARNED.palette, learned_shares=shares)
        dark = np.where(NEAR > 70, 46, NEAR).astype(np.uint8)
        return apply_palette(dark, palette, **GREY).report.unfit

    assert empty(0.0099) == ""
    with pytest.warns(UserWarning, match="which 1 % had"):
        assert empty(0.01) == "no label 2"


def test_where_all_is_left_out_nothing_is_said_of_the_fit():
    with pytest.warns(UserWarning, match="nothing is quantized"):
        q = apply_palette(FAR, LEARNED.palette, max_distance=1, **GREY)
    assert (q.report.distance, q.report.unfit) == (None, "")


def test_counting_all_takes_back_what_was_said_of_the_pixels_that_were_read(
    monkeypatch,
):
    monkeypatch.setattr(sampling, "MOST_PIXELS", 1000)
    monkeypatch.setattr(sampling, "FEWEST_PARTS", 10)
    image = np.full((200, 200), 50, np.uint8)
    image[-1, -1] = 90
    # Most of the 400 blocks are not read, and neither is that with the bright pixel.
    lazy = da.from_array(image, chunks=(10, 10))
    q = applied(lazy, LEARNED.palette, **GREY)
    assert q.report.unfit == "no label 2"
    assert "no pixel that was looked at has label 2" in q.report.notes[0]
    counted = count_all(q)
    assert counted.palette.counts.tolist() == [39_999, 1]
    assert (counted.report.unfit, counted.report.notes) == ("", ())


# ---------------------------------------------------------------- what stays true


def test_edits_keep_what_they_leave_true():
    palette = replace(LEARNED.palette, learned_shares=(0.25, 0.75))
    known = (palette.learned_distance, palette.learned_shares)
    for one in (Rename(0, "a"), Classify([0], "b"), Lock([1]), Sort("lightness")):
        edited = edit_palette(palette, one).palette
        assert (edited.learned_distance, edited.learned_shares) == known
    by_size = replace(palette, counts=[1, 2])
    turned = edit_palette(by_size, Sort("population")).palette
    assert (turned.learned_distance, turned.learned_shares) == (4, (0.75, 0.25))
    for one in (Recolor(0, [9]), Merge([0, 1]), Remove([1])):
        edited = edit_palette(palette, one).palette
        assert edited.learned_distance is edited.learned_shares is None


def test_an_edited_result_says_of_the_fit_what_is_true():
    q = applied(FAR, LEARNED.palette, **GREY)
    renamed = edit(q, FAR, Rename(0, "dark"), **GREY)
    assert (renamed.report.unfit, renamed.report.notes) == (WORDS, (SENTENCE,))
    recolored = edit(q, FAR, Recolor(0, [40]), **GREY)
    assert (recolored.report.unfit, recolored.report.notes) == ("", ())
    assert recolored.report.distance is None
    cleaned = edit(q, FAR, Clean(majority=1), **GREY)
    assert (cleaned.report.unfit, cleaned.report.distance) == (WORDS, None)


def test_a_palette_keeps_it_in_plain_data_files_and_other_processes(tmp_path):
    palette = LEARNED.palette
    assert Palette.from_dict(palette.as_dict()).as_dict() == palette.as_dict()
    assert pickle.loads(pickle.dumps(palette)).as_dict() == palette.as_dict()
    for name in ("a.json", "a.csv"):
        palette.save(tmp_path / name)
        assert Palette.load(tmp_path / name).as_dict() == palette.as_dict()
    colored = quantize(rgb(NEAR), 2).palette
    for name in ("a.gpl", "a.pal", "a.ase", "a.aco"):
        colored.save(tmp_path / name)
        back = Palette.load(tmp_path / name)
        assert back.learned_distance is back.learned_shares is None


def test_each_slice_knows_its_own_and_their_mean_nothing():
    farther = np.tile(np.array([44, 56, 84, 96], np.uint8), (8, 5))
    q = quantize_slices(np.stack([NEAR, farther]), 2, **GREY)
    assert [one.learned_distance for one in q.palettes] == [4, 6]
    assert [one.learned_shares for one in q.palettes] == [(0.5, 0.5)] * 2
    assert q.palette.learned_distance is q.palette.learned_shares is None
    assert q.report.distance == pytest.approx(((16 + 36) / 2) ** 0.5)
    assert q.report.unfit == ""


def test_of_channels_that_are_scaled_the_distance_is_of_one_scaling_alone():
    limits = quantize_channels([NEAR, NEAR], 2, scaling=[(0, 100)] * 2).palette
    assert limits.learned_distance is None
    assert limits.learned_shares == (0.5, 0.5)
    plain = quantize_channels([NEAR, NEAR], 2).palette
    assert plain.learned_distance == pytest.approx(4 * 2**0.5)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"learned_distance": -1}, "learned_distance is -1: pass a number from 0"),
        ({"learned_distance": "4"}, "learned_distance is '4'"),
        ({"learned_distance": np.inf}, "learned_distance is inf"),
        ({"learned_shares": [1]}, "pass a number from 0 to 1 for each of the 2 colors"),
        ({"learned_shares": [0.5, 1.5]}, "pass a number from 0 to 1 for each"),
        ({"learned_shares": ["a", 0]}, "a share of learned_shares is 'a'"),
    ],
)
def test_what_cannot_be_known_is_refused(wrong, sentence):
    with pytest.raises((TypeError, ValueError), match=sentence):
        Palette([[1], [2]], **wrong)
