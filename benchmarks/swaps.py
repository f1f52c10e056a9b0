"""Leave local optima of k-means: one centroid is taken away and put somewhere else.

Random swaps (Fränti, 2018, doi:10.1186/s40537-018-0122-y), the likeliest ones first.
What a swap costs is known where cells have their second nearest centroid, and what it
gains where clusters have their variance. Few cells stand for all points.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.compute.compiled import kernel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from napari_colorquant.core.color.tree import PointTree
    from napari_colorquant.core.compute.progress import Monitor

OVERSHOOT = 0.5
"""Part of the way that centroids go past the means: measured to be best."""
_FEW_COLORS = 32
"""Up to here, all centroids move after a swap: otherwise, those around it do."""
_LIKELIEST = 16
"""Centroids to take away, and clusters to split, that are looked at."""
_USES = 2
"""Most trials in a row that one of them takes part in."""
_TRIAL_STEPS = 10
"""Most iterations after a swap."""
_HOPE = 8.0
"""A trial ends where the error is above the goal by so many times its last fall."""
_POWERS = 2
"""Powers of a covariance, which turn a vector to the longest axis."""
_LEAST_GAIN = 1e-5
"""Part of the error that a swap must gain, or rounding could go on for ever."""
_N_HALVINGS = 40
"""Enough for the limit of a cell's error, as those of cells differ."""
_DEPTH = 8
"""Nodes of the deepest level that may become cells, times the number of cells."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Hold points that stand for many: columns (C, n) and weights (n,)."""

    columns: NDArray[np.float64]
    weights: NDArray[np.float64]


class Found(NamedTuple):
    """Hold centroids (K, C), the error around them, and where the cells are.

    nearest, second: (n,), of each cell; gaps: (n,), how much larger the squared
    distance to the second one is.
    """

    centroids: NDArray[np.float64]
    error: float
    nearest: NDArray[np.int64]
    second: NDArray[np.int64]
    gaps: NDArray[np.float64]


def cells_of(tree: PointTree, n_cells: int) -> Cells:
    """Return about n_cells nodes of about equal squared error, or all points.

    A node is a cell where its error is small, and that of its parent is not.
    """
    n_points, n_channels = tree.points.shape
    if n_points <= n_cells:
        return Cells(np.ascontiguousarray(tree.points.T), tree.weights)
    # Levels of many more nodes than cells would take longer, and hardly be used.
    n_levels = tree.n_levels
    while n_levels > 1 and np.diff(tree.levels)[n_levels - 1] > _DEPTH * n_cells:
        n_levels -= 1
    n_nodes, n_inner = tree.levels[n_levels], tree.levels[n_levels - 1]
    sums, means = tree.moments[:n_nodes], tree.means[:n_nodes]
    squares = sums[:, 1 + n_channels :].sum(axis=1)
    errors = squares - (sums[:, 1 : 1 + n_channels] * means).sum(axis=1)
    inner = np.maximum(errors, 0.0)
    with_points = n_levels == tree.n_levels and n_nodes - n_inner < n_cells
    parents = inner[: n_nodes if with_points else n_inner]
    children = tree.children[: len(parents)]
    outer = np.repeat(parents, children[:, 1] - children[:, 0])
    outer = np.concatenate([np.full(tree.levels[1], np.inf), outer])
    high = float(inner[: tree.levels[1]].max())
    if with_points:
        inner = np.concatenate([inner, np.zeros(n_points)])
        means = np.concatenate([means, tree.points])
        sizes = np.concatenate([sums[:, 0], tree.weights])
    else:
        inner[n_inner:] = 0.0
        sizes = sums[:, 0]
    ascending, outer_ascending = np.sort(inner), np.sort(outer)
    low = 0.0
    for _ in range(_N_HALVINGS):
        middle = (low + high) / 2
        n_small = np.searchsorted(ascending, middle, side="right")
        n_found = n_small - np.searchsorted(outer_ascending, middle, side="right")
        low, high = (middle, high) if n_found > n_cells else (low, middle)
    chosen = (inner <= high) & (outer > high)
    return Cells(np.ascontiguousarray(means[chosen].T), sizes[chosen])


