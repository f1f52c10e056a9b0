"""A coarser view of a source, small enough for a live result."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.image import Image, see_image, set_white
from napari_colorquant.core.image.pixels import with_channels
from napari_colorquant.viewer.layers.image_input import ImageInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MAX_PIXELS = 2**20
"""Pixels of a live result: done in a moment, and enough to judge it by."""
MAX_READ = 2**24
"""Pixels of a lazy level that is read for every n-th one; of a larger one, the middle
is taken."""


def coarse(source: ImageInput, max_pixels: int = MAX_PIXELS) -> ImageInput:
    """Return a coarser view: one level, in the same place of the world.

    It is the largest level that is small enough, else every n-th pixel of the smallest,
    or its middle if it is lazy and larger than MAX_READ. Nothing lazy is read.
    """
    first = source.largest
    level = next(
        (one for one in source.levels if prod(one[0].shape) <= max_pixels),
        source.levels[-1],
    )
    one, spatial = level[0], source.spatial
    larger = np.array(first.shape) / np.array(one.shape)
    if isinstance(one, Blocks) and one.n_pixels > MAX_READ:
        tile = _middle(one.shape, max_pixels)
        starts = np.array([part.start for part in tile])
        spatial = _moved(spatial, _with_channels(starts * larger, source, 0))
        steps = [1] * len(tile)
    else:
        steps = _steps(one.shape, max_pixels)
        if one is first and max(steps) == 1:
            return replace(source, levels=(level,))
        tile = tuple(slice(None, None, step) for step in steps)
    steps_of_all = _with_channels(larger * np.array(steps), source, 1)
    scale = np.array(spatial["scale"]) * steps_of_all
    small = tuple(_part(picture, tile) for picture in level)
    return replace(source, levels=(small,), spatial={**spatial, "scale": scale})


def _with_channels(
    values: NDArray[Any], source: ImageInput, value: int
) -> NDArray[np.float64]:
    """Insert value at the axis of channels, which the shape of pixels has not."""
    if source.channel_axis is None:
        return values
    return np.insert(values, source.channel_axis, value)


def _part(picture: Image, tile: tuple[slice, ...]) -> Image:
    """Return the pixels of a picture in a tile, with all channels."""
    outline = picture.outline
    image = picture.image[with_channels(tile, outline.channel_axis)]
    masks = [
        None if mask is None else mask[tile]
        for mask in (picture.mask, picture.learn_mask)
    ]
    return set_white(see_image(image, outline.own_axis, *masks), outline.white)


def _moved(spatial: dict[str, Any], start: NDArray[Any]) -> dict[str, Any]:
    """Return the placement of the part of a layer that starts at pixel start."""
    from napari.utils.transforms import CompositeAffine

    own = CompositeAffine(
        scale=spatial["scale"],
        translate=spatial["translate"],
        rotate=spatial["rotate"],
        shear=spatial["shear"],
        ndim=len(start),
    )
    return {**spatial, "translate": np.asarray(own(start))}


def _middle(shape: Sequence[int], max_pixels: int) -> tuple[slice, ...]:
    """Return the middle: a square in the plane, and more slices if there is room."""
    sizes = [1] * len(shape)
    side = int(max_pixels**0.5)
    sizes[-2:] = [min(n, side) for n in shape[-2:]]
    for axis in reversed(range(len(shape))):  # the plane may be a strip
        sizes[axis] = min(shape[axis], max_pixels * sizes[axis] // prod(sizes))
    starts = [(n - size) // 2 for n, size in zip(shape, sizes, strict=True)]
    return tuple(
        slice(start, start + size) for start, size in zip(starts, sizes, strict=True)
    )


def _steps(shape: Sequence[int], max_pixels: int) -> list[int]:
    """Return a step for each axis: first in the plane, then along other axes."""
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
