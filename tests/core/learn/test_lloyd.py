from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.color.codes import spread_bits
from napari_colorquant.core.color.tree import Moments, build_tree, cluster
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.learn.lloyd import COARSE_OVERSHOOT, breathe, lloyd, moved
from plain import clusters_by_search, error_by_search

UNIT = 2.0**-8
"""What whole numbers are multiplied by."""


def tree_of(numbers, weights):
    """Plant whole numbers from 0 to 255."""
    n_channels = numbers.shape[1]
    spread = spread_bits(8, n_channels)
    codes = sum(spread[c][numbers[:, c]] for c in range(n_channels))
    order = np.argsort(codes, kind="stable")
    return build_tree(
        numbers[order] * UNIT, weights[order], codes[order], 8 * n_channels
    )


@st.composite
def trees(draw):
    """Draw trees of 8 distinct points or more, of up to three channels."""
    n_channels = draw(st.integers(1, 3))
    n_points = draw(st.integers(40, 400))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    middles = random.integers(20, 236, (draw(st.integers(1, 9)), n_channels))
    numbers = random.choice(middles, n_points) + random.integers(
        -20, 20, (n_points, n_channels)
    )
    numbers[:8] = np.arange(8)[:, np.newaxis]
    numbers = np.unique(numbers, axis=0)
    return tree_of(numbers, random.integers(1, 100, len(numbers)))


def rows_of(tree, n_colors, seed=0):
    """Return distinct points to start from."""
    return np.random.default_rng(seed).choice(
        tree.points, min(n_colors, len(tree.points)), replace=False
    )


def iterate(tree, centroids, depth=None, **options):
    depth = tree.n_levels if depth is None else depth
    options = {
        **{"n_fixed": 0, "tolerance": 1e-6, "max_steps": 50, "overshoot": 0.0},
        **options,
    }
    return lloyd(tree, depth, centroids, Monitor(), **options)


def breath(tree, centroids, **options):
    options = {
        **{"n_fixed": 0, "n_added": 4, "n_breaths": 6, "tolerance": 1e-4},
        **{"max_steps": 5, **options},
    }
    return breathe(tree, tree.n_levels, centroids, Monitor(), **options)


# ------------------------------------------------------------------- one step


@given(trees(), st.integers(1, 12), st.integers(0, 3))
def test_centroids_move_to_the_means_of_their_clusters(tree, n_colors, n_fixed):
    centroids = np.concatenate(
        [rows_of(tree, n_colors), [[5.0] * tree.points.shape[1]]]
    )
    found = moved(centroids, cluster(tree, tree.n_levels, centroids), n_fixed)
    sizes, sums, squares = clusters_by_search(tree.points, tree.weights, centroids)
    expected = centroids.copy()
    for k in range(n_fixed, len(centroids)):
        if sizes[k]:
            expected[k] = sums[k] / sizes[k]
    np.testing.assert_array_equal(found.centroids, expected)
    np.testing.assert_array_equal(found.sizes, sizes)
    full = sizes > 0
    variances = (
        squares[full] / sizes[full, None] - (sums[full] / sizes[full, None]) ** 2
    )
    np.testing.assert_allclose(found.variances[full], variances, 0, 1e-14)
    assert (found.variances[~full] == 0).all()


@given(trees(), st.integers(1, 12), st.integers(0, 3))
def test_the_error_is_that_of_the_points_to_where_the_centroids_are(
    tree, n_colors, n_fixed
):
    centroids = rows_of(tree, n_colors)
    moments = cluster(tree, tree.n_levels, centroids)
    found = moved(centroids, moments, n_fixed)
    squared = (tree.points[:, None] - centroids) ** 2
    own = found.centroids[squared.sum(axis=2).argmin(axis=1)]
    expected = tree.weights @ ((tree.points - own) ** 2).sum(axis=1)
    assert found.error == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_clusters_of_no_points_stay_where_they_are():
    centroids = np.array([[0.25], [0.5]])
    empty = Moments(np.zeros(2), np.zeros((2, 1)), np.zeros((2, 1)))
    found = moved(centroids, empty, 0)
    np.testing.assert_array_equal(found.centroids, centroids)
    assert found.error == 0
    assert found.variances.tolist() == [[0], [0]]


# ------------------------------------------------------------------- iterations


