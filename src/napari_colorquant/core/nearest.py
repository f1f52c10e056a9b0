"""Exact nearest-colour assignment.

A brute-force search in float64 compares a pixel with every palette entry, the sum of
squared differences taken channel by channel in order, and the lower entry wins an
exact tie. Where there are few possible colours (8-bit pictures), the answer for each
colour is remembered, and most pixels are a single look-up.
"""

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
    memory: NDArray[Any],
    labels: NDArray[Any],
    picture: NDArray[Any],
    counts: NDArray[np.int64],
) -> None:
    """Give every pixel of a tile its nearest palette entry, and redraw it.

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
    memory : ndarray of the labels' dtype, shape (2**bits,) or (0,)
        Read and written: the label of each colour, in the order of :func:`_code`; 0
        while not known. Threads may share it: two that write the same colour write
        the same label. Empty: nothing is remembered.
    labels : ndarray of uint8 or uint16, shape (n,)
        Written: index + 1 of the nearest entry, the lower one of exact ties; 0
        where not valid.
    picture : ndarray, shape (n, C)
        Written where valid: the redrawn pixels.
    counts : ndarray of int64, shape (K,)
        Written: pixels of each entry.
    """
    n_pixels, n_channels = values.shape
    n_bits = 8 * values.itemsize
    every = len(valid) == 0
    remembers = len(memory) > 0
    x = np.zeros((n_channels, _BLOCK))
    best = np.empty(_BLOCK)
    nearest = np.empty(_BLOCK, np.int64)
    unknown = np.empty(_BLOCK, np.int64)
    codes = np.zeros(_BLOCK, np.int64)
    # Two tallies in turn: adding to the same one again would wait for the last sum.
    tally = np.zeros((2, len(counts)), np.int64)
    for start in range(0, n_pixels, _BLOCK):
        n_unknown = 0
        for i in range(start, min(start + _BLOCK, n_pixels)):
            if not every and not valid[i]:
                labels[i] = 0
                continue
            if remembers:
                code = _code(values, i, n_bits)
                codes[n_unknown] = code
                label = np.int64(memory[code])
                if label != 0:
                    labels[i] = label
                    tally[i & 1, label - 1] += 1
                    _draw(picture, i, drawn, label - 1)
                    continue
            unknown[n_unknown] = i
            for c in range(n_channels):
                x[c, n_unknown] = values[i, c] * scale
            n_unknown += 1
        if n_unknown == 0:
            continue
        _search(x, n_unknown, palette, best, nearest)
        for u in range(n_unknown):
            i, k = unknown[u], nearest[u]
            if remembers:
                memory[codes[u]] = k + 1
            labels[i] = k + 1
            tally[u & 1, k] += 1
            _draw(picture, i, drawn, k)
    for k in range(len(counts)):
        counts[k] = tally[0, k] + tally[1, k]


@njit(nogil=True, cache=True, inline="always")  # a call would cost more than it does
def _code(values: Any, i: int, n_bits: int) -> Any:
    """Return the place of a pixel's colour in the memory.

    Three channels of 8 bits are ordered by cells of 4 x 4 x 4 colours, 64 places each:
    neighbouring pixels have neighbouring colours, and find them in one cache line.
    """
    if values.shape[1] == 3:
        r, g, b = np.int64(values[i, 0]), np.int64(values[i, 1]), np.int64(values[i, 2])
        cell = ((r >> 2) << 12) | ((g >> 2) << 6) | (b >> 2)
        return (cell << 6) | ((r & 3) << 4) | ((g & 3) << 2) | (b & 3)
    code = np.int64(values[i, 0])
    for c in range(1, values.shape[1]):
        code = (code << n_bits) | np.int64(values[i, c])
    return code


@njit(nogil=True, cache=True, inline="always")  # a call would cost more than it does
def _draw(picture: Any, i: int, drawn: Any, k: Any) -> None:
    if picture.shape[1] == 3:  # unrolled, as most pictures have three channels
        picture[i, 0] = drawn[k, 0]
        picture[i, 1] = drawn[k, 1]
        picture[i, 2] = drawn[k, 2]
    else:
        for c in range(picture.shape[1]):
            picture[i, c] = drawn[k, c]


@njit(nogil=True, cache=True)
def _search(x: Any, n: int, palette: Any, best: Any, nearest: Any) -> None:
    """Find the nearest entry of up to a block of pixels, one row of x a channel."""
    n_channels, n_colors = palette.shape
    distance = np.empty(_BLOCK)
    best[:n] = np.inf
    nearest[:n] = 0
    for k in range(n_colors):
        if n_channels == 3:  # unrolled: one pass, no sums kept in memory
            p0, p1, p2 = palette[0, k], palette[1, k], palette[2, k]
            for i in range(n):
                d0, d1, d2 = x[0, i] - p0, x[1, i] - p1, x[2, i] - p2
                d = d0 * d0 + d1 * d1 + d2 * d2
                nearer = d < best[i]
                best[i] = d if nearer else best[i]
                nearest[i] = k if nearer else nearest[i]
        else:
            distance[:n] = 0.0
            for c in range(n_channels):
                p = palette[c, k]
                for i in range(n):
                    d = x[c, i] - p
                    distance[i] += d * d
            for i in range(n):
                nearer = distance[i] < best[i]
                best[i] = distance[i] if nearer else best[i]
                nearest[i] = k if nearer else nearest[i]


def squared_error(
    values: NDArray[Any], picture: NDArray[Any], labels: NDArray[Any], scale: float
) -> float:
    """Return the sum over valid pixels and channels of the squared difference.

    Parameters
    ----------
    values, picture : ndarray, shape (n, C)
        A tile and its redrawn picture.
    labels : ndarray, shape (n,)
        0 where a pixel is not valid.
    scale : float
        What the differences are multiplied by.

    Returns
    -------
    float
        In scaled units.
    """
    if values.dtype == np.uint8:
        total = _squared_error_of_bytes(values, picture, labels)
        return float(total) * scale * scale
    return float(_squared_error(values, picture, labels, scale))


@njit(nogil=True, cache=True)
def _squared_error_of_bytes(values: Any, picture: Any, labels: Any) -> Any:
    """Sum integers, exactly and several at once."""
    total = np.int64(0)
    for i in range(values.shape[0]):
        error = np.int32(0)
        for c in range(values.shape[1]):
            d = np.int32(values[i, c]) - np.int32(picture[i, c])
            error += d * d
        total += error if labels[i] > 0 else 0
    return total


@njit(nogil=True, cache=True)
def _squared_error(values: Any, picture: Any, labels: Any, scale: float) -> float:
    total = 0.0
    for i in range(values.shape[0]):
        if labels[i] > 0:
            for c in range(values.shape[1]):
                d = values[i, c] * scale - picture[i, c] * scale
                total += d * d
    return total
