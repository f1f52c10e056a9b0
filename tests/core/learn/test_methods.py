from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info, threadpool_limits

from napari_colorquant.core.color.sample import Sample
from napari_colorquant.core.color.spaces import color_space
from napari_colorquant.core.color.weighted_colors import common_scale, weigh_sample
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.learn.init import divide
from napari_colorquant.core.learn.methods import (
    METHODS,
    FitTask,
    Method,
    best_start,
    kmeans,
    random_codebook,
    with_fixed,
    wu,
    wu_start,
)
from napari_colorquant.formats.palette_data import COLOR_SPACES
from plain import error_by_search

RGB = color_space("rgb", np.dtype("float64"), 3)


@pytest.fixture
def colors():
    return np.random.default_rng(5).integers(0, 256, (500, 3)).astype(np.float64)


def task_of(n_colors, seed=0, fixed=(), n_channels=3):
    return FitTask(n_colors, np.array(fixed, float).reshape(-1, n_channels), seed)


def learn(method, colors, n_colors, seed=0, weights=None, *, largest=255.0, **of):
    """Learn by one of the functions that take a sample."""
    task = task_of(n_colors, seed, of.get("fixed", ()), colors.shape[1])
    return method(Sample(colors, weights, largest), of.get("space", RGB), task)


def tree_of(colors, weights=None, fixed=(), space=RGB):
    """Return the points of a sample."""
    fixed = np.array(fixed, float).reshape(-1, colors.shape[1])
    scale = common_scale(space, 255.0, fixed)
    return weigh_sample(Sample(colors, weights, 255.0), space, scale)


def test_the_registry_names_the_methods():
    assert dict(METHODS) == {
        "kmeans": Method(kmeans, best_start),
        "wu": Method(wu, wu_start),
        "random": Method(random_codebook),
    }


@pytest.mark.parametrize("weighted", [False, True])
def test_kmeans_is_scikit_learns(colors, weighted):
    weights = np.arange(1, 501) if weighted else None
    model = KMeans(16, random_state=7).fit(colors / 255, sample_weight=weights)
    learned = learn(kmeans, colors, 16, 7, weights)
    np.testing.assert_allclose(
        learned / 255, model.cluster_centers_, rtol=0, atol=1e-12
    )


def test_kmeans_of_as_many_colors_as_there_are_gives_these(colors):
    few = np.repeat(colors[:5], 20, axis=0)
    learned = learn(kmeans, few, 5)
    np.testing.assert_allclose(
        np.unique(learned, axis=0), np.unique(few, axis=0), rtol=1e-12
    )


def test_kmeans_is_the_same_to_the_last_bit_however_many_threads(colors):
    learned = []
    for n_threads in (1, 2, 3):
        with threadpool_limits(n_threads):
            learned.append(learn(kmeans, colors, 32).tobytes())
    assert len(set(learned)) == 1


def test_kmeans_leaves_the_number_of_threads_as_it_was(colors):
    before = [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()]
    learn(kmeans, colors, 4)
    after = [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()]
    assert set(before) <= set(after)


@pytest.mark.parametrize("weighted", [False, True])
def test_values_too_close_to_tell_apart_are_no_one_elses_warning(weighted):
    """scikit-learn's own words on clusters would reach people who asked for colours."""
    colors = np.array([*np.arange(20) * 1e-10, 1.0])[:, np.newaxis]
    weights = np.ones(21, np.int64) if weighted else None
    assert learn(kmeans, colors, 10, 0, weights, largest=1.0).shape == (10, 1)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("largest", [255.0, np.finfo(np.float64).max])
def test_centroids_lie_within_the_range_of_the_colors(largest, seed):
    """A sum's last bit may carry a mean beyond: at the end of float64, to infinity."""
    random = np.random.default_rng(seed)
    colors = random.random((300, 3)) * largest
    colors[:250] = largest
    learned = learn(kmeans, colors, 4, largest=largest)
    assert (learned <= colors.max(axis=0)).all()
    assert (learned >= colors.min(axis=0)).all()


