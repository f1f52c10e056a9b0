from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.color import distinct
from napari_colorquant.core.color import statistics as statistics_module
from napari_colorquant.core.color.statistics import ranges, statistics_of
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from plain import images


def statistics(image, channel_axis=None, mask=None, progress=None):
    return statistics_of(see_pixels(image, channel_axis, mask), Monitor(progress))


@given(images(), st.sampled_from([1, 7, 1000]))
def test_a_survey_knows_the_valid_pixels(case, tile_pixels):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
        seen = statistics(case.image, **case.how)
    valid = case.colors[case.valid].astype(np.float64)
    assert seen.n_pixels == len(valid)
    assert seen.n_colors == len(set(map(tuple, valid.tolist())))
    assert seen.n_colors_is_exact
    if case.image.dtype == np.uint8:
        assert seen.magnitude == seen.scaled_range(1.0) == 255
        assert (seen.lows <= valid.min(axis=0)).all()
        assert (seen.highs >= valid.max(axis=0)).all()
    else:
        np.testing.assert_array_equal(seen.lows, valid.min(axis=0))
        np.testing.assert_array_equal(seen.highs, valid.max(axis=0))
        assert seen.magnitude == (np.abs(valid).max() or 1)
        assert seen.scaled_range(0.5) == (valid.max() * 0.5 - valid.min() * 0.5)


@given(images(), st.sampled_from([1, 7, 1000]))
def test_where_colors_have_codes_the_pixels_of_each_are_counted(case, tile_pixels):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
        seen = statistics(case.image, **case.how)
    valid = case.colors[case.valid]
    n_bits = 8 * valid.dtype.itemsize * valid.shape[1]
    if valid.dtype.kind != "u" or n_bits > 24:
        assert seen.distinct is None
        return
    colors, counts = np.unique(valid, axis=0, return_counts=True)
    ours = seen.distinct.colors()
    order = np.lexsort(ours.T[::-1])
    np.testing.assert_array_equal(ours[order], colors)
    np.testing.assert_array_equal(seen.distinct.counts[order], counts)


def test_valid_pixels_are_counted_tile_by_tile(monkeypatch):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 3)
    image = np.array([[1.0, np.nan, 2.0], [3.0, 4.0, 5.0], [np.nan] * 3])
    assert statistics(image).valid_counts.tolist() == [2, 3, 0]


def test_progress_is_told_after_every_tile(monkeypatch):
    monkeypatch.setattr(pixels_module, "TILE_PIXELS", 3)
    told = []
    statistics(np.zeros((3, 3)), progress=told.append)
    assert told == [("survey", done, 1000) for done in (333, 667, 1000)]


def test_where_colors_are_too_many_their_number_is_a_lower_bound(monkeypatch):
    monkeypatch.setattr(distinct, "MAX_COUNTED", 50)
    seen = statistics(np.arange(100.0).reshape(10, 10))
    assert (seen.n_colors, seen.n_colors_is_exact) == (50, False)
    assert (*seen.lows, *seen.highs) == (0, 99)


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("value", [2**53 + 1, 2**53 + 2, 2**62])
def test_integers_that_are_not_exact_in_float64_are_refused(dtype, value):
    with pytest.raises(ValueError, match=f"the image holds {dtype} values beyond"):
        statistics(np.array([[0, value]], dtype))


def test_negative_integers_that_are_not_exact_are_refused():
    with pytest.raises(ValueError, match="the image holds int64 values beyond"):
        statistics(np.array([[0, -(2**53) - 1]]))


@pytest.mark.parametrize("value", [2**53, -(2**53)])
def test_integers_that_are_exact_in_float64_are_not(value):
    seen = statistics(np.array([[0, value]]))
    assert value in (*seen.lows, *seen.highs)


def test_integers_outside_the_mask_may_be_as_large_as_they_like():
    seen = statistics(np.array([[5, 2**62]]), mask=[[True, False]])
    assert seen.highs.tolist() == [5]


@given(images(), st.sampled_from([1, 7]), st.integers(1, 12))
def test_the_number_of_colors_does_not_depend_on_threads(case, tile_pixels, most):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
        patch.setattr(distinct, "MAX_COUNTED", most)
        patch.setattr(distinct, "_FIRST", 1)
        seen = statistics(case.image, **case.how)
    valid = case.colors[case.valid].astype(np.float64)
    n_colors = len(set(map(tuple, valid.tolist())))
    if seen.distinct is None:
        assert seen.n_colors == min(n_colors, most)
        assert seen.n_colors_is_exact == (n_colors < most)
    else:
        assert seen.n_colors == n_colors


@given(
    st.integers(1, 200),
    st.integers(1, 5),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1, 2**19]),
)
def test_ranges_are_those_of_every_channel(n, n_channels, seed, cached):
    values = np.random.default_rng(seed).normal(size=(n, n_channels))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(statistics_module, "_CACHED", cached)
        lows, highs = ranges(values)
    assert lows.tolist() == [min(column) for column in values.T]
    assert highs.tolist() == [max(column) for column in values.T]


@given(st.integers(1, 400), st.data())
def test_ranges_of_a_channel_with_nan_are_nan(n, data):
    values = np.ones((n, 3), np.float32)
    values[data.draw(st.integers(0, n - 1)), 1] = np.nan
    np.testing.assert_array_equal(ranges(values), [[1, np.nan, 1]] * 2)
