from __future__ import annotations

import threading
import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from threadpoolctl import threadpool_info, threadpool_limits

from napari_colorquant.core.learn import METHODS, kmeans, random_codebook
from napari_colorquant.core.sample import Sample


@pytest.fixture
def colors():
    return np.random.default_rng(5).integers(0, 256, (500, 3)).astype(np.float64)


def test_the_registry_names_the_methods():
    assert dict(METHODS) == {"kmeans": kmeans, "random": random_codebook}


@pytest.mark.parametrize("weighted", [False, True])
def test_kmeans_is_scikit_learns(colors, weighted):
    weights = np.arange(1, 501) if weighted else None
    model = KMeans(16, random_state=7).fit(colors / 255, sample_weight=weights)
    learned = kmeans(Sample(colors, weights, 255.0), 16, 7)
    np.testing.assert_allclose(
        learned / 255, model.cluster_centers_, rtol=0, atol=1e-12
    )


def test_kmeans_of_as_many_colors_as_there_are_gives_these(colors):
    few = np.repeat(colors[:5], 20, axis=0)
    learned = kmeans(Sample(few, None, 255.0), 5, 0)
    np.testing.assert_allclose(
        np.unique(learned, axis=0), np.unique(few, axis=0), rtol=1e-12
    )


def test_kmeans_is_the_same_to_the_last_bit_however_many_threads(colors):
    learned = []
    for n_threads in (1, 2, 3):
        with threadpool_limits(n_threads):
            learned.append(kmeans(Sample(colors, None, 255.0), 32, 0).tobytes())
    assert len(set(learned)) == 1


def test_kmeans_leaves_the_number_of_threads_as_it_was(colors):
    before = [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()]
    kmeans(Sample(colors, None, 255.0), 4, 0)
    after = [(pool["filepath"], pool["num_threads"]) for pool in threadpool_info()]
    assert set(before) <= set(after)


@pytest.mark.parametrize("weighted", [False, True])
def test_values_too_close_to_tell_apart_are_no_one_elses_warning(weighted):
    """scikit-learn's own words on clusters would reach people who asked for colours."""
    colors = np.array([*np.arange(20) * 1e-10, 1.0])[:, np.newaxis]
    weights = np.ones(21, np.int64) if weighted else None
    assert kmeans(Sample(colors, weights, 1.0), 10, 0).shape == (10, 1)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("largest", [255.0, np.finfo(np.float64).max])
def test_centroids_lie_within_the_range_of_the_colors(largest, seed):
    """A sum's last bit may carry a mean beyond: at the end of float64, to infinity."""
    random = np.random.default_rng(seed)
    colors = random.random((300, 3)) * largest
    colors[:250] = largest
    learned = kmeans(Sample(colors, None, largest), 4, 0)
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

    def learn():
        kmeans(Sample(colors, None, 255.0), 4, 0)
        first_is_out.set()

    monkeypatch.setattr(KMeans, "fit", overlapping_fit)
    before = list(warnings.filters)
    first, second = (threading.Thread(target=learn, name=n) for n in ("first", "2nd"))
    first.start()
    assert first_is_in.wait(60)
    second.start()
    first.join()
    second.join()
    assert warnings.filters == before


def test_a_random_codebook_is_the_first_distinct_colors():
    colors = np.array([[3.0], [1], [3], [2], [1], [5]])
    picked = random_codebook(Sample(colors, None, 5.0), 3, 0)
    assert picked.tolist() == [[3], [1], [2]]


def test_a_random_codebook_of_weighted_colors_is_seeded_and_has_none_twice(colors):
    distinct = np.unique(colors, axis=0)
    sample = Sample(distinct, np.arange(1, len(distinct) + 1), 255.0)
    picked = random_codebook(sample, 100, 4)
    assert len(np.unique(picked, axis=0)) == 100
    assert {tuple(c) for c in picked} <= {tuple(c) for c in distinct}
    np.testing.assert_array_equal(random_codebook(sample, 100, 4), picked)
    assert not np.array_equal(random_codebook(sample, 100, 5), picked)


def test_a_random_codebook_of_weighted_colors_takes_frequent_ones_more_often():
    sample = Sample(np.arange(3.0)[:, np.newaxis], np.array([1, 1, 998]), 2.0)
    picked = [random_codebook(sample, 1, seed)[0, 0] for seed in range(100)]
    assert picked.count(2) > 90


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("weighted", [False, True])
def test_learning_leaves_the_global_random_state_alone(colors, method, weighted):
    before = np.random.get_state()[1].tolist()  # noqa: NPY002, it is looked at
    weights = np.ones(500, np.int64) if weighted else None
    METHODS[method](Sample(colors, weights, 255.0), 8, 0)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002, it is looked at
