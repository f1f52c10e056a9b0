"""What a pixel counts in learning, where rare colours are favoured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.statistics import Statistics, valid_values
from napari_colorquant.core.compute.executor import map_in_order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Pixels, Tile

_MOST_BITS, _ALL_BITS = 6, 18
"""Bits of a cell's place along each channel, and along all of them: 64 cells along each
of red, green and blue, which are cells of 4 x 4 x 4 colours of 8 bits."""


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """Cells of colour space; with many channels, they are along the first ones.

    lows, per_unit: (C,), where the first cell begins, and how many are in a unit.
    """

    lows: NDArray[np.float64]
    per_unit: NDArray[np.float64]
    n_bits: int

    def of(self, colors: NDArray[Any]) -> NDArray[np.int64]:
        """Return the number of the cell, (n,), of colours of the image, (n, C)."""
        numbers = np.zeros(len(colors), np.int64)
        channels = zip(colors.T, self.lows, self.per_unit, strict=True)
        for values, low, per_unit in list(channels)[:_ALL_BITS]:
            # Halves, as the range of all floats is infinite.
            at = ((values / 2.0 - low / 2.0) * per_unit * 2.0).astype(np.int64)
            numbers = (numbers << self.n_bits) | at.clip(0, 2**self.n_bits - 1)
        return numbers

    @property
    def n_cells(self) -> int:
        """Number of cells, occupied or not."""
        return int(2 ** (self.n_bits * min(len(self.lows), _ALL_BITS)))


@dataclass(frozen=True, slots=True, eq=False)
class Votes:
    """Hold what a pixel of each cell counts, (n_cells,)."""

    cells: Cells
    table: NDArray[np.float64]

    def of(self, colors: NDArray[Any]) -> NDArray[np.float64]:
        """Return what a pixel of each colour counts, (n,), of colours (n, C)."""
        votes: NDArray[np.float64] = self.table[self.cells.of(colors)]
        return votes


def votes_of(
    pixels: Pixels, statistics: Statistics, balance: float, monitor: Monitor
) -> Votes | None:
    """Return votes with which a cell of n pixels counts n**(1 - balance).

    None where every pixel counts the same, balance 0. A cell is a 64th of the range
    along each channel: of white where it is known, else of the image's values.
    """
    if balance == 0:
        return None
    cells, distinct = _cells(statistics, pixels.dtype), statistics.distinct
    counts = np.zeros(cells.n_cells)
    if distinct is not None:
        numbers = cells.of(distinct.colors())
        counts += np.bincount(numbers, distinct.counts, cells.n_cells)
    else:
        tiles = pixels.tiles()
        counted = map_in_order(partial(_count_tile, pixels, cells), tiles)
        for part in monitor.over("survey", counted, len(tiles)):
            counts += part
    return Votes(cells, np.maximum(counts, 1.0) ** -balance)


def _cells(statistics: Statistics, dtype: np.dtype[Any]) -> Cells:
    n_channels = len(statistics.lows)
    n_bits = max(1, min(_MOST_BITS, _ALL_BITS // n_channels))
    lows, highs = statistics.lows, statistics.highs
    white = 255.0 if statistics.is_uint8 else statistics.white
    if white is not None:
        # As many values are in each cell: white of 8 bits ends the last one.
        end = white + 1 if dtype.kind in "iu" else white
        lows, highs = np.zeros(n_channels), np.full(n_channels, end)
    half = highs / 2 - lows / 2
    with np.errstate(divide="ignore", over="ignore"):
        per_unit = np.where(half > 0, 2**n_bits / half / 2, 0.0)
    return Cells(lows, np.minimum(per_unit, np.finfo(np.float64).max / 4), n_bits)


def _count_tile(pixels: Pixels, cells: Cells, tile: Tile) -> NDArray[np.int64]:
    return np.bincount(cells.of(valid_values(pixels, tile)), minlength=cells.n_cells)
