"""What is done with a source, one piece of work at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar, cast

from napari_colorquant.core.compute.progress import BOTH_HALVES, Steps, half_of, part_of
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.pixels import Pixels
from napari_colorquant.core.image.slicing import axis_of_labels, outline_of
from napari_colorquant.viewer.layers.composite import composite_steps, lazy_composite
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
    seeds: ArrayLike | LazySeeds | None = None,
    per_class: int = 1,
) -> Steps[tuple[Quantization, ...]]:
    """Quantize all levels of a source in one palette, learned from the largest.

    Of a lazy one, a bounded number of its blocks is read: other levels lack colours.
    With a channel axis, pictures are RGB, uint8, and the palette is in own units.
    """
    # Here, in the worker's thread: it loads a compiler, which would stall a viewer.
    from napari_colorquant.core.quantization.larger import quantize_levels_steps
    from napari_colorquant.core.quantization.run import quantize_pieces, quantize_steps

    total, done = source_pieces(source, parameters), 0
    if seeds is not None:
        done = classes_pieces(source)
        total += done
        learning = classes_of_source(source, parameters, seeds, per_class)
        parameters = yield from part_of(learning, 0, total)
    if source.lazy_levels:
        steps = quantize_levels_steps(source.lazy_levels, parameters)
        results = yield from part_of(steps, done, total)
    else:
        first, *others = source.levels_in_memory
        result = yield from part_of(quantize_steps(first, parameters), done, total)
        done += quantize_pieces(first, parameters)
        applied = _applied(others, result.palette)
        results = (result, *(yield from part_of(applied, done, total)))
    drawing = _as_shown(source, results)
    return (yield from part_of(drawing, total - _drawn_pieces(source), total))


def classes_of_source(
    source: Source,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds,
    per_class: int = 1,
) -> Steps[Parameters]:
    """Learn painted classes on the largest level; return them as fixed entries.

    ValueError if the seeds do not fit, or there is nothing to learn from.
    """
    from napari_colorquant.core.quantization.lazy_seeds import lazy_seeds_steps
    from napari_colorquant.core.quantization.seeds import seeds_steps

    if source.lazy_levels:
        blocks = source.lazy_levels[0]
        return (yield from lazy_seeds_steps(blocks, seeds, parameters, per_class))
    pixels = source.levels_in_memory[0]
    painted = cast("ArrayLike", seeds)  # not lazy, where the image is not
    return (yield from seeds_steps(pixels, painted, parameters, per_class))


def classes_pieces(source: Source) -> int:
    """Return the pieces of work of classes_of_source."""
    if source.lazy_levels:
        return BOTH_HALVES
    return len(source.levels_in_memory[0].tiles())


def source_pieces(source: Source, parameters: Parameters) -> int:
    """Return the pieces of work of quantize_source without seeds."""
    from napari_colorquant.core.quantization.run import quantize_pieces

    if source.lazy_levels:
        return BOTH_HALVES
    first, *others = source.levels_in_memory
    return (
        quantize_pieces(first, parameters)
        + _applied_pieces(others)
        + _drawn_pieces(source)
    )


def quantize_source_slices(
    source: Source, parameters: Parameters, slice_axis: int
) -> Steps[tuple[SliceQuantization, ...]]:
    """Quantize all levels of a source with one palette a slice.

    slice_axis: of the layer, z or t. Labels and pictures are lazy where the source is.
    """
    from napari_colorquant.core.quantization.slices import slices_pieces, slices_steps

    done = slices_pieces(source.levels, parameters, slice_axis)
    total = done + _drawn_pieces(source)
    steps = slices_steps(source.levels, parameters, slice_axis)
    results = yield from part_of(steps, 0, total)
    return (yield from part_of(_as_shown(source, results), done, total))


def quantize_loaded(
    source: Source, parameters: Parameters, slice_axis: int | None = None
) -> Steps[tuple[Quantization, ...] | tuple[SliceQuantization, ...]]:
    """Quantize a source of one small level in memory; read it first if it is lazy."""
    from napari_colorquant.core.image.sampling import excerpt_steps

    if source.lazy_levels:
        (blocks,) = source.lazy_levels
        excerpt = yield from half_of(excerpt_steps(blocks, random_state=0), 0)
        loaded = replace(source, levels=(excerpt.pixels,))
        steps = quantize_loaded(loaded, parameters, slice_axis)
        return (yield from half_of(steps, 1))
    if slice_axis is not None:
        return (yield from quantize_source_slices(source, parameters, slice_axis))
    return (yield from quantize_source(source, parameters))


def apply_to_source(
    source: Source, palette: Palette
) -> Steps[tuple[Quantization, ...]]:
    """Redraw all levels of a source in a palette that there is.

    RGB colours come in the source's units. ValueError if the palette has other
    channels.
    """
    palette = palette.uncounted()
    if source.lazy_levels:
        from napari_colorquant.core.quantization.larger import apply_levels_steps

        results = yield from apply_levels_steps(source.lazy_levels, palette)
        return (yield from _as_shown(source, results))
    done = _applied_pieces(source.levels_in_memory)
    total = done + _drawn_pieces(source)
    results = yield from part_of(_applied(source.levels_in_memory, palette), 0, total)
    return (yield from part_of(_as_shown(source, results), done, total))


Q = TypeVar("Q", "Quantization", "SliceQuantization")


def _as_shown(source: Source, results: Sequence[Q]) -> Steps[tuple[Q, ...]]:
    """Draw the channels of an axis in the colours that they have together."""
    channels = source.channels
    if not channels:
        return tuple(results)
    n_done, total, shown = 0, _drawn_pieces(source), []
    for level, result in zip(source.levels, results, strict=True):
        palettes = getattr(result, "palettes", (result.palette,))
        axis = getattr(result, "slice_axis", None)
        if axis is not None:
            axis = axis_of_labels(outline_of(level), axis)
        if isinstance(level, Blocks):
            drawn = lazy_composite([level], channels, palettes, result.labels, axis)
        else:
            steps = composite_steps([level], channels, palettes, result.labels, axis)
            drawn = yield from part_of(steps, n_done, total)
            n_done += len(level.tiles())
        shown.append(replace(result, image=drawn))
    return tuple(shown)


def _drawn_pieces(source: Source) -> int:
    if source.channel_axis is None:
        return 0
    return sum(len(level.tiles()) for level in source.levels_in_memory)


def _applied(
    levels: Sequence[Pixels], palette: Palette
) -> Steps[tuple[Quantization, ...]]:
    from napari_colorquant.core.quantization.run import apply_steps

    total, done = _applied_pieces(levels), 0
    results = []
    for level in levels:
        steps = apply_steps(level, palette)
        results.append((yield from part_of(steps, done, total)))
        done += _applied_pieces([level])
    return tuple(results)


def _applied_pieces(levels: Sequence[Pixels]) -> int:
    return sum(2 * len(level.tiles()) for level in levels)
