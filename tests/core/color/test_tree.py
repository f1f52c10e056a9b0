from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_colorquant.core.color import tree as tree_module
from napari_colorquant.core.color.codes import spread_bits
from napari_colorquant.core.color.tree import build_tree, cluster, label
from plain import clusters_by_search, nearest_by_search

UNIT = 2.0**-8
"""What whole numbers are multiplied by: every sum of them is exact."""


def tree_of(numbers, weights):
    """Plant whole numbers from 0 to 255, close ones together."""
    n_channels = numbers.shape[1]
    n_bits = min(8, 24 // n_channels)
    spread = spread_bits(n_bits, n_channels)
    places = numbers >> (8 - n_bits)
    codes = sum(spread[c][places[:, c]] for c in range(n_channels))
    order = np.argsort(codes, kind="stable")
    return build_tree(
        numbers[order] * UNIT, weights[order], codes[order], n_bits * n_channels
    )


@st.composite
def trees(draw):
    """Draw trees of whole numbers: scattered, in lumps, or all the same."""
    n_channels = draw(st.sampled_from([1, 2, 3, 5]))
    n_points = draw(st.integers(1, 400))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    width = draw(st.sampled_from([1, 3, 256]))
    numbers = random.integers(0, width, (n_points, n_channels))
    if draw(st.booleans()):
        numbers += random.integers(0, 257 - width, (5, n_channels))[
            random.integers(0, 5, n_points)
        ]
    weights = random.integers(1, 100, n_points)
    if draw(st.booleans()):
        return tree_of(numbers, weights)
    # Codes that say nothing of where the points are: slow, and right all the same.
    n_bits = draw(st.integers(1, 24))
    codes = np.sort(random.integers(0, 2**n_bits, n_points).astype(np.uint32))
    return build_tree(numbers * UNIT, weights, codes, n_bits)


@st.composite
def centroids_of(draw, tree):
    """Draw centroids: among the points, anywhere, twice, outside, midway between."""
    n_colors = draw(st.integers(1, 40))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_channels = tree.points.shape[1]
    numbers = tree.points / UNIT
    entries = np.concatenate(
        [
            numbers,
            (numbers + random.permutation(numbers)) / 2,
            random.integers(0, 256, (20, n_channels)),
            random.integers(-300, 600, (draw(st.integers(0, 20)), n_channels)),
        ]
    )
    return random.choice(entries, n_colors) * UNIT


def spread_tree(seed=0, n=3000, n_channels=3):
    random = np.random.default_rng(seed)
    numbers = random.integers(0, 256, (n, n_channels))
    return tree_of(numbers, random.integers(1, 100, n))


# ------------------------------------------------------------------- the tree


@given(trees())
def test_every_level_holds_every_point_once_and_in_order(tree):
    assert tree.levels[0] == 0
    assert tree.levels[-1] == len(tree.children) == len(tree.spans)
    for depth in range(tree.n_levels):
        nodes = slice(tree.levels[depth], tree.levels[depth + 1])
        spans, children = tree.spans[nodes], tree.children[nodes]
        ends = [0, len(tree.points)]
        if depth + 1 < tree.n_levels:
            ends = tree.levels[[depth + 1, depth + 2]].tolist()
        for runs, (first, last) in (
            (spans, (0, len(tree.points))),
            (children, ends),
        ):
            assert (runs[:, 0] < runs[:, 1]).all()
            assert runs[0, 0] == first
            assert runs[-1, 1] == last
            np.testing.assert_array_equal(runs[1:, 0], runs[:-1, 1])


@given(trees())
def test_a_node_knows_its_points(tree):
    for v, (first, last) in enumerate(tree.spans):
        points, weights = tree.points[first:last], tree.weights[first:last, np.newaxis]
        np.testing.assert_array_equal(tree.boxes[v, 0], points.min(axis=0))
        np.testing.assert_array_equal(tree.boxes[v, 1], points.max(axis=0))
        sums = [weights, weights * points, weights * points**2]
        moments = np.concatenate([s.sum(axis=0) for s in sums])
        np.testing.assert_array_equal(tree.moments[v], moments)
        np.testing.assert_array_equal(tree.means[v], sums[1].sum(axis=0) / moments[0])
        if v < tree.levels[-2]:
            inner = tree.children[v]
            assert tree.spans[inner[0], 0] == first
            assert tree.spans[inner[1] - 1, 1] == last


def test_nodes_are_runs_of_codes_that_begin_alike():
    codes = np.array([0b0000, 0b0111, 0b1000, 0b1111, 0b10000], np.uint32)
    points = np.arange(5.0)[:, np.newaxis] / 8
    tree = build_tree(points, np.ones(5), codes, 5)
    assert tree.n_levels == 1
    assert tree.spans.tolist() == [[0, 2], [2, 4], [4, 5]]
    assert tree.means[:, 0].tolist() == [0.0625, 0.3125, 0.5]


def test_levels_have_eight_times_as_many_cells_each():
    """24 bits: the first level is of 6, the last one of 18 of them."""
    every = np.arange(0, 2**24, 2**6, dtype=np.uint32)
    tree = build_tree(np.zeros((len(every), 1)), np.ones(len(every)), every, 24)
    assert np.diff(tree.levels).tolist() == [2**6, 2**9, 2**12, 2**15, 2**18]


def test_a_tree_that_is_built_by_several_threads_is_the_same(monkeypatch):
    tree = spread_tree(n=20_000)
    monkeypatch.setattr(tree_module, "CHUNK", 64)
    cut = spread_tree(n=20_000)
    for name in ("levels", "children", "spans", "boxes", "moments", "means"):
        assert getattr(cut, name).tobytes() == getattr(tree, name).tobytes()


@given(trees())
def test_levels_are_the_means_of_their_nodes_and_the_points_at_last(tree):
    for depth in range(tree.n_levels):
        means, weights = tree.level(depth)
        nodes = range(tree.levels[depth], tree.levels[depth + 1])
        np.testing.assert_array_equal(means, tree.means[nodes])
        np.testing.assert_array_equal(weights, tree.moments[nodes, 0])
        assert weights.sum() == tree.weights.sum()
    points, weights = tree.level(tree.n_levels)
    assert points is tree.points
    assert weights is tree.weights


@pytest.mark.parametrize("n_nodes", [1, 2**14, 2**15, 2**16, 2**30])
@given(tree=trees())
def test_parts_are_all_nodes_of_the_first_level_in_order(tree, n_nodes):
    parts = tree.parts(n_nodes)
    assert 1 <= len(parts) <= min(16, max(1, n_nodes >> 14))
    assert all(first < last for first, last in parts)
    ends = [0, *(last for _, last in parts)]
    assert [first for first, _ in parts] == ends[:-1]
    assert ends[-1] == tree.levels[1]


def test_parts_have_about_as_many_points():
    tree = spread_tree(n=20_000)
    parts = tree.parts(4 * 2**14)
    assert len(parts) == 4
    sizes = [tree.spans[last - 1, 1] - tree.spans[first, 0] for first, last in parts]
    assert sum(sizes) == 20_000
    assert max(sizes) < 1.2 * min(sizes)


@pytest.mark.parametrize(
    ("n_colors", "n_nodes", "depth"),
    [
        (2, 2**18, 4),  # the deepest that is small enough
        (2, 2**15, 3),
        (2, 2**15 - 1, 2),
        (2, 1, 0),
        (16, 1, 0),  # as many nodes as are needed, where none is small enough
        (17, 1, 1),
        (2**10, 1, 2),
        (2**10 + 1, 1, 3),
        (2**16, 1, 4),
        (2**16 + 1, 1, 5),
        (2, 2**20, 5),  # the points
    ],
)
def test_the_level_for_a_palette_is_small_but_has_room(n_colors, n_nodes, depth):
    every = np.arange(0, 2**24, 2**5, dtype=np.uint32)
    tree = build_tree(np.zeros((len(every), 1)), np.ones(len(every)), every, 24)
    sizes = [*np.diff(tree.levels).tolist(), len(tree.points)]
    assert sizes == [2**6, 2**9, 2**12, 2**15, 2**18, 2**19]
    assert tree.level_for(n_colors, n_nodes) == depth


# ------------------------------------------------------------------- clusters


@given(trees(), st.data())
def test_clusters_are_those_of_a_plain_search_to_the_last_bit(tree, data):
    centroids = data.draw(centroids_of(tree))
    found = cluster(tree, tree.n_levels, centroids)
    expected = clusters_by_search(tree.points, tree.weights, centroids)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(trees(), st.data())
def test_nodes_of_a_level_are_points_at_their_means(tree, data):
    depth = data.draw(st.integers(0, tree.n_levels - 1))
    centroids = data.draw(centroids_of(tree))
    found = cluster(tree, depth, centroids)
    nodes = slice(tree.levels[depth], tree.levels[depth + 1])
    nearest = nearest_by_search(tree.means[nodes], centroids)
    expected = np.zeros((len(centroids), tree.moments.shape[1]))
    np.add.at(expected, nearest, tree.moments[nodes])
    np.testing.assert_array_equal(np.column_stack(found), expected)


@given(trees(), st.data())
def test_labels_are_those_of_a_plain_search(tree, data):
    centroids = data.draw(centroids_of(tree))
    labels = np.zeros(len(tree.points), np.uint8)
    label(tree, centroids, labels)
    nearest = nearest_by_search(tree.points, centroids)
    np.testing.assert_array_equal(labels, nearest + 1)


@pytest.mark.parametrize("n_channels", [1, 2, 3, 5, 16])
@pytest.mark.parametrize("spread", [1.0, 2.0**-20, 2.0**-60])
def test_labels_of_any_floats_are_those_of_a_plain_search(spread, n_channels):
    """Centroids of every distance: far ones, near ones, and two that all but tie."""
    random = np.random.default_rng(n_channels)
    points = 0.5 + (random.random((3000, n_channels)) - 0.5) * spread
    codes = np.sort(random.integers(0, 2**24, 3000)).astype(np.uint32)
    points = points[np.lexsort(points.T)]
    tree = build_tree(points, random.random(3000) + 0.5, codes, 24)
    near = 0.5 + (random.random((50, n_channels)) - 0.5) * spread
    far = random.uniform(-1, 1, (20, n_channels))
    centroids = random.permutation(
        np.concatenate([near, np.nextafter(near[:20], 1), near[:9], far])
    )
    labels = np.zeros(3000, np.uint16)
    label(tree, centroids, labels)
    np.testing.assert_array_equal(labels, nearest_by_search(points, centroids) + 1)


def test_labels_go_up_to_65535():
    points = np.arange(65_536.0)[:, np.newaxis] / 2**16
    codes = np.arange(65_536, dtype=np.uint32)
    tree = build_tree(points, np.ones(65_536), codes, 16)
    labels = np.zeros(65_536, np.uint16)
    label(tree, points[:65_535], labels)
    assert labels.tolist() == [*range(1, 65_536), 65_535]


@pytest.mark.parametrize("n_channels", [1, 3, 5])
def test_an_exact_tie_goes_to_the_lower_index(n_channels):
    tree = tree_of(np.full((3, n_channels), 5), np.ones(3))
    centroids = np.repeat([[9.0], [6], [4], [6], [4]], n_channels, axis=1) * UNIT
    labels = np.zeros(3, np.uint8)
    label(tree, centroids, labels)
    assert labels.tolist() == [2, 2, 2]
    assert cluster(tree, tree.n_levels, centroids).sizes.tolist() == [0, 3, 0, 0, 0]


@pytest.mark.parametrize("depth", [0, 2, 5])
@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_threads_change_no_bit(monkeypatch, n_threads, depth):
    monkeypatch.setattr(tree_module, "_PART", 4)
    random = np.random.default_rng(2)
    codes = np.sort(random.integers(0, 2**24, 5000)).astype(np.uint32)
    tree = build_tree(random.random((5000, 3)), random.random(5000), codes, 24)
    assert len(tree.parts(len(tree.level(depth)[0]))) > 8
    centroids = random.random((30, 3))
    alone = cluster(tree, depth, centroids)
    labels = np.zeros(5000, np.uint8)
    with ThreadPoolExecutor(n_threads) as pool:
        together = cluster(tree, depth, centroids, pool)
        label(tree, centroids, labels, pool)
    for ours, theirs in zip(together, alone, strict=True):
        assert ours.tobytes() == theirs.tobytes()
    nearest = nearest_by_search(tree.points, centroids)
    np.testing.assert_array_equal(labels, nearest + 1)


@given(trees(), st.data())
def test_parts_change_no_sum_that_is_exact(tree, data):
    centroids = data.draw(centroids_of(tree))
    depth = data.draw(st.integers(0, tree.n_levels))
    whole = cluster(tree, depth, centroids)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tree_module, "_PART", data.draw(st.integers(1, 50)))
        in_parts = cluster(tree, depth, centroids)
    for ours, theirs in zip(in_parts, whole, strict=True):
        np.testing.assert_array_equal(ours, theirs)
