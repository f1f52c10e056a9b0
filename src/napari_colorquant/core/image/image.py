"""An image in memory or lazy: seen, sliced and mapped in one way."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from math import prod
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from napari_colorquant.core.compute.arguments import shown
from napari_colorquant.core.compute.executor import map_in_order
from napari_colorquant.core.compute.progress import Monitor
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.blocks import Blocks, as_dask, see_blocks
from napari_colorquant.core.image.pixels import (
    Pixels,
    Tile,
    number_of_axis,
    see_pixels,
    tiles_of,
    with_channels,
)
from napari_colorquant.core.image.validate import is_lazy

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, DTypeLike, NDArray

    from napari_colorquant.core.image.blocks import Reach

Image = Pixels | Blocks
"""An image as the engine sees it."""
AnyImage = TypeVar("AnyImage", bound=Image)


def see_image(
    image: Any,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
    *,
    lazily: bool = False,
) -> Image:
    """Check an image and see it as blocks if it is lazy, or lazily; nothing is read.

    Arguments and errors are those of see_pixels.
    """
    see: Any = see_blocks if lazily or is_lazy(image) else see_pixels
    seen: Image = see(image, channel_axis, mask, learn_mask)
    return seen


def as_blocks(image: Image) -> Blocks:
    """Return an image as blocks: one block if it is in memory."""
    if isinstance(image, Blocks):
        return image
    axis = image.channel_axis if image.alpha is None else -1
    blocks = see_blocks(image.image, axis, image.mask, image.learn_mask)
    return set_white(blocks, image.white)


def set_white(image: AnyImage, white: float | None) -> AnyImage:
    """Return an image with a value of white that was checked."""
    if isinstance(image, Blocks):
        return replace(image, outline=replace(image.outline, white=white))
    return replace(image, white=white)


def channels_of(image: Image) -> tuple[int, int] | None:
    """Return the axis of an image's channels, and their number; None without one."""
    axis = image.outline.channel_axis
    return None if axis is None else (axis, image.image.shape[axis])


def masked_as(image: Image, other: Image) -> Image:
    """Return an image with the masks of other, of the same shape and blocks."""
    if isinstance(image, Blocks) and isinstance(other, Blocks):
        image = replace(image, reach=other.reach, learn_reach=other.learn_reach)
    masks: Any = {"mask": other.mask, "learn_mask": other.learn_mask}  # of its kind
    return replace(image, **masks)


def without_masks(image: AnyImage) -> AnyImage:
    """Return an image of which all pixels take part."""
    if isinstance(image, Blocks):
        image = replace(image, reach=None, learn_reach=None)
    return replace(image, mask=None, learn_mask=None)


def mapped(
    function: Callable[..., NDArray[Any]],
    *parts: Any,
    dtype: DTypeLike,
    channels: tuple[int, int] | None = None,
    out: NDArray[Any] | None = None,
    monitor: Monitor | None = None,
    step: str = "assign",
) -> Any:
    """Return an array of what function gives for each block of images and arrays.

    parts: images, without their masks, and arrays without channels. Those after the
    first may have axes of size 1, and None is left out. channels: on which axis the
    result has channels, and how many. In memory it is computed tile by tile in threads,
    into out if given. If a part is lazy, the result is a dask array, and function can
    be sent to another process.
    """
    there = [one for one in parts if one is not None]
    if any(isinstance(one, Blocks) or is_lazy(one) for one in there):
        return _mapped_lazily(function, there, dtype, channels)
    shape = there[0].shape
    arrays = [
        (one.image, one.channel_axis)
        if isinstance(one, Pixels)
        # Not always: what is broadcast is read-only, another type to a compiler.
        else (one if one.shape == shape else np.broadcast_to(one, shape), None)
        for one in there
    ]
    place, n_channels = channels or (None, 0)
    whole = with_channels(shape, place, n_channels)
    target = np.empty(whole, dtype) if out is None else out

    def put(tile: Tile) -> None:
        taken = (array[with_channels(tile, axis)] for array, axis in arrays)
        target[with_channels(tile, place)] = function(*taken)

    tiles = tiles_of(shape)
    for _ in (monitor or Monitor()).over(step, map_in_order(put, tiles), len(tiles)):
        pass
    return target


