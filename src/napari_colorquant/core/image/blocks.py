"""Lazy arrays, of dask, zarr and their like, seen as blocks of pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from math import isnan, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.image.array_ref import Stored, sendable
from napari_colorquant.core.image.declared import checked, refuse_too_large
from napari_colorquant.core.image.pixels import (
    Pixels,
    Tile,
    see_pixels,
    with_channels,
)
from napari_colorquant.core.image.validate import (
    as_flags,
    check_mask,
    is_lazy,
    named,
    see_array,
    see_mask,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import ArrayLike, NDArray

Reach = Callable[[Sequence[Sequence[int]]], "NDArray[np.bool_]"]
"""Takes the sizes of blocks along each axis; returns an array of bool, one a block:
False where nothing is for certain."""


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """A lazy image in blocks that hold all channels of their pixels.

    channel_axis: as passed, -1 for RGB(A). outline: has no values. Masks: bool, in the
    same blocks; learn_mask lies inside mask. A reach is None where it is not known.
    """

    image: Any
    channel_axis: int | None
    outline: Pixels
    mask: Any = None
    reach: Reach | None = None
    learn_mask: Any = None
    learn_reach: Reach | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image without its channel axis."""
        return self.outline.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """The image's dtype."""
        return self.outline.dtype

    @property
    def learned(self) -> Blocks:
        """The image as it is learned from: inside the `learn_mask` alone."""
        return replace(
            self,
            mask=self.learn_mask,
            reach=self.learn_reach,
            learn_mask=None,
            learn_reach=None,
        )

    @property
    def n_pixels(self) -> int:
        """Number of pixels, valid or not."""
        return prod(self.shape)

    @property
    def axes(self) -> tuple[int, ...]:
        """Axes of the image without its channel axis."""
        axis = self.outline.channel_axis
        return tuple(i for i in range(self.image.ndim) if i != axis)

    @property
    def chunks(self) -> tuple[tuple[int, ...], ...]:
        """Sizes of the blocks along each axis but the channels'."""
        return tuple(self.image.chunks[axis] for axis in self.axes)

    @property
    def n_blocks(self) -> int:
        """Number of blocks."""
        return prod(len(sizes) for sizes in self.chunks)

    def read(self, tiles: Sequence[Tile]) -> list[Pixels]:
        """Compute tiles of the image, in this thread; return Pixels in memory.

        What the tiles share is computed once. Safe to call from many threads.
        """
        from dask.base import compute

        # In this thread: there are several that read, and a bounded number of blocks.
        (parts,) = compute([self.part(tile) for tile in tiles], scheduler="synchronous")
        return [see_pixels(image, self.channel_axis, *masks) for image, *masks in parts]

    def part(self, tile: Tile) -> tuple[Any, Any, Any]:
        """Return a tile of the image and its masks (or None), not computed."""
        mask, learn_mask = (
            None if mask is None else mask[tile]
            for mask in (self.mask, self.learn_mask)
        )
        image = self.image[with_channels(tile, self.outline.channel_axis)]
        return image, mask, learn_mask


def block_tiles(chunks: Sequence[Sequence[int]]) -> Iterator[Tile]:
    """Yield the tile of each block, in reading order; chunks: sizes along each axis."""
    yield from product(*map(_runs, chunks))


def occupied(array: NDArray[Any], chunks: Sequence[Sequence[int]]) -> NDArray[np.bool_]:
    """Return, for each block of an array in memory, whether it has a value but 0.

    No block may have the size 0.
    """
    found: NDArray[np.bool_] = array != 0
    for axis, sizes in enumerate(chunks):
        known = np.array(sizes, np.int64)
        starts = np.cumsum(known) - known
        found = np.logical_or.reduceat(found, starts, axis=axis)
    return found


def _runs(sizes: Sequence[int]) -> list[slice]:
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def see_blocks(
    image: Any,
    channel_axis: int | None = -1,
    mask: ArrayLike | None = None,
    learn_mask: ArrayLike | None = None,
) -> Blocks:
    """Check a lazy image and see it as blocks; compute nothing of it.

    Arguments and errors are those of see_pixels, and of as_dask; masks may be lazy,
    too. An image in memory is one block.
    """
    image = as_dask(image, "image")
    # An array of the same shape and dtype that takes no memory.
    outline = see_pixels(
        np.broadcast_to(np.zeros((), image.dtype), image.shape), channel_axis
    )
    sizes = [tuple(size for size in sizes if size > 0) for sizes in image.chunks]
    if outline.channel_axis is not None:
        sizes[outline.channel_axis] = (image.shape[outline.channel_axis],)
    image = image.rechunk(tuple(sizes))
    blocks = Blocks(image, channel_axis, outline)
    if mask is not None:
        lazy, reach = _mask_in_blocks(blocks, mask, "mask")
        blocks = replace(blocks, mask=lazy, reach=reach)
    if learn_mask is not None:
        lazy, reach = _mask_in_blocks(blocks, learn_mask, "learn_mask")
        blocks = replace(
            blocks,
            learn_mask=lazy if blocks.mask is None else lazy & blocks.mask,
            learn_reach=reach_of_both(reach, blocks.reach),
        )
    return blocks


def _mask_in_blocks(
    blocks: Blocks, mask: ArrayLike, what: str
) -> tuple[Any, Reach | None]:
    """Return a mask in the image's blocks, and which it reaches if it is in memory."""
    import dask.array as da

    if not is_lazy(mask):
        known = see_mask(mask, what, blocks.shape)
        return da.from_array(known, chunks=blocks.chunks), partial(occupied, known)
    lazy = as_dask(mask, what)
    check_mask(lazy, what, blocks.shape)
    if lazy.dtype.kind != "b":
        lazy = lazy.map_blocks(
            partial(as_flags, what=what),
            dtype=bool,
            meta=np.empty((0,) * lazy.ndim, bool),
        )
    return lazy.rechunk(blocks.chunks), None


def reach_of_both(one: Reach | None, other: Reach | None) -> Reach | None:
    """Return where both masks may have a pixel: where one reach is None, the other."""
    if one is None or other is None:
        return other if one is None else one
    return partial(_reach_of_both, one, other)


def _reach_of_both(
    one: Reach, other: Reach, chunks: Sequence[Sequence[int]]
) -> NDArray[np.bool_]:
    return one(chunks) & other(chunks)


def as_dask(array: Any, what: str) -> Any:
    """Return an array as one of dask, one block if in memory; compute nothing of it.

    A block that is not what was declared raises when it is computed, see declared.py.
    Raise as see_array; ValueError also where block sizes are unknown or too large.
    """
    import dask.array as da

    if not is_lazy(array):
        return da.from_array(see_array(array, what), chunks=-1)
    if not isinstance(array, da.Array) and hasattr(array, "__dask_graph__"):
        array = da.asarray(array)
    if not isinstance(array, da.Array):
        refuse_too_large(array.shape, array.chunks, array.dtype, what)
        kept = sendable(array)
        array = da.from_array(kept, chunks=array.chunks)
        return array if isinstance(kept, Stored) else checked(array, what)
    if any(isnan(size) for size in array.shape):
        raise ValueError(
            f"{named(what)} a dask array whose blocks have unknown sizes: call its "
            "compute_chunk_sizes() first."
        )
    refuse_too_large(array.shape, array.chunks, array.dtype, what)
    return checked(array, what)
