"""View any array as pixels x channels, tile by tile, with its valid pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import floor, prod
from operator import index
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.compute.arguments import shown
from napari_colorquant.core.compute.wording import Sentence
from napari_colorquant.core.image.validate import see_array, see_mask
from napari_colorquant.formats.palette_data import white_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

Tile = tuple[slice, ...]
"""Slices of an image's axes, the channel axis left out."""

TILE_PIXELS = 2**18
"""Pixels that are worked on at once: what a cancel waits for, and the extra memory."""

_MOST_TILES = 2**20
"""Tiles that are listed: 275 gigapixels in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Pixels:
    """Hold an image as the engine sees it, in views of what was passed.

    colors: (*shape, C), without alpha; masks, alpha: (*shape); is_light: RGB, which has
    a white (other channels are data). background: a limit for each channel, (C,): what
    is at or below counts as the limit.
    """

    image: NDArray[Any]
    colors: NDArray[Any]
    channel_axis: int | None
    alpha: NDArray[Any] | None = None
    mask: NDArray[np.bool_] | None = None
    learn_mask: NDArray[np.bool_] | None = None
    is_subset: bool = False
    is_light: bool = False
    white: float | None = None
    background: tuple[float, ...] | None = None

    @property
    def outline(self) -> Pixels:
        """The image itself; of a lazy one, pixels without values."""
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image without its channel axis."""
        return self.colors.shape[:-1]

    @property
    def n_channels(self) -> int:
        """Number of channels C, alpha left out."""
        return int(self.colors.shape[-1])

    @property
    def dtype(self) -> np.dtype[Any]:
        """The image's dtype."""
        return self.image.dtype

    @property
    def white_value(self) -> float:
        """White where the image is taken for light: its own, else its dtype's."""
        return white_of(self.dtype.name) if self.white is None else self.white

    @property
    def own_axis(self) -> int | None:
        """The channel axis as callers pass it: -1 for RGB and RGBA."""
        # A table of colours, of two axes, is no picture.
        return -1 if self.is_light and self.image.ndim > 2 else self.channel_axis

    @property
    def learned(self) -> Pixels:
        """The image masked to its learn mask; the same object if there is none."""
        if self.learn_mask is None:
            return self
        return replace(self, mask=self.learn_mask, learn_mask=None)

    @property
    def all_valid(self) -> bool:
        """True if no pixel can be invalid: no mask, no alpha, no floats."""
        return self.mask is None and self.alpha is None and self.dtype.kind != "f"

    @property
    def work_dtype(self) -> np.dtype[Any]:
        """The dtype that kernels see: exact for every value, native byte order."""
        kind, size = self.dtype.kind, self.dtype.itemsize
        if (kind, size) in {("u", 1), ("u", 2), ("f", 4), ("f", 8)}:
            return self.dtype.newbyteorder("=")
        return np.dtype(np.float32 if kind == "f" else np.float64)

    def tiles(self, size: int | None = None) -> list[Tile]:
        """Return the tiles in reading order, of up to TILE_PIXELS or size pixels."""
        return tiles_of(self.shape, size)

    def values(self, tile: Tile) -> NDArray[Any]:
        """Return a tile's colours, (n, C), contiguous, in `work_dtype`.

        What is at or below the background's limits is the limit. Do not write to them:
        they may be a view. They are writeable all the same, because a read-only array
        is another type to a compiler.
        """
        flat = self.colors[tile].reshape(-1, self.n_channels)
        values = np.ascontiguousarray(flat, dtype=self.work_dtype)
        if self.background is not None:
            return self.above_background(values)
        # A read-only array is another type to a compiler: a tile's copy is cheaper.
        return values if values.flags.writeable else values.copy()

    def above_background(self, values: NDArray[Any]) -> NDArray[Any]:
        """Return values of the image, (n, C), none below the limit of its channel."""
        if self.background is None:
            return values
        limits = np.array(self.background).astype(values.dtype)
        raised: NDArray[Any] = np.maximum(values, limits)
        return raised

    def valid(self, tile: Tile) -> NDArray[np.bool_] | None:
        """Return which pixels of a tile are inside the mask, opaque and finite, (n,).

        Return None only if all are; not where the sum of finite values overflows.
        """
        valid = None
        if self.mask is not None:
            valid = self.mask[tile].reshape(-1)
        if self.alpha is not None:
            opaque = self.alpha[tile].reshape(-1) > 0
            valid = opaque if valid is None else valid & opaque
        if self.dtype.kind == "f" and not surely_finite(self.colors[tile]):
            finite = np.isfinite(self.colors[tile]).all(axis=-1).reshape(-1)
            valid = finite if valid is None else valid & finite
        return valid

    def any_valid(self) -> bool:
        """Return whether any pixel is valid."""
        if self.all_valid:
            return True
        valid = map(self.valid, self.tiles())
        return any(one is None or bool(one.any()) for one in valid)


def set_background(pixels: Pixels, limits: Sequence[float] | None) -> Pixels:
    """Return an image with a background's limits, one for each channel, or None."""
    if limits is None:
        return pixels
    own = tuple(limit_in(pixels.dtype, one) for one in limits)
    return replace(pixels, background=own)


def limit_in(dtype: np.dtype[Any], limit: float) -> float:
    """Return a limit as an image has it: the same values are at or below it.

    Of integers it is rounded down, within their range, of floats to one of them.
    """
    if dtype.kind == "f":
        largest = float(np.finfo(dtype).max)
        return float(np.clip(limit, -largest, largest).astype(dtype))
    least, most = (0, 1) if dtype.kind == "b" else _ends(dtype)
    return float(min(max(floor(limit), least), most))


