"""The colour histogram: the pixels of every colour, where colours have codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from napari_colorquant.core.codes import code_of, decode, spread_bits, value_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELL_BITS = 6
"""Last bits of a code, which tell the 64 colours of a cell (4 x 4 x 4 of RGB) apart."""
_FIRST_CELLS = 2**12


@dataclass(frozen=True, slots=True, eq=False)
class DistinctColors:
    """The colours that occur, in the order of their codes.

    Parameters
    ----------
    codes : ndarray of uint32, shape (n,)
        Ascending.
    counts : ndarray of float64, shape (n,)
        Pixels of each: whole numbers, exact to 2**53.
    n_bits : int
        Bits of a value.
    n_channels : int
        Values of a colour.
    """

    codes: NDArray[np.uint32]
    counts: NDArray[np.float64]
    n_bits: int
    n_channels: int

    def __len__(self) -> int:
        return len(self.codes)

    def colors(self, scale: float = 1.0) -> NDArray[np.float64]:
        """Return the colours.

        Parameters
        ----------
        scale : float
            What they are multiplied by.

        Returns
        -------
        ndarray of float64, shape (n, C)
            In the image's own units, times `scale`.
        """
        return decode(self.codes, self.n_bits, self.n_channels, scale)


class Histogram:
    """Count the pixels of every colour, in the memory of the cells in use.

    Neighbouring pixels have neighbouring colours, and find their cell's 64 counts in
    four cache lines.

    Parameters
    ----------
    dtype : dtype
        uint8 or uint16, of which :func:`~napari_colorquant.core.codes.has_codes`.
    n_channels : int
        Channels of every pixel.
    n_pixels : int
        No more pixels than that will be added.
    """

    def __init__(self, dtype: np.dtype[Any], n_channels: int, n_pixels: int) -> None:
        self.n_bits = 8 * dtype.itemsize
        self.n_channels = n_channels
        n_cells = 2 ** (self.n_bits * n_channels - CELL_BITS)
        self.slots: NDArray[np.uint32] = np.zeros(n_cells, np.uint32)
        """The row of each cell in the counts; 0 where the cell is not in use."""
        count_dtype = np.uint32 if n_pixels < 2**32 else np.uint64
        # Row 0 belongs to no cell.
        self._counts = np.zeros((min(_FIRST_CELLS, n_cells) + 1, 64), count_dtype)
        self.n_cells = 0

    @property
    def spread(self) -> NDArray[np.uint32]:
        """What each value adds to a code."""
        return spread_bits(self.n_bits, self.n_channels)

    def add(self, values: NDArray[Any]) -> None:
        """Count the pixels of one more tile.

        Parameters
        ----------
        values : ndarray, shape (n, C)
            Contiguous pixels of the histogram's dtype.
        """
        done = 0
        while True:
            self.n_cells, done = _count(
                values, done, self.spread, self.slots, self._counts, self.n_cells
            )
            if done == len(values):
                return
            self._grow(2 * (len(self._counts) - 1))

    def merge(self, other: Histogram) -> None:
        """Add the counts of another part of the image.

        Parameters
        ----------
        other : Histogram
            Of the same dtype and channels.
        """
        self._grow(self.n_cells + other.n_cells)
        self.n_cells = _merge(
            self.slots, self._counts, self.n_cells, other.slots, other._counts
        )

    @property
    def count(self) -> int:
        """Number of distinct colours."""
        return int(np.count_nonzero(self._counts))

    def distinct(self) -> DistinctColors:
        """Return the colours that occur.

        Returns
        -------
        DistinctColors
            The colours and their counts.
        """
        codes, counts = _distinct(self.slots, self._counts, self.n_cells)
        return DistinctColors(codes, counts, self.n_bits, self.n_channels)

    def table(self, codes: NDArray[np.uint32], answers: NDArray[Any]) -> NDArray[Any]:
        """Lay answers out so that a pixel finds that of its colour.

        Parameters
        ----------
        codes : ndarray of uint32, shape (n,)
            Codes of colours that occur.
        answers : ndarray, shape (n,)
            One answer each.

        Returns
        -------
        ndarray, shape (n_cells + 1, 64)
            The answer of a code is in the row ``slots[code >> 6]`` and the column
            ``code & 63``.
        """
        table = np.zeros((self.n_cells + 1, 64), answers.dtype)
        _lay_out(codes, answers, self.slots, table)
        return table

    def _grow(self, n_cells: int) -> None:
        n_cells = min(n_cells, len(self.slots))
        if n_cells + 1 > len(self._counts):
            counts = np.zeros((n_cells + 1, 64), self._counts.dtype)
            counts[: len(self._counts)] = self._counts
            self._counts = counts


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def _merge(slots: Any, counts: Any, n_cells: int, slots2: Any, counts2: Any) -> Any:
    for cell in range(slots.shape[0]):
        other = slots2[cell]
        if other != 0:
            if slots[cell] == 0:
                n_cells += 1
                slots[cell] = n_cells
            for low in range(64):
                counts[slots[cell], low] += counts2[other, low]
    return n_cells


@njit(nogil=True, cache=True)
def _distinct(slots: Any, counts: Any, n_cells: int) -> Any:
    codes = np.empty(
        64 * n_cells, np.uint32
    )  # the most; untouched memory costs nothing
    weights = np.empty(64 * n_cells)
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
                    codes[n] = (cell << 6) | low
                    weights[n] = counts[slot, low]
                    n += 1
    return codes[:n].copy(), weights[:n].copy()


@njit(nogil=True, cache=True)
def _lay_out(codes: Any, answers: Any, slots: Any, table: Any) -> None:
    for i in range(len(codes)):
        table[slots[codes[i] >> np.uint32(6)], codes[i] & np.uint32(63)] = answers[i]


@njit(nogil=True, cache=True)
def tally(
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


@njit(nogil=True, cache=True)
def look_up(
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
        Those of the histogram.
    table : ndarray of uint8 or uint16, shape (n_cells + 1, 64)
        The label of each colour, see :meth:`Histogram.table`.
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


@njit(nogil=True, cache=True)
def look_up_rgb(
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
        As for :func:`look_up`.
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
