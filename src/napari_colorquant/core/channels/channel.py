"""A channel: how it is made comparable, and taken back to its own units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.color.background import limits_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.learn.parameters import Parameters
    from napari_colorquant.core.palette.palette import Palette

_FLOAT32_BITS = 22
"""Digits of a scaled value that float32 holds for certain, and two less."""


@dataclass(frozen=True, slots=True, eq=False)
class Channel:
    """One channel and its scaling.

    scaling: "none", "zscore", or a word for limits that are known; offset: what becomes
    0; unit: what becomes 1, counted from offset. Z-scores are known once measured.
    """

    name: str
    dtype: str
    scaling: str
    offset: float = 0.0
    unit: float = 1.0


def scaled_palette(
    palette: Palette | None, channels: Sequence[Channel]
) -> Palette | None:
    """Return a palette of the channels' own units, scaled as the channels are.

    Its background is scaled, too. It comes back as it is where it has other channels,
    which the engine refuses.
    """
    if palette is None or palette.n_channels != len(channels):
        return palette
    if channels[0].scaling == "none":
        return replace(palette, units=None)
    offsets, units = _offsets_and_units(channels)
    limits = _scaled_limits(palette.background, channels)
    colors = (palette.colors - offsets) / units
    # Distances hold at one scaling, and this may be that of another run.
    scaled = replace(palette, learned_distance=None, background=limits)
    return replace(scaled, colors=colors, units=None)


def scaled_parameters(
    parameters: Parameters, channels: Sequence[Channel]
) -> Parameters:
    """Return parameters with fixed colours and background scaled as the channels are.

    The limits of the background must be known.
    """
    limits = limits_for(parameters.background, len(channels))
    return replace(
        parameters,
        fixed=scaled_palette(parameters.fixed, channels),
        background=_scaled_limits(limits, channels),
    )


def _scaled_limits(
    limits: tuple[float, ...] | None, channels: Sequence[Channel]
) -> tuple[float, ...] | None:
    """Return limits in a background's own units as scaled values, rounded as those."""
    if limits is None or channels[0].scaling == "none":
        return limits
    offsets, units = _offsets_and_units(channels)
    scaled = (np.array(limits) - offsets) / units
    return tuple(scaled.astype(np.float32).tolist())


def in_own_units(
    palette: Palette,
    channels: Sequence[Channel],
    fixed: Palette | None,
    background: tuple[float, ...] | None,
) -> Palette:
    """Return a scaled palette in the channels' own units.

    Entries of fixed get exactly their known colours back, and the palette the known
    background.
    """
    dtypes = {channel.dtype for channel in channels}
    units = dtypes.pop() if len(dtypes) == 1 else None
    palette = replace(palette, units=units, background=background)
    if channels[0].scaling == "none":
        return palette
    offsets, scales = _offsets_and_units(channels)
    steps = palette.colors * scales
    colors = steps + offsets
    for c, channel in enumerate(channels):
        if np.dtype(channel.dtype).kind in "biu":
            # To as many digits as float32 has held: whole numbers are whole again.
            digits = np.minimum(np.frexp(steps[:, c])[1] - _FLOAT32_BITS, 0)
            colors[:, c] = np.ldexp(np.rint(np.ldexp(colors[:, c], -digits)), digits)
    scaled = scaled_palette(fixed, channels)
    if fixed is not None and scaled is not None:
        for own, there in zip(fixed.colors, scaled.colors, strict=True):
            colors[(palette.colors == there).all(axis=1)] = own
    return replace(palette, colors=colors, learned_distance=None)


def with_classes(
    parameters: Parameters, seeded: Parameters, channels: Sequence[Channel]
) -> Parameters:
    """Return the parameters of the run with classes, in the channels' own units.

    seeded: parameters with the classes, as the channels are scaled.
    """
    assert seeded.fixed is not None
    own = in_own_units(seeded.fixed, channels, parameters.fixed, None)
    return replace(parameters, fixed=own)


def _offsets_and_units(
    channels: Sequence[Channel],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return (
        np.array([channel.offset for channel in channels]),
        np.array([channel.unit for channel in channels]),
    )
