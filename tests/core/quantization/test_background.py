"""A background: what is at or below a limit for each channel counts as the limit."""

from __future__ import annotations

import re
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cultures import HIGHEST, culture
from lazies import chunkings
from napari_colorquant import (
    Merge,
    Palette,
    Remove,
    Report,
    apply_palette,
    edit,
    error_curve,
    fit_palette,
    measure_quality,
    quantize,
    quantize_slices,
)
from napari_colorquant.core.compute import executor
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image import sampling
from napari_colorquant.core.image.image import see_image
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.quantization.levels import quantize_levels

CHANNELS, KIND = culture()
CULTURE = np.stack(CHANNELS)
GROUND = KIND == 0
EMPTY = GROUND.copy()
EMPTY[60:] = False
OF_DATA = {"channel_axis": 0}
KINDS = ["uint8", "uint16", "int32", "float32", "float64"]


def raised(image, limits, axis=-1):
    """Return an image with the limit in place of all below it, by the definition."""
    if image.dtype.kind in "iu":
        ends = np.iinfo(image.dtype)
        limits = np.clip(np.floor(limits), ends.min, ends.max)
    shape = [1] * image.ndim
    shape[axis] = -1
    return np.maximum(image, np.reshape(limits, shape).astype(image.dtype))


@st.composite
def cases(draw):
    dtype = draw(st.sampled_from(KINDS))
    n_channels = draw(st.sampled_from([1, 2, 3, 5]))
    shape = (draw(st.integers(1, 7)), draw(st.integers(1, 7)), n_channels)
    random = np.random.default_rng(draw(st.integers(0, 99)))
    image = random.integers(0, 256, shape).astype(dtype)
    if image.dtype.kind == "f":
        image = (image / 7).astype(dtype)
    numbers = st.floats(-10, 300, allow_nan=False)
    limits = draw(st.lists(numbers, min_size=n_channels, max_size=n_channels))
    how = {
        "max_distance": draw(st.sampled_from([None, 20.0])),
        "balance": draw(st.sampled_from([0.0, 0.5])),
        "method": draw(st.sampled_from(["kmeans", "wu", "random"])),
    }
    return image, limits, draw(st.integers(2, 6)), how


# ---------------------------------------------------------------- the law


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=25, deadline=None)
@given(cases())
def test_it_is_the_run_of_the_image_with_the_limits_in_place_of_all_below(case):
    image, limits, n_colors, how = case
    q = quantize(image, n_colors, channel_axis=2, background=limits, **how)
    other = quantize(raised(image, limits), n_colors, channel_axis=2, **how)
    np.testing.assert_array_equal(q.palette.colors, other.palette.colors)
    np.testing.assert_array_equal(q.labels, other.labels)
    np.testing.assert_array_equal(q.palette.counts, other.palette.counts)
    assert (q.report.mse, q.report.psnr) == (other.report.mse, other.report.psnr)
    assert q.report.n_colors_before == other.report.n_colors_before
    known = q.labels > 0
    np.testing.assert_array_equal(q.image[known], other.image[known])
    np.testing.assert_array_equal(q.image[~known], image[~known])  # as it was
    below = (image <= np.array(limits)).all(axis=-1)
    assert len(np.unique(q.labels[below])) <= 1  # one entry
    again = apply_palette(
        image, q.palette, channel_axis=2, max_distance=how["max_distance"]
    )
    np.testing.assert_array_equal(again.labels, q.labels)


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(KINDS), chunkings((12, 15)), st.booleans())
def test_a_lazy_image_gives_what_it_gives_in_memory(dtype, chunks, is_masked):
    image = np.random.default_rng(1).integers(0, 256, (12, 15, 2)).astype(dtype)
    mask = np.hypot(*np.ogrid[-6:6, -7:8]) < 6 if is_masked else None
    lazy = da.from_array(image, chunks=(*chunks, 1))
    for background in (90, "otsu", image[..., 0] < 60):
        how = {"channel_axis": 2, "background": background, "mask": mask}
        q, expected = quantize(lazy, 4, **how), quantize(image, 4, **how)
        np.testing.assert_array_equal(q.labels.compute(), expected.labels)
        np.testing.assert_array_equal(q.image.compute(), expected.image)
        assert q.palette.as_dict() == expected.palette.as_dict()
        assert q.report.mse == expected.report.mse