def _ends(dtype: np.dtype[Any]) -> tuple[int, int]:
    limits = np.iinfo(dtype)
    return int(limits.min), int(limits.max)


def surely_finite(values: NDArray[Any]) -> bool:
    """Return whether the sum of the values is finite: if so, all of them are.

    This takes a tenth of the time of a look at each. False may also mean that finite
    values are too large to be added.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def see_pixels(
    image: ArrayLike,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
) -> Pixels:
    """Return an image of integers, floats or bool in memory, checked, as views.

    channel_axis: as for quantize; only -1 means RGB or RGBA. Outside the mask nothing
    is learned. Raise TypeError for a dtype, ValueError for a shape that cannot be used.
    """
    array = see_array(image, "image")
    kind = array.dtype.kind
    if kind not in "biuf" or array.dtype.itemsize > 8:
        raise TypeError(
            f"the image has the dtype {array.dtype}, which has no colors to quantize: "
            "pass integers or floats of up to 64 bits."
        )
    if array.size == 0:
        raise ValueError(f"the image is empty, with the shape {array.shape}.")
    if array.ndim < 2:
        raise ValueError(
            f"the image has the shape {array.shape}: pass an image of two or more axes."
        )

    alpha, is_light = None, False
    if channel_axis is not None:
        channel_axis = _axis(channel_axis, array.ndim, array.shape)
    if channel_axis is None:
        colors = array[..., np.newaxis]
    elif channel_axis == -1:
        if array.ndim == 2 and array.shape[1] in (3, 4):
            raise ValueError(
                Sentence(
                    "an image of shape {shape} has two axes: if it is a table with one "
                    "pixel a row, pass it as an image of one row, of shape "
                    "(1, {n_rows}, {n_channels}), such as image[np.newaxis]; pass "
                    "{channel_axis:=None} for a single-channel image.",
                    shape=array.shape,
                    n_rows=array.shape[0],
                    n_channels=array.shape[1],
                )
            )
        if array.ndim < 3 or array.shape[-1] not in (3, 4):
            raise ValueError(
                Sentence(
                    "an image of shape {shape} has no last axis of 3 (RGB) or 4 (RGBA) "
                    "channels: pass {channel_axis:=None} for a single-channel image, "
                    "or the number of the axis that holds the channels, such as "
                    "{channel_axis:={likely}}.",
                    shape=array.shape,
                    likely=_likely_axis(array.shape),
                )
            )
        channel_axis, is_light = array.ndim - 1, True
        colors = array[..., :3]
        alpha = array[..., 3] if array.shape[-1] == 4 else None
    else:
        channel_axis %= array.ndim
        colors = np.moveaxis(array, channel_axis, -1)

    shape = colors.shape[:-1]
    if mask is not None:
        mask = see_mask(mask, "mask", shape)
    if learn_mask is not None:
        learn_mask = see_mask(learn_mask, "learn_mask", shape)
        learn_mask = learn_mask if mask is None else learn_mask & mask
    return Pixels(
        array, colors, channel_axis, alpha, mask, learn_mask, is_light=is_light
    )


def valid_colors(pixels: Pixels) -> NDArray[Any]:
    """Return a copy of the valid pixels' colours, (n, C), in reading order."""
    (tile,) = pixels.tiles(prod(pixels.shape))
    valid = pixels.valid(tile)
    colors = pixels.colors.reshape(-1, pixels.n_channels)
    return colors.copy() if valid is None else colors[valid]


_EVERY = slice(None)


def with_channels(
    along: Sequence[Any], channel_axis: int | None, value: Any = _EVERY
) -> tuple[Any, ...]:
    """Return what is along the axes of the pixels with a value for the channels, too.

    It is a tile, whose channels are taken whole, or the like, such as a shape.
    """
    if channel_axis is None:
        return tuple(along)
    return (*along[:channel_axis], value, *along[channel_axis:])


def number_of_axis(axis: Any, ndim: int) -> int | None:
    """Return an axis as int, from -ndim to ndim - 1; None for anything else."""
    try:
        number = index(axis)
    except TypeError:
        return None
    is_there = not isinstance(axis, bool) and -ndim <= number < ndim
    return number if is_there else None


def _axis(axis: Any, ndim: int, shape: tuple[int, ...]) -> int:
    number = number_of_axis(axis, ndim)
    if number is None:
        raise ValueError(
            Sentence(
                "{channel_axis} is {axis}: pass {channel_axis:None}, or an axis of "
                "the image's shape {shape}.",
                axis=shown(axis),
                shape=shape,
            )
        )
    return number


def _likely_axis(shape: tuple[int, ...]) -> int:
    return int(np.argmin(shape))


def tiles_of(shape: tuple[int, ...], size: int | None = None) -> list[Tile]:
    """Return runs of whole rows (planes, ...) of a shape, in reading order.

    Each has up to size pixels, by default TILE_PIXELS. Raise ValueError if they are too
    many to be listed.
    """
    size = TILE_PIXELS if size is None else size
    if prod(shape) > _MOST_TILES * size:
        raise ValueError(
            f"the image has {prod(shape):,} pixels, more than can be worked on in "
            "memory: pass a part, or an array of dask or zarr."
        )
    return list(_tiles(shape, size))


def _tiles(shape: tuple[int, ...], size: int) -> Iterator[Tile]:
    if not shape:
        yield ()
        return
    inner = prod(shape[1:])
    if inner > size:
        for i in range(shape[0]):
            for tile in _tiles(shape[1:], size):
                yield (slice(i, i + 1), *tile)
        return
    step = max(1, size // inner)
    rest = tuple(slice(0, n) for n in shape[1:])
    for start in range(0, shape[0], step):
        yield (slice(start, min(start + step, shape[0])), *rest)
