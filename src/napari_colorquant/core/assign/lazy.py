"""Lazy labels and pictures: dask arrays, whose blocks are computed on demand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.color_map import ColorMap, draw_block, label_block
from napari_colorquant.core.assign.labels import count_labels
from napari_colorquant.core.compute.cluster import active_cluster, computed_in_order
from napari_colorquant.core.image.blocks import Blocks, block_tiles, from_blocks
from napari_colorquant.core.palette.palette import indices_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor


def lazy_labels(blocks: Blocks, color_map: ColorMap) -> Any:
    """Return lazy labels without a channel axis: palette index + 1, or 0."""
    label = partial(label_block, color_map)
    return from_blocks(label, blocks, blocks.mask, dtype=color_map.label_dtype)


def lazy_picture(blocks: Blocks, labels: Any, color_map: ColorMap) -> Any:
    """Return a lazy picture of an image in the colours of its lazy labels."""
    draw = partial(draw_block, color_map)
    return from_blocks(draw, blocks, labels, dtype=blocks.dtype, channels=True)


def lazy_indices(labels: Any, dtype: Any) -> Any:
    """Return lazy palette indices of lazy labels; 0 where the label is 0."""
    meta = np.empty((0,) * labels.ndim, dtype)
    return labels.map_blocks(partial(indices_of, dtype=dtype), dtype=dtype, meta=meta)


def count_lazily(labels: Any, n_colors: int, monitor: Monitor) -> NDArray[np.int64]:
    """Return the pixels of each of K entries, counted block by block.

    Workers of an active cluster do it; raise ConnectionError if its scheduler is gone.
    Label 0 and labels beyond the palette are left out.
    """
    counts = np.zeros(n_colors, np.int64)
    tiles = block_tiles(labels.chunks)
    jobs = ((count_labels, labels[tile], n_colors) for tile in tiles)
    with active_cluster(monitor, "count") as cluster:
        found = computed_in_order(jobs, cluster, monitor)
        for part in monitor.over("count", found, labels.npartitions):
            counts += part
    return counts
