from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.learn.init import divide, kmeans_plus_plus
from plain import error_by_search

UNIT = 2.0**-8
"""What whole numbers are multiplied by: every sum of them is exact."""


@st.composite
def weighted(draw):
    """Draw distinct points of whole numbers, and a weight for each."""
    n_channels = draw(st.sampled_from([1, 2, 3, 5]))
    n_points = draw(st.integers(2, 200))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    numbers = random.integers(
        0, draw(st.sampled_from([3, 20, 256])), (n_points, n_channels)
    )
    numbers[:2] = np.arange(2)[:, np.newaxis]
    points = np.unique(numbers, axis=0) * UNIT
    return random.permutation(points), random.integers(1, 100, len(points)) * 1.0


def distinct(points):
    return len(np.unique(points, axis=0))


# ------------------------------------------------------------------- Wu


@given(weighted(), st.data())
def test_boxes_have_distinct_means_within_the_points(case, data):
    points, weights = case
    n_colors = data.draw(st.integers(1, len(points)))
    means = divide(points, weights, n_colors)
    assert means.shape == (n_colors, points.shape[1])
    assert distinct(means) == n_colors
    assert (means >= points.min(axis=0)).all()
    assert (means <= points.max(axis=0)).all()
    np.testing.assert_array_equal(divide(points, weights, n_colors), means)


@given(weighted())
def test_one_box_has_the_mean_of_all(case):
    points, weights = case
    expected = weights @ points / weights.sum()
    np.testing.assert_array_equal(divide(points, weights, 1), [expected])


@given(weighted())
def test_as_many_boxes_as_points_are_the_points(case):
    points, weights = case
    means = divide(points, weights, len(points))
    np.testing.assert_allclose(
        means[np.lexsort(means.T)], points[np.lexsort(points.T)], rtol=1e-15
    )


@given(weighted(), st.data())
def test_weights_count_as_repeated_points_do(case, data):
    points, weights = case
    weights = np.ceil(weights / 20)
    n_colors = data.draw(st.integers(1, len(points)))
    repeated = points.repeat(weights.astype(int), axis=0)
    means = divide(points, weights, n_colors)
    np.testing.assert_array_equal(
        divide(repeated, np.ones(len(repeated)), n_colors), means
    )


@given(weighted(), st.data())
def test_the_order_of_the_points_does_not_matter(case, data):
    points, weights = case
    n_colors = data.draw(st.integers(1, len(points)))
    order = np.random.default_rng(0).permutation(len(points))
    np.testing.assert_array_equal(
        divide(points[order], weights[order], n_colors),
        divide(points, weights, n_colors),
    )


@given(weighted(), st.data())
def test_boxes_lower_the_error(case, data):
    points, weights = case
    n_colors = data.draw(st.integers(2, len(points)))
    one, many = (
        error_by_search(points, weights, divide(points, weights, k))
        for k in (1, n_colors)
    )
    assert many < one


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5])
def test_clusters_that_lie_apart_are_found(n_channels):
    random = np.random.default_rng(n_channels)
    corners = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])[:, :n_channels]
    centers = np.pad(np.unique(corners, axis=0), ((0, 0), (0, max(0, n_channels - 2))))
    numbers = centers.repeat(50, axis=0) * 200
    numbers += random.integers(0, 50, numbers.shape)
    weights = random.integers(1, 9, len(numbers)) * 1.0
    means = divide(numbers * UNIT, weights, len(centers))
    expected = [
        weights[rows] @ (numbers[rows] * UNIT) / weights[rows].sum()
        for rows in np.arange(len(numbers)).reshape(-1, 50)
    ]
    assert sorted(map(tuple, means)) == sorted(map(tuple, expected))


def test_the_cut_is_the_one_that_lowers_the_error_most():
    """Not where the points are widest, or their number halves: few lie far away."""
    points = np.array([[0.0, 0.0], [0.125, 0.0], [0.0, 0.5], [0.125, 0.5], [1.0, 0.0]])
    weights = np.array([10.0, 10.0, 10.0, 10.0, 1.0])
    means = divide(points, weights, 2)
    expected = [[0.0625 * 20 / 21 + 1 / 21, 0.0], [0.0625, 0.5]]
    np.testing.assert_allclose(means[np.argsort(means[:, 1])], expected, rtol=1e-12)


