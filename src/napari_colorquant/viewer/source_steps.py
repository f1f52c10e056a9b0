"""What is done with a source, one piece of work at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_colorquant.core.pixels import Pixels
from napari_colorquant.core.steps import BOTH_HALVES, Steps, half_of, part_of
from napari_colorquant.viewer.source import Source, in_units_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from napari_colorquant.core.palette import Palette
    from napari_colorquant.core.parameters import Parameters
    from napari_colorquant.core.pipeline import Quantization
    from napari_colorquant.core.slices import SliceQuantization


def quantize_source(
    source: Source,
    parameters: Parameters,
    seeds: ArrayLike | None = None,
    per_class: int = 1,
) -> Steps[tuple[Quantization, ...]]:
    """Quantize all levels of a source in one palette, learned from the largest.

    Parameters
    ----------
    source : Source
        What to quantize. Of a lazy one, a bounded number of blocks of the largest level
        is read, and nothing of the others: no other level has all its colours.
    parameters : Parameters
        How.
    seeds : array_like of int, optional
        Painted classes on the largest level; see
        :func:`~napari_colorquant.core.seeds.seeds_steps`.
    per_class : int
        Entries of each class.

    Yields
    ------
    Progress
        ``source_pieces(source, parameters)`` pieces of work, and one a tile of the
        largest level for seeds.

    Returns
    -------
    tuple of Quantization
        One a level; with lazy labels and pictures where the source is lazy.

    Raises
    ------
    ValueError
        If there are seeds and the source is lazy, or as
        :func:`~napari_colorquant.core.pipeline.quantize_steps`.
    """
    # Here, in the worker's thread: it loads a compiler, which would stall a viewer.
    from napari_colorquant.core.larger import quantize_levels_steps
    from napari_colorquant.core.pipeline import (
        quantize_pieces,
        quantize_steps,
        seeded_steps,
    )

    if source.lazy_levels:
        refuse_lazy_seeds(source, seeds)
        return (yield from quantize_levels_steps(source.lazy_levels, parameters))
    total = source_pieces(source, parameters)
    first, *others = source.levels_in_memory
    done = quantize_pieces(first, parameters)
    steps = quantize_steps(first, parameters)
    if seeds is not None:
        steps = seeded_steps(first, parameters, seeds, per_class)
        done += len(first.tiles())
        total += len(first.tiles())
    result = yield from part_of(steps, 0, total)
    applied = _applied(others, result.palette)
    return (result, *(yield from part_of(applied, done, total)))


def refuse_lazy_seeds(source: Source, seeds: object) -> None:
    """Refuse painted classes on a source that is lazy.

    Parameters
    ----------
    source : Source
        What is quantized.
    seeds : object
        The classes; None where there are none.

    Raises
    ------
    ValueError
        If there are, and the source is lazy.
    """
    if source.lazy_levels and seeds is not None:
        raise ValueError(
            f"the layer {source.name!r} is lazy, and classes are painted on images "
            "in memory: lock the classes' colors in the palette instead."
        )


def source_pieces(source: Source, parameters: Parameters) -> int:
    """Return the pieces of work of :func:`quantize_source`.

    Parameters
    ----------
    source : Source
        What is quantized.
    parameters : Parameters
        How.

    Returns
    -------
    int
        The total of its progress.
    """
    from napari_colorquant.core.pipeline import quantize_pieces

    if source.lazy_levels:
        return BOTH_HALVES
    first, *others = source.levels_in_memory
    return quantize_pieces(first, parameters) + _applied_pieces(others)


def quantize_source_slices(
    source: Source, parameters: Parameters, slice_axis: int
) -> Steps[tuple[SliceQuantization, ...]]:
    """Quantize a source with one palette a slice.

    Parameters
    ----------
    source : Source
        What to quantize.
    parameters : Parameters
        How to quantize a slice.
    slice_axis : int
        Axis of the layer whose entries are the slices, z or t.

    Yields
    ------
    Progress
        After each piece of work.

    Returns
    -------
    tuple of SliceQuantization
        One a level; with lazy labels and pictures where the source is lazy.

    Raises
    ------
    ValueError
        As :func:`~napari_colorquant.core.slices.slices_steps`.
    """
    from napari_colorquant.core.slices import slices_steps

    return (yield from slices_steps(source.levels, parameters, slice_axis))


def quantize_loaded(
    source: Source, parameters: Parameters, slice_axis: int | None = None
) -> Steps[tuple[Quantization, ...] | tuple[SliceQuantization, ...]]:
    """Quantize a source that is small, in memory.

    Parameters
    ----------
    source : Source
        Of one level, such as :func:`~napari_colorquant.viewer.coarse.coarse` returns.
    parameters : Parameters
        How.
    slice_axis : int, optional
        Axis whose entries get a palette each.

    Yields
    ------
    Progress
        Where it is lazy, after each block that is read; then as
        :func:`quantize_source`.

    Returns
    -------
    tuple of Quantization, or of SliceQuantization
        Of the only level, in memory.
    """
    from napari_colorquant.core.excerpt import excerpt_steps

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

    Parameters
    ----------
    source : Source
        What to redraw.
    palette : Palette
        Colours of as many channels. Those of RGB come in the source's units where
        they have other ones.

    Yields
    ------
    Progress
        Two pieces of work for each tile; of a lazy source, after each block that is
        read, and of what is counted.

    Returns
    -------
    tuple of Quantization
        One a level.

    Raises
    ------
    ValueError
        If the palette has other channels.
    """
    palette = in_units_of(palette, source.levels[0].dtype, rgb=source.rgb).uncounted()
    if source.lazy_levels:
        from napari_colorquant.core.larger import apply_levels_steps

        return (yield from apply_levels_steps(source.lazy_levels, palette))
    return (yield from _applied(source.levels_in_memory, palette))


def _applied(
    levels: Sequence[Pixels], palette: Palette
) -> Steps[tuple[Quantization, ...]]:
    from napari_colorquant.core.pipeline import apply_steps

    total, done = _applied_pieces(levels), 0
    results = []
    for level in levels:
        steps = apply_steps(level, palette)
        results.append((yield from part_of(steps, done, total)))
        done += _applied_pieces([level])
    return tuple(results)


def _applied_pieces(levels: Sequence[Pixels]) -> int:
    return sum(2 * len(level.tiles()) for level in levels)