def iterate(
    cells: Cells,
    centroids: NDArray[np.float64],
    *,
    n_fixed: int,
    tolerance: float,
    max_steps: int,
    goal: float = np.inf,
) -> Found:
    """Return what Lloyd's iterations lead to, where they may reach an error, the goal.

    They end as those of `lloyd.lloyd`. Empty clusters and the first n_fixed stay.
    """
    n = len(cells.weights)
    nearest, second = np.empty((2, n), np.int64)
    gaps = np.empty(n)
    centroids = centroids.copy()
    error = _iterate(
        cells.columns,
        cells.weights,
        centroids,
        n_fixed,
        OVERSHOOT,
        tolerance,
        max_steps,
        goal,
        nearest,
        second,
        gaps,
    )
    return Found(centroids, error, nearest, second, gaps)


def swap(
    cells: Cells,
    centroids: NDArray[np.float64],
    monitor: Monitor,
    *,
    n_fixed: int,
    n_trials: int,
    n_failures: int,
) -> NDArray[np.float64]:
    """Return centroids, (K, C), of an error that few swaps of one of them still lower.

    It ends after so many trials, or failures in a row.
    """
    anywhere = partial(iterate, cells, n_fixed=n_fixed, tolerance=1e-3)
    best = anywhere(centroids, max_steps=20)
    is_new = True
    n_tried = n_failed = 0
    while is_new:
        is_new = False
        halves, swaps = _likeliest(cells, best, n_fixed)
        goal = best.error * (1 - _LEAST_GAIN)
        for taken, split in swaps:
            if n_tried == n_trials or n_failed == n_failures:
                break
            monitor.check()
            n_tried += 1
            moved = best.centroids.copy()
            moved[taken] = best.centroids[split] + halves[split]
            if split >= n_fixed:
                moved[split] -= halves[split]
            if len(moved) <= _FEW_COLORS:
                found = anywhere(moved, max_steps=_TRIAL_STEPS, goal=goal)
            elif _is_repaired(cells, best, moved, taken, split, n_fixed):
                found = anywhere(moved, max_steps=1)
            else:
                found = None
            if found is not None and found.error < goal:
                best, n_failed, is_new = found, 0, True
                break
            n_failed += 1
    return best.centroids


def _is_repaired(
    cells: Cells,
    best: Found,
    moved: NDArray[np.float64],
    taken: int,
    split: int,
    n_fixed: int,
) -> bool:
    """Move centroids around the two places of a swap; return whether the error falls.

    Only their cells are looked at, and the centroids beside them stay.
    """
    n_colors = len(moved)
    is_near = np.zeros(n_colors, bool)
    is_near[[taken, split]] = True
    is_near[best.second[is_near[best.nearest]]] = True
    rows = np.flatnonzero(is_near[best.nearest])
    is_beside = np.zeros(n_colors, bool)
    is_beside[best.second[rows]] = True
    is_free = is_near.copy()
    is_free[:n_fixed] = False
    order = np.concatenate(
        [np.flatnonzero((is_beside | is_near) & ~is_free), np.flatnonzero(is_free)]
    )
    n_still = len(order) - int(is_free.sum())
    part = Cells(cells.columns[:, rows], cells.weights[rows])
    before = _error(part, best.centroids, best.nearest[rows])
    goal = before - _LEAST_GAIN * best.error
    found = iterate(
        part,
        moved[order],
        n_fixed=n_still,
        tolerance=1e-3,
        max_steps=_TRIAL_STEPS,
        goal=goal,
    )
    moved[order] = found.centroids
    return found.error < goal


def _error(
    cells: Cells, centroids: NDArray[np.float64], nearest: NDArray[np.int64]
) -> float:
    apart = cells.columns - centroids.T[:, nearest]
    return float(cells.weights @ (apart**2).sum(axis=0))


def _likeliest(
    cells: Cells, found: Found, n_fixed: int
) -> tuple[NDArray[np.float64], Iterator[tuple[int, int]]]:
    """Return half the way between the halves of each cluster, (K, C), and swaps.

    A swap is a centroid to take away and one whose cluster is split, the best first.
    """
    costs = np.bincount(found.nearest, cells.weights * found.gaps, len(found.centroids))
    gains, halves = _halves(cells, found)
    taken = np.argsort(costs[n_fixed:], kind="stable")[:_LIKELIEST] + n_fixed
    split = np.argsort(-gains, kind="stable")[:_LIKELIEST]
    worth = gains[split] - costs[taken][:, np.newaxis]
    rows, columns = np.divmod(np.argsort(-worth, axis=None, kind="stable"), len(split))
    return halves, _spread(taken[rows].tolist(), split[columns].tolist())


def _spread(taken: list[int], split: list[int]) -> Iterator[tuple[int, int]]:
    """Give pairs in order, but each centroid only a few times in either place."""
    n_taken, n_split = Counter[int](), Counter[int]()
    for k, j in zip(taken, split, strict=True):
        if k != j and n_taken[k] < _USES and n_split[j] < _USES:
            n_taken[k] += 1
            n_split[j] += 1
            yield k, j


