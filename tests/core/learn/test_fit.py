from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from skimage.color import hed2rgb, rgb2lab

from napari_colorquant import Palette, apply_palette, fit_palette, quantize
from napari_colorquant.core.color import distinct as distinct_module
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn.fit import prepare
from napari_colorquant.core.learn.methods import METHODS
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.formats.palette_data import COLOR_SPACES
from plain import nearest_by_search, rgb_to_hed

CONVERSIONS = {"lab": rgb2lab, "hed": rgb_to_hed}
RANDOM = np.random.default_rng(8)
FIXED = np.array([[0.1, 254.9, 100 / 3], [7, 7, 7], [200, 100, 0]])
"""Colours from 0 to 255 that no mean comes upon."""


def rows_of(colors):
    return {*map(tuple, np.asarray(colors, float).reshape(-1, 3).tolist())}


def in_space(name, colors, white):
    colors = np.asarray(colors, np.float64) / white
    return CONVERSIONS[name](colors) if name in CONVERSIONS else colors


@pytest.fixture(scope="module")
def small(china):
    """A picture of 6,955 pixels and about as many colours."""
    return china[::6, ::7][:, :-1]


# ------------------------------------------------------------------- refining

IMAGES = {
    "uint8": (lambda rgb: rgb, {}),
    "uint8, single channel": (lambda rgb: rgb[..., 0], {"channel_axis": None}),
    "uint16": (lambda rgb: rgb.astype(np.uint16) * 200 + 7, {}),
    "uint16, single channel": (
        lambda rgb: rgb[..., 0] * np.uint16(200) + rgb[..., 1],
        {"channel_axis": None},
    ),
    "float32": (lambda rgb: rgb.astype(np.float32) / 255, {}),
    "int16 and a mask": (
        lambda rgb: rgb.astype(np.int16) * 100 - 9999,
        {"mask": np.random.default_rng(0).random((72, 91)) < 0.5},
    ),
    "uint8 and a mask": (
        lambda rgb: rgb,
        {"mask": np.random.default_rng(1).random((72, 91)) < 0.5},
    ),
    "RGBA": (lambda rgb: np.concatenate([rgb, rgb[:, :, 1:2] // 90], axis=2), {}),
    "floats with NaN": (lambda rgb: np.where(rgb == 50, np.nan, rgb / 255), {}),
    "five channels": (
        lambda rgb: np.concatenate([rgb, rgb[..., :2] // 2], axis=2),
        {"channel_axis": 2},
    ),
    "uint8 in CIELAB": (lambda rgb: rgb, {"color_space": "lab"}),
    "float64 in stains": (lambda rgb: hed2rgb(rgb / 900), {"color_space": "hed"}),
}


@pytest.mark.parametrize(
    ("method", "n_colors"), [("kmeans", 7), ("kmeans", 40), ("kmeans", 150), ("wu", 40)]
)
@pytest.mark.parametrize(("make", "how"), IMAGES.values(), ids=IMAGES)
def test_a_refined_palette_is_the_same_however_it_is_cut(
    monkeypatch, small, make, how, method, n_colors
):
    def all_bytes():
        q = quantize(image, n_colors, method=method, n_samples=1000, **how)
        arrays = (q.palette.colors, q.palette.counts, q.labels, q.image)
        return [array.tobytes() for array in arrays]

    image = make(small)
    whole = all_bytes()
    for tile_pixels, n_threads in ((300, 1), (1000, 3)):
        monkeypatch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
        cores = range(n_threads)
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, c=cores: c, False)
        assert all_bytes() == whole


@pytest.mark.parametrize(
    ("n_colors", "mse"), [(4, 1370), (16, 345), (64, 113), (256, 44.5)]
)
def test_china_is_redrawn_with_little_error(china, n_colors, mse):
    refined, plain = (
        quantize(china, n_colors, refine=refine).report.mse for refine in (True, False)
    )
    assert refined < mse
    assert refined <= plain


@pytest.mark.parametrize(
    ("method", "n_colors"),
    [("kmeans", 3), ("kmeans", 20), ("kmeans", 64), ("wu", 20), ("random", 20)],
)
@pytest.mark.parametrize(("make", "how"), IMAGES.values(), ids=IMAGES)
def test_refining_lowers_the_error_in_the_space(small, make, how, method, n_colors):
    image = make(small)
    errors = []
    for refine in (True, False):
        q = quantize(
            image, n_colors, method=method, refine=refine, n_samples=1000, **how
        )
        if "color_space" not in how:
            errors.append(q.report.mse)
            continue
        name, white = how["color_space"], 255 if image.dtype == np.uint8 else 1
        colors = in_space(name, image, white).reshape(-1, 3)
        own = in_space(name, q.palette.colors, white)[q.indices.reshape(-1)]
        errors.append(((colors - own) ** 2).sum())
    assert errors[0] <= errors[1] * 1.001
    assert (errors[0] == errors[1]) == (method == "random")


def test_refining_does_not_depend_on_how_many_are_drawn_where_all_are_counted(small):
    palettes = [fit_palette(small, 20, n_samples=n).colors for n in (20, 999, None)]
    assert len({colors.tobytes() for colors in palettes}) == 1


def test_a_refined_palette_is_where_iterating_ends(small):
    """Of 8-bit images, too: few pixels would change their entry."""
    q = quantize(small, 20)
    colors = small.reshape(-1, 3).astype(np.float64)
    labels = q.labels.reshape(-1)
    means = np.array([colors[labels == k + 1].mean(axis=0) for k in range(20)])
    again = nearest_by_search(colors, means) + 1
    assert (again != labels).mean() < 0.02
    assert np.abs(means - q.palette.colors).max() < 2


@pytest.mark.parametrize("n_colors", [300, 1025, 2000])
@pytest.mark.parametrize("method", ["kmeans", "wu"])
def test_many_colors_are_all_of_use(small, method, n_colors):
    q = quantize(small, n_colors, method=method)
    assert len(np.unique(q.palette.colors, axis=0)) == n_colors
    assert q.report.n_colors_after == n_colors


# ------------------------------------------------------------------- spaces


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("name", CONVERSIONS)
def test_pixels_are_compared_in_the_space(small, name, refine, method, dtype):
    white = 1 if dtype == "float32" else np.iinfo(dtype).max
    image = (small / 255 * white).astype(dtype)
    options = {"method": method, "refine": refine, "color_space": name}
    q = quantize(image, 20, n_samples=1000, **options)
    assert q.palette.color_space == name
    assert ((q.palette.colors >= 0) & (q.palette.colors <= white)).all()
    nearest = nearest_by_search(
        in_space(name, image, white).reshape(-1, 3),
        in_space(name, q.palette.colors, white),
    )
    np.testing.assert_array_equal(q.indices.reshape(-1), nearest)
    applied = apply_palette(image, fit_palette(image, 20, n_samples=1000, **options))
    assert applied.labels.tobytes() == q.labels.tobytes()
    assert applied.image.tobytes() == q.image.tobytes()
    assert applied.palette.colors.tobytes() == q.palette.colors.tobytes()


@pytest.mark.parametrize("name", CONVERSIONS)
def test_a_palette_learned_in_a_space_is_better_there(small, name):
    errors = []
    for space in (name, "rgb"):
        colors = fit_palette(small, 16, color_space=space).colors
        entries = in_space(name, colors, 255)
        points = in_space(name, small, 255).reshape(-1, 3)
        own = entries[nearest_by_search(points, entries)]
        errors.append(((points - own) ** 2).sum())
    assert errors[0] < 0.98 * errors[1]


@pytest.mark.parametrize("name", COLOR_SPACES[:-1])
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float64"])
def test_a_random_codebook_is_of_the_images_own_colors(small, dtype, refine, name):
    white = 1 if dtype == "float64" else np.iinfo(dtype).max
    image = (small / 255 * white).astype(dtype)
    options = {"method": "random", "refine": refine, "color_space": name}
    colors = fit_palette(image, 200, n_samples=1000, **options).colors
    assert len(rows_of(colors)) == 200
    assert rows_of(colors) < rows_of(image)


@pytest.mark.parametrize("name", COLOR_SPACES[:-1])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32", "float64"])
def test_as_many_colors_as_there_are_lose_nothing_in_any_space(dtype, method, name):
    white = 1 if dtype.startswith("float") else np.iinfo(dtype).max
    pure = np.stack(np.meshgrid(*[[0, 0.5, 1]] * 3), axis=-1).reshape(-1, 3)
    colors = np.concatenate([pure, RANDOM.random((73, 3))])
    colors *= white
    # Some differ by little, but for float64's last bits: those no space tells apart.
    little = {"float32": 2.0**-22, "float64": 2.0**-44}.get(dtype, 1)
    colors[50:60] = colors[30:40]
    colors[50:60, 0] += np.where(colors[50:60, 0] > white / 2, -little, little)
    colors = colors.astype(dtype)
    image = colors[RANDOM.permutation(np.arange(400) % 100)].reshape(20, 20, 3)
    q = quantize(image, 100, method=method, color_space=name)
    np.testing.assert_array_equal(q.image, image)
    assert q.report.quality == "lossless"


# ------------------------------------------------------------------- fixed


@pytest.mark.parametrize("n_colors", [3, 4, 30])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("name", COLOR_SPACES[:-1])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_fixed_colors_are_in_the_palette_to_the_last_bit(
    small, dtype, name, refine, method, n_colors
):
    unit = 1 if dtype == "uint8" else 1 / 255
    image = (small * unit).astype(dtype)
    fixed = np.concatenate([FIXED[:2] * unit, image[5, 6:7].astype(np.float64)])
    palette = fit_palette(
        image,
        n_colors,
        **{"method": method, "refine": refine, "n_samples": 1000, "color_space": name},
        fixed=fixed,
    )
    assert len(palette) == n_colors
    ours = [color.tobytes() for color in palette.colors]
    assert all(ours.count(color.tobytes()) == 1 for color in fixed)
    assert len(np.unique(palette.colors, axis=0)) == n_colors


def test_a_fixed_color_that_comes_twice_is_in_the_palette_twice(small):
    fixed = np.concatenate([FIXED, FIXED[:1]])
    q = quantize(small, 20, fixed=fixed)
    is_first = (q.palette.colors == FIXED[0]).all(axis=1)
    assert is_first.sum() == 2
    assert q.palette.counts[is_first][1] == 0
    assert len(rows_of(q.palette.colors)) == 19


def test_the_others_are_learned_around_the_fixed(small):
    """They do not settle where a fixed one is already."""
    free = fit_palette(small, 20)
    kept = free.colors[[3, 9, 15]]
    fixed = fit_palette(small, 20, fixed=kept)
    assert rows_of(kept) < rows_of(fixed.colors)
    errors = [apply_palette(small, palette).report.mse for palette in (free, fixed)]
    assert errors[1] == pytest.approx(errors[0], rel=0.05)


@pytest.mark.parametrize("refine", [True, False])
def test_fixed_colors_keep_their_names(small, refine):
    fixed = Palette(FIXED, names=["sky", "ink", "roof"])
    palette = fit_palette(small, 10, refine=refine, fixed=fixed)
    named = zip(palette.names, map(tuple, palette.colors), strict=True)
    own = zip(fixed.names, map(tuple, FIXED), strict=True)
    assert {*named} > {*own}
    assert palette.names.count("") == 7
    assert fit_palette(small, 10, fixed=Palette(FIXED)).names is None


def test_fixed_colors_keep_their_classes(small):
    fixed = Palette([[9, 9, 9], [250, 1, 1]], classes=["", "stain"])
    palette = fit_palette(small, 4, fixed=fixed)
    (entry,) = np.flatnonzero((palette.colors == [250, 1, 1]).all(axis=1))
    assert [i for i, one in enumerate(palette.classes) if one == "stain"] == [entry]
    assert apply_palette(small, palette).palette.classes == palette.classes


def test_all_may_be_fixed(small):
    for method in METHODS:
        q = quantize(small, 3, method=method, fixed=FIXED)
        assert rows_of(q.palette.colors) == rows_of(FIXED)
        nearest = nearest_by_search(small.reshape(-1, 3), q.palette.colors)
        np.testing.assert_array_equal(q.indices.reshape(-1), nearest)


@pytest.mark.parametrize("far", [20.0, 1e6, 1e80, 1.7e308])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_fixed_colors_may_lie_beyond_the_image(dtype, refine, method, far):
    unit = 255 if dtype == "uint8" else 1
    image = (np.random.default_rng(0).random((20, 20, 3)) * unit).astype(dtype)
    fixed = [[far, -far, 0.5 * unit], [0.5 * unit] * 3]
    q = quantize(image, 8, fixed=fixed, refine=refine, method=method)
    assert rows_of(fixed) < rows_of(q.palette.colors)
    nearest = nearest_by_search(image.reshape(-1, 3), q.palette.colors.clip(-1e9, 1e9))
    np.testing.assert_array_equal(q.indices.reshape(-1), nearest)
    assert q.report.psnr > 12


@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_few_colors_are_all_kept_beside_the_fixed(dtype):
    image = np.arange(48, dtype=dtype).reshape(4, 4, 3)
    fixed = [image[1, 1], [200, 200, 200]]
    with pytest.warns(UserWarning, match="^The image has only 16 colors: "):
        q = quantize(image, 20, fixed=fixed)
    assert rows_of(q.palette.colors) == rows_of(image) | {(200, 200, 200)}
    assert len(q.palette) == 17
    np.testing.assert_array_equal(q.image, image)
    exactly = quantize(image, 17, fixed=fixed)
    assert exactly.report.notes == ()
    np.testing.assert_array_equal(exactly.image, image)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("refine", [True, False])
@pytest.mark.parametrize("dtype", ["uint8", "float64"])
def test_few_colors_that_have_no_room_beside_the_fixed(dtype, refine, method):
    image = np.arange(48, dtype=dtype).reshape(4, 4, 3)
    fixed = [[200, 200, 200], [100, 0, 0], [0, 100, 0]]
    q = quantize(image, 16, fixed=fixed, method=method, refine=refine)
    assert len(q.palette) == 16
    assert rows_of(fixed) < rows_of(q.palette.colors)
    assert q.report.n_colors_after == 13


@given(
    st.integers(1, 6),
    st.integers(0, 5),
    st.sampled_from([*METHODS]),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_fixed_colors_of_any_channels(n_channels, n_fixed, method, refine, seed):
    random = np.random.default_rng(seed)
    image = random.integers(0, 6, (9, 9, n_channels)) * 1.0
    colors = np.unique(image.reshape(-1, n_channels), axis=0)
    n_colors = min(6, len(colors) - 1)
    n_fixed = min(n_fixed, n_colors)
    places = [colors, random.uniform(-9, 9, (3, n_channels))]
    fixed = random.choice(np.concatenate(places), n_fixed) if n_fixed else None
    q = quantize(
        image,
        n_colors,
        **{"fixed": fixed, "method": method, "refine": refine, "channel_axis": 2},
    )
    assert len(q.palette) == n_colors
    ours = [color.tobytes() for color in q.palette.colors]
    for color in [] if fixed is None else fixed:
        assert (color + 0.0).tobytes() in ours
    nearest = nearest_by_search(image.reshape(-1, n_channels), q.palette.colors)
    np.testing.assert_array_equal(q.indices.reshape(-1), nearest)


# ------------------------------------------------------------------- learning


def learner_of(image, **options):
    return prepare(see_pixels(image), Parameters(**options), Monitor())


def test_one_learner_learns_palettes_of_any_size(small):
    learner = learner_of(small)
    for n_colors in (5, 40, 5):
        learned = learner.learn(n_colors, Monitor())
        expected = fit_palette(small, n_colors).colors
        assert learned.palette.colors.tobytes() == expected.tobytes()
        assert learned.n_sampled == small.size // 3
        assert learned.seconds > 0
    assert learner.seconds > 0


@pytest.mark.parametrize(
    ("dtype", "options", "weighted"),
    [
        ("uint8", {}, True),
        ("uint8", {"method": "wu"}, True),
        ("uint8", {"refine": False}, False),
        ("uint8", {"method": "random"}, False),
        ("float32", {}, False),
    ],
)
def test_all_colors_are_weighted_where_they_are_learned_from(
    small, dtype, options, weighted
):
    assert (learner_of(small.astype(dtype), **options).points is not None) == weighted


def test_progress_counts_the_tiles(monkeypatch, small):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 1000)
    told = []
    parameters = Parameters(n_colors=5, n_samples=500)
    pixels = see_pixels(small.astype(np.float32))
    learner = prepare(pixels, parameters, Monitor(told.append))
    n_tiles = len(learner.pixels.tiles())
    shares = [round(1000 * n / n_tiles) for n in range(1, n_tiles + 1)]
    assert told == [("survey", done, 1000) for done in shares]
    told.clear()
    learner.learn(5, Monitor(told.append))
    assert {(piece.step, piece.total) for piece in told} == {("learn", 1000)}
    done = [piece.done for piece in told]
    assert done == sorted(done)
    assert done[-1] == 1000
    assert len({*done}) > 2


def test_colors_too_many_to_count_are_drawn_and_refined(monkeypatch, small):
    monkeypatch.setattr(distinct_module, "MAX_COUNTED", 100)
    image = small.astype(np.float32)
    refined, plain = (
        quantize(image, 9, n_samples=500, refine=refine) for refine in (True, False)
    )
    assert refined.report.mse < plain.report.mse
