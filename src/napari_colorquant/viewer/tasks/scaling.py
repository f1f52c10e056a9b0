"""How channels are made comparable, and taken back to their own units."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import fsum, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.image.pixels import Pixels, Tile
from napari_colorquant.core.palette.palette import Palette
from napari_colorquant.viewer.layers.channels import Channel

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from napari_colorquant.core.learn.parameters import Parameters

_FLOAT32_BITS = 22
"""Digits of a scaled value that float32 holds for certain, and two less."""


Scale = tuple[float, float] | None
"""What becomes 0, and what becomes 1 counted from there; None to leave values alone."""


def scales_of(channels: Sequence[Channel]) -> list[Scale]:
    """Return how each channel is scaled, as plain data."""
    return [
        None if channel.scaling == "none" else (channel.offset, channel.unit)
        for channel in channels
    ]


def scaled_dtype(
    dtypes: Iterable[np.dtype[Any]], scales: Sequence[Scale]
) -> np.dtype[Any]:
    """Return float32; where channels are left alone, what holds all their values."""
    return np.result_type(*dtypes) if None in scales else np.dtype(np.float32)


def stack_scaled(
    values: Sequence[NDArray[Any]], scales: Sequence[Scale], dtype: DTypeLike
) -> NDArray[Any]:
    """Return channels of one shape, scaled, in one array of shape (*shape, C)."""
    stack = np.empty((*values[0].shape, len(values)), dtype)
    for c, (own, scale) in enumerate(zip(values, scales, strict=True)):
        if scale is None:
            stack[..., c] = own
        else:
            offset, unit = scale
            stack[..., c] = (own.astype(np.float64) - offset) / unit
    return stack


def measured(
    pictures: Sequence[Pixels], channels: Sequence[Channel], monitor: Monitor
) -> tuple[Channel, ...]:
    """Return channels with the mean as offset and the standard deviation as unit.

    Of all finite pixels, also those outside the mask: results of several regions of an
    image have one scale. Each tile is read twice.
    """
    tiles = pictures[0].tiles()
    means, deviations = [0.0] * len(pictures), [0.0] * len(pictures)
    for turn, moments in enumerate((means, deviations)):

        def add_up(tile: Tile, turn: int = turn) -> list[tuple[int, float]]:
            own = []
            for pixels, mean in zip(pictures, means, strict=True):
                values = pixels.colors[tile].astype(np.float64)
                values = values[np.isfinite(values)]
                if turn:
                    values = (values - mean) ** 2
                own.append((values.size, float(values.sum())))
            return own

        half = monitor.part(turn / 2, (turn + 1) / 2)
        sums = map_in_order(add_up, tiles)
        parts = list(half.over("survey", sums, len(tiles)))
        for c, of_channel in enumerate(zip(*parts, strict=True)):
            n_values = sum(size for size, _ in of_channel)
            moments[c] = fsum(part for _, part in of_channel) / max(1, n_values)
    return tuple(
        replace(channel, offset=mean, unit=sqrt(deviation) or 1.0)
        for channel, mean, deviation in zip(channels, means, deviations, strict=True)
    )


def scaled_palette(
    palette: Palette | None, channels: Sequence[Channel]
) -> Palette | None:
    """Return a palette of the channels' own units, scaled as the channels are.

    It comes back as it is where it has other channels, which the engine refuses.
    """
    if palette is None or palette.n_channels != len(channels):
        return palette
    offsets, units = _offsets_and_units(channels)
    return replace(palette, colors=(palette.colors - offsets) / units, units=None)


def scaled_parameters(
    parameters: Parameters, channels: Sequence[Channel]
) -> Parameters:
    """Return parameters with the fixed colours scaled as the channels are."""
    return replace(parameters, fixed=scaled_palette(parameters.fixed, channels))


def in_own_units(
    palette: Palette, channels: Sequence[Channel], fixed: Palette | None
) -> Palette:
    """Return a scaled palette in the channels' own units.

    Entries of fixed get exactly their known colours back.
    """
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
    scaled = scaled_palette(fixed, channels)
    if fixed is not None and scaled is not None:
        for own, there in zip(fixed.colors, scaled.colors, strict=True):
            colors[(palette.colors == there).all(axis=1)] = own
    return replace(palette, colors=colors, units=units)


def with_classes(
    parameters: Parameters, seeded: Parameters, channels: Sequence[Channel]
) -> Parameters:
    """Return the parameters of the run with classes, in the channels' own units.

    seeded: parameters with the classes, as the channels are scaled.
    """
    assert seeded.fixed is not None
    own = in_own_units(seeded.fixed, channels, parameters.fixed)
    return replace(parameters, fixed=own)


def _offsets_and_units(
    channels: Sequence[Channel],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (
        np.array([channel.offset for channel in channels]),
        np.array([channel.unit for channel in channels]),
    )
