"""Regions: labels and shapes as masks on the grid of an image."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import numpy as np

from napari_colorquant.core.image.validate import is_lazy
from napari_colorquant.viewer.layers.layer_properties import (
    levels_of,
    one_channel,
    unread,
)
from napari_colorquant.viewer.layers.rasterize import Grid, on_grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from napari.layers import Image, Labels, Shapes
    from numpy.typing import NDArray

    from napari_colorquant.core.image.blocks import Reach
    from napari_colorquant.core.quantization.painted import LazySeeds


class Limit(NamedTuple):
    """The part of a level of an image that a region allows.

    mask: bool, dask's where the level is lazy; None for everywhere. reach: which blocks
    of a lazy level may have a pixel inside.
    """

    mask: Any = None
    reach: Reach | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """A region as it was when it was taken, for the levels of an image.

    Taking it takes no time; computing it does, and may be done in any thread. grids:
    the largest level first; chunks: block sizes of each lazy level, None for others.
    """

    name: str
    grids: tuple[Grid, ...]
    chunks: tuple[Any, ...]

    def masks(self) -> list[Any]:
        """Return where the region is: one bool array a level, without channels.

        Lazy where the level is, in its blocks: a mask of a slide may be larger than
        memory.
        """
        return [
            (grid[grid.whole] if chunks is None else _lazily(grid, chunks)) > 0
            for grid, chunks in zip(self.grids, self.chunks, strict=True)
        ]

    def limits(self) -> list[Limit]:
        """Return the mask of each level, and which blocks of a lazy one it reaches."""
        return [
            Limit(mask, None if chunks is None else grid.reached)
            for mask, grid, chunks in zip(
                self.masks(), self.grids, self.chunks, strict=True
            )
        ]

    def labels(self) -> NDArray[np.int64] | LazySeeds:
        """Return the label of each pixel of the largest level; lazy where that is."""
        grid, chunks = self.grids[0], self.chunks[0]
        if chunks is None:
            return grid[grid.whole]
        from napari_colorquant.core.quantization.painted import LazySeeds

        return LazySeeds(self.lazy(), grid.reached)

    def lazy(self) -> Any:
        """Return the labels of a largest level that is lazy, as dask's array."""
        return _lazily(self.grids[0], self.chunks[0])


def take_region(
    region: Labels | Shapes | None, layer: Image, channel_axis: int | None = None
) -> Region | None:
    """Copy what is painted or drawn for the levels of an image: the user may go on.

    channel_axis: axis of the image that the region's grids lack. Raises as on_grid, or
    ValueError if there is no such axis.
    """
    if region is None:
        return None
    if channel_axis is not None:
        layer = one_channel(layer, channel_axis)
    return region_on(region, layer, levels_of(layer))


def region_on(
    region: Labels | Shapes,
    layer: Image | Labels,
    levels: Sequence[Any],
    numbers: Sequence[int] | None = None,
) -> Region:
    """Copy what is painted or drawn for some levels of a layer without channels.

    numbers: of the shapes that count, from 1, by default all. Raises as on_grid.
    """
    grids, chunks = [], []
    for level in levels:
        grids.append(on_grid(region, layer, level.shape[: layer.ndim], numbers))
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
