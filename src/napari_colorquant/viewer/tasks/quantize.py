"""What is done with a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

from napari_colorquant.core.channels.stack import Level
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.image import axis_of_labels
from napari_colorquant.viewer.layers.channels import LayerChannel
from napari_colorquant.viewer.layers.composite import draw_composite
from napari_colorquant.viewer.layers.source import Source

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.painted import LazySeeds
    from napari_colorquant.core.quantization.result import (
        Quantization,
        SliceQuantization,
    )


def quantize_source(
    source: Source,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds | None,
    per_class: int,
    monitor: Monitor,
) -> tuple[Quantization, ...]:
    """Quantize all levels of a source in one palette, learned from the largest.

    Of a lazy one, a bounded number of its blocks is read: other levels lack colours.
    With a channel axis, pictures are RGB, uint8, and the palette is in own units.
    """
    # Here, in the worker's thread: it loads a compiler, which would stall a viewer.
    from napari_colorquant.core.quantization.levels import (
        quantize_levels,
    )
    from napari_colorquant.core.quantization.seeds import learn_classes

    start, levels = 0.0, source.levels
    if seeds is not None:
        start = 0.2
        given = (levels[0], parameters, seeds, per_class)
        parameters = learn_classes(*given, monitor.part(0.0, start))
    results = quantize_levels(levels, parameters, monitor.part(start, 0.9))
    return _of_source(source, results, monitor.part(0.9, 1.0))


def quantize_source_slices(
    source: Source, parameters: Parameters, slice_axis: int, monitor: Monitor
) -> tuple[SliceQuantization, ...]:
    """Quantize all levels of a source with one palette a slice.

    slice_axis: of the layer, z or t. Labels and pictures are lazy where the source is.
    """
    from napari_colorquant.core.quantization.slices import quantize_stack

    learning = monitor.part(0.0, 0.9)
    results = quantize_stack(source.levels, parameters, slice_axis, learning)
    return _of_source(source, results, monitor.part(0.9, 1.0))


def quantize_loaded(
    source: Source, parameters: Parameters, slice_axis: int | None, monitor: Monitor
) -> tuple[Quantization, ...] | tuple[SliceQuantization, ...]:
    """Quantize a source of one small level in memory; read it first if it is lazy."""
    from napari_colorquant.core.image.sampling import read_first

    (level,) = source.levels
    subset, monitor = read_first(level, 0, monitor)
    source = replace(source, levels=(subset.pixels,))
    if slice_axis is not None:
        return quantize_source_slices(source, parameters, slice_axis, monitor)
    return quantize_source(source, parameters, None, 1, monitor)


def apply_to_source(
    source: Source, palette: Palette, monitor: Monitor
) -> tuple[Quantization, ...]:
    """Redraw all levels of a source in a palette that there is.

    RGB colours come in the source's units. ValueError if the palette has other
    channels.
    """
    from napari_colorquant.core.quantization.levels import apply_to_levels

    palette, applying = palette.uncounted(), monitor.part(0.0, 0.9)
    results = apply_to_levels(source.levels, palette, applying)
    return _of_source(source, results, monitor.part(0.9, 1.0))


Q = TypeVar("Q", "Quantization", "SliceQuantization")


def as_shown(
    levels: Sequence[Level],
    channels: Sequence[LayerChannel],
    results: Sequence[Q],
    monitor: Monitor,
) -> tuple[Q, ...]:
    """Draw results of channels, one a level, in the colours that they have together."""
    shown = []
    for i, (level, result) in enumerate(zip(levels, results, strict=True)):
        palettes = getattr(result, "palettes", (result.palette,))
        axis = getattr(result, "slice_axis", None)
        if axis is not None:
            axis = axis_of_labels(level[0].outline, axis)
        part = monitor.part(i / len(results), (i + 1) / len(results))
        drawn = draw_composite(level, channels, palettes, result.labels, axis, part)
        shown.append(replace(result, image=drawn))
    monitor("assign", 1.0)
    return tuple(shown)


def _of_source(source: Source, results: Sequence[Q], monitor: Monitor) -> tuple[Q, ...]:
    """Return results as they are shown: the channels of an axis together."""
    if not source.channels:
        monitor("assign", 1.0)
        return tuple(results)
    levels: Any = [(level,) for level in source.levels]
    return as_shown(levels, source.channels, results, monitor)