@pytest.mark.parametrize("width", [2.0**-40, 2.0**-300, 5e-324])
def test_points_that_lie_close_are_cut_as_far_as_they_can_be_told_apart(width):
    points = np.arange(9.0)[:, np.newaxis] * width
    means = divide(points, np.ones(9), 9)
    assert means.shape == (9, 1)
    assert ((means >= 0) & (means <= points.max())).all()
    if width > 1e-300:
        np.testing.assert_allclose(np.sort(means, axis=0), points, rtol=1e-15)


# ------------------------------------------------------------------- k-means++


def pick(points, weights, n_colors, seed=0, first=None):
    if first is None:
        first = np.empty((0, points.shape[1]))
    random = np.random.RandomState(seed)
    return kmeans_plus_plus(points, weights, first, n_colors, random)


@given(weighted(), st.data())
def test_points_are_picked_and_none_twice(case, data):
    points, weights = case
    n_colors = data.draw(st.integers(1, len(points)))
    picked = pick(points, weights, n_colors, data.draw(st.integers(0, 9)))
    assert distinct(picked) == n_colors
    assert {*map(tuple, picked)} <= {*map(tuple, points)}


@given(weighted(), st.data())
def test_what_is_there_first_stays_first(case, data):
    points, weights = case
    rows = data.draw(st.lists(st.integers(0, len(points) - 1), max_size=5))
    random = np.random.default_rng(0)
    first = np.concatenate([points[rows], random.uniform(-1, 1, (2, points.shape[1]))])
    others = len(points) - len({*rows})
    n_picked = data.draw(st.integers(0, others))
    picked = pick(points, weights, len(first) + n_picked, first=first)
    np.testing.assert_array_equal(picked[: len(first)], first)
    new = {*map(tuple, picked[len(first) :])}
    assert len(new) == n_picked
    assert new <= {*map(tuple, points)} - {*map(tuple, first)}


def test_all_may_be_there_first():
    first = np.array([[0.5], [0.25]])
    np.testing.assert_array_equal(pick(first, np.ones(2), 2, first=first), first)


@given(weighted(), st.data())
def test_the_seed_decides(case, data):
    points, weights = case
    n_colors = data.draw(st.integers(1, len(points)))
    np.testing.assert_array_equal(
        pick(points, weights, n_colors, 3), pick(points, weights, n_colors, 3)
    )


def test_another_seed_picks_others():
    points = np.random.default_rng(0).random((500, 3))
    first, second = (pick(points, np.ones(500), 9, seed) for seed in (0, 1))
    assert not np.array_equal(first, second)


def test_too_few_points_are_picked_again():
    points = np.array([[0.25], [0.75]])
    picked = pick(points, np.ones(2), 5)
    assert picked.shape == (5, 1)
    assert {*picked[:, 0]} == {0.25, 0.75}


def test_the_heavy_is_picked_first_and_the_far_next():
    points = np.array([[0.0], [0.125], [1.0]])
    weights = np.array([1000.0, 1.0, 1.0])
    picked = np.array([pick(points, weights, 2, seed)[:, 0] for seed in range(50)])
    assert (picked[:, 0] == 0).mean() > 0.9
    assert (picked[:, 1] == 1).mean() > 0.9


def test_of_a_few_candidates_the_best_is_picked():
    """Greedy: its error is lower than that of as many plain draws, on average."""
    random = np.random.default_rng(0)
    points, weights = random.random((400, 3)), np.ones(400)
    errors = [
        error_by_search(points, weights, pick(points, weights, 8, s)) for s in range(20)
    ]
    by_lot = [
        error_by_search(points, weights, random.choice(points, 8)) for _ in range(20)
    ]
    assert np.mean(errors) < 0.8 * np.mean(by_lot)
