"""What is done with a source."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.pixels import Pixels
from napari_colorquant.core.image.slicing import axis_of_labels, outline_of
from napari_colorquant.viewer.layers.composite import draw_composite, lazy_composite
from napari_colorquant.viewer.layers.source import Source

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette
    from napari_colorquant.core.quantization.lazy_seeds import LazySeeds
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
    from napari_colorquant.core.quantization.larger import quantize_levels
    from napari_colorquant.core.quantization.run import quantize_pixels

    start = 0.0
    if seeds is not None:
        start = 0.2
        classes = monitor.part(0.0, start)
        parameters = classes_of_source(source, parameters, seeds, per_class, classes)
    results: tuple[Quantization, ...]
    if source.lazy_levels:
        learning = monitor.part(start, 0.9)
        results = quantize_levels(source.lazy_levels, parameters, learning)
    else:
        first, *others = source.levels_in_memory
        learning = monitor.part(start, 0.7 if others else 0.9)
        result = quantize_pixels(first, parameters, learning)
        results = (result, *_applied(others, result.palette, monitor.part(0.7, 0.9)))
    return _as_shown(source, results, monitor.part(0.9, 1.0))


def classes_of_source(
    source: Source,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds,
    per_class: int,
    monitor: Monitor,
) -> Parameters:
    """Learn painted classes on the largest level; return them as fixed entries.

    ValueError if the seeds do not fit, or there is nothing to learn from.
    """
    from napari_colorquant.core.quantization.lazy_seeds import learn_seeds_lazily
    from napari_colorquant.core.quantization.seeds import learn_seeds

    if source.lazy_levels:
        blocks = source.lazy_levels[0]
        return learn_seeds_lazily(blocks, seeds, parameters, per_class, monitor)
    pixels = source.levels_in_memory[0]
    painted = cast("ArrayLike", seeds)  # not lazy, where the image is not
    return learn_seeds(pixels, painted, parameters, per_class, monitor)


def quantize_source_slices(
    source: Source, parameters: Parameters, slice_axis: int, monitor: Monitor
) -> tuple[SliceQuantization, ...]:
    """Quantize all levels of a source with one palette a slice.

    slice_axis: of the layer, z or t. Labels and pictures are lazy where the source is.
    """
    from napari_colorquant.core.quantization.slices import quantize_stack

    learning = monitor.part(0.0, 0.9)
    results = quantize_stack(source.levels, parameters, slice_axis, learning)
    return _as_shown(source, results, monitor.part(0.9, 1.0))


def quantize_loaded(
    source: Source, parameters: Parameters, slice_axis: int | None, monitor: Monitor
) -> tuple[Quantization, ...] | tuple[SliceQuantization, ...]:
    """Quantize a source of one small level in memory; read it first if it is lazy."""
    from napari_colorquant.core.image.sampling import read_excerpt

    if source.lazy_levels:
        (blocks,) = source.lazy_levels
        excerpt = read_excerpt(blocks, 0, monitor.part(0.0, 0.5))
        source = replace(source, levels=(excerpt.pixels,))
        monitor = monitor.part(0.5, 1.0)
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
    palette, applying = palette.uncounted(), monitor.part(0.0, 0.9)
    if source.lazy_levels:
        from napari_colorquant.core.quantization.larger import apply_to_levels

        results = apply_to_levels(source.lazy_levels, palette, applying)
    else:
        results = _applied(source.levels_in_memory, palette, applying)
    return _as_shown(source, results, monitor.part(0.9, 1.0))


Q = TypeVar("Q", "Quantization", "SliceQuantization")


def _as_shown(source: Source, results: Sequence[Q], monitor: Monitor) -> tuple[Q, ...]:
    """Draw the channels of an axis in the colours that they have together."""
    channels, shown = source.channels, []
    for i, (level, result) in enumerate(zip(source.levels, results, strict=True)):
        if not channels:
            shown.append(result)
            continue
        palettes = getattr(result, "palettes", (result.palette,))
        axis = getattr(result, "slice_axis", None)
        if axis is not None:
            axis = axis_of_labels(outline_of(level), axis)
        if isinstance(level, Blocks):
            drawn = lazy_composite([level], channels, palettes, result.labels, axis)
        else:
            part = monitor.part(i / len(results), (i + 1) / len(results))
            drawn = draw_composite(
                [level], channels, palettes, result.labels, axis, part
            )
        shown.append(replace(result, image=drawn))
    monitor("assign", 1.0)
    return tuple(shown)


def _applied(
    levels: Sequence[Pixels], palette: Palette, monitor: Monitor
) -> tuple[Quantization, ...]:
    from napari_colorquant.core.quantization.run import apply_to_pixels

    return tuple(
        apply_to_pixels(
            level, palette, monitor.part(i / len(levels), (i + 1) / len(levels))
        )
        for i, level in enumerate(levels)
    )
