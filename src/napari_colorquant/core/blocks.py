"""Lazy arrays, of dask, zarr and their like, seen as blocks of pixels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import product
from math import isnan, prod
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.pixels import Pixels, Tile, is_lazy, see_array, see_pixels

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """An image that is read or computed block by block.

    Parameters
    ----------
    image : dask.array.Array
        The image; all channels of a pixel are in one block.
    channel_axis : int or None
        As it was passed: -1 for RGB or RGBA.
    outline : Pixels
        The shape, channels and dtype of the image; the values are none.
    mask : dask.array.Array of bool, or None
        A pixel outside is not quantized; in the blocks of the image.
    known_mask : ndarray of bool, or None
        The mask, if it is in memory.
    """

    image: Any
    channel_axis: int | None
    outline: Pixels
    mask: Any = None
    known_mask: NDArray[np.bool_] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the image without its channel axis."""
        return self.outline.shape

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
        """Compute parts of the image; what they share is computed once.

        Parameters
        ----------
        tiles : sequence of tuple of slice
            The parts: slices of the image's axes without the channel axis.

        Returns
        -------
        list of Pixels
            Each part, in memory. Safe to call from many threads.
        """
        from dask.base import compute

        images = [self.image[self.with_channels(tile)] for tile in tiles]
        masks = [None if self.mask is None else self.mask[tile] for tile in tiles]
        # In this thread: there are several that read, and a bounded number of blocks.
        images, masks = compute(images, masks, scheduler="synchronous")
        return [
            see_pixels(image, self.channel_axis, mask)
            for image, mask in zip(images, masks, strict=True)
        ]

    def with_channels(self, tile: Tile) -> Tile:
        """Return where a part of the pixels is in the image.

        Parameters
        ----------
        tile : tuple of slice
            Slices of the image's axes without the channel axis.

        Returns
        -------
        tuple of slice
            Slices of all axes.
        """
        slices = [slice(None)] * self.image.ndim
        for axis, part in zip(self.axes, tile, strict=True):
            slices[axis] = part
        return tuple(slices)


def block_tiles(chunks: Sequence[Sequence[int]]) -> Iterator[Tile]:
    """Go through the blocks of a lazy array.

    Parameters
    ----------
    chunks : sequence of sequence of int
        Sizes of the blocks along each axis.

    Yields
    ------
    tuple of slice
        Each block, in reading order.
    """
    yield from product(*map(_runs, chunks))


def _runs(sizes: Sequence[int]) -> list[slice]:
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]


def in_one(block: Any) -> Any:
    """Take a block out of the lists that dask passes it in.

    Parameters
    ----------
    block : ndarray or list
        A block of an image in which all channels are in one block, for a result without
        that axis.

    Returns
    -------
    ndarray
        The block.
    """
    while isinstance(block, list):
        (block,) = block
    return block


def see_blocks(
    image: Any, channel_axis: int | None = -1, mask: ArrayLike | None = None
) -> Blocks:
    """Check a lazy image and see it as blocks; nothing of it is computed.

    Parameters
    ----------
    image : dask.array.Array, zarr.Array or array_like
        The image, one block if it is in memory: see
        :func:`~napari_colorquant.core.pixels.see_pixels`.
    channel_axis : int or None
        See there.
    mask : array_like of bool, optional
        See there; may be lazy, too.

    Returns
    -------
    Blocks
        The image.

    Raises
    ------
    TypeError
        If the dtype cannot be quantized.
    ValueError
        If a shape is empty, ambiguous, wrong or not known.
    """
    import dask.array as da

    image = _as_dask(image, "image")
    lazy_mask = _as_dask(mask, "mask") if is_lazy(mask) else None
    like_mask = mask if lazy_mask is None else _outline(lazy_mask)
    outline = see_pixels(_outline(image), channel_axis, like_mask)
    sizes = [tuple(size for size in sizes if size > 0) for sizes in image.chunks]
    if outline.channel_axis is not None:
        sizes[outline.channel_axis] = (image.shape[outline.channel_axis],)
    image = image.rechunk(tuple(sizes))
    blocks = Blocks(image, channel_axis, outline)
    if lazy_mask is not None:
        return replace(blocks, mask=lazy_mask.astype(bool).rechunk(blocks.chunks))
    if mask is not None:
        known = outline.mask
        in_blocks = da.from_array(known, chunks=blocks.chunks)
        return replace(blocks, mask=in_blocks, known_mask=known)
    return blocks


def _as_dask(array: Any, what: str) -> Any:
    import dask.array as da

    if not is_lazy(array):
        return da.from_array(see_array(array, what), chunks=-1)
    if not isinstance(array, da.Array):
        array = (
            da.asarray(array)
            if hasattr(array, "__dask_graph__")
            else da.from_array(array, chunks=array.chunks)
        )
    if any(isnan(size) for size in array.shape):
        raise ValueError(
            f"the {what} is a dask array whose blocks have unknown sizes: call its "
            "compute_chunk_sizes() first."
        )
    return array


def _outline(array: Any) -> NDArray[Any]:
    """Return an array of the same shape and dtype that takes no memory."""
    return np.broadcast_to(np.zeros((), array.dtype), array.shape)
