"""Learning a palette: one function a method, and the registry that names them."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.sample import Sample

_FILTERS = threading.Lock()
"""Held while warnings are filtered: the filters belong to the whole process."""

Method = Callable[["Sample", int, int], "NDArray[np.float64]"]
"""A sample, a number of colours and a seed give the colours, shape (K, C)."""


def kmeans(sample: Sample, n_colors: int, random_state: int) -> NDArray[np.float64]:
    """Learn the centroids of k-means clusters.

    scikit-learn's ``KMeans``: k-means++ start (Arthur and Vassilvitskii, 2007),
    then Lloyd's iterations.

    Parameters
    ----------
    sample : Sample
        Pixels with at least `n_colors` distinct colours.
    n_colors : int
        Number K of clusters.
    random_state : int
        Seed of the start.

    Returns
    -------
    ndarray of float64, shape (n_colors, C)
        Centroids, in the image's own units.
    """
    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    scaled = sample.colors / sample.scale
    # Threads would add up the centroids' sums in an order of their own, and the
    # last bits of a palette would depend on how many there are. The limit holds
    # for the calling thread only.
    with _FILTERS, threadpool_limits(1, user_api="openmp"), warnings.catch_warnings():
        # Of clusters, when colours are too close to be told apart: not its user's.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = KMeans(n_colors, random_state=random_state)
        model.fit(scaled, sample_weight=sample.weights)
    # Rounding may carry a mean beyond its colours by a last bit: at the end of
    # float64's range, to infinity.
    within = np.clip(model.cluster_centers_, scaled.min(axis=0), scaled.max(axis=0))
    centroids: NDArray[np.float64] = within * sample.scale
    return centroids.clip(sample.colors.min(axis=0), sample.colors.max(axis=0))


def random_codebook(
    sample: Sample, n_colors: int, random_state: int
) -> NDArray[np.float64]:
    """Pick distinct colours at random, frequent ones more often.

    Parameters
    ----------
    sample : Sample
        Pixels with at least `n_colors` distinct colours.
    n_colors : int
        Number K of colours.
    random_state : int
        Seed of the draw from a weighted sample; drawn pixels are in random order
        already, and the first distinct ones are taken.

    Returns
    -------
    ndarray of float64, shape (n_colors, C)
        Colours of the image.
    """
    if sample.weights is not None:
        generator = np.random.RandomState(random_state)
        chances = sample.weights / sample.weights.sum()
        rows = generator.choice(len(chances), n_colors, replace=False, p=chances)
        return sample.colors[rows]
    _, first = np.unique(sample.colors, axis=0, return_index=True)
    return sample.colors[np.sort(first)[:n_colors]]


METHODS: Mapping[str, Method] = {"kmeans": kmeans, "random": random_codebook}
