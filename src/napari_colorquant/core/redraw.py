"""Redrawing: labels become colours, in an array or on the way to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.pixels import Pixels, Tile

_BLOCK = 512
"""Pixels drawn and compared at a time: they stay in the cache in between."""


def drawn_labels(palette: Palette, pixels: Pixels) -> NDArray[Any]:
    """Return the colour of each label.

    Parameters
    ----------
    palette : Palette
        The palette.
    pixels : Pixels
        The image that is redrawn.

    Returns
    -------
    ndarray, shape (K + 1, C)
        In the dtype that kernels see; that of label 0 is never seen.
    """
    drawn = palette.drawn(pixels.dtype).astype(pixels.work_dtype)
    return np.concatenate([np.zeros_like(drawn[:1]), drawn])


def carry_over(
    pixels: Pixels, redrawn: Pixels, tile: Tile, n_valid: int
) -> NDArray[np.bool_] | None:
    """Bring what is not redrawn of a tile to its place.

    Parameters
    ----------
    pixels : Pixels
        The image.
    redrawn : Pixels
        The picture that is made: of the same shape, its memory not yet written.
    tile : tuple of slice
        One of their tiles.
    n_valid : int
        How many of its pixels are valid, as a survey knows.

    Returns
    -------
    ndarray of bool, shape (n,), or None
        Which of them are; None where all are.
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
    """Return where a tile's picture belongs, and an array to draw it in.

    Parameters
    ----------
    redrawn : Pixels
        The picture that is made.
    tile : tuple of slice
        One of its tiles.
    values : ndarray, shape (n, C)
        The image's pixels there.
    whole : bool
        True if all that is drawn may be written to the picture.

    Returns
    -------
    target : ndarray, shape (*tile, C)
        Where the picture belongs.
    picture : ndarray, shape (n, C)
        Where it is drawn, in the dtype of `values`: the same memory if that can be.
    """
    target = redrawn.colors[tile]
    direct = whole and target.flags.c_contiguous and target.dtype == values.dtype
    return target, target.reshape(values.shape) if direct else np.empty_like(values)


def put(
    target: NDArray[Any], picture: NDArray[Any], valid: NDArray[np.bool_] | None
) -> None:
    """Bring a tile's picture to where it belongs, if it is not there already.

    Parameters
    ----------
    target, picture : ndarray
        What :func:`canvas` returned.
    valid : ndarray of bool, shape (n,), or None
        Which pixels are redrawn.
    """
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
    """Draw labels into a tile of a picture that is there already.

    Parameters
    ----------
    picture : Pixels
        Written to where the label is not 0.
    tile : tuple of slice
        One of its tiles.
    labels : ndarray of uint8 or uint16, shape (n,)
        Index + 1, or 0 for pixels to leave as they are.
    drawn : ndarray, shape (K + 1, C)
        The colour of each label.
    """
    values = picture.values(tile)
    redraw(labels, drawn, values, np.zeros(len(drawn), np.int64))
    # Not all: 64-bit integers went through float64.
    put(picture.colors[tile], values, labels > 0)


@kernel
def redraw(labels: Any, drawn: Any, picture: Any, counts: Any) -> None:
    """Draw a tile's labels, and count them.

    Parameters
    ----------
    labels : ndarray of uint8 or uint16, shape (n,)
        Index + 1, or 0 for pixels to leave as they are.
    drawn : ndarray, shape (K + 1, C)
        The colour of each label.
    picture : ndarray, shape (n, C)
        Written where the label is not 0.
    counts : ndarray of int64, shape (K + 1,)
        Pixels of each label are added.
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
    """Do the same, and measure the error while the pixels are at hand.

    Parameters
    ----------
    values : ndarray, shape (n, C)
        The tile; contiguous, as is the picture.
    labels, drawn, picture, counts : ndarray
        See :func:`redraw`.
    scale : float
        What differences are multiplied by.

    Returns
    -------
    float
        Sum over the pixels whose label is not 0, and over channels, of the squared
        difference between the tile and its picture, in scaled units.
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
    """Return the sum of the squared differences; in which order is left open."""
    total = 0.0
    for j in range(len(before)):
        d = before[j] * scale - after[j] * scale
        total += d * d
    return total
