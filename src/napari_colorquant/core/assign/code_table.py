"""The label of every colour that has a code, in a table, which is the fastest search.

Of an image in memory it is made of the colours that were counted. Of blocks it is empty
at first, and filled with what they bring.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.search import EVERY
from napari_colorquant.core.color.codes import (
    code_of,
    gathered_bits,
    spread_bits,
    value_of,
)
from napari_colorquant.core.color.histogram import DistinctColors, lay_out
from napari_colorquant.core.compute.compiled import inlined, kernel
from napari_colorquant.core.compute.executor import map_chunks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.assign.grid import CodeSearch


@dataclass(frozen=True, slots=True, eq=False)
class CodeTable:
    """The label of every colour with a code, 0 where it is not known.

    slots, table: as those of DistinctColors; without slots, a row for every cell. find:
    searches codes that are not known, whose labels are written to the table; None where
    they stay 0. Threads may write at once, because they write the same labels. Where
    find may leave colours out, the table has twice the bytes of the labels: the number
    above all labels says that a colour is known to have none, and is written as 0.
    """

    spread: NDArray[np.uint32]
    slots: NDArray[np.uint32]
    table: NDArray[Any]
    find: CodeSearch | None = None

    @classmethod
    def of_colors(cls, distinct: DistinctColors, labels: NDArray[Any]) -> CodeTable:
        """Return the table of an image's colours, whose labels are known."""
        codes, slots = distinct.codes, distinct.slots
        table = distinct.table(labels.dtype)
        map_chunks(
            lambda a, b: lay_out(codes[a:b], labels[a:b], slots, table), len(codes)
        )
        spread = spread_bits(distinct.n_bits, distinct.n_channels)
        return cls(spread, distinct.slots, table)

    @classmethod
    def of_all(
        cls,
        n_bits: int,
        n_channels: int,
        dtype: np.dtype[np.unsignedinteger],
        find: CodeSearch,
        *,
        leaves_out: bool = False,
    ) -> CodeTable:
        """Return the table of all colours that can be, where no label is known yet.

        leaves_out: whether find may give a colour the label 0.
        """
        kept = np.dtype(f"u{2 * dtype.itemsize}") if leaves_out else dtype
        table = np.zeros((2 ** (n_bits * n_channels) // 64, 64), kept)
        no_slots = np.empty(0, np.uint32)
        return cls(spread_bits(n_bits, n_channels), no_slots, table, find)

    def label(self, values: Any, valid: Any, labels: Any) -> None:
        """Write the labels of a tile; 0 where not valid. It is a Search."""
        every = EVERY if valid is None else valid
        tables = (self.spread, self.slots, self.table)
        missing = np.empty(len(values), np.uint32)
        n_missing = _look_up(values, every, *tables, labels, missing)
        if n_missing and self.find is not None:
            codes = np.unique(missing[:n_missing])
            found = np.empty(len(codes), self.table.dtype)
            self.find(codes, found)
            if self.table.dtype != labels.dtype:
                found[found == 0] = 2 ** (8 * labels.dtype.itemsize)
            self.table.reshape(-1)[codes] = found
            _look_up(values, every, *tables, labels, missing)

    def draws_rgb(self, picture: NDArray[Any]) -> bool:
        """Return whether draw_rgb can draw in a tile of a picture."""
        is_rgb = picture.dtype == np.uint8 and picture.shape[-1] == 3
        in_words = picture.flags.c_contiguous and picture.ctypes.data % 4 == 0
        return is_rgb and in_words and sys.byteorder == "little"

    def draw_rgb(
        self,
        values: NDArray[np.uint8],
        drawn: NDArray[np.uint8],
        labels: NDArray[Any],
        picture: NDArray[np.uint8],
    ) -> None:
        """Label and draw a tile of 8-bit RGB, whose pixels are all valid, in one pass.

        values, picture: (n, 3), the latter at an address of whole words; drawn: (K + 1,
        3), colour of each label.
        """
        n_first = len(values) // 4 * 4
        words = np.zeros((len(drawn), 4), np.uint8)
        words[:, :3] = drawn
        _draw_rgb(
            *(values, self.spread, self.slots, self.table),
            *(words.view(np.uint32).reshape(-1), drawn, labels, picture),
            picture[:n_first].reshape(-1).view(np.uint32),
        )


def tally_colors(
    distinct: DistinctColors, labels: NDArray[Any], drawn: NDArray[Any]
) -> tuple[NDArray[np.int64], float]:
    """Return the pixels of each entry, (K,), and the sum of squared differences.

    labels: of each colour, 0 where it is left out; drawn: (K + 1, C), colour of each
    label. The sum is over pixels and channels, in squared units of the image.
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
        if label == 0:
            continue
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
    valid: Any,
    spread: Any,
    slots: Any,
    table: Any,
    labels: Any,
    missing: Any,
) -> int:
    """Write labels from a table of codes, and return how many pixels it cannot label.

    valid: empty where all pixels are valid; slots: empty where the table has all cells;
    missing: written, the codes of the pixels whose label is 0 in the table.
    """
    every, has_all = len(valid) == 0, len(slots) == 0
    flat = table.reshape(-1)
    n_missing = 0
    for i in range(values.shape[0]):
        if not every and not valid[i]:
            labels[i] = 0
            continue
        code = code_of(values, i, spread)
        place = code
        if not has_all:
            place = (slots[code >> np.uint32(6)] << np.uint32(6)) | (
                code & np.uint32(63)
            )
        label = flat[place]
        labels[i] = label
        if label == 0:
            missing[n_missing] = code
            n_missing += 1
    return n_missing


@kernel
def _draw_rgb(
    values: Any,
    spread: Any,
    slots: Any,
    table: Any,
    words: Any,
    drawn: Any,
    labels: Any,
    picture: Any,
    picture_words: Any,
) -> None:
    """Write labels and picture of 8-bit RGB, four pixels as three words of 32 bits.

    words: one little-endian word a label, red in the lowest byte and 0 in the highest;
    picture_words: 3 for four pixels, in the memory of picture. The last three pixels at
    most are drawn one by one.
    """
    n_quads = values.shape[0] // 4
    for quad in range(n_quads):
        i, j = 4 * quad, 3 * quad
        a = _label_of_rgb(values, i, spread, slots, table)
        b = _label_of_rgb(values, i + 1, spread, slots, table)
        c = _label_of_rgb(values, i + 2, spread, slots, table)
        d = _label_of_rgb(values, i + 3, spread, slots, table)
        labels[i], labels[i + 1], labels[i + 2], labels[i + 3] = a, b, c, d
        p, q, r, s = words[a], words[b], words[c], words[d]
        picture_words[j] = p | (q << np.uint32(24))
        picture_words[j + 1] = (q >> np.uint32(8)) | (r << np.uint32(16))
        picture_words[j + 2] = (r >> np.uint32(16)) | (s << np.uint32(8))
    for i in range(4 * n_quads, values.shape[0]):
        label = _label_of_rgb(values, i, spread, slots, table)
        labels[i] = label
        for c in range(3):
            picture[i, c] = drawn[label, c]


@inlined
def _label_of_rgb(values: Any, i: int, spread: Any, slots: Any, table: Any) -> Any:
    """Return the label of pixel i of values, (n, 3), as in _look_up."""
    code = spread[0, values[i, 0]] | spread[1, values[i, 1]] | spread[2, values[i, 2]]
    return table[slots[code >> np.uint32(6)], code & np.uint32(63)]
