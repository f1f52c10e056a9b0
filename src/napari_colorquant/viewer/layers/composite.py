"""Pictures of channels: labels drawn in the colours that channels have together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.channels.stack import Level
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.pixels import (
    TILE_PIXELS,
    Tile,
    tiles_of,
    with_channels,
)
from napari_colorquant.viewer.layers.channels import (
    LayerChannel,
    composite_colors,
    composite_palette,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from napari_colorquant.core.palette.palette import Palette


def composite_tables(
    palettes: Sequence[Palette], channels: Sequence[LayerChannel]
) -> NDArray[np.uint8]:
    """Return the RGB colour of each label, uint8, shape (n_palettes, K + 1, 3).

    Label 0 is black. Palettes are in the channels' own units: one, or one a slice.
    """
    drawn = np.stack(
        [composite_palette(one, channels).drawn(np.uint8) for one in palettes]
    )
    return np.concatenate([np.zeros_like(drawn[:, :1]), drawn], axis=1)


def draw_tables(
    labels: NDArray[Any], tables: NDArray[np.uint8], slices: NDArray[np.int64] | None
) -> NDArray[np.uint8]:
    """Return labels drawn as RGB, uint8, shape (*shape, 3).

    Labels beyond the palette have the last colour. slices: index of the palette of each
    pixel, in a shape that broadcasts to that of labels; None for a single palette.
    """
    if slices is None:
        return np.take(tables[0], labels, axis=0, mode="clip")
    picture: NDArray[np.uint8] = tables[slices, np.minimum(labels, tables.shape[1] - 1)]
    return picture


def draw_composite(
    level: Level,
    channels: Sequence[LayerChannel],
    palettes: Sequence[Palette],
    labels: Any,
    slice_axis: int | None,
    monitor: Monitor,
) -> Any:
    """Draw labels as RGB, uint8, shape (*shape, 3), tile by tile; lazily if lazy.

    Pixels with label 0 are drawn as they are. level: pictures of one channel each, or
    one of all; palettes: in the channels' own units, one, or one a slice.
    """
    axes = [picture.outline.channel_axis for picture in level]
    tables = composite_tables(palettes, channels)
    draw = partial(_draw_block, axes=axes, tables=tables, slice_axis=slice_axis)
    if isinstance(level[0], Blocks):
        plain = [channel.as_dict() for channel in channels]  # any process knows these
        images = [picture.image for picture in level]
        slices = None if slice_axis is None else (slice_axis, len(palettes))
        return _lazily(partial(_draw_plain, draw, plain), labels, images, axes, slices)
    drawn = np.empty((*labels.shape, 3), np.uint8)
    every = np.arange(len(palettes))

    def put(tile: Tile) -> None:
        parts = [
            picture.image[with_channels(tile, axis)]
            for picture, axis in zip(level, axes, strict=True)
        ]
        if slice_axis is not None:
            parts.append(every[tile[slice_axis]])
        drawn[tile] = draw(channels, labels[tile], *parts)

    tiles = tiles_of(labels.shape, TILE_PIXELS)
    for _ in monitor.over("assign", map_in_order(put, tiles), len(tiles)):
        pass
    return drawn


def _lazily(
    draw: partial[NDArray[np.uint8]],
    labels: Any,
    images: Sequence[Any],
    axes: Sequence[int | None],
    slices: tuple[int, int] | None,
) -> Any:
    """Return what draw gives for each block of labels and images, as a dask array.

    slices: the axis of slices, and their number; their numbers are passed then.
    """
    import dask.array as da

    spatial = tuple(range(labels.ndim))
    of_channels, of_rgb = labels.ndim, labels.ndim + 1
    pairs: list[tuple[Any, tuple[int, ...]]] = []
    for image, axis in zip(images, axes, strict=True):
        chunks, index = [*labels.chunks], [*spatial]
        if axis is not None:
            chunks.insert(axis, (image.shape[axis],))
            index.insert(axis, of_channels)
        pairs.append((image.rechunk(tuple(chunks)), tuple(index)))
    if slices is not None:
        along, n_slices = slices
        pairs.append((da.arange(n_slices, chunks=(labels.chunks[along],)), (along,)))
    return da.blockwise(
        draw,
        (*spatial, of_rgb),
        labels,
        spatial,
        *chain.from_iterable(pairs),
        new_axes={of_rgb: 3},
        concatenate=True,
        dtype=np.uint8,
        meta=np.empty((0,) * (labels.ndim + 1), np.uint8),
    )


def _draw_plain(
    draw: partial[NDArray[np.uint8]],
    plain: Sequence[Mapping[str, Any]],
    *arrays: NDArray[Any],
) -> NDArray[np.uint8]:
    return draw([LayerChannel.from_dict(one) for one in plain], *arrays)


def _draw_block(
    channels: Sequence[LayerChannel],
    labels: NDArray[Any],
    *arrays: NDArray[Any],
    axes: Sequence[int | None],
    tables: NDArray[np.uint8],
    slice_axis: int | None,
) -> NDArray[np.uint8]:
    """Draw a block of labels; arrays: those of the images, then the slices' numbers."""
    slices = None
    if slice_axis is not None:
        slices = np.expand_dims(arrays[-1], _others(labels, slice_axis))
    picture = draw_tables(labels, tables, slices)
    left_out = labels == 0
    if left_out.any():
        values: list[NDArray[Any]] = []
        for array, axis in zip(arrays, axes, strict=False):
            values += [array] if axis is None else list(np.moveaxis(array, axis, 0))
        colors = np.stack([one[left_out] for one in values], axis=1)
        picture[left_out] = np.rint(255.0 * composite_colors(colors, channels))
    return picture


def _others(labels: NDArray[Any], axis: int) -> tuple[int, ...]:
    return tuple(other for other in range(labels.ndim) if other != axis)
