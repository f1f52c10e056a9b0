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


def carry_over(
    pixels: Pixels, redrawn: Pixels, tile: Tile, n_valid: int
) -> NDArray[np.bool_] | None:
    """Copy a tile's alpha, and its colours unless all are valid; return the valid ones.

    They are (n,) bool, or None for all. redrawn: the picture, not yet written; n_valid:
    how many pixels are valid, as the survey has it.
    """
    if pixels.alpha is not None and redrawn.alpha is not None:
        redrawn.alpha[tile] = pixels.alpha[tile]
    colors = pixels.colors[tile]
    if n_valid * pixels.n_channels == colors.size:
        return None
    redrawn.colors[tile] = colors
    return pixels.valid(tile)


def canvas(
    redrawn: Pixels, tile: Tile, values: NDArray[Any], whole: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return a tile's target in the picture, and an array, (n, C), to draw in.

    They share memory if possible. values: the image's pixels; whole: True if all that
    is drawn may be written to the picture.
    """
    target = redrawn.colors[tile]
    direct = whole and target.flags.c_contiguous and target.dtype == values.dtype
    return target, target.reshape(values.shape) if direct else np.empty_like(values)


def put(
    target: NDArray[Any], picture: NDArray[Any], valid: NDArray[np.bool_] | None
) -> None:
    """Write a tile's picture to its target where valid, unless they share memory."""
    if np.shares_memory(target, picture):
        return
    np.copyto(
        target,
        picture.reshape(target.shape),
        casting="unsafe",
        where=True if valid is None else valid.reshape(*target.shape[:-1], 1),
    )


def draw_tile(
    picture: Pixels, tile: Tile, labels: NDArray[Any], drawn: NDArray[Any]
) -> None:
    """Draw labels into a tile of a picture; where the label is 0, it stays.

    labels: (n,); drawn: (K + 1, C), colour of each label.
    """
    values = picture.values(tile)
    redraw(labels, drawn, values, np.zeros(len(drawn), np.int64))
    # Not all: 64-bit integers went through float64.
    put(picture.colors[tile], values, labels > 0)


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
