"""Channels in one array: measured, scaled and stacked, in memory or block by block."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import fsum, isfinite, sqrt
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from napari_colorquant.core.channels.channel import Channel
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.image import Image, mapped, masked_as, see_image
from napari_colorquant.core.image.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.image.sampling import read_subset

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import DTypeLike, NDArray

    from napari_colorquant.core.compute.progress import Monitor

Level = tuple[Image, ...]
"""Pictures of one channel each, of one shape and with the same masks."""

C = TypeVar("C", bound=Channel)


def joint(
    channels: Sequence[C], levels: Sequence[Level], monitor: Monitor
) -> tuple[tuple[C, ...], tuple[Image, ...]]:
    """Return the channels as scaled, and one array of all of them a level.

    The largest level is the first. Of lazy levels nothing is read but for z-scores.
    """
    known = measured(channels, levels[0], monitor.part(0.0, 0.5))
    stacks, stacking = [], monitor.part(0.5, 1.0)
    for i, level in enumerate(levels):
        part = stacking.part(i / len(levels), (i + 1) / len(levels))
        stacks.append(stacked(level, known, part))
    return known, tuple(stacks)


def outline_of_stack(level: Level, dtype: DTypeLike = np.float32) -> Pixels:
    """Return channels in one array without values."""
    shape = (*level[0].shape, len(level))
    return see_pixels(np.broadcast_to(np.zeros((), dtype), shape), len(shape) - 1)


def dtype_of_all(level: Level) -> np.dtype[Any]:
    """Return the dtype of the channels where they agree, else what holds all values."""
    return np.result_type(*(one.dtype for one in level))


def stacked(level: Level, channels: Sequence[Channel], monitor: Monitor) -> Image:
    """Scale channels into one array, channels last, of float32; the masks stay.

    Where they are left alone, it is of what holds the values of all.
    """
    dtype = np.dtype(np.float32)
    scales = [(channel.offset, channel.unit) for channel in channels]
    if channels[0].scaling == "none":
        dtype, scales = dtype_of_all(level), []
    scale = partial(stack_tile, scales=scales, dtype=dtype.str)
    kind: Any = {"dtype": dtype, "channels": (len(level[0].shape), len(level))}
    stack = mapped(scale, *level, **kind, monitor=monitor, step="survey")
    return masked_as(see_image(stack, stack.ndim - 1), _in_blocks(level))


def unscaled(level: Level, monitor: Monitor) -> Image:
    """Return channels in one array as they are, with their masks."""
    alone = [Channel(str(c), one.dtype.name, "none") for c, one in enumerate(level)]
    return stacked(level, alone, monitor)


def _in_blocks(level: Sequence[Image]) -> Image:
    """Return the first channel of several blocks: others may be in memory, as one."""
    lazy = (one for one in level if isinstance(one, Blocks) and one.n_blocks > 1)
    return next(lazy, level[0])


def measured(channels: Sequence[C], level: Level, monitor: Monitor) -> tuple[C, ...]:
    """Return channels with the mean as offset and the standard deviation as unit.

    Other scalings than z-scores stay. Of all finite pixels that are read, also those
    outside the mask: results of several regions of an image have one scale.
    """
    if channels[0].scaling != "zscore":
        return tuple(channels)
    pictures = _read(level, monitor.part(0.0, 0.5))
    monitor, tiles = monitor.part(0.5, 1.0), pictures[0].tiles()
    means, deviations = [0.0] * len(pictures), [0.0] * len(pictures)
    for turn, moments in enumerate((means, deviations)):

        def add_up(tile: Tile, turn: int = turn) -> list[tuple[int, float]]:
            own = []
            for pixels, mean in zip(pictures, means, strict=True):
                values = pixels.colors[tile].astype(np.float64)
                values = values[np.isfinite(values)]
                with np.errstate(over="ignore"):  # looked for in the sums
                    values = (values - mean) ** 2 if turn else values
                    own.append((values.size, float(values.sum())))
            return own

        half = monitor.part(turn / 2, (turn + 1) / 2)
        sums = map_in_order(add_up, tiles)
        parts = list(half.over("survey", sums, len(tiles)))
        for c, of_channel in enumerate(zip(*parts, strict=True)):
            n_values = sum(size for size, _ in of_channel)
            total = fsum(part for _, part in of_channel)
            if not isfinite(total):
                raise ValueError(
                    f"the values of {channels[c].name!r} are too large for a standard "
                    "deviation: divide them by a number first."
                )
            moments[c] = total / max(1, n_values)
    return tuple(
        replace(channel, offset=mean, unit=sqrt(deviation) or 1.0)
        for channel, mean, deviation in zip(channels, means, deviations, strict=True)
    )


def _read(level: Level, monitor: Monitor) -> Sequence[Pixels]:
    """Return the pictures; of lazy ones what is read of an image to learn from it."""
    if not isinstance(level[0], Blocks):
        return cast("tuple[Pixels, ...]", level)
    together = cast("Blocks", unscaled(level, monitor))
    every = Blocks(together.image, together.channel_axis, together.outline)  # no masks
    subset = read_subset(every, 0, monitor)
    colors = subset.pixels.colors
    if colors.ndim < 3:  # a table of some pixels
        colors = colors[:, np.newaxis]
    return [see_pixels(colors[..., c], None) for c in range(len(level))]


def stack_tile(
    *values: NDArray[Any], scales: Sequence[tuple[float, float]], dtype: DTypeLike
) -> NDArray[Any]:
    """Return channels of one shape in one array of shape (*shape, C).

    scales: what becomes 0, and what becomes 1 counted from there; none to leave all as
    they are.
    """
    stack = np.empty((*values[0].shape, len(values)), dtype)
    for c, own in enumerate(values):
        if not scales:
            stack[..., c] = own
            continue
        offset, unit = scales[c]
        try:
            with np.errstate(over="raise"):
                stack[..., c] = (own.astype(np.float64) - offset) / unit
        except FloatingPointError:
            raise ValueError(
                "a value is too far beyond the limits of its channel to be scaled: "
                "pass wider limits."
            ) from None
    return stack