def test_blocks_that_are_not_read_have_the_limits_of_those_that_are(monkeypatch):
    monkeypatch.setattr(sampling, "MOST_PIXELS", 4000)
    lazy = da.from_array(CULTURE, chunks=(3, 32, 32))
    empty = da.from_array(EMPTY, chunks=(32, 32))
    for background in (HIGHEST, "otsu", empty):
        q = quantize(lazy, 8, background=background, **OF_DATA)
        assert q.report.counts_are_estimates
        assert len(np.unique(q.labels.compute()[GROUND])) == 1
        applied = apply_palette(CULTURE, q.palette, **OF_DATA)
        np.testing.assert_array_equal(q.labels.compute(), applied.labels)


def test_tiles_and_threads_do_not_matter(monkeypatch):
    results = [quantize(CULTURE, 8, background="otsu", **OF_DATA)]
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 700)
    results.append(quantize(CULTURE, 8, background="otsu", **OF_DATA))
    monkeypatch.setattr(executor, "n_cores", lambda: 1)
    results.append(quantize(CULTURE, 8, background="otsu", **OF_DATA))
    assert len({q.labels.tobytes() + q.image.tobytes() for q in results}) == 1
    assert len({q.palette.background for q in results}) == 1


# ---------------------------------------------------------------- what it is for


def ground_and_cells(q):
    """Return how many entries the background has, and the Dice of all the others."""
    others = q.labels != np.bincount(q.labels[GROUND]).argmax()
    shared = (others & ~GROUND).sum()
    return len(np.unique(q.labels[GROUND])), 2 * shared / (
        others.sum() + (~GROUND).sum()
    )


@pytest.mark.parametrize("is_log", [False, True])
def test_the_background_of_a_culture_is_one_entry(is_log):
    """Without it, half of eight entries or nearly so go to the camera's noise."""
    image = np.log2(CULTURE) if is_log else CULTURE
    n_entries, dice = ground_and_cells(quantize(image, 8, **OF_DATA))
    assert n_entries >= 3
    assert dice < 0.5
    limits = np.log2(HIGHEST) if is_log else HIGHEST
    for background in (limits, "otsu", EMPTY):
        q = quantize(image, 8, background=background, **OF_DATA)
        assert ground_and_cells(q) == (1, 1.0)
        assert len(np.unique(q.labels[~GROUND])) == 7


def test_the_limits_that_are_found():
    from skimage.filters import threshold_otsu

    otsu = quantize(CULTURE, 8, background="otsu", **OF_DATA)
    expected = tuple(float(threshold_otsu(channel)) for channel in CULTURE)
    assert otsu.palette.background == expected
    assert otsu.report.parameters.background == expected
    of_region = quantize(CULTURE, 8, background=EMPTY, **OF_DATA)
    expected = np.percentile(CULTURE[:, EMPTY], 99, axis=1, method="higher")
    assert of_region.palette.background == tuple(expected.tolist())
    assert of_region.report.parameters.background == of_region.palette.background
    one = quantize(CULTURE, 8, background=250.75, **OF_DATA)
    assert one.palette.background == (250.0,) * 3


def test_otsu_is_of_the_pixels_to_quantize_and_not_of_those_to_learn_from():
    inside = KIND > 0
    how = {"mask": inside, "background": "otsu", **OF_DATA}
    expected = quantize(CULTURE, 8, **how).palette.background
    how["learn_mask"] = KIND == 1
    assert quantize(CULTURE, 8, **how).palette.background == expected
    assert quantize(CULTURE, 8, background="otsu", **OF_DATA).palette.background != (
        expected
    )


def test_the_background_is_drawn_at_its_limits():
    q = quantize(CULTURE, 8, background=HIGHEST, **OF_DATA)
    np.testing.assert_array_equal(
        q.image[:, GROUND], np.array([HIGHEST] * GROUND.sum()).T
    )
    # Errors are those of the image as it counts.
    quality = measure_quality(raised(CULTURE, HIGHEST, 0), q.image, **OF_DATA)
    assert q.report.mse == pytest.approx(quality.mse, rel=1e-12)


