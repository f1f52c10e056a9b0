"""Distances between points, and from boxes of points, as every search needs them.

Each is compiled into the loop that calls it, as a call would cost more than it does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_colorquant.core.compute.compiled import inlined

MARGIN = 1e-12
"""Of points that are scaled to about 1: a centroid is ruled out where it is farther
than another by more than rounding may hide."""


@inlined
def squared_distance(a: Any, i: Any, b: Any, k: Any) -> Any:
    """Return the squared distance of rows a[i] and b[k], added channel by channel."""
    if a.shape[1] == 3:  # unrolled, as most pictures have three channels
        x, y, z = a[i, 0] - b[k, 0], a[i, 1] - b[k, 1], a[i, 2] - b[k, 2]
        return x * x + y * y + z * z
    total = 0.0
    for c in range(a.shape[1]):
        x = a[i, c] - b[k, c]
        total += x * x
    return total


@inlined
def may_be_nearer(boxes: Any, v: Any, centroids: Any, k: Any, z: Any) -> Any:
    """Return whether some point of box v may be nearer to centroid k than to z.

    The corner farthest in the direction from z to k decides. False only where every
    point is nearer to z by more than rounding hides. boxes: (n, 2, C), lowest, highest.
    """
    gain = 0.0
    if centroids.shape[1] == 3:  # unrolled, as most pictures have three channels
        x0, y0, z0 = centroids[z, 0], centroids[z, 1], centroids[z, 2]
        x1, y1, z1 = centroids[k, 0], centroids[k, 1], centroids[k, 2]
        dx, dy, dz = x1 - x0, y1 - y0, z1 - z0
        x = boxes[v, 1, 0] if dx > 0 else boxes[v, 0, 0]
        y = boxes[v, 1, 1] if dy > 0 else boxes[v, 0, 1]
        w = boxes[v, 1, 2] if dz > 0 else boxes[v, 0, 2]
        gain = dx * (2 * x - x0 - x1) + dy * (2 * y - y0 - y1) + dz * (2 * w - z0 - z1)
        return gain >= -MARGIN
    for c in range(centroids.shape[1]):
        step = centroids[k, c] - centroids[z, c]
        corner = boxes[v, 1, c] if step > 0 else boxes[v, 0, c]
        gain += step * (2 * corner - centroids[z, c] - centroids[k, c])
    return gain >= -MARGIN


@inlined
def nearest_entry(x: Any, palette: Any) -> Any:
    """Return the index of the entry nearest to x, (1, C), the lower one of ties."""
    z, least = np.int32(0), np.inf
    for k in range(len(palette)):
        d = squared_distance(x, 0, palette, k)
        if d < least:
            least, z = d, np.int32(k)
    return z


@inlined
def nearest_candidate(
    x: Any, palette: Any, candidates: Any, first: Any, end: Any
) -> Any:
    """Return the index of the entry nearest to x, (1, C), of candidates[first:end].

    There must be one at least. They ascend: of exact ties it is the lower one.
    """
    z = candidates[first]
    least = squared_distance(x, 0, palette, z)
    for t in range(first + 1, end):
        k = candidates[t]
        d = squared_distance(x, 0, palette, k)
        if d < least:
            least, z = d, k
    return z
