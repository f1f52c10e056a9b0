"""Search the nearest colour in the whole palette, for any number of channels.

Float32 scores, squared norm less twice the product with the pixel, rank as distances
do, at less cost. Where rounding may hide the nearest, float64 decides, to the last tie.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from napari_colorquant.core.color.geometry import nearest_entry
from napari_colorquant.core.compute.compiled import kernel

_BLOCK = 256
"""Pixels compared at a time: their scores stay in the first-level cache."""
_STRIP = 16
"""Pixels scaled at a time: a run of memory that is worth a loop."""
_ROUNDING = 2.0**-24
"""Largest relative error of rounding to float32."""


@kernel
def search_all(
    values: Any, valid: Any, scale: float, palette: Any, labels: Any
) -> None:
    """Write the label of each pixel's nearest entry: the lower index of ties, plus 1.

    values: (n, C), contiguous; valid: empty where all are valid, label 0 where False;
    scale: brings values to about 1 at most; palette: scaled likewise.
    """
    n_pixels, n_channels = values.shape
    n_colors = palette.shape[0]
    every = len(valid) == 0
    # From the palette's mean, products are small, and so is what rounding adds to them.
    center = np.zeros(n_channels)
    for k in range(n_colors):
        for c in range(n_channels):
            center[c] += palette[k, c] / n_colors
    centers = np.empty(_STRIP * n_channels)
    for j in range(len(centers)):
        centers[j] = center[j % n_channels]
    # Channels and entries are filled up to multiples of four: by 0, and by entries
    # that are farther than any.
    n_deep = (n_channels + 3) // 4 * 4
    n_padded = (n_colors + 3) // 4 * 4
    entries = np.zeros((n_padded, n_deep), np.float32)  # times -2
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
    # A score is a norm and the sum of twice the products of two vectors. Each summand
    # is off by a rounding of either factor, of the product, and of the sums that it is
    # part of: three of four channels, and one more for every four; each of them is one
    # of the norm and twice the product of the lengths at most. It takes two scores to
    # be mistaken, and there is a tenth to spare. To that are added what float64 rounds
    # of a long distance, and what is too small for float32.
    n_times = 2.2 * (n_deep // 4 + 6)
    slope = np.float32(n_times * _ROUNDING * 2 * np.sqrt(longest))
    floor = np.float32(n_times * (_ROUNDING * longest + n_channels * 2.0**-118))
    far = np.float32((n_channels + 2) * 2.0**-50)

    flat = values.reshape(-1)
    around = np.empty(_BLOCK * n_channels, np.float32)
    x = np.zeros(n_deep * _BLOCK, np.float32)
    scores = np.empty(7 * _BLOCK, np.float32)
    best = scores[4 * _BLOCK : 5 * _BLOCK]
    second = scores[5 * _BLOCK : 6 * _BLOCK]
    nearest = scores[6 * _BLOCK :]
    doubtful = np.empty(_BLOCK, np.bool_)
    exact = np.empty((1, n_channels))
    for start in range(0, n_pixels, _BLOCK):
        n = min(_BLOCK, n_pixels - start)
        block = flat[start * n_channels : (start + n) * n_channels]
        _subtract(block, scale, centers, around)
        _turn(around, n_channels, x)
        best[:] = np.inf
        second[:] = np.inf
        for k in range(0, n_padded, 4):
            _score(x, entries, norms, k, scores)
        _doubt(x, best, second, slope, floor, far, doubtful)
        for i in range(n):
            u = start + i
            if not every and not valid[u]:
                labels[u] = 0
                continue
            z = np.int32(nearest[i])
            if doubtful[i]:
                for c in range(n_channels):
                    exact[0, c] = values[u, c] * scale
                z = nearest_entry(exact, palette)
            labels[u] = z + 1


@kernel
def _subtract(block: Any, scale: float, centers: Any, around: Any) -> None:
    """Write a block's pixels, scaled, less the centre, which centers repeats."""
    for start in range(0, len(block), len(centers)):
        strip = block[start : start + len(centers)]
        out = around[start : start + len(strip)]
        for j in range(len(strip)):
            out[j] = strip[j] * scale - centers[j]


@kernel
def _turn(around: Any, n_channels: int, x: Any) -> None:
    """Write a block channel by channel, so that neighbours are compared together."""
    for c in range(n_channels):
        channel = x[c * _BLOCK : (c + 1) * _BLOCK]
        for i in range(_BLOCK):
            channel[i] = around[i * n_channels + c]


@kernel(fastmath={"contract"})  # multiply and add in one
def _score(x: Any, entries: Any, norms: Any, k: int, scores: Any) -> None:
    """Update the scores of a block of pixels with four entries, from the k-th on.

    entries: times -2. scores: four of each pixel, best, second best, index of the best;
    one array, so that a compiler need not check for overlaps before each loop.
    """
    b = _BLOCK
    n0, n1, n2, n3 = norms[k], norms[k + 1], norms[k + 2], norms[k + 3]
    for c in range(0, entries.shape[1], 4):
        e = entries[k : k + 4, c : c + 4]
        e00, e01, e02, e03 = e[0, 0], e[0, 1], e[0, 2], e[0, 3]
        e10, e11, e12, e13 = e[1, 0], e[1, 1], e[1, 2], e[1, 3]
        e20, e21, e22, e23 = e[2, 0], e[2, 1], e[2, 2], e[2, 3]
        e30, e31, e32, e33 = e[3, 0], e[3, 1], e[3, 2], e[3, 3]
        four = x[c * b : (c + 4) * b]
        for i in range(b):
            if c == 0:
                s0, s1, s2, s3 = n0, n1, n2, n3
            else:
                s0, s1 = scores[i], scores[b + i]
                s2, s3 = scores[2 * b + i], scores[3 * b + i]
            x0, x1, x2, x3 = four[i], four[b + i], four[2 * b + i], four[3 * b + i]
            scores[i] = s0 + (x0 * e00 + x1 * e01 + x2 * e02 + x3 * e03)
            scores[b + i] = s1 + (x0 * e10 + x1 * e11 + x2 * e12 + x3 * e13)
            scores[2 * b + i] = s2 + (x0 * e20 + x1 * e21 + x2 * e22 + x3 * e23)
            scores[3 * b + i] = s3 + (x0 * e30 + x1 * e31 + x2 * e32 + x3 * e33)
    for i in range(b):
        best, second, nearest = scores[4 * b + i], scores[5 * b + i], scores[6 * b + i]
        for q in range(4):
            s = scores[q * b + i]
            second = min(second, max(s, best))
            nearest = np.float32(k + q) if s < best else nearest
            best = min(s, best)
        scores[4 * b + i], scores[5 * b + i], scores[6 * b + i] = best, second, nearest


@kernel
def _doubt(
    x: Any, best: Any, second: Any, slope: Any, floor: Any, far: Any, doubtful: Any
) -> None:
    """Write for which pixels rounding may hide the nearest entry."""
    lengths = np.full(_BLOCK, np.float32(2.0**-100))
    for start in range(0, len(x), _BLOCK):
        channel = x[start : start + _BLOCK]
        for i in range(_BLOCK):
            lengths[i] += channel[i] * channel[i]
    for i in range(_BLOCK):
        doubt = slope * np.sqrt(lengths[i]) + floor + far * lengths[i]
        doubtful[i] = not second[i] - best[i] > doubt
