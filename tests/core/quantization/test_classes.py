from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import silhouette_samples

from napari_colorquant import Palette, error_curve
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import see_pixels
from napari_colorquant.core.learn.fit import prepare
from napari_colorquant.core.learn.parameters import Parameters
from napari_colorquant.core.quantization.classes import (
    silhouette_over,
    suggest_classes,
)
from napari_colorquant.core.quantization.curve import curve_of


def silhouette_of(image, colors):
    learner = prepare(see_pixels(np.asarray(image)), Parameters(), Monitor())
    return silhouette_over(learner)(Palette(colors))


def test_entries_count_the_same_however_many_pixels_they_have():
    """Within an entry 0 to 2 levels, between entries 100: by hand."""
    greys = [0] * 20 + [2] * 20 + [100, 100]
    image = np.array(greys, np.uint8)[:, np.newaxis, np.newaxis].repeat(3, axis=2)
    dark = 1 - np.array([40 / 39 / 100, 40 / 39 / 98]).mean()
    found = silhouette_of(image, [[1.0] * 3, [100.0] * 3])
    assert found == pytest.approx((dark + 1) / 2, rel=1e-12)
    each = silhouette_samples(image[:, 0], np.array(greys) > 50)
    assert found == pytest.approx((each[:40].mean() + each[40:].mean()) / 2, rel=1e-12)


def test_one_entry_or_one_for_each_pixel_is_no_grouping():
    image = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert silhouette_of(image, image.reshape(-1, 3) * 1.0) == 0
    assert silhouette_of(image, [[0.0, 0, 0], [255, 255, 255]]) == 0


@given(st.dictionaries(st.integers(2, 16), st.floats(-1, 1), min_size=1))
def test_more_classes_are_taken_where_they_are_as_good(silhouettes):
    n = suggest_classes(silhouettes)
    best = max(silhouettes.values())
    assert silhouettes[n] >= best - 0.03
    assert all(silhouettes[more] < best - 0.03 for more in silhouettes if more > n)


@pytest.mark.parametrize("n_classes", [2, 3, 4, 6])
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_classes_that_differ_in_frequency_and_spread_are_counted(n_classes, dtype):
    """Of 60 % to 2 % of the pixels: the elbow is for the picture and may be another."""
    random = np.random.default_rng(n_classes)
    blue, brown, green = [60, 50, 140], [130, 80, 30], [30, 160, 60]
    colors = np.array(
        [[230, 225, 228], blue, brown, green, [220, 60, 160], [250, 220, 40]]
    )
    colors = colors[:n_classes]
    shares = 0.5 ** np.arange(n_classes)
    classes = random.choice(n_classes, (90, 90), p=shares / shares.sum())
    image = colors[classes] + random.normal(0, 8, (90, 90, 3))
    image = image.round().clip(0, 255).astype("uint8")
    if dtype == "float32":
        image = (image / 255).astype(dtype)
    assert error_curve(image).classes == n_classes


def test_fixed_colours_beyond_those_that_are_compared_are_the_number():
    """The first number that can be had is compared, alone."""
    random = np.random.default_rng(0)
    image = random.integers(0, 256, (20, 20, 3), dtype=np.uint8)
    fixed = Palette(random.integers(0, 256, (18, 3)) * 1.0)
    curve = error_curve(image, max_colors=20)
    assert curve.classes <= 16
    parameters = Parameters(n_colors=20, fixed=fixed)
    known = see_pixels(image), parameters, lambda _: None, Monitor()
    assert curve_of(*known, max_colors=20).classes == 18
