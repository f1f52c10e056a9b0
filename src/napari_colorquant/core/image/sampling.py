"""The subset: what is read of an image that may be larger than memory, to learn from.

All up to a bound; else blocks, or parts, spread over the image, z and time included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from math import prod
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from napari_colorquant.core.compute.cluster import active_cluster, computed_in_order
from napari_colorquant.core.image.blocks import Blocks, block_tiles
from napari_colorquant.core.image.pixels import (
    TILE_PIXELS,
    Pixels,
    Tile,
    see_pixels,
    tiles_of,
    valid_colors,
    with_channels,
)
from napari_colorquant.formats.log import LOGGER

if TYPE_CHECKING:
    from collections.abc import Container

    from numpy.typing import NDArray

    from napari_colorquant.core.compute.cluster import Cluster
    from napari_colorquant.core.compute.progress import Monitor
    from napari_colorquant.core.image.image import Image

MOST_PIXELS = 2**24
"""Pixels of a subset: an image that has no more is read whole."""
MOST_BYTES = 2**27
"""Memory of its colours: where a pixel is large, a subset has fewer."""
FEWEST_PARTS = 64
"""Places that a subset is taken from: large blocks give it only a part each."""
MOST_PARTS = 1024
"""Where blocks are small, it is no use to read more of them."""
MEASURED_PIXELS = 2**22
"""Pixels of a subset that is measured: it takes longer than to learn from them."""
_ENOUGH_PIXELS = 2**16
"""With fewer valid pixels, more blocks are read; for as many rounds as follows."""
_MOST_ROUNDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Subset:
    """Pixels of an image in memory: itself, or what was read of it if it is lazy.

    That is all, or the valid ones in reading order of blocks.

    With a learn_mask, those inside the mask are first, those to learn from follow.
    share: of pixels in blocks that the mask may reach, without those to learn from.
    seconds: that it took to read.
    """

    pixels: Pixels
    n_blocks_read: int
    share: float
    seconds: float = 0.0

    @property
    def is_whole(self) -> bool:
        """True where the whole image was read."""
        return not self.pixels.is_subset


def read_subset(
    image: Image, random_state: int, monitor: Monitor, most: int | None = None
) -> Subset:
    """Read a subset, by the workers of a cluster where one is at hand, block by block.

    The result is the same to the last byte. most: pixels if not read whole, by default
    most_pixels. Raise ValueError if none is valid or to learn from.
    """
    if not isinstance(image, Blocks):
        return Subset(image, 0, 1.0)
    start, bound = perf_counter(), most_pixels(image)
    with active_cluster(monitor, "read") as cluster:
        if image.n_pixels > bound:
            most = min(most or bound, bound)
            subset = _read_some(image, most, random_state, cluster, monitor)
        else:
            pixels = _read_all(image, cluster, monitor)
            subset = Subset(pixels, image.n_blocks, 1.0)
    outline = image.outline
    pixels = replace(subset.pixels, is_light=outline.is_light, white=outline.white)
    seconds = perf_counter() - start
    read = (subset.n_blocks_read, image.n_blocks, seconds)
    LOGGER.info("read %d of %d blocks in %.2f s", *read)
    return replace(subset, pixels=pixels, seconds=seconds)


def read_first(
    image: Image, random_state: int, monitor: Monitor, most: int | None = None
) -> tuple[Subset, Monitor]:
    """Return a subset, and the monitor of what is done with it.

    It is of the second half where blocks are read, else of all.
    """
    half = 0.5 if isinstance(image, Blocks) else 0.0
    subset = read_subset(image, random_state, monitor.part(0.0, half), most)
    return subset, monitor.part(half, 1.0)


def most_pixels(image: Image) -> int:
    """Return the most pixels of a subset: an image with no more is read whole."""
    pixel_bytes = image.outline.n_channels * image.dtype.itemsize
    return min(MOST_PIXELS, MOST_BYTES // pixel_bytes)


def _read_all(blocks: Blocks, cluster: Cluster | None, monitor: Monitor) -> Pixels:
    """Read an image, every block of it once."""
    image = np.empty(blocks.image.shape, blocks.dtype)
    mask, learn_mask = (
        None if lazy is None else np.empty(blocks.shape, bool)
        for lazy in (blocks.mask, blocks.learn_mask)
    )
    tiles = list(block_tiles(blocks.chunks)) if cluster is None else _boxes(blocks)
    jobs = ((_as_they_are, *blocks.part(tile)) for tile in tiles)
    computed = computed_in_order(jobs, cluster, monitor)
    read = monitor.over("read", computed, len(tiles))
    for tile, (own, own_mask, own_learn_mask) in zip(tiles, read, strict=True):
        image[with_channels(tile, blocks.outline.channel_axis)] = own
        if mask is not None:
            mask[tile] = own_mask
        if learn_mask is not None:
            learn_mask[tile] = own_learn_mask
    return see_pixels(image, blocks.channel_axis, mask, learn_mask)


def _boxes(blocks: Blocks) -> list[Tile]:
    """Cut an image into boxes of whole blocks: small ones are read many at once.

    Every job takes a cluster some milliseconds, however few pixels it reads.
    """
    chunks, n_together = blocks.chunks, TILE_PIXELS * blocks.n_blocks // blocks.n_pixels
    ends = [np.cumsum([0, *sizes]).tolist() for sizes in chunks]
    return [
        tuple(
            slice(known[part.start], known[part.stop])
            for known, part in zip(ends, box, strict=True)
        )
        for box in tiles_of(tuple(map(len, chunks)), max(1, n_together))
    ]


def _as_they_are(*parts: Any) -> tuple[Any, ...]:
    return parts


def _read_some(
    blocks: Blocks,
    most: int,
    random_state: int,
    cluster: Cluster | None,
    monitor: Monitor,
) -> Subset:
    if blocks.learn_mask is None:
        drawn = _draw(blocks, most, random_state, cluster, monitor)
        return Subset(colors_as_pixels(drawn.pieces), len(drawn.blocks), drawn.share)
    # Apart: few of the pixels that are read anywhere may be inside the `learn_mask`.
    given = (most // 2, random_state, cluster)
    try:
        learned = _draw(blocks.learned, *given, monitor.part(0.0, 0.5))
    except ValueError as error:
        raise error_of_learning(error) from error
    inside = replace(blocks, learn_mask=None, learn_reach=None)
    drawn = _draw(inside, *given, monitor.part(0.5, 1.0))
    pixels = colors_as_pixels([*drawn.pieces, *learned.pieces])
    mask = np.arange(len(pixels.colors)) < sum(map(len, drawn.pieces))
    pixels = replace(pixels, mask=mask, learn_mask=~mask)
    return Subset(pixels, len(drawn.blocks | learned.blocks), drawn.share)


def colors_as_pixels(pieces: list[NDArray[Any]]) -> Pixels:
    """Join the colours of some pixels of an image into a table, shape (n, C)."""
    colors = np.concatenate(pieces)
    return replace(see_pixels(colors, channel_axis=1), is_subset=True)


class _Drawn(NamedTuple):
    """Valid pixels of some blocks."""

    pieces: list[NDArray[Any]]  # their colours
    blocks: set[int]
    share: float


def _draw(
    blocks: Blocks,
    most: int,
    random_state: int,
    cluster: Cluster | None,
    monitor: Monitor,
) -> _Drawn:
    parts = Parts(blocks, most)
    refuse_nothing([parts.n_pixels])
    random = np.random.RandomState(random_state)
    found: dict[tuple[int, int], NDArray[Any]] = {}
    n_seen = n_valid = 0
    for turn in range(_MOST_ROUNDS):
        chosen = parts.draw(random, found.keys())
        tiles = [[parts.tiles(block)[i] for i in drawn] for block, drawn in chosen]
        jobs = (
            (_valid_of, blocks.channel_axis, *chain.from_iterable(map(blocks.part, of)))
            for of in tiles
        )
        # How many rounds follow the first is not known.
        of_turn = monitor if turn == 0 else monitor.part(1.0, 1.0)
        computed = computed_in_order(jobs, cluster, of_turn)
        read = of_turn.over("read", computed, len(chosen))
        for (block, drawn), own, pieces in zip(chosen, tiles, read, strict=True):
            for part, tile, colors in zip(drawn, own, pieces, strict=True):
                found[block, part] = colors
                n_valid += len(colors)
                n_seen += _n_pixels(tile)
        if n_valid >= _ENOUGH_PIXELS:
            break
    numbers = {block for block, _ in found}
    if n_valid == 0:
        raise NothingValidError(
            f"no pixel of the {len(numbers):,} blocks that were read, of "
            f"{blocks.n_blocks:,}, can be quantized: learn the palette from a part of "
            "the image where pixels are inside the mask, opaque and finite.",
            n_blocks_read=len(numbers),
        )
    pieces = [found[place] for place in sorted(found)]
    return _Drawn(pieces, numbers, n_seen / parts.n_pixels)


def _valid_of(channel_axis: int | None, *parts: Any) -> list[NDArray[Any]]:
    """Return the valid colours of parts, each an image and two masks or None."""
    threes = zip(parts[::3], parts[1::3], parts[2::3], strict=True)
    return [
        valid_colors(see_pixels(image, channel_axis, *masks))
        for image, *masks in threes
    ]


class Parts:
    """The blocks of an image, the large ones in parts, to draw from.

    most: pixels to draw at once. Blocks that the mask is known not to reach are left
    out.
    """

    def __init__(self, blocks: Blocks, most: int) -> None:
        self._chunks = blocks.chunks
        grid = tuple(len(sizes) for sizes in self._chunks)
        self._grid = grid
        sizes = [np.array(sizes, np.int64) for sizes in self._chunks]
        self._ends = [np.cumsum(s) for s in sizes]
        pixels = reduce(np.multiply.outer, sizes)
        if blocks.reach is not None:
            pixels = np.where(blocks.reach(self._chunks), pixels, 0)
        self._last = np.cumsum(pixels.reshape(-1))
        self._size = max(1, min(TILE_PIXELS, most // FEWEST_PARTS))
        largest = min(self._size, int(pixels.max()))
        self._n_drawn = min(MOST_PARTS, most // max(1, largest))

    @property
    def n_pixels(self) -> int:
        """Number of pixels of all parts."""
        return int(self._last[-1])

    def tiles(self, block: int) -> list[Tile]:
        """Return the tiles of a block's parts; block: its number in reading order."""
        places = np.unravel_index(block, self._grid)
        shape = tuple(sizes[i] for sizes, i in zip(self._chunks, places, strict=True))
        corner = [
            int(ends[i]) - size
            for ends, i, size in zip(self._ends, places, shape, strict=True)
        ]
        return [
            tuple(
                slice(start + part.start, start + part.stop)
                for start, part in zip(corner, tile, strict=True)
            )
            for tile in tiles_of(shape, self._size)
        ]

    def draw(
        self, random: np.random.RandomState, known: Container[tuple[int, int]]
    ) -> list[tuple[int, list[int]]]:
        """Draw parts not known yet; return numbers of blocks and parts, ascending.

        They spread over the image, the likelier the larger: its pixels are cut into as
        many runs as parts are drawn; one pixel of each run says which part it is.
        """
        n = self._n_drawn
        places = (np.arange(n) + random.random_sample(n)) * (self.n_pixels / n)
        chosen = np.minimum(places.astype(np.int64), self.n_pixels - 1)
        jobs = []
        for block in np.unique(np.searchsorted(self._last, chosen, side="right")):
            first = int(self._last[block - 1]) if block > 0 else 0
            inside = chosen[(chosen >= first) & (chosen < self._last[block])] - first
            ends = np.cumsum([_n_pixels(tile) for tile in self.tiles(int(block))])
            numbers = np.unique(np.searchsorted(ends, inside, side="right")).tolist()
            new = [part for part in numbers if (int(block), part) not in known]
            if new:
                jobs.append((int(block), new))
        return jobs

    def sample(self) -> tuple[list[list[Tile]], float]:
        """Draw once; return the parts' tiles by block, and what share they stand for.

        It is how many pixels there are for each one that was drawn.
        """
        drawn = [
            [self.tiles(block)[part] for part in parts]
            for block, parts in self.draw(np.random.RandomState(0), ())
        ]
        n_drawn = sum(_n_pixels(tile) for tiles in drawn for tile in tiles)
        return drawn, self.n_pixels / n_drawn


def _n_pixels(tile: Tile) -> int:
    return prod(part.stop - part.start for part in tile)


class NothingValidError(ValueError):
    """No pixel of an image, or of what was read of it, can be quantized.

    n_blocks_read: blocks that were read in vain where an image is not read whole.
    """

    def __init__(self, sentence: str, n_blocks_read: int = 0) -> None:
        super().__init__(sentence)
        self.n_blocks_read = n_blocks_read


def refuse_nothing(valid_counts: list[int]) -> None:
    """Raise NothingValidError if no tile has a valid pixel."""
    if not any(valid_counts):
        raise NothingValidError(
            "no pixel of the image can be quantized: all are outside the mask, "
            "transparent, NaN or infinite."
        )


def error_of_learning(error: ValueError) -> ValueError:
    """Return an error of the same kind, said of what the palette is learned from.

    Of a NothingValidError, n_blocks_read is 0 then.
    """
    kind = NothingValidError if isinstance(error, NothingValidError) else ValueError
    return kind(f"where the palette is learned, {error}")