def test_learning_in_two_threads_leaves_the_filters_of_warnings_alone(
    colors, monkeypatch
):
    """They are the process's: the last to put them back may put back another's."""
    fit = KMeans.fit
    first_is_in, second_is_in, first_is_out = (threading.Event() for _ in range(3))

    def overlapping_fit(model, *args, **kwargs):
        if threading.current_thread().name == "first":
            first_is_in.set()
            second_is_in.wait(0.3)
        else:
            second_is_in.set()
            first_is_out.wait(0.3)
        return fit(model, *args, **kwargs)

    def learn_once():
        learn(kmeans, colors, 4)
        first_is_out.set()

    monkeypatch.setattr(KMeans, "fit", overlapping_fit)
    before = list(warnings.filters)
    first, second = (
        threading.Thread(target=learn_once, name=n) for n in ("first", "2nd")
    )
    first.start()
    assert first_is_in.wait(60)
    second.start()
    first.join()
    second.join()
    assert warnings.filters == before


@pytest.mark.parametrize("name", ["lab", "hed"])
def test_kmeans_clusters_in_the_space(colors, name):
    space = color_space(name, np.dtype("uint8"), 3)
    scaled = space.forward(colors) / space.largest
    model = KMeans(8, random_state=7).fit(scaled)
    expected = space.backward(model.cluster_centers_ * space.largest)
    learned = learn(kmeans, colors, 8, 7, space=space)
    np.testing.assert_allclose(learned, expected, rtol=0, atol=1e-9)


# ------------------------------------------------------------------- random


def test_a_random_codebook_is_the_first_distinct_colors():
    colors = np.array([[3.0], [1], [3], [2], [1], [5]])
    assert learn(random_codebook, colors, 3).tolist() == [[3], [1], [2]]


def test_a_random_codebook_of_weighted_colors_is_seeded_and_has_none_twice(colors):
    distinct = np.unique(colors, axis=0)
    weights = np.arange(1, len(distinct) + 1)
    picked, again, other = (
        learn(random_codebook, distinct, 100, seed, weights) for seed in (4, 4, 5)
    )
    assert len(np.unique(picked, axis=0)) == 100
    assert {tuple(c) for c in picked} <= {tuple(c) for c in distinct}
    np.testing.assert_array_equal(again, picked)
    assert not np.array_equal(other, picked)


def test_a_random_codebook_of_weighted_colors_takes_frequent_ones_more_often():
    colors, weights = np.arange(3.0)[:, np.newaxis], np.array([1, 1, 998])
    picked = [learn(random_codebook, colors, 1, s, weights)[0, 0] for s in range(100)]
    assert picked.count(2) > 90


@pytest.mark.parametrize("weighted", [False, True])
def test_a_random_codebook_does_not_pick_a_fixed_color_again(weighted):
    colors = np.array([[3.0], [1], [2], [5]])
    weights = np.array([900, 1, 1, 1]) if weighted else None
    for seed in range(9):
        of = {"fixed": [[3], [4]], "largest": 5.0}
        picked = learn(random_codebook, colors, 5, seed, weights, **of)
        assert picked[:2].tolist() == [[3], [4]]
        assert sorted(picked[2:, 0]) == [1, 2, 5]


# ------------------------------------------------------------------- Wu


def test_wu_is_the_means_of_the_boxes(colors):
    boxes = divide(colors / 256, np.ones(500), 16) * 256
    learned = learn(wu, colors, 16)
    order, expected = (np.lexsort(c.T.round(6)) for c in (learned, boxes))
    np.testing.assert_allclose(learned[order], boxes[expected], 1e-12)


@pytest.mark.parametrize("seed", [1, 2])
def test_wu_has_no_seed(colors, seed):
    np.testing.assert_array_equal(learn(wu, colors, 16, seed), learn(wu, colors, 16))


# ------------------------------------------------------------------- fixed


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", COLOR_SPACES[:-1])
@pytest.mark.parametrize("n_colors", [3, 4, 20])
def test_fixed_colors_come_first_and_unchanged(
    colors, method, weighted, name, n_colors
):
    fixed = np.array([[0.1, 254.9, 100 / 3], [7, 7, 7], colors[5]])
    space = color_space(name, np.dtype("uint8"), 3)
    weights = np.arange(1, 501) if weighted else None
    learned = learn(
        METHODS[method].learn, colors, n_colors, 0, weights, space=space, fixed=fixed
    )
    assert learned.shape == (n_colors, 3)
    assert learned[:3].tobytes() == fixed.tobytes()
    assert ((learned >= 0) & (learned <= 255)).all()
    assert len(np.unique(learned, axis=0)) == n_colors