def test_color_pictures_have_one_too_in_rgb():
    picture = np.random.default_rng(0).integers(0, 50, (30, 40, 4)).astype(np.uint8)
    picture[10:20, 10:20, :3] = (250, 30, 20)
    picture[..., 3] = 255
    picture[0, :5, 3] = 0
    q = quantize(picture, 2, background=60)
    assert q.palette.colors.tolist() == [[60, 60, 60], [250, 60, 60]]
    np.testing.assert_array_equal(q.labels[0, :5], 0)
    np.testing.assert_array_equal(q.image[0, :5], picture[0, :5])
    other = apply_palette(picture / 255, q.palette)  # the limits are converted
    np.testing.assert_array_equal(other.labels, q.labels)
    assert other.palette.background == (60 / 255,) * 3
    back = other.palette.in_units("uint8")
    assert back.background == (60.0,) * 3


# ---------------------------------------------------------------- what goes with it


def test_the_palette_takes_its_limits_to_other_images():
    palette = quantize(CULTURE, 8, background="otsu", **OF_DATA).palette
    other = CULTURE[:, ::-1]
    q = apply_palette(other, palette, **OF_DATA)
    expected = apply_palette(
        raised(other, palette.background, 0),
        replace(palette, background=None),
        **OF_DATA,
    )
    np.testing.assert_array_equal(q.labels, expected.labels)
    assert q.report.mse == expected.report.mse
    assert q.palette.background == palette.background


@pytest.mark.parametrize("suffix", ["json", "csv"])
def test_files_and_records_keep_the_limits(suffix, tmp_path):
    q = quantize(CULTURE, 4, background=(200.5, 1 / 3, 1e9), **OF_DATA)
    assert q.palette.background == (200.0, 0.0, 65535.0)
    palette = replace(q.palette, background=(200.5, 1 / 3, 1e9))
    palette.save(tmp_path / f"a.{suffix}")
    read = Palette.load(tmp_path / f"a.{suffix}")
    assert read.background == (200.5, 1 / 3, 1e9)
    assert Palette.from_dict(palette.as_dict()).as_dict() == palette.as_dict()
    plain = q.report.as_dict()
    assert plain["parameters"]["background"] == [200.0, 0.0, 65535.0]
    again = Report.from_dict(plain).parameters
    assert again.background == q.report.parameters.background


def test_painted_classes_are_those_of_the_image_as_it_counts(monkeypatch):
    seeds = np.zeros(GROUND.shape, int)
    seeds[(KIND == 4) & (np.arange(192) % 3 == 0)] = 2
    seeds[EMPTY & (np.arange(192) % 5 == 0)] = 1
    for background in (HIGHEST, "otsu", EMPTY):
        q = quantize(CULTURE, 8, seeds=seeds, background=background, **OF_DATA)
        assert len(np.unique(q.labels[GROUND])) == 1
        assert q.palette.names[q.labels[GROUND][0] - 1] == "class 1"
        if background is not EMPTY:
            first = q.palette.names.index("class 1")
            assert tuple(q.palette.colors[first]) == q.palette.background
        lazy = da.from_array(CULTURE, chunks=(3, 64, 64))
        same = quantize(lazy, 8, seeds=seeds, background=background, **OF_DATA)
        np.testing.assert_array_equal(same.labels.compute(), q.labels)
    monkeypatch.setattr(sampling, "MOST_PIXELS", 6000)  # of all, and not of the classes
    q = quantize(lazy, 8, seeds=seeds, background="otsu", **OF_DATA)
    assert np.all(np.array(q.palette.background) < 600)
    assert len(np.unique(q.labels.compute()[GROUND])) == 1


def test_slices_share_the_limits_of_the_stack():
    stack = np.stack([CULTURE, np.maximum(CULTURE, 240)])
    q = quantize_slices(stack, 6, channel_axis=1, background="otsu")
    (limits,) = {palette.background for palette in q.palettes}
    whole = quantize(stack, 6, channel_axis=1, background="otsu")
    assert whole.palette.background == limits
    for number in range(2):
        expected = quantize(stack[number], 6, background=limits, **OF_DATA)
        of_slice = q.labels[number]
        assert len(np.unique(of_slice[GROUND])) == 1
        np.testing.assert_array_equal(
            q.palettes[number].colors[of_slice[GROUND][0] - 1],
            expected.palette.colors[expected.labels[GROUND][0] - 1],
        )


def test_all_levels_have_the_limits():
    pyramid = [CULTURE, CULTURE[:, ::2, ::2]]
    asked = Parameters(n_colors=8, background="otsu")
    for levels in (
        pyramid,
        [da.from_array(one, chunks=(3, 50, 50)) for one in pyramid],
    ):
        seen = [see_image(level, 0) for level in levels]
        first, second = quantize_levels(seen, asked, Monitor())
        expected = apply_palette(pyramid[1], first.palette, **OF_DATA)
        np.testing.assert_array_equal(np.asarray(second.labels), expected.labels)


