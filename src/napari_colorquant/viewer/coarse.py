"""A coarser view of a source: as many pixels as can be done at once."""

from __future__ import annotations

from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from napari_colorquant.core.pixels import see_pixels
from napari_colorquant.viewer.channel_source import ChannelSource
from napari_colorquant.viewer.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

MAX_PIXELS = 2**20
"""Pixels of a live result: done in a moment, and enough to judge it by."""


def coarse(source: Source, max_pixels: int = MAX_PIXELS) -> Source:
    """Take a coarser view of a source.

    Parameters
    ----------
    source : Source
        What is shown.
    max_pixels : int
        Most pixels of the view.

    Returns
    -------
    Source
        Of one level: the largest one that is small enough, or every n-th pixel of the
        smallest, in the same place of the world. The source itself if it is small.
    """
    first = source.levels[0]
    level = next(
        (one for one in source.levels if np.prod(one.shape) <= max_pixels),
        source.levels[-1],
    )
    steps = _steps(level.shape, max_pixels)
    if level is first and max(steps) == 1:
        return replace(source, levels=(first,))
    every = [slice(None, None, step) for step in steps]
    if level.channel_axis is not None:
        every.insert(level.channel_axis % level.image.ndim, slice(None))
    axis = -1 if source.rgb else level.channel_axis
    pixels = tuple(slice(None, None, step) for step in steps)
    masks = [
        None if mask is None else mask[pixels]
        for mask in (level.mask, level.learn_mask)
    ]
    small = see_pixels(level.image[tuple(every)], axis, *masks)
    larger = np.array(steps) * np.array(first.shape) / np.array(level.shape)
    if source.channel_axis is not None:
        larger = np.insert(larger, source.channel_axis, 1)
    spatial = {**source.spatial, "scale": np.array(source.spatial["scale"]) * larger}
    return replace(source, levels=(small,), spatial=spatial)


def coarse_channels(
    source: ChannelSource, max_pixels: int = MAX_PIXELS
) -> ChannelSource:
    """Take a coarser view of several layers; see :func:`coarse`.

    Parameters
    ----------
    source : ChannelSource
        What is shown.
    max_pixels : int
        Most pixels of the view.

    Returns
    -------
    ChannelSource
        Of one level, in the same place of the world.
    """
    views = [
        coarse(
            Source(
                name=channel.layer,
                levels=levels,
                rgb=False,
                multiscale=source.multiscale,
                spatial=source.spatial,
                display={},
                origin=channel.origin,
            ),
            max_pixels,
        )
        for channel, levels in zip(
            source.channels, zip(*source.levels, strict=True), strict=True
        )
    ]
    level = tuple(view.levels[0] for view in views)
    return replace(source, levels=(level,), multiscale=False, spatial=views[0].spatial)


def _steps(shape: Sequence[int], max_pixels: int) -> list[int]:
    """Choose every n-th pixel: in the plane first, and along other axes if need be."""
    steps = [1] * len(shape)
    too_many = np.prod(shape) / max_pixels
    if too_many > 1:
        step = min(ceil(np.sqrt(too_many)), max(1, min(shape[-2:]) // 32))
        steps[-2:] = [step, step]
        rest = too_many / step**2
        stack, plane = range(len(shape) - 2), range(len(shape) - 2, len(shape))
        # A strip is left, which is too thin to be made coarser in both directions.
        longer_first = sorted(plane, key=lambda axis: -shape[axis])
        for axis in (*stack, *longer_first):
            if rest > 1:
                more = min(ceil(rest), ceil(shape[axis] / steps[axis]))
                steps[axis] *= more
                rest /= more
    return steps