def test_kmeans_learns_around_fixed_colors():
    """A cluster that has its fixed colour needs no other."""
    random = np.random.default_rng(0)
    lumps = np.array([[20.0, 20, 20], [220, 30, 30], [30, 220, 40], [40, 50, 200]])
    colors = lumps.repeat(50, axis=0) + random.normal(0, 3, (200, 3))
    learned = learn(kmeans, colors, 4, fixed=[lumps[2]])
    np.testing.assert_array_equal(learned[0], lumps[2])
    means = [colors[i * 50 : i * 50 + 50].mean(axis=0) for i in (0, 1, 3)]
    for mean in means:
        assert np.abs(learned[1:] - mean).max(axis=1).min() < 1e-9


def test_what_is_fixed_is_put_in_place():
    fixed = [[1 / 3, 0.1, 0.7]]
    learned = np.array([[0.333, 0.1, 0.7], [5, 6, 7]])
    expected = [*fixed, [5, 6, 7]]
    assert with_fixed(learned, task_of(2, 0, fixed)).tolist() == expected
    np.testing.assert_array_equal(with_fixed(learned, task_of(2)), learned)


# ------------------------------------------------------------------- starts


@pytest.mark.parametrize("start", [best_start, wu_start])
@pytest.mark.parametrize("n_colors", [2, 5, 40, 200, 450])
@pytest.mark.parametrize("weighted", [False, True])
def test_a_start_has_so_many_centroids_among_the_points(
    colors, start, n_colors, weighted
):
    points = tree_of(colors, np.arange(1, 501) if weighted else None)
    centroids = start(points, task_of(n_colors), Monitor())
    assert centroids.shape == (n_colors, 3)
    assert len(np.unique(centroids, axis=0)) == n_colors
    assert (centroids >= points.tree.points.min(axis=0)).all()
    assert (centroids <= points.tree.points.max(axis=0)).all()
    again = start(points, task_of(n_colors), Monitor())
    assert again.tobytes() == centroids.tobytes()


@pytest.mark.parametrize("start", [best_start, wu_start])
@pytest.mark.parametrize("n_colors", [2, 3, 40, 200])
@pytest.mark.parametrize("name", COLOR_SPACES[:-1])
def test_a_start_has_the_fixed_centroids_first(colors, start, n_colors, name):
    fixed = [[1.5, 2, 3], [300, 0, 0]] if name == "rgb" else [[1.5, 2, 3], [255, 0, 0]]
    points = tree_of(colors, None, fixed, color_space(name, np.dtype("uint8"), 3))
    centroids = start(points, task_of(n_colors, 0, fixed), Monitor())
    assert centroids.shape == (n_colors, 3)
    np.testing.assert_array_equal(centroids[:2], points.forward(np.array(fixed)))


@pytest.mark.parametrize("n_colors", [4, 32, 33])
def test_a_start_may_be_stopped(colors, n_colors):
    told = []
    monitor = Monitor(told.append)
    monitor("learn", 0.0)
    best_start(tree_of(colors), task_of(n_colors), monitor)
    assert len(told) > 5
    assert {*told} == {("learn", 0, 1000)}


@pytest.mark.parametrize("n_colors", [4, 16, 64])
def test_the_best_start_is_better_than_wus(china, n_colors):
    sample = china.reshape(-1, 3)[::40].astype(np.float64)
    points = tree_of(sample)
    errors = [
        error_by_search(
            points.tree.points,
            points.tree.weights,
            start(points, task_of(n_colors), Monitor()),
        )
        for start in (best_start, wu_start)
    ]
    assert errors[0] < 0.99 * errors[1]


# ------------------------------------------------------------------- manners


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weighted", [False, True])
def test_learning_leaves_the_global_random_state_alone(colors, method, weighted):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002, it is looked at
    weights = np.ones(500, np.int64) if weighted else None
    learn(METHODS[method].learn, colors, 8, 0, weights)
    learn(METHODS[method].learn, colors, 8, 0, weights, fixed=[[1, 2, 3]])
    if METHODS[method].start is not None:
        METHODS[method].start(tree_of(colors, weights), task_of(8), Monitor())
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002, it is looked at
