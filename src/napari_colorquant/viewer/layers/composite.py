"""Pictures of channels: labels drawn in the colours that channels have together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from napari_colorquant.core.channels.stack import Level
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.pixels import Pixels, Tile
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
    if isinstance(level[0], Blocks):
        lazy = cast("tuple[Blocks, ...]", level)
        return _lazy_composite(lazy, channels, palettes, labels, slice_axis)
    pictures = cast("tuple[Pixels, ...]", level)
    tables = composite_tables(palettes, channels)
    picture = np.empty((*labels.shape, 3), np.uint8)
    every: NDArray[np.int64] | None = None
    if slice_axis is not None:
        numbers = np.arange(len(palettes))
        every = np.expand_dims(numbers, _others(labels, slice_axis))

    def draw(tile: Tile) -> None:
        own = labels[tile]
        values = [
            pixels.colors[tile][..., c]
            for pixels in pictures
            for c in range(pixels.n_channels)
        ]
        slices = None if every is None else np.broadcast_to(every, labels.shape)[tile]
        picture[tile] = _drawn(own, values, tables, channels, slices)

    tiles = pictures[0].tiles()
    for _ in monitor.over("assign", map_in_order(draw, tiles), len(tiles)):
        pass
    return picture


def _lazy_composite(
    level: Sequence[Blocks],
    channels: Sequence[LayerChannel],
    palettes: Sequence[Palette],
    labels: Any,
    slice_axis: int | None,
) -> Any:
    import dask.array as da

    spatial = tuple(range(labels.ndim))
    of_channels, of_rgb = labels.ndim, labels.ndim + 1
    pairs, axes = [], []
    for blocks in level:
        axis, chunks, index = blocks.outline.channel_axis, [*labels.chunks], [*spatial]
        if axis is not None:
            chunks.insert(axis, (blocks.image.shape[axis],))
            index.insert(axis, of_channels)
        pairs.append((blocks.image.rechunk(tuple(chunks)), tuple(index)))
        axes.append(axis)
    if slice_axis is not None:
        numbers = da.arange(len(palettes), chunks=(labels.chunks[slice_axis],))
        pairs.append((numbers, (slice_axis,)))
    draw = partial(
        _draw_block,
        axes=axes,
        tables=composite_tables(palettes, channels),
        plain=[channel.as_dict() for channel in channels],  # any process understands it
        slice_axis=slice_axis,
    )
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


def _draw_block(
    labels: NDArray[Any],
    *arrays: NDArray[Any],
    axes: Sequence[int | None],
    tables: NDArray[np.uint8],
    plain: Sequence[Mapping[str, Any]],
    slice_axis: int | None,
) -> NDArray[np.uint8]:
    values: list[NDArray[Any]] = []
    for array, axis in zip(arrays, axes, strict=False):
        values += [array] if axis is None else list(np.moveaxis(array, axis, 0))
    slices = None
    if slice_axis is not None:
        slices = np.expand_dims(arrays[-1], _others(labels, slice_axis))
    channels = [LayerChannel.from_dict(one) for one in plain]
    return _drawn(labels, values, tables, channels, slices)


def _drawn(
    labels: NDArray[Any],
    values: Sequence[NDArray[Any]],
    tables: NDArray[np.uint8],
    channels: Sequence[LayerChannel],
    slices: NDArray[np.int64] | None,
) -> NDArray[np.uint8]:
    picture = draw_tables(labels, tables, slices)
    left_out = labels == 0
    if left_out.any():
        colors = np.stack([one[left_out] for one in values], axis=1)
        picture[left_out] = np.rint(255.0 * composite_colors(colors, channels))
    return picture


def _others(labels: NDArray[Any], axis: int) -> tuple[int, ...]:
    return tuple(other for other in range(labels.ndim) if other != axis)
