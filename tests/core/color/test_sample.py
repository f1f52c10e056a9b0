from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import shuffle

from napari_colorquant.core.color import sample as sample_module
from napari_colorquant.core.color.sample import Sample, draw_ranks, draw_sample
from napari_colorquant.core.color.statistics import statistics_of
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image import pixels as pixels_module
from napari_colorquant.core.image.pixels import see_pixels
from plain import images


def draw(image, n_samples, n_colors=2, *, random_state=0, **how):
    pixels = see_pixels(image, **how)
    statistics = statistics_of(pixels, Monitor())
    return draw_sample(pixels, statistics, n_samples, n_colors, random_state)


@pytest.mark.parametrize("random_state", [0, 1, 2**32 - 1])
@pytest.mark.parametrize(("n", "n_samples"), [(1, 1), (50, 7), (50, 50), (9999, 1000)])
def test_ranks_are_those_of_scikit_learns_shuffle(n, n_samples, random_state):
    expected = shuffle(np.arange(n), n_samples=n_samples, random_state=random_state)
    np.testing.assert_array_equal(draw_ranks(n, n_samples, random_state), expected)


def test_ranks_are_those_of_shuffle_up_to_shuffled_pixels(monkeypatch):
    monkeypatch.setattr(sample_module, "SHUFFLED_PIXELS", 100)
    expected = shuffle(np.arange(100), n_samples=9, random_state=3)
    np.testing.assert_array_equal(draw_ranks(100, 9, 3), expected)


@pytest.mark.parametrize("n_samples", [64, 500, 5000, 9000, 9950, 10_000])
def test_ranks_of_a_large_image_are_distinct_seeded_and_in_random_order(
    monkeypatch, n_samples
):
    monkeypatch.setattr(sample_module, "SHUFFLED_PIXELS", 9999)
    ranks = draw_ranks(10_000, n_samples, 0)
    assert ranks.dtype == np.int64
    assert len(np.unique(ranks)) == n_samples
    assert 0 <= ranks.min() <= ranks.max() < 10_000
    np.testing.assert_array_equal(draw_ranks(10_000, n_samples, 0), ranks)
    assert not np.array_equal(draw_ranks(10_000, n_samples, 1), ranks)
    # The random codebook is the first of them: they must come from the whole image.
    quarters = np.bincount(ranks[:64] // 2500, minlength=4)
    assert quarters.min() >= 6


@pytest.mark.parametrize("large", [False, True])
def test_ranks_leave_the_global_random_state_alone(monkeypatch, large):
    monkeypatch.setattr(sample_module, "SHUFFLED_PIXELS", 10 if large else 1000)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002, it is looked at
    draw_ranks(100, 10, 0)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002, it is looked at


def test_the_sample_is_that_of_the_example(china):
    sample = draw(china, 1000)
    expected = shuffle(china.reshape(-1, 3), n_samples=1000, random_state=0)
    np.testing.assert_array_equal(sample.colors, expected)
    assert sample.weights is None
    assert sample.n_pixels == 1000


@given(images(), st.integers(2, 50), st.sampled_from([1, 7, 1000]))
def test_a_sample_draws_valid_pixels_only_and_none_twice(case, n_samples, tile_pixels):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pixels_module, "TILE_PIXELS", tile_pixels)
        sample = draw(case.image, n_samples, 1, **case.how)
    valid = case.colors[case.valid].astype(np.float64)
    n = min(n_samples, len(valid))
    expected = shuffle(valid, n_samples=n, random_state=0)
    np.testing.assert_array_equal(sample.colors, expected)
    assert sample.n_pixels == n


def test_without_a_number_every_pixel_counts():
    sample = draw(np.array([[5, 3, 5], [5, 9, 3]]), None, channel_axis=None)
    assert sample.colors.tolist() == [[3], [5], [9]]
    assert sample.weights.tolist() == [2, 3, 1]
    assert sample.n_pixels == 6


def test_where_a_draw_has_too_few_colors_all_distinct_ones_are_taken():
    image = np.zeros((100, 100), np.uint16)
    image[50, 50:53] = 1000, 2000, 3000
    sample = draw(image, 20, 3, channel_axis=None)
    assert sample.colors.tolist() == [[0], [1000], [2000], [3000]]
    assert sample.weights.tolist() == [9997, 1, 1, 1]


def test_a_draw_with_just_enough_colors_is_kept():
    image = np.arange(100).reshape(10, 10)
    assert draw(image, 20, 20, channel_axis=None).weights is None


@pytest.mark.parametrize(
    ("image", "scale"), [([[0, -7.5], [3, 2]], 7.5), (np.eye(2, dtype=np.uint8), 255)]
)
def test_its_scale_is_the_magnitude_of_the_values(image, scale):
    sample = draw(np.array(image), 4, channel_axis=None)
    assert isinstance(sample, Sample)
    assert sample.scale == scale
