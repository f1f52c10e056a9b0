"""Several image layers, one a channel, quantized together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.pixels import Pixels
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channel_source import ChannelSource
from napari_colorquant.viewer.layers.channels import ChannelResult
from napari_colorquant.viewer.tasks.quantize import as_shown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.quantization.painted import LazySeeds


def quantize_channel_source(
    source: ChannelSource,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds | None,
    per_class: int,
    monitor: Monitor,
) -> ChannelResult:
    """Quantize the channels of all levels in one palette, learned from the largest.

    Fixed colours are in the channels' own units.
    """
    # Here, in the worker's thread: it loads a compiler, which would stall a viewer.
    from napari_colorquant.core.channels.quantize_channels import quantize_joint

    given = (source.channels, source.levels, parameters, seeds, per_class)
    channels, results = quantize_joint(*given, monitor.part(0.0, 0.9))
    drawing = monitor.part(0.9, 1.0)
    return ChannelResult(channels, as_shown(source.levels, channels, results, drawing))


def apply_to_channels(
    source: ChannelSource, palette: Palette, monitor: Monitor
) -> ChannelResult:
    """Redraw the channels of all levels in a palette of their own units.

    ValueError if the palette has other channels.
    """
    from napari_colorquant.core.channels.quantize_channels import apply_to_joint

    n_channels = len(source.channels)
    if palette.n_channels != n_channels:
        raise ValueError(
            f"the palette has {palette.n_channels} channels and {n_channels} layers "
            "are selected: select one layer a channel."
        )
    given = (source.channels, source.levels, palette)
    channels, results = apply_to_joint(*given, monitor.part(0.0, 0.9))
    drawing = monitor.part(0.9, 1.0)
    return ChannelResult(channels, as_shown(source.levels, channels, results, drawing))


def loaded_channels(source: ChannelSource, monitor: Monitor) -> ChannelSource:
    """Return the source with its lazy channels loaded, which should be small."""
    levels: list[tuple[Pixels, ...]] = []
    n_pictures = len(source.levels) * len(source.channels)
    for level in source.levels:
        pictures: list[Pixels] = []
        for blocks in cast("tuple[Blocks, ...]", level):
            whole = tuple(slice(0, n) for n in blocks.shape)
            pictures += blocks.read([whole])
            n_read = len(levels) * len(source.channels) + len(pictures)
            monitor("read", n_read / n_pictures)
        levels.append(tuple(pictures))
    return replace(source, levels=tuple(levels))