def _halves(
    cells: Cells, found: Found
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return by how much the error falls where each cluster is split, and half the way.

    Clusters are taken as Gaussians, cut in the middle along about their longest axis.
    """
    nearest, n_colors = found.nearest, len(found.centroids)
    apart = cells.columns - found.centroids.T[:, nearest]
    weighted = apart * cells.weights
    widest = _sums(weighted * apart, nearest, n_colors).argmax(axis=0)
    along = apart[widest[nearest], np.arange(len(nearest))]
    for _ in range(_POWERS):
        axes = _sums(weighted * along, nearest, n_colors)
        lengths = np.sqrt((axes**2).sum(axis=0))
        axes = axes / np.where(lengths > 0, lengths, 1.0)
        along = (apart * axes[:, nearest]).sum(axis=0)
    spreads: Any = np.bincount(nearest, cells.weights * along**2, n_colors)
    sizes = np.bincount(nearest, cells.weights, n_colors)
    # The halves' means are at 0.8 deviations, and 0.64 of the spread is between them.
    deviations: Any = np.sqrt(spreads / np.where(sizes > 0, sizes, 1.0))
    return 0.64 * spreads, (0.8 * deviations * axes).T


def _sums(
    rows: NDArray[np.float64], nearest: NDArray[np.int64], n_colors: int
) -> NDArray[np.float64]:
    return np.stack([np.bincount(nearest, row, n_colors) for row in rows])


_RUN = 256
"""Cells that are compared at a time: their distances stay in the fastest memory."""


@kernel
def _iterate(
    columns: Any,
    weights: Any,
    centroids: Any,
    n_fixed: int,
    overshoot: float,
    tolerance: float,
    max_steps: int,
    goal: float,
    nearest: Any,
    second: Any,
    gaps: Any,
) -> float:
    """Move centroids to the means of their cells; return the error.

    The loops over cells have no branch and use arrays made here: so they become vector
    instructions.
    """
    n_channels, n = columns.shape
    n_colors = len(centroids)
    at = centroids.copy()
    moments = np.empty((n_colors, 1 + n_channels))
    part = np.empty((n_channels, _RUN), np.float32)
    d, least = np.empty(_RUN, np.float32), np.empty(_RUN, np.float32)
    less = np.empty(_RUN, np.float32)
    first, other = np.empty(_RUN, np.int32), np.empty(_RUN, np.int32)
    last = error = np.inf
    for step in range(max_steps):
        for k in range(n_colors):
            for c in range(1 + n_channels):
                moments[k, c] = 0.0
        error = 0.0
        for start in range(0, n, _RUN):
            size = min(_RUN, n - start)
            for c in range(n_channels):
                for i in range(size):
                    part[c, i] = columns[c, start + i]
            for i in range(size):
                least[i] = less[i] = np.inf
                first[i] = other[i] = 0
            for j in range(n_colors):
                entry = np.int32(j)
                for i in range(size):
                    d[i] = 0.0
                for c in range(n_channels):
                    x = np.float32(at[j, c])
                    for i in range(size):
                        d[i] += (part[c, i] - x) * (part[c, i] - x)
                for i in range(size):
                    new, one, two = d[i], least[i], less[i]
                    was, then = first[i], other[i]
                    closer = entry if new < two else then
                    farther = new if new < two else two
                    less[i] = one if new < one else farther
                    other[i] = was if new < one else closer
                    least[i] = new if new < one else one
                    first[i] = entry if new < one else was
            for i in range(size):
                k, w = first[i], weights[start + i]
                error += w * least[i]
                moments[k, 0] += w
                for c in range(n_channels):
                    moments[k, 1 + c] += w * columns[c, start + i]
                nearest[start + i], second[start + i] = k, other[i]
                gaps[start + i] = less[i] - least[i]
        for k in range(n_fixed, n_colors):
            w = moments[k, 0]
            if w > 0:
                for c in range(n_channels):
                    mean = moments[k, 1 + c] / w
                    centroids[k, c] = mean
                    error -= w * (mean - at[k, c]) * (mean - at[k, c])
                    beyond = overshoot if step > 0 else 0.0
                    at[k, c] = mean + beyond * (mean - at[k, c])
        fall = last - error
        if step > 0 and fall <= tolerance * error:
            break
        if step > 1 and error - goal > _HOPE * fall:
            break
        last = error
    return error
