"""The colour histogram: the pixels of every colour, where colours have codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from napari_colorquant.core.color.codes import code_of, decode, spread_bits
from napari_colorquant.core.compute.compiled import kernel
from napari_colorquant.core.compute.executor import map_chunks

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import DTypeLike, NDArray

R = TypeVar("R")

CELL_BITS = 6
"""Last bits of a code, which tell the 64 colours of a cell (4 x 4 x 4 of RGB) apart."""
_FIRST_CELLS = 2**12
_MANY_CELLS = 2**13
"""Cells in use that are worth several threads: their counts take 2 MB and more."""
_PARTS = 8
"""Of all cells, for the threads: those in use lie close together."""


@dataclass(frozen=True, slots=True, eq=False)
class DistinctColors:
    """The colours that occur, in the order of their codes.

    counts: whole numbers, exact to 2**53. slots, (2**code_bits / 64,): numbers of the
    cells in use, from 1, in no order; 0 for the others. n_bits: of a value.
    """

    codes: NDArray[np.uint32]
    counts: NDArray[np.float64]
    slots: NDArray[np.uint32]
    n_bits: int
    n_channels: int

    def __len__(self) -> int:
        return len(self.codes)

    def colors(self, scale: float = 1.0) -> NDArray[np.float64]:
        """Return the colours, (n, C), in the image's own units times scale."""
        return decode(self.codes, self.n_bits, self.n_channels, scale)

    def table(self, dtype: DTypeLike) -> NDArray[Any]:
        """Return zeros, (n_cells + 1, 64): a row a cell, a column a code's last bits.

        lay_out writes one value a colour. Row 0 is that of all colours that do not
        occur.
        """
        return np.zeros((int(self.slots.max()) + 1, 64), dtype)


class Histogram:
    """Count the pixels of every colour with a code, in the memory of the cells in use.

    Neighbouring pixels have neighbouring colours, and find their cell's 64 counts in
    four cache lines. n_pixels: no more will be added.
    """

    exact = True
    """It counts all colours, unlike a DistinctCounter."""

    def __init__(self, dtype: np.dtype[Any], n_channels: int, n_pixels: int) -> None:
        self.n_bits = 8 * dtype.itemsize
        self.n_channels = n_channels
        n_cells = 2 ** (self.n_bits * n_channels - CELL_BITS)
        # The row of each cell in the counts; 0 where the cell is not in use.
        self._slots: NDArray[np.uint32] = np.zeros(n_cells, np.uint32)
        count_dtype = np.uint32 if n_pixels < 2**32 else np.uint64
        # Row 0 belongs to no cell.
        self._counts = np.zeros((min(_FIRST_CELLS, n_cells) + 1, 64), count_dtype)
        self._n_cells = 0

    def add(self, values: NDArray[Any]) -> None:
        """Count the pixels of one more tile: contiguous, (n, C), of the dtype."""
        spread = spread_bits(self.n_bits, self.n_channels)
        done = 0
        while True:
            self._n_cells, done = _count(
                values, done, spread, self._slots, self._counts, self._n_cells
            )
            if done == len(values):
                return
            self._grow(2 * (len(self._counts) - 1))

    def merge(self, other: Histogram) -> None:
        """Add the counts of another part, of the same dtype and channels."""
        used = np.flatnonzero(other._slots != 0)  # of bool it is fast
        new = used[self._slots[used] == 0]
        self._grow(self._n_cells + len(new))
        self._slots[new] = np.arange(len(new)) + self._n_cells + 1
        self._n_cells += len(new)

        def add(first: int, end: int) -> None:
            slots, others = self._slots[first:end], other._slots[first:end]
            _merge(slots, self._counts, others, other._counts)

        self._map_cells(add)

    @property
    def count(self) -> int:
        """Number of distinct colours."""
        return int(np.count_nonzero(self._counts))

    def distinct(self) -> DistinctColors:
        """Return the colours that occur, and their counts."""

        def part(first: int, end: int) -> Any:
            return _distinct(first, self._slots[first:end], self._counts)

        codes, counts = map(np.concatenate, zip(*self._map_cells(part), strict=True))
        return DistinctColors(codes, counts, self._slots, self.n_bits, self.n_channels)

    def _map_cells(self, function: Callable[[int, int], R]) -> list[R]:
        """Return a function's results for all runs of cells, in order."""
        n_parts = _PARTS if self._n_cells >= _MANY_CELLS else 1
        n_cells = len(self._slots)
        return map_chunks(function, n_cells, -(-n_cells // n_parts))

    def _grow(self, n_cells: int) -> None:
        n_cells = min(n_cells, len(self._slots))
        if n_cells + 1 > len(self._counts):
            counts = np.zeros((n_cells + 1, 64), self._counts.dtype)
            counts[: len(self._counts)] = self._counts
            self._counts = counts


@kernel
def lay_out(codes: Any, values: Any, slots: Any, table: Any) -> None:
    """Write each code's value to a DistinctColors.table; slots: of these colours."""
    for i in range(len(codes)):
        table[slots[codes[i] >> np.uint32(6)], codes[i] & np.uint32(63)] = values[i]


@kernel
def _count(
    values: Any, start: int, spread: Any, slots: Any, counts: Any, n_cells: int
) -> Any:
    """Count pixels from `start` on, until all are counted or the cells are full."""
    for i in range(start, values.shape[0]):
        code = code_of(values, i, spread)
        cell = code >> np.uint32(6)
        slot = slots[cell]
        if slot == 0:
            if n_cells + 1 == counts.shape[0]:
                return n_cells, i
            n_cells += 1
            slot = np.uint32(n_cells)
            slots[cell] = slot
        counts[slot, code & np.uint32(63)] += counts.dtype.type(1)
    return n_cells, values.shape[0]


@kernel
def _merge(slots: Any, counts: Any, slots2: Any, counts2: Any) -> None:
    """Add the counts of cells in use in slots2, which have slots, too."""
    for cell in range(slots.shape[0]):
        other = slots2[cell]
        if other != 0:
            for low in range(64):
                counts[slots[cell], low] += counts2[other, low]


@kernel
def _distinct(first: int, slots: Any, counts: Any) -> Any:
    """Return the colours of a run of cells, of which the first has a number.

    Return their codes and counts.
    """
    n_cells = 0
    for cell in range(slots.shape[0]):
        n_cells += slots[cell] != 0
    # As many as there may be: memory that stays untouched costs nothing.
    codes, weights = np.empty(64 * n_cells, np.uint32), np.empty(64 * n_cells)
    n = 0
    for cell in range(slots.shape[0]):
        slot = slots[cell]
        if slot == 0:
            continue
        for start in range(0, 64, 8):
            in_use = counts[slot, start]
            for low in range(start + 1, start + 8):
                in_use |= counts[slot, low]
            if in_use == 0:  # eight at once, as most cells are nearly empty
                continue
            for low in range(start, start + 8):
                if counts[slot, low] > 0:
                    codes[n] = ((first + cell) << 6) | low
                    weights[n] = counts[slot, low]
                    n += 1
    return codes[:n], weights[:n]
