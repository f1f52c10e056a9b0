"""Several image layers, one a channel, quantized together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channel_source import ChannelSource
from napari_colorquant.viewer.layers.channels import Channel, ChannelResult
from napari_colorquant.viewer.layers.composite import draw_composite
from napari_colorquant.viewer.tasks.lazy_channels import (
    apply_to_lazy_channels,
    lazy_joint,
    quantize_lazy_channels,
)
from napari_colorquant.viewer.tasks.scaling import (
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
    from numpy.typing import ArrayLike

    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.quantization.lazy_seeds import LazySeeds


def quantize_channels(
    source: ChannelSource,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds | None,
    per_class: int,
    monitor: Monitor,
) -> ChannelResult:
    """Quantize the channels of all levels in one palette, learned from the largest.

    In memory they are held once more in one array (float32 if scaled), and as redrawn;
    of lazy ones a bounded number of blocks is read. Fixed colours are in own units.
    """
    # Here, in the worker's thread: it loads a compiler, which would stall a viewer.
    from napari_colorquant.core.quantization.run import apply_to_pixels, quantize_pixels
    from napari_colorquant.core.quantization.seeds import learn_seeds

    if source.lazy_levels:
        return ChannelResult(
            *quantize_lazy_channels(source, parameters, seeds, per_class, monitor)
        )
    channels = _measured(source, monitor.part(0.0, 0.2))
    scaled = scaled_parameters(parameters, channels)
    palette, own, results = None, None, []
    for i, level in enumerate(source.levels_in_memory):
        part = _of_level(monitor, i, len(source.levels_in_memory))
        pixels = _stacked(level, channels, part.part(0.0, 0.1))
        if palette is None or own is None:
            if seeds is not None:
                painted = cast("ArrayLike", seeds)  # not lazy, where no layer is
                given = (pixels, painted, scaled, per_class)
                seeded = learn_seeds(*given, part.part(0.1, 0.3))
                parameters = with_classes(parameters, seeded, channels)
                scaled = scaled_parameters(parameters, channels)
            found = quantize_pixels(pixels, scaled, part.part(0.3, 0.9))
            palette = found.palette
            own = in_own_units(palette, channels, parameters.fixed)
        else:
            found = apply_to_pixels(pixels, palette, part.part(0.3, 0.9))
        drawing = part.part(0.9, 1.0)
        picture = draw_composite(level, channels, (own,), found.labels, None, drawing)
        asked = found.report.parameters and parameters
        results.append(
            replace(
                found,
                palette=replace(own, counts=found.palette.counts),
                image=picture,
                report=replace(found.report, parameters=asked),
            )
        )
    return ChannelResult(channels, tuple(results))


def apply_to_channels(
    source: ChannelSource, palette: Palette, monitor: Monitor
) -> ChannelResult:
    """Redraw the channels of all levels in a palette of their own units.

    Colours are compared as the channels are scaled. ValueError if the palette has other
    channels.
    """
    from napari_colorquant.core.quantization.run import apply_to_pixels

    n_channels = len(source.channels)
    if palette.n_channels != n_channels:
        raise ValueError(
            f"the palette has {palette.n_channels} channels and {n_channels} layers "
            "are selected: select one layer a channel."
        )
    if source.lazy_levels:
        return ChannelResult(*apply_to_lazy_channels(source, palette, monitor))
    channels = _measured(source, monitor.part(0.0, 0.2))
    own = palette.uncounted()
    scaled = scaled_palette(own, channels)
    assert scaled is not None
    results = []
    for i, level in enumerate(source.levels_in_memory):
        part = _of_level(monitor, i, len(source.levels_in_memory))
        pixels = _stacked(level, channels, part.part(0.0, 0.2))
        found = apply_to_pixels(pixels, scaled, part.part(0.2, 0.8))
        drawing = part.part(0.8, 1.0)
        picture = draw_composite(level, channels, (own,), found.labels, None, drawing)
        counted = replace(own, counts=found.palette.counts)
        results.append(replace(found, palette=counted, image=picture))
    return ChannelResult(channels, tuple(results))


def classes_of_channels(
    source: ChannelSource,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds,
    per_class: int,
    monitor: Monitor,
) -> Parameters:
    """Learn painted classes on the largest level; return them as fixed entries.

    Fixed colours, given and returned, are in the channels' own units. ValueError if the
    seeds do not fit, or there is nothing to learn from.
    """
    from napari_colorquant.core.quantization.lazy_seeds import learn_seeds_lazily
    from napari_colorquant.core.quantization.seeds import learn_seeds

    scaling, learning = monitor.part(0.0, 0.5), monitor.part(0.5, 1.0)
    if source.lazy_levels:
        channels, levels = lazy_joint(source, scaling)
        scaled = scaled_parameters(parameters, channels)
        seeded = learn_seeds_lazily(levels[0], seeds, scaled, per_class, learning)
    else:
        channels, pixels = joint(source, scaling)
        scaled = scaled_parameters(parameters, channels)
        painted = cast("ArrayLike", seeds)  # not lazy, where no layer is
        seeded = learn_seeds(pixels, painted, scaled, per_class, learning)
    return with_classes(parameters, seeded, channels)


def joint(
    source: ChannelSource, monitor: Monitor
) -> tuple[tuple[Channel, ...], Pixels]:
    """Scale and stack the channels of the largest level; they are in memory."""
    channels = _measured(source, monitor.part(0.0, 0.5))
    level = source.levels_in_memory[0]
    return channels, _stacked(level, channels, monitor.part(0.5, 1.0))


def _of_level(monitor: Monitor, i: int, n_levels: int) -> Monitor:
    """Return the part of one of the levels, once the channels are measured."""
    return monitor.part(0.2, 1.0).part(i / n_levels, (i + 1) / n_levels)


def _measured(source: ChannelSource, monitor: Monitor) -> tuple[Channel, ...]:
    if source.scaling != "zscore":
        return source.channels
    return measured(source.levels_in_memory[0], source.channels, monitor)


def _stacked(
    level: Sequence[Pixels], channels: Sequence[Channel], monitor: Monitor
) -> Pixels:
    """Scale the channels into one array, channels last."""
    first, scales = level[0], scales_of(channels)
    dtype = scaled_dtype((pixels.dtype for pixels in level), scales)
    stack = np.empty((*first.shape, len(level)), dtype)

    def put(tile: Tile) -> None:
        values = [pixels.colors[tile][..., 0] for pixels in level]
        stack[tile] = stack_scaled(values, scales, dtype)

    tiles = first.tiles()
    for _ in monitor.over("survey", map_in_order(put, tiles), len(tiles)):
        pass
    return see_pixels(stack, stack.ndim - 1, first.mask, first.learn_mask)
