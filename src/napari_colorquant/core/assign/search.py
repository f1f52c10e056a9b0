"""Nearest palette entries where colours have no codes: converted, scaled, searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.exhaustive import search_all
from napari_colorquant.core.assign.grid import MAX_CHANNELS, make_cells, search_cells
from napari_colorquant.core.color.statistics import Statistics

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.color.spaces import ColorSpace

EVERY = np.empty(0, bool)
"""What kernels take for "all pixels are valid"."""
Search = Callable[["NDArray[Any]", "NDArray[np.bool_] | None", "NDArray[Any]"], None]
"""Coordinates and their validity are given labels; safe to call from many threads."""


@dataclass(frozen=True, slots=True, eq=False)
class Searcher:
    """How the pixels of an image are compared with palette entries.

    scale: the power of two that brings coordinates of pixels and entries to 1 at most.
    """

    space: ColorSpace
    scale: float
    statistics: Statistics

    def coordinates(
        self, values: NDArray[Any], valid: NDArray[np.bool_] | None
    ) -> NDArray[Any]:
        """Return a tile (n, C) in the space, not scaled; in rgb, values themselves.

        Pixels that are not valid may be no colours: they are converted as 0. Raises
        ValueError for others that are no light.
        """
        if self.space.largest == 0:
            return values
        if valid is not None:
            values = np.where(valid[:, np.newaxis], values, 0)
        return self.space.forward(values)

    def search(self, entries: NDArray[np.float64]) -> Search:
        """Return what labels the pixels of a tile by their nearest entry.

        entries: (K, C), in the space, scaled. Labels are index + 1, the lower index of
        exact ties, 0 where not valid.
        """
        entries = np.ascontiguousarray(entries)
        scale = self.scale
        if entries.shape[1] > MAX_CHANNELS:

            def search(coordinates: Any, valid: Any, labels: Any) -> None:
                every = EVERY if valid is None else valid
                search_all(coordinates, every, scale, entries, labels)

            return search

        lows, highs = self.corners()
        n_pixels = self.statistics.n_pixels
        cells = make_cells(entries, lows * scale, highs * scale, n_pixels)

        def search_near(coordinates: Any, valid: Any, labels: Any) -> None:
            every = EVERY if valid is None else valid
            search_cells(coordinates, every, scale, entries, *cells, labels)

        return search_near

    def corners(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return lows and highs (C,), not scaled, of a box with most colours.

        It spans a grid of converted colours; a colour between them may be outside.
        """
        lows, highs = self.statistics.lows, self.statistics.highs
        if self.space.largest == 0:
            return lows, highs
        axes = [np.linspace(a, b, 9) for a, b in zip(lows, highs, strict=True)]
        grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
        converted = self.space.forward(grid.reshape(-1, len(axes)))
        return converted.min(axis=0), converted.max(axis=0)


def searcher_between(
    space: ColorSpace,
    scale: float,
    lows: Sequence[float],
    highs: Sequence[float],
    n_pixels: int,
) -> Searcher:
    """Return a searcher that finds the same as that of a survey, in any process.

    lows, highs: of each channel; n_pixels: how many will be searched, which sets how
    much preparation is worth.
    """
    statistics = Statistics(
        valid_counts=np.array([n_pixels]),
        lows=np.array(lows),
        highs=np.array(highs),
        n_colors=0,
        n_colors_is_exact=False,
        distinct=None,
        is_uint8=False,
    )
    return Searcher(space, scale, statistics)
