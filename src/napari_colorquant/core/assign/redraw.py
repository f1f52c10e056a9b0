"""Redraw: turn labels into colours, in the picture itself or next to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.image.pixels import Pixels, Tile
    from napari_colorquant.core.palette.palette import Palette

_BLOCK = 512
"""Pixels drawn and compared at a time: they stay in the cache in between."""


def drawn_labels(palette: Palette, pixels: Pixels) -> NDArray[Any]:
    """Return the colour of each label, (K + 1, C), in `work_dtype`; row 0 is zeros."""
    drawn = palette.drawn(pixels.dtype).astype(pixels.work_dtype)
    return np.concatenate([np.zeros_like(drawn[:1]), drawn])


def draw_tile(
    picture: Pixels,
    tile: Tile,
    labels: NDArray[Any],
    drawn: NDArray[Any],
    image: NDArray[Any] | None = None,
    scale: float = 1.0,
) -> tuple[NDArray[np.int64], float]:
    """Draw labels, (n,), into a tile of a picture; where the label is 0, it stays.

    drawn: (K + 1, C), colour of each label. Return the pixels of each entry, (K,), and
    the sum of squared differences from image, the same pixels, (n, C), as drawn,
    in scaled units; it is 0 where no image is passed.
    """
    target = picture.colors[tile]
    shape = (len(labels), drawn.shape[1])
    # Not all can be drawn in place: 64-bit integers are drawn as float64.
    in_place = target.flags.c_contiguous and target.dtype == drawn.dtype
    colors = target.reshape(shape) if in_place else np.empty(shape, drawn.dtype)
    counts, error = np.zeros(len(drawn), np.int64), 0.0
    if image is None:
        redraw(labels, drawn, colors, counts)
    else:
        error = redraw_and_compare(image, labels, drawn, colors, counts, scale)
    if not in_place:
        where = (labels > 0).reshape(*target.shape[:-1], 1) if counts[0] else True
        colors = colors.reshape(target.shape)
        np.copyto(target, colors, casting="unsafe", where=where)
    return counts[1:], error


@kernel
def redraw(labels: Any, drawn: Any, picture: Any, counts: Any) -> None:
    """Draw a tile's labels, and add their pixels to counts, (K + 1,).

    labels: (n,), pixels with 0 stay; drawn: (K + 1, C), colour of each label.
    """
    for i in range(len(labels)):
        label = labels[i]
        counts[label] += 1
        if label != 0:
            for c in range(picture.shape[1]):
                picture[i, c] = drawn[label, c]


@kernel
def redraw_and_compare(
    values: Any, labels: Any, drawn: Any, picture: Any, counts: Any, scale: float
) -> float:
    """Redraw a tile, and return the sum of squared differences in scaled units.

    The sum is over channels and the pixels whose label is not 0. values, the tile, and
    picture are contiguous. Comparing in blocks keeps pixels in the cache.
    """
    total = 0.0
    for start in range(0, len(labels), _BLOCK):
        block = slice(start, start + _BLOCK)  # the last one ends where the arrays do
        n_left_out = counts[0]
        redraw(labels[block], drawn, picture[block], counts)
        before, after = values[block], picture[block]
        if counts[0] == n_left_out:
            total += _squares(before.reshape(-1), after.reshape(-1), scale)
        else:
            for i in range(len(before)):
                if labels[start + i] != 0:
                    total += _squares(before[i], after[i], scale)
    return total


@kernel(fastmath={"reassoc", "contract"})  # many sums at once
def _squares(before: Any, after: Any, scale: float) -> float:
    """Return the sum of squared differences, scaled, added in any order."""
    total = 0.0
    for j in range(len(before)):
        d = before[j] * scale - after[j] * scale
        total += d * d
    return total
