"""Cells of colour space with the palette entries that may be nearest in each.

For one to three channels. A pixel is compared with its cell's few candidates in place
of the whole palette: those of which some point of the cell may be nearer than to the
entry that is nearest to the cell's middle. Found from large cells to small ones, as in
:mod:`~napari_colorquant.core.tree`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.codes import gathered_bits, spread_bits, value_of
from napari_colorquant.core.compiled import kernel
from napari_colorquant.core.geometry import (
    may_be_nearer,
    nearest_candidate,
    nearest_entry,
    squared_distance,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_BITS = {1: 12, 2: 7, 3: 5}
"""Bits of a cell's place along each channel, by the number of channels."""
MAX_CHANNELS = len(_MOST_BITS)
_BULGE = 1e-9
"""Of a cell's width: a cell reaches a little farther than its border, where rounding
may put a pixel into the next one."""
CodeSearch = Callable[["NDArray[np.uint32]", "NDArray[Any]"], None]
"""Codes are given labels; safe to call from many threads."""


class Cells(NamedTuple):
    """Candidates of the cells of a box of colour space.

    Parameters
    ----------
    lows : ndarray of float64, shape (C,)
        The box's lowest corner, in scaled units.
    per_unit : ndarray of float64, shape (C,)
        Cells in a unit along each channel.
    spread : ndarray of uint32, shape (C, 2**bits)
        What a cell's place along each channel adds to its number.
    starts : ndarray of int64, shape (n_cells + 1,)
        Where each cell's candidates start.
    candidates : ndarray of int32
        Palette indices, ascending within a cell.
    """

    lows: NDArray[np.float64]
    per_unit: NDArray[np.float64]
    spread: NDArray[np.uint32]
    starts: NDArray[np.int64]
    candidates: NDArray[np.int32]