def test_several_images_and_curves_have_one():
    limits = (300, 310, 320)
    images, how = [CULTURE, CULTURE[:, 50:]], {"background": limits, **OF_DATA}
    palette = fit_palette(images, 6, **how)
    assert palette.background == limits
    other = fit_palette([raised(one, limits, 0) for one in images], 6, **OF_DATA)
    np.testing.assert_array_equal(palette.colors, other.colors)
    assert fit_palette(images, 6, background="otsu", **OF_DATA).background is not None
    curve = error_curve(CULTURE, max_colors=8, **how)
    assert curve == error_curve(raised(CULTURE, limits, 0), max_colors=8, **OF_DATA)


def test_fixed_palettes_have_the_same_limits_or_none():
    fixed = quantize(CULTURE, 3, background=HIGHEST, **OF_DATA).palette
    how = {"fixed": fixed, **OF_DATA}
    q = quantize(CULTURE, 8, background=HIGHEST, **how)
    assert {*map(tuple, fixed.colors)} <= {*map(tuple, q.palette.colors)}
    sentence = (
        "the fixed palette has a background: pass background=[230.0, 270.0, 300.0], or "
        "colors alone."
    )
    for background in (None, 250, "otsu"):
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            quantize(CULTURE, 8, background=background, **how)
    quantize(CULTURE, 8, background=250, fixed=fixed.colors, **OF_DATA)


@pytest.mark.parametrize("is_lazy", [False, True])
def test_edits_go_on_with_it(is_lazy):
    image = da.from_array(CULTURE, chunks=(3, 64, 64)) if is_lazy else CULTURE
    q = quantize(image, 8, background=HIGHEST, **OF_DATA)
    ground = int(np.asarray(q.labels)[GROUND][0])
    gone = [i for i in range(8) if i != ground - 1][:3]
    edited = edit(q, image, [Remove(gone)], **OF_DATA)
    expected = apply_palette(CULTURE, edited.palette, **OF_DATA)
    np.testing.assert_array_equal(np.asarray(edited.labels), expected.labels)
    assert edited.report.mse == pytest.approx(expected.report.mse, rel=1e-12)
    merged = edit(q, image, Merge([0, 1]), **OF_DATA)
    assert merged.palette.background == q.palette.background


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("background", "error", "sentence"),
    [
        ("Otsu", ValueError, "background is 'Otsu': pass 'otsu', or a number."),
        (np.nan, ValueError, "background is nan: pass a finite number, or 'otsu'."),
        (True, TypeError, "background is True: pass a number, or 'otsu'."),
        ([], ValueError, "background is empty: pass numbers."),
        (["a"], TypeError, "background is 'a': pass a number."),
        (
            (1, 2),
            ValueError,
            "background holds 2 numbers, and the image has 3 channels: pass one "
            "number, or one for each channel.",
        ),
        (
            np.zeros((2, 2), bool),
            ValueError,
            "the background has the shape (2, 2): pass the shape of the image without "
            "its channels, (192, 192).",
        ),
        (
            np.zeros(GROUND.shape, bool),
            ValueError,
            "no pixel of the background's region has a value: pass a region where the "
            "image is empty.",
        ),
    ],
)
def test_what_is_no_background_is_refused(background, error, sentence):
    for image in (CULTURE, da.from_array(CULTURE, chunks=(3, 64, 64))):
        with pytest.raises(error, match=f"^{re.escape(sentence)}$"):
            quantize(image, 4, background=background, **OF_DATA)


def test_where_it_makes_no_sense_it_is_refused():
    picture = np.zeros((4, 4, 3), np.uint8)
    sentence = (
        "background is one of channels as they are, and colors are compared in 'lab': "
        "pass color_space='rgb', or no background."
    )
    for background in (5, "otsu", np.ones((4, 4), bool)):
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            quantize(picture, 4, color_space="lab", background=background)
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        Palette(np.eye(3), color_space="lab", background=(1, 1, 1))
    with pytest.raises(TypeError, match=r"is a region, of which no limits are taken"):
        fit_palette(picture, 4, background=np.ones((4, 4), bool))
    with pytest.raises(ValueError, match=r"^background holds 2 numbers, and the pal"):
        Palette(np.eye(3), background=(1, 1))
