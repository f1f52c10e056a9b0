"""Shapes with an area, and the masks of the pixels whose centres they hold.

Coordinates are those of ImageJ and QuPath: (0, 0) is the upper left corner of the first
pixel, whose centre is at (0.5, 0.5).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_TINY = 1e-9
"""Of a pixel: what rounding makes of places that are the same."""


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A region that was drawn.

    parts: each a list of outlines, (n, 2) of x and y, where what lies in an even number
    of them, such as a hole, is outside; a pixel of any part is in the shape. position:
    the one slice that it is of, in words; empty for all. kind: its class, or empty.
    """

    name: str
    parts: tuple[tuple[NDArray[Any], ...], ...]
    position: str = ""
    kind: str = ""


def mask_of(shape: Shape, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return which pixels of a picture of (rows, columns) have their centre inside.

    Of a centre on an outline, the left and upper one is inside, so that shapes that
    touch share no pixel.
    """
    mask = np.zeros(size, bool)
    for rings in shape.parts:
        mask |= _even_odd(rings, size)
    return mask


def outline_of(shape: Shape, size: tuple[int, int]) -> NDArray[np.float64]:
    """Return one outline, (n, 2), that holds the same pixels by the rule of holes.

    It goes from ring to ring over one line to and fro. size: rows and columns of the
    picture. Raise ValueError if parts share a pixel, which would be outside.
    """
    for n, part in enumerate(shape.parts):
        if any(_share_pixels(part, other, size) for other in shape.parts[n + 1 :]):
            raise ValueError("it has parts that overlap: join them into one.")
    rings = [ring for part in shape.parts for ring in part if len(ring)]
    start = rings[0][:1]
    pieces = (piece for ring in rings for piece in (ring, ring[:1], start))
    outline = np.concatenate([*pieces])
    return outline[np.r_[True, (np.diff(outline, axis=0) != 0).any(axis=1)]]


def _share_pixels(
    part: Sequence[NDArray[Any]],
    other: Sequence[NDArray[Any]],
    size: tuple[int, int],
) -> bool:
    ends = [np.concatenate(rings) for rings in (part, other)]
    low = np.maximum(0, np.floor(np.maximum(*(one.min(axis=0) for one in ends))))
    high = np.ceil(np.minimum(*(one.max(axis=0) for one in ends)))
    n_columns, n_rows = (np.minimum(high, size[::-1]) - low).astype(int).tolist()
    if n_columns < 1 or n_rows < 1:
        return False
    masks = [
        _even_odd([ring - low for ring in rings], (n_rows, n_columns))
        for rings in (part, other)
    ]
    return bool((masks[0] & masks[1]).any())


def _even_odd(
    rings: Sequence[NDArray[Any]], size: tuple[int, int]
) -> NDArray[np.bool_]:
    """Return the pixels right of an odd number of edges (the scanline algorithm).

    The time is that of the edges' rows plus the pixels, however many corners there are.
    """
    n_rows, n_columns = size
    crossed = np.zeros((n_rows, n_columns + 1), bool)
    for ring in rings:
        ends = np.roll(ring, -1, axis=0)
        for (x0, y0), (x1, y1) in zip(ring.tolist(), ends.tolist(), strict=True):
            if y0 > y1:
                x0, y0, x1, y1 = x1, y1, x0, y0
            first, last = (int(min(max(np.ceil(y - 0.5), 0), n_rows)) for y in (y0, y1))
            if first >= last:
                continue
            rows = np.arange(first, last)
            x = x0 + (rows + 0.5 - y0) * ((x1 - x0) / (y1 - y0))
            columns = np.clip(np.ceil(x - 0.5 - _TINY), 0, n_columns).astype(np.int64)
            crossed[rows, columns] ^= True
    return np.logical_xor.accumulate(crossed, axis=1)[:, :n_columns]