def make_cells(
    palette: NDArray[np.float64],
    lows: NDArray[np.float64],
    highs: NDArray[np.float64],
    n_pixels: int,
) -> Cells:
    """Cut a box of colour space into cells.

    Parameters
    ----------
    palette : ndarray of float64, shape (K, C)
        Scaled to about 1.
    lows, highs : ndarray of float64, shape (C,)
        Corners of the box. Colours outside are searched in the whole palette.
    n_pixels : int
        Pixels that will be searched: few are not worth many cells.

    Returns
    -------
    Cells
        The cells.
    """
    n_channels = palette.shape[1]
    worth = max(1, int(np.log2(max(n_pixels, 16) / 8)) // n_channels)
    return _cut(palette, lows, highs, min(_MOST_BITS[n_channels], worth))


def _cut(
    palette: NDArray[np.float64],
    lows: NDArray[np.float64],
    highs: NDArray[np.float64],
    n_bits: int,
) -> Cells:
    n_channels = palette.shape[1]
    widths = (highs - lows) / 2**n_bits
    with np.errstate(divide="ignore", over="ignore"):
        per_unit = 1 / widths
    # A channel of one value is not cut: all that has another one lies outside.
    is_cut = np.isfinite(per_unit)
    per_unit[~is_cut] = np.finfo(np.float64).max
    widths[~is_cut] = (highs - lows)[~is_cut]
    starts, candidates = _fill(palette, lows, widths, is_cut, n_bits)
    return Cells(lows, per_unit, spread_bits(n_bits, n_channels), starts, candidates)


@kernel
def _fill(palette: Any, lows: Any, widths: Any, is_cut: Any, n_bits: int) -> Any:
    """Halve the box along all channels, again and again, depth first."""
    n_colors, n_channels = palette.shape
    n_children = 2**n_channels
    n_cells = n_children**n_bits
    starts = np.zeros(n_cells + 1, np.int64)
    out = np.empty(4 * n_cells + n_colors, np.int32)
    kept = np.empty((n_bits + 1, n_colors), np.int32)
    n_kept = np.empty(n_bits + 1, np.int64)
    child = np.zeros(n_bits + 1, np.int64)
    place = np.zeros((n_bits + 1, n_channels), np.int64)  # of a node, in its own widths
    box = np.empty((1, 2, n_channels))
    middle = np.empty((1, n_channels))
    for k in range(n_colors):
        kept[0, k] = k
    n_kept[0] = n_colors
    depth, n_out, cell = 0, 0, 0
    while depth >= 0:
        if child[depth] == n_children:
            depth -= 1
            continue
        q = child[depth]
        child[depth] = q + 1
        inner = depth + 1
        for c in range(n_channels):
            bit = (q >> (n_channels - 1 - c)) & 1
            place[inner, c] = 2 * place[depth, c] + bit
            size = widths[c] * 2.0 ** (n_bits - inner)
            at = place[inner, c]
            if not is_cut[c]:
                size, at = widths[c], 0
            bulge = _BULGE * widths[c]
            box[0, 0, c] = lows[c] + at * size - bulge
            box[0, 1, c] = lows[c] + (at + 1) * size + bulge
            middle[0, c] = (box[0, 0, c] + box[0, 1, c]) / 2
        z, least = kept[depth, 0], np.inf
        for t in range(n_kept[depth]):
            k = kept[depth, t]
            d = squared_distance(middle, 0, palette, k)
            if d < least:
                least, z = d, k
        n = 0
        for t in range(n_kept[depth]):
            k = kept[depth, t]
            kept[inner, n] = k  # stays if the next line counts it
            n += k == z or may_be_nearer(box, 0, palette, k, z)
        if inner < n_bits:
            n_kept[inner] = n
            child[inner] = 0
            depth = inner
            continue
        if n_out + n > len(out):
            longer = np.empty(2 * len(out) + n, np.int32)
            longer[:n_out] = out[:n_out]
            out = longer
        for t in range(n):
            out[n_out + t] = kept[inner, t]
        n_out += n
        cell += 1
        starts[cell] = n_out
    return starts, out[:n_out].copy()


def code_search(palette: NDArray[np.float64], n_bits: int, scale: float) -> CodeSearch:
    """Prepare to search the colours of codes among palette entries.

    Parameters
    ----------
    palette : ndarray of float64, shape (K, C)
        Contiguous; the entries, scaled to about 1.
    n_bits : int
        Bits of a value.
    scale : float
        What values are multiplied by.

    Returns
    -------
    callable
        Called with codes, shape (n,), and an array of labels to write, shape (n,):
        index + 1 of the nearest entry, the lower one of exact ties.
    """
    n_channels = palette.shape[1]
    cell_bits = min(_MOST_BITS[n_channels], n_bits)
    corner = np.full(n_channels, 2**n_bits * scale)
    cells = _cut(palette, np.zeros(n_channels), corner, cell_bits)
    # A cell is all codes that begin alike: these last bits it does not depend on.
    shift = n_channels * (n_bits - cell_bits)
    gathered = gathered_bits(n_bits, n_channels) * scale

    def search(codes: NDArray[np.uint32], labels: NDArray[Any]) -> None:
        starts, candidates = cells.starts, cells.candidates
        _search_codes(codes, gathered, shift, palette, starts, candidates, labels)

    return search


@kernel
def _search_codes(
    codes: Any,
    gathered: Any,
    shift: int,
    palette: Any,
    starts: Any,
    candidates: Any,
    labels: Any,
) -> None:
    """Give every code the label of the palette entry that is nearest to its colour.

    Parameters
    ----------
    codes : ndarray of uint32, shape (n,)
        Codes.
    gathered : ndarray of float64, shape (3, 256, C)
        See :func:`~napari_colorquant.core.codes.gathered_bits`, times the scale.
    shift : int
        Last bits of a code: the others are the number of its cell.
    palette : ndarray of float64, shape (K, C)
        The palette, scaled likewise.
    starts, candidates : ndarray
        The cells, see :class:`Cells`.
    labels : ndarray of uint8 or uint16, shape (n,)
        Written: index + 1 of the nearest entry, the lower one of exact ties.
    """
    x = np.empty((1, palette.shape[1]))
    for i in range(len(codes)):
        cell = codes[i] >> np.uint32(shift)
        first, end = starts[cell], starts[cell + np.uint32(1)]
        z = candidates[first]
        if end - first > 1:
            for c in range(palette.shape[1]):
                x[0, c] = value_of(codes[i], gathered, c)
            z = nearest_candidate(x, palette, candidates, first, end)
        labels[i] = z + 1


@kernel
def search_cells(
    values: Any,
    valid: Any,
    scale: float,
    palette: Any,
    lows: Any,
    per_unit: Any,
    spread: Any,
    starts: Any,
    candidates: Any,
    labels: Any,
) -> None:
    """Give every pixel of a tile the label of its nearest palette entry.

    Parameters
    ----------
    values : ndarray, shape (n, C)
        The pixels.
    valid : ndarray of bool, shape (n,) or (0,)
        False for pixels to leave out; empty where all are valid.
    scale : float
        What `values` are multiplied by.
    palette : ndarray of float64, shape (K, C)
        The palette, scaled likewise.
    lows, per_unit, spread, starts, candidates : ndarray
        The cells, see :class:`Cells`.
    labels : ndarray of uint8 or uint16, shape (n,)
        Written: index + 1 of the nearest entry, the lower one of exact ties; 0 where
        not valid.
    """
    n_channels = values.shape[1]
    every = len(valid) == 0
    last = np.float64(spread.shape[1] - 1)
    beyond = spread.shape[1] + _BULGE
    x = np.empty((1, n_channels))
    for i in range(values.shape[0]):
        if not every and not valid[i]:
            labels[i] = 0
            continue
        cell = np.uint32(0)
        inside = True
        for c in range(n_channels):
            v = values[i, c] * scale
            x[0, c] = v
            at = (v - lows[c]) * per_unit[c]
            inside &= (at >= -_BULGE) & (at <= beyond)
            cell |= spread[c, np.uint32(min(max(at, 0.0), last))]
        first, end = starts[cell], starts[cell + np.uint32(1)]
        if not inside:
            z = nearest_entry(x, palette)
        elif end - first > 1:
            z = nearest_candidate(x, palette, candidates, first, end)
        else:
            z = candidates[first]
        labels[i] = z + 1
