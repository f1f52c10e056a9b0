"""A lazy image that is read whole: in threads, or by the workers of a cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from napari_colorquant.core.blocks import Blocks, block_tiles
from napari_colorquant.core.parallel import map_in_order
from napari_colorquant.core.pixels import Pixels, Tile, see_pixels
from napari_colorquant.core.steps import Progress, Steps

if TYPE_CHECKING:
    from napari_colorquant.core.workers import Cluster


def read_whole_steps(blocks: Blocks, cluster: Cluster | None) -> Steps[Pixels]:
    """Read an image, every block of it once; all of it must fit into memory.

    Workers of a cluster may go on holding its tiles, for what is done with them there.
    Raises ConnectionError if its scheduler is gone.
    """
    whole = _Whole(blocks)
    if cluster is not None:
        return (yield from _read_there(blocks, whole, cluster))

    def read(tile: Tile) -> None:
        (part,) = blocks.read([tile])
        whole.fill(tile, part.image, part.mask, part.learn_mask)

    tiles = block_tiles(blocks.chunks)
    for done, _ in enumerate(map_in_order(read, tiles), 1):
        yield Progress("read", done, blocks.n_blocks)
    return whole.pixels()


class _Whole:
    """Room for an image, to be filled part by part."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._image = np.empty(blocks.image.shape, blocks.image.dtype)
        self._mask, self._learn_mask = (
            None if lazy is None else np.empty(blocks.shape, bool)
            for lazy in (blocks.mask, blocks.learn_mask)
        )

    def fill(self, tile: Tile, image: Any, mask: Any, learn_mask: Any) -> None:
        """Put a part where it belongs; safe to call from many threads."""
        self._image[self._blocks.with_channels(tile)] = image
        if self._mask is not None:
            self._mask[tile] = mask
        if self._learn_mask is not None:
            self._learn_mask[tile] = learn_mask

    def pixels(self) -> Pixels:
        """Return the image, once it is full."""
        axis = self._blocks.channel_axis
        return see_pixels(self._image, axis, self._mask, self._learn_mask)


def _read_there(blocks: Blocks, whole: _Whole, cluster: Cluster) -> Steps[Pixels]:
    from napari_colorquant.core.held import hold_all

    tiles, held = blocks.outline.tiles(), hold_all(blocks, cluster)
    done = 0
    for part in held.tiles():
        if part is not None:
            whole.fill(tiles[done], *part)
            done += 1
        yield Progress("read", done, len(tiles))
    return held.beside(whole.pixels())
