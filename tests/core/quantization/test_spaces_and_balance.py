"""Spaces, weights and rare colours, on pictures whose truth is known."""

from __future__ import annotations

import re

import dask.array as da
import numpy as np
import pytest
from skimage.color import hed2rgb, rgb2hed, rgb2lab
from skimage.data import immunohistochemistry
from skimage.draw import disk

from napari_colorquant import (
    Palette,
    apply_palette,
    error_curve,
    fit_palette,
    quantize,
    quantize_slices,
)
from napari_colorquant.core.compute import executor
from napari_colorquant.core.image import pixels as pixels_module
from plain import nearest_by_search

RANDOM = np.random.default_rng(0)


def dice(q, truth):
    """Return how well the best entry agrees with an area."""
    both = np.bincount(q.labels[truth], minlength=len(q.palette) + 1)
    each = np.bincount(q.labels.reshape(-1), minlength=len(q.palette) + 1)
    return (2 * both / np.maximum(each + truth.sum(), 1))[1:].max()


HUES = np.array([[200, 150, 150], [150, 190, 150], [150, 150, 205]])
WHICH = np.repeat(np.repeat(np.array([[0, 1, 2], [2, 0, 1]]), 20, axis=0), 30, axis=1)
LIGHT = np.linspace(0.4, 1.0, 90) * np.ones((40, 1))
SHADED = (HUES[WHICH] * LIGHT[..., None]).round().astype(np.uint8)
"""Three pale hues, each from dark to light."""


def test_ab_finds_hues_whatever_their_brightness():
    by_space = {
        space: [
            dice(quantize(SHADED, 3, color_space=space), k == WHICH) for k in range(3)
        ]
        for space in ("rgb", "lab", "oklab", "ab")
    }
    assert by_space.pop("ab") == [1.0] * 3
    assert max(map(min, by_space.values())) < 0.7


CASES = {
    "rgb": {"weights": (0.2, 3.0, 1.0)},
    "lab": {"color_space": "lab", "weights": (0.3, 1.0, 1.0)},
    "ab": {"color_space": "ab"},
    "weighted ab": {"color_space": "ab", "weights": (1.0, 2.5)},
    "oklab": {"color_space": "oklab"},
    "weighted oklab": {"color_space": "oklab", "weights": (0.5, 1.0, 2.0)},
    "hed": {"color_space": "hed", "weights": (1.0, 0.1, 1.0)},
    "balance": {"balance": 0.8},
}


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("how", CASES.values(), ids=CASES)
def test_a_palette_gives_the_labels_it_was_learned_with(china, dtype, how):
    """Also from a file, and block by block."""
    image = china[::4, ::4]
    image = image * np.uint16(257) if dtype == "uint16" else image
    image = (image / 255).astype(dtype) if dtype == "float32" else image
    q = quantize(image, 9, **how)
    assert (q.palette.weights, q.report.parameters.weights) == (
        (how.get("weights"),) * 2
    )
    again = Palette.from_dict(q.palette.as_dict())
    lazy = da.from_array(image, chunks=(50, 60, 3))
    for other in (
        apply_palette(image, again),
        apply_palette(lazy, again),
        quantize(lazy, 9, **how),
    ):
        np.testing.assert_array_equal(np.asarray(other.labels), q.labels)
        np.testing.assert_array_equal(np.asarray(other.image), q.image)
    assert fit_palette(image, 9, **how).colors.tobytes() == q.palette.colors.tobytes()


@pytest.mark.parametrize("method", ["kmeans", "wu", "random"])
@pytest.mark.parametrize("refine", [True, False])
def test_ab_compares_two_channels_and_draws_the_mean_in_three(china, method, refine):
    image = china[::4, ::4]
    q = quantize(image, 9, color_space="ab", method=method, refine=refine)
    lab, entries = rgb2lab(image).reshape(-1, 3), rgb2lab(q.palette.colors / 255)
    steps = ((lab[:, None, 1:] - entries[:, 1:]) ** 2).sum(axis=2)
    own = np.take_along_axis(steps, q.labels.reshape(-1, 1).astype(int) - 1, 1)[:, 0]
    np.testing.assert_allclose(own, steps.min(axis=1), 0, 1e-9)
    if refine and method != "random":  # iterations end a little before the means
        for k in range(9):
            mean = lab[q.labels.reshape(-1) == k + 1].mean(axis=0)
            np.testing.assert_allclose(entries[k], mean, 0, 0.5)


def test_weights_decide_what_tells_colors_apart():
    """Two classes differ by 10 in the first channel, among noise of 100 in another."""
    image = RANDOM.integers(50, 150, (40, 50, 3)).astype(np.uint8)
    image[..., 0] = np.where(np.arange(50) < 25, 100, 110)
    truth = image[..., 0] == 110
    assert dice(quantize(image, 2), truth) < 0.6
    assert dice(quantize(image, 2, weights=(20, 1, 1)), truth) == 1.0
    assert dice(quantize(image, 2, weights=(20, 1, 1), refine=False), truth) == 1.0


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_weights_of_channels_are_what_the_channels_times_them_are(dtype):
    image = RANDOM.integers(0, 256, (30, 40, 5)).astype(dtype)
    weights = (1.0, 0.5, 4.0, 0.25, 2.0)  # powers of two, by which all stays exact
    colors = RANDOM.uniform(0, 255, (7, 5))
    q = apply_palette(image, Palette(colors, weights=weights), channel_axis=2)
    nearest = nearest_by_search(
        image.reshape(-1, 5) * np.array(weights), colors * np.array(weights)
    )
    np.testing.assert_array_equal(q.labels.reshape(-1), nearest + 1)
    squared = ((image.astype(float) - q.image) ** 2).sum(axis=-1)
    assert q.report.mse == pytest.approx(squared.mean(), rel=1e-6)
    learned = quantize(image, 7, channel_axis=2, weights=weights)
    scaled = quantize(image * np.array(weights), 7, channel_axis=2)
    assert learned.report.n_colors_after == scaled.report.n_colors_after == 7
    np.testing.assert_array_equal(learned.labels > 0, scaled.labels > 0)


