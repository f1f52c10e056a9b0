"""Lazy labels and pictures: dask arrays, whose blocks are computed on demand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.assign.color_map import ColorMap, draw_block, label_block
from napari_colorquant.core.assign.labels import count_labels
from napari_colorquant.core.compute.cluster import active_cluster, computed_in_order
from napari_colorquant.core.image.blocks import Blocks, block_tiles
from napari_colorquant.core.image.image import channels_of, mapped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.pixels import Tile


def lazy_labels(blocks: Blocks, color_map: ColorMap) -> Any:
    """Return lazy labels without a channel axis: palette index + 1, or 0."""
    label = partial(label_block, color_map)
    return mapped(label, blocks, blocks.mask, dtype=color_map.label_dtype)


def lazy_picture(blocks: Blocks, labels: Any, color_map: ColorMap) -> Any:
    """Return a lazy picture of an image in the colours of its lazy labels."""
    draw, channels = partial(draw_block, color_map), channels_of(blocks)
    return mapped(draw, blocks, labels, dtype=blocks.dtype, channels=channels)


def count_lazily(
    labels: Any,
    n_colors: int,
    monitor: Monitor,
    tiles: Sequence[Sequence[Tile]] | None = None,
) -> NDArray[np.int64]:
    """Return the pixels of each of K entries, counted block by block.

    Workers of an active cluster do it; raise ConnectionError if its scheduler is gone.
    Label 0 and labels beyond the palette are left out. tiles: parts to count, those of
    a block together; all by default.
    """
    counts = np.zeros(n_colors, np.int64)
    if tiles is None:
        tiles = [[tile] for tile in block_tiles(labels.chunks)]
    count = partial(_count_parts, n_colors)
    jobs = ((count, *(labels[tile] for tile in group)) for group in tiles)
    with active_cluster(monitor, "count") as cluster:
        found = computed_in_order(jobs, cluster, monitor)
        for part in monitor.over("count", found, len(tiles)):
            counts += part
    return counts


def _count_parts(n_colors: int, *parts: NDArray[Any]) -> NDArray[np.int64]:
    counts = np.zeros(n_colors, np.int64)
    for labels in parts:
        counts += count_labels(labels, n_colors)
    return counts
