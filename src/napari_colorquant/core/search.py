"""Nearest palette entries where colours have no codes: converted, scaled, searched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.cells import MAX_CHANNELS, make_cells, search_cells
from napari_colorquant.core.nearest import search_all
from napari_colorquant.core.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.spaces import ColorSpace

EVERY = np.empty(0, bool)
"""What kernels take for "all pixels are valid"."""
Search = Callable[["NDArray[Any]", "NDArray[np.bool_] | None", "NDArray[Any]"], None]
"""Coordinates and their validity are given labels; safe to call from many threads."""


@dataclass(frozen=True, slots=True, eq=False)
class Searcher:
    """How the pixels of an image are compared with palette entries.

    Parameters
    ----------
    space : ColorSpace
        Where colours are compared.
    scale : float
        Power of two that brings coordinates of pixels and entries to 1 at most.
    survey : Survey
        What the image is like.
    """

    space: ColorSpace
    scale: float
    survey: Survey

    def coordinates(
        self, values: NDArray[Any], valid: NDArray[np.bool_] | None
    ) -> NDArray[Any]:
        """Convert a tile to the space.

        Parameters
        ----------
        values : ndarray, shape (n, C)
            The pixels.
        valid : ndarray of bool, shape (n,), or None
            False for pixels that may be no colours.

        Returns
        -------
        ndarray, shape (n, C)
            Not yet scaled: `values` themselves where they are in the space already.
        """
        if self.space.largest == 0:
            return values
        if valid is not None:
            values = np.where(valid[:, np.newaxis], values, 0)
        return self.space.forward(values)

    def search(self, entries: NDArray[np.float64]) -> Search:
        """Prepare to search among palette entries.

        Parameters
        ----------
        entries : ndarray of float64, shape (K, C)
            In the space, scaled.

        Returns
        -------
        callable
            Called with the coordinates of a tile, shape (n, C), the valid ones of them
            or None, and an array of labels to write, shape (n,): index + 1 of the
            nearest entry, the lower one of exact ties, 0 where not valid.
        """
        entries = np.ascontiguousarray(entries)
        scale = self.scale
        if entries.shape[1] > MAX_CHANNELS:

            def search(coordinates: Any, valid: Any, labels: Any) -> None:
                every = EVERY if valid is None else valid
                search_all(coordinates, every, scale, entries, labels)

            return search

        lows, highs = self.corners()
        n_pixels = self.survey.n_pixels
        cells = make_cells(entries, lows * scale, highs * scale, n_pixels)

        def search_near(coordinates: Any, valid: Any, labels: Any) -> None:
            every = EVERY if valid is None else valid
            search_cells(coordinates, every, scale, entries, *cells, labels)

        return search_near

    def corners(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the corners of a box that most colours of the image are in.

        Returns
        -------
        lows, highs : ndarray of float64, shape (C,)
            In the space, not scaled.
        """
        lows, highs = self.survey.lows, self.survey.highs
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
    """Make a searcher from plain data, in whatever process.

    Parameters
    ----------
    space : ColorSpace
        Where colours are compared.
    scale : float
        That of the searcher.
    lows, highs : sequence of float
        Smallest and largest value of each channel.
    n_pixels : int
        How many will be searched: what preparing is worth.

    Returns
    -------
    Searcher
        It finds the same as that of a survey of the image.
    """
    survey = Survey(
        valid_counts=np.array([n_pixels]),
        lows=np.array(lows),
        highs=np.array(highs),
        n_colors=0,
        n_colors_is_exact=False,
        distinct=None,
        is_uint8=False,
    )
    return Searcher(space, scale, survey)