def test_weights_must_fit_the_image():
    sentence = "weights hold 3 numbers: pass 5, one for each channel."
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        quantize(np.zeros((4, 4, 5)), 2, channel_axis=2, weights=(1, 2, 3))


def test_a_fixed_palette_brings_no_other_weights(china):
    fixed = Palette([[0, 0, 0]], weights=(1, 2, 3))
    sentence = (
        "the fixed palette has weights of its channels: pass weights=[1.0, 2.0, 3.0]."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
        quantize(china, 4, fixed=fixed)
    q = quantize(china[::9, ::9], 4, fixed=fixed, weights=(1, 2, 3))
    assert q.palette.weights == (1.0, 2.0, 3.0)
    assert q.palette.colors[0].tolist() == [0, 0, 0]


def specks(section, color):
    """Return a section with stained discs on 0.2 % of it, and where they are."""
    random, where = np.random.default_rng(0), np.zeros(section.shape[:2], bool)
    while where.mean() < 0.002:
        center = random.integers(3, section.shape[0] - 3, 2)
        where[disk(center, 3.5, shape=where.shape)] = True
    stained = section.copy()
    grain = np.random.default_rng(1).normal(0, 6, (where.sum(), 3))
    stained[where] = (color + grain).round().clip(0, 255)
    return stained, where


@pytest.fixture(scope="module")
def stained():
    """Return green ink in an IHC section, and brown in one with eosin for its DAB."""
    ihc = immunohistochemistry()
    stains = rgb2hed(ihc)[..., [0, 2, 1]] * (1, 0.8, 0)
    he = (hed2rgb(stains) * 255).round().astype(np.uint8)
    return {"ink": specks(ihc, [60, 130, 80]), "brown": specks(he, [120, 85, 55])}


@pytest.mark.parametrize("space", ["rgb", "lab"])
@pytest.mark.parametrize("stain", ["ink", "brown"])
def test_a_rare_stain_gets_an_entry_where_cells_vote(stained, stain, space):
    image, where = stained[stain]
    found = {
        balance: dice(quantize(image, 8, color_space=space, balance=balance), where)
        for balance in (0.0, 1.0)
    }
    assert found[0.0] < 0.1
    assert found[1.0] > 0.9


@pytest.mark.parametrize("how", [{}, {"method": "wu"}, {"n_samples": None}], ids=str)
def test_it_does_so_too_where_colors_are_not_counted(stained, how):
    image, where = stained["ink"]
    image, where = image[:300] / np.float32(255), where[:300]
    found = {
        balance: dice(quantize(image, 8, balance=balance, **how), where)
        for balance in (0.0, 1.0)
    }
    assert found[0.0] < 0.1
    assert found[1.0] > 0.9


@pytest.mark.parametrize("as_floats", [False, True])
def test_the_centroids_are_means_weighted_by_votes(as_floats):
    """One entry of each of two lumps: the mean over cells, not over pixels."""
    image = np.zeros((4, 100, 3), np.uint8)
    image[0, :90], image[0, 90:] = (0, 0, 0), (40, 0, 0)
    image[1:, :, 1] = 200
    image = image / 255 if as_floats else image
    white = 1 / 255 if as_floats else 1
    by_pixels = quantize(image, 2).palette.colors / white
    np.testing.assert_allclose(by_pixels, [[4, 0, 0], [0, 200, 0]], 0, 1e-6)
    by_cells = quantize(image, 2, balance=1.0).palette.colors / white
    np.testing.assert_allclose(by_cells, [[20, 0, 0], [0, 200, 0]], 0, 1e-6)
    halfway = quantize(image, 2, balance=0.5).palette.colors / white
    mean = 40 * 10**0.5 / (90**0.5 + 10**0.5)
    np.testing.assert_allclose(halfway, [[mean, 0, 0], [0, 200, 0]], 0, 1e-6)


def test_tiles_and_threads_change_no_bit(china, monkeypatch):
    image = china[::4, ::4] / np.float32(255)
    whole = fit_palette(image, 9, balance=0.8, n_samples=1000)
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 333)
    monkeypatch.setattr(executor, "n_cores", lambda: 4)
    tiled = fit_palette(image, 9, balance=0.8, n_samples=1000)
    assert tiled.colors.tobytes() == whole.colors.tobytes()


def test_a_random_codebook_has_distinct_colors(china):
    q = quantize(china[::4, ::4] / 255, 40, method="random", balance=1.0)
    assert len(np.unique(q.palette.colors, axis=0)) == 40


@pytest.mark.parametrize("as_floats", [False, True])
def test_curves_and_slices_take_them(china, as_floats):
    stack = np.stack([china[::8, ::8], china[1::8, 1::8]])
    stack = stack / np.float32(255) if as_floats else stack
    how = {"color_space": "ab", "weights": (1.0, 2.0), "balance": 0.5}
    curve = error_curve(stack[0], max_colors=4, n_samples=None, **how)
    for point in curve.points:
        q = quantize(stack[0], point.n_colors, n_samples=None, **how)
        assert point.mse == pytest.approx(q.report.mse, rel=0.05)
    slices = quantize_slices(stack, 4, slice_axis=0, **how)
    alone = quantize(stack[0], 4, **how)
    assert slices.palettes[0].weights == (1.0, 2.0)
    assert slices.palettes[0].colors.tobytes() == alone.palette.colors.tobytes()
