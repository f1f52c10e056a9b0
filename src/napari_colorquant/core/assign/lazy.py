"""Lazy labels and pictures: dask arrays, whose blocks are computed on demand."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.assign.color_map import ColorMap, draw_block, label_block
from napari_colorquant.core.image.image import channels_of, mapped

if TYPE_CHECKING:
    from napari_colorquant.core.image.blocks import Blocks


def lazy_labels(blocks: Blocks, color_map: ColorMap) -> Any:
    """Return lazy labels without a channel axis: palette index + 1, or 0."""
    label = partial(label_block, color_map)
    return mapped(label, blocks, blocks.mask, dtype=color_map.label_dtype)


def lazy_picture(blocks: Blocks, labels: Any, color_map: ColorMap) -> Any:
    """Return a lazy picture of an image in the colours of its lazy labels."""
    draw, channels = partial(draw_block, color_map), channels_of(blocks)
    return mapped(draw, blocks, labels, dtype=blocks.dtype, channels=channels)
