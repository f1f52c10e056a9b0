"""Learn a palette: one function a method, and the registry that names them.

The registry is read wherever parameters are checked, even to print a help text. So what
compiles is imported inside the functions that use it.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.compute.progress import Monitor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.sample import Sample
    from napari_colorquant.core.color.spaces import ColorSpace
    from napari_colorquant.core.color.weighted_colors import WeightedColors

_FILTERS = threading.Lock()
"""Held while warnings are filtered: the filters belong to the whole process."""
_FEW_COLORS = 32
"""Up to here a bad start is likely, and a start is cheap: several are tried."""
_N_STARTS = 5
_MANY_COLORS = 128
"""Above, cells of colour space must be smaller to tell the colours apart."""
_FEW_NODES, _SOME_NODES, _MANY_NODES = 1500, 2**13, 46_000
"""About as many cells as a picture's colours are in when each channel has 4, 5 or 6
bits: to choose among starts, to breathe, and to breathe with many colours."""
_MOST_BREATHING = 1024
"""Above, centroids are many enough to be everywhere, and too many to compare all."""


@dataclass(frozen=True, slots=True, eq=False)
class FitTask:
    """Hold what a method is to learn.

    fixed: (F, C) entries that stay as they are, F at most n_colors.
    """

    n_colors: int
    fixed: NDArray[np.float64]
    random_state: int


Learn = Callable[["Sample", "ColorSpace", FitTask], "NDArray[np.float64]"]
"""Colours, shape (K, C), in the image's own units: the fixed ones first."""
Start = Callable[["WeightedColors", FitTask, Monitor], "NDArray[np.float64]"]
"""Centroids, shape (K, C), among the points: the fixed ones first."""


@dataclass(frozen=True, slots=True)
class Method:
    """Hold how a palette is learned.

    learn: from a sample alone; start: gives the centroids to refine over every pixel,
    or None if the method cannot be refined.
    """

    learn: Learn
    start: Start | None = None


def kmeans(sample: Sample, space: ColorSpace, task: FitTask) -> NDArray[np.float64]:
    """Return centroids by scikit-learn's KMeans, in the image's own units.

    Its start is k-means++ (Arthur and Vassilvitskii, 2007). It knows no fixed entries,
    so with these our own iterations run. The sample has at least K distinct colours.
    """
    if len(task.fixed):
        return _kmeans_around_fixed(sample, space, task)

    from sklearn.cluster import KMeans
    from sklearn.exceptions import ConvergenceWarning
    from threadpoolctl import threadpool_limits

    unit = space.largest or sample.scale
    scaled = space.forward(sample.colors) / unit
    # Threads would add up the centroids' sums in an order of their own, and the
    # last bits of a palette would depend on how many there are. The limit holds
    # for the calling thread only.
    with _FILTERS, threadpool_limits(1, user_api="openmp"), warnings.catch_warnings():
        # Of clusters, when colours are too close to be told apart: not its user's.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = KMeans(task.n_colors, random_state=task.random_state)
        model.fit(scaled, sample_weight=sample.weights)
    # Rounding may carry a mean beyond its colours by a last bit: at the end of
    # float64's range, to infinity.
    within = np.clip(model.cluster_centers_, scaled.min(axis=0), scaled.max(axis=0))
    centroids: NDArray[np.float64] = space.backward(within * unit)
    return centroids.clip(sample.colors.min(axis=0), sample.colors.max(axis=0))


def _kmeans_around_fixed(
    sample: Sample, space: ColorSpace, task: FitTask
) -> NDArray[np.float64]:
    from napari_colorquant.core.learn.init import kmeans_plus_plus
    from napari_colorquant.core.learn.lloyd import FINE_OVERSHOOT, lloyd

    points = _weighted(sample, space, task)
    tree, fixed = points.tree, points.forward(task.fixed)
    random = np.random.RandomState(task.random_state)
    centroids = kmeans_plus_plus(
        tree.points, tree.weights, fixed, task.n_colors, random
    )
    clusters = lloyd(
        tree,
        tree.n_levels,
        centroids,
        Monitor(),
        n_fixed=len(fixed),
        tolerance=1e-4,
        max_steps=300,
        overshoot=FINE_OVERSHOOT,
    )
    return with_fixed(points.backward(clusters.centroids), task)


