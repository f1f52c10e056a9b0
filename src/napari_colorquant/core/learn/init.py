"""Where k-means starts: centroids spread over weighted points.

Wu, 1991, "Efficient statistical computations for optimal color quantization", Graphics
Gems II. Arthur and Vassilvitskii, 2007: k-means++.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.geometry import squared_distance
from napari_colorquant.core.compute.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BINS = 64
"""Places a channel where a box may be cut."""


def divide(
    points: NDArray[np.float64], weights: NDArray[np.float64], n_colors: int
) -> NDArray[np.float64]:
    """Return the means of n_colors boxes, cut by Wu's quantizer; deterministic.

    Each cut, at one of 64 places a channel, lowers the squared error most. Boxes are
    sets of points, for any number of channels. points: n_colors distinct, near 1.
    """
    means: NDArray[np.float64] = _divide(points, weights, n_colors)
    return means


def kmeans_plus_plus(
    points: NDArray[np.float64],
    weights: NDArray[np.float64],
    first: NDArray[np.float64],
    n_colors: int,
    random: np.random.RandomState,
) -> NDArray[np.float64]:
    """Return first, then points picked by greedy k-means++: n_colors centroids.

    Of a few random points, the one that lowers the squared error most is picked. One is
    picked twice only where they are too few. points: scaled to about 1.
    """
    n_trials = 2 + int(np.log(n_colors))
    draws = random.random_sample((n_colors, n_trials))
    centroids = np.empty((n_colors, points.shape[1]))
    centroids[: len(first)] = first
    _kmeans_plus_plus(points, weights, draws, len(first), centroids)
    return centroids


@kernel
def _kmeans_plus_plus(
    points: Any, weights: Any, draws: Any, n_first: int, centroids: Any
) -> None:
    n, n_trials = len(points), draws.shape[1]
    error = weights.copy()  # of each point: the first one is drawn by weight alone
    distances = np.empty(n)
    for i in range(n):
        distances[i] = np.inf
    for k in range(n_first):
        for i in range(n):
            d = squared_distance(points, i, centroids, k)
            distances[i] = min(distances[i], d)
            error[i] = weights[i] * distances[i]
    for k in range(n_first, len(centroids)):
        whole = 0.0
        for i in range(n):
            whole += error[i]
        least, picked = np.inf, n - 1
        for t in range(n_trials):
            i, passed = 0, error[0]
            while i < n - 1 and passed <= draws[k, t] * whole:
                i += 1
                passed += error[i]
            total = 0.0
            for j in range(n):
                d = squared_distance(points, j, points, i)
                total += weights[j] * min(distances[j], d)
            if total < least:
                least, picked = total, i
        for c in range(points.shape[1]):  # an array assigned whole compiles for seconds
            centroids[k, c] = points[picked, c]
        for j in range(n):
            d = squared_distance(points, j, points, picked)
            distances[j] = min(distances[j], d)
            error[j] = weights[j] * distances[j]


@kernel
def _divide(points: Any, weights: Any, n_colors: int) -> Any:
    n, n_channels = points.shape
    order = np.arange(n)  # of points: a box is a run of them
    first, last = np.zeros(n_colors, np.int64), np.zeros(n_colors, np.int64)
    gain = np.full(n_colors, -1.0)  # of a box's best cut
    channel, place = np.zeros(n_colors, np.int64), np.zeros(n_colors)
    means = np.zeros((n_colors, n_channels))
    bin_sizes, bin_sums = np.empty(_BINS), np.empty((_BINS, n_channels))
    last[0] = n
    n_boxes = 1
    changed = (0, -1)
    while True:
        for box in changed:
            if box >= 0:
                rows = order[first[box] : last[box]]
                gain[box], channel[box], place[box] = _best_cut(
                    points, weights, rows, bin_sizes, bin_sums, means[box]
                )
        if n_boxes == n_colors:
            return means
        box = 0
        for b in range(n_boxes):
            if gain[b] > gain[box]:
                box = b
        if gain[box] < 0:  # points that are too close to be told apart
            for b in range(n_boxes, n_colors):
                for c in range(n_channels):
                    means[b, c] = means[0, c]
            return means
        i, j = first[box], last[box] - 1
        while i <= j:
            if points[order[i], channel[box]] < place[box]:
                i += 1
            else:
                order[i], order[j] = order[j], order[i]
                j -= 1
        if i == first[box] or i == last[box]:  # by rounding, all are on one side
            gain[box] = -1.0
            changed = (-1, -1)
            continue
        first[n_boxes], last[n_boxes], last[box] = i, last[box], i
        changed = (box, n_boxes)
        n_boxes += 1


@kernel
def _best_cut(
    points: Any, weights: Any, rows: Any, bin_sizes: Any, bin_sums: Any, mean: Any
) -> tuple[float, int, float]:
    """Return by how much the best cut of a box lowers the error, its channel and place.

    rows: of its points. bin_sizes, bin_sums: room for weights and weighted sums of each
    place. mean: written, that of the box. The gain is -1 where there is no cut.
    """
    n_channels = points.shape[1]
    best, channel, place = -1.0, 0, 0.0
    size = 0.0
    total, left = np.zeros(n_channels), np.empty(n_channels)
    for i in rows:
        size += weights[i]
        for c in range(n_channels):
            total[c] += weights[i] * points[i, c]
    for c in range(n_channels):
        mean[c] = total[c] / size
    for a in range(n_channels):
        low, high = np.inf, -np.inf
        for i in rows:
            low, high = min(low, points[i, a]), max(high, points[i, a])
        if not low < high:
            continue
        width = (high - low) / _BINS
        if width == 0 or not np.isfinite(1 / width):
            continue
        bin_sizes[:] = 0
        bin_sums[:] = 0
        for i in rows:
            b = min(int((points[i, a] - low) / width), _BINS - 1)
            bin_sizes[b] += weights[i]
            for c in range(n_channels):
                bin_sums[b, c] += weights[i] * points[i, c]
        left_size = 0.0
        left[:] = 0
        for b in range(_BINS - 1):
            if bin_sizes[b] == 0:
                continue
            left_size += bin_sizes[b]
            right_size = size - left_size
            if right_size <= 0:
                break
            # The fall of the squared error: that between the two means.
            fall = 0.0
            for c in range(n_channels):
                left[c] += bin_sums[b, c]
                d = left[c] / left_size - (total[c] - left[c]) / right_size
                fall += d * d
            fall *= left_size * right_size / size
            if fall > best:
                best, channel, place = fall, a, low + (b + 1) * width
    return best, channel, place
