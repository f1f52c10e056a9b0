"""Labels where all colours are counted: found once a colour, looked up a pixel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.cells import code_search
from napari_colorquant.core.codes import (
    code_of,
    gathered_bits,
    spread_bits,
    value_of,
)
from napari_colorquant.core.compiled import kernel
from napari_colorquant.core.histogram import lay_out
from napari_colorquant.core.palette import label_dtype
from napari_colorquant.core.parallel import map_chunks, n_cores
from napari_colorquant.core.points import (
    ColorPoints,
    plant_colors,
    points_scale,
    scaled_entries,
)
from napari_colorquant.core.tree import label

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.histogram import DistinctColors
    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.spaces import ColorSpace

Paint = Callable[["NDArray[Any]", "NDArray[Any]", "NDArray[Any]"], None]
"""Values are given labels and redrawn; safe to call from many threads."""


def label_colors(
    distinct: DistinctColors,
    palette: Palette,
    space: ColorSpace,
    magnitude: float,
    points: ColorPoints | None,
) -> NDArray[Any]:
    """Find the nearest palette entry of every colour of an image.

    Parameters
    ----------
    distinct : DistinctColors
        The colours.
    palette : Palette
        The palette.
    space : ColorSpace
        Where colours are compared.
    magnitude : float
        Largest magnitude of the image's values.
    points : ColorPoints or None
        The colours, if they have been planted already.

    Returns
    -------
    ndarray of uint8 or uint16, shape (n,)
        Index + 1 of the nearest entry, the lower one of exact ties.
    """
    scale = points_scale(space, magnitude, palette.colors)
    entries = np.ascontiguousarray(scaled_entries(space, palette.colors, scale))
    labels = np.empty(len(distinct), label_dtype(len(palette)))
    if space.largest == 0:  # a cell of the space is a beginning of codes
        search = code_search(entries, distinct.n_bits, scale)
        map_chunks(
            lambda start, end: search(distinct.codes[start:end], labels[start:end]),
            len(distinct),
        )
        return labels
    if points is None or points.space != space or points.scale != scale:
        points = plant_colors(distinct, space, scale)
    with ThreadPoolExecutor(n_cores()) as pool:
        label(points.tree, entries, labels, pool)
    return labels


def tally_colors(
    distinct: DistinctColors, labels: NDArray[Any], drawn: NDArray[Any]
) -> tuple[NDArray[np.int64], float]:
    """Count the pixels of each palette entry, and measure the error.

    Parameters
    ----------
    distinct : DistinctColors
        The colours of an image.
    labels : ndarray of uint8 or uint16, shape (n,)
        The label of each.
    drawn : ndarray, shape (K + 1, C)
        The colour of each label.

    Returns
    -------
    counts : ndarray of int64, shape (K,)
        Pixels of each entry.
    error : float
        Sum over pixels and channels of the squared difference, in squared units of the
        image.
    """
    gathered = gathered_bits(distinct.n_bits, distinct.n_channels)

    def part(start: int, end: int) -> tuple[NDArray[np.int64], float]:
        counts = np.zeros(len(drawn), np.int64)
        rows = slice(start, end)
        error = _tally(
            *(distinct.codes[rows], gathered, distinct.counts[rows]),
            *(labels[rows], drawn, counts),
        )
        return counts[1:], error

    counts, errors = zip(*map_chunks(part, len(distinct)), strict=True)
    return np.sum(counts, axis=0), sum(errors)


def painter(
    distinct: DistinctColors, labels: NDArray[Any], drawn: NDArray[Any]
) -> Paint:
    """Prepare to give pixels the labels of their colours.

    Parameters
    ----------
    distinct : DistinctColors
        The colours of an image.
    labels : ndarray of uint8 or uint16, shape (n,)
        The label of each.
    drawn : ndarray, shape (K + 1, C)
        The colour of each label, in the image's dtype.

    Returns
    -------
    callable
        Called with the pixels of a tile, shape (n, C), and two arrays to write: their
        labels, shape (n,), and the redrawn pixels, shape (n, C). Those of a colour that
        is not counted get the label 0.
    """
    spread = spread_bits(distinct.n_bits, distinct.n_channels)
    slots = distinct.slots
    table = distinct.table(labels.dtype)
    lay_out(distinct.codes, labels, slots, table)
    in_words = (distinct.n_bits, distinct.n_channels, sys.byteorder) == (8, 3, "little")
    words = np.zeros((len(drawn), 4), np.uint8)
    if in_words:
        words[:, :3] = drawn
    packed = words.view(np.uint32).reshape(-1)

    def paint(
        values: NDArray[Any], tile_labels: NDArray[Any], picture: NDArray[Any]
    ) -> None:
        n_first = 0
        if in_words and picture.ctypes.data % 4 == 0:
            n_first = len(values) // 4 * 4
            first = slice(n_first)
            _look_up_rgb(
                *(values[first], spread, slots, table, packed, tile_labels[first]),
                picture[first].reshape(-1).view(np.uint32),
            )
        rest = slice(n_first, None)
        _look_up(
            *(values[rest], spread, slots, table, drawn),
            *(tile_labels[rest], picture[rest]),
        )

    return paint


@kernel
def _tally(
    codes: Any, gathered: Any, weights: Any, labels: Any, drawn: Any, counts: Any
) -> float:
    """Count the pixels of each label, and measure the error.

    Parameters
    ----------
    codes : ndarray of uint32, shape (n,)
        Codes of the colours of an image.
    gathered : ndarray of float64, shape (3, 256, C)
        See :func:`~napari_colorquant.core.codes.gathered_bits`.
    weights : ndarray of float64, shape (n,)
        Pixels of each.
    labels : ndarray of uint8 or uint16, shape (n,)
        The label of each.
    drawn : ndarray, shape (K + 1, C)
        The colour of each label.
    counts : ndarray of int64, shape (K + 1,)
        Pixels of each label are added.

    Returns
    -------
    float
        Sum over pixels and channels of the squared difference.
    """
    total = 0.0
    for i in range(len(labels)):
        label = labels[i]
        counts[label] += np.int64(weights[i])
        error = 0.0
        for c in range(gathered.shape[2]):
            difference = value_of(codes[i], gathered, c) - np.float64(drawn[label, c])
            error += difference * difference
        total += weights[i] * error
    return total


@kernel
def _look_up(
    values: Any,
    spread: Any,
    slots: Any,
    table: Any,
    drawn: Any,
    labels: Any,
    picture: Any,
) -> None:
    """Give every pixel the label of its colour, and redraw it.

    Parameters
    ----------
    values : ndarray of uint8 or uint16, shape (n, C)
        Pixels whose colours are all in the histogram.
    spread, slots : ndarray of uint32
        Codes and cells, see :class:`DistinctColors`.
    table : ndarray of uint8 or uint16, shape (n_cells + 1, 64)
        The label of each colour, see :meth:`DistinctColors.table`.
    drawn : ndarray, shape (K + 1, C)
        The colour of each label.
    labels : ndarray of uint8 or uint16, shape (n,)
        Written.
    picture : ndarray, shape (n, C)
        Written.
    """
    for i in range(values.shape[0]):
        code = code_of(values, i, spread)
        label = table[slots[code >> np.uint32(6)], code & np.uint32(63)]
        labels[i] = label
        for c in range(values.shape[1]):
            picture[i, c] = drawn[label, c]


@kernel
def _look_up_rgb(
    values: Any,
    spread: Any,
    slots: Any,
    table: Any,
    drawn: Any,
    labels: Any,
    picture: Any,
) -> None:
    """Do the same for 8-bit RGB, four pixels at a time.

    Four pixels are drawn by three words of 32 bits in place of twelve bytes.

    Parameters
    ----------
    values : ndarray of uint8, shape (n, 3)
        Pixels whose colours are all in the histogram; n is a multiple of 4.
    spread, slots, table : ndarray
        As for :func:`_look_up`.
    drawn : ndarray of uint32, shape (K + 1,)
        The colour of each label, little-endian: red in the lowest byte, 0 in the
        highest.
    labels : ndarray of uint8 or uint16, shape (n,)
        Written.
    picture : ndarray of uint32, shape (3 * n / 4,)
        Written; little-endian.
    """
    low, six = np.uint32(63), np.uint32(6)
    for quad in range(values.shape[0] // 4):
        i, j = 4 * quad, 3 * quad
        code = code_of(values, i, spread)
        a = table[slots[code >> six], code & low]
        code = code_of(values, i + 1, spread)
        b = table[slots[code >> six], code & low]
        code = code_of(values, i + 2, spread)
        c = table[slots[code >> six], code & low]
        code = code_of(values, i + 3, spread)
        d = table[slots[code >> six], code & low]
        labels[i], labels[i + 1], labels[i + 2], labels[i + 3] = a, b, c, d
        p, q, r, s = drawn[a], drawn[b], drawn[c], drawn[d]
        picture[j] = p | (q << np.uint32(24))
        picture[j + 1] = (q >> np.uint32(8)) | (r << np.uint32(16))
        picture[j + 2] = (r >> np.uint32(16)) | (s << np.uint32(8))
