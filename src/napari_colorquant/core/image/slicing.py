"""The slices of a stack, in memory or lazy, seen as images of their own."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from napari_colorquant.core.compute.arguments import shown
from napari_colorquant.core.image.blocks import Blocks, see_blocks, set_white
from napari_colorquant.core.image.pixels import Pixels, number_of_axis, see_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from napari_colorquant.core.image.blocks import Reach


def outline_of(stack: Pixels | Blocks) -> Pixels:
    """Return an image in memory itself, or of a lazy one pixels without values."""
    return stack.outline if isinstance(stack, Blocks) else stack


def see_slices_of_levels(
    levels: Sequence[Pixels | Blocks], slice_axis: int
) -> list[tuple[Pixels | Blocks, ...]]:
    """Return each slice in all levels, which must have the same number of slices."""
    seen = [see_slices(level, slice_axis) for level in levels]
    numbers = [len(slices) for slices in seen]
    if len(set(numbers)) > 1:
        listed = ", ".join(map(str, numbers))
        raise ValueError(
            f"the levels of the stack have {listed} slices along axis {slice_axis}, "
            "and a palette a slice needs the same ones in all: choose another axis, or "
            "one palette for all slices."
        )
    return list(zip(*seen, strict=True))


def see_slices(stack: Pixels | Blocks, slice_axis: int) -> list[Pixels | Blocks]:
    """Return a view of each slice of a stack along an axis, which may be negative.

    Raises ValueError if there is no such axis, it holds the channels, or the image has
    fewer than three axes without that of the channels.
    """
    outline = outline_of(stack)
    image, ndim = stack.image, stack.image.ndim
    axes = [axis for axis in range(ndim) if axis != outline.channel_axis]
    number = number_of_axis(slice_axis, ndim)
    if number is None or number % ndim not in axes or len(axes) < 3:
        listed = ", ".join(map(str, axes))
        raise ValueError(
            f"slice_axis is {shown(slice_axis)}, and the image has the shape "
            f"{image.shape}: pass the axis of a stack of images, "
            + (f"one of {listed}." if len(axes) > 2 else "which has three or more.")
        )
    axis = number % ndim
    channel_axis = outline.channel_axis
    if channel_axis is not None:
        channel_axis = -1 if outline.is_light else channel_axis - (axis < channel_axis)
    own, n = axis_of_labels(outline, axis), image.shape[axis]
    seen: list[Any] = []
    for i in range(n):
        part = image[(slice(None),) * axis + (i,)]
        masks = [
            None if mask is None else mask[(slice(None),) * own + (i,)]
            for mask in (stack.mask, stack.learn_mask)
        ]
        see: Any = see_blocks if isinstance(stack, Blocks) else see_pixels
        seen.append(set_white(see(part, channel_axis, *masks), outline.white))
    if isinstance(stack, Blocks):
        return [
            replace(one, reach=reach, learn_reach=learn_reach)
            for one, reach, learn_reach in zip(
                seen,
                _reach_of_slices(stack.reach, own, n),
                _reach_of_slices(stack.learn_reach, own, n),
                strict=True,
            )
        ]
    return seen


def _reach_of_slices(reach: Reach | None, axis: int, n: int) -> list[Reach | None]:
    """Return which blocks of each of n slices a mask reaches, computed only once."""
    if reach is None:
        return [None] * n
    found = cache(reach)

    def of_slice(i: int, chunks: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
        of_all = found((*chunks[:axis], (1,) * n, *chunks[axis:]))
        return of_all[(slice(None),) * axis + (i,)]

    return [partial(of_slice, i) for i in range(n)]


def axis_of_labels(pixels: Pixels, axis: int) -> int:
    """Return the labels' axis of an image's axis, from 0, not that of the channels."""
    if pixels.channel_axis is None or axis < pixels.channel_axis:
        return axis
    return axis - 1
