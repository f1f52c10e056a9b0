"""Pictures of channels: labels drawn in the colours that channels have together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.channels.stack import Level
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.image import mapped
from napari_colorquant.core.image.validate import is_lazy
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
    draw = partial(_draw_block, axes=axes, tables=tables)
    slices = None
    if slice_axis is not None:
        others = [axis for axis in range(labels.ndim) if axis != slice_axis]
        slices = np.expand_dims(np.arange(len(palettes)), others)
    if is_lazy(labels):
        plain = [channel.as_dict() for channel in channels]  # any process knows these
        function = partial(_draw_plain, draw, plain)
    else:
        function = partial(draw, channels)
    kind: Any = {"dtype": np.uint8, "channels": (labels.ndim, 3)}
    return mapped(function, labels, *level, slices, **kind, monitor=monitor)


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
) -> NDArray[np.uint8]:
    """Draw a block of labels; arrays: those of the images, then the slices' numbers."""
    slices = arrays[-1] if len(arrays) > len(axes) else None
    picture = draw_tables(labels, tables, slices)
    left_out = labels == 0
    if left_out.any():
        values: list[NDArray[Any]] = []
        for array, axis in zip(arrays, axes, strict=False):
            values += [array] if axis is None else list(np.moveaxis(array, axis, 0))
        colors = np.stack([one[left_out] for one in values], axis=1)
        picture[left_out] = np.rint(255.0 * composite_colors(colors, channels))
    return picture
