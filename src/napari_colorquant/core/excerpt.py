"""The excerpt: what is read of an image that may be larger than memory, to learn from.

All up to a bound; else blocks, or parts, spread over the image, z and time included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np

from napari_colorquant.core.cluster import at_hand
from napari_colorquant.core.parallel import map_in_order
from napari_colorquant.core.pixels import (
    TILE_PIXELS,
    Pixels,
    Tile,
    see_pixels,
    tiles_of,
    valid_colors,
)
from napari_colorquant.core.steps import Progress, Steps, half_of
from napari_colorquant.core.survey import (
    NothingValidError,
    error_of_learning,
    refuse_nothing,
)
from napari_colorquant.core.whole import read_whole_steps

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterator

    from numpy.typing import NDArray

    from napari_colorquant.core.blocks import Blocks
    from napari_colorquant.core.workers import Cluster

P = TypeVar("P")
R = TypeVar("R")

MOST_PIXELS = 2**24
"""Pixels of an excerpt: an image that has no more is read whole."""
MOST_BYTES = 2**27
"""Memory of its colours: where a pixel is large, an excerpt has fewer."""
FEWEST_PARTS = 64
"""Places that an excerpt is taken from: large blocks give it only a part each."""
MOST_PARTS = 1024
"""Where blocks are small, it is no use to read more of them."""
JUDGED_PIXELS = 2**22
"""Pixels of an excerpt that is measured: it takes longer than to learn from them."""
_ENOUGH_PIXELS = 2**16
"""With fewer valid pixels, more blocks are read; for as many rounds as follows."""
_MOST_ROUNDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Excerpt:
    """Pixels read from a lazy image: all, or the valid ones in reading order of blocks.

    With a learn_mask, those inside the mask are first, those to learn from follow.
    share: of pixels in blocks that the mask may reach, without those to learn from.
    """

    pixels: Pixels
    n_blocks_read: int
    share: float

    @property
    def is_whole(self) -> bool:
        """True where the whole image was read."""
        return not self.pixels.is_excerpt


def excerpt_steps(
    blocks: Blocks,
    random_state: int,
    cluster: Cluster | None = None,
    most: int | None = None,
) -> Steps[Excerpt]:
    """Read an excerpt block by block; the same to the last byte with a cluster.

    most: pixels if not read whole, by default most_pixels. Progress keeps its total,
    even if more blocks are read. Raise ValueError if none is valid or to learn from.
    """
    bound, outline = most_pixels(blocks), blocks.outline
    if blocks.n_pixels > bound:
        most = min(most or bound, bound)
        excerpt = yield from _read_some(blocks, most, random_state, cluster)
    else:
        pixels = yield from read_whole_steps(blocks, cluster)
        excerpt = Excerpt(pixels, blocks.n_blocks, 1.0)
    pixels = replace(excerpt.pixels, is_light=outline.is_light, white=outline.white)
    return replace(excerpt, pixels=pixels)


def over_excerpt_steps(
    blocks: Blocks,
    random_state: int,
    work: Callable[[Pixels], Generator[P | Progress, None, R]],
) -> Generator[P | Progress, None, tuple[Excerpt, float, R]]:
    """Read an excerpt, by a cluster where one is at hand, and run work on it.

    Yield Progress of two halves. Return the excerpt, the seconds to connect and read
    it, and the result. Raise as at_hand and excerpt_steps.
    """
    start = perf_counter()
    with at_hand() as find:
        cluster = yield from half_of(find(Progress("read", 0, 1)), 0)
        reading = excerpt_steps(blocks, random_state, cluster)
        excerpt = yield from half_of(reading, 0)
        seconds = perf_counter() - start
        result = yield from half_of(work(excerpt.pixels), 1)
    return excerpt, seconds, result


def most_pixels(blocks: Blocks) -> int:
    """Return the most pixels of an excerpt: an image with no more is read whole."""
    pixel_bytes = blocks.outline.n_channels * blocks.dtype.itemsize
    return min(MOST_PIXELS, MOST_BYTES // pixel_bytes)


def _read_some(
    blocks: Blocks, most: int, random_state: int, cluster: Cluster | None
) -> Steps[Excerpt]:
    if blocks.learn_mask is None:
        drawn = yield from _draw_steps(blocks, most, random_state, cluster)
        pixels = yield from _joined(drawn.pieces, None, cluster)
        return Excerpt(pixels, len(drawn.blocks), drawn.share)
    # Apart: few of the pixels that are read anywhere may be inside the `learn_mask`.
    learning = _draw_steps(blocks.learned, most // 2, random_state, cluster)
    try:
        learned = yield from half_of(learning, 0)
    except ValueError as error:
        raise error_of_learning(error) from error
    inside = replace(blocks, learn_mask=None, learn_reach=None)
    drawing = _draw_steps(inside, most // 2, random_state, cluster)
    drawn = yield from half_of(drawing, 1)
    n_inside = sum(map(len, drawn.pieces))
    pieces = [*drawn.pieces, *learned.pieces]
    pixels = yield from half_of(_joined(pieces, n_inside, cluster), 1)
    return Excerpt(pixels, len(drawn.blocks | learned.blocks), drawn.share)


def _joined(
    pieces: list[Any], n_inside: int | None, cluster: Cluster | None
) -> Steps[Pixels]:
    """Return joined colours: n_inside of the mask first, the others to learn from."""
    held = None
    if cluster is not None:
        from napari_colorquant.core.held import hold_drawn

        held = hold_drawn(pieces, n_inside, cluster)
        pieces = []
        for tile in held.tiles():
            if tile is not None:
                pieces.append(tile.image)
            yield Progress("read", 1, 1)
    colors = np.concatenate(pieces)
    pixels = replace(see_pixels(colors, channel_axis=1), is_excerpt=True)
    if n_inside is not None:
        mask = np.arange(len(colors)) < n_inside
        pixels = replace(pixels, mask=mask, learn_mask=~mask)
    return pixels if held is None else held.beside(pixels)


class _Drawn(NamedTuple):
    """Valid pixels of some blocks."""

    pieces: list[Any]  # colours, here or on workers; their number is their len()
    blocks: set[int]
    share: float


def _draw_steps(
    blocks: Blocks, most: int, random_state: int, cluster: Cluster | None
) -> Steps[_Drawn]:
    parts = Parts(blocks, most)
    refuse_nothing([parts.n_pixels])
    random = np.random.RandomState(random_state)
    found: dict[tuple[int, int], Any] = {}
    n_seen = n_valid = total = 0
    for turn in range(_MOST_ROUNDS):
        jobs = parts.draw(random, found.keys())
        total = total or len(jobs)
        tiles = [[parts.tiles(block)[part] for part in drawn] for block, drawn in jobs]
        done = 0
        for pieces in _pieces(blocks, tiles, cluster):
            if pieces is not None:
                block, drawn = jobs[done]
                for part, tile, colors in zip(drawn, tiles[done], pieces, strict=True):
                    found[block, part] = colors
                    n_valid += len(colors)
                    n_seen += _n_pixels(tile)
                done += 1
            yield Progress("read", done if turn == 0 else total, total)
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


def _pieces(
    blocks: Blocks, jobs: list[list[Tile]], cluster: Cluster | None
) -> Iterator[Any]:
    """Read valid colours of parts of blocks, in the order of the jobs."""
    if cluster is not None:
        from napari_colorquant.core.held import draw_in_order

        return draw_in_order(blocks, jobs, cluster)

    def read(tiles: list[Tile]) -> list[NDArray[Any]]:
        return [valid_colors(pixels) for pixels in blocks.read(tiles)]

    return map_in_order(read, jobs)


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


def _n_pixels(tile: Tile) -> int:
    return prod(part.stop - part.start for part in tile)