def random_codebook(
    sample: Sample, space: ColorSpace, task: FitTask
) -> NDArray[np.float64]:
    """Return the fixed colours and distinct colours picked at random.

    Unweighted pixels are in random order already: the first distinct ones are taken. In
    a weighted sample, a colour is likelier the more pixels it has.
    """
    colors, weights = sample.colors, sample.weights
    n_picked = task.n_colors - len(task.fixed)
    if weights is None:
        _, first = np.unique(colors, axis=0, return_index=True)
        colors = colors[np.sort(first)]
    if len(task.fixed):  # a fixed colour is not picked once more
        new = (colors[:, np.newaxis] != task.fixed).any(axis=2).all(axis=1)
        colors = colors[new]
        weights = None if weights is None else weights[new]
    if weights is not None:
        generator = np.random.RandomState(task.random_state)
        n_picked = min(n_picked, len(colors))
        chances = weights / weights.sum()
        rows = generator.choice(len(chances), n_picked, replace=False, p=chances)
        colors = colors[rows]
    return np.concatenate([task.fixed, colors[:n_picked]])


def wu(sample: Sample, space: ColorSpace, task: FitTask) -> NDArray[np.float64]:
    """Return the fixed colours and the means of the boxes of Wu's quantizer."""
    points = _weighted(sample, space, task)
    return with_fixed(points.backward(wu_start(points, task, Monitor())), task)


def _weighted(sample: Sample, space: ColorSpace, task: FitTask) -> WeightedColors:
    from napari_colorquant.core.color.weighted_colors import common_scale, weigh_sample

    scale = common_scale(space, sample.scale, task.fixed)
    return weigh_sample(sample, space, scale)


def best_start(
    points: WeightedColors, task: FitTask, monitor: Monitor
) -> NDArray[np.float64]:
    """Return centroids, the fixed ones first, that Lloyd's iterations hardly improve.

    Wu's quantizer, k-means++ around fixed entries, the best of five for few colours;
    then breathing up to 1,024. Means of cells stand for pixels: see docs/learning.md.
    """
    from napari_colorquant.core.learn.init import divide, kmeans_plus_plus
    from napari_colorquant.core.learn.lloyd import COARSE_OVERSHOOT, breathe, lloyd

    tree, n_colors = points.tree, task.n_colors
    fixed = points.forward(task.fixed)
    few, many = n_colors <= _FEW_COLORS, n_colors > _MANY_COLORS
    depth = tree.level_for(n_colors, _MANY_NODES if many else _SOME_NODES)
    means, weights = tree.level(depth)
    random = np.random.RandomState(task.random_state)
    if len(fixed):
        centroids = kmeans_plus_plus(means, weights, fixed, n_colors, random)
    else:
        centroids = divide(means, weights, n_colors)
    monitor.check()
    if n_colors > _MOST_BREATHING:
        return centroids
    if few:
        coarse = tree.level_for(n_colors, _FEW_NODES)
        others = (
            kmeans_plus_plus(*tree.level(coarse), fixed, n_colors, random)
            for _ in range(_N_STARTS - 1)
        )
        least = np.inf
        for start in (centroids, *others):
            clusters = lloyd(
                tree,
                coarse,
                start,
                monitor,
                n_fixed=len(fixed),
                tolerance=1e-3,
                max_steps=6,
                overshoot=COARSE_OVERSHOOT,
            )
            if clusters.error < least:
                least, centroids = clusters.error, clusters.centroids
    clusters = breathe(
        tree,
        depth,
        centroids,
        monitor,
        n_fixed=len(fixed),
        n_added=max(1, n_colors // (4 if few else 8)),
        n_breaths=4 if few else 3 if many else 8,
        tolerance=1e-3,
        max_steps=3 if few or many else 5,
    )
    return clusters.centroids


def wu_start(
    points: WeightedColors, task: FitTask, monitor: Monitor
) -> NDArray[np.float64]:
    """Return the fixed entries and the means of Wu's boxes, as points."""
    from napari_colorquant.core.learn.init import divide

    fixed = points.forward(task.fixed)
    n_boxes = task.n_colors - len(fixed)
    level = points.tree.level(points.tree.level_for(task.n_colors, 2**15))
    monitor.check()
    return np.concatenate([fixed, divide(*level, n_boxes)]) if n_boxes else fixed


METHODS: Mapping[str, Method] = {
    "kmeans": Method(kmeans, best_start),
    "wu": Method(wu, wu_start),
    "random": Method(random_codebook),
}


def with_fixed(colors: NDArray[np.float64], task: FitTask) -> NDArray[np.float64]:
    """Return the colours, with exact fixed entries in place of the first ones."""
    return np.concatenate([task.fixed, colors[len(task.fixed) :]])
