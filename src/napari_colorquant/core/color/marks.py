"""How many colours occur, by marks, where counting the pixels of each takes long."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.codes import code_of, spread_bits
from napari_colorquant.core.compute.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Pixels

_MANY = 2**20
"""Pixels of which the counts of noise no longer stay in the cache."""
_SAMPLED = 2**12
"""Pixels that tell whether an image is noise."""


class ColorMarks:
    """Mark each colour that occurs with a bit: 2 MB, which noise finds in the cache."""

    exact = True
    """It counts all colours, unlike a DistinctCounter."""

    def __init__(self, dtype: np.dtype[Any], n_channels: int) -> None:
        n_bits = 8 * dtype.itemsize
        self._spread = spread_bits(n_bits, n_channels)
        self._marks = np.zeros(2 ** (n_bits * n_channels) // 32, np.uint32)

    def add(self, values: NDArray[Any]) -> None:
        """Mark the colours of one more tile: contiguous, (n, C), of the dtype."""
        _mark(values, self._spread, self._marks)

    def merge(self, other: ColorMarks) -> None:
        """Mark what another has marked, of the same dtype and channels."""
        self._marks |= other._marks

    @property
    def count(self) -> int:
        """Number of distinct colours."""
        return int(np.count_nonzero(np.unpackbits(self._marks.view(np.uint8))))


def is_noise(pixels: Pixels) -> bool:
    """Return whether an image is 8-bit RGB of which hardly two pixels are alike.

    True where, of a few pixels of a tile, three of four are alone in their cell of 4 x
    4 x 4 colours. It decides how colours are counted, and nothing else.
    """
    is_rgb = pixels.work_dtype == np.uint8 and pixels.n_channels == 3
    if not is_rgb or prod(pixels.shape) < _MANY:
        return False
    tiles = pixels.tiles()
    values = pixels.values(tiles[len(tiles) // 2])
    cells = values[:: max(1, len(values) // _SAMPLED)].astype(np.int64) >> 2
    numbers = (cells[:, 0] << 12) | (cells[:, 1] << 6) | cells[:, 2]
    return len(np.unique(numbers)) > 3 * len(numbers) // 4


@kernel
def _mark(values: Any, spread: Any, marks: Any) -> None:
    """Set the bits of the codes of pixels."""
    for i in range(values.shape[0]):
        code = code_of(values, i, spread)
        marks[code >> np.uint32(5)] |= np.uint32(1) << (code & np.uint32(31))
