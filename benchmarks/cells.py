"""Cells of colour space that stand for the points of a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.tree import PointTree

_N_HALVINGS = 40
"""Enough for the limit of a cell's error, as those of cells differ."""
_DEPTH = 8
"""Nodes of the deepest level that may become cells, times the number of cells."""


class Cells(NamedTuple):
    """Hold points that stand for many: columns (C, n) and weights (n,)."""

    columns: NDArray[np.float32]
    weights: NDArray[np.float64]


def cells_of(tree: PointTree, n_cells: int) -> Cells:
    """Return about n_cells nodes of about equal squared error, or all points.

    A node is a cell where its error is small, and that of its parent is not.
    """
    n_points, n_channels = tree.points.shape
    if n_points <= n_cells:
        return _cells(tree.points, tree.weights)
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
    return _cells(means[chosen], sizes[chosen])


def _cells(points: NDArray[np.float64], weights: NDArray[np.float64]) -> Cells:
    return Cells(np.ascontiguousarray(points.T, np.float32), weights)
