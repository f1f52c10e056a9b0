"""Regions: labels and shapes as masks on the grid of an image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import numpy as np

from napari_colorquant.core.arrays import is_lazy
from napari_colorquant.viewer.layer_parts import levels_of, one_channel, unread
from napari_colorquant.viewer.region_grid import Grid, on_grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels, Shapes
    from numpy.typing import NDArray

    from napari_colorquant.core.blocks import Reach
    from napari_colorquant.core.lazy_seeds import LazySeeds


def region_labels(
    region: Labels | Shapes, layer: Image, shape: Sequence[int] | None = None
) -> NDArray[np.int64]:
    """Return which label of a region each pixel of an image lies in.

    A pixel is where its centre is in the world; where layers have units that can be
    converted, they are. A region of fewer axes than the image applies to all slices.

    Parameters
    ----------
    region : napari.layers.Labels or napari.layers.Shapes
        Labels, of which the nearest pixel counts (of a multiscale layer, that of the
        largest level); or closed shapes, edges included: numbered from 1, the later
        ones on top. Shapes of more axes than two apply to the slices that they are in.
    layer : napari.layers.Image
        The image.
    shape : sequence of int, optional
        Shape of one of its levels, without channels; by default of the largest one.

    Returns
    -------
    ndarray of int64
        Of that shape; 0 outside. Read-only where all slices are the same.

    Raises
    ------
    TypeError
        If the region is no labels or shapes layer.
    ValueError
        If it has more axes than the image, or shapes that surround nothing.
    """
    grid = on_grid(region, layer, shape)
    return grid[grid.whole]


class Limit(NamedTuple):
    """Where a region lets a level of an image be.

    Parameters
    ----------
    mask : ndarray of bool, or dask.array.Array of bool, or None
        True inside; None for everywhere.
    reach : callable or None
        Which blocks of a lazy level may have a pixel inside; see
        :data:`~napari_colorquant.core.blocks.Reach`.
    """

    mask: Any = None
    reach: Reach | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A region as it was when it was taken, for the levels of an image.

    Taking it takes no time; computing it does, and may be done in any thread.

    Parameters
    ----------
    name : str
        The layer's name.
    grids : tuple
        The region on the grid of each level, the largest first, not computed yet.
    chunks : tuple
        Sizes of the blocks of each level that is lazy; None for the others.
    """

    name: str
    grids: tuple[Grid, ...]
    chunks: tuple[Any, ...]

    def masks(self) -> list[Any]:
        """Compute where the region is.

        Returns
        -------
        list of ndarray of bool, or of dask.array.Array of bool
            True inside, one array a level, without channels. Lazy where the level is,
            in its blocks: a mask of a slide may be larger than memory.
        """
        return [
            (grid[grid.whole] if chunks is None else _lazily(grid, chunks)) > 0
            for grid, chunks in zip(self.grids, self.chunks, strict=True)
        ]

    def limits(self) -> list[Limit]:
        """Compute where the region is, and say which blocks it may reach.

        Returns
        -------
        list of Limit
            One a level: its :meth:`masks`.
        """
        return [
            Limit(mask, None if chunks is None else grid.reached)
            for mask, grid, chunks in zip(
                self.masks(), self.grids, self.chunks, strict=True
            )
        ]

    def labels(self) -> NDArray[np.int64] | LazySeeds:
        """Compute which label each pixel of the largest level lies in.

        Returns
        -------
        ndarray of int64, or LazySeeds
            See :func:`region_labels`. Lazy where the level is, in its blocks.
        """
        grid, chunks = self.grids[0], self.chunks[0]
        if chunks is None:
            return grid[grid.whole]
        from napari_colorquant.core.lazy_seeds import LazySeeds

        return LazySeeds(_lazily(grid, chunks), grid.reached)


def take_region(
    region: Labels | Shapes | None, layer: Image, channel_axis: int | None = None
) -> Region | None:
    """Take a region for the levels of an image.

    Parameters
    ----------
    region : napari.layers.Labels or napari.layers.Shapes, or None
        See :func:`region_labels`; None for none.
    layer : napari.layers.Image
        The image.
    channel_axis : int, optional
        Axis of the image that holds channels, which the region's grids have not.

    Returns
    -------
    Region or None
        A copy of what is painted or drawn, so that the user may go on.

    Raises
    ------
    TypeError
        As :func:`region_labels`.
    ValueError
        As :func:`region_labels`, or if there is no such axis.
    """
    if region is None:
        return None
    if channel_axis is not None:
        layer = one_channel(layer, channel_axis)
    grids, chunks = [], []
    for level in levels_of(layer):
        grids.append(on_grid(region, layer, level.shape[: layer.ndim]))
        lazy = is_lazy(level)
        chunks.append(unread(level).chunks[: layer.ndim] if lazy else None)
    return Region(region.name, tuple(grids), tuple(chunks))


def _lazily(grid: Grid, chunks: Any) -> Any:
    import dask.array as da

    # Not da.from_array: it looks at all blocks of a slide whenever one is computed.
    return da.map_blocks(
        partial(_block, grid),
        chunks=chunks,
        dtype=grid.dtype,
        meta=np.empty((0,) * grid.ndim, grid.dtype),
        name=f"region-{uuid4().hex}",  # or grids would be told apart by what they hold
    )


def _block(grid: Grid, block_info: Any = None) -> NDArray[np.int64]:
    places = block_info[None]["array-location"]
    return grid[tuple(slice(first, last) for first, last in places)]