def _mapped_lazily(
    function: Callable[..., NDArray[Any]],
    parts: Sequence[Any],
    dtype: DTypeLike,
    channels: tuple[int, int] | None,
) -> Any:
    """Return a dask array in the blocks of the first part that has several."""
    import dask.array as da

    arrays: list[tuple[Any, int | None]] = []
    for one in parts:
        if isinstance(one, Image):
            blocks = as_blocks(one)
            arrays.append((blocks.image, blocks.outline.channel_axis))
        else:
            arrays.append((as_dask(one, "labels"), None))
    found = [
        [sizes for i, sizes in enumerate(array.chunks) if i != axis]
        for array, axis in arrays
    ]
    chunks = next((one for one in found if prod(map(len, one)) > 1), found[0])
    chunks = [tuple(size for size in sizes if size > 0) for sizes in chunks]
    n = len(chunks)
    pairs: list[Any] = []
    for array, axis in arrays:
        axes = with_channels(range(n), axis, n)
        own = [
            (size,) if i == n or size == 1 else chunks[i]
            for i, size in zip(axes, array.shape, strict=True)
        ]
        pairs += [array.rechunk(tuple(own)), axes]
    place, n_channels = channels or (None, 0)
    axes = with_channels(range(n), place, n + 1)
    return da.blockwise(
        partial(_of_blocks, function),
        axes,
        *pairs,
        new_axes={n + 1: n_channels} if channels else {},
        dtype=dtype,
        meta=np.empty((0,) * len(axes), dtype),
    )


def _of_blocks(function: Callable[..., NDArray[Any]], *blocks: Any) -> NDArray[Any]:
    """Return what function gives for blocks; dask passes one with channels in lists."""
    return function(*map(_in_one, blocks))


def _in_one(block: Any) -> Any:
    while isinstance(block, list):
        (block,) = block
    return block


def see_slices_of_levels(
    levels: Sequence[Image], slice_axis: int
) -> list[tuple[Image, ...]]:
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


def see_slices(stack: Image, slice_axis: int) -> list[Image]:
    """Return a view of each slice of a stack along an axis, which may be negative.

    Raises ValueError if there is no such axis, it holds the channels, or the image has
    fewer than three axes without that of the channels.
    """
    outline = stack.outline
    image, ndim, channel_axis = stack.image, stack.image.ndim, outline.channel_axis
    axes = [axis for axis in range(ndim) if axis != channel_axis]
    number = number_of_axis(slice_axis, ndim)
    if number is None or number % ndim not in axes or len(axes) < 3:
        listed = ", ".join(map(str, axes))
        held = "" if channel_axis is None else f" with channels in axis {channel_axis}"
        raise ValueError(
            Sentence(
                "{slice_axis} is {value}, and the image has the shape {shape}{held}: "
                "pass the axis of a stack of images, {axes}.",
                value=shown(slice_axis),
                shape=image.shape,
                held=held,
                axes=f"one of {listed}" if len(axes) > 2 else "which has three or more",
            )
        )
    axis = number % ndim
    if channel_axis is not None:
        channel_axis = -1 if outline.is_light else channel_axis - (axis < channel_axis)
    own, n = axis_of_labels(outline, axis), image.shape[axis]
    seen: list[Image] = []
    for i in range(n):
        part = image[(slice(None),) * axis + (i,)]
        masks = [
            None if mask is None else mask[(slice(None),) * own + (i,)]
            for mask in (stack.mask, stack.learn_mask)
        ]
        seen.append(set_white(see_image(part, channel_axis, *masks), outline.white))
    if isinstance(stack, Blocks):
        lazy: list[Any] = seen
        return [
            replace(one, reach=reach, learn_reach=learn_reach)
            for one, reach, learn_reach in zip(
                lazy,
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
