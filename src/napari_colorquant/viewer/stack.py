"""Several image layers, one a channel, quantized together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import fsum, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.palette import Palette
from napari_colorquant.core.parallel import map_in_order
from napari_colorquant.core.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.steps import Progress, Steps, part_of
from napari_colorquant.viewer.channel_source import ChannelSource
from napari_colorquant.viewer.channels import (
    Channel,
    composite_colors,
    composite_palette,
)

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from napari_colorquant.core.parameters import Parameters
    from napari_colorquant.core.pipeline import Quantization


_FLOAT32_BITS = 22
"""Digits of a scaled value that float32 holds for certain, and two less."""


@dataclass(frozen=True, slots=True, eq=False)
class ChannelResult:
    """What quantizing several layers together gives.

    Parameters
    ----------
    channels : tuple of Channel
        As they were scaled.
    levels : tuple of Quantization
        One a level. The palette is in the channels' own units; the image is RGB, uint8,
        shape (*shape, 3): the channels' colormaps added up. The errors in the report
        are those of the scaled channels, its parameters those that were asked for.
    """

    channels: tuple[Channel, ...]
    levels: tuple[Quantization, ...]


def quantize_channels(
    source: ChannelSource,
    parameters: Parameters,
    seeds: ArrayLike | None = None,
    per_class: int = 1,
) -> Steps[ChannelResult]:
    """Quantize the channels of all levels in one palette, learned from the largest.

    Parameters
    ----------
    source : ChannelSource
        What to quantize. While the run lasts, its channels are also held in one array
        of float32 (of their common dtype where they are not scaled), and once more as
        they are redrawn.
    parameters : Parameters
        How; fixed colours are in the channels' own units.
    seeds : array_like of int, optional
        Painted classes on the largest level; see
        :func:`~napari_colorquant.core.seeds.seeds_steps`.
    per_class : int
        Entries of each class.

    Yields
    ------
    Progress
        ``channels_pieces(source, parameters)`` pieces of work, and one a tile of the
        largest level for seeds.

    Returns
    -------
    ChannelResult
        The result.
    """
    # Here, in the worker's thread: it loads a compiler, which would stall a viewer.
    from napari_colorquant.core.pipeline import (
        apply_steps,
        quantize_pieces,
        quantize_steps,
    )
    from napari_colorquant.core.seeds import seeds_steps

    total = channels_pieces(source, parameters)
    if seeds is not None:
        total += len(source.levels[0][0].tiles())
    n_measured = _measured_pieces(source)
    channels = yield from part_of(_measured(source), 0, total)
    scaled = replace(parameters, fixed=_scaled(parameters.fixed, channels))
    done, palette, own, results = n_measured, None, None, []
    for level in source.levels:
        n_tiles = len(level[0].tiles())
        pixels = yield from part_of(_stacked(level, channels), done, total)
        done += n_tiles
        if palette is None:
            if seeds is not None:
                learning = seeds_steps(pixels, seeds, scaled, per_class)
                seeded = yield from part_of(learning, done, total)
                parameters = _with_classes(parameters, seeded, channels)
                scaled = replace(scaled, fixed=_scaled(parameters.fixed, channels))
                done += n_tiles
            steps = quantize_steps(pixels, scaled)
            n_pieces = quantize_pieces(pixels, scaled)
        else:
            steps, n_pieces = apply_steps(pixels, palette), 2 * n_tiles
        found = yield from part_of(steps, done, total)
        done += n_pieces
        if palette is None or own is None:
            palette = found.palette
            own = _in_own_units(palette, channels, parameters.fixed)
        drawing = _composite(level, channels, own, found.labels)
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
    """Redraw the channels of all levels in a palette that there is.

    Parameters
    ----------
    source : ChannelSource
        What to redraw; colours are compared as its channels are scaled.
    palette : Palette
        Colours of as many channels, in their own units.

    Yields
    ------
    Progress
        Four pieces of work for each tile, and two more for z-scores.

    Returns
    -------
    ChannelResult
        The result.

    Raises
    ------
    ValueError
        If the palette has other channels.
    """
    from napari_colorquant.core.pipeline import apply_steps

    n_channels = len(source.channels)
    if palette.n_channels != n_channels:
        raise ValueError(
            f"the palette has {palette.n_channels} channels and {n_channels} layers "
            "are selected: select one layer a channel."
        )
    total = _measured_pieces(source)
    total += sum(4 * len(level[0].tiles()) for level in source.levels)
    channels = yield from part_of(_measured(source), 0, total)
    own = palette.uncounted()
    scaled = _scaled(own, channels)
    assert scaled is not None
    done, results = _measured_pieces(source), []
    for level in source.levels:
        n_tiles = len(level[0].tiles())
        pixels = yield from part_of(_stacked(level, channels), done, total)
        steps = apply_steps(pixels, scaled)
        found = yield from part_of(steps, done + n_tiles, total)
        drawing = _composite(level, channels, own, found.labels)
        picture = yield from part_of(drawing, done + 3 * n_tiles, total)
        done += 4 * n_tiles
        counted = replace(own, counts=found.palette.counts)
        results.append(replace(found, palette=counted, image=picture))
    return ChannelResult(channels, tuple(results))


def joint_steps(
    source: ChannelSource, parameters: Parameters
) -> Steps[tuple[Pixels, Parameters]]:
    """Scale and stack the channels of the largest level, as they are learned from.

    Parameters
    ----------
    source : ChannelSource
        What to stack.
    parameters : Parameters
        Of a run; fixed colours are in the channels' own units.

    Yields
    ------
    Progress
        One piece of work for each tile, and two more for z-scores.

    Returns
    -------
    pixels : Pixels
        The scaled channels, in one array.
    parameters : Parameters
        The same, with the fixed colours scaled likewise.
    """
    n_measured, level = _measured_pieces(source), source.levels[0]
    total = n_measured + len(level[0].tiles())
    channels = yield from part_of(_measured(source), 0, total)
    pixels = yield from part_of(_stacked(level, channels), n_measured, total)
    return pixels, replace(parameters, fixed=_scaled(parameters.fixed, channels))


def channels_pieces(source: ChannelSource, parameters: Parameters) -> int:
    """Return the pieces of work of :func:`quantize_channels`.

    Parameters
    ----------
    source : ChannelSource
        What is quantized.
    parameters : Parameters
        How.

    Returns
    -------
    int
        The total of its progress.
    """
    from napari_colorquant.core.pipeline import quantize_pieces

    first, *others = (level[0] for level in source.levels)
    drawn = sum(len(level[0].tiles()) for level in source.levels)
    return (
        _measured_pieces(source)
        + quantize_pieces(first, parameters)
        + sum(2 * len(level.tiles()) for level in others)
        + 2 * drawn  # stacked, and drawn
    )


# ---------------------------------------------------------------- scaling


def _measured_pieces(source: ChannelSource) -> int:
    return 2 * len(source.levels[0][0].tiles()) if source.scaling == "zscore" else 0


def _measured(source: ChannelSource) -> Steps[tuple[Channel, ...]]:
    """Find the mean and the standard deviation of each channel, where needed.

    Of all its finite pixels, also those outside the mask: results of several regions
    of an image have one scale.
    """
    if source.scaling != "zscore":
        return source.channels
    first = source.levels[0]
    tiles = first[0].tiles()
    n_pieces = 2 * len(tiles)
    means, deviations = [0.0] * len(first), [0.0] * len(first)
    for turn, moments in enumerate((means, deviations)):

        def add_up(tile: Tile, turn: int = turn) -> list[tuple[int, float]]:
            sums = []
            for pixels, mean in zip(first, means, strict=True):
                values = pixels.colors[tile].astype(np.float64)
                values = values[np.isfinite(values)]
                if turn:
                    values = (values - mean) ** 2
                sums.append((values.size, float(values.sum())))
            return sums

        parts = []
        for done, sums in enumerate(map_in_order(add_up, tiles), 1):
            parts.append(sums)
            yield Progress("survey", turn * len(tiles) + done, n_pieces)
        for c, of_channel in enumerate(zip(*parts, strict=True)):
            n_values = sum(size for size, _ in of_channel)
            moments[c] = fsum(part for _, part in of_channel) / max(1, n_values)
    return tuple(
        replace(channel, offset=mean, unit=sqrt(deviation) or 1.0)
        for channel, mean, deviation in zip(
            source.channels, means, deviations, strict=True
        )
    )


def _stacked(level: Sequence[Pixels], channels: Sequence[Channel]) -> Steps[Pixels]:
    """Scale the channels into one array, channels last."""
    first = level[0]
    is_scaled = channels[0].scaling != "none"
    dtype = np.dtype(np.float32)
    if not is_scaled:
        dtype = np.result_type(*(pixels.dtype for pixels in level))
    stack = np.empty((*first.shape, len(level)), dtype)

    def put(tile: Tile) -> None:
        for c, (pixels, channel) in enumerate(zip(level, channels, strict=True)):
            values = pixels.colors[tile][..., 0]
            if is_scaled:
                values = (values.astype(np.float64) - channel.offset) / channel.unit
            stack[tile][..., c] = values

    tiles = first.tiles()
    for done, _ in enumerate(map_in_order(put, tiles), 1):
        yield Progress("survey", done, len(tiles))
    return see_pixels(stack, stack.ndim - 1, first.mask, first.learn_mask)


def _scaled(palette: Palette | None, channels: Sequence[Channel]) -> Palette | None:
    if palette is None or palette.n_channels != len(channels):
        return palette  # the engine refuses it
    offsets, units = _offsets_and_units(channels)
    return replace(palette, colors=(palette.colors - offsets) / units, units=None)


def _in_own_units(
    palette: Palette, channels: Sequence[Channel], fixed: Palette | None
) -> Palette:
    """Undo the scaling."""
    dtypes = {channel.dtype for channel in channels}
    units = dtypes.pop() if len(dtypes) == 1 else None
    if channels[0].scaling == "none":
        return replace(palette, units=units)
    offsets, scales = _offsets_and_units(channels)
    steps = palette.colors * scales
    colors = steps + offsets
    for c, channel in enumerate(channels):
        if np.dtype(channel.dtype).kind in "iu":
            # To as many digits as float32 has held: whole numbers are whole again.
            digits = np.minimum(np.frexp(steps[:, c])[1] - _FLOAT32_BITS, 0)
            colors[:, c] = np.ldexp(np.rint(np.ldexp(colors[:, c], -digits)), digits)
    scaled = _scaled(fixed, channels)
    if fixed is not None and scaled is not None:
        for own, there in zip(fixed.colors, scaled.colors, strict=True):
            colors[(palette.colors == there).all(axis=1)] = own
    return replace(palette, colors=colors, units=units)


def _with_classes(
    parameters: Parameters, seeded: Parameters, channels: Sequence[Channel]
) -> Parameters:
    """Take the fixed colours with painted classes back to the channels' own units."""
    assert seeded.fixed is not None
    own = _in_own_units(seeded.fixed, channels, parameters.fixed)
    return replace(parameters, fixed=own)


def _offsets_and_units(
    channels: Sequence[Channel],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (
        np.array([channel.offset for channel in channels]),
        np.array([channel.unit for channel in channels]),
    )


# ---------------------------------------------------------------- drawing


def _composite(
    level: Sequence[Pixels],
    channels: Sequence[Channel],
    palette: Palette,
    labels: NDArray[Any],
) -> Steps[NDArray[np.uint8]]:
    """Draw the labels; pixels without one are drawn as they are."""
    drawn = composite_palette(palette, channels).drawn(np.uint8)
    table = np.concatenate([np.zeros_like(drawn[:1]), drawn])
    picture = np.empty((*labels.shape, 3), np.uint8)

    def draw(tile: Tile) -> None:
        np.take(table, labels[tile], axis=0, out=picture[tile], mode="clip")
        left_out = labels[tile] == 0
        if left_out.any():
            values = [pixels.colors[tile][left_out] for pixels in level]
            colors = composite_colors(np.concatenate(values, axis=1), channels)
            picture[tile][left_out] = np.rint(255.0 * colors)

    tiles = level[0].tiles()
    for done, _ in enumerate(map_in_order(draw, tiles), 1):
        yield Progress("assign", done, len(tiles))
    return picture
