"""Several image layers, one a channel, quantized together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import numpy as np

from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import (
    BOTH_HALVES,
    Progress,
    Steps,
    half_of,
    part_of,
)
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channel_source import ChannelSource
from napari_colorquant.viewer.layers.channels import Channel, ChannelResult
from napari_colorquant.viewer.layers.composite import composite_steps
from napari_colorquant.viewer.tasks.lazy_channels import (
    apply_lazy_channels_steps,
    lazy_channels_steps,
    lazy_joint_steps,
)
from napari_colorquant.viewer.tasks.scaling import (
    in_own_units,
    measured_steps,
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
    seeds: ArrayLike | LazySeeds | None = None,
    per_class: int = 1,
) -> Steps[ChannelResult]:
    """Quantize the channels of all levels in one palette, learned from the largest.

    In memory they are held once more in one array (float32 if scaled), and as redrawn;
    of lazy ones a bounded number of blocks is read. Fixed colours are in own units.
    """
    # Here, in the worker's thread: it loads a compiler, which would stall a viewer.
    from napari_colorquant.core.quantization.run import (
        apply_steps,
        quantize_pieces,
        quantize_steps,
    )
    from napari_colorquant.core.quantization.seeds import seeds_steps

    if source.lazy_levels:
        lazily = lazy_channels_steps(source, parameters, seeds, per_class)
        channels, levels = yield from lazily
        return ChannelResult(channels, levels)
    total = channels_pieces(source, parameters)
    if seeds is not None:
        total += len(source.levels_in_memory[0][0].tiles())
    n_measured = _measured_pieces(source)
    channels = yield from part_of(_measured(source), 0, total)
    scaled = scaled_parameters(parameters, channels)
    done, palette, own, results = n_measured, None, None, []
    for level in source.levels_in_memory:
        n_tiles = len(level[0].tiles())
        pixels = yield from part_of(_stacked(level, channels), done, total)
        done += n_tiles
        if palette is None:
            if seeds is not None:
                painted = cast("ArrayLike", seeds)  # not lazy, where no layer is
                learning = seeds_steps(pixels, painted, scaled, per_class)
                seeded = yield from part_of(learning, done, total)
                parameters = with_classes(parameters, seeded, channels)
                scaled = scaled_parameters(parameters, channels)
                done += n_tiles
            steps = quantize_steps(pixels, scaled)
            n_pieces = quantize_pieces(pixels, scaled)
        else:
            steps, n_pieces = apply_steps(pixels, palette), 2 * n_tiles
        found = yield from part_of(steps, done, total)
        done += n_pieces
        if palette is None or own is None:
            palette = found.palette
            own = in_own_units(palette, channels, parameters.fixed)
        drawing = composite_steps(level, channels, (own,), found.labels)
        picture = yield from part_of(drawing, done, total)
        done += n_tiles
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


def apply_to_channels(source: ChannelSource, palette: Palette) -> Steps[ChannelResult]:
    """Redraw the channels of all levels in a palette of their own units.

    Colours are compared as the channels are scaled. ValueError if the palette has other
    channels.
    """
    from napari_colorquant.core.quantization.run import apply_steps

    n_channels = len(source.channels)
    if palette.n_channels != n_channels:
        raise ValueError(
            f"the palette has {palette.n_channels} channels and {n_channels} layers "
            "are selected: select one layer a channel."
        )
    if source.lazy_levels:
        channels, levels = yield from apply_lazy_channels_steps(source, palette)
        return ChannelResult(channels, levels)
    total = _measured_pieces(source)
    total += sum(4 * len(level[0].tiles()) for level in source.levels_in_memory)
    channels = yield from part_of(_measured(source), 0, total)
    own = palette.uncounted()
    scaled = scaled_palette(own, channels)
    assert scaled is not None
    done, results = _measured_pieces(source), []
    for level in source.levels_in_memory:
        n_tiles = len(level[0].tiles())
        pixels = yield from part_of(_stacked(level, channels), done, total)
        steps = apply_steps(pixels, scaled)
        found = yield from part_of(steps, done + n_tiles, total)
        drawing = composite_steps(level, channels, (own,), found.labels)
        picture = yield from part_of(drawing, done + 3 * n_tiles, total)
        done += 4 * n_tiles
        counted = replace(own, counts=found.palette.counts)
        results.append(replace(found, palette=counted, image=picture))
    return ChannelResult(channels, tuple(results))


def classes_of_channels(
    source: ChannelSource,
    parameters: Parameters,
    seeds: ArrayLike | LazySeeds,
    per_class: int = 1,
) -> Steps[Parameters]:
    """Learn painted classes on the largest level; return them as fixed entries.

    Fixed colours, given and returned, are in the channels' own units. ValueError if the
    seeds do not fit, or there is nothing to learn from.
    """
    from napari_colorquant.core.quantization.lazy_seeds import lazy_seeds_steps
    from napari_colorquant.core.quantization.seeds import seeds_steps

    if source.lazy_levels:
        channels, levels = yield from half_of(lazy_joint_steps(source), 0)
        scaled = scaled_parameters(parameters, channels)
        learning = lazy_seeds_steps(levels[0], seeds, scaled, per_class)
    else:
        channels, pixels = yield from half_of(joint_steps(source), 0)
        scaled = scaled_parameters(parameters, channels)
        painted = cast("ArrayLike", seeds)  # not lazy, where no layer is
        learning = seeds_steps(pixels, painted, scaled, per_class)
    seeded = yield from half_of(learning, 1)
    return with_classes(parameters, seeded, channels)


def joint_steps(source: ChannelSource) -> Steps[tuple[tuple[Channel, ...], Pixels]]:
    """Scale and stack the channels of the largest level; they are in memory."""
    n_measured, level = _measured_pieces(source), source.levels_in_memory[0]
    total = n_measured + len(level[0].tiles())
    channels = yield from part_of(_measured(source), 0, total)
    pixels = yield from part_of(_stacked(level, channels), n_measured, total)
    return channels, pixels


def channels_pieces(source: ChannelSource, parameters: Parameters) -> int:
    """Return the pieces of work of quantize_channels without seeds."""
    from napari_colorquant.core.quantization.run import quantize_pieces

    if source.lazy_levels:
        return BOTH_HALVES
    first, *others = (level[0] for level in source.levels_in_memory)
    drawn = sum(len(level[0].tiles()) for level in source.levels_in_memory)
    return (
        _measured_pieces(source)
        + quantize_pieces(first, parameters)
        + sum(2 * len(level.tiles()) for level in others)
        + 2 * drawn  # stacked, and drawn
    )


def _measured_pieces(source: ChannelSource) -> int:
    if source.scaling != "zscore":
        return 0
    return 2 * len(source.levels_in_memory[0][0].tiles())


def _measured(source: ChannelSource) -> Steps[tuple[Channel, ...]]:
    if source.scaling != "zscore":
        return source.channels
    return (yield from measured_steps(source.levels_in_memory[0], source.channels))


def _stacked(level: Sequence[Pixels], channels: Sequence[Channel]) -> Steps[Pixels]:
    """Scale the channels into one array, channels last."""
    first, scales = level[0], scales_of(channels)
    dtype = scaled_dtype((pixels.dtype for pixels in level), scales)
    stack = np.empty((*first.shape, len(level)), dtype)

    def put(tile: Tile) -> None:
        values = [pixels.colors[tile][..., 0] for pixels in level]
        stack[tile] = stack_scaled(values, scales, dtype)

    tiles = first.tiles()
    for done, _ in enumerate(map_in_order(put, tiles), 1):
        yield Progress("survey", done, len(tiles))
    return see_pixels(stack, stack.ndim - 1, first.mask, first.learn_mask)
