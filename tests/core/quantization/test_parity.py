"""The engine against scikit-learn's example "Color Quantization using K-Means"."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances_argmin
from sklearn.utils import shuffle

from napari_colorquant import quantize

N_COLORS = 64


@pytest.fixture(scope="module")
def example(china):
    """Codebooks and labels of the example, by its own lines."""
    image_array = np.array(china, dtype=np.float64).reshape(-1, 3) / 255
    image_array_sample = shuffle(image_array, random_state=0, n_samples=1_000)
    model = KMeans(n_clusters=N_COLORS, random_state=0).fit(image_array_sample)
    codebook_random = shuffle(image_array, random_state=0, n_samples=N_COLORS)
    labels_random = pairwise_distances_argmin(codebook_random, image_array, axis=0)
    return {
        "kmeans": (model.cluster_centers_, model.predict(image_array)),
        "random": (codebook_random, labels_random),
    }


@pytest.fixture(scope="module", params=["kmeans", "random"])
def both(request, china, example):
    """Return a method, our quantization, and the example's codebook and labels."""
    q = quantize(
        china,
        N_COLORS,
        method=request.param,
        refine=False,
        n_samples=1000,
        random_state=0,
    )
    return request.param, q, *example[request.param]


def matching(palette, codebook):
    """Return the palette index of each codebook entry, one to one."""
    apart = np.abs(palette[:, np.newaxis] - codebook[np.newaxis]).max(axis=-1)
    index = apart.argmin(axis=0)
    assert apart.min(axis=0).max() < 1e-6
    assert sorted(index) == list(range(N_COLORS))
    return index


def test_the_palette_is_the_examples_codebook(both):
    _, q, codebook, _ = both
    matching(q.palette.colors / 255, codebook)


def test_the_indices_are_the_examples_labels_but_for_ties(both, china):
    method, q, codebook, labels = both
    palette = q.palette.colors
    theirs = matching(palette / 255, codebook)[labels]
    ours = q.indices.reshape(-1)
    (differing,) = np.nonzero(ours != theirs)
    pixels = china.reshape(-1, 3)[differing].astype(np.float64)
    distance, their_distance = (
        ((pixels - palette[index[differing]]) ** 2).sum(axis=1)
        for index in (ours, theirs)
    )
    if method == "random":  # whole numbers: a tie is exact, and ours the lower index
        np.testing.assert_array_equal(distance, their_distance)
        assert (ours[differing] < theirs[differing]).all()
    else:  # scikit-learn's |x|² - 2xy + |y|² rounds at 3, ours at the difference
        last_bit = 3 * np.finfo(np.float64).eps
        np.testing.assert_allclose(
            distance / 255**2, their_distance / 255**2, 0, last_bit
        )
        assert len(differing) < 10


def test_the_colors_counted_are_the_examples(both):
    _, q, _, _ = both
    assert q.report.n_colors_before == 96_615
    assert q.report.colors_before == "96,615"
    assert q.report.n_colors_after == 64
