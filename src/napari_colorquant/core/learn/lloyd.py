"""Lloyd's iterations over weighted points, and a way to leave local optima."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.color.tree import Moments, PointTree, cluster
from napari_colorquant.core.compute.compiled import kernel

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor


COARSE_OVERSHOOT = 0.5
"""Measured to be best for a few steps."""
FINE_OVERSHOOT = 0.8
"""Measured to be best for many."""
LARGE_OVERSHOOT, MOMENTUM = 0.7, 0.5
"""For a few iterations over very many points: the pair that was best of those tried."""


class Clusters(NamedTuple):
    """Hold centroids and moments of the points that belong to them.

    centroids: (K, C), means; fixed and empty ones stay; sizes: sums of weights;
    variances: (K, C), a channel each; error: weighted sum of squared distances;
    n_steps: iterations that led to them.
    """

    centroids: NDArray[np.float64]
    sizes: NDArray[np.float64]
    variances: NDArray[np.float64]
    error: float
    n_steps: int = 0


def moved(centroids: NDArray[np.float64], moments: Moments, n_fixed: int) -> Clusters:
    """Return clusters with centroids at their means; the first n_fixed ones stay."""
    n_colors, n_channels = centroids.shape
    means, variances = np.empty((2, n_colors, n_channels))
    error = _move(centroids, *moments, n_fixed, means, variances)
    return Clusters(means, moments.sizes, variances, error)


@kernel
def _move(
    centroids: Any,
    sizes: Any,
    sums: Any,
    squares: Any,
    n_fixed: int,
    means: Any,
    variances: Any,
) -> float:
    error = 0.0
    for k in range(centroids.shape[0]):
        for c in range(centroids.shape[1]):
            old = centroids[k, c]
            if sizes[k] == 0:
                means[k, c], variances[k, c] = old, 0.0
                continue
            mean = sums[k, c] / sizes[k]
            variance = max(squares[k, c] / sizes[k] - mean * mean, 0.0)
            means[k, c], variances[k, c] = mean, variance
            error += sizes[k] * variance
            if k < n_fixed:
                means[k, c] = old
                error += sizes[k] * (mean - old) ** 2
    return error


def lloyd(
    tree: PointTree,
    depth: int,
    centroids: NDArray[np.float64],
    monitor: Monitor,
    *,
    n_fixed: int,
    tolerance: float,
    max_steps: int,
    overshoot: float,
    momentum: float = 0.0,
    pool: Executor | None = None,
) -> Clusters:
    """Iterate until the error falls by at most a fraction, the tolerance, of itself.

    From the second step on, centroids go past the means by a part of the way,
    overshoot, and of the way since the means before, momentum: fewer iterations, lower
    error. Empty clusters take halves of others.
    """
    last, means = np.inf, centroids
    for step in range(max_steps):
        clusters = moved(centroids, cluster(tree, depth, centroids, pool), n_fixed)
        monitor.check()
        before, centroids = centroids, clusters.centroids
        if step > 0:
            way = overshoot * (centroids - before) + momentum * (centroids - means)
            centroids = centroids + way
        means = clusters.centroids
        empty = np.flatnonzero(clusters.sizes[n_fixed:] == 0) + n_fixed
        if len(empty):
            centroids = means = _split_into(clusters, empty, n_fixed)
        elif last - clusters.error <= tolerance * clusters.error:
            break
        last = clusters.error
    return clusters._replace(n_steps=step + 1)


def breathe(
    tree: PointTree,
    depth: int,
    centroids: NDArray[np.float64],
    monitor: Monitor,
    *,
    n_fixed: int,
    n_added: int,
    n_breaths: int,
    tolerance: float,
    max_steps: int,
) -> Clusters:
    """Leave a local optimum: split clusters of large error, remove some cheap to merge.

    Breathing k-means (Fritzke, 2020, arXiv:2006.15666) by moments, with Ward's cost of
    merging (1963, doi:10.1080/01621459.1963.10500845). n_added halves if it fails.
    """
    iterate = partial(
        lloyd,
        tree,
        depth,
        n_fixed=n_fixed,
        tolerance=tolerance,
        overshoot=COARSE_OVERSHOOT,
    )
    best = iterate(centroids, monitor, max_steps=30)
    n_added = min(n_added, len(centroids))  # a cluster is split only once
    for _ in range(n_breaths):
        if n_added == 0:
            break
        more = np.arange(len(centroids), len(centroids) + n_added)
        more_centroids = _split_into(best, more, n_fixed)
        clusters = iterate(more_centroids, monitor, max_steps=max_steps)
        kept = _without_needless(clusters, n_added, n_fixed)
        fewer = clusters.centroids[kept]
        clusters = iterate(fewer, monitor, max_steps=max_steps)
        if clusters.error < best.error * (1 - 1e-4):
            best = clusters
        else:
            n_added //= 2
    return best


def _split_into(
    clusters: Clusters, places: NDArray[np.int64], n_fixed: int
) -> NDArray[np.float64]:
    """Return centroids with the clusters of largest error split into the places."""
    n_colors, n_channels = clusters.centroids.shape
    centroids = np.empty((max(n_colors, int(places.max()) + 1), n_channels))
    centroids[:n_colors] = clusters.centroids
    channels = clusters.variances.argmax(axis=1)
    variances = clusters.variances[np.arange(n_colors), channels]
    widest = np.argsort(-variances * clusters.sizes, kind="stable")[: len(places)]
    # A Gaussian that is cut in the middle has its halves' means at 0.8 deviations.
    half = 0.8 * np.sqrt(variances[widest])
    places = places[: len(widest)]
    centroids[places] = centroids[widest]
    centroids[places, channels[widest]] += half
    free = widest >= n_fixed
    centroids[widest[free], channels[widest[free]]] -= half[free]
    return centroids


def _without_needless(
    clusters: Clusters, n_removed: int, n_fixed: int
) -> NDArray[np.bool_]:
    """Return which centroids to keep; removed ones are no neighbours if it can be."""
    centroids, sizes = clusters.centroids, clusters.sizes
    between = ((centroids[:, np.newaxis] - centroids) ** 2).sum(axis=2)
    np.fill_diagonal(between, np.inf)
    neighbours = between.argmin(axis=1)
    own, other = sizes, sizes[neighbours]
    weight = own * other / np.maximum(own + other, np.finfo(np.float64).tiny)
    cost = between.min(axis=1) * weight
    cost[:n_fixed] = np.inf
    kept = np.ones(len(centroids), bool)
    spared = np.zeros(len(centroids), bool)
    spared[:n_fixed] = True
    order = np.argsort(cost, kind="stable")
    for k in order:
        if n_removed == 0:
            break
        if not spared[k]:
            kept[k] = False
            spared[k] = spared[neighbours[k]] = True
            n_removed -= 1
    for k in order:  # few clusters: neighbours of those that went
        if n_removed == 0:
            break
        if kept[k] and k >= n_fixed:
            kept[k] = False
            n_removed -= 1
    return kept
