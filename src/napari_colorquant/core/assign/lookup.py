"""Labels where all colours are counted: search each colour, look up each pixel."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.grid import code_search
from napari_colorquant.core.color.codes import (
    code_of,
    gathered_bits,
    spread_bits,
    value_of,
)
from napari_colorquant.core.color.histogram import lay_out
from napari_colorquant.core.color.tree import label
from napari_colorquant.core.color.weighted_colors import (
    ColorPoints,
    plant_colors,
    points_scale,
    scaled_entries,
)
from napari_colorquant.core.compute.compiled import kernel
from napari_colorquant.core.compute.executor import map_chunks, n_cores
from napari_colorquant.core.palette.palette import label_dtype

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.color.histogram import DistinctColors
    from napari_colorquant.core.color.spaces import ColorSpace
    from napari_colorquant.core.palette.palette import Palette

Paint = Callable[["NDArray[Any]", "NDArray[Any]", "NDArray[Any]"], None]
"""Values are given labels and redrawn; safe to call from many threads."""


def label_colors(
    distinct: DistinctColors,
    palette: Palette,
    space: ColorSpace,
    magnitude: float,
    points: ColorPoints | None,
) -> NDArray[Any]:
    """Return the label of every colour of an image: index + 1, the lower one of ties.

    magnitude: largest of the image's values; points: the colours if planted already,
    used if they are of the same space and scale.
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
    """Return the pixels of each entry, (K,), and the sum of squared differences.

    labels: of each colour; drawn: (K + 1, C), colour of each label. The sum is over
    pixels and channels, in squared units of the image.
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
    """Return a function of values, labels and picture that writes the last two.

    labels: of each colour; drawn: (K + 1, C), colour of each label, in the image's
    dtype. Pixels of a colour that is not counted get the label 0.
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
    """Add each label's pixels to counts, and return the sum of squared differences.

    codes, weights (pixels), labels: of each colour; gathered: see gathered_bits; drawn:
    (K + 1, C); counts: (K + 1,).
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
    """Write the label of each pixel's colour, and the colour drawn for it.

    Colours that are not counted have the label 0. slots, table: as in DistinctColors;
    drawn: (K + 1, C), colour of each label.
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
    """Write labels and picture of 8-bit RGB, four pixels as three words of 32 bits.

    values: a multiple of 4 pixels; drawn: one little-endian word a label, red in the
    lowest byte and 0 in the highest; picture: 3 n / 4 words.
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
