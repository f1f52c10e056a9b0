"""The limits of a background, found in an image before it is learned from."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.color.background import OTSU, is_region
from napari_colorquant.core.found.background import otsu_limits, region_limits
from napari_colorquant.core.image.blocks import Blocks
from napari_colorquant.core.image.image import channels_of, mapped, see_image
from napari_colorquant.core.image.pixels import see_pixels, set_background
from napari_colorquant.core.image.sampling import NothingValidError, read_subset
from napari_colorquant.core.image.validate import check_mask

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.image import Image
    from napari_colorquant.core.image.pixels import Pixels
    from napari_colorquant.core.learn.parameters import Parameters

ANY_LIMIT = 0.0
"""What parameters are checked with while the limits of a region are not known."""


def without_region(background: Any) -> tuple[Any, Any]:
    """Return a background for parameters, and the region that it is to be found in.

    A region is an array of bool, in memory or lazy: of it the limits are not known yet,
    and parameters are checked with any. There is no region otherwise, but None.
    """
    if is_region(background):
        return ANY_LIMIT, background
    return background, None


def with_limits(
    image: Image, parameters: Parameters, monitor: Monitor, region: Any = None
) -> Parameters:
    """Return parameters with the limits of the background, in the image's own units.

    Those of Otsu are of the pixels to quantize that are read to learn from. region:
    where the image is empty, bool, in its shape without channels, or None. Raise
    ValueError if no pixel of it is valid.
    """
    if region is not None:
        pixels = _inside(image, region, parameters.random_state, monitor)
        limits = region_limits(pixels)
    elif parameters.background == OTSU:
        image = replace(image, learn_mask=None)
        if isinstance(image, Blocks):
            image = replace(image, learn_reach=None)
        pixels = read_subset(image, parameters.random_state, monitor).pixels
        limits = otsu_limits(pixels)
    else:
        return parameters
    return replace(parameters, background=set_background(pixels, limits).background)


def as_it_counts(image: Image, limits: Sequence[float] | None) -> Any:
    """Return an image with the limits of a background in place of all below them."""
    if limits is None:
        return image.image
    outline = image.outline
    raise_block = partial(_raised, tuple(limits), outline.own_axis)
    kind: Any = {"dtype": image.dtype, "channels": channels_of(image)}
    return mapped(raise_block, image, **kind)


def _raised(
    limits: tuple[float, ...], channel_axis: int | None, block: Any
) -> NDArray[Any]:
    raised = np.array(block, order="C")
    pixels = set_background(see_pixels(raised, channel_axis), limits)
    pixels.colors[...] = pixels.above_background(pixels.colors)
    return raised


def _inside(image: Image, region: Any, random_state: int, monitor: Monitor) -> Pixels:
    """Return what is read of a region, wherever the image is quantized."""
    check_mask(region, "background", image.shape)
    lazily = isinstance(image, Blocks)
    axis = image.outline.own_axis
    seen = see_image(image.image, axis, region, lazily=lazily)
    try:
        subset = read_subset(seen, random_state, monitor)
        if not subset.pixels.any_valid():
            raise NothingValidError("")
    except NothingValidError:
        raise ValueError(
            "no pixel of the background's region has a value: pass a region where the "
            "image is empty."
        ) from None
    return subset.pixels
