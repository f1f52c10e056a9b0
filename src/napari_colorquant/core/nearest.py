"""Exact nearest-colour assignment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_BLOCK = 256
"""Pixels compared with one palette entry at a time: their distances stay in the
first-level cache, and the compiler compares several at once."""


@njit(nogil=True, cache=True)
def assign_tile(
    values: NDArray[Any],
    valid: NDArray[np.bool_],
    palette: NDArray[np.float64],
    scale: float,
    drawn: NDArray[Any],
    labels: NDArray[np.uint16],
    picture: NDArray[Any],
    counts: NDArray[np.int64],
) -> float:
    """Give every pixel of a tile its nearest palette entry, and redraw it.

    A brute-force search in float64: every pixel against every entry, the sum of
    squared differences taken channel by channel in order.

    Parameters
    ----------
    values : ndarray, shape (n, C)
        The pixels.
    valid : ndarray of bool, shape (n,) or (0,)
        False for pixels to leave as they are; empty where all are valid.
    palette : ndarray of float64, shape (C, K)
        The palette's colours times `scale`, one row a channel.
    scale : float
        See :func:`~napari_colorquant.core.scale.power_of_two_scale`.
    drawn : ndarray, shape (K, C)
        The palette's colours as the picture shows them, in the dtype of `values`.
    labels : ndarray of uint16, shape (n,)
        Written: index + 1 of the nearest entry, the lower one of exact ties; 0
        where not valid.
    picture : ndarray, shape (n, C)
        Written where valid: the redrawn pixels.
    counts : ndarray of int64, shape (K,)
        Written: pixels of each entry.

    Returns
    -------
    float
        Sum over valid pixels and channels of the squared difference between
        `values` and `picture`, in scaled units.
    """
    n_pixels, n_channels = values.shape
    n_colors = palette.shape[1]
    every = len(valid) == 0
    x = np.zeros((n_channels, _BLOCK))
    distance = np.empty(_BLOCK)
    best = np.empty(_BLOCK)
    nearest = np.empty(_BLOCK, np.int64)
    squared_error = 0.0
    counts[:] = 0
    for start in range(0, n_pixels, _BLOCK):
        n = min(_BLOCK, n_pixels - start)
        for i in range(n):
            for c in range(n_channels):
                x[c, i] = values[start + i, c] * scale
        best[:] = np.inf
        nearest[:] = 0
        for k in range(n_colors):
            if n_channels == 3:  # unrolled: one pass, no sums kept in memory
                p0, p1, p2 = palette[0, k], palette[1, k], palette[2, k]
                for i in range(_BLOCK):
                    d0, d1, d2 = x[0, i] - p0, x[1, i] - p1, x[2, i] - p2
                    d = d0 * d0 + d1 * d1 + d2 * d2
                    nearer = d < best[i]
                    best[i] = d if nearer else best[i]
                    nearest[i] = k if nearer else nearest[i]
            else:
                distance[:] = 0.0
                for c in range(n_channels):
                    p = palette[c, k]
                    for i in range(_BLOCK):
                        d = x[c, i] - p
                        distance[i] += d * d
                for i in range(_BLOCK):
                    nearer = distance[i] < best[i]
                    best[i] = distance[i] if nearer else best[i]
                    nearest[i] = k if nearer else nearest[i]
        for i in range(n):
            if every or valid[start + i]:
                k = nearest[i]
                counts[k] += 1
                labels[start + i] = k + 1
                for c in range(n_channels):
                    picture[start + i, c] = drawn[k, c]
                    d = x[c, i] - drawn[k, c] * scale
                    squared_error += d * d
            else:
                labels[start + i] = 0
    return squared_error
