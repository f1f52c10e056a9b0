"""Cells of colour space, of one to three channels, and candidates to be nearest there.

Candidates of a cell are the entry nearest to its middle, and all that some point of the
cell may be nearer to. They are found from large cells to small ones, as in core.tree.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.color.codes import gathered_bits, spread_bits, value_of
from napari_colorquant.core.color.geometry import (
    may_be_nearer,
    nearest_candidate,
    nearest_entry,
    squared_distance,
)
from napari_colorquant.core.compute.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_BITS = {1: 12, 2: 7, 3: 5}
"""Bits of a cell's place along each channel, by the number of channels."""
_BULGE = 1e-9
"""Of a cell's width: a cell reaches a little farther than its border, where rounding
may put a pixel into the next one."""
CodeSearch = Callable[["NDArray[np.uint32]", "NDArray[Any]"], None]
"""Codes are given labels; safe to call from many threads."""


class Cells(NamedTuple):
    """Candidates of the cells of a box of colour space, whose lowest corner is lows.

    per_unit: cells in a unit. spread, (C, 2**bits): what a place adds to a cell's
    number. starts, (n_cells + 1,): into candidates, which ascend within a cell.
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
    """Return a box of colour space cut into cells; few n_pixels are not worth many.

    palette: (K, C), scaled to about 1. Colours outside the box are searched in the
    whole palette.
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
            for t in range(n_out):  # a slice takes seconds to be compiled
                longer[t] = out[t]
            out = longer
        for t in range(n):
            out[n_out + t] = kept[inner, t]
        n_out += n
        cell += 1
        starts[cell] = n_out
    return starts, out[:n_out].copy()


def code_search(palette: NDArray[np.float64], n_bits: int, scale: float) -> CodeSearch:
    """Return a function that writes the labels, (n,), of codes, (n,).

    They are index + 1 of the nearest entry, the lower one of exact ties. palette:
    contiguous, scaled to about 1; scale: what values of n_bits are multiplied by.
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
    """Write labels of codes: index + 1 of the nearest entry, the lower of exact ties.

    gathered: gathered_bits times the palette's scale. shift: last bits of a code; the
    others are the number of its cell.
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
    """Write labels of pixels: index + 1 of the nearest entry, the lower of exact ties.

    valid: bool, (n,), or empty where all are; labels are 0 where not. values times
    scale are in the palette's units. The other arrays are those of Cells.
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
