"""Nearest-colour search in the whole palette, for any number of channels.

What is compared is the squared norm of an entry less twice its product with the pixel,
which orders entries as their distances do: one multiplication and one addition a
channel, in float32, many pixels and four entries at once. Where the two best entries
are closer to one another than rounding may hide, a search in float64 decides: the
result is the same to the last tie.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from napari_colorquant.core.geometry import nearest_entry

_BLOCK = 256
"""Pixels compared at a time: their scores stay in the first-level cache."""
_ROUNDING = 2.0**-24
"""Largest relative error of rounding to float32."""


@njit(nogil=True, cache=True)
def search_all(
    values: Any, valid: Any, scale: float, palette: Any, labels: Any
) -> None:
    """Give every pixel of a tile the label of its nearest palette entry.

    Parameters
    ----------
    values : ndarray, shape (n, C)
        The pixels.
    valid : ndarray of bool, shape (n,) or (0,)
        False for pixels to leave out; empty where all are valid.
    scale : float
        What `values` are multiplied by: magnitudes of at most 1.
    palette : ndarray of float64, shape (K, C)
        The palette, scaled likewise, magnitudes of at most 1.
    labels : ndarray of uint8 or uint16, shape (n,)
        Written: index + 1 of the nearest entry, the lower one of exact ties; 0 where
        not valid.
    """
    n_pixels, n_channels = values.shape
    n_colors = palette.shape[0]
    every = len(valid) == 0
    # From the palette's mean, products are small, and so is what rounding adds to them.
    center = np.zeros(n_channels)
    for k in range(n_colors):
        for c in range(n_channels):
            center[c] += palette[k, c] / n_colors
    n_padded = (n_colors + 3) // 4 * 4
    entries = np.zeros((n_padded, n_channels), np.float32)  # times -2
    norms = np.full(n_padded, np.inf, np.float32)
    longest = 0.0
    for k in range(n_colors):
        norm = 0.0
        for c in range(n_channels):
            p = palette[k, c] - center[c]
            entries[k, c] = -2.0 * p
            norm += p * p
        norms[k] = norm
        longest = max(longest, norm)
    x = np.zeros((n_channels, _BLOCK), np.float32)
    lengths = np.zeros(_BLOCK)
    scores = np.empty((4, _BLOCK), np.float32)
    best, second = np.empty(_BLOCK, np.float32), np.empty(_BLOCK, np.float32)
    nearest = np.empty(_BLOCK, np.int32)
    which = np.empty(_BLOCK, np.int64)
    exact = np.empty((1, n_channels))
    for start in range(0, n_pixels, _BLOCK):
        n = 0
        for i in range(start, min(start + _BLOCK, n_pixels)):
            if not every and not valid[i]:
                labels[i] = 0
                continue
            which[n] = i
            length = 0.0
            for c in range(n_channels):
                v = values[i, c] * scale - center[c]
                x[c, n] = v
                length += v * v
            lengths[n] = length
            n += 1
        best[:] = np.inf
        second[:] = np.inf
        for k in range(0, n_padded, 4):
            _score(x, entries, norms, k, scores)
            for q in range(4):
                for i in range(_BLOCK):
                    s, b = scores[q, i], best[i]
                    second[i] = min(second[i], max(s, b))
                    best[i] = min(s, b)
                    nearest[i] = k + q if s < b else nearest[i]
        for u in range(n):
            i, z = which[u], nearest[u]
            # The product of two vectors of C channels, each channel rounded, is off by
            # (C + 2) roundings of the product of their lengths at most, and each of the
            # C sums on the way by one of what it has come to. To that are added what
            # float64 rounds of a long distance, and what is too small for float32.
            scale_of_sums = 2 * np.sqrt(lengths[u] * longest) + longest
            doubt = _ROUNDING * scale_of_sums + 2.0**-52 * lengths[u] + 2.0**-120
            doubt *= 2 * n_channels + 4
            if not np.float64(second[u]) - np.float64(best[u]) > 2.5 * doubt:
                for c in range(n_channels):
                    exact[0, c] = values[i, c] * scale
                z = nearest_entry(exact, palette)
            labels[i] = z + 1


@njit(nogil=True, cache=True, fastmath={"contract"})  # multiply and add in one
def _score(x: Any, entries: Any, norms: Any, k: int, scores: Any) -> None:
    """Score a block of pixels by four entries, four channels at a time."""
    n_channels = x.shape[0]
    n0, n1, n2, n3 = norms[k], norms[k + 1], norms[k + 2], norms[k + 3]
    for i in range(_BLOCK):
        scores[0, i], scores[1, i], scores[2, i], scores[3, i] = n0, n1, n2, n3
    c = 0
    while c + 4 <= n_channels:
        for q in range(4):
            p0, p1 = entries[k + q, c], entries[k + q, c + 1]
            p2, p3 = entries[k + q, c + 2], entries[k + q, c + 3]
            for i in range(_BLOCK):
                scores[q, i] += (
                    x[c, i] * p0
                    + x[c + 1, i] * p1
                    + x[c + 2, i] * p2
                    + x[c + 3, i] * p3
                )
        c += 4
    while c < n_channels:
        for q in range(4):
            p = entries[k + q, c]
            for i in range(_BLOCK):
                scores[q, i] += x[c, i] * p
        c += 1
