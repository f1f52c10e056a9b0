"""Search the palette for what is nearest to colours: converted, scaled, compared."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.exhaustive import search_all
from napari_colorquant.core.assign.grid import make_cells, search_cells
from napari_colorquant.core.color.geometry import squared_distance
from napari_colorquant.core.compute.compiled import kernel

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.color.spaces import ColorSpace

    Box = tuple[NDArray[np.float64], NDArray[np.float64]]

EVERY = np.empty(0, bool)
"""What kernels take for "all pixels are valid"."""
Search = Callable[["NDArray[Any]", "NDArray[np.bool_] | None", "NDArray[Any]"], None]
"""Pixels and their validity are given labels; safe to call from many threads."""
_FEW = {1: 0, 2: 16, 3: 64}
"""Entries that are all compared in less time than a cell is found, by the number of
channels; with more channels there are no cells."""


def coordinates_in(
    space: ColorSpace, values: NDArray[Any], valid: NDArray[np.bool_] | None
) -> NDArray[Any]:
    """Return a tile (n, C) in a space, not scaled; in rgb, values themselves.

    Pixels that are not valid may be no colours: they are converted as 0. Raises
    ValueError for others that are no light.
    """
    if space.is_plain:
        return values
    if valid is not None:
        values = np.where(valid[:, np.newaxis], values, 0)
    return space.forward(values)


def box_in(space: ColorSpace, lows: ArrayLike, highs: ArrayLike) -> Box:
    """Return lows and highs (C,), not scaled, of a box with most colours of a range.

    It spans a grid of converted colours; a colour between them may be outside.
    """
    lows, highs = np.asarray(lows, np.float64), np.asarray(highs, np.float64)
    if not space.largest:  # of any channels, each by itself
        return space.forward(lows[np.newaxis])[0], space.forward(highs[np.newaxis])[0]
    axes = [np.linspace(a, b, 9) for a, b in zip(lows, highs, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    converted = space.forward(grid.reshape(-1, len(axes)))
    return converted.min(axis=0), converted.max(axis=0)


def search_for(
    entries: NDArray[np.float64], scale: float, box: Box, n_pixels: int
) -> Search:
    """Return what labels coordinates by their nearest entry.

    entries: (K, C), in the space, scaled; scale: brings coordinates to 1 at most, a
    power of two; box: see box_in; n_pixels: how many will be searched, which sets how
    much preparation is worth. Labels are index + 1, the lower index of exact ties, 0
    where not valid.
    """
    entries = np.ascontiguousarray(entries)
    n_entries, n_channels = entries.shape
    if n_entries <= _FEW.get(n_channels, n_entries):

        def search(coordinates: Any, valid: Any, labels: Any) -> None:
            every = EVERY if valid is None else valid
            search_all(coordinates, every, scale, entries, labels)

        return search

    lows, highs = box
    cells = make_cells(entries, lows * scale, highs * scale, n_pixels)

    def search_near(coordinates: Any, valid: Any, labels: Any) -> None:
        every = EVERY if valid is None else valid
        search_cells(coordinates, every, scale, entries, *cells, labels)

    return search_near


@kernel
def leave_out(
    coordinates: Any, scale: float, entries: Any, farthest: float, labels: Any
) -> None:
    """Set labels to 0 where the label's entry is farther than farthest.

    coordinates: (n, C), times scale in the units of entries, (K, C), and farthest. The
    distance itself is compared, as its square would round a limit that is a root.
    """
    x = np.empty((1, entries.shape[1]))
    for i in range(len(labels)):
        label = labels[i]
        if label != 0:
            for c in range(entries.shape[1]):
                x[0, c] = coordinates[i, c] * scale
            if np.sqrt(squared_distance(x, 0, entries, label - 1)) > farthest:
                labels[i] = 0
