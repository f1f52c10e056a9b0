"""Points in a tree of boxes: what they are nearest to, many of them at a time.

The filtering algorithm (Kanungo et al., 2002, doi:10.1109/TPAMI.2002.1017616): children
get only centroids that may be nearest; the only one left gets all points of a node.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.color.geometry import may_be_nearer, squared_distance
from napari_colorquant.core.compute.compiled import kernel
from napari_colorquant.core.compute.executor import CHUNK, map_chunks

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from numpy.typing import NDArray

_SHIFT = 3
"""Bits of a code from one level to the next: 8 children of RGB."""
_TOP_BITS = 6
_PART = 2**14
"""Nodes or points that are worth a thread's while."""


@dataclass(frozen=True, slots=True, eq=False)
class PointTree:
    """Weighted points in the order of their codes, in nodes of equal first bits.

    levels: first node of each depth; children, spans: ranges of nodes (on the last
    level, of points) and of points; moments: a node's sums of w, w * x and w * x**2.
    """

    points: NDArray[np.float64]
    weights: NDArray[np.float64]
    levels: NDArray[np.int64]
    children: NDArray[np.int64]
    spans: NDArray[np.int64]
    boxes: NDArray[np.float64]
    moments: NDArray[np.float64]
    means: NDArray[np.float64]

    @property
    def n_levels(self) -> int:
        """Number of levels of nodes; the points are one more."""
        return len(self.levels) - 1

    def level(self, depth: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return means (m, C) and weights (m,) of a level; at n_levels, of points."""
        if depth == self.n_levels:
            return self.points, self.weights
        nodes = slice(self.levels[depth], self.levels[depth + 1])
        return self.means[nodes], self.moments[nodes, 0].copy()

    def parts(self, n_nodes: int) -> list[tuple[int, int]]:
        """Return ranges of first-level nodes with about equal numbers of points.

        n_nodes: nodes or points to look at in all parts, which sets how many there are.
        """
        n_parts = min(16, n_nodes // _PART)
        if n_parts < 2:
            return [(0, int(self.levels[1]))]
        top = self.spans[: self.levels[1], 1]
        goals = np.arange(1, n_parts) * (len(self.points) / n_parts)
        ends = [0, *np.searchsorted(top, goals).tolist(), len(top)]
        return [(first, last) for first, last in pairwise(sorted(ends)) if first < last]

    def level_for(self, n_colors: int, n_nodes: int) -> int:
        """Return the deepest level that is small, but has room for a palette.

        Small: n_nodes at most, where there is the choice. Room: four times n_colors at
        least. n_levels are the points themselves.
        """
        sizes = [*np.diff(self.levels).tolist(), len(self.points)]
        for depth in range(self.n_levels, 0, -1):
            if sizes[depth] <= n_nodes or sizes[depth - 1] < 4 * n_colors:
                return depth
        return 0


_NO_LABELS = np.empty(0, np.uint8)


class Moments(NamedTuple):
    """Sums over the points around each of K centroids.

    sizes: of the weights, (K,); sums, squares: of the weighted coordinates and of their
    weighted squares, (K, C).
    """

    sizes: NDArray[np.float64]
    sums: NDArray[np.float64]
    squares: NDArray[np.float64]


def build_tree(
    points: NDArray[np.float64], weights: NDArray[Any], codes: NDArray[Any], n_bits: int
) -> PointTree:
    """Return a tree of points, scaled to about 1, in the order of their codes.

    weights: above 0; codes: ascending, of n_bits. Points whose codes begin with the
    same bits should be close: that is all they are used for.
    """
    points = np.ascontiguousarray(points, np.float64)
    weights = np.ascontiguousarray(weights, np.float64)
    finest = 2 * _SHIFT if n_bits > 12 else _SHIFT
    shifts = range(finest, max(n_bits - _TOP_BITS, finest) + 1, _SHIFT)
    starts = _group(codes, shifts[0])
    n_nodes, n_channels = len(starts) - 1, points.shape[1]
    boxes = np.empty((n_nodes, 2, n_channels))
    moments = np.zeros((n_nodes, 1 + 2 * n_channels))
    map_chunks(
        lambda first, last: _gather(
            points, weights, starts, first, last, boxes, moments
        ),
        n_nodes,
        max(1, CHUNK * n_nodes // len(points)),
    )
    built = [(starts, starts, boxes, moments)]
    for shift in shifts[1:]:
        below, _, boxes, moments = built[0]
        children = _group(codes[below[:-1]], shift)
        built.insert(
            0, (below[children], children, *_gather_nodes(boxes, moments, children))
        )
    levels = np.cumsum([0, *(len(boxes) for _, _, boxes, _ in built)])
    # Nodes are numbered through all levels; the children of the last one are points.
    offsets = [*levels[1:-1], 0]
    children = np.concatenate(
        [
            np.stack([inner[:-1], inner[1:]], axis=1) + offset
            for (_, inner, _, _), offset in zip(built, offsets, strict=True)
        ]
    )
    spans = np.concatenate([np.stack([s[:-1], s[1:]], axis=1) for s, _, _, _ in built])
    moments = np.concatenate([moments for _, _, _, moments in built])
    return PointTree(
        points,
        weights,
        levels,
        children,
        spans,
        np.concatenate([boxes for _, _, boxes, _ in built]),
        moments,
        moments[:, 1 : 1 + n_channels] / moments[:, :1],
    )


def cluster(
    tree: PointTree,
    depth: int,
    centroids: NDArray[np.float64],
    pool: Executor | None = None,
) -> Moments:
    """Return the moments of the points nearest to each centroid.

    At a depth below n_levels, nodes are taken as points at their means. Sums are added
    up in one order, however many threads there are.
    """
    n_channels = centroids.shape[1]
    out = _walk(tree, depth, centroids, _NO_LABELS, pool)
    return Moments(out[:, 0], out[:, 1 : 1 + n_channels], out[:, 1 + n_channels :])


def label(
    tree: PointTree,
    centroids: NDArray[np.float64],
    labels: NDArray[Any],
    pool: Executor | None = None,
) -> None:
    """Write to labels the nearest centroid of every point: index + 1.

    It is what a brute-force search in float64 finds, squares added up channel by
    channel: the lower index of exact ties.
    """
    _walk(tree, tree.n_levels, centroids, labels, pool)


def _walk(
    tree: PointTree,
    depth: int,
    centroids: NDArray[np.float64],
    labels: NDArray[Any],
    pool: Executor | None,
) -> NDArray[np.float64]:
    to_points = depth == tree.n_levels
    n_levels = min(depth + 1, tree.n_levels)
    centroids = np.ascontiguousarray(centroids)
    n_colors, n_channels = centroids.shape
    # The parts depend on the tree alone, never on the threads: so do the sums.
    parts = tree.parts(len(tree.level(depth)[0]))
    outs = np.zeros((len(parts), n_colors, 1 + 2 * n_channels))

    def walk(i: int) -> None:
        first, last = parts[i]
        _filter(
            *(first, last, n_levels, to_points, tree.children, tree.spans, tree.boxes),
            *(tree.moments, tree.means, tree.points, tree.weights),
            *(centroids, outs[i], labels),
        )

    for _ in (pool.map if pool and len(parts) > 1 else map)(walk, range(len(parts))):
        pass
    total: NDArray[np.float64] = outs.sum(axis=0) if len(parts) > 1 else outs[0]
    return total


@kernel
def _group(codes: Any, shift: int) -> Any:
    """Return where runs of codes with the same first bits start, and the end."""
    starts = np.empty(len(codes) + 1, np.int64)
    n = 0
    for i in range(len(codes)):
        if i == 0 or codes[i] >> shift != codes[i - 1] >> shift:
            starts[n] = i
            n += 1
    starts[n] = len(codes)
    return starts[: n + 1].copy()


@kernel
def _gather(
    points: Any,
    weights: Any,
    starts: Any,
    first: int,
    last: int,
    boxes: Any,
    moments: Any,
) -> None:
    """Gather the points of the nodes from `first` to `last`."""
    n_channels = points.shape[1]
    for node in range(first, last):
        for c in range(n_channels):
            boxes[node, 0, c], boxes[node, 1, c] = np.inf, -np.inf
        for i in range(starts[node], starts[node + 1]):
            w = weights[i]
            moments[node, 0] += w
            for c in range(n_channels):
                x = points[i, c]
                boxes[node, 0, c] = min(boxes[node, 0, c], x)
                boxes[node, 1, c] = max(boxes[node, 1, c], x)
                moments[node, 1 + c] += w * x
                moments[node, 1 + n_channels + c] += w * x * x


@kernel
def _gather_nodes(boxes: Any, moments: Any, children: Any) -> Any:
    n, n_channels = len(children) - 1, boxes.shape[2]
    outer = np.empty((n, 2, n_channels))
    total = np.zeros((n, moments.shape[1]))
    for node in range(n):
        for c in range(n_channels):
            outer[node, 0, c], outer[node, 1, c] = np.inf, -np.inf
        for v in range(children[node], children[node + 1]):
            for c in range(n_channels):
                outer[node, 0, c] = min(outer[node, 0, c], boxes[v, 0, c])
                outer[node, 1, c] = max(outer[node, 1, c], boxes[v, 1, c])
            for m in range(moments.shape[1]):
                total[node, m] += moments[v, m]
    return outer, total


@kernel
def _filter(
    first: int,
    last: int,
    n_levels: int,
    to_points: bool,
    children: Any,
    spans: Any,
    boxes: Any,
    moments: Any,
    means: Any,
    points: Any,
    weights: Any,
    centroids: Any,
    out: Any,
    labels: Any,
) -> None:
    """Add the moments of the nodes from `first` to `last` to their centroids' rows.

    Nodes of level n_levels - 1 are split into their points, or taken as points. Where
    there are labels, each point's is written: index + 1.
    """
    n_colors, n_channels = centroids.shape
    candidates = np.empty((n_levels + 1, n_colors), np.int32)
    n_candidates = np.empty(n_levels + 1, np.int64)
    for k in range(n_colors):
        candidates[0, k] = k
    n_candidates[0] = n_colors
    node, stop = np.zeros(n_levels, np.int64), np.zeros(n_levels, np.int64)
    node[0], stop[0] = first, last
    depth = 0
    while depth >= 0:
        v = node[depth]
        if v == stop[depth]:
            depth -= 1
            continue
        node[depth] = v + 1
        n = n_candidates[depth]
        z, least = candidates[depth, 0], np.inf
        for q in range(n):
            k = candidates[depth, q]
            d = squared_distance(means, v, centroids, k)
            if d < least:
                least, z = d, k
        is_last = depth == n_levels - 1
        n_kept = 0
        if n > 1 and (to_points or not is_last):
            for q in range(n):
                k = candidates[depth, q]
                candidates[depth + 1, n_kept] = k  # stays if the next line counts it
                n_kept += k == z or may_be_nearer(boxes, v, centroids, k, z)
        if n_kept <= 1:
            for m in range(1 + 2 * n_channels):
                out[z, m] += moments[v, m]
            if len(labels) > 0:
                for i in range(spans[v, 0], spans[v, 1]):
                    labels[i] = z + 1
        elif is_last:
            for i in range(spans[v, 0], spans[v, 1]):
                z, least = candidates[depth + 1, 0], np.inf
                for q in range(n_kept):
                    k = candidates[depth + 1, q]
                    d = squared_distance(points, i, centroids, k)
                    if d < least:
                        least, z = d, k
                w = weights[i]
                out[z, 0] += w
                for c in range(n_channels):
                    x = w * points[i, c]
                    out[z, 1 + c] += x
                    out[z, 1 + n_channels + c] += x * points[i, c]
                if len(labels) > 0:
                    labels[i] = z + 1
        else:
            n_candidates[depth + 1] = n_kept
            depth += 1
            node[depth], stop[depth] = children[v, 0], children[v, 1]
