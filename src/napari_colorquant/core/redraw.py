"""Redrawing: labels become colours, in an array or on the way to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.pixels import Pixels, Tile


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


def canvas(
    redrawn: Pixels, tile: Tile, values: NDArray[Any], valid: NDArray[np.bool_] | None
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
    valid : ndarray of bool, shape (n,), or None
        Which of them are redrawn.

    Returns
    -------
    target : ndarray, shape (*tile, C)
        Where the picture belongs.
    picture : ndarray, shape (n, C)
        Where it is drawn, in the dtype of `values`: the same memory if that can be.
    """
    target = redrawn.colors[tile]
    direct = (
        valid is None and target.flags.c_contiguous and target.dtype == values.dtype
    )
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


@njit(nogil=True, cache=True)
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


def squared_error(
    values: NDArray[Any], picture: NDArray[Any], labels: NDArray[Any], scale: float
) -> float:
    """Return the sum over valid pixels and channels of the squared difference.

    Parameters
    ----------
    values, picture : ndarray, shape (n, C)
        A tile and its redrawn picture.
    labels : ndarray, shape (n,)
        0 where a pixel is not valid.
    scale : float
        What the differences are multiplied by.

    Returns
    -------
    float
        In scaled units.
    """
    return float(_squared_error(values, picture, labels, scale))


@njit(nogil=True, cache=True)
def _squared_error(values: Any, picture: Any, labels: Any, scale: float) -> float:
    total = 0.0
    for i in range(values.shape[0]):
        if labels[i] > 0:
            for c in range(values.shape[1]):
                d = values[i, c] * scale - picture[i, c] * scale
                total += d * d
    return total