@given(trees(), st.integers(1, 20), st.integers(0, 5))
def test_every_step_lowers_the_error(tree, n_colors, n_fixed):
    centroids = rows_of(tree, n_colors)
    n_fixed = min(n_fixed, len(centroids))
    before = error_by_search(tree.points, tree.weights, centroids)
    for max_steps in range(1, 8):
        clusters = iterate(
            tree, centroids, n_fixed=n_fixed, max_steps=max_steps, tolerance=-1.0
        )
        assert clusters.error <= before * (1 + 1e-12) + 1e-12
        before = clusters.error
    assert error_by_search(tree.points, tree.weights, clusters.centroids) <= (
        clusters.error * (1 + 1e-12) + 1e-12
    )


@given(trees(), st.integers(2, 20))
def test_it_ends_where_no_point_changes_its_centroid(tree, n_colors):
    found = iterate(tree, rows_of(tree, n_colors), tolerance=0.0, max_steps=500)
    again = moved(found.centroids, cluster(tree, tree.n_levels, found.centroids), 0)
    np.testing.assert_allclose(again.centroids, found.centroids, 0, 1e-12)
    np.testing.assert_array_equal(again.sizes, found.sizes)


@given(
    trees(),
    st.integers(1, 20),
    st.sampled_from([0.0, 0.5, 0.8, 1.0]),
    st.sampled_from([0.0, 0.5]),
)
def test_the_error_at_the_end_is_none_above_the_one_at_the_start(
    tree, n_colors, overshoot, momentum
):
    """A step that goes farther than to the means may err, and comes back."""
    start = rows_of(tree, n_colors)
    options = {"overshoot": overshoot, "momentum": momentum, "tolerance": 1e-4}
    clusters = iterate(tree, start, **options)
    first = error_by_search(tree.points, tree.weights, start)
    assert clusters.error <= first * (1 + 1e-12)


@pytest.mark.parametrize("overshoot", [0.5, 0.8])
def test_overshooting_lowers_the_error_sooner(overshoot):
    random = np.random.default_rng(0)
    tree = tree_of(random.integers(0, 256, (3000, 3)), np.ones(3000))
    start = rows_of(tree, 30)
    plain, over = (
        iterate(tree, start, overshoot=o, tolerance=-1.0, max_steps=8).error
        for o in (0.0, overshoot)
    )
    assert over < plain


def test_momentum_lowers_the_error_sooner_still():
    random = np.random.default_rng(0)
    tree = tree_of(random.integers(0, 256, (3000, 3)), np.ones(3000))
    start = rows_of(tree, 30)
    options = {"overshoot": 0.7, "tolerance": -1.0, "max_steps": 8}
    over, further = (iterate(tree, start, momentum=m, **options) for m in (0.0, 0.5))
    assert further.error < over.error


def test_momentum_needs_two_means_and_begins_at_the_third_step():
    tree = tree_of(np.arange(256)[:, np.newaxis], np.ones(256))
    start = rows_of(tree, 4)
    means = [start]
    for _ in range(2):  # plain steps
        means.append(iterate(tree, means[-1], tolerance=-1.0, max_steps=1).centroids)
    ahead = means[2] + 0.5 * (means[2] - means[1])
    expected = iterate(tree, ahead, tolerance=-1.0, max_steps=1).centroids
    found = iterate(tree, start, momentum=0.5, tolerance=-1.0, max_steps=3).centroids
    np.testing.assert_array_equal(found, expected)


def test_momentum_begins_anew_where_an_empty_cluster_takes_half_of_another():
    tree = tree_of(np.arange(256)[:, np.newaxis], np.ones(256))
    start = tree.points[[10, 200, 200]]  # the third is as far, and gets nothing

    def step(centroids):
        return iterate(tree, centroids, tolerance=-1.0, max_steps=1)

    first = step(start)
    assert first.sizes[2] == 0
    # The second one is wider: halves at 0.8 deviations on both sides of its mean.
    half = 0.8 * np.sqrt(first.variances[1])
    split = first.centroids.copy()
    split[1], split[2] = first.centroids[1] - half, first.centroids[1] + half
    means = step(split).centroids
    ahead = means + 0.5 * (means - split)
    found = iterate(tree, start, momentum=0.5, tolerance=-1.0, max_steps=3).centroids
    np.testing.assert_array_equal(found, step(ahead).centroids)


def test_no_more_steps_are_made_than_are_allowed():
    tree = tree_of(np.arange(256)[:, np.newaxis], np.ones(256))
    options = {"n_fixed": 0, "tolerance": -1.0, "overshoot": 0.0}
    told = []
    monitor = Monitor(told.append)
    monitor("learn", 0.0)
    told.clear()
    lloyd(tree, tree.n_levels, rows_of(tree, 9), monitor, max_steps=7, **options)
    assert told == [("learn", 0, 1000)] * 7


