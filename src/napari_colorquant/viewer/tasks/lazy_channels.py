"""Several lazy image layers, one a channel, quantized together block by block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks, masked_as, see_blocks
from napari_colorquant.core.image.pixels import Pixels, see_pixels
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channel_source import ChannelSource
from napari_colorquant.viewer.layers.channels import Channel
from napari_colorquant.viewer.layers.composite import lazy_composite
from napari_colorquant.viewer.tasks.scaling import (
    Scale,
    in_own_units,
    measured,
    scaled_dtype,
    scaled_palette,
    scaled_parameters,
    scales_of,
    stack_scaled,
    with_classes,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.quantization.lazy_seeds import LazySeeds
    from napari_colorquant.core.quantization.result import Quantization

_Results = tuple[tuple[Channel, ...], tuple["Quantization", ...]]


def quantize_lazy_channels(
    source: ChannelSource,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds | None,
    per_class: int,
    monitor: Monitor,
) -> _Results:
    """Quantize lazy channels in one palette, learned from blocks of the largest level.

    Return the channels as scaled, by means and deviations of the blocks that are read,
    and one lazy result a level. Fixed colours are in the channels' own units.
    """
    from napari_colorquant.core.quantization.larger import quantize_levels
    from napari_colorquant.core.quantization.lazy_seeds import learn_seeds_lazily

    channels, levels = lazy_joint(source, monitor.part(0.0, 0.25))
    scaled = scaled_parameters(parameters, channels)
    if seeds is not None:
        given = (levels[0], seeds, scaled, per_class)
        seeded = learn_seeds_lazily(*given, monitor.part(0.25, 0.5))
        parameters = with_classes(parameters, seeded, channels)
        scaled = scaled_parameters(parameters, channels)
    found = quantize_levels(levels, scaled, monitor.part(0.5, 1.0))
    own = in_own_units(found[0].palette, channels, parameters.fixed)
    drawn = _drawn(source, channels, own, found)
    return channels, tuple(
        replace(one, report=replace(one.report, parameters=parameters)) for one in drawn
    )


def apply_to_lazy_channels(
    source: ChannelSource, palette: Palette, monitor: Monitor
) -> _Results:
    """Redraw lazy channels in a palette in their own units.

    Return what `quantize_lazy_channels` returns.
    """
    from napari_colorquant.core.quantization.larger import apply_to_levels

    own = palette.uncounted()
    channels, levels = lazy_joint(source, monitor.part(0.0, 0.5))
    scaled = scaled_palette(own, channels)
    assert scaled is not None
    found = apply_to_levels(levels, scaled, monitor.part(0.5, 1.0))
    return channels, _drawn(source, channels, own, found)


def lazy_joint(
    source: ChannelSource, monitor: Monitor
) -> tuple[tuple[Channel, ...], tuple[Blocks, ...]]:
    """Return the channels as scaled, and one lazy array of all of them a level.

    Progress is only reported for z-scores.
    """
    channels = _measured(source, monitor)
    return channels, tuple(_stacked(level, channels) for level in source.lazy_levels)


def loaded_channels(source: ChannelSource, monitor: Monitor) -> ChannelSource:
    """Return the source with its lazy channels loaded, which should be small."""
    levels: list[tuple[Pixels, ...]] = []
    n_pictures = len(source.lazy_levels) * len(source.channels)
    for level in source.lazy_levels:
        pictures: list[Pixels] = []
        for blocks in level:
            whole = tuple(slice(0, n) for n in blocks.shape)
            pictures += blocks.read([whole])
            n_read = len(levels) * len(source.channels) + len(pictures)
            monitor("read", n_read / n_pictures)
        levels.append(tuple(pictures))
    return replace(source, levels=tuple(levels))


def _measured(source: ChannelSource, monitor: Monitor) -> tuple[Channel, ...]:
    """Find mean and deviation of each channel in the blocks that are read, if needed.

    All blocks are read where the image is no larger than is read to learn from.
    """
    from napari_colorquant.core.image.sampling import timed_excerpt

    if source.scaling != "zscore":
        return source.channels
    unscaled = [replace(channel, scaling="none") for channel in source.channels]
    every = [
        replace(blocks, mask=None, learn_mask=None) for blocks in source.lazy_levels[0]
    ]
    together = _stacked(every, unscaled)
    excerpt, _ = timed_excerpt(together, 0, monitor.part(0.0, 0.5))
    colors = excerpt.pixels.colors
    if colors.ndim < 3:  # a table of some pixels
        colors = colors[:, np.newaxis]
    pictures = [see_pixels(colors[..., c], None) for c in range(len(unscaled))]
    return measured(pictures, source.channels, monitor.part(0.5, 1.0))


def _stacked(level: Sequence[Blocks], channels: Sequence[Channel]) -> Blocks:
    """Return the scaled channels as one lazy array, channels last.

    Its blocks are those of the first channel.
    """
    import dask.array as da

    first, scales = level[0], scales_of(channels)
    dtype = scaled_dtype((blocks.dtype for blocks in level), scales)
    # Not da.stack, which makes several tasks of each block, and all of them at once.
    stack = da.map_blocks(
        partial(_scale, scales=scales, dtype=dtype.str),
        *(blocks.image.rechunk(first.chunks) for blocks in level),
        new_axis=len(first.shape),
        chunks=(*first.chunks, (len(level),)),
        dtype=dtype,
        meta=np.empty((0,) * (len(first.shape) + 1), dtype),
    )
    return masked_as(see_blocks(stack, stack.ndim - 1), first)


def _scale(*values: NDArray[Any], scales: Sequence[Scale], dtype: str) -> NDArray[Any]:
    return stack_scaled(values, scales, dtype)


def _drawn(
    source: ChannelSource,
    channels: Sequence[Channel],
    own: Palette,
    found: Sequence[Quantization],
) -> tuple[Quantization, ...]:
    """Return results with palettes in the channels' own units, and pictures of them."""
    return tuple(
        replace(
            one,
            palette=replace(own, counts=one.palette.counts),
            image=lazy_composite(level, channels, (own,), one.labels),
        )
        for level, one in zip(source.lazy_levels, found, strict=True)
    )
