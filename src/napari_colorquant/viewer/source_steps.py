"""What is done with a source, one piece of work at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from napari_colorquant.core.pixels import Pixels
from napari_colorquant.core.steps import Steps, part_of
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
        What to quantize.
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
        One a level.
    """
    # Here, in the worker's thread: it loads a compiler, which would stall a viewer.
    from napari_colorquant.core.pipeline import (
        quantize_pieces,
        quantize_steps,
        seeded_steps,
    )

    total = source_pieces(source, parameters)
    first, *others = source.levels
    done = quantize_pieces(first, parameters)
    steps = quantize_steps(first, parameters)
    if seeds is not None:
        steps = seeded_steps(first, parameters, seeds, per_class)
        done += len(first.tiles())
        total += len(first.tiles())
    result = yield from part_of(steps, 0, total)
    applied = _applied(others, result.palette)
    return (result, *(yield from part_of(applied, done, total)))


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

    first, *others = source.levels
    return quantize_pieces(first, parameters) + _applied_pieces(others)


def quantize_source_slices(
    source: Source, parameters: Parameters, slice_axis: int
) -> Steps[SliceQuantization]:
    """Quantize a source with one palette a slice.

    Parameters
    ----------
    source : Source
        What to quantize; not multiscale.
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
    SliceQuantization
        The result.

    Raises
    ------
    ValueError
        If the source is multiscale, or as
        :func:`~napari_colorquant.core.slices.slices_steps`.
    """
    from napari_colorquant.core.slices import slices_steps

    if source.multiscale:
        raise ValueError(
            f"the layer {source.name!r} is multiscale, and its slices share one "
            "palette: leave slice_axis out."
        )
    return (yield from slices_steps(source.levels[0], parameters, slice_axis))


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
        Two pieces of work for each tile.

    Returns
    -------
    tuple of Quantization
        One a level.

    Raises
    ------
    ValueError
        If the palette has other channels.
    """
    palette = in_units_of(palette, source.levels[0].dtype, rgb=source.rgb)
    return (yield from _applied(source.levels, palette.uncounted()))


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