@pytest.mark.parametrize("iterating", [iterate, breath])
@given(tree=trees(), n_fixed=st.integers(1, 9), n_free=st.integers(0, 9))
def test_fixed_centroids_never_move(iterating, tree, n_fixed, n_free):
    """Wherever they are: among the points, far away, twice at one place."""
    random = np.random.default_rng(n_fixed)
    n_channels = tree.points.shape[1]
    places = [rows_of(tree, 9), random.uniform(-1, 2, (9, n_channels))]
    fixed = random.choice(np.concatenate(places), n_fixed)
    start = np.concatenate([fixed, rows_of(tree, n_free, 1)])
    clusters = (
        iterating(tree, start, n_fixed=n_fixed, overshoot=0.8)
        if (iterating is iterate)
        else iterating(tree, start, n_fixed=n_fixed)
    )
    assert clusters.centroids.shape == start.shape
    assert clusters.centroids[:n_fixed].tobytes() == fixed.tobytes()
    assert np.isfinite(clusters.centroids).all()


@pytest.mark.parametrize("overshoot", [0.0, 0.8])
@given(tree=trees(), n_colors=st.integers(2, 8))
def test_empty_clusters_are_used_again(tree, n_colors, overshoot):
    n_channels = tree.points.shape[1]
    everywhere_but_here = np.full((n_colors, n_channels), 3.0)
    clusters = iterate(tree, everywhere_but_here, overshoot=overshoot)
    assert (clusters.sizes > 0).all()
    assert len(np.unique(clusters.centroids, axis=0)) == n_colors


def test_an_empty_cluster_takes_half_of_the_one_of_the_largest_error():
    numbers = np.array([[0], [1], [2], [100], [140], [180]])
    tree = tree_of(numbers, np.ones(6))
    start = np.array([[1.0], [140.0], [999.0]]) * UNIT
    clusters = iterate(tree, start)
    assert clusters.sizes.tolist() in ([3, 1, 2], [3, 2, 1])
    assert sorted(clusters.centroids[:, 0] / UNIT) in (
        [1, 100, 160],
        [1, 120, 180],
    )


def test_fewer_points_than_centroids():
    tree = tree_of(np.array([[0], [255]]), np.array([5, 6]))
    start = np.linspace(0, 1, 6)[:, np.newaxis]
    clusters = iterate(tree, start)
    assert clusters.error == 0
    assert clusters.sizes.sum() == 11
    assert np.isfinite(clusters.centroids).all()


# ------------------------------------------------------------------- breathing


@given(trees(), st.integers(1, 20), st.integers(0, 4), st.integers(1, 8))
def test_breathing_is_never_worse_than_iterating(tree, n_colors, n_fixed, n_added):
    start = rows_of(tree, n_colors)
    n_fixed = min(n_fixed, len(start))
    plain = iterate(
        *(tree, start),
        **{"n_fixed": n_fixed, "tolerance": 1e-4, "max_steps": 30},
        overshoot=COARSE_OVERSHOOT,
    )
    clusters = breath(tree, start, n_fixed=n_fixed, n_added=n_added)
    assert clusters.error <= plain.error
    assert clusters.centroids.shape == start.shape
    assert clusters.sizes.sum() == tree.weights.sum()


def test_breathing_leaves_a_local_optimum():
    """Two centroids in one of three far clusters, one between the other two."""
    numbers = np.concatenate([np.arange(9), np.arange(120, 129), np.arange(240, 249)])
    tree = tree_of(numbers[:, np.newaxis], np.ones(27))
    start = np.array([[2.0], [6.0], [184.0]]) * UNIT
    stuck, found = iterate(tree, start), breath(tree, start, n_added=1)
    assert np.sort(stuck.centroids[:, 0] / UNIT).tolist() == [2, 6.5, 184]
    assert np.sort(found.centroids[:, 0] / UNIT).tolist() == [4, 124, 244]


@given(trees(), st.integers(2, 12))
def test_breathing_is_deterministic(tree, n_colors):
    start = rows_of(tree, n_colors)
    first, second = breath(tree, start), breath(tree, start)
    assert first.centroids.tobytes() == second.centroids.tobytes()


@pytest.mark.parametrize("n_colors", [1, 2])
@pytest.mark.parametrize("n_fixed", [0, 1])
def test_few_centroids_breathe_too(n_colors, n_fixed):
    tree = tree_of(np.arange(256)[:, np.newaxis], np.ones(256))
    start = rows_of(tree, n_colors)
    clusters = breath(tree, start, n_fixed=n_fixed, n_added=4)
    assert clusters.centroids.shape == (n_colors, 1)
    np.testing.assert_array_equal(clusters.centroids[:n_fixed], start[:n_fixed])
